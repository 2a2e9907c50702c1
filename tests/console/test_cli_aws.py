"""The command line against AWS: a server over HTTP, real credentials handling, every call denied in turn."""

import json
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import boto3
import pytest
from aws_server import Front, denied, error
from conftest import Run
from five_rules import OPTIONS
from live_account import attach_policy_of_aws, fill_singly
from rule_parameters import REQUIRED

from auditor.collectors.live.collection import LiveOptions, connect
from auditor.console.cli import main
from auditor.judging.registry import load_rules

ACCOUNT = "123456789012"
ACTIONS = [
    "iam:GetAccountAuthorizationDetails",
    "iam:GenerateCredentialReport",
    "iam:GetCredentialReport",
    "iam:GetAccountPasswordPolicy",
    "iam:GetAccountSummary",
    "iam:ListAccountAliases",
]
HARMLESS = {"iam:ListAccountAliases", "iam:GetAccountSummary", "iam:GenerateCredentialReport"}  # a report is there


@pytest.fixture(name="aws")
def filled_account(aws: Front) -> Front:
    """Return the served account, filled with two users."""
    fill(boto3.client("iam", region_name="us-east-1"))
    aws.calls.clear()
    return aws


def fill(iam: Any) -> None:
    iam.create_group(GroupName="developers")
    for name in ("alice", "bob"):
        iam.create_user(UserName=name)
    iam.add_user_to_group(GroupName="developers", UserName="alice")
    iam.create_login_profile(UserName="bob", Password="Made-up-9-password!")
    iam.update_account_password_policy(MinimumPasswordLength=8)
    iam.generate_credential_report()  # so that no test waits for it


def fill_with_every_kind() -> None:
    """Fill the account with what AWS tells one by one."""
    connection = connect(LiveOptions(), ask_code=None)
    fill_singly(connection)
    attach_policy_of_aws(connection.iam, "bob")


def findings(path: Path) -> dict[tuple[str, str], str]:
    found = json.loads(path.read_text())["findings"]
    return {(each["config_rule_name"], each["resource_name"]): each["compliance_type"] for each in found}


EXPECTED = {
    ("iam-group-has-users-check", "developers"): "COMPLIANT",
    ("iam-password-policy", ACCOUNT): "NON_COMPLIANT",
    ("iam-user-group-membership-check", "alice"): "COMPLIANT",
    ("iam-user-group-membership-check", "bob"): "NON_COMPLIANT",
    ("iam-user-no-policies-check", "alice"): "COMPLIANT",
    ("iam-user-no-policies-check", "bob"): "COMPLIANT",
    ("mfa-enabled-for-iam-console-access", "alice"): "COMPLIANT",
    ("mfa-enabled-for-iam-console-access", "bob"): "NON_COMPLIANT",
}


@pytest.mark.usefixtures("aws")
def test_an_account_is_scanned_to_every_format(run: Run, tmp_path: Path) -> None:
    result = run(
        "scan",
        *OPTIONS,
        "-o",
        tmp_path / "{account_id}.json",
        "-o",
        tmp_path / "r.html",
        "--fail-on",
        "noncompliant",
    )
    assert result.code == 1
    assert findings(tmp_path / f"{ACCOUNT}.json") == EXPECTED
    assert "bob" in result.out
    assert (tmp_path / "r.html").stat().st_size > 10_000


def test_it_says_which_account_it_is_about_to_read_and_as_whom(run: Run, aws: Front) -> None:
    assert run("scan").err.startswith(f"Reading account {ACCOUNT} as arn:aws:sts::{ACCOUNT}:user/moto\n")
    assert aws.actions[0] == "sts:GetCallerIdentity"


def test_another_account_than_expected_is_not_read(run: Run, aws: Front) -> None:
    result = run("scan", "--expect-account", "999999999999")
    assert (result.code, result.out) == (2, "")
    assert f"this is account {ACCOUNT}, not 999999999999" in result.err
    assert aws.actions == ["sts:GetCallerIdentity"]


