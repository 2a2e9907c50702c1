"""The plan of a run: options go before the configuration file, both before what packs give, and origins are told."""

import json
from pathlib import Path
from typing import Any

import pytest
from conftest import Run

from auditor.account.snapshot import dump
from auditor.testing import account, password_policy

PACK = """\
Parameters:
  Length: {Type: String, Default: '14'}
Resources:
  Passwords:
    Type: AWS::Config::ConfigRule
    Properties:
      ConfigRuleName: NAME
      InputParameters: {MinimumPasswordLength: !Ref Length}
      Source: {Owner: AWS, SourceIdentifier: IAM_PASSWORD_POLICY}
"""
PASSWORD, LENGTH = "iam-password-policy", "MinimumPasswordLength"
FILE = "[[conformance_packs]]\nfile = 'packs/ours.yaml'\n"
OWN = f"[rules.{PASSWORD}.parameters]\n{LENGTH} = 20\n"
SUPPRESSION = """\
[[suppressions]]
rule = "{rule}"
resource = "111122223333"
reason = "The new policy comes with the new directory"
owner = "platform"
until = 2026-12-31
"""
SET_ASIDE = {"resource": "111122223333", "owner": "platform", "until": "2026-12-31"}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder beside the working one, with a snapshot and two packs in it."""
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    (tmp_path / "packs").mkdir()
    (tmp_path / "packs/ours.yaml").write_text(PACK.replace("NAME", "ours-passwords"))
    (tmp_path / "packs/theirs.yaml").write_text(PACK.replace("NAME", "theirs-passwords"))
    (tmp_path / "s.json").write_bytes(dump(account(password=password_policy())))
    return tmp_path


def lengths(run: Run, folder: Path, text: str, *options: str) -> dict[str, int]:
    """Return the length that each password rule of a scan asks for."""
    return {rule["config_rule_name"]: rule["parameters"].get(LENGTH) for rule in scanned(run, folder, text, *options)}


def scanned(run: Run, folder: Path, text: str, *options: str, key: str = "rules") -> Any:
    (folder / "c.toml").write_text(text)
    command = ("scan", "--snapshot", folder / "s.json", "--config", folder / "c.toml", "--as-of", "2026-11-25")
    result = run(*command, "--format", "json", *options)
    assert result.code == 0, result.err
    return json.loads(result.out)[key]


PACK_OPTION = ("--conformance-pack", "../packs/theirs.yaml")
CASES: dict[str, tuple[str, tuple[str, ...], dict[str, int]]] = {
    "a pack of the file, found beside the file": (FILE, (), {"ours-passwords": 14}),
    "the file's parameter of its pack": (f"{FILE}parameters = {{Length = 16}}\n", (), {"ours-passwords": 16}),
    "an option before the file's parameter of its pack": (
        f"{FILE}parameters = {{Length = 16}}\n",
        ("--pack-parameter", "Length=18"),
        {"ours-passwords": 18},
    ),
    "a pack of the options instead of the file's": (FILE, PACK_OPTION, {"theirs-passwords": 14}),
    "a rule of the options instead of the file's pack": (FILE, ("--rule", PASSWORD), {PASSWORD: 14}),
    "a rule that the file includes beside its pack": (
        f"[selection]\ninclude = ['{PASSWORD}']\n{FILE}",
        (),
        {"ours-passwords": 14, PASSWORD: 14},
    ),
    "the file's parameter before what its pack gives": (OWN + FILE, (), {"ours-passwords": 20}),
    "a pack of the options before the file's parameter": (OWN, PACK_OPTION, {"theirs-passwords": 14}),
    "an option before everything": (
        OWN + FILE,
        ("--parameter", f"{PASSWORD}.{LENGTH}=30"),
        {"ours-passwords": 30},
    ),
}


@pytest.mark.parametrize(("text", "options", "expected"), CASES.values(), ids=list(CASES))
def test_what_goes_before_what(
    run: Run, folder: Path, text: str, options: tuple[str, ...], expected: dict[str, int]
) -> None:
    assert lengths(run, folder, text, *options, "--allow-incomplete") == expected


@pytest.mark.parametrize("rule", [PASSWORD, "ours-passwords"], ids=["the rule's id", "the pack's name for it"])
def test_a_suppression_reaches_a_rule_of_a_pack_by(run: Run, folder: Path, rule: str) -> None:
    text = f"{FILE}parameters = {{Length = 20}}\n{SUPPRESSION.format(rule=rule)}"
    (finding,) = scanned(run, folder, text, "--fail-on", "noncompliant", key="findings")
    assert finding["compliance_type"] == "NON_COMPLIANT"
    assert finding["suppression"].items() >= SET_ASIDE.items()


def test_a_suppression_of_the_files_pack_stays_known_where_something_else_runs(run: Run, folder: Path) -> None:
    text = FILE + SUPPRESSION.format(rule="ours-passwords")
    assert lengths(run, folder, text, "--rule", PASSWORD) == {PASSWORD: 14}
    wrong = FILE + SUPPRESSION.format(rule="ours-pasword")
    (folder / "c.toml").write_text(wrong)
    result = run("config", "show", "--config", folder / "c.toml", "--rule", PASSWORD)
    assert result.code == 2
    assert "suppressions[0]: there is no rule 'ours-pasword'" in result.err


def test_show_names_the_pack_that_a_setting_comes_from(run: Run, folder: Path) -> None:
    (folder / "c.toml").write_text(f"[rules.{PASSWORD}]\nseverity = 'HIGH'\n{FILE}")
    shown = run("config", "show", "--config", folder / "c.toml", "--parameter", f"{PASSWORD}.MaxPasswordAge=30").out
    pack, file = folder / "packs/ours.yaml", folder / "c.toml"
    for line in (
        f'conformance_packs = [{{"file":"packs/ours.yaml","parameters":{{}}}}]  # {file}',
        f'rules.ours-passwords.severity = "HIGH"  # {file}',
        f"rules.ours-passwords.parameters.{LENGTH} = 14  # {pack}",
        "rules.ours-passwords.parameters.MaxPasswordAge = 30  # option",
    ):
        assert line in shown.splitlines()


SUPPORT = """\
Resources:
  Support:
    Type: AWS::Config::ConfigRule
    Properties:
      ConfigRuleName: support
      InputParameters: {policyARN: 'arn:aws:iam::aws:policy/AWSSupportAccess'}
      Source: {Owner: AWS, SourceIdentifier: IAM_POLICY_IN_USE}
  Defaults:
    Type: AWS::Config::ConfigRule
    Properties:
      ConfigRuleName: defaults
      Source: {Owner: AWS, SourceIdentifier: IAM_PASSWORD_POLICY}
  Groups:
    Type: AWS::Config::ConfigRule
    Properties:
      ConfigRuleName: groups
      Source: {Owner: AWS, SourceIdentifier: IAM_USER_GROUP_MEMBERSHIP_CHECK}
  Age:
    Type: AWS::Config::ConfigRule
    Properties:
      ConfigRuleName: age
      InputParameters: {MaxPasswordAge: 90}
      Source: {Owner: AWS, SourceIdentifier: IAM_PASSWORD_POLICY}
