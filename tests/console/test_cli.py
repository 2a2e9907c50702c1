"""The command line without AWS: options, outputs, exit codes, and what bad input is answered with."""

import gzip
import json
import os
import pty
import re
import stat
import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import Any

import exports_folder as folder_of
import pytest
from conftest import Run
from five_rules import OPTIONS

from auditor import __version__
from auditor.account.snapshot import dump
from auditor.judging.registry import load_rules
from auditor.testing import account, console_user, group, password_policy, user

CLEAN = account(users=[user("alice", groups=["A"])], groups=[group("A")], password=password_policy())
SINFUL = account(users=[console_user("bob", mfa=False)], groups=[group("A")], password=password_policy())
UNKNOWN = account(users=[user("alice", groups=["A"], unknown=["credentials"])], groups=[group("A")])
NON_COMPLIANT_NAMES = "findings[?compliance_type=='NON_COMPLIANT'].resource_name"


@pytest.fixture
def saved(tmp_path: Path) -> Any:
    """Return a function that saves a snapshot and gives its path."""

    def save(snapshot: Any, name: str = "snapshot.json") -> Path:
        path = tmp_path / name
        path.write_bytes(dump(snapshot))
        return path

    return save


def test_a_clean_account_passes(run: Run, saved: Any) -> None:
    result = run("scan", *OPTIONS, "--snapshot", saved(CLEAN), "--fail-on", "noncompliant")
    assert result.code == 0
    assert "Account verdict: COMPLIANT" in result.out
    assert result.err.endswith("Exit code 0: audited, complete\n")


@pytest.mark.parametrize(
    ("snapshot", "options", "code"),
    [
        (SINFUL, [], 0),
        (SINFUL, ["--fail-on", "noncompliant"], 1),
        (UNKNOWN, [], 4),
        (UNKNOWN, ["--allow-incomplete"], 0),
        (UNKNOWN, ["--fail-on", "noncompliant"], 1),
        (UNKNOWN, ["--rule", "mfa-enabled-for-iam-console-access", "--fail-on", "noncompliant"], 4),
        (UNKNOWN, [*OPTIONS, "--exclude-rule", "mfa-enabled-for-iam-console-access"], 0),
        (UNKNOWN, ["--rule", "iam-group-has-users-check", "--fail-on", "noncompliant"], 0),
    ],
)
def test_exit_codes(run: Run, saved: Any, snapshot: Any, options: list[str], code: int) -> None:
    result = run("scan", "--snapshot", saved(snapshot), *options)
    assert result.code == code
    assert f"Exit code {code}: " in result.err


def test_findings_go_to_stdout_and_everything_else_to_stderr(run: Run, saved: Any) -> None:
    result = run("scan", "--snapshot", saved(SINFUL), "--format", "json")
    assert json.loads(result.out)["format"] == "iam-audit-report"
    assert "Exit code" in result.err


def test_quiet_says_nothing_on_stderr(run: Run, saved: Any) -> None:
    result = run("scan", "--snapshot", saved(SINFUL), "--quiet")
    assert result.err == ""
    assert result.out


def test_verbose_tells_how_each_source_was_read(run: Run, saved: Any) -> None:
    assert "password-policy: complete" in run("scan", "--snapshot", saved(SINFUL), "-v").err


def test_a_query_prints_json(run: Run, saved: Any) -> None:
    result = run("scan", *OPTIONS, "--snapshot", saved(SINFUL), "--query", NON_COMPLIANT_NAMES, "-q")
    assert json.loads(result.out) == ["A", "bob", "bob"]


def test_a_snapshot_comes_from_standard_input(saved: Any) -> None:
    command = [sys.executable, "-m", "auditor", "scan", *OPTIONS, "--snapshot", "-", "-q"]
    command += ["--query", "summary.compliance_type"]
    done = subprocess.run(command, input=saved(CLEAN).read_bytes(), capture_output=True, check=True)
    assert done.stdout == b'"COMPLIANT"\n'


def test_files_are_written_in_the_format_of_their_suffix(run: Run, saved: Any, tmp_path: Path) -> None:
    result = run("scan", "--snapshot", saved(SINFUL), "-o", tmp_path / "r.json", "-o", tmp_path / "r.html")
    assert json.loads((tmp_path / "r.json").read_text())["version"] == 1
    assert (tmp_path / "r.html").read_text().startswith("<!doctype html>")
    assert f"Wrote {tmp_path / 'r.json'}, {tmp_path / 'r.html'}." in result.err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["r.html", "r.json", "snapshot.json"]


