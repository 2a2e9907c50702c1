"""The trend as a page: its charts, what it says in words, and that it needs nothing else."""

import json
import re
from pathlib import Path

import pytest
from browser import Opened
from conftest import Run
from msgspec.structs import replace
from nights import BOB, EVE, FIXED, MFA, added, night, people
from outline import shared_names, skipped_levels
from playwright.sync_api import Browser
from rule_parameters import configured

from auditor.testing import console_user

GROUPS = "iam-user-group-membership-check"
HOSTILE = '<img src=x onerror="alert(1)">\u202e'


@pytest.fixture
def history(folder: Path) -> Path:
    """Return the working folder with a history of seven days: one has no run, one is incomplete, a rule is new."""
    unread = console_user("bob", mfa=True, groups=["A"], unknown=["credentials"])
    snapshots = [people(EVE, FIXED), people(BOB, EVE), people(unread), None, people(FIXED), people(BOB), people(BOB)]
    for day, snapshot in enumerate(snapshots):
        if snapshot is not None:
            rules = [configured(MFA), configured(GROUPS)] if day > 4 else [configured(MFA)]
            added(folder / "h.db", night(day, snapshot, rules))
    (folder / "iam-audit.toml").write_text("[sla]\nmedium = 1\n")
    return folder


def page_of(folder: Path, run: Run, *options: str) -> str:
    result = run("history", "trend", "--history", "h.db", "-o", "trend.html", *options)
    assert (result.code, result.out, result.err) == (0, "", "Wrote trend.html.\n")
    return (folder / "trend.html").read_text("utf-8")


def rows(text: str) -> list[list[str]]:
    """Return the cells of the table of days."""
    table = text[text.index('<table class="days">') :]
    body = table[table.index("<tbody>") : table.index("</tbody>")]
    return [re.findall(r"<t[dh][^>]*>([^<]*)</t[dh]>", row) for row in body.split("</tr>")[:-1]]


def test_the_table_has_the_numbers_of_the_charts(history: Path, run: Run) -> None:
    text = page_of(history, run)
    trend = json.loads(run("history", "trend", "--history", "h.db", "--format", "json").out)
    shown = rows(text)
    assert [row[0] for row in shown] == [day["date"] for day in trend["days"]]
    for row, day in zip(shown, trend["days"], strict=True):
        if day["accounts"]:
            counts = [*day["open"].values(), sum(day["open"].values()), day["suppressed"], day["not_seen"]]
            assert row[3:] == [str(each) for each in (*counts, day["began"], day["reopened"], day["resolved"])]
        else:
            assert row[1:] == ["no run: nothing is known of this day"]
    assert "<title>2026-11-25: 2 open (2 MEDIUM), 1 new, 0 resolved</title>" in text


def test_each_landmark_has_a_name_of_its_own(history: Path, run: Run) -> None:
    page = page_of(history, run)
    assert (shared_names(page), skipped_levels(page)) == ([], [])


def test_gaps_incomplete_days_and_changes_are_drawn(history: Path, run: Run) -> None:
    text = page_of(history, run)
    assert text.count('<rect class="gap" x="21.429%" y="0" width="7.143%"') == 3  # two charts and the strip of runs
    assert '<path data-of="incomplete" d="M2,0h1v1h-1z"></path>' in text
    assert '<path data-of="whole" d="M0,0h2v1h-2zM4,0h3v1h-3z"></path>' in text
    assert text.count('<line class="mark" x1="35.714%"') == 2
    assert "Rule iam-user-group-membership-check is only in the new report" in text
    # Two units high: one open, two, one not seen, nothing known, none, one, one.
    assert '<path class="shape" data-of="MEDIUM" d="M0,2V1h1V0h1V2h-1V2h-1zM5,2V1h1V1h1V2h-1V2h-1z"></path>' in text
    assert '<path class="shape" data-of="not_seen" d="M2,2V1h1V2h-1z"></path>' in text


def test_the_sla_and_the_time_to_remediate_are_shown(history: Path, run: Run) -> None:
    text = " ".join(page_of(history, run).split())
    assert '<rect data-of="late" x="0" y="0" width="1" height="1">' in text
    assert ", SLA 1 day</li>" in text
    document = json.loads(run("history", "trend", "--history", "h.db", "--format", "json").out)
    assert document["sla"] == [{"severity": "MEDIUM", "days": 1, "within": 0, "late": 1, "overdue": 0}]
    table = run("history", "trend", "--history", "h.db").out
    assert table.endswith(
        "SLA:\n  severity  days allowed  remediated in time  later  overdue now\n"
        "  MEDIUM               1                   0      1            0\n"
    )
    without = page_of(history, run, "--no-config")
    assert "No SLA is set" in without


def test_a_page_says_what_it_was_narrowed_to(history: Path, run: Run) -> None:
    assert f"<dt>Only findings of</dt><dd>{GROUPS}</dd>" in page_of(history, run, "--rule", GROUPS)
    assert "There is no run in this period." in page_of(history, run, "--since", "2027-01-01")


def test_the_same_history_gives_the_same_bytes_and_nothing_is_markup(history: Path, run: Run) -> None:
    renamed = replace(configured(MFA), config_rule_name=HOSTILE)
    added(history / "h.db", night(9, people(BOB), [renamed]))
    text = page_of(history, run)
    assert page_of(history, run) == text
    assert "<img" not in text
    assert "\u202e" not in text
    assert "<script" not in text
    assert "&lt;img src=x" in text


def test_markdown_holds_the_days_and_nothing_is_markup(history: Path, run: Run) -> None:
    renamed = replace(configured(MFA), config_rule_name="a|b`<script>")
    added(history / "h.db", night(9, people(BOB), [renamed]))
    out = run("history", "trend", "--history", "h.db", "--format", "markdown").out
    assert out.startswith("# IAM findings over time\n\n1 account, 2026-11-24 to 2026-12-03 (days in UTC)\n")
    assert "| 2026-11-27 | 0/1 |  |  |  |  |  |  |  |  |  |  | no run |" in out
    assert "\n- ``2026-12-03 account 111122223333: " in out
    run("history", "trend", "--history", "h.db", "-o", "trend.md")
    assert (history / "trend.md").read_text("utf-8") == out


def test_a_file_may_not_be_the_history_or_of_another_format(history: Path, run: Run) -> None:
    result = run("history", "trend", "--history", "h.db", "-o", "trend.csv")
    assert (result.code, "End the name in .json, .md or .html" in result.err) == (2, True)
    (history / "h.db").rename(history / "h.json")
    result = run("history", "trend", "--history", "h.json", "-o", "h.json")
    assert (result.code, "h.json" in result.err) == (2, True)


@pytest.mark.parametrize("options", [{}, {"color_scheme": "dark"}, {"forced_colors": "active"}])
def test_a_browser_shows_it_at_any_width_and_asks_for_nothing(
    history: Path, run: Run, browser: Browser, options: dict[str, str]
) -> None:
    page_of(history, run)
    shown = Opened(browser, history / "trend.html", viewport={"width": 360, "height": 800}, **options)
    page = shown.page
    assert (shown.requests, shown.complaints) == ([shown.url], [])
    assert page.evaluate("document.documentElement.scrollWidth") == 360
    colours = page.evaluate("""() => [...document.querySelectorAll('.keys rect[data-of]')].slice(0, 4).map(
        (each) => getComputedStyle(each).fill)""")
    ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert len({*colours, ground}) == 5
    drawn = page.locator("path[data-of=MEDIUM]").first
    assert drawn.evaluate("(path) => getComputedStyle(path).fill") == colours[2]
    page.close()
