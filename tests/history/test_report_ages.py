"""`history report`: a stored report with the ages that its findings had when it was made, beside its own bytes."""

import json
from pathlib import Path

import pytest
from browser import Opened
from conftest import Run
from nights import BOB, EVE, FIXED, added, night, people
from playwright.sync_api import Browser

from auditor.report.report import dump_report
from auditor.testing import console_user

MAX = console_user("max", mfa=False, groups=["A"])
UNREAD = console_user("bob", mfa=True, groups=["A"], unknown=["credentials"])
NIGHTS = [people(EVE, FIXED), people(BOB, EVE), people(BOB, EVE, MAX), people(FIXED, EVE, MAX), people(UNREAD, BOB)]


@pytest.fixture
def history(folder: Path) -> Path:
    """Return the working folder with a history of some days, and the report of each."""
    for day, snapshot in enumerate(NIGHTS[:4]):
        report = night(day, snapshot)
        added(folder / "h.db", report)
        (folder / f"{day}.json").write_bytes(dump_report(report))
    return folder


def found(run: Run, name: str, *options: str) -> list[tuple[str, int, bool, bool]]:
    result = run("history", "report", name, "--history", "h.db", "--format", "json", *options)
    assert (result.code, result.err) == (0, "")
    findings = json.loads(result.out)["findings"]
    return [
        (
            each["finding"]["resource_name"],
            each["finding"]["age_days"],
            each["finding"]["at_least"],
            each["new"],
        )
        for each in findings
    ]


def test_ages_are_those_of_the_report_whatever_came_later(history: Path, run: Run) -> None:
    assert found(run, "0.json") == [("eve", 0, True, False)]
    assert found(run, "1.json") == [("bob", 0, False, True), ("eve", 1, True, False)]
    assert found(run, "2.json") == [("bob", 1, False, False), ("eve", 2, True, False), ("max", 0, False, True)]
    assert found(run, "3.json") == [("eve", 3, True, False), ("max", 1, False, False)]
    assert history.is_dir()


def test_what_is_new_since_a_day(history: Path, run: Run) -> None:
    assert [each[3] for each in found(run, "2.json", "--new-since", "2026-11-25")] == [True, False, True]
    assert [each[3] for each in found(run, "2.json", "--new-since", "2026-11-26")] == [False, False, True]
    # What the first run found may have been there before.
    assert [each[3] for each in found(run, "2.json", "--new-since", "2026-11-01")] == [False, False, False]
    text = run("history", "report", "0.json", "--history", "h.db").out
    assert "the history has no earlier run, so it is unknown which are new" in text
    assert history.is_dir()


def test_the_table_marks_what_is_new_and_overdue(history: Path, run: Run) -> None:
    (history / "iam-audit.toml").write_text("[sla]\nmedium = 1\n")
    lines = run("history", "report", "2.json", "--history", "h.db").out.splitlines()
    assert [" ".join(line.split()) for line in lines[2:]] == [
        "MEDIUM 1 day 2026-11-25 mfa-enabled-for-iam-console-access bob",
        "MEDIUM at least 2 days 2026-11-24 mfa-enabled-for-iam-console-access eve overdue since 2026-11-25",
        "MEDIUM 0 days 2026-11-26 new mfa-enabled-for-iam-console-access max",
        "3 findings are not resolved; 1 new since the run of 2026-11-25 03:00Z; 1 overdue by the SLA.",
    ]


def test_the_page_is_the_report_with_ages_and_the_report_stays_as_it_is(
    history: Path, run: Run, browser: Browser
) -> None:
    before = (history / "2.json").read_bytes()
    assert run("history", "report", "2.json", "--history", "h.db", "-o", "{account_id}.html").code == 0
    assert (history / "2.json").read_bytes() == before
    shown = Opened(browser, history / "111122223333.html")
    rows = shown.page.locator(".finding")
    assert rows.filter(has_text="max").first.inner_text().count("new") == 1
    assert "First seen 2026-11-24, at least 2 days" in rows.filter(has_text="eve").first.inner_text()
    assert shown.complaints == []
    assert "1 new since the run of 2026-11-25 03:00Z" in shown.page.locator("header").inner_text()
    shown.page.close()
    assert run("report", "2.json", "-o", "plain.html").code == 0
    assert "First seen 2026" not in (history / "plain.html").read_text("utf-8")


def test_an_undecided_finding_keeps_its_age(history: Path, run: Run) -> None:
    report = night(5, people(UNREAD, EVE))
    added(history / "h.db", night(4, people(BOB, EVE)), report)
    (history / "5.json").write_bytes(dump_report(report))
    out = run("history", "report", "5.json", "--history", "h.db").out
    assert "at least 0 days" in out
    assert "not seen: the finding has INSUFFICIENT_DATA now" in out


def test_a_report_that_the_history_does_not_have_is_refused(history: Path, run: Run) -> None:
    for name, report in (("other.json", night(1, people(MAX))), ("later.json", night(9, people(MAX)))):
        (history / name).write_bytes(dump_report(report))
        result = run("history", "report", name, "--history", "h.db")
        assert (result.code, result.out) == (3, "")
        assert f"{name} is not in the history" in result.err
    result = run("history", "report", "1.json", "--history", "h.db", "-o", "1.json")
    assert (result.code, "1.json" in result.err) == (2, True)
