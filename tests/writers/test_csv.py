"""CSV: every finding once, readable by any reader of CSV, and nothing in it that a spreadsheet would run."""

import csv
import io
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from conftest import Run
from html_reports import MFA, many, mixed, named, report_of, suppressed, varied
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from auditor.account.snapshot import dump
from auditor.judging.finding import Finding
from auditor.judging.rule import Evidence, EvidenceGap
from auditor.report.build import with_frameworks
from auditor.report.narrowing import narrowed
from auditor.report.reading import load_report
from auditor.report.report import Report, dump_report
from auditor.testing import account, console_user
from auditor.writers import csv as reporter
from auditor.writers.csv import COLUMNS, harmless
from auditor.writers.visible import visible

DANGEROUS = tuple("=+-@\t\r\n\uff1d\uff0b\uff0d\uff20\ufe66\ufe62\ufe63\ufe6b")
HOSTILE = {
    "a formula": ("=cmd()", "'=cmd()"),
    "a plus": ("+1+1", "'+1+1"),
    "a minus": ("-1+1", "'-1+1"),
    "an at sign": ("@SUM(A1)", "'@SUM(A1)"),
    "a full-width formula": ("\uff1dcmd()", "'\uff1dcmd()"),
    "a small plus": ("\ufe621", "'\ufe621"),
    "blanks before it": ("  =cmd()", "'  =cmd()"),
    "quotes before it": ("\"'=cmd()", "'\"'=cmd()"),
    "an apostrophe before it": ("'=cmd()", "''=cmd()"),
    "an apostrophe": ("'tis", "'tis"),
    "a tab": ("\t=cmd()", "\\x09=cmd()"),
    "a new line": ("a\r\n=cmd()", "a\\x0d\\x0a=cmd()"),
    "commas and quotes": ('a,"b",c;d', 'a,"b",c;d'),
    "a later equals sign": ("a=b", "a=b"),
    "terminal codes": ("\x1b[31mred", "\\x1b[31mred"),
    "right to left": ("a\u202etxt", "a\\u202etxt"),
    "NUL": ("a\x00b", "a\\x00b"),
    "a lone surrogate": ("a\ud800", "a\\ud800"),
    "letters of the world": ("ümläut-名前-🔑", "ümläut-名前-🔑"),
    "nothing": ("", ""),
}


def document(report: Report) -> bytes:
    stream = io.BytesIO()
    reporter.write(report, stream)
    return stream.getvalue()


def rows(report: Report) -> list[dict[str, str]]:
    text = document(report).decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text, newline=""), strict=True))


def of(report: Report, record: str) -> list[dict[str, str]]:
    return [row for row in rows(report) if row["record"] == record]


def told(finding: dict[str, Any], report: dict[str, Any]) -> dict[str, str]:
    """Return the row of a finding of the JSON report that holds nothing dangerous."""
    severity = {rule["config_rule_name"]: rule["severity"] for rule in report["rules"]}
    identifier = {rule["config_rule_name"]: rule["source_identifier"] for rule in report["rules"]}
    plain = ("config_rule_name", "compliance_type", "resource_type", "annotation", "fingerprint", "resource_name")
    optional = ("resource_id", "resource_arn", "region")
    at = finding["location"]
    return {
        **dict.fromkeys(COLUMNS, ""),
        **{name: finding[name] for name in plain},
        **{name: finding[name] or "" for name in optional},
        "record": "finding",
        "source_identifier": identifier[finding["config_rule_name"]],
        "severity": severity[finding["config_rule_name"]],
        "suppressed": "no" if finding["suppression"] is None else "yes",
        "known": "yes" if finding["known"] else "no",
        "location": f"{at['file']}:{at['line']} {at['address']}" if at else "",
        "evidence": json.dumps(finding["evidence"]),
        "suppression": json.dumps(finding["suppression"]) if finding["suppression"] else "",
        "account_id": report["account"]["id"],
        "captured_at": report["snapshot"]["captured_at"],
        "evaluated_at": report["evaluated_at"],
        "report_generated_at": report["snapshot"]["report_generated_at"],
        "report_age_s": str(report["snapshot"]["report_age_s"]),
    }