def test_the_calls_of_a_snapshot_are_exactly_those_that_permissions_grants(
    run: Run, aws: Front, tmp_path: Path
) -> None:
    fill_with_every_kind()
    aws.calls.clear()
    granted = json.loads(run("permissions").out)["Statement"][0]["Action"]
    assert run("snapshot", "-o", tmp_path / "s.json").code == 0
    assert set(aws.actions) - {"sts:GetCallerIdentity"} == set(granted)


@pytest.mark.parametrize("rule", load_rules())
def test_what_permissions_prints_for_a_rule_is_all_that_a_scan_by_it_may_and_does_call(
    run: Run, aws: Front, rule: str
) -> None:
    fill_with_every_kind()
    values = [f"--parameter={rule}.{name}={value}" for name, value in REQUIRED.get(rule, {}).items()]
    printed = json.loads(run("permissions", "--rule", rule, *values).out)
    allowed = {"sts:GetCallerIdentity", *printed["Statement"][0]["Action"]}
    aws.calls.clear()
    aws.disturb = lambda call, honest: honest() if call.action in allowed else denied(call.action)
    result = run("scan", "--rule", rule, *values, "--format", "json")
    assert result.code == 0
    assert "INSUFFICIENT_DATA" not in {each["compliance_type"] for each in json.loads(result.out)["findings"]}
    assert set(aws.actions) == allowed


DESCRIPTIONS = "iam-policy-description"
ASKING = "Reading 1 policy descriptions (1 iam:GetPolicy calls)\n"


@pytest.mark.parametrize(
    ("options", "asks"),
    [
        pytest.param(("scan",), False, id="a scan"),
        pytest.param(("scan", "--rules", "aws-config"), True, id="a scan by all of AWS Config's"),
        pytest.param(("scan", "--rule", DESCRIPTIONS), True, id="a scan by the rule"),
        pytest.param(("scan", "--rules", "core"), False, id="a scan by others"),
        pytest.param(("snapshot", "-o", "s.json"), False, id="a snapshot"),
        pytest.param(("snapshot", "-o", "s.json", "--rules", "all"), True, id="a snapshot for all rules"),
        pytest.param(
            ("snapshot", "-o", "s.json", "--rules", "all", "--exclude-rule", DESCRIPTIONS),
            False,
            id="a snapshot without it",
        ),
    ],
)
def test_each_policy_is_asked_about_only_for_the_rule_on_descriptions_and_that_is_said(
    run: Run, aws: Front, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: tuple[str, ...], asks: bool
) -> None:
    fill_singly(connect(LiveOptions(), ask_code=None))
    aws.calls.clear()
    monkeypatch.chdir(tmp_path)
    result = run(*options)
    assert ("iam:GetPolicy" in aws.actions, ASKING in result.err) == (asks, asks)


def test_a_scan_makes_no_call_per_entity(run: Run, aws: Front) -> None:
    before = len(run("scan").out) and len(aws.actions)
    iam = boto3.client("iam", region_name="us-east-1")
    for number in range(20):
        iam.create_user(UserName=f"user{number}")
    aws.calls.clear()
    run("scan")
    assert len(aws.actions) <= before


@pytest.mark.parametrize("action", ACTIONS)
def test_a_denied_call_leaves_the_rest_judged(run: Run, aws: Front, tmp_path: Path, action: str) -> None:
    name = action.removeprefix("iam:")
    aws.fixed[name] = denied(action)
    result = run("scan", *OPTIONS, "-o", tmp_path / "r.json")
    less = findings(tmp_path / "r.json")
    for key, verdict in EXPECTED.items():
        assert less.get(key, "INSUFFICIENT_DATA") in (verdict, "INSUFFICIENT_DATA")
    if action in HARMLESS:
        assert (result.code, less) == (0, EXPECTED)
    else:
        assert result.code == 4
        assert action in json.dumps(json.loads((tmp_path / "r.json").read_text())["findings"])


def test_an_account_that_denies_everything_has_nothing_compliant(run: Run, aws: Front, tmp_path: Path) -> None:
    for action in json.loads(run("permissions").out)["Statement"][0]["Action"]:
        aws.fixed[action.partition(":")[2]] = denied(action)
    assert run("scan", "-o", tmp_path / "r.json").code == 4
    assert set(findings(tmp_path / "r.json").values()) == {"INSUFFICIENT_DATA"}


