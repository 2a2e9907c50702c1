"""`history verify`: whatever is removed from a history or changed in it is named."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from conftest import Run
from nights import BOB, EVE, FIXED, added, night, people

from auditor.report.report import dump_report

NIGHTS = [night(day, each) for day, each in enumerate((people(BOB, EVE), people(BOB), people(FIXED), people(BOB)))]


@pytest.fixture
def history(folder: Path) -> Path:
    """Return the working folder with a history of four nights and their reports."""
    added(folder / "h.db", *NIGHTS)
    for day, report in enumerate(NIGHTS):
        (folder / f"{day}.json").write_bytes(dump_report(report))
    return folder


def changed(folder: Path, statement: str) -> None:
    with closing(sqlite3.connect(folder / "h.db")) as connection:
        connection.execute(statement)
        connection.commit()


def test_an_untouched_history_agrees(history: Path, run: Run) -> None:
    result = run("history", "verify", "--history", "h.db", *(f"{day}.json" for day in range(4)))
    assert result.code == 0, result
    first, last = result.out.splitlines()
    assert first.startswith("Account 111122223333: 4 runs, the newest of 2026-11-27T03:00:00Z, link ")
    assert last == "Verified 4 runs: everything agrees"
    assert history.is_dir()


@pytest.mark.parametrize(
    ("statement", "text"),
    [
        pytest.param(
            "DELETE FROM run WHERE captured_at LIKE '2026-11-25%'",
            "Fault in account 111122223333, 2026-11-26T03:00:00Z: its previous report is missing or different",
            id="a run in the middle is removed",
        ),
        pytest.param(
            "DELETE FROM run WHERE captured_at LIKE '2026-11-24%'",
            "Fault in account 111122223333, 2026-11-25T03:00:00Z: its previous report is missing or different",
            id="the first run is removed",
        ),
        pytest.param(
            "UPDATE run SET report_sha256 = replace(report_sha256, 'a', 'b') WHERE captured_at LIKE '2026-11-27%'",
            "Fault in account 111122223333, 2026-11-27T03:00:00Z: its link does not match its row",
            id="the newest report is another one",
        ),
        pytest.param(
            "UPDATE run SET complete = 0 WHERE captured_at LIKE '2026-11-25%'",
            "2026-11-25T03:00:00Z: its link does not match its row: the run was changed",
            id="a run is said to be incomplete",
        ),
        pytest.param(
            "UPDATE observation SET compliance_type = 'COMPLIANT' WHERE resource_id LIKE 'AIDA657665%'",
            "2026-11-24T03:00:00Z: its verdicts were changed",
            id="a verdict is changed",
        ),
        pytest.param(
            "UPDATE state SET value = 'resolved' WHERE last IS NULL",
            "mfa-enabled-for-iam-console-access on bob has states that differ from what its verdicts prove",
            id="an open finding is called resolved",
        ),
        pytest.param(
            "DELETE FROM state WHERE item = 2",
            "mfa-enabled-for-iam-console-access on eve has states that differ from what its verdicts prove",
            id="what is known of a finding is removed",
        ),
        pytest.param(
            "UPDATE document SET content = replace(content, 'complete', 'partial')||' '",
            "is changed",
            id="a text is changed",
        ),
        pytest.param(
            'UPDATE tally SET content = replace(content, \'"began":{\', \'"began":{"20000":7,\')',
            "the counts for its trend do not match its states",
            id="a count is changed",
        ),
        pytest.param("DELETE FROM tally", "the counts for its trend do not match", id="the counts are removed"),
        pytest.param("DELETE FROM rule", "points to a row that is not there", id="a row is missing"),
        pytest.param("UPDATE resource SET type = 'AWS::IAM::Thing'", "AWS::IAM::Thing", id="a type is unknown"),
    ],
)
def test_what_was_changed_is_named(history: Path, run: Run, statement: str, text: str) -> None:
    changed(history, statement)
    result = run("history", "verify", "--history", "h.db")
    assert (result.code, text in result.out) == (1, True), result.out


@pytest.mark.parametrize("narrowed", [[], ["--rule", "mfa-enabled-for-iam-console-access"]])
def test_a_trend_without_its_counts_is_no_trend(history: Path, run: Run, narrowed: list[str]) -> None:
    changed(history, "DELETE FROM tally WHERE rule = 'mfa-enabled-for-iam-console-access' OR rule = ''")
    result = run("history", "trend", "--history", "h.db", *narrowed)
    assert (result.code, "the tally of account 111122223333" in result.err, result.out) == (3, True, "")


def test_the_removal_of_the_newest_run_is_told_by_a_noted_head(history: Path, run: Run) -> None:
    head = json.loads(run("history", "verify", "--history", "h.db", "--format", "json").out)["heads"][0]["link"]
    assert run("history", "verify", "--history", "h.db", "--head", head).code == 0
    added(history / "h.db", night(7, people(EVE)))
    assert run("history", "verify", "--history", "h.db", "--head", head).code == 0
    changed(history, f"DELETE FROM run WHERE time >= (SELECT time FROM run WHERE link = '{head}')")
    result = run("history", "verify", "--history", "h.db", "--head", head)
    assert (result.code, f"no run has the link {head}" in result.out) == (1, True)


def test_a_changed_or_missing_report_file_is_named(history: Path, run: Run) -> None:
    (history / "1.json").write_bytes((history / "1.json").read_bytes() + b"\n")
    result = run("history", "verify", "--history", "h.db", "0.json", "1.json", "2.json")
    assert result.code == 1
    assert "1.json is not in the history, or was changed" in result.out
    for day in (25, 27):
        assert f"2026-11-{day}T03:00:00Z: its report was not given, or was changed" in result.out
    assert "2026-11-24" not in result.out


def test_a_history_that_is_not_there_is_named(folder: Path, run: Run) -> None:
    result = run("history", "verify", "--history", "none.db")
    assert (result.code, "there is no history at none.db" in result.err) == (3, True)
    assert not (folder / "none.db").exists()
