"""`history prune`: what old runs said goes, and everything that is shown of findings stays."""

import json
import sqlite3
from contextlib import closing
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from conftest import Run
from hypothesis import given, settings
from hypothesis import strategies as st
from nights import BOB, EVE, FIXED, MEMORY, MFA, added, many_nights, night, night_of, people

from auditor.history import store
from auditor.history.accounts import accounts
from auditor.history.aged import open_findings
from auditor.history.pruning import prune
from auditor.history.sample import sample
from auditor.history.trend import trend
from auditor.history.verification import verified
from auditor.history.wanted import Period, Wanted
from auditor.judging.rule import Severity
from auditor.judging.suppressions import Suppression
from auditor.report.report import Report, dump_report
from auditor.testing import console_user

GONE = console_user("gone", mfa=True, groups=["A"])
SET_ASIDE = Suppression(rule=MFA, resource="gus", reason="a reason of old", owner="o", until=date(2027, 1, 1))
GUS = console_user("gus", mfa=False, groups=["A"])
NIGHTS = [
    night(0, people(BOB, EVE, GONE, GUS), suppressions=[SET_ASIDE]),
    night(1, people(BOB, EVE)),
    night(2, people(FIXED, EVE)),
    night(3, people(FIXED, EVE)),
]
LIMITS = dict.fromkeys(Severity, 1)


@pytest.fixture
def history(folder: Path) -> Path:
    """Return the working folder with a history of four nights and their reports."""
    added(folder / "h.db", *NIGHTS)
    for day, report in enumerate(NIGHTS):
        (folder / f"{day}.json").write_bytes(dump_report(report))
    return folder


def shown(path: Path) -> list[Any]:
    """Return everything that is shown of the findings of a history."""
    with store.reading(str(path)) as connection:
        return [
            open_findings(connection, Wanted(), LIMITS),
            trend(connection, Wanted(), Period(), LIMITS),
            trend(connection, Wanted(severities=["MEDIUM"]), Period(), LIMITS),
            sample(connection, Wanted(), Period(), size=100, seed=1),
        ]


def test_names_and_reasons_of_old_go_and_findings_stay(history: Path, run: Run) -> None:
    before, content = shown(history / "h.db"), (history / "h.db").read_bytes()
    assert b"gone" in content
    assert b"a reason of old" in content
    result = run("history", "prune", "--history", "h.db", "--before", "2026-11-26")
    assert (result.code, result.out) == (0, "")
    assert result.err.startswith("Pruned 2 runs: ")
    assert "1 name of a resource" in result.err
    content = (history / "h.db").read_bytes()
    assert not (history / "h.db-wal").exists() or (history / "h.db-wal").read_bytes() == b""
    assert b"gone" not in content
    assert b"a reason of old" not in content
    assert b"gus" in content  # was NON_COMPLIANT once
    assert shown(history / "h.db") == before


def test_a_trial_says_what_would_go_and_changes_nothing(history: Path, run: Run) -> None:
    with closing(sqlite3.connect(history / "h.db")) as connection:
        before = list(connection.iterdump())
    result = run("history", "prune", "--history", "h.db", "--before", "2026-11-26", "--dry-run")
    assert (result.code, result.err.startswith("Would prune 2 runs: ")) == (0, True)
    assert result.err.endswith("when findings were open, digests and the chain stay. Nothing was changed\n")
    with closing(sqlite3.connect(history / "h.db")) as connection:
        assert list(connection.iterdump()) == before
    really = run("history", "prune", "--history", "h.db", "--before", "2026-11-26")
    assert result.err.removeprefix("Would prune ").split(";")[0] == really.err.removeprefix("Pruned ").split(";")[0]


def test_a_pruned_history_verifies_and_says_so(history: Path, run: Run) -> None:
    run("history", "prune", "--history", "h.db", "--before", "2026-11-26")
    result = run("history", "verify", "--history", "h.db", "2.json", "3.json")
    assert result.code == 0, result
    assert "4 runs, 2 of them pruned, whose verdicts are gone and were not checked" in result.out
    assert run("history", "verify", "--history", "h.db", *(f"{day}.json" for day in range(4))).code == 0
    assert history.is_dir()


