"""AWS's documented policies for managing one's own credentials: what each action gives in each session.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_examples_aws_my-sec-creds-self-manage.html
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_examples_aws_my-sec-creds-self-manage-mfa-only.html
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_examples_iam_mfa-selfmanage.html
"""

from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from permissions import (
    ALLOW,
    ALLOW_ALL,
    EXPLICIT,
    IMPLICIT,
    KEY,
    MFA,
    NO_MFA,
    attached,
    decided,
    deny,
    group_of,
    managed,
)

from auditor import can
from auditor.account.model import Snapshot
from auditor.testing import account, allow, user

ME, DEVICE = "arn:aws:iam::*:user/${aws:username}", "arn:aws:iam::*:mfa/*"
OLD_DEVICE = "arn:aws:iam::111122223333:mfa/${aws:username}"
NO_MFA_IF_EXISTS = {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}}


def iam(*names: str) -> list[str]:
    return [f"iam:{name}" for name in names]


def unless_mfa(*names: str) -> dict[str, object]:
    """Return the Deny of everything but these actions, without MFA."""
    return deny(None, NotAction=list(names), Condition=NO_MFA_IF_EXISTS, Sid="UnlessMfa")


OWN_MFA = iam("DeactivateMFADevice", "EnableMFADevice", "GetMFADevice", "GetUser", "ListMFADevices", "ResyncMFADevice")
EXEMPT = iam(
    "CreateVirtualMFADevice",
    "EnableMFADevice",
    "GetUser",
    "ListMFADevices",
    "ListVirtualMFADevices",
    "ResyncMFADevice",
)
CREDENTIALS = [
    allow(iam("GetAccountPasswordPolicy", "ListVirtualMFADevices")),
    allow(iam("ChangePassword", "GetUser"), ME),
    allow(iam("CreateAccessKey", "DeleteAccessKey", "GetAccessKeyLastUsed", "ListAccessKeys", "UpdateAccessKey"), ME),
    allow(iam("CreateVirtualMFADevice"), DEVICE),
    allow(OWN_MFA, ME),
    unless_mfa(*EXEMPT, "sts:GetSessionToken"),
]
MFA_ONLY = [
    allow(iam("ListVirtualMFADevices")),
    allow(iam("CreateVirtualMFADevice"), DEVICE),
    allow(OWN_MFA, ME),
    unless_mfa(*EXEMPT, "sts:GetSessionToken"),
]
IAM_PAGE = [
    allow(iam("ListUsers", "ListVirtualMFADevices")),
    allow(iam("CreateVirtualMFADevice"), DEVICE),
    allow(iam("EnableMFADevice", "ListMFADevices", "ResyncMFADevice"), ME),
    allow(iam("DeactivateMFADevice"), ME, Condition={"Bool": {"aws:MultiFactorAuthPresent": "true"}}),
    unless_mfa(*iam("ListUsers"), *(name for name in EXEMPT if name != "iam:GetUser")),
]
ARTICLE = [
    allow(iam("ListUsers", "ListVirtualMFADevices")),
    allow(iam("ListMFADevices"), [DEVICE, ME]),
    allow(
        iam("CreateVirtualMFADevice", "DeleteVirtualMFADevice", "EnableMFADevice", "ResyncMFADevice"), [OLD_DEVICE, ME]
    ),
    allow(iam("DeactivateMFADevice"), [OLD_DEVICE, ME], Condition={"Bool": {"aws:MultiFactorAuthPresent": "true"}}),
    unless_mfa(*iam("ListUsers"), *(name for name in EXEMPT if name != "iam:GetUser")),
]

