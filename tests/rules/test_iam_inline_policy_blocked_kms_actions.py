"""Cases of iam-inline-policy-blocked-kms-actions."""

from typing import Any

import pytest
from kms_cases import NOTE, ROWS
from msgspec import Raw
from msgspec.structs import replace

from auditor.account.model import InlinePolicy, Snapshot
from auditor.account.unknown import with_gaps
from auditor.judging.rule import ComplianceType
from auditor.testing import (
    ACCOUNT_ID,
    NA,
    NC,
    UNKNOWN,
    WITHHELD,
    C,
    Case,
    account,
    allow,
    document,
    group,
    listing,
    role,
    user,
)
from rules.iam_inline_policy_blocked_kms_actions import RULE

MANAGEMENT = "999988887777"
BLOCKED = {"blockedActionsPatterns": "kms:Decrypt"}
EXCLUDE = {**BLOCKED, "excludeRoleByManagementAccount": "true"}
DECRYPT = InlinePolicy("decrypt", document(allow("kms:Decrypt")))
HARMLESS = InlinePolicy("harmless", document(allow("s3:GetObject")))
BROKEN = InlinePolicy("broken", Raw(b'{"Statement":[{"Effect":"Allow"}]}'))
UNREAD = with_gaps(InlinePolicy("unread", HARMLESS.document), {"document": WITHHELD})


def holding(
    name: str, expected: ComplianceType, *policies: InlinePolicy, gap: str | None = None, warning: str | None = None
) -> Case:
    """Return the case of a user with these inline policies."""
    snapshot = account(users=[user("alice", inline_policies=listing(policies, gap))])
    return Case(name, snapshot, {"alice": expected}, BLOCKED, warning=warning)


def trust(principal: object, **elements: object) -> Raw:
    return document(
        {"Effect": "Allow", "Action": "sts:AssumeRole", **({"Principal": principal} if principal else {}), **elements}
    )


def trusting(name: str, expected: ComplianceType, trust_policy: Raw, **fields: Any) -> Case:
    """Return the case of a role with a blocked action and this trust policy, in an organization."""
    made = role("R", trust_policy=trust_policy, inline_policies=listing([DECRYPT]), **fields)
    return Case(name, in_organization(account(roles=[made])), {"R": expected}, EXCLUDE)


def in_organization(snapshot: Snapshot, management: str | None = MANAGEMENT) -> Snapshot:
    return replace(snapshot, account=replace(snapshot.account, management_account_id=management))


ROOT = f"arn:aws:iam::{MANAGEMENT}:root"
ONLY_MANAGEMENT = trust({"AWS": ROOT})
EXCLUDED = role("R", trust_policy=ONLY_MANAGEMENT, inline_policies=listing([DECRYPT]))

