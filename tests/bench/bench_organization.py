"""What the report of an organization costs: summing up 10,000 accounts, and the front page in a browser."""

import shutil
import statistics
import sys
from collections.abc import Iterator
from pathlib import Path

import write_organization
from browser import NAMES, chromium
from measure import Row, at_most, least
from playwright.sync_api import Page
from write_organization import SIZE

WHAT = f"organization: {SIZE.accounts:,} accounts, 26 rules, {SIZE.causes:,} common causes"
LARGEST_KB, SLOWEST_MS, MOST_MB = 1_000, 1_000, 150
SEARCH = """([id, word]) => new Promise((resolve) => {
    const box = document.getElementById(id);
    const start = performance.now();
    box.value = word;
    box.dispatchEvent(new Event("input"));
    requestAnimationFrame(() => setTimeout(() => resolve(performance.now() - start)));
})"""
"""Types a word, and returns the milliseconds until its result has been painted."""


def rows(folder: Path) -> Iterator[Row]:
    """Measure the report of an organization, made-up receipts included."""
    path = folder / "organization.html"
    cost = least([sys.executable, write_organization.__file__, str(path)], 1)
    yield Row(f"{WHAT}, summed up and written, whole process", f"{cost.seconds:.0f} s")
    yield at_most(f"{WHAT}, peak memory in MB", cost.peak_mb, MOST_MB, "{:,.0f}")
    yield at_most(f"{WHAT}, front page in kB", path.stat().st_size / 1000, LARGEST_KB, "{:,.0f}")
    if not any(map(shutil.which, NAMES)):
        yield Row(f"{WHAT}, ready and searched", "no Chromium")
        return
    with chromium() as browser:
        ready, first, next_one, causes = zip(*(times(browser.new_page(), path) for _ in range(5)), strict=True)
    for name, figures in (
        ("from navigation to ready, in ms", ready),
        ("from the first word typed to its accounts, in ms", first),
        ("from another word typed to its accounts, in ms", next_one),
        ("from a word typed to its causes, in ms", causes),
    ):
        yield at_most(f"{WHAT}, {name}", statistics.median(figures), SLOWEST_MS, "{:,.0f}")


def times(page: Page, path: Path) -> tuple[float, float, float, float]:
    """Return when the page is ready, and how long two searches of accounts and one of causes take, in milliseconds."""
    page.goto(path.as_uri())
    page.wait_for_selector("[data-ready]")
    ready = float(page.evaluate("document.documentElement.dataset.readyMs"))
    typed = (("search", "payments"), ("search", "timed out"), ("causes-search", "deploy"))
    first, next_one, causes = (float(page.evaluate(SEARCH, list(each))) for each in typed)
    assert "timed out" in page.locator("#rows tr").first.inner_text()
    page.close()
    return ready, first, next_one, causes
