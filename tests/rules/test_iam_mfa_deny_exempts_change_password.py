"""Cases of iam-mfa-deny-exempts-change-password."""

from typing import Any

import pytest
from permissions import deny, managed

from auditor.judging.rule import ComplianceType
from auditor.testing import ACCOUNT_ID, NA, NC, UNKNOWN, C, Case, account, allow, policy
from rules.iam_mfa_deny_exempts_change_password import RULE

CHANGE, READ = "iam:ChangePassword", "iam:GetAccountPasswordPolicy"
NO_MFA = {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}}
WITH_ADDRESS = {**NO_MFA, "IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}


def guard(name: str, expected: ComplianceType, *statements: Any, **fields: Any) -> Case:
    """Return the case of one policy."""
    return Case(name, account(policies=[managed("guard", *statements, **fields)]), {"guard": expected})


def unless_mfa(*spared: str, condition: Any = NO_MFA, resource: Any = "*") -> dict[str, object]:
    return deny(None, resource, NotAction=list(spared) or "iam:GetUser", Condition=condition, Sid="Guard")


CASES = [
    guard("both are spared", C, unless_mfa(CHANGE, READ)),
    guard("both are spared by a pattern", C, unless_mfa("iam:*")),
    guard("neither is spared", NC, unless_mfa("iam:ListMFADevices")),
    guard("only the change is spared", NC, unless_mfa(CHANGE)),
    guard("only reading the policy is spared", NC, unless_mfa(READ)),
    guard("the change is denied by its name", NC, deny(CHANGE, Condition=NO_MFA)),
    guard("other actions are denied by name", C, deny("s3:*", Condition=NO_MFA)),
    guard("on the own ARN", NC, deny(CHANGE, "arn:aws:iam::*:user/${aws:username}", Condition=NO_MFA)),
    guard("on buckets", C, unless_mfa("iam:GetUser", resource="arn:aws:s3:::*")),
    guard("on all but users", NC, deny("*", None, NotResource="arn:aws:iam::*:user/*", Condition=NO_MFA)),
    guard("on nothing", C, deny(CHANGE, None, NotResource="*", Condition=NO_MFA)),
    guard("Bool instead of BoolIfExists", NC, unless_mfa(condition={"Bool": {"aws:MultiFactorAuthPresent": "false"}})),
    guard("by the age of MFA", NC, unless_mfa(condition={"Null": {"aws:MultiFactorAuthAge": "true"}})),
    guard("an allow", NA, allow(Condition=NO_MFA)),
    guard("a deny that MFA does not lift", NA, deny("iam:*")),
    guard("a deny with MFA", NA, deny(Condition={"Bool": {"aws:MultiFactorAuthPresent": "true"}})),
    guard("no statement", NA),
    guard("a further condition that is not known", UNKNOWN, unless_mfa(condition=WITH_ADDRESS)),
    guard("the same sparing both", NA, unless_mfa(CHANGE, READ, condition=WITH_ADDRESS)),
    guard("the same beside a certain one", NC, unless_mfa(condition=WITH_ADDRESS), unless_mfa()),
    guard(
        "an operator that does not exist", UNKNOWN, unless_mfa(condition={"Boo": {"aws:MultiFactorAuthPresent": "x"}})
    ),
    guard("a condition on the user", UNKNOWN, unless_mfa(condition={**NO_MFA, "StringLike": {"aws:username": "a*"}})),
    guard("no resource", UNKNOWN, unless_mfa(resource=[])),
    guard("the versions are not known", UNKNOWN, unless_mfa(), unknown=["versions"]),
    Case("no policies", account(), {ACCOUNT_ID: NA}),
    Case("policies unknown", account(unknown=["policies"]), {ACCOUNT_ID: UNKNOWN}),
    Case("a policy without statements", account(policies=[policy("p")]), {"p": NA}),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_case(case: Case) -> None:
    case.check(RULE)


def test_the_finding_names_the_statement_and_the_actions() -> None:
    (finding,) = guard("", NC, allow(), unless_mfa()).check(RULE).findings
    assert finding.annotation == (
        "Statement 2 (Guard) denies iam:ChangePassword and iam:GetAccountPasswordPolicy until MFA is used: "
        "who must first change the password is locked out. Exempt both there"
    )
