"""Cases of iam-policy-no-statements-with-full-access."""

from typing import Any

import pytest
from msgspec import Raw

from auditor.judging.rule import ComplianceType
from auditor.testing import ACCOUNT_ID, NA, NC, UNKNOWN, WITHHELD, C, Case, account, allow, document, listing, policy
from rules.iam_policy_no_statements_with_full_access import RULE

NEAR = "compliant by the letter, but near to all of a service"
EXCLUDE = {"excludePermissionBoundaryPolicy": "true"}
FULL = document(allow("ec2:*"))


def acting(name: str, expected: ComplianceType, action: object, warning: str | None = None, **elements: object) -> Case:
    """Return the case of one Allow statement with these actions."""
    return judged(name, expected, warning, document=document(allow(action, **elements)))


def left_out(name: str, expected: ComplianceType, actions: object, warning: str | None = None) -> Case:
    """Return the case of one Allow statement with these as NotAction."""
    return judged(name, expected, warning, document=document(allow(None, NotAction=actions)))


def judged(
    name: str, expected: ComplianceType, warning: str | None = None, parameters: Any = None, **fields: Any
) -> Case:
    """Return the case of one policy with these fields."""
    return Case(name, account(policies=[policy("P", **fields)]), {"P": expected}, parameters or {}, warning=warning)


CASES = [
    acting("all actions of a service", NC, "ec2:*"),
    acting("all actions of a service among others", NC, ["s3:GetObject", "ec2:*"]),
    acting("all actions of a kind", C, "ec2:Describe*"),
    acting("the resource does not matter", NC, "s3:*", resource="arn:aws:s3:::bucket/*"),
    acting("NotResource does not matter", NC, "s3:*", resource=None, NotResource="*"),
    acting("every action", NC, "*"),
    acting("every action of every service", NC, "*:*"),
    acting("a service with a hyphen", NC, "aws-marketplace:*"),
    acting("another service with a hyphen", NC, "sso-directory:*"),
    acting("several stars are one", NC, "s3:**"),
    acting("case does not matter", NC, "S3:*"),
    acting("a wildcard in the service", NC, "s*:*"),
    acting("all actions of one letter or more", C, "s3:?*", NEAR),
    acting("the same the other way round", C, "s3:*?", NEAR),
    acting("actions of three letters", C, "s3:???"),
    acting("a wildcard before the name", C, "s3:*Object"),
    acting("a part of every service", C, "*:Get*"),
    acting("an action with two colons, which IAM cannot hold", UNKNOWN, "s3:*:*"),
    acting("a service without the name of an action", C, "s3:"),
    acting("no actions", C, []),
    acting("a condition does not excuse", NC, "ec2:*", Condition={"Bool": {"aws:MultiFactorAuthPresent": "true"}}),
    acting("a Deny", C, "ec2:*", Effect="Deny"),
    left_out("all but a service", NC, "iam:*"),
    left_out("all but one action", NC, ["iam:CreateUser"]),
    left_out("all but nothing", NC, []),
    left_out("all but everything", C, "*"),
    left_out("all but everything of every service", C, ["iam:*", "*:*"]),
    left_out("all but something of every service", C, "*:Get*", "NotAction *:Get*"),
    judged("NotAction in a Deny", C, document=document(allow(None, NotAction="iam:*", Effect="Deny"))),
    judged("a Deny elsewhere does not excuse", NC, document=document(allow("ec2:*"), allow("ec2:*", Effect="Deny"))),
    judged(
        "a statement that is an object instead of a list",
        NC,
        document=Raw(b'{"Statement":{"Effect":"Allow","Action":"ec2:*","Resource":"*"}}'),
    ),
    judged("a policy that is attached to nobody counts", NC, document=FULL, attachment_count=0),
    judged("a boundary counts by default", NC, document=FULL, permissions_boundary_usage_count=1),
    judged("a boundary is left out", NA, parameters=EXCLUDE, document=FULL, permissions_boundary_usage_count=1),
    judged(
        "a boundary that is attached too is not left out",
        NC,
        parameters=EXCLUDE,
        document=FULL,
        permissions_boundary_usage_count=1,
        attachment_count=1,
    ),
    judged("a document that cannot be read", UNKNOWN, document=Raw(b"{}")),
    judged("the default version is unknown", UNKNOWN, versions=listing([], WITHHELD)),
    judged("the default version's id is unknown", UNKNOWN, unknown=["default_version_id"]),
    Case("no policies, since AWS's own are not judged", account(), {ACCOUNT_ID: NA}),
    Case("policies unknown", account(unknown=["policies"]), {ACCOUNT_ID: UNKNOWN}),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_case(case: Case) -> None:
    case.check(RULE)


@pytest.mark.parametrize(
    ("case", "words"),
    [
        (acting("", NC, ["s3:GetObject", "ec2:*"]), "ec2:*"),
        (left_out("", NC, ["iam:*", "sts:*"]), "NotAction iam:*, sts:*"),
        (left_out("", NC, []), "NotAction of nothing"),
    ],
)
def test_the_finding_shows_what_grants_a_service(case: Case, words: str) -> None:
    (finding,) = case.check(RULE).findings
    assert finding.annotation == f"Statement 1 of v1 allows all actions of a service: {words}"
    assert [(each.path, each.value) for each in finding.evidence] == [("versions[v1].document.Statement[0]", words)]
