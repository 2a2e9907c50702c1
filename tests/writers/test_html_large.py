"""The HTML report of 120,000 findings: one small file that is searched, paged, printed, and used by keyboard."""

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from browser import Opened, names
from conftest import Open
from grown_account import Size, grown
from html_reports import MFA, mixed, report_of, written
from playwright.sync_api import Browser, Page, expect

from auditor.report.report import Report, ReportWarning


@pytest.fixture(scope="module")
def report() -> Report:
    return report_of(grown(Size(users=40_000, groups=300, roles=0, policies=0)))


@pytest.fixture(scope="module")
def file(report: Report, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("large") / "report.html"
    path.write_bytes(written(report))
    return path


@pytest.fixture
def page(browser: Browser, file: Path) -> Iterator[Page]:
    shown = Opened(browser, file)
    expect(shown.page.locator("html")).to_have_attribute("data-ready", "true")
    yield shown.page
    assert shown.complaints == []
    shown.page.close()


def status(page: Page) -> str:
    return page.locator("#status").inner_text()


def test_the_file_stays_under_three_megabytes(report: Report, file: Path) -> None:
    assert len(report.findings) > 120_000
    assert file.stat().st_size < 3_000_000


def test_a_word_finds_a_user_among_all(report: Report, page: Page) -> None:
    user = report.findings[-1]
    page.get_by_label("Search").fill(str(user.resource_id))
    assert names(page) == [user.resource_name] * 3
    page.get_by_label("Search").fill("no such thing")
    assert names(page) == []
    page.get_by_role("button", name="Reset").click()
    assert status(page) == f"{len(report.findings):,} findings"


def test_it_is_used_by_keyboard_alone(report: Report, page: Page) -> None:
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")  # "Skip to the findings"
    page.keyboard.press("Tab")
    expect(page.get_by_label("Search")).to_be_focused()
    page.keyboard.type("svc- console")
    assert f"of {len(report.findings):,} findings" in status(page)
    expect(page.get_by_label("Search")).to_be_focused()
    first = page.locator(".finding button").first
    while not first.evaluate("(button) => button === document.activeElement"):
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert "Evidence" in page.locator(".detail").inner_text()
    page.get_by_role("button", name="Next").focus()
    page.keyboard.press("Enter")
    assert page.locator("#position").inner_text().startswith("Page 2 of ")
    expect(page.get_by_role("button", name="Next")).to_be_focused()


def test_without_javascript_the_summary_stands(report: Report, browser: Browser, file: Path) -> None:
    shown = Opened(browser, file, java_script_enabled=False)
    counts = [int(text.replace(",", "")) for text in shown.page.locator(".legend dd").all_inner_texts()]
    assert sum(counts) == len(report.findings)
    assert "needs JavaScript" in shown.page.locator("#findings").inner_text()
    shown.page.close()


def warned(*warnings: ReportWarning) -> Report:
    return msgspec.structs.replace(mixed(), warnings=warnings)


def test_what_is_said_of_many_resources_is_said_once(opened: Open) -> None:
    failures = (ReportWarning("rule-error", MFA, f"user-{number}", "The rule failed") for number in range(40_000))
    other = ReportWarning("note", None, None, "Something else")
    rows = opened(warned(*failures, other)).page.locator("#warnings tbody tr")
    first, second = rows.all_text_contents()
    assert "user-0user-1" in first
    assert "user-9and 39,990 more" in first
    assert "Something else" in second


def test_a_flood_of_different_warnings_is_cut_and_says_so(opened: Open) -> None:
    page = opened(warned(*(ReportWarning("note", MFA, "bob", f"{number}") for number in range(1_200)))).page
    assert page.locator("#warnings tbody tr").count() == 1_000
    expect(page.locator("#warnings .notice")).to_contain_text("first 1,000 of 1,200 rows")
