"""The front page of an organization in a browser: searched, filtered, sorted, unfolded, by mouse and by keyboard."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from browser import Opened
from hostile import STORABLE
from organizations import Size, grown, hostile, run_of, to_page, written
from outline import shared_names, skipped_levels
from playwright.sync_api import Browser, Page, expect

from auditor.judging.rule import OPEN, Severity
from auditor.organization.places import places
from auditor.organization.records import State
from auditor.organization.report import AccountResult, OrganizationReport
from auditor.organization.worst import worst_first
from auditor.writers.visible import visible

EVERY_STATE = {**dict.fromkeys(State, 1.0), State.AUDITED: 40}
Show = Callable[..., Page]
CELLS = r"(rows) => rows.map((row) => [...row.cells].map((cell) => cell.textContent.replace(/\s+/g, '')))"


@pytest.fixture(scope="module")
def report() -> OrganizationReport:
    return grown(Size(accounts=500, units=80, causes=150), EVERY_STATE)


@pytest.fixture(scope="module")
def file(report: OrganizationReport, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("organization") / "report.html"
    path.write_bytes(written(report, ".html", to_page))
    return path


@pytest.fixture
def show(browser: Browser, file: Path) -> Iterator[Show]:
    """Return a function that opens the page; at the end it has asked for nothing and complained of nothing."""
    pages: list[Opened] = []

    def opened(fragment: str = "", *, ready: bool = True, **options: Any) -> Page:
        pages.append(Opened(browser, file, fragment=fragment, **options))
        if ready:
            expect(pages[-1].page.locator("html")).to_have_attribute("data-ready", "true")
        return pages[-1].page

    yield opened
    for each in pages:
        assert each.complaints == []
        assert [url.partition("#")[0] for url in each.requests] == [each.url]
        each.page.close()


def test_each_landmark_has_a_name_of_its_own(file: Path) -> None:
    page = file.read_text()
    assert (shared_names(page), skipped_levels(page)) == ([], [])


def ids(page: Page) -> list[str]:
    return page.locator("#rows .number").all_inner_texts()


def status(page: Page) -> str:
    return page.locator("#status").inner_text()


def failing(account: AccountResult, severity: Severity) -> int:
    return account.by_severity.get(severity, {}).get(OPEN[0], 0)


def test_500_accounts_take_a_quarter_of_a_megabyte(file: Path) -> None:
    assert file.stat().st_size < 250_000


def test_without_javascript_what_matters_stands(report: OrganizationReport, show: Show) -> None:
    page = show(ready=False, java_script_enabled=False)
    assert "active accounts audited; " in page.locator(".denominator").inner_text()
    assert page.locator(".of-accounts tbody tr").count() == len(report.rules)
    assert page.locator("#unaudited tbody tr").count() >= len(State) - 4
    assert "iam:GenerateCredentialReport" in page.locator("#unaudited").inner_text()
    assert "needs JavaScript" in page.locator("#accounts").inner_text()
    assert ids(page) == [account.id for account in worst_first(report.accounts)[:25]]
    assert page.locator("#causes-rows tr").count() == 20


@pytest.mark.parametrize("rows", ["#rows tr", "#places-rows tr", "#causes-rows tr"])
def test_the_script_shows_what_stood_there_before(show: Show, rows: str) -> None:
    before = show(ready=False, java_script_enabled=False).locator(rows).evaluate_all(CELLS)
    assert show().locator(rows).evaluate_all(CELLS) == before


def test_words_find_an_account_by_whatever_is_listed_of_it(report: OrganizationReport, show: Show) -> None:
    page = show()
    denied = next(each for each in report.accounts if each.error and each.error.code == "ExpiredToken")
    search = page.get_by_label("Search accounts")
    for words in (denied.id, denied.name.upper(), f"expiredtoken {denied.name}", f"denied {denied.name}"):
        search.fill(str(words))
        assert ids(page) == [denied.id]
    search.fill("expiredtoken")
    found = [each for each in report.accounts if each.error and each.error.code == "ExpiredToken"]
    assert status(page) == f'{len(found)} of 500 accounts: search "expiredtoken"'
    search.fill("no such thing")
    assert ids(page) == []
    page.get_by_role("button", name="Reset").click()
    assert status(page) == "500 accounts"


@pytest.mark.parametrize("state", [State.DENIED, State.PARTIAL, State.SUSPENDED, State.NOT_ASKED])
def test_a_count_of_the_legend_leads_to_its_accounts(report: OrganizationReport, show: Show, state: State) -> None:
    page = show()
    page.locator(f'.legend [data-state="{state}"] a').click()
    expect(page.locator("#status")).to_contain_text(f"state {state.text}")
    count = sum(account.state is state for account in report.accounts)
    assert status(page).startswith(f"{count} of 500 accounts")


def test_units_and_rules_filter_together_as_a_cell_counts(report: OrganizationReport, show: Show) -> None:
    page = show()
    tree = places(report)
    unit = next(place for place in tree if place.depth == 1)
    cell = page.locator("#places-rows tr").nth(1).locator(".heat").first
    cell.hover()
    rule = report.rules[0].config_rule_name
    counted = f"{unit.failing[0]} of {unit.active} active accounts NON_COMPLIANT"
    expect(page.locator("#places-status")).to_contain_text(f"{unit.ou}, {rule}: {counted}")
    cell.click()
    expect(page.locator("#status")).to_contain_text(f"in {unit.ou}; open findings of {rule}")
    page.get_by_label("Accounts a page").select_option("250")
    shown = page.locator("#rows tr").evaluate_all("(rows) => rows.map((row) => row.cells[10].textContent)")
    assert sum(not text.endswith("undecided") or "+" in text for text in shown) == unit.failing[0]


def test_places_unfold_and_are_walked_through_by_keyboard(report: OrganizationReport, show: Show) -> None:
    page = show()
    rows = page.locator("#places-rows tr")
    before = rows.count()
    button = rows.nth(1).get_by_role("button")
    below = places(report)[1].inside
    unfolds = button.get_attribute("aria-expanded") == "false"
    button.focus()
    page.keyboard.press("Enter")
    assert (rows.count() > before) == unfolds
    expect(rows.nth(1).get_by_role("button")).to_be_focused()
    assert below > 0
    rows.first.locator(".heat").first.focus()
    for key in ("ArrowRight", "ArrowDown", "ArrowLeft", "ArrowLeft"):
        page.keyboard.press(key)
    expect(rows.nth(1).locator(".heat").first).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#status")).to_contain_text("open findings of")


@pytest.mark.parametrize("severity", list(Severity))
def test_accounts_are_sorted_by_findings(report: OrganizationReport, show: Show, severity: Severity) -> None:
    page = show()
    button = page.locator(f'#accounts [data-sort="{severity.lower()}"] button')
    button.click()
    judged = [failing(account, severity) for account in report.accounts if account.judged]
    column = f"(rows) => rows.map((row) => row.cells[{5 + list(Severity).index(severity)}].textContent)"
    expected = [f"{count:,}" for count in sorted(judged, reverse=True)[:25]]
    assert page.locator("#rows tr").evaluate_all(column) == expected
    expect(page.locator(f'#accounts [data-sort="{severity.lower()}"]')).to_have_attribute("aria-sort", "ascending")


def test_accounts_are_sorted_by_name_and_back(report: OrganizationReport, show: Show) -> None:
    page = show()
    names = sorted(account.name for account in report.accounts)
    for expected in (names[:25], names[:-26:-1]):
        page.locator('#accounts [data-sort="name"] button').click()
        assert page.locator("#rows .name").all_inner_texts() == expected


def test_the_view_is_in_the_address(report: OrganizationReport, show: Show) -> None:
    page = show("#state=denied&sort=-name&search=accessdenied")
    names = sorted(each.name for each in report.accounts if each.error and each.error.code == "AccessDenied")
    assert page.locator("#rows .name").all_inner_texts() == names[:-26:-1]
    page.get_by_label("Search accounts").fill("payments")
    page.wait_for_url("**search=payments**")


def test_an_account_says_what_happened_and_what_to_grant(report: OrganizationReport, show: Show) -> None:
    denied = next(each for each in report.accounts if each.error and each.error.code == "AccessDenied")
    page = show(f"#search={denied.id}")
    page.locator("#rows button").click()
    text = page.locator(".detail").inner_text()
    assert denied.error is not None
    for expected in (denied.error.message, denied.error.remedy, "sts:AssumeRole", "No rule judged this account"):
        assert expected in text
    cells = page.locator("#rows tr").first.locator(".count").all_inner_texts()
    assert cells == ["?"] * 5


def test_an_account_shows_its_rules_and_links_to_its_page(report: OrganizationReport, show: Show) -> None:
    worst = worst_first(report.accounts)[0]
    page = show(f"#search={worst.id}")
    page.locator("#rows button").click()
    rows = page.locator(".open tbody tr").evaluate_all(CELLS)
    severities = {rule.config_rule_name: rule.severity for rule in report.rules}
    assert {row[0]: row[1:] for row in rows} == {
        name: [severities[name], *(f"{count:,}" for count in counts)] for name, counts in worst.rules.items()
    }
    for link in (page.locator("#rows .name a"), page.locator(".detail a")):
        assert link.get_attribute("href") == f"./account={worst.id}/report.html"
    lost = next(each for each in report.accounts if each.state is State.LOST)
    page.get_by_label("Search accounts").fill(str(lost.id))
    assert page.locator("#rows a").count() == 0


def test_causes_are_searched_and_turned(report: OrganizationReport, show: Show) -> None:
    page = show()
    assert len(report.causes) > 40
    page.locator("#causes-next").click()
    names = page.locator("#causes-rows tr td:nth-child(4) bdi").all_inner_texts()
    assert names == [cause.resource_name for cause in report.causes[20:40]]
    last = report.causes[-1]
    page.get_by_label("Search causes").fill(f"{last.config_rule_name} {last.resource_name}")
    rows = page.locator("#causes-rows tr")
    assert rows.count() == 1
    assert rows.locator("td").first.inner_text() == f"{last.accounts}"
    rows.locator("summary").click()
    assert rows.locator("li a").all_inner_texts() == list(last.first)


def test_it_is_used_by_keyboard_alone(show: Show) -> None:
    page = show()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")  # "Skip to the accounts"
    page.keyboard.press("Tab")
    expect(page.get_by_label("Search accounts")).to_be_focused()
    page.keyboard.type("timed out")
    assert "of 500 accounts" in status(page)
    first = page.locator("#rows button").first
    while not first.evaluate("(button) => button === document.activeElement"):
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert "Give more time" in page.locator(".detail").inner_text()


@pytest.mark.parametrize("width", [360, 700, 900, 1_000, 1_200])
def test_nothing_is_wider_than_the_window(show: Show, width: int) -> None:
    page = show("#state=denied", viewport={"width": width, "height": 740})
    page.locator("#rows button").first.click()
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_forced_colours_keep_the_meaning_of_bars(show: Show) -> None:
    page = show(forced_colors="active")
    fills = "(parts) => parts.map((part) => getComputedStyle(part).fill)"
    colours = page.locator(".coverage-of-accounts rect").evaluate_all(fills)
    assert len(set(colours)) == 3


def test_on_paper_the_controls_are_gone_and_the_tables_stand(show: Show) -> None:
    page = show()
    page.emulate_media(media="print")
    for hidden in (".controls", ".pager", ".masthead nav", "#places-status", "#rows button", ".fold"):
        assert not page.locator(hidden).first.is_visible()
    for kept in (".denominator", ".matrix", ".unaudited", ".accounts"):
        assert page.locator(kept).first.is_visible()
    assert "accounts" in status(page)


@pytest.mark.parametrize(
    "states",
    [(), (State.DENIED, State.LOST), (State.AUDITED,), (State.SUSPENDED,)],
    ids=lambda states: str(len(states)),
)
def test_little_is_shown_too(browser: Browser, tmp_path: Path, states: tuple[State, ...]) -> None:
    path = tmp_path / "little.html"
    path.write_bytes(written(run_of(*states), ".html"))
    shown = Opened(browser, path)
    expect(shown.page.locator("html")).to_have_attribute("data-ready", "true")
    assert len(ids(shown.page)) == len(states)
    assert "?" in shown.page.locator("#rows").inner_text() or State.DENIED not in states
    assert shown.complaints == []
    shown.page.close()


def test_hostile_names_are_text(browser: Browser, tmp_path: Path) -> None:
    path = tmp_path / "hostile.html"
    path.write_bytes(written(hostile(list(STORABLE.values())), ".html", to_page))
    shown = Opened(browser, path, fragment="#size=250")
    page = shown.page
    expect(page.locator("html")).to_have_attribute("data-ready", "true")
    page.evaluate("document.querySelectorAll('#rows button').forEach((button) => button.click())")
    page.evaluate("document.querySelectorAll('details').forEach((each) => (each.open = true))")
    page.evaluate("document.querySelectorAll('tr:nth-child(-n + 2) .heat').forEach((each) => each.focus())")
    assert set(page.locator("#rows .name").all_text_contents()) == {visible(text) for text in STORABLE.values()}
    assert page.evaluate("window.ran") is None
    assert (shown.requests, shown.complaints) == ([shown.url], [])
    hrefs = page.locator("a[href]").evaluate_all("(links) => links.map((link) => link.getAttribute('href'))")
    assert {href[:2] for href in hrefs} <= {"#", "./", *(href[:2] for href in hrefs if href.startswith("#"))}
    page.close()
