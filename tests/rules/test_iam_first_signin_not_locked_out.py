"""Cases of iam-first-signin-not-locked-out, in the order of its table."""

from datetime import timedelta
from typing import Any

import pytest
from msgspec.structs import replace
from permissions import deny, group_of, managed, of_aws

from auditor.account.model import LoginProfile
from auditor.account.unknown import with_gaps
from auditor.judging.rule import ComplianceType
from auditor.testing import (
    ACCOUNT_ID,
    NA,
    NC,
    REPORT_TIME,
    UNKNOWN,
    WITHHELD,
    C,
    Case,
    account,
    allow,
    console_user,
    password_policy,
    user,
)
from rules.iam_first_signin_not_locked_out import RULE

CHANGE, READ = "iam:ChangePassword", "iam:GetAccountPasswordPolicy"
OWN = "arn:aws:iam::*:user/${aws:username}"
NO_MFA = {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}}
BOTH = [allow(CHANGE, OWN), allow(READ)]
GUARD = deny(None, NotAction="iam:ListMFADevices", Condition=NO_MFA, Sid="Guard")
SPARING = deny(None, NotAction=[CHANGE, "iam:ListMFADevices"], Condition=NO_MFA)
FROM_VPC = {"StringEquals": {"aws:SourceVpc": "v"}}
LATER = "will be locked out at the next forced reset of the password"
HALF = "may not do iam:GetAccountPasswordPolicy"
YESTERDAY, TOMORROW = (f"{REPORT_TIME + timedelta(days=days):%Y-%m-%dT%H:%M:%S+00:00}" for days in (-1, 1))
NOW = f"{REPORT_TIME:%Y-%m-%dT%H:%M:%S+00:00}"


def member(
    name: str,
    expected: ComplianceType,
    *statements: Any,
    mfa: bool = False,
    reset: bool | None = None,
    strict: bool = False,
    warning: str | None = None,
    columns: Any = None,
    **facts: Any,
) -> Case:
    """Return the case of a console user with these statements through a group; `reset` None: not asked about."""
    policy = managed("policy", *statements)
    fields = {key: facts.pop(key) for key in ("permissions_boundary",) if key in facts}
    alice = console_user("alice", mfa=mfa, groups=["team"], **fields)
    alice = replace(alice, credentials=replace(alice.credentials, **(columns or {})))
    profiles = () if reset is None else (LoginProfile("alice", reset),)
    known = account(
        users=[alice], groups=[group_of("team", policy)], policies=[policy], **{"login_profiles": profiles, **facts}
    )
    return Case(name, known, {"alice": expected}, {"strict": "true"} if strict else {}, warning=warning)


BY_AWS = console_user("alice", mfa=False, attached=["IAMUserChangePassword"])
MUST: dict[str, Any] = {"login_profiles": (LoginProfile("alice", password_reset_required=True),)}
HARD = replace(password_policy(), hard_expiry=True)
LOST = with_gaps(LoginProfile("alice", password_reset_required=True), {"password_reset_required": WITHHELD})
EXPIRED = {"password_next_rotation": YESTERDAY}