@pytest.mark.usefixtures("aws")
def test_a_saved_snapshot_gives_the_same_findings(run: Run, tmp_path: Path) -> None:
    assert run("snapshot", "-o", tmp_path / "s.json.gz").code == 0
    assert stat.S_IMODE((tmp_path / "s.json.gz").stat().st_mode) == 0o600
    run("scan", *OPTIONS, "--snapshot", tmp_path / "s.json.gz", "-o", tmp_path / "r.json")
    assert findings(tmp_path / "r.json") == EXPECTED


@pytest.mark.usefixtures("aws")
def test_a_snapshot_made_for_some_rules_says_collect_again_for_others(run: Run, tmp_path: Path) -> None:
    run("scan", "--rule", "iam-password-policy", "-o", tmp_path / "r.json")
    sources = json.loads((tmp_path / "r.json").read_text())["snapshot"]["sources"]
    assert {each["name"]: each["status"] for each in sources}["users"] == "not_requested"


@pytest.mark.usefixtures("aws")
def test_the_installed_program_scans_over_http(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "auditor", "scan", *OPTIONS, "--format", "json"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, check=False, text=True, stdin=subprocess.DEVNULL)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["account"]["id"] == ACCOUNT


@pytest.mark.usefixtures("aws")
def test_a_profile_is_used_and_named(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    keys = "aws_access_key_id = a\naws_secret_access_key = b\n"
    (tmp_path / "aws_credentials").write_text(f"[audit]\n{keys}")
    assert "(profile audit)" in run("scan", "--profile", "audit").err
    wrong = run("scan", "--profile", "audti")
    assert wrong.code == 2
    assert "there is no AWS profile 'audti'\n  Did you mean audit?" in wrong.err


@pytest.mark.usefixtures("aws")
def test_without_credentials_the_message_points_at_what_works_without(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    result = run("scan", "-o", tmp_path / "r.json")
    assert (result.code, result.out) == (3, "")
    assert result.err.startswith("iam-audit: no AWS credentials were found\n")
    assert "--demo" in result.err
    assert "--exports" in result.err
    assert not (tmp_path / "r.json").exists()


@pytest.mark.parametrize("code", ["ExpiredToken", "InvalidClientTokenId", "SignatureDoesNotMatch"])
def test_credentials_that_aws_refuses_end_the_run(run: Run, aws: Front, code: str) -> None:
    aws.fixed["GetCallerIdentity"] = error(code, "made up", 403)
    result = run("scan")
    assert (result.code, result.out) == (3, "")
    assert code in result.err
    assert "Traceback" not in result.err
    assert len(result.err.splitlines()) == 2


@pytest.mark.usefixtures("aws")
def test_a_server_that_cannot_be_reached_ends_the_run(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    result = run("scan")
    assert result.code == 3
    assert "could not be reached" in result.err


@pytest.mark.parametrize("seconds", ["nan", "inf", "1e300", "0", "-1", "soon"])
def test_a_time_that_no_clock_can_wait_is_refused(run: Run, aws: Front, seconds: str) -> None:
    result = run("scan", "--timeout", seconds)
    assert (result.code, result.out, aws.calls) == (2, "", [])
    assert "--timeout" in result.err


def test_a_code_is_never_asked_for_without_a_terminal(aws: Front) -> None:
    command = [sys.executable, "-m", "auditor", "scan", "--mfa-serial", f"arn:aws:iam::{ACCOUNT}:mfa/me"]
    done = subprocess.run(command, capture_output=True, check=False, text=True, stdin=subprocess.DEVNULL)
    assert done.returncode == 2
    assert "--mfa-code" in done.stderr
    assert not aws.actions


def test_progress_is_shown_to_a_terminal_only(aws: Front, capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["scan", *OPTIONS, "--format", "json"]) == 0
    assert aws.actions
    assert "waiting" not in capfd.readouterr().err
