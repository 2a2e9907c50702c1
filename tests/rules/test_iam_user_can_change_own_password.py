"""Cases of iam-user-can-change-own-password."""

from typing import Any

import pytest
from msgspec.structs import replace
from permissions import alice, attached, deny, group_of, managed, of_aws

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
    console_user,
    credentials,
    listing,
    password_policy,
    user,
)
from rules.iam_user_can_change_own_password import RULE

OWN = "arn:aws:iam::*:user/${aws:username}"
CHANGE, READ = "iam:ChangePassword", "iam:GetAccountPasswordPolicy"
NO_MFA = {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}}
BOTH = [allow(CHANGE, OWN), allow(READ)]
GUARD = deny(None, NotAction="iam:ListMFADevices", Condition=NO_MFA)


def member(
    name: str,
    expected: ComplianceType,
    *statements: Any,
    mfa: bool = True,
    version: str = "2012-10-17",
    warning: str | None = None,
    **facts: Any,
) -> Case:
    """Return the case of a console user with these statements through a group; `facts` are of user and account."""
    policy = managed("policy", *statements, version=version)
    fields = {key: facts.pop(key) for key in ("path", "permissions_boundary", "unknown") if key in facts}
    person = console_user("alice", mfa=mfa, groups=["team"], **fields)
    more = facts.pop("policies", [])
    known = account(users=[person], groups=[group_of("team", policy)], policies=[policy, *more], **facts)
    return Case(name, known, {"alice": expected}, warning=warning)


BOUNDARY = managed("boundary", allow("s3:*"))
WITHOUT_MFA = managed("own", allow(CHANGE, Condition=NO_MFA))
BY_AWS = console_user("alice", mfa=True, attached=["IAMUserChangePassword"])
HALF_KNOWN = with_gaps(credentials(password_enabled=True), {"mfa_active": WITHHELD})

DENIED = alice(deny(CHANGE), credentials=credentials(password_enabled=True), group_names=listing([], WITHHELD))
REFUSED = replace(DENIED, name="bob")

CASES = [
    member("a policy of the group", C, *BOTH),
    member("the account's password policy", C, password=password_policy()),
    member("no right at all", NC),
    member("no right, and without MFA", NC, mfa=False),
    member("the right to change another's", NC, allow(CHANGE, "arn:aws:iam::*:user/bob")),
    member("a path that the resource leaves out", NC, *BOTH, path="/sales/", warning="it names a user without a path"),
    member("a variable in an old document", NC, *BOTH, version="2008-10-17", warning="${...} is text"),
    member("on MFA devices", NC, allow(CHANGE, "arn:aws:iam::*:mfa/a"), warning="an ARN such as arn:aws:iam::…:user/"),
    member("for somebody else", NC, allow(CHANGE, Condition={"StringEquals": {"aws:username": "bob"}})),
    member("reading the policy on an ARN", C, allow([CHANGE, READ], OWN), warning='the resource must be "*"'),
    Case("denied always, and groups unknown", account(users=[DENIED, REFUSED]), {"alice": NC, "bob": NC}),
    member("a deny until MFA is used", C, *BOTH, GUARD),
    member("a deny of it, always", NC, *BOTH, deny(CHANGE), password=password_policy()),
    member("allowed without MFA alone, no device", C, allow(CHANGE, Condition=NO_MFA), allow(READ), mfa=False),
    member("allowed without MFA alone, a device", NC, allow(CHANGE, Condition=NO_MFA), allow(READ)),
    member("a boundary without it", NC, *BOTH, permissions_boundary=BOUNDARY.arn, policies=[BOUNDARY]),
    member("a boundary that is not known", UNKNOWN, *BOTH, unknown=["permissions_boundary"]),
    member("a condition that is not known", UNKNOWN, allow(CHANGE, Condition={"IpAddress": {"aws:SourceIp": "::/0"}})),
    member("groups unknown", UNKNOWN, *BOTH, unknown=["group_names"]),
    Case(
        "the password policy is not known",
        account(users=[console_user("alice", mfa=True)], unknown=["password_policy"]),
        {"alice": UNKNOWN},
    ),
    Case(
        "whether there is MFA is not known, and it does not matter",
        account(users=[user("alice", credentials=HALF_KNOWN)], password=password_policy()),
        {"alice": C},
    ),
    Case(
        "whether there is MFA is not known, and it matters",
        account(
            users=[user("alice", credentials=HALF_KNOWN, attached_policies=attached(WITHOUT_MFA))],
            policies=[WITHOUT_MFA],
        ),
        {"alice": UNKNOWN},
    ),
    Case("an AWS-managed policy, whose document is not known", account(users=[BY_AWS]), {"alice": UNKNOWN}),
    Case(
        "an AWS-managed policy",
        account(users=[BY_AWS], aws_managed_policies=(of_aws("IAMUserChangePassword", *BOTH),)),
        {"alice": C},
    ),
    Case("no console password", account(users=[user("alice")]), {"alice": NA}),
    Case("credentials unknown", account(users=[user("alice", unknown=["credentials"])]), {"alice": UNKNOWN}),
    Case("no users", account(), {ACCOUNT_ID: NA}),
    Case("users unknown", account(unknown=["users"]), {ACCOUNT_ID: UNKNOWN}),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_case(case: Case) -> None:
    case.check(RULE)


def test_a_note_says_that_the_rules_for_passwords_cannot_be_read() -> None:
    case = member("", C, allow(CHANGE, OWN))
    replace(case, warning=f"may not do {READ}, so the console cannot show the rules for passwords").check(RULE)


def test_the_finding_names_the_statement_that_denies() -> None:
    (finding,) = member("", NC, *BOTH, deny(CHANGE, Sid="Never")).check(RULE).findings
    assert finding.annotation == (
        "The user may not change their own password. "
        "Statement 3 (Never) of the customer-managed policy policy of the group team denies it"
    )
    (evidence,) = finding.evidence
    assert [each["sid"] for each in evidence.value["statements"]] == ["Never"]
