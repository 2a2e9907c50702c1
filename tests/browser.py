"""Chromium for tests of the HTML report: the system's own, headless, and quiet about its own affairs."""

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
    """Give a browser; without one skip, or fail where IAM_AUDIT_REQUIRE_CHROMIUM=1 asks for it."""
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
    """Hold a page that shows a file, with what it asked for and complained of."""

    def __init__(self, browser: Browser, file: Path, *, fragment: str = "", **options: Any) -> None:
        self.url = file.as_uri()
        self.requests: list[str] = []
        self.complaints: list[str] = []
        self.page: Page = browser.new_page(**options)
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.on("console", self._hear)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.goto(self.url + fragment)

    def _hear(self, message: ConsoleMessage) -> None:
        self.complaints.append(message.text)