def test_every_finding_is_a_row_that_says_what_the_json_report_says() -> None:
    report = mixed(varied)
    shown = of(report, "finding")
    for row in shown:
        row["evidence"] = json.dumps(json.loads(row["evidence"]))
        row["suppression"] = json.dumps(json.loads(row["suppression"])) if row["suppression"] else ""
    contract = json.loads(dump_report(report))
    assert shown == [told(finding, contract) for finding in contract["findings"]]


def test_the_file_is_utf_8_with_a_mark_and_lines_as_rfc_4180_has_them() -> None:
    content = document(mixed())
    assert content.startswith(b"\xef\xbb\xbfrecord,config_rule_name,")
    assert content.count(b"\n") == content.count(b"\r\n") == len(rows(mixed())) + 1


def test_the_ledger_and_the_warnings_follow_without_touching_the_columns_of_findings() -> None:
    report = mixed(suppressed)
    kinds = [row["record"] for row in rows(report)]
    assert kinds == sorted(kinds, key=["finding", "rule", "source", "warning"].index)
    others = [row for row in rows(report) if row["record"] != "finding"]
    assert {row["compliance_type"] + row["fingerprint"] + row["suppressed"] for row in others} == {""}
    (mfa,) = (row for row in others if row["record"] == "rule" and row["config_rule_name"] == MFA)
    assert (mfa["status"], mfa["resources"], mfa["judged"], mfa["undecided"]) == ("NON_COMPLIANT", "4", "3", "1")
    assert mfa["annotation"] == "1: The case withholds it; grant iam:Test"
    (failed,) = (row for row in others if row["source"] == "account-summary")
    assert (failed["status"], failed["annotation"]) == ("failed", "AccessDenied: no summary")
    (warning,) = of(report, "warning")
    assert (warning["status"], warning["resource_name"]) == ("example-code", "bob")
    assert warning["annotation"] == "Something worth knowing"


def test_the_controls_are_those_of_the_frameworks_that_were_asked_for() -> None:
    report = with_frameworks(mixed(), ["CIS-AWS-3.0", "FSBP"])
    found = {row["config_rule_name"]: row["controls"] for row in of(report, "finding")}
    assert found["iam-password-policy"] == "CIS-AWS-3.0: 1.8, 1.9; FSBP: IAM.7"
    assert found["iam-group-has-users-check"] == ""
    assert {row["controls"] for row in of(mixed(), "finding")} == {""}


@pytest.mark.parametrize(("text", "cell"), HOSTILE.values(), ids=list(HOSTILE))
def test_a_cell_is_made_harmless(text: str, cell: str) -> None:
    assert harmless(text) == cell


def poisoned(text: str) -> Report:
    """Return a report in which everything that may come from an account or a file is this text."""
    base = mixed(suppressed)

    def poison(finding: Finding) -> Finding:
        names = ("fingerprint", "resource_id", "resource_name", "resource_arn", "region", "annotation")
        facts = (Evidence(text, {text: text}, text, EvidenceGap(text, text, text)),)
        aside = {"reason": text} if finding.suppression else None
        return replace(finding, **dict.fromkeys(names, text), evidence=facts, suppression=aside)

    sources = tuple(replace(each, detail=text) for each in base.snapshot.sources)
    changed = replace(
        base,
        snapshot=replace(base.snapshot, sources=sources),
        findings=tuple(map(poison, base.findings)),
        warnings=tuple(replace(each, code=text, resource_name=text, message=text) for each in base.warnings),
    )
    return named(changed, id=text)