def test_a_path_may_hold_the_account_and_the_time(run: Run, saved: Any, tmp_path: Path) -> None:
    run("scan", "--snapshot", saved(SINFUL), "-o", tmp_path / "{account_id}-{captured_at:%Y%m%d}.json")
    assert (tmp_path / "111122223333-20261124.json").exists()


def test_an_account_number_cannot_lead_out_of_the_folder(run: Run, tmp_path: Path) -> None:
    (tmp_path / "reports").mkdir()
    hostile = account(users=[], groups=[])
    content = json.loads(dump(hostile))
    content["account"]["id"] = "../../x"
    path = tmp_path / "hostile.json"
    path.write_text(json.dumps(content))
    run("scan", "--snapshot", path, "-o", tmp_path / "reports/{account_id}.json")
    assert [each.name for each in (tmp_path / "reports").iterdir()] == ["unknown.json"]


def test_the_same_report_is_made_again_with_as_of(run: Run, saved: Any, tmp_path: Path) -> None:
    path = saved(SINFUL)
    for name in ("a.json", "b.json"):
        run("scan", "--snapshot", path, "--as-of", "2026-11-24T05:00:00Z", "-o", tmp_path / name)
    assert (tmp_path / "a.json").read_bytes() == (tmp_path / "b.json").read_bytes()


def test_a_stored_report_is_rendered_again(run: Run, saved: Any, tmp_path: Path) -> None:
    run("scan", "--snapshot", saved(SINFUL), "-o", tmp_path / "r.json", "-o", tmp_path / "r.html")
    result = run("report", tmp_path / "r.json", "-o", tmp_path / "again.html", "-o", tmp_path / "again.json")
    assert result.code == 0
    assert (tmp_path / "again.html").read_bytes() == (tmp_path / "r.html").read_bytes()
    assert (tmp_path / "again.json").read_bytes() == (tmp_path / "r.json").read_bytes()
    assert "NON_COMPLIANT" in run("report", tmp_path / "r.json").out


def test_narrowing_is_for_the_eye_only(run: Run, saved: Any, tmp_path: Path) -> None:
    options = ["--resource", "A", "--fail-on", "noncompliant", "-o", tmp_path / "r.json"]
    result = run("scan", "--snapshot", saved(SINFUL), *options)
    assert "bob" not in result.out
    assert result.code == 1
    assert "bob" in (tmp_path / "r.json").read_text()


def test_exports_are_scanned_and_saved(run: Run, tmp_path: Path) -> None:
    exports = folder_of.write(tmp_path / "exports")
    path = tmp_path / "{account_id}.json.gz"
    assert run("snapshot", "--exports", exports, "-o", path).code == 0
    packed = tmp_path / "111122223333.json.gz"
    assert stat.S_IMODE(packed.stat().st_mode) == 0o600
    assert json.loads(gzip.decompress(packed.read_bytes()))["kind"] == "exports"
    from_file = run("scan", "--snapshot", packed, "--query", "findings", "-q")
    from_exports = run("scan", "--exports", exports, "--query", "findings", "-q")
    assert from_file == from_exports


def test_for_exports_the_region_of_the_analyzers_can_be_told(run: Run, tmp_path: Path) -> None:
    exports = folder_of.write(tmp_path / "exports", {folder_of.ANALYZERS: {"analyzers": []}})
    rule = ["--rule", "iam-external-access-analyzer-enabled", "-q"]
    told = run("scan", "--exports", exports, *rule)
    assert (told.code, "for exports --region gives it" in " ".join(told.out.split())) == (4, True)
    told = run("scan", "--exports", exports, *rule, "--region", "eu-west-1")
    assert (told.code, "eu-west-1 has no active analyzer of type ACCOUNT" in told.out) == (0, True)


def test_analyzers_of_another_region_say_nothing_about_the_one_that_is_named(run: Run, tmp_path: Path) -> None:
    rule = ["--rule", "iam-external-access-analyzer-enabled", "-q"]
    result = run("scan", "--exports", folder_of.write(tmp_path / "exports"), "--region", "eu-west-1", *rule)
    assert result.code == 4
    assert "holds analyzers of eu-central-1, not of eu-west-1 as --region says" in " ".join(result.out.split())