@pytest.mark.parametrize(
    ("statement", "text"),
    [
        ("DELETE FROM run WHERE captured_at LIKE '2026-11-25%'", "its previous report is missing or different"),
        ("UPDATE run SET summary = summary || ' ' WHERE pruned", "its link does not match its row"),
        ("UPDATE run SET pruned = 0", "its verdicts were changed"),
        ("DELETE FROM state WHERE value = 'open'", "has states that differ from what its verdicts prove"),
        (
            "DELETE FROM state WHERE item = 1",
            "the tracking of ",
        ),
    ],
)
def test_what_is_changed_after_it_was_pruned_is_named(history: Path, run: Run, statement: str, text: str) -> None:
    run("history", "prune", "--history", "h.db", "--before", "2026-11-26")
    with closing(sqlite3.connect(history / "h.db")) as connection:
        connection.execute(statement)
        connection.commit()
    result = run("history", "verify", "--history", "h.db")
    assert (result.code, text in result.out) == (1, True), result.out


def test_nothing_is_added_before_what_was_pruned(history: Path, run: Run) -> None:
    run("history", "prune", "--history", "h.db", "--before", "2026-11-26")
    assert run("history", "add", "--history", "h.db", "0.json").code == 0  # it is there
    (history / "new.json").write_bytes(dump_report(night(-3, people(BOB))))
    result = run("history", "add", "--history", "h.db", "new.json")
    assert result.code == 3
    assert "the history was pruned up to the run of 2026-11-25T03:00:00Z" in result.err
    assert run("history", "verify", "--history", "h.db").code == 0


def test_the_newest_run_stays_whole(history: Path, run: Run) -> None:
    result = run("history", "prune", "--history", "h.db", "--before", "2099-01-01")
    assert result.err.startswith("Pruned 3 runs: ")
    assert "eve" in run("history", "show", "--history", "h.db").out
    assert run("history", "prune", "--history", "h.db", "--before", "2099-01-01").err.startswith("Pruned 0 runs: ")
    result = run("history", "prune", "--history", "none.db", "--before", "2099-01-01")
    assert (result.code, (history / "none.db").exists()) == (3, False)
    result = run("history", "prune", "--history", "h.db", "--before", "2099-01-01", "--account", "9")
    assert result.code == 2


def test_a_report_of_a_pruned_run_still_has_ages(history: Path, run: Run) -> None:
    before = run("history", "report", "1.json", "--history", "h.db").out
    run("history", "prune", "--history", "h.db", "--before", "2026-11-26")
    assert run("history", "report", "1.json", "--history", "h.db").out == before
    assert history.is_dir()


@given(many_nights(), st.integers(0, 14), st.integers(1, 6))
@settings(deadline=None, max_examples=40)
def test_what_is_shown_is_the_same_as_without_pruning(reports: list[Report], day: int, number: int) -> None:
    with TemporaryDirectory(dir=MEMORY) as folder:
        whole, pruned = Path(folder) / "1.db", Path(folder) / "2.db"
        added(whole, *reports)
        added(pruned, *reports[:number])
        with store.writing(str(pruned)) as connection:
            prune(connection, night_of(day).date())
            assert verified(connection).faults == ()
        added(pruned, *reports[number:])
        with store.writing(str(pruned)) as connection:
            prune(connection, night_of(day).date(), [each.number for each in accounts(connection)])
        assert shown(whole) == shown(pruned)
        with store.reading(str(pruned)) as connection:
            assert verified(connection).faults == ()


def test_what_is_pruned_is_said_as_json(history: Path, run: Run) -> None:
    run("history", "prune", "--history", "h.db", "--before", "2026-11-26")
    document = json.loads(run("history", "verify", "--history", "h.db", "--format", "json").out)
    assert [(each["runs"], each["pruned"]) for each in document["heads"]] == [(4, 2)]
    assert history.is_dir()
