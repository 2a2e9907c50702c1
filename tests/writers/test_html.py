"""The HTML report, driven in Chromium as a reader would."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import five_rules
import msgspec
import pytest
from browser import READ_ALL, Opened, names, open_finding
from conftest import Open
from html_reports import MFA, OWN_POLICIES, many, mixed, named, report_of, suppressed, varied, written
from playwright.sync_api import Browser, expect

from auditor.judging.finding import Finding
from auditor.judging.registry import load_rules
from auditor.judging.rule import ComplianceType, Evidence
from auditor.report.narrowing import narrowed
from auditor.report.reading import load_report
from auditor.report.report import dump_report, most_urgent_first
from auditor.testing import NC, account, console_user, server_certificate, user
from auditor.writers import html


def test_opens_from_disk_without_request_or_complaint(opened: Open) -> None:
    shown = opened(mixed())
    open_finding(shown.page, "bob", MFA)
    assert shown.requests == [shown.url]
    assert shown.complaints == []


def test_the_policy_of_the_page_stops_scripts_styles_and_requests(opened: Open) -> None:
    shown = opened(mixed())
    policy = shown.page.locator("meta[http-equiv]").get_attribute("content") or ""
    hashes = "style-src 'sha256-…'; script-src 'sha256-…'"
    assert re.sub("-[^-']+=", "-…", policy) == f"default-src 'none'; {hashes}; base-uri 'none'; form-action 'none'"
    shown.page.evaluate("""() => {
        const [script, image] = [document.createElement("script"), document.createElement("img")];
        script.textContent = "window.ran = 1";
        image.src = "data:image/gif;base64,R0lGODlhAQABAAAAACw=";
        document.body.append(script, image);
        document.body.setAttribute("style", "display: none");
    }""")
    assert shown.page.evaluate("window.ran") is None
    assert shown.page.locator("main").is_visible()
    assert len(shown.complaints) == 3


def test_the_summary_gives_the_counts_of_the_report(opened: Open) -> None:
    report = mixed(suppressed)
    page = opened(report).page
    legend = [int(text) for text in page.locator(".legend dd").all_inner_texts()]
    assert legend == [*report.summary.counts.values(), 1]
    for result, line in zip(most_urgent_first(report.rules), page.locator(".rules tbody tr").all(), strict=True):
        assert line.locator("th a").inner_text() == result.config_rule_name
        assert line.locator(".badge").inner_text() == result.compliance_type
        assert [int(text) for text in line.locator(".count").all_inner_texts()] == list(result.counts.values())
        drawn = [rect.get_attribute("data-kind") for rect in line.locator("rect").all()]
        assert drawn == [kind for kind, count in result.counts.items() if count]
    severe = ", ".join(f"{counts[NC]} {each}" for each, counts in report.summary.by_severity.items() if counts[NC])
    assert page.get_by_text(f"NON_COMPLIANT by severity: {severe}.").is_visible()


def test_each_rule_says_what_it_asks(opened: Open) -> None:
    page = opened(mixed()).page
    line = page.locator(".rules tr", has_text=MFA)
    assert (
        line.locator(".asks").inner_text() == "Checks that MFA is enabled for every IAM user with a console password."
    )
    assert page.locator(".rules .asks").count() == len(five_rules.IDS)


def test_a_single_finding_among_thousands_is_drawn_and_the_bar_is_whole() -> None:
    counts = dict.fromkeys(ComplianceType, 0) | {
        ComplianceType.NON_COMPLIANT: 1,
        ComplianceType.COMPLIANT: 50_000,
    }
    (_, _, small), (_, left, large) = html._segments(counts)
    assert small > 1
    assert (left, left + large) == (small, 100)


def test_the_head_tells_account_times_and_how_complete_the_data_was(opened: Open) -> None:
    report = mixed()
    page = opened(report).page
    assert page.title() == "IAM audit of 111122223333"
    head = page.locator("header").inner_text()
    assert all(told in head for told in ("111122223333", "2026-11-24 03:00:00Z", "5e" * 32, report.tool.version))
    assert "account-summary (failed)" in page.locator(".summary .notice").inner_text()
    assert page.locator(".sources tr.missing").all_inner_texts() == [
        "account-summary\tfailed\tnot read\t0\t0\tAccessDenied: no summary"
    ]
    assert "Something worth knowing" in page.locator(".warnings").inner_text()


def test_what_is_complete_is_told_in_a_line_and_unfolds(opened: Open) -> None:
    page = opened(many(3)).page
    section = page.locator("#completeness")
    assert "Every resource was seen" in section.inner_text()
    assert not section.locator("table").first.is_visible()
    section.locator("summary").click()
    assert section.locator("table").first.is_visible()
    assert opened(mixed()).page.locator("#completeness table").first.is_visible()  # not complete


def test_the_worst_findings_come_first_and_suppressed_ones_last(opened: Open) -> None:
    page = opened(mixed(suppressed)).page
    kinds = page.locator(".finding .badge:not(.set-aside)").all_inner_texts()
    aside = kinds.pop()
    assert kinds == sorted(kinds, key=lambda kind: list(ComplianceType).index(ComplianceType(kind)))
    assert aside == "NON_COMPLIANT"
    assert page.locator(".finding").last.locator(".set-aside").inner_text() == "suppressed"


SEARCHES = {
    "a name": ("ALICE", {"alice"}),
    "a path in an ARN": ("user/eng", {"alice"}),
    "an id": (f"AIDA{b'bob'.hex()}", {"bob"}),
    "an annotation": ("AdministratorAccess", {"bob"}),
    "words in any order and place": ("mfa console carol10", {"carol10"}),
    "a rule": ("user-no-policies", {"alice", "bob", "carol10", "carol9"}),
    "a rule and a severity": ("membership LOW", set()),
    "a severity and a name": ("low bob", {"bob"}),
    "a compliance type": ("insufficient_data", {"carol9"}),
    "a compliance type as two words": ("non compliant mfa-enabled", {"bob", "carol10"}),
    "a compliance type that another one ends in": ("compliant mfa-enabled", {"alice"}),
    "a resource type": ("aws::iam::group", {"developers", "legacy"}),
    "nothing": ("no such thing", set()),
}


@pytest.mark.parametrize(("typed", "found"), SEARCHES.values(), ids=SEARCHES)
def test_the_search_finds_by(opened: Open, typed: str, found: set[str]) -> None:
    page = opened(mixed()).page
    page.get_by_label("Search").fill(typed)
    assert set(names(page)) == found


def test_filters_narrow_by_rule_type_severity_compliance_type_and_suppression(opened: Open) -> None:
    page = opened(mixed(suppressed)).page
    page.get_by_label("Rule", exact=True).select_option(OWN_POLICIES)
    assert sorted(names(page)) == ["alice", "bob", "carol10", "carol9"]
    page.get_by_role("checkbox", name="NON_COMPLIANT").uncheck()
    assert sorted(names(page)) == ["alice", "carol10", "carol9"]
    page.get_by_role("button", name="Reset").click()
    page.get_by_label("Suppressed", exact=True).select_option("Only these")
    assert names(page) == ["bob"]
    assert "1 of 15 findings, 1 of them suppressed" in page.locator("#status").inner_text()
    page.get_by_role("button", name="Reset").click()
    page.get_by_label("Resource type").select_option("AWS::IAM::Group")
    assert sorted(names(page)) == ["developers", "legacy"]
    page.get_by_role("button", name="Reset").click()
    assert page.get_by_label("Severity").locator("option").all_inner_texts() == ["All severities", "MEDIUM", "LOW"]
    page.get_by_label("Severity").select_option("LOW")
    assert sorted(names(page)) == ["alice", "bob", "carol10", "carol9"]
    assert page.locator("#status").inner_text() == "4 of 15 findings, 1 of them suppressed: severity LOW"


def test_findings_sort_by_severity_worst_first(opened: Open) -> None:
    report = report_of(account(users=[user("alice")]), OWN_POLICIES, "iam-root-access-key-check", MFA)
    page = opened(report).page
    page.get_by_role("button", name="Severity").click()
    assert page.locator(".finding .severity").all_inner_texts() == ["CRITICAL", "MEDIUM", "LOW"]


def test_a_count_in_the_table_of_rules_leads_to_its_findings(opened: Open) -> None:
    page = opened(mixed(suppressed)).page
    page.locator(".rules tr", has_text=MFA).locator("td[data-kind=NON_COMPLIANT] a").click()
    expect(page.locator(".finding")).to_have_count(2)
    assert names(page) == ["bob", "carol10"]


def test_the_address_keeps_the_view(opened: Open) -> None:
    shown = opened(mixed())
    shown.page.get_by_label("Search").fill("carol")
    shown.page.get_by_label("Rule", exact=True).select_option(MFA)
    expect(shown.page).to_have_url(re.compile("#search=carol&rule=mfa"))
    again = opened(mixed(), fragment=shown.page.evaluate("location.hash")).page
    assert names(again) == names(shown.page) == ["carol10", "carol9"]


def test_columns_sort_both_ways_with_numbers_as_numbers(opened: Open) -> None:
    page = opened(mixed(), fragment=f"#rule={MFA}").page
    heading = page.locator(".findings").get_by_role("columnheader", name="Resource")
    heading.get_by_role("button").click()
    assert names(page) == ["alice", "bob", "carol9", "carol10"]
    expect(heading).to_have_attribute("aria-sort", "ascending")
    heading.get_by_role("button").click()
    assert names(page) == ["carol10", "carol9", "bob", "alice"]
    expect(heading).to_have_attribute("aria-sort", "descending")


def test_pages_hold_every_finding_once(opened: Open) -> None:
    page = opened(many(40), fragment="#sort=name").page
    seen = names(page)
    assert (len(seen), page.locator("#position").inner_text()) == (50, "Page 1 of 3")
    while page.get_by_role("button", name="Next").is_enabled():
        page.get_by_role("button", name="Next").click()
        seen += names(page)
    assert seen == [f"user{number:05}" for number in range(40) for _ in range(3)]
    page.get_by_label("Findings a page").select_option("250")
    assert len(names(page)) == 120


@pytest.mark.parametrize("key", ["Enter", "Space"])
def test_a_finding_opens_by_keyboard_to_evidence_page_and_fix(opened: Open, key: str) -> None:
    page = opened(mixed(), fragment=f"#search=bob&rule={MFA}").page
    page.locator("[data-sort=annotation]").focus()
    page.keyboard.press("Tab")
    button = page.get_by_role("button", name=f"Details of bob, {MFA}")
    expect(button).to_be_focused()
    page.keyboard.press(key)
    expect(button).to_have_attribute("aria-expanded", "true")
    detail = page.locator(".detail")
    assert detail.locator(".evidence tbody tr").all_inner_texts() == [
        "credentials.password_enabled\ttrue\tcredential-report",
        "credentials.mfa_active\tfalse\tcredential-report",
    ]
    assert "delete-login-profile" in detail.locator(".fix").inner_text()
    assert "A password alone can be guessed" in detail.inner_text()
    assert "no MFA device" in detail.locator(".meanings .current").inner_text()
    link = detail.locator(".source a")
    assert link.get_attribute("rel") == "noreferrer noopener"
    assert link.get_attribute("href") == load_rules()[MFA].source_url
    page.keyboard.press(key)
    expect(detail).to_have_count(0)


REPORT = "2026-11-24T01:00:00Z, 2 h old"


def test_the_credential_report_stands_in_the_head_and_in_the_details(opened: Open) -> None:
    page = opened(mixed(), fragment=f"#search=bob&rule={MFA}").page
    assert page.locator(".facts div", has_text="Credential report").locator("dd").inner_text() == (
        "2026-11-24 01:00:00Z, 2 h old"
    )
    assert page.locator(".finding").inner_text().count("2 h old") == 0
    assert open_finding(page, "bob", MFA).count(REPORT) == 1


def test_without_a_credential_report_the_head_says_that_its_time_is_unknown(opened: Open) -> None:
    page = opened(report_of(account(users=[user("alice")], report_generated_at=None), OWN_POLICIES)).page
    assert "time unknown" in page.locator(".facts div", has_text="Credential report").inner_text()


def told(finding: dict[str, Any], severities: dict[str, str]) -> dict[str, Any]:
    """Return what the page shows of a finding of the JSON report."""
    location = finding["location"] or {}
    place = ":".join(str(location[part]) for part in ("file", "line") if location.get(part) is not None)
    facts = {
        "Annotation": finding["annotation"],
        "Credential report": REPORT
        if any(fact["source"] == "credential-report" for fact in finding["evidence"])
        else None,
        "ARN": finding["resource_arn"] or "unknown",
        "Id": finding["resource_id"] or "unknown",
        "Region": finding["region"],
        "Location": place or None,
        "Address": location.get("address"),
        "Fingerprint": finding["fingerprint"],
    }
    aside = " suppressed" if finding["suppression"] is not None else ""
    return {
        "name": finding["resource_name"],
        "type": finding["resource_type"],
        "kind": finding["compliance_type"] + aside,
        "severity": severities[finding["config_rule_name"]],
        "rule": finding["config_rule_name"],
        "annotation": finding["annotation"],
        "facts": {name: value for name, value in facts.items() if value is not None},
        "suppression": finding["suppression"],
        "evidence": [[fact["path"], shown_value(fact), fact["source"]] for fact in finding["evidence"]],
    }


def shown_value(fact: dict[str, Any]) -> str:
    gap = fact["gap"]
    if gap is None:
        return msgspec.json.encode(fact["value"]).decode()
    grant = f"; grant {gap['iam_action']}" if gap["iam_action"] else ""
    return f"unknown ({gap['error_code']}): {gap['message']}{grant}"


def test_every_finding_shows_what_the_json_report_says(opened: Open) -> None:
    report = mixed(varied)
    shown = opened(report, fragment="#size=250").page.evaluate(READ_ALL)
    document = json.loads(dump_report(report))
    severities = {rule["config_rule_name"]: rule["severity"] for rule in document["rules"]}
    expected = [told(finding, severities) for finding in document["findings"]]
    order = [(line["rule"], line["name"]) for line in expected]
    assert sorted(shown, key=lambda line: order.index((line["rule"], line["name"]))) == expected


@pytest.mark.parametrize("name", ["n" * 400, "ümläut-名前-🔑", "a" * 55, "b" * 64], ids=len)
def test_a_fingerprint_computed_in_the_page_is_that_of_the_report(opened: Open, name: str) -> None:
    report = report_of(account(users=[user(name)]), MFA)
    (finding,) = report.findings
    assert open_finding(opened(report).page, name, MFA).count(finding.fingerprint) == 1


def test_without_javascript_the_summary_stands(opened: Open) -> None:
    page = opened(mixed(), ready=False, java_script_enabled=False).page
    assert "needs JavaScript" in page.locator("#findings").inner_text()
    assert not page.locator("#browser").is_visible()
    assert page.locator(".rules tbody tr").count() == len(five_rules.IDS)
    assert page.locator("article .fix").count() == len(five_rules.IDS)


def test_a_browser_that_cannot_unpack_says_so(browser: Browser, tmp_path: Path) -> None:
    file = tmp_path / "report.html"
    file.write_bytes(written(mixed()).replace(b"DecompressionStream(", b"NoSuchStream("))
    page = Opened(browser, file, bypass_csp=True).page
    expect(page.get_by_role("alert")).to_contain_text("could not be shown")
    page.close()


def test_dark_and_light_differ(opened: Open) -> None:
    ground = "getComputedStyle(document.body).backgroundColor"
    light, dark = (opened(mixed(), color_scheme=scheme).page.evaluate(ground) for scheme in ("light", "dark"))
    assert light == "rgb(255, 255, 255)"
    assert dark != light


def tagged(finding: Finding) -> Finding:
    """Rest a finding on a fact with a path and a value as long as AWS allows for a tag."""
    return msgspec.structs.replace(finding, evidence=(Evidence(f"tags.{'T' * 128}", "v" * 256, "users"),))


@pytest.mark.parametrize("width", [360, 640, 900, 1280])
def test_the_page_never_scrolls_sideways(opened: Open, width: int) -> None:
    long = "a-name-without-a-break" * 3
    people = [console_user(long[:64], mfa=False), console_user("W" * 64, mfa=True)]
    report = report_of(account(users=people), change=tagged)
    page = opened(report, viewport={"width": width, "height": 800}).page
    page.evaluate(READ_ALL)
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_a_long_type_breaks_after_its_colons(opened: Open) -> None:
    certificate = server_certificate("a")
    report = report_of(account(server_certificates=[certificate]), "iam-server-certificate-tagged")
    page = opened(report, viewport={"width": 1000, "height": 800}).page
    cell = page.locator(".finding td:nth-child(2)")
    assert cell.inner_text() == "AWS::IAM::ServerCertificate"
    parts = cell.evaluate("cell => [...cell.childNodes].filter((node) => node.nodeType === 3).map((node) => node.data)")
    assert parts == ["AWS::", "IAM::", "ServerCertificate"]


def test_words_of_headings_and_of_evidence_stay_whole(opened: Open) -> None:
    page = opened(mixed(), viewport={"width": 1280, "height": 800}, fragment=f"#search=bob&rule={MFA}").page
    open_finding(page, "bob", MFA)
    lines = """(cell) => {
        const range = document.createRange();
        range.selectNodeContents(cell);
        return new Set([...range.getClientRects()].map((box) => box.top)).size;
    }"""
    drawn = [*page.locator(".warnings th").all(), *page.locator(".evidence td:first-child code").all()]
    assert [cell.evaluate(lines) for cell in drawn] == [1] * 6


def test_the_same_report_gives_the_same_bytes_also_when_it_was_stored() -> None:
    report = mixed(varied)
    assert written(report) == written(report) == written(load_report(dump_report(report), "report.json"))


def test_a_narrowed_report_says_that_it_lists_less_than_it_counts(opened: Open) -> None:
    page = opened(narrowed(mixed(), [], ["bob"])).page
    assert "lists 3 of 15 findings" in page.locator("#findings .notice").first.inner_text()


def test_a_report_of_rules_not_installed_and_an_account_unknown_is_shown(opened: Open) -> None:
    report = named(mixed(), id=None)
    foreign = tuple(
        msgspec.structs.replace(rule, source_identifier="FOREIGN", source_url="javascript:window.ran=1")
        for rule in report.rules
    )
    shown = opened(msgspec.structs.replace(report, rules=foreign))
    assert shown.page.title() == "IAM audit of an unknown account"
    assert "not installed" in open_finding(shown.page, "bob", MFA)
    assert shown.page.locator("a[href^=javascript]").count() == 0


def test_a_report_without_findings_is_shown(opened: Open) -> None:
    page = opened(narrowed(mixed(), [], ["nobody"])).page
    assert page.locator("#status").inner_text() == "0 findings"


def test_jinja_is_imported_only_to_write() -> None:
    code = "import sys, auditor.writers.html; sys.exit('jinja2' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
