"""Cases of iam-access-keys-usable-under-mfa-deny."""

from typing import Any

import pytest
from msgspec.structs import replace
from permissions import ALICE, alice, deny, group_of, managed, of_aws

from auditor.account.model import VirtualMfaDevice
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
    user,
)
from rules.iam_access_keys_usable_under_mfa_deny import RULE

NO_MFA = {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}}
PLAIN = {"Bool": {"aws:MultiFactorAuthPresent": "false"}}
BY_AGE = {"Null": {"aws:MultiFactorAuthAge": "true"}}
NOTE = "access keys work without MFA wherever a statement allows that"
BUCKETS, IAM = allow("s3:*"), allow("iam:*")
ROW = credentials(password_enabled=True, mfa_active=True, access_key_1_active=True)
SECOND_KEY = replace(ROW, access_key_1_active=False, access_key_2_active=True)
BOUNDARY = managed("boundary", allow("ec2:*"))
BY_AWS = replace(console_user("alice", mfa=True, attached=["PowerUserAccess"]), credentials=ROW)
BOUNDED = {"permissions_boundary": BOUNDARY.arn}
FROM_VPC = {"StringEquals": {"aws:SourceVpc": "v"}}
ON_USER = {**NO_MFA, "StringLike": {"aws:username": "a*"}}


def guard(*spared: str, condition: Any = NO_MFA, **elements: Any) -> dict[str, object]:
    return deny(None, NotAction=list(spared) or ["iam:ListMFADevices"], Condition=condition, Sid="Guard", **elements)


def member(name: str, expected: ComplianceType, *statements: Any, row: Any = ROW, **fields: Any) -> Case:
    """Return the case of a user with these statements through a group."""
    policy = managed("policy", *statements)
    facts = {key: fields.pop(key) for key in ("devices",) if key in fields}
    if "virtual_mfa_devices" in fields.get("unknown", ()):
        facts["unknown"] = fields.pop("unknown")
    known = account(
        users=[user("alice", groups=["team"], credentials=row, **fields)],
        groups=[group_of("team", policy)],
        policies=[policy, BOUNDARY],
        **facts,
    )
    return Case(name, known, {"alice": expected}, warning=NOTE if expected is C else None)


