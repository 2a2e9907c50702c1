"""Cases of access-keys-rotated."""

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from auditor.account.credentials import ReportMarker
from auditor.account.unknown import with_gaps
from auditor.errors import UsageError
from auditor.judging.parameters import GivenBy, configure
from auditor.judging.rule import ComplianceType
from auditor.testing import ACCOUNT_ID, NA, NC, REPORT_TIME, UNKNOWN, WITHHELD, C, Case, account, credentials, user
from rules.access_keys_rotated import RULE

DAYS_90 = {"maxAccessKeyAge": "90"}
SECOND = timedelta(seconds=1)


def ago(days: int, more: timedelta = timedelta(0)) -> str:
    """Return the time so long before the credential report, as the report writes it."""
    return f"{REPORT_TIME - timedelta(days=days) - more:%Y-%m-%dT%H:%M:%SZ}"


def keys(one: str | None = None, two: str | None = None, **columns: Any) -> Any:
    """Return a row with active keys of these rotation times."""
    rotations = {"access_key_1": one, "access_key_2": two}
    given = {f"{key}_last_rotated": time for key, time in rotations.items() if time is not None}
    active: dict[str, Any] = {f"{key}_active": True for key, time in rotations.items() if time is not None}
    return credentials(**{**given, **active, **columns})


def judged(name: str, expected: ComplianceType, row: Any, days: object = "90", **account_facts: Any) -> Case:
    """Return the case of one user with this row of the credential report."""
    snapshot = account(users=[user("alice", credentials=row)], **account_facts)
    return Case(name, snapshot, {"alice": expected}, {"maxAccessKeyAge": days})