def test_saving_an_incomplete_folder_says_so(run: Run, tmp_path: Path) -> None:
    exports = folder_of.write(tmp_path / "exports", {folder_of.REPORT: None})
    result = run("snapshot", "--exports", exports, "-o", tmp_path / "s.json")
    assert result.code == 4
    assert "credential-report is absent: credential-report.json is not in the exports folder" in result.err


def test_the_time_of_a_bare_csv_is_told_in_the_report(run: Run, tmp_path: Path) -> None:
    changes = {folder_of.REPORT: None, "credential-report.csv": folder_of.GOLDEN_REPORT}
    exports = folder_of.write(tmp_path / "exports", changes)
    options = ["--exports", exports, "-q", "--query", "snapshot.captured_at"]
    assert run("scan", *options).out == "null\n"
    assert run("scan", *options, "--captured-at", "2026-11-24T03:00:00+02:00").out == '"2026-11-24T01:00:00Z"\n'


def test_parameters_are_laid_over_the_defaults(run: Run, saved: Any) -> None:
    query = "rules[?config_rule_name=='iam-password-policy'].[compliance_type, parameters] | [0]"
    options = ["--snapshot", saved(CLEAN), "-q", "--query", query]
    verdict, parameters = json.loads(run("scan", *options, "--parameter", "iam-password-policy.MaxPasswordAge=30").out)
    assert (verdict, parameters["MaxPasswordAge"], parameters["MinimumPasswordLength"]) == ("NON_COMPLIANT", 30, 14)
    verdict, parameters = json.loads(run("scan", *options, "--parameter", "IAM_PASSWORD_POLICY.MaxPasswordAge=").out)
    assert (verdict, parameters["MaxPasswordAge"]) == ("COMPLIANT", None)


def test_warnings_of_parameters_are_told(run: Run, saved: Any) -> None:
    result = run("scan", "--snapshot", saved(CLEAN), "--parameter", "iam-password-policy.RequireSymbols=True")
    assert "Warning: iam-password-policy: iam-password-policy.RequireSymbols is 'True'" in result.err


def test_rules_are_listed(run: Run) -> None:
    listed = json.loads(run("rules", "list", "--format", "json").out)
    head, *lines = run("rules", "list").out.splitlines()
    assert head.split() == ["rule", "severity", "set", "what", "it", "checks"]
    assert [line.split()[0] for line in lines] == [rule["id"] for rule in listed] == list(load_rules())
    password = next(rule for rule in listed if rule["id"] == "iam-password-policy")
    assert {"name": "MinimumPasswordLength", "required": False, "default": 14} in password["parameters"]


def test_rules_fit_a_terminal() -> None:
    leader, follower = pty.openpty()
    environment = {**os.environ, "COLUMNS": "80", "TERM": "dumb"}
    command = [sys.executable, "-m", "auditor", "rules", "list"]
    with subprocess.Popen(command, stdout=follower, env=environment) as process:
        os.close(follower)
        shown = b"".join(iter(partial(_read, leader), b"")).decode()
    os.close(leader)
    assert process.returncode == 0
    assert max(map(len, shown.splitlines())) <= 80
    assert re.search(r"^iam-password-policy +MEDIUM +core\r\n  Checks that", shown, re.MULTILINE)


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65_536)
    except OSError:  # Linux says so when nobody is left to write
        return b""


def test_a_rule_is_shown(run: Run) -> None:
    shown = run("rules", "show", "IAM_USER_NO_POLICIES_CHECK").out
    assert shown.startswith("iam-user-no-policies-check (IAM_USER_NO_POLICIES_CHECK), severity LOW\n")
    assert "\nFix\n" in shown
    assert "https://docs.aws.amazon.com/config/" in shown


def test_the_version_is_told(run: Run) -> None:
    assert run("--version") == (0, f"iam-audit {__version__}\n", "")


