"""Chromium for tests of the HTML report: the system's own, headless and without background activity; and its pages."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, expect, sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome")
ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@contextmanager
def chromium() -> Iterator[Browser]:
    """Yield a browser; without one, skip the test, or fail if IAM_AUDIT_REQUIRE_CHROMIUM=1 is set."""
    found = next(filter(None, map(shutil.which, NAMES)), None)
    if found is None:
        missing = f"none of {', '.join(NAMES)} is installed"
        if os.environ.get("IAM_AUDIT_REQUIRE_CHROMIUM") == "1":
            pytest.fail(missing)
        pytest.skip(missing)
    expect.set_options(timeout=30_000)  # ms; a busy machine is slow, and waiting costs only a failure
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=list(ARGUMENTS))
        yield browser
        browser.close()


class Opened:
    """Hold a page that shows a file, with its requests and error messages."""

    def __init__(self, browser: Browser, file: Path, *, fragment: str = "", **options: Any) -> None:
        self.url = file.as_uri()
        self.requests: list[str] = []
        self.complaints: list[str] = []
        self.page: Page = browser.new_page(**options)
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.on("console", self._keep_message)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.goto(self.url + fragment)

    def _keep_message(self, message: ConsoleMessage) -> None:
        self.complaints.append(message.text)


READ_ALL = """() => [...document.querySelectorAll(".finding")].map((line) => {
    line.querySelector("button").click();
    const text = (node) => node.textContent;
    const detail = line.nextElementSibling;
    const lists = [...detail.querySelectorAll(".pairs")].map((list) => Object.fromEntries(
        [...list.children].map((row) => [text(row.firstChild), text(row.lastChild)])));
    const evidence = [...detail.querySelectorAll(".evidence tbody tr")].map((row) => [...row.cells].map(text));
    const [name, type, kind, severity, rule, annotation] = [...line.cells].map(text);
    return { name, type, kind, severity, rule, annotation, facts: lists[0], suppression: lists[1] ?? null, evidence };
})"""
"""A script that opens every shown finding and returns its texts."""


def names(page: Page) -> list[str]:
    """Return the names of the findings that the page shows."""
    return page.locator(".finding .name").all_inner_texts()


def open_finding(page: Page, name: str, rule: str) -> str:
    """Open the finding of a rule on a resource and return the text of its detail."""
    line = page.locator(".finding").filter(has=page.get_by_role("link", name=name, exact=True)).filter(has_text=rule)
    line.get_by_role("button").click()
    return page.locator(".detail").inner_text()
