"""`history add` and `scan --history`: reports go into one file, each once, and what cannot be kept is refused."""

import gzip
import os
import sqlite3
from contextlib import closing
from hashlib import sha256
from pathlib import Path
from threading import Thread

import pytest
from conftest import Run
from msgspec.structs import replace
from nights import BOB, EVE, FIXED, MFA, night, people
from two_reports import report_of

from auditor.account.model import Snapshot
from auditor.account.snapshot import dump
from auditor.history.schema import VERSION
from auditor.report.narrowing import narrowed
from auditor.report.report import Report, dump_report


@pytest.fixture
def nights(folder: Path) -> Path:
    """Return the working folder with the reports of four nights."""
    for day, snapshot in enumerate((people(BOB, EVE), people(BOB), people(FIXED), people(BOB))):
        stored(folder, str(day), night(day, snapshot))
    return folder


def stored(folder: Path, name: str, report: Report) -> str:
    (folder / f"{name}.json").write_bytes(dump_report(report))
    return f"{name}.json"


def of_account(number: str | None) -> Snapshot:
    snapshot = people()
    return replace(snapshot, account=replace(snapshot.account, id=number))


def rows(folder: Path, query: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(folder / "h.db")) as connection:
        return connection.execute(query).fetchall()


def test_reports_are_added_once_in_the_order_of_their_times(nights: Path, run: Run) -> None:
    result = run("history", "add", "--history", "h.db", "3.json", "0.json")
    assert (result.code, result.out, result.err) == (0, "", "Added 2 reports to h.db\n")
    result = run("history", "add", "--history", "h.db", "2.json", "0.json", "1.json")
    text = "Added 2 reports to h.db; 2 of them before newer ones, whose links were made again; 1 already there\n"
    assert (result.code, result.err) == (0, text)
    times = [row[0] for row in rows(nights, "SELECT captured_at FROM run ORDER BY time")]
    assert times == [f"2026-11-{day}T03:00:00Z" for day in (24, 25, 26, 27)]


def test_each_run_names_the_digest_of_the_report_before(nights: Path, run: Run) -> None:
    run("history", "add", "--history", "h.db", "2.json", "0.json")
    run("history", "add", "--history", "h.db", "1.json")
    digests = [sha256((nights / f"{day}.json").read_bytes()).hexdigest() for day in (0, 1, 2)]
    chain = rows(nights, "SELECT previous_sha256, report_sha256 FROM run ORDER BY time")
    assert chain == [(None, digests[0]), (digests[0], digests[1]), (digests[1], digests[2])]


def test_a_night_without_changes_adds_no_row_but_its_own(nights: Path, run: Run) -> None:
    run("history", "add", "--history", "h.db", "1.json")
    before = rows(nights, "SELECT * FROM verdict UNION ALL SELECT * FROM state")
    stored(nights, "same", night(5, people(BOB)))
    run("history", "add", "--history", "h.db", "same.json")
    assert rows(nights, "SELECT * FROM verdict UNION ALL SELECT * FROM state") == before
    assert rows(nights, "SELECT count(*) FROM run") == [(2,)]


def test_a_scan_adds_its_report_with_the_digest_of_the_file(folder: Path, run: Run) -> None:
    (folder / "snapshot.json").write_bytes(dump(people(BOB)))
    options = ("scan", "--snapshot", "snapshot.json", "--rule", MFA, "--history", "h.db")
    result = run(*options, "-o", "r.json")
    assert (result.code, result.err.splitlines()[0]) == (0, "Added the report to h.db")
    assert rows(folder, "SELECT report_sha256 FROM run") == [(sha256((folder / "r.json").read_bytes()).hexdigest(),)]
    assert "The report was in h.db already" in run(*options).err
    assert "1 already there" in run("history", "add", "--history", "h.db", "r.json").err


def test_no_report_replaces_the_history(folder: Path, run: Run) -> None:
    result = run("scan", "--snapshot", "s.json", "--history", "h.json", "-o", "h.json")
    assert result.code == 2, result
    assert "-o h.json" in result.err
    assert not (folder / "h.json").exists()


def test_a_report_of_the_same_time_that_says_something_else_is_refused(nights: Path, run: Run) -> None:
    run("history", "add", "--history", "h.db", "0.json")
    other = stored(nights, "other", night(0, people(EVE)))
    result = run("history", "add", "--history", "h.db", other)
    assert result.code == 3
    assert "other.json differs from the report of account 111122223333 captured at 2026-11-24T03:00:00Z" in result.err
    assert rows(nights, "SELECT count(*) FROM run") == [(1,)]


@pytest.mark.parametrize(
    ("report", "text"),
    [
        pytest.param(narrowed(night(0, people(BOB, EVE)), (), ["bob"]), "lists 1 of 2 findings", id="narrowed"),
        pytest.param(
            report_of(replace(people(BOB), captured_at=None)),
            "does not say when the account was captured",
            id="no time",
        ),
        pytest.param(night(0, of_account(None)), "does not name its account", id="no account"),
    ],
)
def test_what_cannot_be_placed_is_refused_with_its_file(folder: Path, run: Run, report: Report, text: str) -> None:
    stored(folder, "r", report)
    result = run("history", "add", "--history", "h.db", "r.json")
    assert result.code == 3
    assert f"r.json {text}" in result.err
    assert "Added 0 reports" in result.err


def test_what_was_added_before_a_bad_report_stays_and_is_counted(nights: Path, run: Run) -> None:
    (nights / "9.json").write_bytes((nights / "3.json").read_bytes().replace(b'"COMPLIANT":0', b'"COMPLIANT":1'))
    result = run("history", "add", "--history", "h.db", "0.json", "1.json", "9.json")
    assert (result.code, result.err.splitlines()[0]) == (3, "Added 2 reports to h.db")
    assert rows(nights, "SELECT count(*) FROM run") == [(2,)]


def test_the_file_is_marked_and_has_a_version(nights: Path, run: Run) -> None:
    run("history", "add", "--history", "h.db", "0.json")
    assert rows(nights, "PRAGMA user_version") == [(VERSION,)]
    assert rows(nights, "PRAGMA journal_mode") == [("wal",)]
    assert rows(nights, "PRAGMA foreign_key_check") == []


def test_a_pipe_is_read_once(nights: Path, run: Run) -> None:
    os.mkfifo(nights / "pipe")
    writer = Thread(target=(nights / "pipe").write_bytes, args=[(nights / "0.json").read_bytes()], daemon=True)
    writer.start()
    result = run("history", "add", "--history", "h.db", "pipe")
    writer.join(5)
    assert (result.code, result.err.splitlines()[0]) == (0, "Added 1 report to h.db")


def test_two_accounts_share_a_history(nights: Path, run: Run) -> None:
    stored(nights, "other", night(0, of_account("444455556666")))
    assert run("history", "add", "--history", "h.db", "0.json", "other.json").code == 0
    assert rows(nights, "SELECT number FROM account ORDER BY 1") == [("111122223333",), ("444455556666",)]


def test_packed_reports_are_read_and_a_missing_one_is_named(nights: Path, run: Run) -> None:
    (nights / "0.json.gz").write_bytes(gzip.compress((nights / "0.json").read_bytes()))
    assert run("history", "add", "--history", "h.db", "0.json.gz").code == 0
    assert "1 already there" in run("history", "add", "--history", "h.db", "0.json").err
    result = run("history", "add", "--history", "h.db", "absent.json")
    assert (result.code, "absent.json cannot be read" in result.err) == (3, True)
