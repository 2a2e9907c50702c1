"""What a configuration file switches off is seen in every format, and what the command line says goes before it."""

import json
from pathlib import Path
from typing import Any

import pytest
from conftest import Run

from auditor.account.snapshot import dump
from auditor.console.options import STDOUT_FORMATS
from auditor.testing import account, credentials, password_policy, user

ROOT_MFA, PASSWORD = "root-account-mfa-enabled", "iam-password-policy"
NO_ROOT_MFA = account(
    password=password_policy(),
    root_credentials=credentials(password_enabled=True, mfa_active=False),
    summary={"AccountMFAEnabled": 0, "AccountPasswordPresent": 1, "AccountAccessKeysPresent": 0},
)
EVERYTHING = """\
[selection]
exclude = ["root-account-mfa-enabled"]
[gate]
fail_on = "noncompliant"
min_severity = "HIGH"
allow_incomplete = true
max_report_age = 24
[[suppressions]]
rule = "iam-user-no-policies-check"
resource = "bob"
reason = "why"
owner = "who"
until = 2026-12-01
"""
SINFUL = account(users=[user("bob", attached=["A"])], password=password_policy())


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "s.json").write_bytes(dump(NO_ROOT_MFA))
    return tmp_path


def configure(folder: Path, text: str) -> None:
    (folder / "iam-audit.toml").write_text(text)


SCAN = ["scan", "--snapshot", "s.json", "--fail-on", "noncompliant", "--as-of", "2026-11-24"]


def test_a_rule_that_the_command_line_names_runs_though_the_file_excludes_it(folder: Path, run: Run) -> None:
    configure(folder, f'[selection]\nexclude = ["{ROOT_MFA}"]\n')
    assert run(*SCAN, "--rule", ROOT_MFA, "--rule", PASSWORD).code == 1
    rules = json.loads(run(*SCAN, "--format", "json").out)["rules"]
    assert ROOT_MFA not in [rule["config_rule_name"] for rule in rules]


def test_the_exclusion_of_another_option_still_holds(folder: Path, run: Run) -> None:
    assert run(*SCAN, "--rule", ROOT_MFA, "--rule", PASSWORD, "--exclude-rule", ROOT_MFA).code == 0
    assert folder.exists()


def test_no_configuration_file_is_read_when_told_so(folder: Path, run: Run) -> None:
    configure(folder, f'[selection]\nexclude = ["{ROOT_MFA}"]\n')
    result = run(*SCAN, "--no-config")
    assert (result.code, "iam-audit.toml" in result.err + result.out) == (1, False)
    refused = run(*SCAN, "--no-config", "--config", "iam-audit.toml")
    assert (refused.code, "--config and --no-config exclude each other" in refused.err) == (2, True)


