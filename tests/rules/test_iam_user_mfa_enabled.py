"""Cases of iam-user-mfa-enabled."""

from datetime import timedelta
from typing import Any

import pytest

from auditor.account.credentials import ReportMarker
from auditor.account.model import Verified, VirtualMfaDevice
from auditor.account.unknown import with_gaps
from auditor.judging.rule import ComplianceType
from auditor.testing import (
    ACCOUNT_ID,
    CAPTURED_AT,
    NA,
    NC,
    REPORT_TIME,
    UNKNOWN,
    WITHHELD,
    C,
    Case,
    account,
    credentials,
    user,
)
from rules.iam_user_mfa_enabled import RULE

ALICE, DEVICE = f"arn:aws:iam::{ACCOUNT_ID}:user/alice", f"arn:aws:iam::{ACCOUNT_ID}:mfa/alice"


def alice(name: str, expected: ComplianceType, *, devices: Any = (), **columns: Any) -> Case:
    """Return the case of one user whose row of the credential report holds `columns`."""
    return judged(name, expected, credentials(**columns), devices=devices)


def judged(name: str, expected: ComplianceType, row: Any, *, devices: Any = (), **fields: Any) -> Case:
    return Case(name, account(users=[user("alice", credentials=row, **fields)], devices=devices), {"alice": expected})


def asked(*, mfa: bool) -> Verified:
    return Verified(CAPTURED_AT, password_enabled=False, mfa_active=mfa)


CASES = [
    alice("a password and MFA", C, password_enabled=True, mfa_active=True),
    alice("a password without MFA", NC, password_enabled=True, mfa_active=False),
    alice("a user that only programs use must have MFA as well", NC, access_key_1_active=True),
    alice("keys and MFA", C, access_key_1_active=True, mfa_active=True),
    alice("no credentials at all", NC),
    alice("MFA without a password", C, mfa_active=True),
    alice(
        "a password state that is not supported does not matter",
        C,
        password_enabled=ReportMarker.NOT_SUPPORTED,
        mfa_active=True,
    ),
    alice("an MFA state that does not apply", UNKNOWN, mfa_active=ReportMarker.NOT_APPLICABLE),
    alice("an MFA state that is not supported", UNKNOWN, mfa_active=ReportMarker.NOT_SUPPORTED),
    alice("a virtual device that is not assigned", NC, devices=[VirtualMfaDevice(DEVICE, None, None)]),
    alice(
        "devices of several kinds are one finding",
        C,
        mfa_active=True,
        devices=[VirtualMfaDevice(f"{DEVICE}{number}", ALICE, REPORT_TIME) for number in range(3)],
    ),
    judged("a blank MFA column", UNKNOWN, with_gaps(credentials(), {"mfa_active": WITHHELD})),
    judged("a blank password column", C, with_gaps(credentials(mfa_active=True), {"password_enabled": WITHHELD})),
    judged(
        "a user made a minute before the report has no grace",
        NC,
        credentials(),
        created_at=REPORT_TIME - timedelta(minutes=1),
    ),
    judged("AWS, asked again, knows of MFA that the report lacks", C, credentials(), verified=asked(mfa=True)),
    judged("AWS, asked again, knows that MFA is gone", NC, credentials(mfa_active=True), verified=asked(mfa=False)),
    judged("not in the report, and AWS was asked", C, credentials(), verified=asked(mfa=True), unknown=["credentials"]),
    judged("not in the report", UNKNOWN, credentials(), unknown=["credentials"]),
    Case(
        "no users, since root is never judged",
        account(root_credentials=credentials(password_enabled=True)),
        {ACCOUNT_ID: NA},
    ),
    Case("users unknown", account(unknown=["users"]), {ACCOUNT_ID: UNKNOWN}),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_case(case: Case) -> None:
    case.check(RULE)


def test_the_annotation_tells_how_old_the_report_is() -> None:
    (finding,) = CASES[1].check(RULE).findings
    assert finding.annotation == "The user has no MFA"


def test_what_aws_said_when_asked_again_is_told_as_such() -> None:
    case = judged("", C, credentials(), verified=asked(mfa=True))
    (finding,) = case.check(RULE).findings
    assert finding.annotation == "The user has MFA (read from AWS again at 2026-11-24T03:00:00Z)"
    assert [(fact.path, fact.value, fact.source) for fact in finding.evidence] == [
        ("verified.mfa_active", True, "mfa-devices")
    ]
