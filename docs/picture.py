"""Make the pictures for the README from reports/demo.html, with the system's Chromium."""

import shutil
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

ROOT = Path(__file__).parent.parent


def main() -> int:
    """Write docs/report.png; return 1 if there is no Chromium."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if chromium is None:
        print("there is no Chromium here: install it first")
        return 1
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page(viewport={"width": 1180, "height": 800}, color_scheme="light")
        page.goto((ROOT / "reports/demo.html").as_uri())
        page.wait_for_selector("[data-ready]")
        page.screenshot(path=ROOT / "docs/report.png")
        browser.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
