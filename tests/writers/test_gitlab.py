"""GitLab's code quality report: valid by GitLab's documentation, and empty only where all is known and in order."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from conftest import Run
from html_reports import MFA, OWN_POLICIES, report_of
from jsonschema import Draft202012Validator
from msgspec.structs import replace
from pipeline_reports import clean, every_kind, failing, hostile_report, printed, rendered, ruleless, undecided, written

from auditor.account.snapshot import dump
from auditor.judging.finding import Location
from auditor.judging.rule import Severity
from auditor.testing import account, console_user

TEXT = {"type": "string", "pattern": r"\S"}
SCHEMA = {
    "type": "array",
    "items": {
        "type": "object",
        "required": ["description", "check_name", "fingerprint", "severity", "location"],
        "properties": {
            "description": TEXT,
            "check_name": TEXT,
            "fingerprint": TEXT,
            "severity": {"enum": ["info", "minor", "major", "critical", "blocker"]},
            "location": {
                "type": "object",
                "required": ["path", "lines"],
                "properties": {
                    "path": {"type": "string", "pattern": r"^(?!\./).+"},
                    "lines": {"required": ["begin"], "properties": {"begin": {"type": "integer", "minimum": 1}}},
                },
            },
        },
    },
}
"""The table of https://docs.gitlab.com/ci/testing/code_quality/#code-quality-report-format; GitLab has no schema."""


def valid(text: str) -> list[dict[str, Any]]:
    """Return the issues of a report that GitLab takes: without a byte order mark, no fingerprint twice."""
    issues: list[dict[str, Any]] = json.loads(text)
    assert list(Draft202012Validator(SCHEMA).iter_errors(issues)) == []
    assert [each for each, count in Counter(issue["fingerprint"] for issue in issues).items() if count > 1] == []
    return issues


def test_an_issue_says_what_the_finding_says(run: Run, tmp_path: Path) -> None:
    report = failing()
    (finding,) = report.findings
    assert valid(rendered(run, report, tmp_path, "r.gitlab.json")) == [
        {
            "check_name": MFA,
            "description": f"NON_COMPLIANT: user00000: {finding.annotation}",
            "fingerprint": finding.fingerprint,
            "severity": "major",
            "location": {"path": "aws-iam/111122223333", "lines": {"begin": 1}},
        }
    ]


def test_what_needs_somebody_is_an_issue_worst_first(run: Run, tmp_path: Path) -> None:
    issues = valid(rendered(run, every_kind(), tmp_path, "r.gitlab.json"))
    kinds = [issue["description"].partition(":")[0] for issue in issues if issue["check_name"] != "iam-audit-report"]
    assert kinds == ["NON_COMPLIANT"] * 5 + ["INSUFFICIENT_DATA", "Suppressed"]


def test_a_suppressed_finding_is_for_information(run: Run, tmp_path: Path) -> None:
    *_, last = valid(rendered(run, every_kind(), tmp_path, "r.gitlab.json"))
    assert (last["check_name"], last["severity"]) == (OWN_POLICIES, "info")
    assert last["description"].startswith(
        "Suppressed: reason Break-glass; until 2027-01-01. It is NON_COMPLIANT: bob: "
    )


def test_an_undecided_finding_is_the_same_issue_as_a_failed_one(run: Run, tmp_path: Path) -> None:
    failed = report_of(account(users=[console_user("carol", mfa=False)]), MFA)
    first, second = valid(rendered(run, undecided(), tmp_path, "r.gitlab.json"))
    assert (first["check_name"], first["severity"]) == ("iam-audit-report", "critical")
    assert first["description"] == "Incomplete: 1 finding has INSUFFICIENT_DATA"
    (before,) = valid(rendered(run, failed, tmp_path, "r.gitlab.json"))
    assert (second["fingerprint"], second["severity"]) == (before["fingerprint"], "major")


