"""The live collector has a credential report made, waits for it, and joins it with the users."""

from typing import Any

import pytest
from aws_server import Answer, Front, denied, error, report, report_csv, report_row, result, state
from live_account import (
    ACCOUNT,
    NOW,
    FakeClock,
    collected,
    filled,
    gap_codes,
    status,
    verdicts,
)

from auditor.account.credentials import ReportMarker, as_reported
from auditor.account.sources import Source, SourceStatus
from auditor.collectors.live.collection import FIRST_DELAY, LONGEST_DELAY, REPORT_TIMEOUT_S
from auditor.testing import UNKNOWN, C

GENERATE, GET = "GenerateCredentialReport", "GetCredentialReport"
GENERATED = "2026-11-24T02:59:30+00:00"
REPORT = Source.CREDENTIAL_REPORT
MFA = "mfa-enabled-for-iam-console-access"


def rows_of(iam: Any) -> list[str]:
    users = iam.list_users()["Users"]
    return [report_row(user["UserName"], user["Arn"], user["CreateDate"], password=True, mfa=True) for user in users]


def golden(front: Front, *more: str) -> list[str]:
    """Fill the account and let AWS answer with a report of its users and `more` rows; return the rows."""
    rows = rows_of(filled(front))
    front.fixed[GET] = report(report_csv([*rows, *more]), GENERATED)
    front.calls.clear()
    return rows


def times(front: Front, action: str) -> int:
    return front.actions.count(f"iam:{action}")


def test_the_report_is_awaited(aws: Front) -> None:
    golden(aws)
    aws.script(GENERATE, state("STARTED"), *[state("INPROGRESS")] * 4, state("COMPLETE"))
    clock = FakeClock()
    snapshot = collected(clock=clock)
    assert clock.slept == [FIRST_DELAY * 2**n for n in range(5)]
    assert (times(aws, GENERATE), times(aws, GET)) == (6, 1)
    assert status(snapshot, REPORT) is SourceStatus.COMPLETE
    assert snapshot.report_generated_at is not None
    assert snapshot.report_generated_at.isoformat() == GENERATED
    assert verdicts(snapshot)[MFA, "user-1"] is C


def test_root_is_no_user_and_has_a_row_of_its_own(aws: Front) -> None:
    golden(aws)
    snapshot = collected()
    assert snapshot.account.root_credentials.mfa_active is True
    assert as_reported(snapshot.account.root_credentials, "password_next_rotation") == ReportMarker.NOT_SUPPORTED
    assert [user.name for user in snapshot.users] == ["user-0", "user-1"]


@pytest.mark.parametrize("code", ["ReportInProgress", "ReportNotPresent", "ReportExpired", "LimitExceeded"])
def test_a_report_that_is_not_there_yet_is_asked_for_again(aws: Front, code: str) -> None:
    golden(aws)
    aws.fixed[GENERATE] = state("COMPLETE")
    aws.script(GET, error(code, status=410))
    snapshot = collected()
    assert (times(aws, GENERATE), times(aws, GET)) == (2, 2)
    assert status(snapshot, REPORT) is SourceStatus.COMPLETE


def test_a_report_that_never_is_ready_ends_with_a_gap(aws: Front) -> None:
    golden(aws)
    aws.fixed |= {GENERATE: state("INPROGRESS"), GET: error("ReportInProgress", status=404)}
    clock = FakeClock()
    snapshot = collected(clock=clock)
    waited = REPORT_TIMEOUT_S
    assert waited <= sum(clock.slept) <= waited + LONGEST_DELAY
    assert max(clock.slept) == LONGEST_DELAY
    assert gap_codes(snapshot, REPORT) == {"ReportInProgress"}
    assert verdicts(snapshot)[MFA, "user-0"] is UNKNOWN


def test_at_the_limit_of_reports_the_one_that_is_there_is_taken(aws: Front) -> None:
    golden(aws)
    aws.fixed[GENERATE] = error("LimitExceeded", status=409)
    clock = FakeClock()
    snapshot = collected(clock=clock)
    assert sum(clock.slept) >= REPORT_TIMEOUT_S
    assert status(snapshot, REPORT) is SourceStatus.COMPLETE


