"""The page of an evidence pack in a browser: it fits, needs nothing but itself, and prints in black on white."""

import zipfile
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from browser import Opened
from msgspec.structs import replace
from nights import MFA, night, people
from playwright.sync_api import Browser
from two_reports import RULES

import auditor
from auditor.account.model import Snapshot
from auditor.judging.suppressions import Suppression
from auditor.testing import console_user

LONG = console_user("a-user-with-a-name-that-is-as-long-as-names-may-be@mail.example.com", mfa=False)
EVE = console_user("eve", mfa=False)
GLASS: dict[str, Any] = {"resource": "eve", "owner": "security-of-the-platform@mail.example.com"}
TICKET = "https://tickets.example.com/browse/SEC-10234-and-more"
UNTIL = date(2027, 1, 1)
ASIDE = [
    Suppression(rule=MFA, reason="break glass", ticket=TICKET, until=UNTIL, **GLASS),
    Suppression(rule="iam-user-mfa-enabled", reason="has no ticket", until=UNTIL, **GLASS),
]


def seen(number: str) -> Snapshot:
    """Return an account of this number with two users."""
    users = (replace(each, arn=f"arn:aws:iam::{number}:user/{each.name}") for each in (LONG, EVE))
    return people(*users, id=number, groups=[])


@cache
def pack() -> auditor.EvidencePack:
    """Return a pack of two accounts, each with a day without a run."""
    accounts = map(seen, ("111122223333", "444455556666"))
    nights = [night(day, each, RULES, suppressions=ASIDE) for each in accounts for day in (0, 1, 3)]
    return auditor.make_evidence(nights, sample=20, seed=1)


@pytest.fixture
def unpacked(tmp_path: Path) -> Path:
    """Return the folder into which the pack was unpacked."""
    with zipfile.ZipFile(auditor.write(pack(), tmp_path / "pack.zip")) as archive:
        archive.extractall(tmp_path)
    return tmp_path


@pytest.mark.parametrize("width", [360, 1200])
def test_the_page_fits_the_window_and_cuts_nothing_off(width: int, browser: Browser, unpacked: Path) -> None:
    page = Opened(browser, unpacked / "index.html", viewport={"width": width, "height": 800}).page
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    cut = (
        "[...document.querySelectorAll('td, dd, th')].filter((cell) => cell.scrollWidth > cell.clientWidth + 1).length"
    )
    assert page.evaluate(cut) == 0
    page.close()


def test_it_opens_from_disk_and_asks_for_nothing(browser: Browser, unpacked: Path) -> None:
    opened = Opened(browser, unpacked / "index.html", java_script_enabled=False)
    assert (opened.requests, opened.complaints) == ([opened.url], [])
    assert opened.page.locator("h1").inner_text() == "IAM audit evidence from 2026-11-24 to 2026-11-27"
    for link in opened.page.locator("main a").all():
        to = link.get_attribute("href") or ""
        assert opened.page.locator(to).count() == 1 if to.startswith("#") else (unpacked / to).is_file()
    opened.page.close()


def test_it_prints_in_black_on_white_without_links_that_paper_cannot_follow(browser: Browser, unpacked: Path) -> None:
    page = Opened(browser, unpacked / "index.html", color_scheme="dark").page
    page.emulate_media(media="print", color_scheme="dark")
    colours = page.locator("td").first.evaluate("(cell) => getComputedStyle(cell).color")
    assert [int(each) < 64 for each in colours.removeprefix("rgb(").rstrip(")").split(",")] == [True] * 3
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") in (
        "rgba(0, 0, 0, 0)",
        "rgb(255, 255, 255)",
    )
    assert page.get_by_text("report", exact=True).first.is_hidden()
    path = pack().index.files[0].path
    assert page.get_by_text(path).is_visible()  # by which a reader of the print finds the file
    page.close()


def test_the_first_screen_has_the_gaps_of_every_account(browser: Browser, unpacked: Path) -> None:
    page = Opened(browser, unpacked / "index.html").page
    rows = [row.locator("td").all_inner_texts() for row in page.locator(".accounts tbody tr").all()]
    assert rows == [["111122223333", "3", "0", "1"], ["444455556666", "3", "0", "1"]]
    page.close()


def test_a_suppression_without_a_ticket_is_shown(browser: Browser, unpacked: Path) -> None:
    page = Opened(browser, unpacked / "index.html").page
    told = page.locator(".exceptions tbody").inner_text()
    assert told.count("has no ticket") == 2
    assert told.count(TICKET) == 2
    page.close()
