"""The CSV file that the HTML report's button downloads: the findings listed, as the CSV report has them."""

import csv
import io
import json
from pathlib import Path

import pytest
from browser import Opened
from conftest import Open
from hostile import TEXTS
from hostile import report_of as hostile_report
from html_reports import MFA, mixed, report_of, suppressed, varied
from msgspec.structs import replace

from auditor.judging.finding import Finding
from auditor.report.build import with_frameworks
from auditor.report.report import Report
from auditor.testing import account, console_user
from auditor.writers import csv as reporter

Rows = list[dict[str, str]]


def downloaded(shown: Opened) -> bytes:
    with shown.page.expect_download() as waiting:
        shown.page.get_by_role("button", name="CSV").click()
    assert waiting.value.suggested_filename == "iam-findings-111122223333.csv"
    return Path(waiting.value.path()).read_bytes()


def read(document: bytes) -> Rows:
    assert document.startswith(b"\xef\xbb\xbf")
    return list(csv.DictReader(io.StringIO(document.decode("utf-8-sig"), newline=""), strict=True))


def reported(report: Report) -> Rows:
    """Return the rows on findings of the CSV report, without the columns that they leave empty."""
    stream = io.BytesIO()
    reporter.write(report, stream)
    found = [row for row in read(stream.getvalue()) if row["record"] == "finding"]
    return [{name: row[name] for name in reporter.FINDING_COLUMNS} for row in found]


def by_finding(rows: Rows) -> Rows:
    return sorted(rows, key=lambda row: (row["config_rule_name"], row["resource_type"], row["fingerprint"]))


@pytest.mark.parametrize("change", [varied, suppressed])
def test_the_file_holds_what_the_csv_report_holds(opened: Open, change: object) -> None:
    report = with_frameworks(mixed(varied if change is varied else suppressed), ["CIS-AWS-3.0"])
    shown = opened(report)
    assert by_finding(read(downloaded(shown))) == by_finding(reported(report))
    assert shown.requests[0] == shown.url
    assert not [url for url in shown.requests[1:] if not url.startswith("blob:")]
    assert shown.complaints == []


def test_the_file_holds_the_findings_listed_in_their_order(opened: Open) -> None:
    shown = opened(mixed(), fragment=f"#rule={MFA}&show=NON_COMPLIANT&sort=-name")
    assert [row["resource_name"] for row in read(downloaded(shown))] == ["carol10", "bob"]


FORMULAS = (
    "=cmd|' /C calc'!A0",
    "+1+1",
    "-1",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    "  =1",
    "\"'=1",
    "\uff1d1",
    "\ufe621",
    "a=b",
)


@pytest.mark.parametrize("text", FORMULAS)
def test_a_formula_is_a_text_in_every_cell(opened: Open, text: str) -> None:
    def change(finding: Finding) -> Finding:
        return replace(finding, resource_name=text, resource_id=text, annotation=text, region=text)

    shown = opened(report_of(account(users=[console_user("bob", mfa=False)]), MFA, change=change))
    (row,) = read(downloaded(shown))
    expected = reporter.harmless(text)
    assert [row[name] for name in ("resource_name", "resource_id", "annotation", "region")] == [expected] * 4


def test_hostile_texts_are_as_harmless_as_in_the_csv_report(opened: Open) -> None:
    report = hostile_report([text for text in TEXTS.values() if "\ud800" not in text])  # is spelled otherwise in JSON
    ours, theirs = by_finding(read(downloaded(opened(report)))), by_finding(reported(report))
    assert len(ours) == len(theirs) == len(report.findings)
    for mine, other in zip(ours, theirs, strict=True):
        for column in ("evidence", "suppression"):
            its, of_report = mine.pop(column), other.pop(column)
            assert its.isprintable()
            assert json.loads(its or "null") == json.loads(of_report or "null")
        assert mine == other