def test_an_older_report_will_do_if_none_may_be_made(aws: Front) -> None:
    golden(aws)
    aws.fixed[GENERATE] = denied(f"iam:{GENERATE}")
    clock = FakeClock()
    snapshot = collected(clock=clock)
    assert not clock.slept
    assert not gap_codes(snapshot, REPORT)
    assert verdicts(snapshot)[MFA, "user-0"] is C
    detail = next(record.detail for record in snapshot.sources if record.name is REPORT)
    assert detail is not None
    assert "An older report" in detail


def test_a_busy_report_is_awaited_though_none_may_be_made(aws: Front) -> None:
    golden(aws)
    aws.fixed[GENERATE] = denied(f"iam:{GENERATE}")
    aws.script(GET, error("ReportInProgress", status=404))
    assert status(collected(), REPORT) is SourceStatus.COMPLETE
    assert (times(aws, GENERATE), times(aws, GET)) == (1, 2)


@pytest.mark.parametrize("code", ["ReportNotPresent", "ReportExpired"])
def test_without_any_report_the_gap_names_what_would_make_one(aws: Front, code: str) -> None:
    golden(aws)
    aws.fixed |= {GENERATE: denied(f"iam:{GENERATE}"), GET: error(code, status=410)}
    gap = next(gap for gap in collected().gaps if gap.source == REPORT)
    assert (gap.error_code, gap.iam_action) == ("AccessDenied", f"iam:{GENERATE}")


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(report("name,kind\nalice,user", GENERATED), id="other columns"),
        pytest.param(report("", GENERATED), id="empty"),
        pytest.param(report(report_csv([]), "yesterday"), id="no time"),
        pytest.param(result(GET, "<ReportFormat>text/csv</ReportFormat>"), id="no content"),
    ],
)
def test_a_report_that_cannot_be_read_is_a_gap(aws: Front, answer: Answer) -> None:
    golden(aws)
    aws.fixed[GET] = answer
    snapshot = collected()
    assert gap_codes(snapshot, REPORT) == {"UnreadableAnswer"}
    assert verdicts(snapshot)[MFA, "user-0"] is UNKNOWN


def test_a_user_created_since_the_report_is_not_judged_by_it(aws: Front) -> None:
    rows = golden(aws)
    aws.fixed[GET] = report(report_csv(rows[:1]), GENERATED)
    snapshot = collected()
    found = verdicts(snapshot)
    assert found[MFA, "user-0"] is C
    assert found[MFA, "user-1"] is UNKNOWN
    assert gap_codes(snapshot, REPORT) == {"NotInReport"}


def test_a_user_deleted_since_the_report_is_dropped_with_a_notice(aws: Front) -> None:
    golden(aws, report_row("gone", f"{ACCOUNT}:user/gone", NOW, password=True))
    snapshot = collected()
    assert [user.name for user in snapshot.users] == ["user-0", "user-1"]
    assert [(notice.code, notice.resource_name) for notice in snapshot.notices] == [("deleted-user", "gone")]


def test_a_report_of_an_earlier_user_of_the_name_is_not_believed(aws: Front) -> None:
    rows = golden(aws)
    old = report_row("user-1", f"{ACCOUNT}:user/user-1", NOW.replace(year=2020), password=True, mfa=True)
    aws.fixed[GET] = report(report_csv([rows[0], old]), GENERATED)
    snapshot = collected()
    assert verdicts(snapshot)[MFA, "user-1"] is UNKNOWN
    assert gap_codes(snapshot, REPORT) == {"OtherUser"}


def test_names_with_commas_survive(aws: Front) -> None:
    iam = filled(aws)
    iam.create_user(UserName="a,b")
    aws.fixed[GET] = report(report_csv(rows_of(iam)), GENERATED)
    assert verdicts(collected())[MFA, "a,b"] is C
