"""The HTML report's page of one resource: all its findings, one click from its name, and the way back."""

import re
from urllib.parse import quote_plus

import pytest
from browser import Opened, names, open_finding
from conftest import Open
from html_reports import MEMBERSHIP, MFA, OWN_POLICIES, mixed, report_of, suppressed
from playwright.sync_api import Page, expect

from auditor.testing import account, group, user

BOB = "arn:aws:iam::111122223333:user/bob"
IS_BOBS = re.compile(re.escape(f"#resource={quote_plus(BOB)}"))


def rules(page: Page) -> set[str]:
    return {text.split("\n")[0] for text in page.locator(".finding td:nth-child(5)").all_inner_texts()}


def of_bob(opened: Open) -> Opened:
    """Open a list that shows one finding on bob, of three, and click his name."""
    shown = opened(mixed(suppressed), fragment=f"#rule={MFA}&show=NON_COMPLIANT")
    shown.page.get_by_role("link", name="bob").click()
    expect(shown.page.get_by_role("heading", name="Everything about bob")).to_be_visible()
    return shown


def test_a_click_on_a_name_shows_every_finding_on_the_resource(opened: Open) -> None:
    shown = of_bob(opened)
    page = shown.page
    assert names(page) == ["bob"] * 3
    assert rules(page) == {MFA, MEMBERSHIP, OWN_POLICIES}
    facts = page.locator("#resource-facts")
    assert facts.locator("dd").all_inner_texts() == ["AWS::IAM::User", BOB, "AIDA626F62"]
    assert facts.locator("li").all_inner_texts() == ["NON_COMPLIANT 3"]
    assert not page.locator("#controls").is_visible()
    expect(page).to_have_url(IS_BOBS)
    assert shown.requests == [shown.url]
    assert shown.complaints == []


def test_each_finding_on_a_resource_says_what_its_rule_asks(opened: Open) -> None:
    page = of_bob(opened).page
    asked = page.locator(".finding", has_text=MFA).locator(".asks").inner_text()
    assert asked == "Checks that MFA is enabled for every IAM user with a console password."


def test_a_name_is_followed_and_left_by_keyboard(opened: Open) -> None:
    page = opened(mixed(), fragment=f"#search=bob&rule={MFA}").page
    page.locator("[data-sort=annotation]").focus()
    page.keyboard.press("Tab")  # the button that opens the finding
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="bob")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#resource-title")).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.locator("#back")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("link", name="bob")).to_be_focused()
    assert page.get_by_label("Search").input_value() == "bob"
    assert len(names(page)) == 1


def test_the_button_leads_back_to_the_list_as_it_was(opened: Open) -> None:
    page = of_bob(opened).page
    page.get_by_role("button", name="Back to the list").click()
    assert names(page) == ["bob", "carol10"]
    assert not page.locator("#resource").is_visible()
    expect(page).to_have_url(re.compile(f"#rule={MFA}&show=NON_COMPLIANT$"))


@pytest.mark.parametrize("fragment", ["", f"#rule={MFA}", "#findings"])
def test_the_browser_leads_back_too(opened: Open, fragment: str) -> None:
    page = opened(mixed(), fragment=fragment).page
    listed = names(page)
    page.get_by_role("link", name="bob").first.click()
    expect(page.locator("#resource")).to_be_visible()
    page.go_back()
    expect(page.locator("#resource")).not_to_be_visible()
    assert names(page) == listed


def test_the_address_of_a_resource_opens_it(opened: Open) -> None:
    page = opened(mixed(), fragment=f"#resource={BOB}&show=COMPLIANT").page
    assert names(page) == ["bob"] * 3  # no filter hides a finding
    expect(page.locator("#resource-title")).to_be_in_viewport()
    page.get_by_role("button", name="Back to the list").click()
    assert page.locator("#status").inner_text() == "15 findings"


def test_an_address_of_a_resource_that_is_not_there_says_so(opened: Open) -> None:
    page = opened(mixed(), fragment="#resource=gone%3Cb%3E").page
    assert page.locator("#resource-title").inner_text() == "Everything about gone<b>"
    assert "no findings on it" in page.locator("#resource-facts").inner_text()
    assert names(page) == []


def test_a_user_and_a_group_of_one_name_are_two_resources(opened: Open) -> None:
    page = opened(report_of(account(users=[user("ops")], groups=[group("ops")]))).page
    page.locator(".finding", has_text="AWS::IAM::Group").get_by_role("link", name="ops").click()
    expect(page.locator("#resource")).to_be_visible()
    assert page.locator(".finding td:nth-child(2)").all_inner_texts() == ["AWS::IAM::Group"]


def test_a_finding_unfolds_there_as_in_the_list(opened: Open) -> None:
    page = of_bob(opened).page
    assert "delete-login-profile" in open_finding(page, "bob", MFA)
    expect(page.locator("#resource")).to_be_visible()
