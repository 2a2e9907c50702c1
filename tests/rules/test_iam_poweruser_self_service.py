"""Cases of iam-poweruser-self-service."""

from typing import Any

import pytest
from msgspec.structs import replace
from permissions import attached, managed, written

from auditor.account.model import AttachedPolicy, AwsManagedPolicy
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
    group,
    listing,
    password_policy,
    user,
)
from rules.iam_poweruser_self_service import RULE

ME = "arn:aws:iam::*:user/${aws:username}"
POWER = "arn:aws:iam::aws:policy/PowerUserAccess"
DOCUMENT = written([allow(None, NotAction=["iam:*", "organizations:*", "account:*"]), allow("iam:ListRoles")])
READ: dict[str, Any] = {"aws_managed_policies": (AwsManagedPolicy(POWER, "v12", DOCUMENT),)}
MFA = managed(
    "mfa",
    allow("iam:ListVirtualMFADevices"),
    allow("iam:CreateVirtualMFADevice", "arn:aws:iam::*:mfa/*"),
    allow(["iam:EnableMFADevice", "iam:ListMFADevices", "iam:ResyncMFADevice"], ME),
)
SWITCH: dict[str, Any] = {"password": password_policy()}


def held(*policies: Any) -> Any:
    """Return what attaches PowerUserAccess and these policies."""
    return listing([AttachedPolicy("PowerUserAccess", POWER), *attached(*policies).known_part])


def member(name: str, expected: ComplianceType, *policies: Any, read: bool = True, **facts: Any) -> Case:
    """Return the case of a console user who has PowerUserAccess and these policies through a group."""
    team = replace(group("team"), attached_policies=held(*policies))
    alice = console_user("alice", mfa=False, groups=["team"], **facts.pop("fields", {}))
    known = account(users=[alice], groups=[team], policies=policies, **(READ if read else {}), **facts)
    return Case(name, known, {"alice": expected})


ATTACHED = console_user("alice", mfa=False, attached=["PowerUserAccess"])
CASES = [
    member("both", C, MFA, **SWITCH),
    member("PowerUserAccess alone", NC),
    member("no right to change the password", NC, MFA),
    member("no right to manage MFA", NC, **SWITCH),
    member("the document of PowerUserAccess is not known", UNKNOWN, MFA, read=False, **SWITCH),
    member("the password policy is not known", UNKNOWN, MFA, unknown=["password_policy"]),
    member("the password policy is not known, and no right to manage MFA", NC, unknown=["password_policy"]),
    member("the groups of the user are not known", UNKNOWN, MFA, fields={"unknown": ["group_names"]}, **SWITCH),
    Case("attached to the user", account(users=[ATTACHED], **READ), {"alice": NC}),
    Case("another policy", account(users=[console_user("alice", mfa=False, attached=["Other"])]), {"alice": NA}),
    Case(
        "as a boundary alone",
        account(users=[console_user("alice", mfa=False, permissions_boundary=POWER)], **READ),
        {"alice": NA},
    ),
    Case(
        "a group that is not listed",
        account(users=[console_user("alice", mfa=False, groups=["ghost"])]),
        {"alice": UNKNOWN},
    ),
    Case(
        "policies of the user that are not known",
        account(users=[replace(ATTACHED, attached_policies=listing([], WITHHELD))]),
        {"alice": UNKNOWN},
    ),
    Case("no console password", account(users=[user("alice", attached=["PowerUserAccess"])]), {"alice": NA}),
    Case("credentials unknown", account(users=[user("alice", unknown=["credentials"])]), {"alice": UNKNOWN}),
    Case("no users", account(), {ACCOUNT_ID: NA}),
    Case("users unknown", account(unknown=["users"]), {ACCOUNT_ID: UNKNOWN}),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_case(case: Case) -> None:
    case.check(RULE)


def test_the_finding_names_both_shortfalls() -> None:
    (finding,) = member("", NC).check(RULE).findings
    assert finding.annotation == (
        "PowerUserAccess lacks iam:ChangePassword: attach IAMUserChangePassword to the group or set "
        "AllowUsersToChangePassword, and let no statement deny it; "
        "lacks the actions on the user's own MFA device: attach AWS's policy for managing it to the group"
    )
    assert len(finding.evidence) == 7  # who brings PowerUserAccess, the password, five actions on devices
