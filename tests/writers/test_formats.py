"""What holds for every format: how it is chosen, that it says the same, and that no incomplete audit looks clean."""

import re
from pathlib import Path
from typing import get_args

import pytest
from conftest import Run
from html_reports import MFA, OWN_POLICIES
from msgspec.structs import replace
from pipeline_reports import clean, every_kind, rendered, ruleless, stored, undecided

from auditor.account.model import Snapshot
from auditor.account.snapshot import dump
from auditor.console.options import STDOUT_FORMATS
from auditor.report.report import Report
from auditor.selection.tables import StdoutFormat
from auditor.testing import account, console_user
from auditor.writers.formats import REPORT_SUFFIXES, format_of

REGION = "eu-central-1"
IN_PIPELINES = ["sarif", "junit", "markdown", "step-summary", "github", "gitlab", "asff", "ocsf"]


@pytest.fixture(autouse=True)
def _region(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_REGION", REGION)


def shown(run: Run, report: Report, folder: Path, output_format: str) -> str:
    result = run("report", stored(report, folder), "--format", output_format)
    assert (result.code, result.err) == (0, "")
    return result.out


def test_the_command_line_and_the_file_know_the_same_formats() -> None:
    assert tuple(STDOUT_FORMATS) == get_args(StdoutFormat)
    assert {*map(format_of, REPORT_SUFFIXES)} | {"table", "github"} == {*STDOUT_FORMATS, "html"}


@pytest.mark.parametrize("name", ["a.json", "a.sarif", "a.junit.xml", "a.xml", "a.md", "a.summary.md", "a.asff.jsonl"])
def test_the_longest_suffix_chooses_the_format(name: str) -> None:
    expected = {"json": "json", "sarif": "sarif", "xml": "junit", "md": "markdown"}
    expected |= {"summary.md": "step-summary", "asff.jsonl": "asff", "junit.xml": "junit"}
    assert format_of(name) == expected[name.partition(".")[2]]


@pytest.mark.parametrize("output_format", IN_PIPELINES)
@pytest.mark.parametrize("report", [undecided(), ruleless()], ids=["undecided", "without rules"])
def test_an_incomplete_audit_looks_incomplete(run: Run, tmp_path: Path, output_format: str, report: Report) -> None:
    signs = "INSUFFICIENT_DATA|Nothing was decided"
    found = shown(run, report, tmp_path, output_format)
    assert re.search(f"[^_]({signs})", found)
    assert found != shown(run, clean(), tmp_path, output_format)


@pytest.mark.parametrize("output_format", IN_PIPELINES)
def test_a_list_without_its_undecided_findings_looks_incomplete(run: Run, tmp_path: Path, output_format: str) -> None:
    saved = tmp_path / "s.json"
    saved.write_bytes(dump(_undecided_carol()))
    narrowed = ["--resource", "alice", "--rule", MFA, "-q", "--format", output_format]
    result = run("scan", "--snapshot", saved, *narrowed)
    assert result.code == 4
    assert "Incomplete: 1 finding has INSUFFICIENT_DATA" in result.out


def _undecided_carol() -> Snapshot:
    users = [console_user("alice", mfa=True), console_user("carol", mfa=True, unknown=["credentials"])]
    return account(users=users)


@pytest.mark.parametrize("output_format", IN_PIPELINES)
def test_every_format_says_what_the_findings_say(run: Run, tmp_path: Path, output_format: str) -> None:
    found = shown(run, every_kind(), tmp_path, output_format)
    needing = [each for each in every_kind().findings if each.compliance_type in ("NON_COMPLIANT", "INSUFFICIENT_DATA")]
    for finding in needing:
        if finding.suppression is not None and output_format == "github":
            assert "1 suppressed, counted apart" in found
            continue
        for fact in (finding.config_rule_name, finding.resource_name, finding.annotation):
            assert fact in found
    assert ("Break-glass" in found) is (output_format != "github")
    assert OWN_POLICIES in found or output_format == "github"


@pytest.mark.parametrize("suffix", sorted(set(REPORT_SUFFIXES) - {".html", ".json", ".csv", ".jsonl"}))
def test_a_report_of_ours_is_replaced_through_a_link_and_nothing_else_is(run: Run, tmp_path: Path, suffix: str) -> None:
    report, link, target = every_kind(), tmp_path / f"link{suffix}", tmp_path / f"target{suffix}"
    first = rendered(run, report, tmp_path, target.name)
    link.symlink_to(target)
    later = replace(report, account=replace(report.account, alias="renamed"))
    assert run("report", stored(later, tmp_path), "-o", link).code == 0
    assert link.is_symlink()
    assert target.read_text("utf-8") != first or suffix in (".gitlab.json", ".asff.jsonl")
    target.write_text("somebody else's")
    refused = run("report", stored(report, tmp_path), "-o", link)
    assert (refused.code, target.read_text("utf-8")) == (3, "somebody else's")


KNOWN = {
    "sarif": '"baselineState":"unchanged"',
    "junit": 'message="Known from the baseline. It is NON_COMPLIANT: ',
    "markdown": "### Known from the baseline\n\n`mfa-enabled-for-iam-console-access`",
    "step-summary": "### Known from the baseline\n\n`mfa-enabled-for-iam-console-access`",
    "github": "1 known from the baseline",
    "gitlab": '"description":"Known from the baseline. It is NON_COMPLIANT: bob: ',
    "asff": '"iam-audit/known_from_baseline":"yes"',
    "ocsf": '"known_from_baseline":true',
}


@pytest.mark.parametrize("output_format", IN_PIPELINES)
def test_what_is_known_from_a_baseline_is_told_from_what_is_new(run: Run, folder: Path, output_format: str) -> None:
    audit = ["scan", "--rule", MFA, "-q", "--format", output_format, "--snapshot"]
    assert run("scan", "--rule", MFA, "-q", "--snapshot", "s.json", "-o", "monday.json").code == 0
    users = [console_user(name, mfa=False) for name in ("bob", "zoe")]
    (folder / "t.json").write_bytes(dump(account(users=users)))
    found = run(*audit, "t.json", "--baseline", "monday.json").out
    assert found.count(KNOWN[output_format]) == 1
    assert "Baseline monday.json: 1 of 1 known findings still there" in found
    assert KNOWN[output_format] not in run(*audit, "t.json").out
    if output_format in ("sarif", "markdown", "gitlab"):
        assert found.index("zoe") < found.index("bob")
    if output_format == "github":
        assert [line.partition(" ")[0] for line in found.splitlines()] == ["::error", "::notice"]
        assert "Without an annotation" not in found


@pytest.mark.parametrize("output_format", IN_PIPELINES)
def test_the_same_report_gives_the_same_text(run: Run, tmp_path: Path, output_format: str) -> None:
    first = shown(run, every_kind(), tmp_path, output_format)
    assert first == shown(run, every_kind(), tmp_path, output_format)
    assert first.endswith("\n")


def test_report_prints_and_writes_at_once(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "r.sarif"
    result = run("report", stored(clean(), tmp_path), "-o", file, "--format", "github")
    assert (result.code, file.exists()) == (0, True)
    assert result.out.startswith("::notice title=IAM audit::")


def test_an_unknown_suffix_names_those_that_are_known(run: Run, tmp_path: Path) -> None:
    result = run("report", stored(clean(), tmp_path), "-o", tmp_path / "r.pdf")
    assert result.code == 2
    assert all(suffix in result.err for suffix in REPORT_SUFFIXES)