CASES = [
    *(
        Case(
            row.name,
            account(users=[user("alice", inline_policies=listing([InlinePolicy("p", document(*row.statements))]))]),
            {"alice": row.expected},
            {"blockedActionsPatterns": row.blocked},
            warning=row.note,
        )
        for row in ROWS
    ),
    Case(
        "users, groups and roles are judged",
        account(
            users=[user("alice", inline_policies=listing([DECRYPT]))],
            groups=[replace(group("Dev"), inline_policies=listing([DECRYPT])), group("Ops")],
            roles=[role("R", inline_policies=listing([DECRYPT])), role("S")],
        ),
        {"alice": NC, "Dev": NC, "Ops": C, "R": NC, "S": C},
        BLOCKED,
    ),
    holding("no inline policy", C),
    holding("the second of two policies", NC, HARMLESS, DECRYPT),
    holding(
        "a Deny in another policy does not take it back",
        NC,
        DECRYPT,
        InlinePolicy("deny", document(allow("*", Effect="Deny"))),
    ),
    holding("a policy that cannot be read", UNKNOWN, HARMLESS, BROKEN),
    holding("a policy that cannot be read beside one that decides", NC, BROKEN, DECRYPT),
    holding("a policy that is unknown", UNKNOWN, HARMLESS, UNREAD),
    holding("a policy that is unknown beside one that decides", NC, UNREAD, DECRYPT),
    holding("more policies than are known", UNKNOWN, HARMLESS, gap=WITHHELD),
    holding("more policies than are known beside one that decides", NC, DECRYPT, gap=WITHHELD),
    holding(
        "a note names the policy",
        C,
        InlinePolicy("region", document(allow("kms:*", f"arn:aws:kms:eu-west-1:{ACCOUNT_ID}:key/*"))),
        warning=f"in region, statement 1 allows kms:Decrypt on arn:aws:kms:eu-west-1:{ACCOUNT_ID}:key/*: {NOTE}",
    ),
    Case(
        "attached policies are not inline",
        account(users=[user("alice", attached=["AdministratorAccess"])]),
        {"alice": C},
        BLOCKED,
    ),
    trusting("only the management account's root", NA, ONLY_MANAGEMENT),
    trusting("the management account by its number", NA, trust({"AWS": MANAGEMENT})),
    trusting(
        "a role and a session of the management account",
        NA,
        trust({"AWS": [f"arn:aws:iam::{MANAGEMENT}:role/Audit", f"arn:aws:sts::{MANAGEMENT}:assumed-role/A/b"]}),
    ),
    trusting(
        "a Deny to others beside",
        NA,
        document(
            {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": ROOT}},
            {"Effect": "Deny", "Action": "sts:AssumeRole", "Principal": "*"},
        ),
    ),
    trusting("the management account and another", NC, trust({"AWS": [ROOT, ACCOUNT_ID]})),
    trusting("the management account and a service", NC, trust({"AWS": ROOT, "Service": "ec2.amazonaws.com"})),
    trusting("an account whose number begins alike", NC, trust({"AWS": f"{MANAGEMENT}0"})),
    trusting("the root of such an account", NC, trust({"AWS": f"arn:aws:iam::{MANAGEMENT}0:root"})),
    trusting("an identity provider", NC, trust({"Federated": f"arn:aws:iam::{MANAGEMENT}:saml-provider/Okta"})),
    trusting("everybody", NC, trust("*")),
    trusting(
        "everybody of the organization, by a condition",
        NC,
        trust("*", Condition={"StringEquals": {"aws:PrincipalAccount": MANAGEMENT}}),
    ),
    trusting("everybody but somebody", NC, trust(None, NotPrincipal={"AWS": ACCOUNT_ID})),
    trusting("a service", NC, trust({"Service": "ec2.amazonaws.com"})),
    trusting("nobody", NC, document()),
    trusting("a trust policy that cannot be read", UNKNOWN, Raw(b"{}")),
    trusting("a trust policy that is unknown", UNKNOWN, ONLY_MANAGEMENT, unknown=["trust_policy"]),
    Case("the role counts by default", in_organization(account(roles=[EXCLUDED])), {"R": NC}, BLOCKED),
    Case(
        "a management account whose number is none",
        in_organization(account(roles=[EXCLUDED]), ".*"),
        {"R": NC},
        EXCLUDE,
    ),
    Case("no organization", in_organization(account(roles=[EXCLUDED]), None), {"R": NC}, EXCLUDE),
    Case(
        "no organization, and the trust policy is unknown",
        in_organization(account(roles=[with_gaps(EXCLUDED, {"trust_policy": WITHHELD})]), None),
        {"R": NC},
        EXCLUDE,
    ),
    Case(
        "whether there is an organization is unknown: users are judged",
        account(
            roles=[EXCLUDED],
            users=[user("alice", inline_policies=listing([DECRYPT]))],
            unknown=["management_account_id"],
        ),
        {"R": UNKNOWN, "alice": NC},
        EXCLUDE,
    ),
    Case(
        "a pattern that meets no action of KMS",
        account(users=[user("alice", inline_policies=listing([DECRYPT]))]),
        {"alice": C},
        {"blockedActionsPatterns": "Decrypt"},
        warning="'Decrypt' is not a KMS action",
    ),
    Case(
        "NotResource of all keys of the account's partition",
        account(
            partition="aws-cn",
            users=[
                user(
                    "alice",
                    inline_policies=listing(
                        [InlinePolicy("p", document(allow("kms:*", None, NotResource="arn:aws-cn:kms:*")))]
                    ),
                )
            ],
        ),
        {"alice": C},
        BLOCKED,
    ),
    Case("no identities", account(), {ACCOUNT_ID: NA}, BLOCKED),
    Case("users unknown", account(roles=[role("R")], unknown=["users"]), {"R": C, ACCOUNT_ID: UNKNOWN}, BLOCKED),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_case(case: Case) -> None:
    case.check(RULE)


def test_the_finding_shows_the_statement() -> None:
    (finding,) = holding("", NC, HARMLESS, DECRYPT).check(RULE).findings
    assert finding.annotation == "In decrypt, statement 1 allows kms:Decrypt on *"
    (evidence,) = finding.evidence
    assert (evidence.path, evidence.value) == ("inline_policies[decrypt].document.Statement[0]", "*")


def test_a_policy_that_cannot_be_read_is_named() -> None:
    (finding,) = holding("", UNKNOWN, BROKEN).check(RULE).findings
    assert finding.annotation == (
        "Undecided: the document of broken cannot be read: statement 1 needs one of Action and NotAction"
    )