CASES = [
    Case("1: no console password", account(users=[user("alice")]), {"alice": NA}),
    member("2: may change", C, *BOTH, reset=True),
    member("2: by the password policy", C, reset=True, password=password_policy()),
    member("2: what is denied without MFA spares it", C, *BOTH, SPARING, reset=True, warning=HALF),
    member("3: denied", NC, *BOTH, GUARD, reset=True),
    member("3: denied, whatever the password policy says", NC, GUARD, reset=True, password=password_policy()),
    member("3: denied, and expired", NC, *BOTH, GUARD, columns=EXPIRED),
    member("3: denied, and expires now", NC, *BOTH, GUARD, columns={"password_next_rotation": NOW}),
    member("3: denied, and expires later", UNKNOWN, *BOTH, GUARD, columns={"password_next_rotation": TOMORROW}),
    member("4: may change, but not read the policy", C, allow(CHANGE, OWN), reset=True, warning=HALF),
    member("5: no policy allows it", NC, reset=True),
    member("5: no policy allows it, and no reset is forced", C, reset=False),
    member("6: denied, and no reset is forced", C, *BOTH, GUARD, reset=False, warning=LATER),
    member("6: the same, strictly", NC, *BOTH, GUARD, reset=False, strict=True),
    member("6: not allowed, strictly, and no reset is forced", C, reset=False, strict=True),
    member("7: denied without MFA alone, and has a device", C, *BOTH, GUARD, mfa=True, reset=True),
    member("8: denied with MFA too", NC, *BOTH, deny(CHANGE), mfa=True, reset=True),
    member("8: denied with MFA too, and no reset is forced", C, deny(CHANGE), mfa=True, reset=False, warning=LATER),
    member("9: denied, and not known whether it is forced", UNKNOWN, *BOTH, GUARD),
    member("9: denied, and the call was refused", UNKNOWN, *BOTH, GUARD, login_profiles=(LOST,)),
    member("9: the same, strictly", NC, *BOTH, GUARD, strict=True),
    member("10: may change, and not known whether it is forced", C, *BOTH),
    member("11: undecided", UNKNOWN, allow(CHANGE, Condition=FROM_VPC), reset=True),
    member("11: undecided, and no reset is forced", C, allow(CHANGE, Condition=FROM_VPC), reset=False),
    member("11: undecided, strictly", UNKNOWN, allow(CHANGE, Condition=FROM_VPC), reset=False, strict=True),
    member("12: expired, and HardExpiry", NC, *BOTH, columns=EXPIRED, password=HARD),
    member("12: expired, and HardExpiry, with MFA", NC, *BOTH, mfa=True, columns=EXPIRED, password=HARD),
    member("12: not expired, and HardExpiry", C, columns={"password_next_rotation": TOMORROW}, password=HARD),
    member(
        "12: expired, and the password policy unknown", UNKNOWN, *BOTH, columns=EXPIRED, unknown=["password_policy"]
    ),
    Case(
        "an AWS-managed policy",
        account(users=[BY_AWS], **MUST, aws_managed_policies=(of_aws("IAMUserChangePassword", *BOTH),)),
        {"alice": C},
    ),
    Case("an AWS-managed policy that is not known", account(users=[BY_AWS], **MUST), {"alice": UNKNOWN}),
    Case("credentials unknown", account(users=[user("alice", unknown=["credentials"])]), {"alice": UNKNOWN}),
    Case("no users", account(), {ACCOUNT_ID: NA}),
    Case("users unknown", account(unknown=["users"]), {ACCOUNT_ID: UNKNOWN}),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_case(case: Case) -> None:
    case.check(RULE)


def test_the_finding_names_the_statement_and_the_group() -> None:
    (finding,) = member("", NC, *BOTH, GUARD, reset=True).check(RULE).findings
    assert finding.annotation == (
        "Locked out: must change the password, and may not. "
        "Statement 3 (Guard) of the customer-managed policy policy of the group team denies it. "
        "Exempt iam:ChangePassword there, or lift the forced reset"
    )
    assert [each["group"] for each in finding.evidence[0].value["statements"]] == ["team"]
    assert finding.evidence[1].path == "login_profiles[alice].password_reset_required"


def test_the_finding_says_why_a_statement_that_names_the_action_does_not_help() -> None:
    case = member("", NC, allow(CHANGE, "arn:aws:iam::*:mfa/*"), reset=True, warning="never allows")
    (finding,) = case.check(RULE).findings
    assert finding.annotation.endswith("Allow iam:ChangePassword through a group, or lift the forced reset")


@pytest.mark.parametrize(("used", "likely"), [("no_information", True), (YESTERDAY, False)])
def test_who_never_signed_in_is_likely_locked_out(used: str, likely: bool) -> None:
    (finding,) = member("", UNKNOWN, *BOTH, GUARD, columns={"password_last_used": used}).check(RULE).findings
    assert ("likely locked out" in finding.annotation) is likely
    assert "aws iam get-login-profile --user-name alice" in finding.annotation