"""


def test_show_tells_a_packs_parameter_of_an_option(run: Run, folder: Path) -> None:
    (folder / "c.toml").write_text(f"{FILE}parameters = {{Length = 16}}\n")
    shown = run("config", "show", "--config", folder / "c.toml", "--pack-parameter", "Length=18").out.splitlines()
    assert 'pack_parameters = ["Length=18"]  # option' in shown
    assert f"rules.ours-passwords.parameters.{LENGTH} = 18  # {folder / 'packs/ours.yaml'}" in shown


def test_show_tells_aws_defaults_from_what_the_pack_decides(run: Run, folder: Path) -> None:
    pack = folder / "packs/support.yaml"
    pack.write_text(SUPPORT)
    shown = run("config", "show", "--conformance-pack", pack).out
    for line in (
        f'rules.support.parameters.policyARN = "arn:aws:iam::aws:policy/AWSSupportAccess"  # {pack}',
        'rules.support.parameters.policyUsageType = "ANY"  # default',
        f"rules.defaults.parameters.{LENGTH} = 14  # default",
        "rules.groups.parameters.groupNames = null  # default",
        f"rules.age.parameters.MaxPasswordAge = 90  # {pack}",
        f"rules.age.parameters.{LENGTH} = null  # {pack}",
    ):
        assert line in shown.splitlines()


def test_packs_are_not_pinned_they_are_a_pin(run: Run, folder: Path) -> None:
    (folder / "c.toml").write_text(FILE)
    result = run("config", "pin", "--config", folder / "c.toml")
    assert result.code == 2
    assert "every selected rule is of a conformance pack" in result.err
    assert (folder / "c.toml").read_text() == FILE


def test_a_parameter_that_the_files_pack_lacks_is_refused(run: Run, folder: Path) -> None:
    (folder / "c.toml").write_text(f"{FILE}parameters = {{Lenght = 16}}\n")
    result = run("config", "show", "--config", folder / "c.toml")
    assert result.code == 2
    assert "packs/ours.yaml has no parameter 'Lenght'\n  Did you mean Length?" in result.err
