"""Annotations of GitHub workflows: each on one line that only we can have begun, no more of them than GitHub shows."""

import re
from collections import Counter
from io import BytesIO
from pathlib import Path
from typing import NamedTuple

import pytest
from conftest import Run
from html_reports import MFA, report_of
from msgspec.structs import replace
from pipeline_reports import clean, every_kind, failing, hostile_report, printed, ruleless, undecided

from auditor.judging.finding import Location
from auditor.report.report import Report
from auditor.testing import account, console_user
from auditor.writers import github

COMMAND = re.compile(r"::(?P<command>error|warning|notice) (?P<properties>[^:]*)::(?P<message>.*)")


class Annotation(NamedTuple):
    """An annotation as the runner of GitHub reads it."""

    command: str
    properties: dict[str, str]
    message: str


def read(text: str) -> list[Annotation]:
    """Return the annotations of an output that holds nothing else."""
    assert text.endswith("\n")
    return [annotation(line) for line in text.removesuffix("\n").split("\n")]


def annotation(line: str) -> Annotation:
    """Read a line as actions/runner does: properties end at the next ::, and are parted by commas."""
    found = COMMAND.fullmatch(line)
    assert found, line
    parts = (part.split("=", 1) for part in found["properties"].split(","))
    properties = {name: unescaped(value.replace("%3A", ":").replace("%2C", ",")) for name, value in parts}
    assert set(properties) <= {"title", "file", "line"}
    return Annotation(found["command"], properties, unescaped(found["message"]))


def unescaped(text: str) -> str:
    return text.replace("%0D", "\r").replace("%0A", "\n").replace("%25", "%")


def shown(run: Run, report: Report, folder: Path) -> list[Annotation]:
    result = printed(run, report, folder, "github")
    assert (result.code, result.err) == (0, "")
    return read(result.out)


def test_failures_are_errors_and_what_is_undecided_warns(run: Run, tmp_path: Path) -> None:
    report = every_kind()
    found = shown(run, report, tmp_path)
    assert [each.command for each in found] == ["error"] * 5 + ["warning", "warning", "notice"]
    assert found[0] == Annotation(
        "error",
        {"title": "NON_COMPLIANT MEDIUM: iam-group-has-users-check"},
        "AWS::IAM::Group arn:aws:iam::111122223333:group/legacy: The group has no users",
    )
    assert found[5] == Annotation(
        "warning", {"title": "IAM audit is incomplete"}, "Incomplete: 1 finding has INSUFFICIENT_DATA."
    )
    assert found[6].properties == {"title": f"INSUFFICIENT_DATA MEDIUM: {MFA}"}
    assert found[7].message == (
        "Account verdict NON_COMPLIANT: 5 NON_COMPLIANT, 1 INSUFFICIENT_DATA, 8 COMPLIANT, 1 suppressed, counted "
        "apart. Account 111122223333, aws, captured 2026-11-24T03:00:00Z. "
        "Source account-summary is failed: AccessDenied: no summary."
    )


@pytest.mark.parametrize(
    ("failed", "unknown", "errors", "warnings", "more"),
    [
        (10, 9, 10, 10, None),
        (11, 9, 10, 10, "1 more NON_COMPLIANT;"),
        (10, 10, 10, 10, "1 more INSUFFICIENT_DATA;"),
        (25_000, 500, 10, 10, "24,990 more NON_COMPLIANT and 491 more INSUFFICIENT_DATA;"),
    ],
)
def test_no_more_than_github_shows_and_the_rest_is_counted(
    run: Run, tmp_path: Path, failed: int, unknown: int, errors: int, warnings: int, more: str | None
) -> None:
    found = shown(run, failing(failed, unknown), tmp_path)
    assert Counter(each.command for each in found) == {"error": errors, "warning": warnings, "notice": 1}
    said = re.search(r"Without an annotation: (.*;)", found[-1].message)
    assert (said and said[1]) == more


def test_an_incomplete_run_warns_whatever_it_found(run: Run, tmp_path: Path) -> None:
    for report in (undecided(), ruleless()):
        assert "warning" in {each.command for each in shown(run, report, tmp_path)}


def test_a_clean_run_says_so_in_one_notice(run: Run, tmp_path: Path) -> None:
    (notice,) = shown(run, clean(), tmp_path)
    assert notice.command == "notice"
    assert notice.message.startswith("Account verdict COMPLIANT: 1 COMPLIANT. ")


def test_a_finding_in_a_file_is_shown_there(run: Run, tmp_path: Path) -> None:
    placed = Location("./iam/a,b:c.tf", 12, "aws_iam_user.bob")
    users = account(users=[console_user("bob", mfa=False)])
    report = report_of(users, MFA, change=lambda finding: replace(finding, location=placed))
    first, _ = shown(run, report, tmp_path)
    assert (first.properties["file"], first.properties["line"]) == ("iam/a,b:c.tf", "12")
    assert "user/bob (aws_iam_user.bob): " in first.message


@pytest.mark.usefixtures("folder")
def test_a_narrowed_run_says_so(run: Run) -> None:
    found = read(run("scan", "--snapshot", "s.json", "--rule", MFA, "--format", "github", "--resource", "nobody").out)
    assert "Without an annotation: 1 more NON_COMPLIANT" in found[-1].message
    assert "0 of 1 findings are listed" in found[-1].message


def test_hostile_texts_begin_and_end_no_command() -> None:
    report = hostile_report()
    for finding in report.findings:
        open_again = replace(finding, suppression=None)
        placed = replace(report, findings=(open_again,))
        stream = BytesIO()
        github.write(placed, stream)
        text = stream.getvalue().decode()
        found = read(text)
        assert [each.command for each in found][-1] == "notice"
        assert len(found) <= 3
        assert all(character.isprintable() or character == "\n" for character in text)
        if finding.location is not None and len(str(finding.location.file)) < 100:
            assert {*found[0].properties} == {"title", "file", "line"}


@pytest.mark.parametrize("text", ["100%", "%0A::error::x", "%250D%", "a%3Ab%2Cc"])
def test_a_percent_sign_stays_one(run: Run, tmp_path: Path, text: str) -> None:
    placed = Location(text, 1, text)
    users = account(users=[console_user("bob", mfa=False)])
    report = report_of(users, MFA, change=lambda finding: replace(finding, location=placed, annotation=text))
    first, _ = shown(run, report, tmp_path)
    assert (first.properties["file"], first.message.partition("user/bob ")[2]) == (text, f"({text}): {text}")


def test_the_configuration_file_in_use_is_named(run: Run, folder: Path) -> None:
    (folder / "iam-audit.toml").write_text("[gate]\nallow_incomplete = true\n")
    out = run("scan", "--snapshot", "s.json", "--rule", MFA, "-q", "--format", "github").out
    assert "Configuration iam-audit.toml: allows unknown facts." in read(out)[-1].message