BAD_USAGE = {
    "a part of some names": (["--rule", "tagged"], "iam-saml-provider-tagged or iam-server-certificate-tagged?"),
    "an unknown rule": (["--rule", "iam-pasword-policy"], "there is no rule 'iam-pasword-policy'\n  Did you mean"),
    "no rule left": (["--rule", "IAM_PASSWORD_POLICY", "--exclude-rule", "iam-password-policy"], "no rule is left"),
    "a parameter of no rule": (["--parameter", "x.y=1"], "there is no rule 'x'"),
    "a parameter of a rule that takes none": (["--parameter", "iam-group-has-users-check.x=1"], "takes no parameters"),
    "an unknown parameter": (["--parameter", "iam-password-policy.Max=1"], "has no parameter 'Max'"),
    "a parameter of a rule left out": (
        ["--exclude-rule", "iam-password-policy", "--parameter", "iam-password-policy.MaxPasswordAge=1"],
        "is not selected",
    ),
    "two places to read from": (["--exports", "x"], "--snapshot and --exports exclude each other"),
    "a snapshot and an AWS option": (["--profile", "x"], "--snapshot and --profile exclude each other"),
    "a snapshot and the demo": (["--demo"], "--snapshot and --demo exclude each other"),
    "a capture time without exports": (
        ["--captured-at", "2026-11-24"],
        "--captured-at can only be used with --exports",
    ),
    "no time": (["--as-of", "yesterday"], "'yesterday' is not a time such as"),
    "an unknown format": (["-o", "report.pdf"], "-o report.pdf has an unknown format\n  End the name in"),
    "an unknown placeholder": (["-o", "{account}.json"], "there is no placeholder {account}"),
    "a placeholder that reaches for more": (["-o", "{account_id.x}.json"], "there is no placeholder"),
    "a lone brace": (["-o", "{.json"], "-o {.json"),
    "one file twice": (["-o", "a.json", "-o", "./a.json"], "names one file twice"),
    "a suffix without a name": (["-o", ".json"], "has an unknown format"),
    "a placeholder with a wrong format": (["-o", "{account_id:%Y}.json"], "there is no placeholder {account_id:%Y}"),
    "a placeholder within a placeholder": (["-o", "{captured_at:{x}}.json"], "there is no placeholder"),
    "a placeholder with a conversion": (["-o", "{captured_at!r}.json"], "there is no placeholder"),
    "a place that is empty": (["--exports", ""], "--exports is empty"),
    "a query that fails on this report": (["--query", "ceil(to_number('inf'))"], "--query: "),
    "a query that gives no JSON": (["--query", "&foo"], "--query: "),
    "a query nested too deeply": (["--query", "[" * 3000], "--query: "),
    "a time out of range": (["--as-of", "0001-01-01T00:00:00+14:00"], "is not a time such as"),
    "a parameter that cannot be printed": (["--parameter", "iam-user-group-membership-check.groupNames=\x1b"], "\\x1b"),
    "a query that is none": (["--query", "findings[?"], "--query: "),
    "another account": (
        ["--expect-account", "999999999999"],
        "not 999999999999 as --expect-account says\n  Check which file",
    ),
    "a query in another format": (["--query", "findings", "--format", "csv"], "--query prints JSON, not csv"),
    "an unknown option": (["--nonsense"], "No such option"),
}


@pytest.mark.parametrize(("options", "message"), BAD_USAGE.values(), ids=list(BAD_USAGE))
def test_bad_usage_is_answered_with_one_message(run: Run, saved: Any, options: list[str], message: str) -> None:
    result = run("scan", "--snapshot", saved(CLEAN), *options)
    assert result.code == 2
    assert message in result.err
    assert "Traceback" not in result.err
    assert result.out == ""


def test_an_external_id_needs_a_role(run: Run) -> None:
    result = run("scan", "--external-id", "x")
    assert (result.code, result.out) == (2, "")
    assert "--external-id needs --role-arn" in result.err


def test_input_that_cannot_be_read_ends_with_3(run: Run, tmp_path: Path) -> None:
    for arguments in (["--snapshot", tmp_path / "nowhere"], ["--exports", tmp_path / "nowhere"]):
        result = run("scan", *arguments, "-o", tmp_path / "r.json")
        assert result.code == 3
        assert str(tmp_path / "nowhere") in result.err
        assert not (tmp_path / "r.json").exists()


def test_a_place_that_cannot_be_written_is_found_before_the_scan(run: Run, tmp_path: Path) -> None:
    result = run("scan", "--snapshot", tmp_path / "nowhere.json", "-o", tmp_path / "missing/r.json")
    assert result.code == 3
    assert f"the folder {tmp_path / 'missing'} does not exist" in result.err


