"""Sets of frameworks: their rules run with their values, so that no control stays undecided for want of one."""

import json
from pathlib import Path
from typing import Any

import pytest
from conftest import Run
from msgspec import to_builtins
from msgspec.structs import replace

import auditor
from auditor.account.model import AttachedPolicy
from auditor.account.snapshot import dump
from auditor.judging.rule import ConfiguredRule
from auditor.report.audit import audit
from auditor.selection.frameworks import known
from auditor.selection.named import configured_rules
from auditor.selection.sets import RuleSet
from auditor.testing import NC, C, account, console_user, group, listing, password_policy

UNUSED, PASSWORD, ATTACHED = "iam-user-unused-credentials-check", "iam-password-policy", "iam-policy-blacklisted-check"
OF_THE_USER = {"iam-role-managed-policy-check"}
"""Rules that need a value which no framework names."""


def by_name(*given: Any) -> dict[str, ConfiguredRule]:
    return {each.config_rule_name: each for each in configured_rules(*given)}


def values(configured: ConfiguredRule) -> Any:
    return {name: value for name, value in to_builtins(configured.parameters).items() if value is not None}


def test_every_framework_is_a_set() -> None:
    assert [each.value for each in RuleSet if each.is_framework] == list(known())


@pytest.mark.parametrize("name", known())
def test_no_control_is_undecided_for_want_of_a_value(name: str) -> None:
    (framework,) = audit(account(), name, frameworks=[name]).frameworks
    short = {
        control.id: (control.not_evaluated, [rule.shortfalls for rule in control.rules])
        for control in framework.controls
        if not control.complete and control.partial is None and not set(control.not_evaluated) <= OF_THE_USER
    }
    assert short == {}


def test_cis_runs_with_its_values_and_once_for_each_set_of_them() -> None:
    rules = by_name("CIS-AWS-3.0")
    assert values(rules[UNUSED]) == {"maxCredentialUsageAge": 45}
    assert values(rules["CIS-AWS-3.0/1.8"]) == {"MinimumPasswordLength": 14}
    assert values(rules["CIS-AWS-3.0/1.9"]) == {"PasswordReusePrevention": 24}
    assert PASSWORD not in rules
    assert ATTACHED not in rules


@pytest.mark.parametrize("name", known())
def test_the_report_of_a_set_with_its_framework_can_be_read_again(name: str, tmp_path: Path) -> None:
    report = audit(account(), name, frameworks=[name])
    auditor.write(report, tmp_path / "report.json")
    assert auditor.load_report(tmp_path / "report.json").to_json() == report.to_json()


def test_a_rule_with_several_sets_of_values_supports_the_controls_that_list_it() -> None:
    report = audit(account(), "CIS-AWS-3.0", frameworks=["CIS-AWS-3.0"])
    supported = {rule.config_rule_name: rule.controls["CIS-AWS-3.0"] for rule in report.rules}
    assert [supported[f"CIS-AWS-3.0/{number}"] for number in ("1.8", "1.9", "1.16", "1.22")] == [
        ("1.8",),
        ("1.9",),
        ("1.16",),
        ("1.22",),
    ]


def test_given_values_go_before_those_of_the_framework() -> None:
    assert values(by_name("CIS-AWS-3.0", {UNUSED: {"maxCredentialUsageAge": "30"}})[UNUSED]) == {
        "maxCredentialUsageAge": 30
    }


def test_the_policies_of_a_framework_are_those_of_the_accounts_own_partition() -> None:
    admin = "arn:aws-us-gov:iam::aws:policy/AdministratorAccess"
    attached = listing([AttachedPolicy("AdministratorAccess", admin)])
    snapshot = account(partition="aws-us-gov", groups=[replace(group("Admins"), attached_policies=attached)])
    report = audit(snapshot, "CIS-AWS-3.0", frameworks=["CIS-AWS-3.0"])
    found = {each.id: each.compliance_type for each in report.frameworks[0].controls}
    assert (found["1.16"], found["1.22"]) == (NC, C)


def test_one_check_of_the_password_policy_breaks_its_own_control_only() -> None:
    snapshot = account(users=[console_user("a", mfa=True)], password=password_policy(length=14, reuse=None))
    report = audit(snapshot, "CIS-AWS-3.0", frameworks=["CIS-AWS-3.0"])
    found = {each.id: each.compliance_type for each in report.frameworks[0].controls}
    assert (found["1.8"], found["1.9"]) == (C, NC)


def test_the_option_and_the_file_name_a_framework_and_config_show_says_where_values_are_from(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("s.json").write_bytes(dump(account()))
    by_option = json.loads(run("scan", "--snapshot", "s.json", "--rules", "cis-aws-3.0", "--format", "json").out)
    Path("iam-audit.toml").write_text('[selection]\nset = "CIS-AWS-3.0"\n')
    by_file = json.loads(run("scan", "--snapshot", "s.json", "--format", "json").out)
    names = [rule["config_rule_name"] for rule in by_option["rules"]]
    assert names == [rule["config_rule_name"] for rule in by_file["rules"]]
    assert "CIS-AWS-3.0/1.22" in names
    (line,) = (line for line in run("config", "show").out.splitlines() if f"{UNUSED}.parameters.max" in line)
    assert line.split()[-1] == "CIS-AWS-3.0"
    assert "45" in line


def test_a_framework_that_does_not_exist_is_refused(run: Run) -> None:
    assert run("scan", "--snapshot", "nowhere.json", "--rules", "CIS-AWS-9.0").code == 2