@pytest.mark.parametrize(
    "text", [text for text, _ in HOSTILE.values() if text], ids=[n for n, (t, _) in HOSTILE.items() if t]
)
def test_hostile_words_are_harmless_wherever_they_stand(text: str) -> None:
    report = poisoned(text)
    shown = rows(report)
    assert len(shown) == len(rows(mixed(suppressed)))
    for row in shown:
        assert None not in row
        assert not [cell for cell in row.values() if cell.startswith(DANGEROUS) or not cell.isprintable()]
    first = shown[0]
    assert first["resource_name"] == first["annotation"] == first["account_id"] == harmless(text)
    kept = text.replace("\ud800", r"\ud800")
    gap = dict.fromkeys(("error_code", "iam_action", "message"), kept)
    assert json.loads(first["evidence"]) == [{"path": kept, "value": {kept: kept}, "source": kept, "gap": gap}]


texts = st.text(st.sampled_from("=+-@\uff1d'\"` \t\r\na\\\u202e\ud800\x00"), max_size=6) | st.text()


@settings(max_examples=500, deadline=None)
@given(text=texts)
def test_no_cell_starts_as_a_formula_and_the_words_are_kept(text: str) -> None:
    cell, shown = harmless(text), visible(text)
    assert not cell.startswith(DANGEROUS)
    assert cell in (shown, f"'{shown}")
    assert (cell != shown) is shown.lstrip(" \"'`").startswith(DANGEROUS)


@settings(max_examples=500, deadline=None)
@given(one=texts, apostrophes=st.integers(0, 2), other=texts)
def test_two_texts_that_look_different_stay_different(one: str, apostrophes: int, other: str) -> None:
    for another in (other, "'" * apostrophes + one):
        assert (harmless(one) == harmless(another)) is (visible(one) == visible(another))


def test_the_same_report_gives_the_same_bytes_also_when_it_was_stored() -> None:
    report = with_frameworks(mixed(varied), ["FSBP"])
    assert document(report) == document(report) == document(load_report(dump_report(report), "r.json"))


def test_25_000_findings_are_25_000_rows() -> None:
    report = many(8334)
    found = of(report, "finding")
    assert [row["fingerprint"] for row in found] == [finding.fingerprint for finding in report.findings]
    assert len(found) > 25_000


def test_a_report_without_findings_still_has_its_head_and_ledger() -> None:
    report = narrowed(mixed(), [], ["nobody"])
    assert of(report, "finding") == []
    assert len(of(report, "rule")) == len(report.rules)


def test_a_finding_of_a_rule_that_the_report_lacks_is_shown() -> None:
    report = replace(report_of(account(users=[console_user("bob", mfa=False)]), MFA), rules=())
    (row,) = of(report, "finding")
    assert (row["config_rule_name"], row["severity"]) == (MFA, "")


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    path = tmp_path / "snapshot.json"
    path.write_bytes(dump(account(users=[console_user("=bob", mfa=False)])))
    return path


def test_csv_goes_to_a_file_or_to_standard_output(run: Run, saved: Path, tmp_path: Path) -> None:
    arguments = ["scan", "--snapshot", saved, "--rule", MFA, "-q", "--as-of", "2026-11-24"]
    assert run(*arguments, "-o", tmp_path / "r.csv", "-o", tmp_path / "r.json").code == 0
    assert run("report", tmp_path / "r.json", "-o", tmp_path / "again.csv").code == 0
    command = [sys.executable, "-m", "auditor", *map(str, arguments), "--format", "csv"]
    printed = subprocess.run(command, capture_output=True, check=True).stdout
    assert (tmp_path / "r.csv").read_bytes() == (tmp_path / "again.csv").read_bytes() == printed
    assert b",'=bob," in printed


@pytest.mark.parametrize("form", ["csv", "jsonl"])
@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_output_that_cannot_be_written_ends_with_3(saved: Path, form: str, unbuffered: str) -> None:
    command = [sys.executable, "-m", "auditor", "scan", "--snapshot", str(saved), "--format", form]
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            command, stdout=full, stderr=subprocess.PIPE, check=False, env={"PYTHONUNBUFFERED": unbuffered}
        )
    assert done.returncode == 3
    assert b"No space left on device" in done.stderr
    assert b"Traceback" not in done.stderr
