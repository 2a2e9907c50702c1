"""Cases of iam-user-unused-credentials-check."""

from datetime import timedelta
from typing import Any

import pytest

from auditor.account.credentials import ReportMarker
from auditor.account.unknown import with_gaps
from auditor.errors import UsageError
from auditor.judging.parameters import GivenBy, configure
from auditor.judging.rule import ComplianceType
from auditor.testing import ACCOUNT_ID, NA, NC, REPORT_TIME, UNKNOWN, WITHHELD, C, Case, account, credentials, user
from rules.iam_user_unused_credentials_check import RULE

SECOND = timedelta(seconds=1)
NO_INFORMATION = ReportMarker.NO_INFORMATION.value


def before(days: int, more: timedelta = timedelta(0)) -> Any:
    """Return the time so long before the credential report."""
    return REPORT_TIME - timedelta(days=days) - more


def ago(days: int, more: timedelta = timedelta(0)) -> str:
    """Return the time so long before the credential report, as the report writes it."""
    return f"{before(days, more):%Y-%m-%dT%H:%M:%SZ}"


def password(used: str, changed: str = "N/A", **columns: Any) -> Any:
    """Return a row with a password."""
    values = {"password_enabled": True, "password_last_used": used, "password_last_changed": changed}
    return credentials(**{**values, **columns})


def key(used: str, rotated: str = "N/A", number: int = 1, **columns: Any) -> Any:
    """Return a row with one active key."""
    name = f"access_key_{number}"
    values = {f"{name}_active": True, f"{name}_last_used_date": used, f"{name}_last_rotated": rotated}
    return credentials(**{**values, **columns})


def judged(name: str, expected: ComplianceType, row: Any, days: object = "90", **fields: Any) -> Case:
    """Return the case of one user with this row of the credential report."""
    created = {"created_at": fields.pop("created_at")} if "created_at" in fields else {}
    snapshot = account(users=[user("alice", credentials=row, **created)], **fields)
    return Case(name, snapshot, {"alice": expected}, {"maxCredentialUsageAge": days})


