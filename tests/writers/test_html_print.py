"""The HTML report on paper: what is open on the screen, with a word on what is left out."""

import re
from pathlib import Path

import pytest
from browser import Opened, names
from conftest import Open
from html_reports import MFA, OWN_POLICIES, many, mixed, written
from playwright.sync_api import Browser, Page, expect


@pytest.fixture(scope="module")
def of_5000_users(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("printed") / "report.html"
    path.write_bytes(written(many(5_000)))
    return path


def printed_pages(page: Page) -> int:
    return len(re.findall(rb"/Type\s*/Page\b", page.pdf(format="A4")))


def print_begins(page: Page) -> None:
    page.emulate_media(media="print")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")


def test_a_report_on_5000_users_is_a_few_pages(browser: Browser, of_5000_users: Path) -> None:
    page = Opened(browser, of_5000_users).page
    expect(page.locator("html")).to_have_attribute("data-ready", "true")
    assert printed_pages(page) <= 12
    page.get_by_label("Findings a page").select_option("250")
    assert printed_pages(page) <= 30
    page.close()


def test_what_is_left_out_is_said_and_comes_back_afterwards(opened: Open) -> None:
    page = opened(many(40)).page
    print_begins(page)
    words = "50 are printed and 70 left out: narrow or turn the list to print others, or download it as CSV"
    assert page.locator("#status").inner_text() == f"120 findings. {words}"
    assert len(names(page)) == 50
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert page.locator("#status").inner_text() == "120 findings"


def test_a_list_that_is_printed_whole_leaves_nothing_out(opened: Open) -> None:
    page = opened(many(40), fragment=f"#rule={OWN_POLICIES}").page
    print_begins(page)
    assert page.locator("#status").inner_text() == f"40 of 120 findings: rule {OWN_POLICIES}"


def test_a_finding_opened_on_another_page_of_the_list_is_printed(opened: Open) -> None:
    page = opened(many(40), fragment="#sort=name").page
    page.locator(".finding button").first.click()
    page.get_by_role("button", name="Next").click()
    page.get_by_role("button", name="Next").click()
    print_begins(page)
    assert len(names(page)) == 1 + 20
    assert page.locator(".detail").count() == 1


def test_all_findings_of_a_page_open_and_close_together(opened: Open) -> None:
    page = opened(mixed()).page
    page.get_by_role("button", name="Open all on this page").click()
    assert page.locator(".detail").count() == 15
    page.get_by_role("button", name="Close all on this page").click()
    assert page.locator(".detail").count() == 0
    expect(page.get_by_role("button", name="Open all on this page")).to_be_focused()


def test_what_is_folded_stays_so_and_says_so(opened: Open) -> None:
    page = opened(many(3)).page
    page.emulate_media(media="print")
    section = page.locator("#completeness")
    told = "getComputedStyle(summary, '::after').content"
    summary = section.locator("summary")
    assert not section.locator("table").first.is_visible()
    assert "left out of the print" in summary.evaluate(f"(summary) => {told}")
    summary.evaluate("(summary) => summary.click()")
    assert section.locator("table").first.is_visible()
    assert summary.evaluate(f"(summary) => {told}") == "none"


def test_the_pages_of_rules_with_nothing_to_do_are_left_out(opened: Open) -> None:
    page = opened(many(3)).page
    left_out = page.locator("#pages .printed")
    assert not left_out.is_visible()
    assert page.locator("article:visible").count() == 3
    page.emulate_media(media="print")
    kinds = page.locator(".rules tbody .badge").all_inner_texts()
    settled = kinds.count("COMPLIANT")
    assert page.locator("article:visible").count() == 3 - settled
    assert f"the pages of {settled} rule" in left_out.inner_text()


def test_controls_are_not_printed(opened: Open) -> None:
    page = opened(mixed(), fragment=f"#rule={MFA}").page
    page.emulate_media(media="print")
    for hidden in (".controls", "#pager", ".masthead nav", "#csv", "#open", ".finding button"):
        assert not page.locator(hidden).first.is_visible()
