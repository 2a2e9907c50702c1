"""Frameworks in the HTML report: static, linked to findings and rules, and safe with hostile names."""

from pathlib import Path

from browser import Opened, names
from html_reports import MFA, mixed, report_of, suppressed, written
from msgspec.structs import replace
from playwright.sync_api import Browser, expect

from auditor.report.build import with_frameworks
from auditor.testing import account, console_user

HOSTILE = "</script><script>window.ran=1</script>\u202e"


def test_the_controls_lead_to_their_findings_and_rules(browser: Browser, tmp_path: Path) -> None:
    report = with_frameworks(mixed(suppressed), ["CIS-AWS-3.0", "FSBP"])
    file = tmp_path / "report.html"
    file.write_bytes(written(report))
    shown = Opened(browser, file, viewport={"width": 360, "height": 800})
    page = shown.page
    expect(page.locator("html")).to_have_attribute("data-ready", "true")
    section = page.locator("#frameworks")
    assert section.locator("h3").all_inner_texts() == [
        "CIS AWS Foundations Benchmark 3.0 CIS-AWS-3.0",
        "AWS Foundational Security Best Practices FSBP",
    ]
    drawn = section.locator("tbody tr").all_inner_texts()
    assert len(drawn) == sum(len(framework.controls) for framework in report.frameworks)
    row = section.locator("table").first.locator("tr", has_text="Console users have MFA")
    assert row.locator(".badge").inner_text() == "NON_COMPLIANT"
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    row.get_by_role("link", name="2 NON_COMPLIANT").click()
    expect(page.locator(".finding")).to_have_count(2)
    assert names(page) == ["bob", "carol10"]
    row.get_by_role("link", name=MFA).click()
    assert page.locator("article:target h3").inner_text() == MFA
    assert "1.7 Root is not used for daily work" in section.locator(".uncovered").first.inner_text()
    assert shown.requests == [shown.url]
    assert shown.complaints == []


def test_a_report_without_frameworks_has_no_such_section() -> None:
    assert b'id="frameworks"' not in written(mixed())


def test_what_did_not_run_is_said_and_hostile_words_are_text() -> None:
    report = with_frameworks(report_of(account(users=[console_user("bob", mfa=False)]), MFA), ["CIS-AWS-3.0"])
    (framework,) = report.frameworks
    (judged,) = (each for each in framework.controls if each.rules)
    rule = replace(judged.rules[0], config_rule_name=HOSTILE, shortfalls=(HOSTILE,), suppressed=0)
    odd = replace(judged, id=HOSTILE, title=HOSTILE, rules=(rule,))
    hostile = replace(framework, name=HOSTILE, title=HOSTILE, note=HOSTILE, controls=(odd, *framework.controls))
    document = written(replace(report, frameworks=(hostile,))).decode()
    assert "not evaluated" in document
    assert "window.ran=1</script>" not in document
    assert "\u202e" not in document
    assert document.count("<script") == 2
