"""The HTML report under forced colours, such as Windows' high contrast."""

import pytest
from conftest import Open
from html_reports import MFA, mixed
from playwright.sync_api import Page

SWATCHES = """() => [...document.querySelectorAll(".legend [data-kind] dt")].map(
    (term) => getComputedStyle(term, "::before").backgroundColor)"""
BARS = """() => Object.fromEntries([...document.querySelectorAll(".summary rect")].map(
    (part) => [part.dataset.kind, getComputedStyle(part).fill]))"""
KINDS = """() => [...document.querySelectorAll(".legend [data-kind]")].map((entry) => entry.dataset.kind)"""


def forced(opened: Open, scheme: str, fragment: str = "") -> Page:
    return opened(mixed(), fragment=fragment, forced_colors="active", color_scheme=scheme).page


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_legend_shows_the_colours_of_the_bar(opened: Open, scheme: str) -> None:
    page = forced(opened, scheme)
    assert page.evaluate("matchMedia('(forced-colors: active)').matches")
    legend = dict(zip(page.evaluate(KINDS), page.evaluate(SWATCHES), strict=True))
    ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert len({*legend.values(), ground}) == 5
    bars = page.evaluate(BARS)
    assert bars == {kind: legend[kind] for kind in bars}


def test_what_a_ground_marks_is_marked_by_a_line(opened: Open) -> None:
    page = forced(opened, "dark", f"#search=bob&rule={MFA}")
    page.locator(".finding button").first.click()
    for marked in (".meanings .current", ".sources .missing", ".legend dt"):
        style = page.locator(marked).first
        pseudo = "'::before'" if marked == ".legend dt" else "null"
        drawn = style.evaluate(
            f"(node) => {{ const it = getComputedStyle(node, {pseudo});"
            " return `${it.outlineStyle} ${it.borderTopStyle}`; }"
        )
        assert "solid" in drawn, marked
