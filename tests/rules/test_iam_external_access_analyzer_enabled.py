"""Cases of iam-external-access-analyzer-enabled."""

from typing import Any

import pytest

from auditor.account.model import AccessAnalyzer
from auditor.judging.rule import ComplianceType
from auditor.testing import ACCOUNT_ID, NA, NC, UNKNOWN, C, Case, account
from rules.iam_external_access_analyzer_enabled import RULE

PARTLY = {"unknown": ["access_analyzers"]}
ARN = f"arn:aws:access-analyzer:us-east-1:{ACCOUNT_ID}:analyzer/"


def analyzer(kind: str, status: str = "ACTIVE", name: str = "one") -> AccessAnalyzer:
    return AccessAnalyzer(name, f"{ARN}{name}", kind, status)


def judged(name: str, expected: ComplianceType, *analyzers: AccessAnalyzer, **fields: Any) -> Case:
    return Case(name, account(analyzers=analyzers, **fields), {ACCOUNT_ID: expected})


CASES = [
    judged("an active analyzer of the account", C, analyzer("ACCOUNT")),
    judged("the second of two", C, analyzer("ACCOUNT_UNUSED_ACCESS"), analyzer("ACCOUNT", name="two")),
    judged("none", NC),
    *(
        judged(f"an analyzer that is {status}", NC, analyzer("ACCOUNT", status))
        for status in ("CREATING", "DISABLED", "FAILED")
    ),
    *(
        judged(f"an analyzer of type {kind}", NC, analyzer(kind))
        for kind in (
            "ORGANIZATION",
            "ACCOUNT_UNUSED_ACCESS",
            "ORGANIZATION_UNUSED_ACCESS",
            "ACCOUNT_INTERNAL_ACCESS",
            "ORGANIZATION_INTERNAL_ACCESS",
        )
    ),
    judged("not all known, an active one among those known", C, analyzer("ACCOUNT"), **PARTLY),
    judged("not all known, none among those known", UNKNOWN, analyzer("ORGANIZATION"), **PARTLY),
    judged("the Region is not known, and an active one", C, analyzer("ACCOUNT"), region=None),
    judged("the Region is not known, and none", UNKNOWN, region=None),
    judged("aws-cn", NA, partition="aws-cn"),
    judged("aws-us-gov", NA, partition="aws-us-gov"),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_case(case: Case) -> None:
    case.check(RULE)


def said(case: Case) -> str:
    (finding,) = case.check(RULE).findings
    return finding.annotation


def test_the_finding_names_the_region() -> None:
    assert said(judged("", C, analyzer("ACCOUNT"), region="eu-west-1")) == "one analyzes external access in eu-west-1"
    assert said(judged("", NC, region="eu-west-1")) == "eu-west-1 has no active analyzer of type ACCOUNT"
    assert (
        said(judged("", C, analyzer("ACCOUNT"), region=None))
        == "one analyzes external access in a Region that is not known"
    )
    told = said(judged("", UNKNOWN, region=None))
    assert told == "Undecided: the Region that analyzers were read in is not known; for exports --region gives it"


def test_the_finding_names_the_analyzers_that_do_not_count() -> None:
    others = [analyzer("ORGANIZATION"), analyzer("ACCOUNT", "DISABLED", "two")]
    assert said(judged("", NC, *others)) == (
        "us-east-1 has no active analyzer of type ACCOUNT, only one (ORGANIZATION, ACTIVE), two (ACCOUNT, DISABLED)"
    )