DECISIONS = {"allow": ALLOW, "deny": EXPLICIT, "none": IMPLICIT}
WITH_MFA, ALWAYS, NEVER = ("deny", "allow", "deny"), ("allow",) * 3, ("deny", "none", "deny")
ENROLL = dict.fromkeys([*iam("CreateVirtualMFADevice", "EnableMFADevice", "ListMFADevices", "ResyncMFADevice")], ALWAYS)
TABLES: dict[str, tuple[list[dict[str, object]], Mapping[str, tuple[str, ...]]]] = {
    "all credentials": (
        CREDENTIALS,
        {
            **ENROLL,
            "iam:GetUser": ALWAYS,
            "iam:ListVirtualMFADevices": ALWAYS,
            "iam:DeactivateMFADevice": WITH_MFA,
            "iam:GetMFADevice": WITH_MFA,
            "iam:ChangePassword": WITH_MFA,
            "iam:GetAccountPasswordPolicy": WITH_MFA,
            "iam:CreateAccessKey": WITH_MFA,
            "iam:ListUsers": NEVER,
            "iam:DeleteVirtualMFADevice": NEVER,
            "s3:ListAllMyBuckets": NEVER,
            "sts:GetSessionToken": ALWAYS,
            "sts:GetCallerIdentity": ALWAYS,
        },
    ),
    "the MFA device alone": (
        MFA_ONLY,
        {
            **ENROLL,
            "iam:GetUser": ALWAYS,
            "iam:ListVirtualMFADevices": ALWAYS,
            "iam:DeactivateMFADevice": WITH_MFA,
            "iam:ChangePassword": NEVER,
            "iam:GetAccountPasswordPolicy": NEVER,
            "sts:GetSessionToken": ALWAYS,
        },
    ),
    "the page of IAM examples": (
        IAM_PAGE,
        {
            **ENROLL,
            "iam:ListUsers": ALWAYS,
            "iam:ListVirtualMFADevices": ALWAYS,
            "iam:DeactivateMFADevice": WITH_MFA,
            "iam:GetUser": NEVER,
            "iam:ChangePassword": NEVER,
            "sts:GetSessionToken": ALWAYS,
        },
    ),
    "the article's": (
        ARTICLE,
        {
            **ENROLL,
            "iam:ListUsers": ALWAYS,
            "iam:ListVirtualMFADevices": ALWAYS,
            "iam:DeleteVirtualMFADevice": WITH_MFA,
            "iam:DeactivateMFADevice": WITH_MFA,
            "iam:ChangePassword": NEVER,
        },
    ),
}


def account_of(*policies: list[dict[str, Any]], **fields: Any) -> Snapshot:
    """Return an account in which alice has these policies through the group developers."""
    held = [managed(f"policy-{number}", *each) for number, each in enumerate(policies)]
    developers = group_of("developers", *held)
    return account(users=[user("alice", groups=["developers"], **fields)], groups=[developers], policies=held)


def rows() -> Iterator[Any]:
    for name, (policy, expected) in TABLES.items():
        yield from (pytest.param(policy, action, *row, id=f"{name}: {action}") for action, row in expected.items())


@pytest.mark.parametrize(("policy", "action", "no_mfa", "mfa", "key"), list(rows()))
def test_a_documented_policy(policy: list[dict[str, Any]], action: str, no_mfa: str, mfa: str, key: str) -> None:
    found = [decided(account_of(policy), action, session) for session in (NO_MFA, MFA, KEY)]
    assert found == [DECISIONS[each] for each in (no_mfa, mfa, key)]


@pytest.mark.parametrize("policy", [CREDENTIALS, MFA_ONLY, IAM_PAGE], ids=["credentials", "MFA", "IAM page"])
def test_whoever_has_a_path_cannot_enroll(policy: list[dict[str, Any]]) -> None:
    snapshot = account_of(policy, path="/sales/")
    assert decided(snapshot, "iam:EnableMFADevice", NO_MFA) is IMPLICIT
    assert decided(snapshot, "iam:CreateVirtualMFADevice", NO_MFA) is ALLOW


def test_everything_else_is_denied_until_mfa_is_used() -> None:
    snapshot = account_of(ARTICLE, [ALLOW_ALL])
    found = [decided(snapshot, "ec2:DescribeInstances", session, "*") for session in (NO_MFA, MFA, KEY)]
    assert found == [EXPLICIT, ALLOW, EXPLICIT]


def test_a_forced_reset_cannot_be_done_at_the_first_sign_in() -> None:
    answer = can(account_of(ARTICLE, [ALLOW_ALL]), user="alice", action="iam:ChangePassword", session="no-mfa")
    assert answer.reason == (
        "Statement 5 (UnlessMfa) of the customer-managed policy policy-0 of the group developers denies it"
    )


def test_exempting_the_password_repairs_it_where_something_grants_it() -> None:
    exempting = [*ARTICLE[:-1], unless_mfa(*EXEMPT, "iam:ChangePassword", "iam:GetAccountPasswordPolicy")]
    assert decided(account_of(exempting), "iam:ChangePassword", NO_MFA) is IMPLICIT
    assert decided(account_of(exempting, [allow("iam:ChangePassword", ME)]), "iam:ChangePassword", NO_MFA) is ALLOW


def test_an_attached_policy_is_found_as_an_inline_one_is() -> None:
    own = managed("own", *CREDENTIALS)
    snapshot = account(users=[user("alice", attached_policies=attached(own))], policies=[own])
    assert decided(snapshot, "iam:ChangePassword", MFA) is ALLOW
