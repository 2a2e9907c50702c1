"""Cases of iam-policy-no-statements-with-admin-access."""

from typing import Any

import pytest
from msgspec import Raw
from msgspec.structs import replace

from auditor.account.model import InlinePolicy, PolicyVersion
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
    listing,
    policy,
    user,
)
from rules.iam_policy_no_statements_with_admin_access import RULE

ADMIN = document(allow())
HARMLESS = document(allow("s3:GetObject", "arn:aws:s3:::bucket/*"))
NEAR = "compliant by the letter, but near to everything"
EXCLUDE = {"excludePermissionBoundaryPolicy": "true"}


def stated(name: str, expected: ComplianceType, *statements: object, warning: str | None = None) -> Case:
    """Return the case of one policy of these statements."""
    return judged(name, expected, document=document(*statements), warning=warning)


def judged(
    name: str, expected: ComplianceType, warning: str | None = None, parameters: Any = None, **fields: Any
) -> Case:
    """Return the case of one policy with these fields."""
    return Case(name, account(policies=[policy("P", **fields)]), {"P": expected}, parameters or {}, warning=warning)


def version(name: str, content: Raw, *, default: bool = False) -> PolicyVersion:
    return PolicyVersion(name, is_default=default, document=content)


CASES = [
    stated("every action on every resource", NC, allow("*", "*")),
    stated("the same as lists of one item", NC, allow(["*"], ["*"])),
    stated("a star among other actions and resources", NC, allow(["s3:Get*", "*"], ["arn:aws:s3:::b", "*"])),
    stated("every action of every service, as CIS writes it", NC, allow("*:*")),
    stated("several stars are one", NC, allow("**", "**")),
    stated("a second statement", NC, allow("s3:GetObject"), allow()),
    judged(
        "a statement that is an object instead of a list",
        NC,
        document=Raw(b'{"Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}'),
    ),
    stated("every action of one service", C, allow("iam:*")),
    stated("every action of one service in capitals", C, allow("IAM:*")),
    stated("a wildcard inside an action", C, allow("*:Get*")),
    stated("every action on one resource", C, allow("*", "arn:aws:s3:::bucket")),
    stated("every action on all of a service's resources", C, allow("*", "arn:aws:s3:::*")),
    stated("every resource as a pattern of ARNs", C, allow("*", "arn:aws:*:*:*:*"), warning=NEAR),
    stated("every resource as a pattern of all partitions", C, allow("*", "arn:*"), warning=NEAR),
    stated("every resource as *:*", C, allow("*", "*:*"), warning=NEAR),
    stated("every resource as */*", C, allow("*", "*/*"), warning=NEAR),
    stated(
        "NotAction on every resource", C, allow(None, NotAction="iam:*"), warning="statement 1 allows NotAction on *"
    ),
    stated("every action by a wildcard for one letter", C, allow("?*:*"), warning="every action on *"),
    stated("NotResource", C, allow("*", None, NotResource="arn:aws:s3:::b"), warning="every action on NotResource"),
    stated("NotAction on a bucket", C, allow(None, "arn:aws:s3:::bucket", NotAction="iam:*")),
    stated("NotAction in a Deny", C, allow(None, NotAction="iam:*", Effect="Deny")),
    stated("a condition does not excuse", NC, allow(Condition={"Bool": {"aws:MultiFactorAuthPresent": "true"}})),
    stated("a Deny elsewhere does not excuse", NC, allow(), allow("iam:*", Effect="Deny")),
    stated("actions and resources of two statements", C, allow("*", "arn:aws:s3:::b"), allow("s3:GetObject", "*")),
    stated("a Deny of everything", C, allow(Effect="Deny")),
    stated("no statement", C),
    stated("a statement without actions", C, allow([])),
    judged(
        "the default version counts, whichever it is",
        NC,
        versions=listing([version("v2", HARMLESS), version("v1", ADMIN, default=True)]),
    ),
    judged(
        "another version than the default does not count",
        C,
        versions=listing([version("v2", ADMIN), version("v1", HARMLESS, default=True)]),
    ),
    judged("a policy that is attached to nobody counts", NC, document=ADMIN, attachment_count=0),
    judged("a policy that is attached counts", NC, document=ADMIN, attachment_count=3),
    judged("a boundary counts by default", NC, document=ADMIN, permissions_boundary_usage_count=1),
    judged("a boundary is left out", NA, parameters=EXCLUDE, document=ADMIN, permissions_boundary_usage_count=1),
    judged(
        "a boundary that is attached too is not left out",
        NC,
        parameters=EXCLUDE,
        document=ADMIN,
        permissions_boundary_usage_count=1,
        attachment_count=1,
    ),
    judged("a policy of no use is not left out", NC, parameters=EXCLUDE, document=ADMIN),
    judged(
        "True in doubt: whether a boundary is left out",
        UNKNOWN,
        "AWS documents that only 'true' in lower case is true",
        {"excludePermissionBoundaryPolicy": "True"},
        document=HARMLESS,
        permissions_boundary_usage_count=1,
    ),
    judged(
        "True in doubt: a policy that is no boundary is judged",
        NC,
        "AWS documents that only 'true' in lower case is true",
        {"excludePermissionBoundaryPolicy": "True"},
        document=ADMIN,
    ),
    judged(
        "False is false in any reading",
        NC,
        "counts as false",
        {"excludePermissionBoundaryPolicy": "False"},
        document=ADMIN,
        permissions_boundary_usage_count=1,
    ),
    judged("a document that cannot be read", UNKNOWN, document=Raw(b'{"Statement":[{"Action":"*","Resource":"*"}]}')),
    judged(
        "a broken statement beside one of everything: IAM cannot hold the document",
        UNKNOWN,
        document=document(allow(), allow(effect="Allow")),
    ),
    judged(
        "a document that is unknown",
        UNKNOWN,
        versions=listing([with_gaps(version("v1", ADMIN, default=True), {"document": WITHHELD})]),
    ),
    judged(
        "the default is another by the policy than by the version",
        UNKNOWN,
        default_version_id="v2",
        versions=listing([version("v2", HARMLESS)]),
    ),
    judged(
        "two versions that are the default by themselves",
        UNKNOWN,
        versions=listing([version("v1", HARMLESS, default=True), version("v2", ADMIN, default=True)]),
    ),
    judged(
        "the default version twice",
        UNKNOWN,
        versions=listing([version("v1", HARMLESS, default=True), version("v1", ADMIN, default=True)]),
    ),
    judged(
        "of another version it is unknown whether it is the default",
        NC,
        versions=listing(
            [version("v1", ADMIN, default=True), with_gaps(version("v2", HARMLESS), {"is_default": WITHHELD})]
        ),
    ),
    judged(
        "of another version it is unknown which one it is",
        NC,
        versions=listing([version("v1", ADMIN, default=True), with_gaps(version("v2", HARMLESS), {"id": WITHHELD})]),
    ),
    judged("the default is not among the versions", UNKNOWN, default_version_id="v7"),
    judged(
        "the default is known among versions that are not all known",
        NC,
        versions=listing([version("v1", ADMIN, default=True)], WITHHELD),
    ),
    judged("the default is not among the versions that are known", UNKNOWN, versions=listing([], WITHHELD)),
    judged(
        "a boundary or not is unknown",
        UNKNOWN,
        parameters=EXCLUDE,
        document=ADMIN,
        unknown=["permissions_boundary_usage_count"],
    ),
    Case("no policies, since AWS's own are not judged", account(), {ACCOUNT_ID: NA}),
    Case(
        "inline policies are not judged",
        account(users=[user("alice", inline_policies=listing([InlinePolicy("p", ADMIN)]))]),
        {ACCOUNT_ID: NA},
    ),
    Case("policies unknown", account(unknown=["policies"]), {ACCOUNT_ID: UNKNOWN}),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_case(case: Case) -> None:
    case.check(RULE)


def test_the_finding_shows_the_statement() -> None:
    (finding,) = stated("", NC, allow("s3:GetObject"), allow(["*", "s3:*"])).check(RULE).findings
    assert finding.annotation == "Statement 2 of v1 allows every action on every resource"
    (evidence,) = finding.evidence
    assert (evidence.path, evidence.value) == (
        "versions[v1].document.Statement[1]",
        {"Action": ("*", "s3:*"), "Resource": ("*",)},
    )


def test_a_document_that_cannot_be_read_is_told_why() -> None:
    (finding,) = judged("", UNKNOWN, document=document({"Effect": "Allow"})).check(RULE).findings
    assert finding.annotation == (
        "Undecided: the document of version v1 cannot be read: statement 1 needs one of Action and NotAction"
    )


def test_a_policy_that_is_unknown_in_part_is_judged_by_what_is_known() -> None:
    partly = replace(policy("P", document=ADMIN), description=None)
    snapshot = account(policies=[with_gaps(partly, {"description": WITHHELD, "attachment_count": WITHHELD})])
    Case("", snapshot, {"P": NC}).check(RULE)