CASES = [
    judged("no keys", C, credentials()),
    judged("a key of today", C, keys(ago(0))),
    judged("a key exactly as old as allowed", C, keys(ago(90))),
    judged("a key a second older than allowed", NC, keys(ago(90, SECOND))),
    judged("a key a second younger than allowed", C, keys(ago(90, -SECOND))),
    judged("the second key is the older one, since slots are in the order of key ids", NC, keys(ago(1), ago(400))),
    judged("the first key is the older one", NC, keys(ago(400), ago(1))),
    judged("two young keys", C, keys(ago(1), ago(2))),
    judged("an inactive key keeps the time of its rotation", C, keys(ago(400), access_key_1_active=False)),
    judged("an inactive old key beside an active young one", C, keys(ago(400), ago(1), access_key_1_active=False)),
    judged("an inactive key without a time", C, keys(access_key_1_active=False, access_key_1_last_rotated="N/A")),
    judged("an inactive key without a time in moto's words", C, keys(access_key_1_last_rotated="not_supported")),
    judged("another limit, kept", C, keys(ago(30)), days="30"),
    judged("another limit, passed by a second", NC, keys(ago(30, SECOND)), days=30),
    judged("one day, the least limit", NC, keys(ago(1, SECOND)), days="1"),
    judged("a time with an offset of hours", NC, keys("2026-08-26T02:59:59+02:00")),
    judged("a time with an offset of hours, exactly as old as allowed", C, keys("2026-08-26T03:00:00+02:00")),
    judged("a time with a zero offset", C, keys("2026-08-26T01:00:00+00:00")),
    judged("a time with fractions", NC, keys("2026-08-26T00:59:59.999Z")),
    judged("a time after the report", UNKNOWN, keys(ago(0, -SECOND))),
    judged("a time in 2099", UNKNOWN, keys("2099-01-01T00:00:00Z")),
    judged("a time in 2099 beside an old key", NC, keys("2099-01-01T00:00:00Z", ago(400))),
    judged("a time in 2099 of an inactive key", C, keys("2099-01-01T00:00:00Z", access_key_1_active=False)),
    judged("a time without zone", UNKNOWN, keys("2026-08-26T01:00:00")),
    judged("a date without time", UNKNOWN, keys("2020-01-01")),
    judged("no time at all", UNKNOWN, keys("soon")),
    judged("an active key that was never rotated", UNKNOWN, keys("N/A")),
    judged("an active key of which nothing is known", UNKNOWN, keys("no_information")),
    judged("an active key of which nothing is known, in capitals", UNKNOWN, keys("NO_INFORMATION")),
    judged("a key state that does not apply", UNKNOWN, keys(access_key_2_active=ReportMarker.NOT_APPLICABLE)),
    judged("a key state that is not supported", UNKNOWN, keys(access_key_1_active=ReportMarker.NOT_SUPPORTED)),
    judged(
        "a key state that is not supported beside an old key",
        NC,
        keys(None, ago(400), access_key_1_active=ReportMarker.NOT_SUPPORTED),
    ),
    judged("a blank key state", UNKNOWN, with_gaps(keys(ago(1)), {"access_key_2_active": WITHHELD})),
    judged("a blank key state beside an old key", NC, with_gaps(keys(ago(91)), {"access_key_2_active": WITHHELD})),
    judged("a blank time of an active key", UNKNOWN, with_gaps(keys(ago(1)), {"access_key_1_last_rotated": WITHHELD})),
    judged(
        "a blank time of an inactive key",
        C,
        with_gaps(keys(access_key_1_active=False), {"access_key_1_last_rotated": WITHHELD}),
    ),
    judged("further keys that are not described", UNKNOWN, keys(ago(1), additional_credentials_info="1 more key")),
    judged("further keys beside an old one", NC, keys(ago(400), additional_credentials_info="1 more key")),
    judged("no further keys, in the report's words", C, keys(ago(1), additional_credentials_info="N/A")),
    judged("a report of unknown time", UNKNOWN, keys(ago(400)), report_generated_at=None),
    judged("a report of unknown time of a user without keys", C, credentials(), report_generated_at=None),
    Case(
        "AWS's printed default of 90 days",
        account(users=[user("alice", credentials=keys(ago(90)))]),
        {"alice": C},
    ),
    Case(
        "AWS's printed default, passed by a second",
        account(users=[user("alice", credentials=keys(ago(90, SECOND)))]),
        {"alice": NC},
    ),
    Case(
        "a user that the report does not list",
        account(users=[user("alice", unknown=["credentials"])]),
        {"alice": UNKNOWN},
        DAYS_90,
    ),
    Case("no users, since root is never judged", account(root_credentials=keys(ago(400))), {ACCOUNT_ID: NA}, DAYS_90),
    Case("users unknown", account(unknown=["users"]), {ACCOUNT_ID: UNKNOWN}, DAYS_90),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_case(case: Case) -> None:
    case.check(RULE)


def finding(row: Any) -> Any:
    return judged("", NC, row).check(RULE).findings[0]


def test_the_finding_names_each_key_that_is_too_old_and_the_report() -> None:
    found = finding(keys(ago(400).replace("Z", "+00:00"), ago(91)))
    assert found.annotation == (
        "Not rotated for more than 90 days: access_key_1 since 2025-10-20T01:00:00Z, access_key_2 since "
        "2026-08-25T01:00:00Z"
    )
    assert [(fact.path, fact.value) for fact in found.evidence] == [
        ("credentials.access_key_1_last_rotated", "2025-10-20T01:00:00+00:00"),
        ("credentials.access_key_2_last_rotated", "2026-08-25T01:00:00Z"),
    ]


def test_the_longest_annotation_is_not_cut() -> None:
    zone = timezone(timedelta(hours=-11, minutes=-30))
    long = datetime(2020, 1, 1, 0, 0, 0, 123456, zone).isoformat()
    assert not finding(keys(long, long)).annotation.endswith("…")


@pytest.mark.parametrize("time", ["2099-01-01T00:00:00Z", "2099-01-01T02:00:00+02:00", "9999-12-31T23:59:59-12:00"])
def test_what_is_in_the_future_is_said_as_the_report_says_it(time: str) -> None:
    (found,) = judged("", UNKNOWN, keys(time)).check(RULE).findings
    assert found.annotation == (f"Undecided: access_key_1_last_rotated is later than the credential report: {time}")


@pytest.mark.parametrize("days", ["0", "36501", "-1", "1.5", "ninety", "90 days"])
def test_a_limit_out_of_range_is_refused(days: str) -> None:
    with pytest.raises(UsageError, match=r"access-keys-rotated\.maxAccessKeyAge"):
        configure(RULE, {"maxAccessKeyAge": days})


@pytest.mark.parametrize("days", ["1", "36500", " 90 "])
def test_the_ends_of_the_range_are_accepted(days: str) -> None:
    parameters: Any = configure(RULE, {"maxAccessKeyAge": days}).parameters
    assert parameters.maxAccessKeyAge == int(days)


def test_a_pack_must_give_the_limit() -> None:
    with pytest.raises(UsageError, match=r"access-keys-rotated\.maxAccessKeyAge is required"):
        configure(RULE, {}, origin=GivenBy.PACK)
