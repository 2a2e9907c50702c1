"""`iam-audit report`: what it shows of a stored report, its gate, and readers who leave early."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import Run

from auditor.account.snapshot import dump
from auditor.testing import account, console_user, credentials, password_policy, user

GROUPS, MFA, ROOT = "iam-user-group-membership-check", "mfa-enabled-for-iam-console-access", "root-account-mfa-enabled"
NO_ROOT_MFA = {"AccountMFAEnabled": 0, "AccountPasswordPresent": 1, "AccountAccessKeysPresent": 0}


@pytest.fixture
def stored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run: Run) -> str:
    """Write a stored report: a CRITICAL and four MEDIUM findings are NON_COMPLIANT, one is INSUFFICIENT_DATA."""
    monkeypatch.chdir(tmp_path)
    people = [console_user("bob", mfa=False), user("alice"), user("carol", unknown=["credentials"])]
    root = credentials(password_enabled=True, mfa_active=False)
    sinful = account(users=people, password=password_policy(), root_credentials=root, summary=NO_ROOT_MFA)
    Path("s.json").write_bytes(dump(sinful))
    rules = [f"--rule={name}" for name in (GROUPS, MFA, ROOT)]
    run("scan", "--snapshot", "s.json", "-o", "r.json", *rules)
    return "r.json"


def test_it_is_narrowed_as_a_scan_is_and_counts_everything(stored: str, run: Run) -> None:
    result = run("report", stored, "--severity", "medium", "--resource", "b*", "--format", "json")
    report = json.loads(result.out)
    assert {each["resource_name"] for each in report["findings"]} == {"bob"}
    assert report["summary"]["counts"]["NON_COMPLIANT"] == 5
    assert "listed are 2 of 5 NON_COMPLIANT" in run("report", stored, "--resource", "b*").out


def test_files_hold_everything_whatever_is_shown(stored: str, run: Run) -> None:
    run("report", stored, "--severity", "critical", "-o", "again.json")
    assert Path("again.json").read_bytes() == Path(stored).read_bytes()


def test_it_answers_queries(stored: str, run: Run) -> None:
    result = run("report", stored, "--query", "findings[?compliance_type=='NON_COMPLIANT'].severity | [0]")
    assert (result.code, result.out, result.err) == (0, '"MEDIUM"\n', "")
    refused = run("report", stored, "--query", "findings", "--format", "csv")
    assert (refused.code, "--query prints JSON, not csv" in refused.err) == (2, True)


@pytest.mark.parametrize(
    ("query", "warned"),
    [
        ("findings[?complianceType=='NON_COMPLIANT']", ["'complianceType'; did you mean compliance_type?"]),
        ("findings[].{name: resource_name, arn: resource_arn} | [0].name", []),
        ("summary.counts.COMPLIANT", []),
        ("baseline.known", []),
        ("xyzzy", ["'xyzzy'"]),
    ],
)
def test_a_field_that_no_report_has_is_warned_of(stored: str, run: Run, query: str, warned: list[str]) -> None:
    result = run("report", stored, "--query", query)
    assert result.code == 0
    assert result.err == "".join(f"Warning: --query: the JSON report has no field {each}\n" for each in warned)


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ([], 0),
        (["--fail-on", "nothing"], 0),
        (["--fail-on", "noncompliant"], 1),
        (["--fail-on", "noncompliant", "--min-severity", "critical"], 1),
        (["--fail-on", "noncompliant", "--severity", "low"], 1),
    ],
)
def test_its_gate_is_that_of_a_scan(stored: str, run: Run, options: list[str], code: int) -> None:
    result = run("report", stored, *options)
    assert result.code == code
    assert ("Exit code 1: --fail-on noncompliant" in result.err) == (code == 1)


def test_a_gate_over_a_report_with_unknown_facts_fails_closed(tmp_path: Path, run: Run) -> None:
    unknown = account(users=[user("a", groups=["G"]), user("b", unknown=["group_names"])], password=password_policy())
    (tmp_path / "s.json").write_bytes(dump(unknown))
    run("scan", "--snapshot", tmp_path / "s.json", "--rule", GROUPS, "-o", tmp_path / "r.json")
    gate = ["report", tmp_path / "r.json", "--fail-on", "noncompliant"]
    assert run(*gate).code == 4
    assert run(*gate, "--allow-incomplete").code == 0


@pytest.mark.parametrize(
    "options",
    [("--min-severity", "high"), ("--allow-incomplete",), ("--no-allow-incomplete",)],
    ids=lambda each: each[0],
)
@pytest.mark.parametrize("gate", [(), ("--fail-on", "nothing")], ids=["none", "nothing"])
def test_a_setting_of_a_gate_without_one_is_refused(
    stored: str, run: Run, options: tuple[str, ...], gate: tuple[str, ...]
) -> None:
    result = run("report", stored, *options, *gate)
    assert (result.code, f"{options[0]} needs a gate, and --fail-on is nothing" in result.err) == (2, True)


def test_a_reader_that_leaves_early_changes_no_exit_code_and_prints_no_error(tmp_path: Path) -> None:
    people = [user(f"user-{number:05}") for number in range(5_000)]
    (tmp_path / "s.json").write_bytes(dump(account(users=people, password=password_policy())))
    scan = ["scan", "--snapshot", "s.json", "--rule", GROUPS, "--all", "--fail-on", "noncompliant"]
    command = [sys.executable, "-m", "auditor", *scan]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=tmp_path) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline().startswith("Account")
        process.stdout.close()
        error = process.stderr.read()
    assert (process.returncode, error) == (1, "Exit code 1: --fail-on noncompliant: 5,000 findings are NON_COMPLIANT\n")
