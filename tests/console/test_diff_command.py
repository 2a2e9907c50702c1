"""`iam-audit diff`: two reports or two snapshots in, what changed out, and an exit code."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import Run

import auditor
from auditor.account.snapshot import dump
from auditor.testing import account, console_user, group, password_policy, user

MFA = "mfa-enabled-for-iam-console-access"
OF_MFA = ("--rule", MFA)
BOB, EVE = (console_user(name, mfa=False, groups=["A"]) for name in ("bob", "eve"))
DAYS = {
    "monday": [BOB],
    "tuesday": [BOB, EVE],
    "fixed": [console_user("bob", mfa=True, groups=["A"])],
    "unknown": [user("bob", groups=["A"], unknown=["credentials"])],
}


@pytest.fixture
def days(folder: Path, run: Run) -> Path:
    """Return the working folder with snapshots and reports of some days."""
    for name, people in DAYS.items():
        snapshot = account(users=people, groups=[group("A")], password=password_policy())
        (folder / f"{name}.json").write_bytes(dump(snapshot))
        run("scan", "--snapshot", f"{name}.json", *OF_MFA, "-o", f"{name}-report.json")
    return folder


CODES = [
    ("monday", "monday", [], 0, "compared, 0 new; complete"),
    ("monday", "tuesday", [], 0, "compared, 1 new; complete"),
    ("monday", "tuesday", ["--fail-on", "new"], 1, "--fail-on new: 1 finding is new"),
    ("tuesday", "monday", ["--fail-on", "new"], 0, "compared, 0 new; complete"),
    ("monday", "fixed", ["--fail-on", "new"], 0, "compared, 0 new; complete"),
    ("monday", "unknown", [], 4, "incomplete: findings 1 not seen and 1 with INSUFFICIENT_DATA in the new report"),
    (
        "monday",
        "unknown",
        ["--allow-incomplete"],
        0,
        "compared, 0 new; incomplete as allowed: findings 1 not seen and 1 with INSUFFICIENT_DATA in the new report",
    ),
    ("unknown", "monday", ["--fail-on", "new"], 1, "--fail-on new: 1 finding is new"),
    ("unknown", "fixed", [], 0, "compared, 0 new; complete"),
]


@pytest.mark.parametrize(("old", "new", "options", "code", "reason"), CODES)
def test_exit_codes_of_reports_and_of_snapshots(
    days: Path, run: Run, old: str, new: str, options: list[str], code: int, reason: str
) -> None:
    for result in (
        run("diff", f"{old}-report.json", f"{new}-report.json", *options),
        run("diff", f"{old}.json", f"{new}.json", *OF_MFA, *options),
    ):
        assert result.code == code
        assert result.err == f"Exit code {code}: {reason}\n"
    assert days.is_dir()


def test_the_command_the_door_and_the_files_say_the_same(days: Path, run: Run) -> None:
    shown = run("diff", "monday-report.json", "tuesday-report.json", "--format", "json", "-o", "d.json")
    found = auditor.compare(*(auditor.load_report(f"{name}-report.json") for name in ("monday", "tuesday")))
    assert shown.out == found.to_json() + "\n" == (days / "d.json").read_text()
    auditor.write(found, "again.json")
    assert (days / "again.json").read_text() == shown.out


def test_stored_reports_lose_nothing_on_their_way(days: Path, run: Run) -> None:
    shown = json.loads(run("diff", "tuesday-report.json", "fixed-report.json", "--format", "json").out)
    assert [each["annotation"] for each in shown["resolved"]] == [
        each["annotation"]
        for each in json.loads((days / "tuesday-report.json").read_text())["findings"]
        if each["compliance_type"] == "NON_COMPLIANT"
    ]


@pytest.mark.parametrize("suffix", ["json", "md", "html"])
def test_files_are_written_in_the_format_of_their_suffix(days: Path, run: Run, suffix: str) -> None:
    result = run("diff", "monday-report.json", "tuesday-report.json", "-o", f"{{account_id}}.{suffix}", "-q")
    assert (result.code, result.err) == (0, "")
    assert "eve" in (days / f"111122223333.{suffix}").read_text()


def test_snapshots_are_judged_by_the_configuration_and_reports_are_not(days: Path, run: Run) -> None:
    (days / "iam-audit.toml").write_text(
        f'[[suppressions]]\nrule = "{MFA}"\nresource = "eve"\nreason = "r"\nowner = "o"\nuntil = 2026-12-20\n'
    )
    at = ("--as-of", "2026-11-24T04:00:00Z")
    snapshots = json.loads(run("diff", "monday.json", "tuesday.json", *OF_MFA, *at, "--format", "json").out)
    assert snapshots["new"] == []
    assert snapshots["new_report"]["evaluated_at"] == "2026-11-24T04:00:00Z"
    later = json.loads(
        run("diff", "monday.json", "tuesday.json", *OF_MFA, "--as-of", "2027-01-01", "--format", "json").out
    )
    assert [each["resource_name"] for each in later["new"]] == ["eve"]
    reports = json.loads(run("diff", "monday-report.json", "tuesday-report.json", "--format", "json").out)
    assert [each["resource_name"] for each in reports["new"]] == ["eve"]


def test_one_side_may_be_standard_input(days: Path) -> None:
    command = [sys.executable, "-m", "auditor", "diff", "monday-report.json", "-", "--format", "json", "-q"]
    document = (days / "tuesday-report.json").read_bytes()
    done = subprocess.run(command, input=document, capture_output=True, check=True, cwd=days)
    assert [each["resource_name"] for each in json.loads(done.stdout)["new"]] == ["eve"]


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["monday.json", "monday-report.json"], 2, "monday.json is a snapshot, but monday-report.json is a report"),
        (["monday-report.json", "monday.json"], 2, "monday-report.json is a report, but monday.json is a snapshot"),
        (
            ["monday-report.json", "tuesday-report.json", "--rules", "core"],
            2,
            "--rules can only be used with snapshots",
        ),
        (["monday-report.json", "tuesday-report.json", *OF_MFA], 2, "--rule can only be used with snapshots"),
        (["monday-report.json", "tuesday-report.json", "--as-of", "2026-01-01"], 2, "--as-of can only be used with"),
        (["monday-report.json", "other-report.json"], 2, "new report is of account 444455556666 in partition aws"),
        (["monday-report.json", "nowhere.json"], 3, "nowhere.json cannot be read: No such file or directory"),
        (["monday-report.json", "damaged.json"], 3, "damaged.json is not a readable report"),
        (["-", "-"], 2, "OLD and NEW cannot both be standard input"),
        (["monday-report.json", "tuesday-report.json", "-o", "d.csv"], 2, "-o d.csv has an unknown format"),
        (["monday-report.json", "tuesday-report.json", "-o", "monday-report.json"], 2, "is a file that is read"),
    ],
)
def test_what_cannot_be_compared_is_refused(
    days: Path, run: Run, arguments: list[str], code: int, message: str
) -> None:
    report = (days / "monday-report.json").read_text()
    (days / "other-report.json").write_text(report.replace("111122223333", "444455556666"))
    (days / "damaged.json").write_text(report[:-20])
    result = run("diff", *arguments)
    assert result.code == code
    assert message in result.err
    assert result.out == ""
    assert (days / "monday-report.json").read_text() == report


def test_a_rule_that_failed_ends_with_3(days: Path, run: Run) -> None:
    report = json.loads((days / "tuesday-report.json").read_text())
    report["warnings"].append({"code": "rule-error", "config_rule_name": MFA, "resource_name": None, "message": "boom"})
    (days / "failed.json").write_text(json.dumps(report))
    result = run("diff", "monday-report.json", "failed.json", "--fail-on", "new", "--allow-incomplete")
    assert result.code == 3
    assert f"Warning: {MFA}: the rule failed; its verdicts are missing\n" in result.err
