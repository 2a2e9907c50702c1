"""Cases of mfa-enabled-for-iam-console-access."""

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
    console_user,
    credentials,
    user,
)
from rules.mfa_enabled_for_iam_console_access import RULE

ALICE, DEVICE = f"arn:aws:iam::{ACCOUNT_ID}:user/alice", f"arn:aws:iam::{ACCOUNT_ID}:mfa/alice"


def alice(name: str, expected: ComplianceType, **columns: Any) -> Case:
    """Return the case of one user whose row of the credential report holds `columns`."""
    return Case(name, account(users=[user("alice", credentials=credentials(**columns))]), {"alice": expected})


def blank(column: str, **columns: Any) -> Any:
    """Return a row in which one column is blank."""
    return with_gaps(credentials(**columns), {column: WITHHELD})


def asked(*, password: bool, mfa: bool) -> Verified:
    return Verified(CAPTURED_AT, password_enabled=password, mfa_active=mfa)


CASES = [
    alice("a password and MFA", C, password_enabled=True, mfa_active=True),
    alice("a password without MFA", NC, password_enabled=True, mfa_active=False),
    alice("keys only", C, password_enabled=False, mfa_active=False, access_key_1_active=True),
    alice("MFA without a password", C, password_enabled=False, mfa_active=True),
    alice(
        "a password that was never used",
        NC,
        password_enabled=True,
        mfa_active=False,
        password_last_used=ReportMarker.NO_INFORMATION.value,
    ),
    alice(
        "a password that is to be reset at the first sign-in",
        NC,
        password_enabled=True,
        mfa_active=False,
        password_last_changed="2025-01-01T00:00:00Z",
    ),
    alice("a password state that is not supported", UNKNOWN, password_enabled=ReportMarker.NOT_SUPPORTED),
    alice("an MFA state that does not apply", UNKNOWN, password_enabled=True, mfa_active=ReportMarker.NOT_APPLICABLE),
    alice("no password, whatever MFA says", C, password_enabled=False, mfa_active=ReportMarker.NOT_APPLICABLE),
    Case(
        "a blank password column",
        account(users=[user("alice", credentials=blank("password_enabled", mfa_active=False))]),
        {"alice": UNKNOWN},
    ),
    Case(
        "a blank MFA column",
        account(users=[user("alice", credentials=blank("mfa_active", password_enabled=True))]),
        {"alice": UNKNOWN},
    ),
    Case(
        "a blank MFA column of a user without password",
        account(users=[user("alice", credentials=blank("mfa_active", password_enabled=False))]),
        {"alice": C},
    ),
    Case(
        "a user that the report does not list",
        account(users=[user("alice", unknown=["credentials"])]),
        {"alice": UNKNOWN},
    ),
    Case(
        "a virtual device that is not assigned",
        account(users=[console_user("alice", mfa=False)], devices=[VirtualMfaDevice(f"{DEVICE}0", None, None)]),
        {"alice": NC},
    ),
    Case(
        "several devices are one finding",
        account(
            users=[console_user("alice", mfa=True)],
            devices=[VirtualMfaDevice(f"{DEVICE}{number}", ALICE, REPORT_TIME) for number in range(3)],
        ),
        {"alice": C},
    ),
    Case(
        "a user made a minute before the report has no grace",
        account(users=[console_user("alice", mfa=False, created_at=REPORT_TIME - timedelta(minutes=1))]),
        {"alice": NC},
    ),
    Case(
        "AWS, asked again, knows better than the report",
        account(users=[console_user("alice", mfa=False, verified=asked(password=True, mfa=True))]),
        {"alice": C},
    ),
    Case(
        "AWS, asked again, knows a password that the report lacks",
        account(users=[user("alice", verified=asked(password=True, mfa=False))]),
        {"alice": NC},
    ),
    Case(
        "not in the report, and AWS was asked",
        account(
            users=[
                user(
                    "alice",
                    unknown=["credentials"],
                    verified=asked(password=False, mfa=False),
                )
            ]
        ),
        {"alice": C},
    ),
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