CASES = [
    judged("neither password nor key", C, credentials()),
    judged("a password used today", C, password(ago(0))),
    judged("a password used exactly as long ago as allowed", C, password(ago(90))),
    judged("a password used a second longer ago than allowed", NC, password(ago(90, SECOND))),
    judged("a password used long ago and changed today", NC, password(ago(91), ago(0))),
    judged("a password never used, changed exactly as long ago as allowed", C, password(NO_INFORMATION, ago(90))),
    judged("a password never used, changed a second longer ago", NC, password(NO_INFORMATION, ago(90, SECOND))),
    judged("a password never used, in capitals", NC, password("NO_INFORMATION", ago(91))),
    judged("a password never used, in the words for no password", NC, password("N/A", ago(91))),
    judged("a new password that was not used yet", C, password(NO_INFORMATION, ago(1))),
    judged(
        "a password neither used nor changed counts from the user's creation",
        C,
        password(NO_INFORMATION),
        created_at=before(90),
    ),
    judged(
        "a password neither used nor changed, of a user made a second earlier",
        NC,
        password(NO_INFORMATION),
        created_at=before(90, SECOND),
    ),
    judged("a user made after the report", UNKNOWN, password(NO_INFORMATION), created_at=before(0, -SECOND)),
    judged("a password that was taken away", C, password(ago(400), password_enabled=False)),
    judged("a key used exactly as long ago as allowed", C, key(ago(90), ago(400))),
    judged("a key used a second longer ago than allowed", NC, key(ago(90, SECOND), ago(400))),
    judged("a key used long ago and activated today", NC, key(ago(91), ago(0))),
    judged("a key never used, made exactly as long ago as allowed", C, key("N/A", ago(90))),
    judged("a key never used, made a second longer ago", NC, key("N/A", ago(90, SECOND))),
    judged("a key never used, in lower case", NC, key("n/a", ago(91))),
    judged("a key made today", C, key("N/A", ago(0))),
    judged("the second key decides as the first does", NC, key(ago(91), ago(400), number=2)),
    judged("an inactive key", C, key(ago(400), ago(400), access_key_1_active=False)),
    judged(
        "two keys, the second of them idle",
        NC,
        key(ago(1), access_key_2_active=True, access_key_2_last_used_date=ago(91)),
    ),
    judged("a password in use beside an idle key", NC, key(ago(91), password_enabled=True, password_last_used=ago(1))),
    judged("an idle password beside a key in use", NC, key(ago(1), password_enabled=True, password_last_used=ago(91))),
    judged(
        "everything in use",
        C,
        password(
            ago(1),
            access_key_1_active=True,
            access_key_1_last_used_date=ago(2),
            access_key_2_active=True,
            access_key_2_last_used_date=ago(90),
        ),
    ),
    judged("certificates are not looked at", C, credentials(cert_1_active=True, cert_1_last_rotated=ago(4000))),
    judged("45 days, kept", C, password(ago(45)), days="45"),
    judged("45 days, passed by a second", NC, password(ago(45, SECOND)), days="45"),
    judged("a number of YAML", NC, password(ago(30, SECOND)), days=30),
    judged("a use with an offset of hours", NC, password("2026-08-26T02:59:59+02:00")),
    judged("a use exactly as long ago as allowed with an offset", C, password("2026-08-26T03:00:00+02:00")),
    judged("a use after the report", UNKNOWN, password(ago(0, -SECOND))),
    judged("a use in 2099", UNKNOWN, key("2099-12-31T00:00:00Z", ago(400))),
    judged(
        "a use in 2099 beside an idle password",
        NC,
        password(ago(91), access_key_1_active=True, access_key_1_last_used_date="2099-12-31T00:00:00Z"),
    ),
    judged("a use without zone", UNKNOWN, password("2020-01-01T00:00:00", ago(400))),
    judged("a use that is not supported", UNKNOWN, password("not_supported", ago(400))),
    judged("a key neither used nor made", UNKNOWN, key("N/A", "N/A")),
    judged(
        "a password state that is not supported", UNKNOWN, password(ago(1), password_enabled=ReportMarker.NOT_SUPPORTED)
    ),
    judged(
        "a password state that does not apply", UNKNOWN, password(ago(1), password_enabled=ReportMarker.NOT_APPLICABLE)
    ),
    judged(
        "a password state that is not supported beside an idle key",
        NC,
        key(ago(91), password_enabled=ReportMarker.NOT_SUPPORTED),
    ),
    judged("a blank use", UNKNOWN, with_gaps(password(ago(1)), {"password_last_used": WITHHELD})),
    judged("a blank use of no password", C, with_gaps(credentials(), {"password_last_used": WITHHELD})),
    judged(
        "a blank use beside an idle key",
        NC,
        with_gaps(key(ago(91), password_enabled=True), {"password_last_used": WITHHELD}),
    ),
    judged("further keys that are not described", UNKNOWN, key(ago(1), additional_credentials_info="1 more key")),
    judged("further keys beside an idle one", NC, key(ago(91), additional_credentials_info="1 more key")),
    judged("a report of unknown time", UNKNOWN, password(ago(400)), report_generated_at=None),
    judged("a report of unknown time of a user without credentials", C, credentials(), report_generated_at=None),
    Case(
        "AWS's printed default of 90 days",
        account(users=[user("alice", credentials=password(ago(90)))]),
        {"alice": C},
    ),
    Case(
        "AWS's printed default, passed by a second",
        account(users=[user("alice", credentials=password(ago(90, SECOND)))]),
        {"alice": NC},
    ),
    Case(
        "a creation that is not known",
        account(users=[user("alice", credentials=password(NO_INFORMATION), unknown=["created_at"])]),
        {"alice": UNKNOWN},
        {"maxCredentialUsageAge": "90"},
    ),
    Case(
        "a user that the report does not list",
        account(users=[user("alice", unknown=["credentials"])]),
        {"alice": UNKNOWN},
        {"maxCredentialUsageAge": "90"},
    ),
    Case(
        "no users, since root is never judged",
        account(root_credentials=password(ago(400))),
        {ACCOUNT_ID: NA},
        {"maxCredentialUsageAge": "90"},
    ),
    Case("users unknown", account(unknown=["users"]), {ACCOUNT_ID: UNKNOWN}, {"maxCredentialUsageAge": "90"}),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_case(case: Case) -> None:
    case.check(RULE)


ALL_IDLE = password(
    NO_INFORMATION,
    ago(100).replace("Z", "+00:00"),
    access_key_1_active=True,
    access_key_1_last_used_date=ago(91),
    access_key_2_active=True,
    access_key_2_last_rotated=ago(92),
)


def test_the_finding_names_each_idle_credential_its_last_sign_of_life_and_the_report() -> None:
    (found,) = judged("", NC, ALL_IDLE).check(RULE).findings
    assert found.annotation == (
        "Not used for more than 90 days: password since 2026-08-16T01:00:00Z, access_key_1 since 2026-08-25T01:00:00Z, "
        "access_key_2 since 2026-08-24T01:00:00Z"
    )
    assert [fact.path for fact in found.evidence] == [
        "credentials.password_last_changed",
        "credentials.access_key_1_last_used_date",
        "credentials.access_key_2_last_rotated",
    ]


def test_the_creation_of_the_user_is_evidence_where_it_decides() -> None:
    (found,) = judged("", NC, password(NO_INFORMATION), created_at=before(91)).check(RULE).findings
    assert [(fact.path, fact.value, fact.source) for fact in found.evidence] == [
        ("created_at", "2026-08-25T01:00:00Z", "users")
    ]


@pytest.mark.parametrize(
    ("row", "column"),
    [
        (password("2099-01-01T00:00:00Z"), "password_last_used"),
        (key("N/A", "2099-01-01T00:00:00Z"), "access_key_1_last_rotated"),
    ],
)
def test_what_is_in_the_future_is_named_by_its_column(row: Any, column: str) -> None:
    (found,) = judged("", UNKNOWN, row).check(RULE).findings
    assert found.annotation.startswith(f"Undecided: {column} is later than the credential report: 2099")


@pytest.mark.parametrize("days", ["0", "36501", "-1", "1.5", "ninety"])
def test_a_limit_out_of_range_is_refused(days: str) -> None:
    with pytest.raises(UsageError, match=r"iam-user-unused-credentials-check\.maxCredentialUsageAge"):
        configure(RULE, {"maxCredentialUsageAge": days})


def test_a_pack_must_give_the_limit() -> None:
    with pytest.raises(UsageError, match=r"iam-user-unused-credentials-check\.maxCredentialUsageAge is required"):
        configure(RULE, {}, origin=GivenBy.PACK)