def test_only_a_complete_audit_without_findings_is_empty(run: Run, tmp_path: Path) -> None:
    assert rendered(run, clean(), tmp_path, "r.gitlab.json") == "[]\n"
    (issue,) = valid(rendered(run, ruleless(), tmp_path, "r.gitlab.json"))
    assert issue["description"].startswith("Nothing was decided: ")


@pytest.mark.parametrize(
    ("severity", "expected"),
    [("CRITICAL", "blocker"), ("HIGH", "critical"), ("MEDIUM", "major"), ("LOW", "minor")],
)
def test_severities_are_gitlabs(tmp_path: Path, severity: str, expected: str) -> None:
    report = failing()
    severe = tuple(replace(finding, severity=Severity(severity)) for finding in report.findings)
    (issue,) = valid(written(replace(report, findings=severe), tmp_path, "r.gitlab.json"))
    assert issue["severity"] == expected


def test_an_issue_points_at_a_file(run: Run, tmp_path: Path) -> None:
    placed = Location(r".\iam\main.tf".replace("\\", "/"), 12, "aws_iam_user.bob")
    users = account(users=[console_user("bob", mfa=False)])
    report = report_of(users, MFA, change=lambda finding: replace(finding, location=placed))
    (issue,) = valid(rendered(run, report, tmp_path, "r.gitlab.json"))
    assert issue["location"] == {"path": "iam/main.tf", "lines": {"begin": 12}}
    assert issue["description"].startswith("NON_COMPLIANT: bob (aws_iam_user.bob): ")


def test_a_remark_that_counts_otherwise_is_the_same_issue(run: Run, tmp_path: Path) -> None:
    first, second = (
        valid(rendered(run, failing(1, unknown=count), tmp_path, "r.gitlab.json"))[0] for count in (1, 1_200)
    )
    assert first["description"] != second["description"]
    assert first["fingerprint"] == second["fingerprint"]


def test_a_narrowed_report_of_more_findings_is_the_same_issue(run: Run, folder: Path) -> None:
    (folder / "t.json").write_bytes(dump(account(users=[console_user(name, mfa=False) for name in ("bob", "zoe")])))
    arguments = ["--rule", MFA, "--format", "gitlab", "--resource", "nobody", "-q"]
    (first,), (second,) = (valid(run("scan", "--snapshot", name, *arguments).out) for name in ("s.json", "t.json"))
    assert first["description"] != second["description"]
    assert first["fingerprint"] == second["fingerprint"]


@pytest.mark.usefixtures("folder")
def test_a_narrowed_report_says_so(run: Run) -> None:
    (issue,) = valid(
        run("scan", "--snapshot", "s.json", "--rule", MFA, "--format", "gitlab", "--resource", "nobody").out
    )
    assert issue["description"] == "Narrowed by severity or resource: 0 of 1 findings are listed"


def test_hostile_texts_are_shown_as_text(tmp_path: Path) -> None:
    report = hostile_report()
    text = written(report, tmp_path, "r.gitlab.json")
    assert all(character.isprintable() or character == "\n" for character in text)
    issues = valid(text)
    assert all(value.isprintable() for issue in issues for value in (issue["description"], issue["check_name"]))
    known = {issue["fingerprint"] for issue in issues}
    assert known >= {finding.fingerprint for finding in report.findings if finding.compliance_type == "NON_COMPLIANT"}


def test_it_goes_to_standard_output_too(run: Run, tmp_path: Path) -> None:
    report = every_kind()
    assert printed(run, report, tmp_path, "gitlab").out == rendered(run, report, tmp_path, "r.gitlab.json")


def test_the_configuration_file_in_use_is_named(run: Run, folder: Path) -> None:
    (folder / "iam-audit.toml").write_text("[gate]\nallow_incomplete = true\n")
    issues = valid(run("scan", "--snapshot", "s.json", "--rule", MFA, "-q", "--format", "gitlab").out)
    assert issues[0]["description"] == "Configuration iam-audit.toml: allows unknown facts"
    assert issues[0]["severity"] == "info"