def test_a_folder_in_place_of_a_file_is_refused(run: Run, saved: Any, tmp_path: Path) -> None:
    (tmp_path / "r.json").mkdir()
    assert run("scan", "--snapshot", saved(CLEAN), "-o", tmp_path / "r.json").code == 3


def test_a_failing_write_leaves_the_old_report(run: Run, saved: Any, tmp_path: Path, monkeypatch: Any) -> None:
    target = tmp_path / "r.json"
    target.write_text("old")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    result = run("scan", "--snapshot", saved(CLEAN), "-o", target)
    assert result.code == 3
    assert f"{target} cannot be written: No space left on device" in result.err
    assert target.read_text() == "old"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["r.json", "snapshot.json"]


def test_a_time_that_is_needed_for_a_name_and_not_known_is_refused(run: Run, tmp_path: Path) -> None:
    exports = folder_of.write(tmp_path / "exports", {folder_of.REPORT: None})
    result = run("scan", "--exports", exports, "-o", tmp_path / "{captured_at:%Y}.json")
    assert result.code == 2
    assert "--captured-at" in result.err


@pytest.mark.parametrize("options", [[], ["--format", "json"], ["--query", "findings"]])
@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_output_that_cannot_be_written_ends_with_3(saved: Any, options: list[str], unbuffered: str) -> None:
    command = [sys.executable, "-m", "auditor", "scan", "--all", "--snapshot", str(saved(SINFUL)), *options]
    environment = {**os.environ, "PYTHONUNBUFFERED": unbuffered}
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, check=False, env=environment)
    assert done.returncode == 3
    assert b"No space left on device" in done.stderr
    assert b"Traceback" not in done.stderr


@pytest.mark.parametrize("options", ["-q", "-q --format json", "2>&1"])
def test_a_reader_that_goes_away_ends_no_audit(saved: Any, options: str) -> None:
    scan = f"{sys.executable} -m auditor scan --all --snapshot {saved(SINFUL)} --fail-on noncompliant {options}"
    done = subprocess.run(["bash", "-c", f"{scan} | true; echo ${{PIPESTATUS[0]}}"], capture_output=True, check=True)
    assert done.stdout == b"1\n"
    assert b"Traceback" not in done.stderr


def test_errors_that_cannot_be_told_still_have_their_code(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "auditor", "scan", "--snapshot", str(tmp_path / "nowhere")]
    with Path("/dev/full").open("wb") as full:
        assert subprocess.run(command, stdout=subprocess.DEVNULL, stderr=full, check=False).returncode == 3


def test_an_encoding_that_lacks_a_character_is_no_fault(saved: Any) -> None:
    many = account(users=[user("ä", inline=[f"policy-{number}" for number in range(100)])])
    command = [sys.executable, "-m", "auditor", "scan", "--snapshot", str(saved(many)), "-q"]
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
    done = subprocess.run(command, capture_output=True, check=True, env=environment)
    assert b"\\xe4" in done.stdout


def test_a_place_that_is_empty_does_not_lead_to_aws(run: Run) -> None:
    result = run("scan", "--snapshot", "")
    assert (result.code, result.out) == (2, "")
    assert "--snapshot is empty" in result.err


def test_a_link_stays_and_what_it_names_is_replaced(run: Run, saved: Any, tmp_path: Path) -> None:
    (tmp_path / "today.json").symlink_to(tmp_path / "real.json")
    run("scan", "--snapshot", saved(CLEAN), "-o", tmp_path / "today.json")
    assert (tmp_path / "today.json").is_symlink()
    assert json.loads((tmp_path / "real.json").read_text())["version"] == 1


def test_a_fault_of_ours_is_told_as_such_and_is_not_the_gates_exit_code(
    run: Run, saved: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fault(*_: object) -> None:
        raise ZeroDivisionError("ours")

    monkeypatch.setattr("auditor.report.audit.evaluate", fault)
    result = run("scan", "--snapshot", saved(CLEAN), "--fail-on", "noncompliant")
    assert result.code == 3
    assert "this is a bug in iam-audit" in result.err


def test_control_characters_in_messages_are_shown_and_not_obeyed(run: Run, saved: Any) -> None:
    ghostly = account(users=[user("a\x1b[2Jb", groups=["Gh\u202eost"])], groups=[group("A")])
    err = run("scan", "--snapshot", saved(ghostly)).err
    assert "a\\x1b[2Jb" in err
    assert "\x1b" not in err
    assert "\u202e" not in err
