"""Cases of iam-policy-in-use."""

from collections.abc import Sequence
from typing import Any

import pytest
from msgspec import Raw

from auditor.account.model import AttachedPolicy, Role, Snapshot
from auditor.errors import UsageError
from auditor.judging.parameters import configure
from auditor.judging.rule import ComplianceType
from auditor.testing import ACCOUNT_ID, NC, UNKNOWN, C, Case, account, document, group, listing, policy, role, user
from rules.iam_policy_in_use import RULE

SUPPORT = "arn:aws:iam::aws:policy/AWSSupportAccess"
OWN = f"arn:aws:iam::{ACCOUNT_ID}:policy/Own"
ATTACHED = ["AWSSupportAccess"]
TRUST = document({"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": ACCOUNT_ID}})


def supporter(name: str = "Support", trust: Raw = TRUST, arn: str = SUPPORT, **fields: Any) -> Role:
    """Return a role that has the policy and trusts the account."""
    attached = listing([AttachedPolicy(arn.rpartition("/")[2], arn)])
    return role(name, **{"trust_policy": trust, "attached_policies": attached, **fields})


def asked(
    name: str,
    expected: ComplianceType,
    snapshot: Snapshot,
    usage: str = "",
    arn: str = SUPPORT,
    warning: str | None = None,
) -> Case:
    """Return the case of an account that is asked for the policy."""
    parameters = {"policyARN": arn, "policyUsageType": usage}
    return Case(name, snapshot, {ACCOUNT_ID: expected}, parameters, warning=warning)


def trusting(name: str, expected: ComplianceType, *statements: object) -> Case:
    return asked(name, expected, account(roles=[supporter(trust=document(*statements))]))


BY_USER = account(users=[user("alice", attached=ATTACHED)])
BY_GROUP = account(users=[user("alice", groups=["Support"])], groups=[group("Support", attached=ATTACHED)])
BY_ROLE = account(roles=[supporter()])
USES = {"IAM_USER": BY_USER, "IAM_GROUP": BY_GROUP, "IAM_ROLE": BY_ROLE}
ASSUME = {"Effect": "Allow", "Action": "sts:AssumeRole"}
UNKNOWN_USERS: Sequence[str] = ["users", "groups"]

CASES = [
    *(asked(f"used by one, counted as {usage}", C, snapshot, usage) for usage, snapshot in USES.items()),
    *(asked(f"used as {usage}, counted as any", C, snapshot, "ANY") for usage, snapshot in USES.items()),
    *(asked(f"used as {usage}, counted as any by default", C, snapshot) for usage, snapshot in USES.items()),
    *(
        asked(f"used as {use}, counted as {usage}", NC, snapshot, usage)
        for use, snapshot in USES.items()
        for usage in USES
        if use != usage
    ),
    asked("used by nobody", NC, account(users=[user("alice")], groups=[group("Dev")], roles=[role("R")])),
    asked("used by nobody in an empty account", NC, account()),
    asked("a group without users", NC, account(users=[user("alice")], groups=[group("Support", attached=ATTACHED)])),
    asked("another policy", NC, BY_USER, arn=SUPPORT + "2"),
    asked("a customer's policy", C, account(roles=[supporter(arn=OWN)], policies=[policy("Own")]), arn=OWN),
    asked("a policy that does not exist", NC, BY_USER, arn=f"arn:aws:iam::{ACCOUNT_ID}:policy/Ghost"),
    asked("as permissions boundary only", NC, account(users=[user("alice", permissions_boundary=SUPPORT)])),
    asked("a name instead of an ARN", NC, BY_USER, arn="AWSSupportAccess", warning="'AWSSupportAccess' is not an ARN"),
    asked(
        "an ARN of another partition than the account's",
        NC,
        BY_USER,
        arn=SUPPORT.replace("aws", "aws-cn", 1),
        warning="is of the partition aws-cn",
    ),
    asked("an ARN that ends too early", NC, BY_USER, arn="arn:aws", warning="'arn:aws' is not an ARN"),
    trusting("a role that trusts a service", C, {**ASSUME, "Principal": {"Service": "ec2.amazonaws.com"}}),
    trusting("a role that trusts everybody", C, {**ASSUME, "Principal": "*"}),
    trusting("a role that trusts all but one", C, {**ASSUME, "NotPrincipal": {"AWS": ACCOUNT_ID}}),
    trusting("a role that trusts nobody", NC),
    trusting("a role whose principal is empty", NC, {**ASSUME, "Principal": {"AWS": []}}),
    trusting("a role without principal kinds", NC, {**ASSUME, "Principal": {}}),
    trusting("a role that only denies", NC, {**ASSUME, "Effect": "Deny", "Principal": "*"}),
    asked("a trust policy that cannot be read", UNKNOWN, account(roles=[supporter(trust=Raw(b"{}"))])),
    asked(
        "a trust policy that cannot be read, of a role without the policy",
        NC,
        account(roles=[role("R", trust_policy=Raw(b"{}"))]),
    ),
    asked("a trust policy that is unknown", UNKNOWN, account(roles=[supporter(unknown=["trust_policy"])])),
    asked(
        "a trust policy that is unknown beside a role that decides",
        C,
        account(roles=[supporter("A", unknown=["trust_policy"]), supporter("B", trust=Raw(b"{}")), supporter("C")]),
    ),
    asked("users unknown, used by a role", C, account(roles=[supporter()], unknown=UNKNOWN_USERS)),
    asked("users unknown, used by none that is known", UNKNOWN, account(unknown=UNKNOWN_USERS)),
    asked("users unknown, roles count", NC, account(unknown=UNKNOWN_USERS), "IAM_ROLE"),
    asked("a user's policies unknown", UNKNOWN, account(users=[user("alice", unknown=["attached_policies"])])),
    asked(
        "a user's groups unknown, a group may have it",
        UNKNOWN,
        account(users=[user("alice", unknown=["group_names"])], groups=[group("Support", attached=ATTACHED)]),
    ),
    asked(
        "a user's groups unknown, no group has it",
        NC,
        account(users=[user("alice", unknown=["group_names"])], groups=[group("Dev")]),
    ),
    asked("groups unknown, groups count", UNKNOWN, account(unknown=["groups"]), "IAM_GROUP"),
    asked("roles unknown, roles count", UNKNOWN, account(unknown=["roles"]), "IAM_ROLE"),
    asked("roles unknown, users count", NC, account(unknown=["roles"]), "IAM_USER"),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_case(case: Case) -> None:
    case.check(RULE)


@pytest.mark.parametrize("usage", ["any", "IAM_USERS", "USER", "false"])
def test_a_usage_type_outside_its_set_is_refused(usage: str) -> None:
    with pytest.raises(UsageError, match="policyUsageType") as raised:
        configure(RULE, {"policyARN": SUPPORT, "policyUsageType": usage})
    assert "ANY, IAM_USER, IAM_GROUP, IAM_ROLE" in raised.value.hint


def test_the_policy_must_be_named() -> None:
    with pytest.raises(UsageError, match="policyARN is required"):
        configure(RULE, {"policyUsageType": "ANY"})


def test_the_finding_names_a_use() -> None:
    (finding,) = asked("", C, BY_GROUP).check(RULE).findings
    assert finding.annotation == f"{SUPPORT} is in use: Support (groups) has it"
    (finding,) = asked("", NC, account(), "IAM_GROUP").check(RULE).findings
    assert finding.annotation == f"{SUPPORT} is attached to no group with users"