CASES = [
    member("no such statement", C, BUCKETS),
    member("no policy", C),
    member("a deny that has nothing to do with MFA", C, BUCKETS, deny("s3:DeleteBucket")),
    member("BoolIfExists", NC, BUCKETS, guard()),
    member("by the age of MFA", NC, BUCKETS, guard(condition=BY_AGE)),
    member("plain Bool, which never stops keys", NC, BUCKETS, guard(condition=PLAIN)),
    member("no device", NC, BUCKETS, guard(), row=replace(ROW, mfa_active=False)),
    member("all that is allowed is spared", C, BUCKETS, guard("s3:*")),
    member("some of what is allowed is spared", NC, BUCKETS, IAM, guard("s3:*")),
    member("a part of an action's pattern is spared", NC, BUCKETS, guard("s3:Get*")),
    member("everything is spared", C, allow(), guard("*")),
    member("everything is spared, in two parts", C, allow(), guard("*:*")),
    member("everything is spared from all but a few", C, allow(None, NotAction="iam:*"), guard("*:*")),
    member("NotAction in both", NC, allow(None, NotAction="iam:*"), guard()),
    member("actions that are denied by name", NC, BUCKETS, deny("s3:Delete*", Condition=NO_MFA)),
    member("other actions that are denied by name", C, BUCKETS, deny("ec2:*", Condition=NO_MFA)),
    member(
        "the boundary leaves nothing of it",
        C,
        BUCKETS,
        deny("s3:*", Condition=NO_MFA),
        permissions_boundary=BOUNDARY.arn,
    ),
    member("the boundary leaves it", NC, allow(), guard(), **BOUNDED),
    member("on some resources", UNKNOWN, BUCKETS, guard(resource="arn:aws:s3:::reports/*")),
    member(
        "a further condition that is not known",
        UNKNOWN,
        BUCKETS,
        guard(condition={**NO_MFA, **FROM_VPC}),
    ),
    member("a condition on the user", UNKNOWN, BUCKETS, guard(condition=ON_USER)),
    member(
        "an allow that is not known",
        UNKNOWN,
        allow("s3:*", Condition=FROM_VPC),
        guard(),
    ),
    member("groups unknown", UNKNOWN, BUCKETS, guard(), unknown=["group_names"]),
    member("whether there is a boundary is unknown", UNKNOWN, BUCKETS, guard(), unknown=["permissions_boundary"]),
    member("no console password", NA, BUCKETS, guard(), row=replace(ROW, password_enabled=False)),
    member("no key", NA, BUCKETS, guard(), row=replace(ROW, access_key_1_active=False)),
    member(
        "the second key", NC, BUCKETS, guard(), row=replace(ROW, access_key_1_active=False, access_key_2_active=True)
    ),
    Case("an AWS-managed policy, whose document is not known", account(users=[BY_AWS]), {"alice": UNKNOWN}),
    Case(
        "an AWS-managed policy",
        account(users=[BY_AWS], aws_managed_policies=(of_aws("PowerUserAccess", BUCKETS),)),
        {"alice": C},
        warning=NOTE,
    ),
    Case("policies of her own", account(users=[alice(BUCKETS, guard(), credentials=ROW)]), {"alice": NC}),
    Case("credentials unknown", account(users=[user("alice", unknown=["credentials"])]), {"alice": UNKNOWN}),
    Case("no users", account(), {ACCOUNT_ID: NA}),
    Case("users unknown", account(unknown=["users"]), {ACCOUNT_ID: UNKNOWN}),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_case(case: Case) -> None:
    case.check(RULE)


VIRTUAL = VirtualMfaDevice("arn:aws:iam::111122223333:mfa/phone", ALICE, None)
OTHERS = replace(VIRTUAL, user_arn="arn:aws:iam::111122223333:user/bob")
SESSION_ONLY = "work in an MFA session only (aws sts get-session-token"
UNLISTED: dict[str, Any] = {"unknown": ["virtual_mfa_devices"]}
FARE: dict[str, tuple[Any, bool, dict[str, Any], str]] = {
    "a virtual device": (NO_MFA, True, {"devices": [VIRTUAL]}, f"{SESSION_ONLY})."),
    "no virtual device": (NO_MFA, True, {"devices": [OTHERS]}, "need an MFA session, and a FIDO device cannot be used"),
    "virtual devices unknown": (NO_MFA, True, UNLISTED, f"{SESSION_ONLY}, not with a FIDO device)."),
    "no device": (NO_MFA, False, {}, "cannot be used at all until the user has an MFA device."),
    "plain Bool": (PLAIN, True, {"devices": [VIRTUAL]}, "work without MFA: a plain Bool never stops them"),
}


@pytest.mark.parametrize(("condition", "mfa", "facts", "text"), FARE.values(), ids=list(FARE))
def test_the_finding_says_how_the_keys_fare(condition: Any, mfa: bool, facts: Any, text: str) -> None:
    case = member("", NC, BUCKETS, guard(condition=condition), row=replace(ROW, mfa_active=mfa), **facts)
    (finding,) = case.check(RULE).findings
    assert finding.annotation.startswith(f"The access keys {text}")
    assert "Statement 2 (Guard) of the customer-managed policy policy of the group team denies" in finding.annotation
    assert [each["group"] for each in finding.evidence[-1].value] == ["team"]


def test_that_the_keys_are_stopped_does_not_hang_on_the_device() -> None:
    row = with_gaps(ROW, {"mfa_active": WITHHELD})
    member("", NC, BUCKETS, guard(), row=row).check(RULE)
