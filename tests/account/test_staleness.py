"""The credential report's age: told with each finding that rests on it, and not believed when it is too great."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import exports_folder as folder_of
import pytest
from conftest import Run
from msgspec.structs import replace
from rule_parameters import configured

from auditor.account.model import Snapshot, Verified
from auditor.account.report_age import credential_report_text, duration, report_age, without_old_report
from auditor.account.snapshot import dump, load
from auditor.account.sources import Source, SourceStatus
from auditor.account.unknown import gaps_of
from auditor.judging.engine import evaluate
from auditor.judging.registry import load_rules
from auditor.judging.rule import ComplianceType
from auditor.report.audit import audit
from auditor.testing import CAPTURED_AT, REPORT_TIME, UNKNOWN, C, account, console_user, credentials, group, user

RULES = [configured(name) for name in load_rules()]
MFA = "mfa-enabled-for-iam-console-access"
TWO_HOURS = timedelta(hours=2)  # from REPORT_TIME to CAPTURED_AT
SECOND = timedelta(seconds=1)
SNAPSHOT = account(
    users=[console_user("alice", mfa=True, groups=["A"]), user("bob", unknown=["credentials"])], groups=[group("A")]
)


def read_at(snapshot: Snapshot, time: Any) -> Snapshot:
    """Return the snapshot with another time at which the credential report was read."""
    sources = tuple(
        replace(source, read_at=time) if source.name is Source.CREDENTIAL_REPORT else source
        for source in snapshot.sources
    )
    return replace(snapshot, sources=sources)


def verdicts(snapshot: Snapshot) -> dict[tuple[str, str], ComplianceType]:
    return {
        (found.config_rule_name, found.resource_name): found.compliance_type
        for found in evaluate(snapshot, RULES).findings
    }


@pytest.mark.parametrize(
    ("time", "words"),
    [
        (REPORT_TIME, "0 min"),
        (REPORT_TIME + timedelta(minutes=119, seconds=59), "119 min"),
        (REPORT_TIME + timedelta(hours=2), "2 h"),
        (REPORT_TIME + timedelta(hours=47, minutes=59), "47 h"),
        (REPORT_TIME + timedelta(hours=48), "2 days"),
        (REPORT_TIME - timedelta(minutes=5), "0 min"),
    ],
)
def test_the_age_is_that_at_reading_in_words(time: Any, words: str) -> None:
    age = report_age(read_at(SNAPSHOT, time))
    assert credential_report_text(REPORT_TIME, age) == f"credential report of 2026-11-24T01:00:00Z, {words} old"


def test_an_age_that_nobody_told_is_unknown() -> None:
    assert report_age(read_at(SNAPSHOT, None)) is None
    assert report_age(read_at(SNAPSHOT, REPORT_TIME - timedelta(minutes=5, seconds=1))) is None  # one time is wrong
    assert credential_report_text(REPORT_TIME, None) == "credential report of 2026-11-24T01:00:00Z, age unknown"
    assert credential_report_text(None, None) == "credential report of unknown time"


def test_the_time_and_age_of_the_report_stand_once_in_the_head_and_behind_no_line() -> None:
    report = audit(SNAPSHOT, RULES, as_of=REPORT_TIME)
    assert (report.snapshot.report_generated_at, report.snapshot.report_age_s) == (REPORT_TIME, 7200)
    assert not [finding for finding in report.findings if "old)" in finding.annotation]


@pytest.mark.parametrize(("max_age", "believed"), [(TWO_HOURS, True), (TWO_HOURS - SECOND, False)])
def test_a_report_older_than_allowed_is_not_believed(max_age: timedelta, believed: bool) -> None:
    before, after = verdicts(SNAPSHOT), verdicts(without_old_report(SNAPSHOT, max_age))
    assert before[MFA, "alice"] is C
    resting = {each.config_rule_name for each in RULES if Source.CREDENTIAL_REPORT in each.rule.reads}
    assert after == {key: before[key] if believed or key[0] not in resting else UNKNOWN for key in before}


def test_what_is_not_believed_says_why_and_when_there_can_be_a_new_report() -> None:
    judged = without_old_report(SNAPSHOT, timedelta(hours=1))
    found = next(
        each
        for each in evaluate(judged, RULES).findings
        if (each.config_rule_name, each.resource_name) == (MFA, "alice")
    )
    assert found.annotation == (
        "The credential report is 2 h old, older than --max-report-age 1 h; "
        "AWS makes a new one from 2026-11-24T05:00:00Z on"
    )
    source = next(each for each in judged.sources if each.name is Source.CREDENTIAL_REPORT)
    assert (source.status, source.detail) == (SourceStatus.PARTIAL, found.annotation)


def test_a_report_of_unknown_age_counts_as_too_old() -> None:
    for unknown in (read_at(SNAPSHOT, None), replace(SNAPSHOT, report_generated_at=None)):
        judged = without_old_report(unknown, timedelta(days=10_000))
        assert verdicts(judged)[MFA, "alice"] is UNKNOWN
        assert judged.gaps[-1].message == (
            "The age of the credential report is unknown; --captured-at TIME sets when it was read"
        )


def test_a_report_of_a_time_after_its_reading_counts_as_too_old() -> None:
    judged = without_old_report(read_at(SNAPSHOT, REPORT_TIME - timedelta(days=300)), timedelta(hours=1))
    assert verdicts(judged)[MFA, "alice"] is UNKNOWN
    assert judged.gaps[-1].message == (
        "The credential report is of 2026-11-24T01:00:00Z, but was read at 2026-01-28T01:00:00Z"
    )


def test_users_that_are_unknown_keep_their_own_reason_and_root_is_unknown_too() -> None:
    judged = without_old_report(SNAPSHOT, SECOND)
    alice, bob = judged.users.known_part
    assert gaps_of(alice)["credentials"] == "credential-report:ReportTooOld"
    assert gaps_of(bob)["credentials"] == "withheld"
    assert "root_credentials" in gaps_of(judged.account)
    assert load(dump(judged), "x") == judged


def test_what_aws_was_asked_about_again_is_not_old() -> None:
    verified = console_user("alice", mfa=False, verified=Verified(CAPTURED_AT, password_enabled=True, mfa_active=True))
    judged = without_old_report(account(users=[verified]), SECOND)
    assert verdicts(judged)[MFA, "alice"] is C


def test_without_any_report_there_is_no_old_one() -> None:
    unread = replace(
        account(users=[user("bob", unknown=["credentials"])], unknown=["root_credentials"]), report_generated_at=None
    )
    sources = tuple(
        replace(source, status=SourceStatus.FAILED) if source.name is Source.CREDENTIAL_REPORT else source
        for source in unread.sources
    )
    assert without_old_report(replace(unread, sources=sources), SECOND).gaps == unread.gaps


def test_an_age_of_columns_that_are_unknown_themselves_stays_partial() -> None:
    row = credentials(password_enabled=True)
    assert without_old_report(account(users=[user("alice", credentials=row)]), SECOND).users.gap is None


def test_durations_are_rounded_down() -> None:
    assert [duration(timedelta(seconds=each)) for each in (0, 59, 60, 7199)] == ["0 min", "0 min", "1 min", "119 min"]


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    path = tmp_path / "snapshot.json"
    path.write_bytes(dump(SNAPSHOT))
    return path


@pytest.mark.parametrize(("hours", "code"), [("2", 4), ("1.99", 4), ("0", 4), (None, 4)])
def test_the_option_takes_hours(run: Run, saved: Path, hours: str | None, code: int) -> None:
    options = [] if hours is None else ["--max-report-age", hours]
    query = f"findings[?config_rule_name=='{MFA}' && resource_name=='alice'].compliance_type | [0]"
    result = run("scan", "--snapshot", saved, "-q", "--query", query, *options)
    believed = hours in (None, "2")
    assert (result.code, json.loads(result.out)) == (code, "COMPLIANT" if believed else "INSUFFICIENT_DATA")


@pytest.mark.parametrize("hours", ["-1", "four", "nan", "inf", "1e300", ""])
def test_a_wrong_number_of_hours_is_refused(run: Run, saved: Path, hours: str) -> None:
    result = run("scan", "--snapshot", saved, "--max-report-age", hours)
    assert (result.code, result.out) == (2, "")
    assert "--max-report-age" in result.err


def test_the_digest_in_the_report_is_that_of_the_snapshot_as_it_was_read(run: Run, saved: Path) -> None:
    options = ["scan", "--snapshot", saved, "-q", "--query", "snapshot.sha256"]
    assert run(*options, "--max-report-age", "1").out == run(*options).out


def test_exports_do_not_tell_how_old_their_report_was_unless_somebody_does(run: Run, tmp_path: Path) -> None:
    exports = folder_of.write(tmp_path / "exports")
    options = ["scan", "--exports", exports, "-q", "--rule", MFA]
    assert "age unknown" in run(*options).out
    assert "--captured-at TIME sets" in " ".join(run(*options, "--max-report-age", "1000").out.split())
    told = [*options, "--captured-at", "2026-11-24T04:30:00Z"]
    assert "3 h old" in run(*told).out
    assert "3 h old" in run(*told, "--max-report-age", "4").out
    assert "older than --max-report-age 3 h" in " ".join(run(*told, "--max-report-age", "3").out.split())


def test_a_report_that_does_not_tell_its_time_is_not_taken_for_new(run: Run, tmp_path: Path) -> None:
    exports = folder_of.write(tmp_path / "exports")
    file = exports / "credential-report.json"
    file.write_text(json.dumps({"Content": json.loads(file.read_text())["Content"]}))
    result = run("scan", "--exports", exports, "-q", "--captured-at", "2026-11-24T04:30:00Z")
    assert "\nCredential report of unknown time\n" in result.out


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--max-snapshot-age", "24", "--as-of", "2026-11-25T03:00:00Z"], None),
        (
            ["--max-snapshot-age", "24", "--as-of", "2026-11-25T03:00:01Z"],
            "is 24 h old, older than --max-snapshot-age 24 h",
        ),
        (
            ["--max-snapshot-age", "0.5", "--as-of", "2026-11-24T04:00:00Z"],
            "is 60 min old, older than --max-snapshot-age 0.5 h",
        ),
        ([], None),
    ],
    ids=["as old as allowed", "a second older", "half an hour", "any age"],
)
def test_a_stored_snapshot_can_be_too_old(run: Run, tmp_path: Path, options: list[str], message: str | None) -> None:
    saved = tmp_path / "s.json"
    saved.write_bytes(dump(SNAPSHOT))
    scan = ["scan", "--snapshot", saved, "--rule", MFA, "--allow-incomplete", "-o", tmp_path / "r.json"]
    result = run(*scan, *options)
    assert result.code == (0 if message is None else 3)
    assert (message or "Exit code 0") in result.err
    assert (tmp_path / "r.json").exists() == (message is None)


def test_an_export_of_an_unknown_time_is_too_old(run: Run, tmp_path: Path) -> None:
    exports = folder_of.write(tmp_path / "exports")
    result = run("scan", "--exports", exports, "--max-snapshot-age", "24")
    assert (result.code, "has no known capture time" in result.err) == (3, True)


def test_the_file_limits_the_age_of_a_snapshot_too(run: Run, tmp_path: Path) -> None:
    (tmp_path / "s.json").write_bytes(dump(SNAPSHOT))
    (tmp_path / "c.toml").write_text("[gate]\nmax_snapshot_age = 24\n")
    scan = ["scan", "--snapshot", tmp_path / "s.json", "--config", tmp_path / "c.toml", "--rule", MFA]
    scan.append("--allow-incomplete")
    assert run(*scan).code == 3
    allowed = run(*scan, "--max-snapshot-age", "100000000")
    assert (allowed.code, "sets --max-snapshot-age" in allowed.out) == (0, False)
