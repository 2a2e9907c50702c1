"""Cases of iam-console-user-no-access-keys."""

from typing import Any

import pytest

from auditor.account.credentials import ReportMarker
from auditor.account.unknown import with_gaps
from auditor.judging.rule import ComplianceType
from auditor.testing import ACCOUNT_ID, NA, NC, UNKNOWN, WITHHELD, C, Case, account, credentials, user
from rules.iam_console_user_no_access_keys import RULE

ROTATED = "2025-01-01T00:00:00+00:00"
INACTIVE: Any = {"countInactive": True}


def alice(name: str, expected: ComplianceType, parameters: Any = None, **columns: Any) -> Case:
    """Return the case of one user whose row of the credential report holds `columns`."""
    row = credentials(**columns)
    return Case(name, account(users=[user("alice", credentials=row)]), {"alice": expected}, parameters=parameters or {})


def blank(column: str, **columns: Any) -> Case:
    """Return the case of a row in which one column is blank."""
    row = with_gaps(credentials(**columns), {column: WITHHELD})
    expected = NC if columns.get("access_key_2_active") else UNKNOWN
    return Case(f"{column} blank, {columns}", account(users=[user("alice", credentials=row)]), {"alice": expected})


CASES = [
    alice("a password and the first key", NC, password_enabled=True, access_key_1_active=True),
    alice("a password and the second key", NC, password_enabled=True, access_key_2_active=True),
    alice("a password and both keys", NC, password_enabled=True, access_key_1_active=True, access_key_2_active=True),
    alice("a password alone", C, password_enabled=True),
    alice("a key alone", C, access_key_1_active=True),
    alice("neither", C),
    alice("an inactive key", C, password_enabled=True, access_key_1_last_rotated=ROTATED),
    alice("an inactive key that counts", NC, INACTIVE, password_enabled=True, access_key_1_last_rotated=ROTATED),
    alice("no key where inactive ones count", C, INACTIVE, password_enabled=True),
    alice("an inactive key without a password", C, INACTIVE, access_key_1_last_rotated=ROTATED),
    alice(
        "a password that the report does not tell",
        UNKNOWN,
        access_key_1_active=True,
        password_enabled=ReportMarker.NOT_SUPPORTED,
    ),
    alice("the same without any key", C, password_enabled=ReportMarker.NOT_SUPPORTED),
    alice("further keys", UNKNOWN, password_enabled=True, additional_credentials_info="2 more"),
    alice(
        "further keys beside an active one",
        NC,
        password_enabled=True,
        access_key_1_active=True,
        additional_credentials_info="2",
    ),
    alice("further keys without a password", C, additional_credentials_info="2 more"),
    blank("access_key_1_active", password_enabled=True),
    blank("access_key_1_active", password_enabled=True, access_key_2_active=True),
    Case("credentials unknown", account(users=[user("alice", unknown=["credentials"])]), {"alice": UNKNOWN}),
    Case("no users, since root is never judged", account(), {ACCOUNT_ID: NA}),
    Case("users unknown", account(unknown=["users"]), {ACCOUNT_ID: UNKNOWN}),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_case(case: Case) -> None:
    case.check(RULE)


def test_the_finding_names_the_key() -> None:
    case = alice("", NC, password_enabled=True, access_key_2_active=True)
    (finding,) = case.check(RULE).findings
    assert finding.annotation.startswith("The user has a console password and access_key_2")