def test_a_file_in_a_parent_folder_is_not_read_and_that_is_said(
    folder: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    configure(folder, "not even TOML")
    (folder / "below").mkdir()
    monkeypatch.chdir(folder / "below")
    result = run("scan", "--snapshot", "../s.json", "--rule", PASSWORD)
    assert result.code == 0
    assert f"Note: {folder / 'iam-audit.toml'} is not read" in result.err


def test_a_parent_folder_that_may_not_be_looked_into_is_passed_over(
    folder: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    is_file = Path.is_file

    def as_a_service_user(path: Path, **options: bool) -> bool:
        if path == folder / "iam-audit.toml":
            raise PermissionError(13, "Permission denied", str(path))
        return is_file(path, **options)

    monkeypatch.setattr(Path, "is_file", as_a_service_user)
    (folder / "below").mkdir()
    monkeypatch.chdir(folder / "below")
    assert run("scan", "--snapshot", "../s.json", "--rule", PASSWORD).code == 0


def test_a_working_folder_that_was_removed_has_no_parents(
    folder: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "below").mkdir()
    monkeypatch.chdir(folder / "below")
    (folder / "below").rmdir()
    assert run("scan", "--snapshot", str(folder / "s.json"), "--rule", PASSWORD).code == 0


@pytest.fixture
def configured(folder: Path) -> Path:
    (folder / "s.json").write_bytes(dump(SINFUL))
    configure(folder, EVERYTHING)
    return folder


DECIDED = (
    "Configuration iam-audit.toml: excludes 1 rule: root-account-mfa-enabled; suppresses 1 finding; "
    "allows unknown facts; sets --fail-on noncompliant; sets --min-severity HIGH; sets --max-report-age 24"
)
PLAIN = ["scan", "--snapshot", "s.json", "--as-of", "2026-11-24"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[selection]\nset = "core"\n', "runs the set core instead of the usual rules"),
        (f'[selection]\ninclude = ["{PASSWORD}"]\n', f"runs {PASSWORD} instead of the usual rules"),
        (
            "[rules.access-keys-rotated.parameters]\nmaxAccessKeyAge = 36500\n",
            "sets access-keys-rotated.maxAccessKeyAge=36500",
        ),
        (f'[rules.{ROOT_MFA}]\nseverity = "LOW"\n', f"sets the severity {ROOT_MFA}=LOW"),
    ],
)
def test_what_a_file_selects_and_sets_is_said_in_every_format(folder: Path, run: Run, text: str, said: str) -> None:
    configure(folder, text)
    result = run("scan", "--snapshot", "s.json", "-o", "r.json", "-o", "r.html", "-o", "r.csv", "-o", "r.jsonl")
    assert said in result.err
    assert said in " ".join(result.out.split())
    assert "nothing switched off" not in result.out + result.err
    assert said in Path("r.html").read_text()
    for name in ("r.json", "r.jsonl"):
        told = json.loads(Path(name).read_text().splitlines()[0])["configuration"]
        assert told["selected"] or told["parameters"] or told["severities"]


def test_the_json_report_has_it_as_data(configured: Path, run: Run) -> None:
    report: dict[str, Any] = json.loads(run(*PLAIN, "--format", "json").out)
    assert report["configuration"] == {
        "file": "iam-audit.toml",
        "excluded": [ROOT_MFA],
        "suppressed": 1,
        "fail_on": "noncompliant",
        "allow_incomplete": True,
        "max_report_age": 24.0,
        "max_snapshot_age": None,
        "min_severity": "HIGH",
        "selected": [],
        "parameters": [],
        "severities": [],
        "baseline": None,
    }
    assert configured.exists()


@pytest.mark.parametrize("form", sorted({*STDOUT_FORMATS} - {"json"}))
def test_every_format_and_the_last_line_name_the_file_and_what_it_does(
    configured: Path, run: Run, form: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_REGION", "eu-central-1")  # for asff
    result = run(*PLAIN, "--format", form)
    out = " ".join(result.out.split())
    assert (DECIDED in out) or (form == "jsonl" and '"excluded":["root-account-mfa-enabled"]' in out)
    assert result.err.splitlines()[-1].endswith(DECIDED)
    assert configured.exists()


def test_the_page_names_the_file_and_what_it_does(configured: Path, run: Run) -> None:
    run(*PLAIN, "-o", "r.html")
    assert DECIDED in (configured / "r.html").read_text()


def test_an_option_is_not_the_files(configured: Path, run: Run) -> None:
    report = json.loads(run(*PLAIN, "--format", "json", "--no-allow-incomplete", "--fail-on", "nothing").out)
    assert (report["configuration"]["allow_incomplete"], report["configuration"]["fail_on"]) == (None, None)
    assert configured.exists()


@pytest.mark.parametrize("suppressed", [False, True])
def test_a_run_that_decided_nothing_never_passes(folder: Path, run: Run, suppressed: bool) -> None:
    (folder / "s.json").write_bytes(dump(account(unknown=["password_policy"])))
    aside = f"""
[[suppressions]]
rule = "{PASSWORD}"
resource = "111122223333"
reason = "why"
owner = "who"
until = 2026-12-01
"""
    configure(folder, "[gate]\nallow_incomplete = true\n" + (aside if suppressed else ""))
    result = run(*SCAN, "--rule", PASSWORD)
    assert result.code == 4
    assert "nothing was decided" in result.err


def test_complete_lists_without_resources_pass(folder: Path, run: Run) -> None:
    (folder / "s.json").write_bytes(dump(account()))
    assert run(*SCAN, "--rule", "iam-user-no-policies-check").code == 0
