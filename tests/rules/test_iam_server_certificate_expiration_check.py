"""Cases of iam-server-certificate-expiration-check."""

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from auditor.judging.rule import ComplianceType
from auditor.testing import ACCOUNT_ID, CAPTURED_AT, NA, NC, REPORT_TIME, UNKNOWN, C, Case, account, server_certificate
from rules.iam_server_certificate_expiration_check import RULE

SECOND = timedelta(seconds=1)


def until(name: str, expected: ComplianceType, expires_at: datetime, **fields: Any) -> Case:
    snapshot = account(server_certificates=[server_certificate("web", expires_at=expires_at)], **fields)
    return Case(name, snapshot, {"web": expected})


CASES = [
    until("valid for a year", C, CAPTURED_AT + timedelta(days=365)),
    until("valid for another second", C, CAPTURED_AT + SECOND),
    until("expires in the second of the snapshot", NC, CAPTURED_AT),
    until("expired a second ago", NC, CAPTURED_AT - SECOND),
    until("expired years ago", NC, CAPTURED_AT - timedelta(days=4000)),
    until("valid when the credential report was made, whose time does not matter", NC, REPORT_TIME + SECOND),
    until("the time of the snapshot is not known", UNKNOWN, CAPTURED_AT - SECOND, captured_at=None),
    Case(
        "an expiration that is not known",
        account(server_certificates=[server_certificate("web", unknown=["expires_at"])]),
        {"web": UNKNOWN},
    ),
    Case("no certificates", account(), {ACCOUNT_ID: NA}),
    Case("certificates unknown", account(unknown=["server_certificates"]), {ACCOUNT_ID: UNKNOWN}),
    until("aws-cn, where AWS Config offers the rule", NC, CAPTURED_AT, partition="aws-cn"),
    Case(
        "aws-us-gov",
        account(server_certificates=[server_certificate("web", expires_at=CAPTURED_AT)], partition="aws-us-gov"),
        {ACCOUNT_ID: NA},
    ),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_case(case: Case) -> None:
    case.check(RULE)


def test_the_finding_names_the_expiration() -> None:
    (finding,) = until("", NC, CAPTURED_AT).check(RULE).findings
    assert finding.annotation == "The certificate expired at 2026-11-24T03:00:00Z"
    assert [(fact.path, fact.value) for fact in finding.evidence] == [("expires_at", "2026-11-24T03:00:00Z")]
    elsewhere = CAPTURED_AT.astimezone(timezone(timedelta(hours=9)))
    (finding,) = until("", NC, elsewhere).check(RULE).findings
    assert finding.annotation == "The certificate expired at 2026-11-24T12:00:00+09:00"
    (finding,) = until("", C, CAPTURED_AT + SECOND).check(RULE).findings
    assert finding.annotation == "The certificate expires at 2026-11-24T03:00:01Z"
