"""Cases of iam-customer-policy-blocked-kms-actions."""

from typing import Any

import pytest
from kms_cases import ROWS
from msgspec import Raw

from auditor.judging.parameters import GivenBy
from auditor.judging.rule import ComplianceType
from auditor.testing import ACCOUNT_ID, NA, NC, UNKNOWN, WITHHELD, C, Case, account, allow, document, listing, policy
from rules.iam_customer_policy_blocked_kms_actions import RULE

DECRYPT = document(allow("kms:Decrypt"))
BLOCKED = {"blockedActionsPatterns": "kms:Decrypt"}
EXCLUDE = {**BLOCKED, "excludePermissionBoundaryPolicy": "true"}


def judged(
    name: str, expected: ComplianceType, parameters: Any = None, warning: str | None = None, **fields: Any
) -> Case:
    """Return the case of one policy with these fields."""
    snapshot = account(policies=[policy("P", **fields)])
    return Case(name, snapshot, {"P": expected}, parameters or BLOCKED, warning=warning)


CASES = [
    *(
        judged(
            row.name,
            row.expected,
            {"blockedActionsPatterns": row.blocked},
            row.note,
            document=document(*row.statements),
        )
        for row in ROWS
    ),
    judged("a policy that is attached to nobody counts", NC, document=DECRYPT, attachment_count=0),
    judged("a boundary counts by default", NC, document=DECRYPT, permissions_boundary_usage_count=1),
    judged("a boundary is left out", NA, EXCLUDE, document=DECRYPT, permissions_boundary_usage_count=1),
    judged(
        "a boundary that is attached too is not left out",
        NC,
        EXCLUDE,
        document=DECRYPT,
        permissions_boundary_usage_count=1,
        attachment_count=2,
    ),
    judged(
        "True as Security Hub writes it: whether a boundary is left out",
        UNKNOWN,
        {**BLOCKED, "excludePermissionBoundaryPolicy": "True"},
        "AWS documents that only 'true' in lower case is true",
        document=DECRYPT,
        permissions_boundary_usage_count=1,
    ),
    judged(
        "True as Security Hub writes it: a policy that is no boundary is judged",
        NC,
        {**BLOCKED, "excludePermissionBoundaryPolicy": "True"},
        "AWS documents that only 'true' in lower case is true",
        document=DECRYPT,
    ),
    *(
        judged(
            f"a pattern that meets no action of KMS: {pattern}",
            C,
            {"blockedActionsPatterns": pattern},
            "not a KMS action",
            document=DECRYPT,
        )
        for pattern in ("Decrypt", "kms.Decrypt", "s3:GetObject", "kms:", "kms:Decrypt;kms:Encrypt", "kms: Decrypt")
    ),
    judged("a pattern that meets every action of KMS", NC, {"blockedActionsPatterns": "*"}, document=DECRYPT),
    Case(
        "NotResource of all keys of the account's partition",
        account(
            partition="aws-cn",
            policies=[policy("P", document=document(allow("kms:*", None, NotResource="arn:aws-cn:kms:*")))],
        ),
        {"P": C},
        BLOCKED,
    ),
    judged("a document that cannot be read", UNKNOWN, document=Raw(b'{"Statement":[{"Effect":"allow"}]}')),
    judged("the default version is unknown", UNKNOWN, versions=listing([], WITHHELD)),
    Case("a pack's values", account(policies=[policy("P", document=DECRYPT)]), {"P": NC}, BLOCKED, GivenBy.PACK),
    Case("no policies, since AWS's own are not judged", account(), {ACCOUNT_ID: NA}, BLOCKED),
    Case("policies unknown", account(unknown=["policies"]), {ACCOUNT_ID: UNKNOWN}, BLOCKED),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_case(case: Case) -> None:
    case.check(RULE)


def test_the_finding_shows_the_statement() -> None:
    content = document(allow("s3:GetObject"), allow("kms:*", ["arn:aws:s3:::b", "arn:aws:kms:*:*:*"]))
    (finding,) = judged("", NC, document=content).check(RULE).findings
    assert finding.annotation == "In v1, statement 2 allows kms:Decrypt on arn:aws:kms:*:*:*"
    (evidence,) = finding.evidence
    assert (evidence.path, evidence.value) == ("versions[v1].document.Statement[1]", "arn:aws:kms:*:*:*")
