"""The configuration file: read strictly, laid under the options, shown with its origins, and pinned."""

import json
import tomllib
from datetime import date
from pathlib import Path
from typing import Any

import jsonschema
import msgspec
import pytest
from conftest import Run

from auditor import config
from auditor.errors import UsageError
from auditor.parameters import needed
from auditor.registry import load_rules
from auditor.selection import CORE, Given, RuleSet, selected, sets_of
from auditor.snapshot import dump
from auditor.testing import account, console_user, group, password_policy

TODAY = date(2026, 11, 24)
PASSWORD = "iam-password-policy"
FULL = """\
[selection]
set = "aws-config"
exclude = ["iam-user-no-policies-check"]

[rules.iam-password-policy]
severity = "HIGH"
[rules.iam-password-policy.parameters]
MinimumPasswordLength = 16
RequireSymbols = true
MaxPasswordAge = "60"

[rules.iam-user-group-membership-check.parameters]
groupNames = ["Admins", "Developers"]

[output]
files = ["out/{account_id}.json"]
format = "json"

[gate]
fail_on = "noncompliant"
allow_incomplete = true
max_report_age = 4.5

[[suppressions]]
rule = "iam-user-no-policies-check"
resource = "break-glass"
reason = "Used when single sign-on is down"
owner = "platform"
ticket = "SEC-7"
until = 2027-05-01
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give the working folder, with a snapshot in it."""
    monkeypatch.chdir(tmp_path)
    sinful = account(users=[console_user("bob", mfa=False)], groups=[group("A")], password=password_policy())
    (tmp_path / "s.json").write_bytes(dump(sinful))
    return tmp_path


def written(folder: Path, text: str) -> Path:
    file = folder / "iam-audit.toml"
    file.write_text(text, encoding="utf-8")
    return file


def wrong(folder: Path, text: str) -> str:
    with pytest.raises(UsageError) as raised:
        config.load(str(written(folder, text)), TODAY)
    assert raised.value.hint
    return raised.value.message


def test_the_file_of_the_working_folder_is_read_and_options_win(run: Run, folder: Path) -> None:
    written(folder, FULL)
    (folder / "out").mkdir()
    result = run("scan", "--snapshot", "s.json", "--as-of", "2026-11-24")
    report = json.loads(result.out)
    assert result.code == 1
    assert json.loads((folder / "out/111122223333.json").read_text()) == report
    rules = {rule["config_rule_name"]: rule for rule in report["rules"]}
    assert "iam-user-no-policies-check" not in rules
    assert rules[PASSWORD]["severity"] == "HIGH"
    assert (
        rules[PASSWORD]["parameters"]["MinimumPasswordLength"],
        rules[PASSWORD]["parameters"]["MaxPasswordAge"],
    ) == (16, 60)
    assert rules[PASSWORD]["parameters"]["PasswordReusePrevention"] == 24
    assert rules["iam-user-group-membership-check"]["parameters"]["groupNames"] == ["Admins", "Developers"]
    option = ["--parameter", f"{PASSWORD}.MinimumPasswordLength=8", "--rule", PASSWORD, "--format", "table"]
    shown = run("scan", "--snapshot", "s.json", "--as-of", "2026-11-24", *option)
    assert "iam-group-has-users-check" not in shown.out
    assert "Checked" not in shown.out


def test_without_a_file_every_setting_is_the_default(folder: Path) -> None:
    assert config.load(None, TODAY) == config.Loaded(config.Config(), None)
    assert not (folder / "iam-audit.toml").exists()


def test_a_file_that_was_named_has_to_be_there(run: Run, folder: Path) -> None:
    result = run("scan", "--snapshot", folder / "s.json", "--config", folder / "nowhere.toml")
    assert (result.code, result.out) == (2, "")
    assert "nowhere.toml cannot be read: No such file" in result.err


@pytest.mark.usefixtures("folder")
def test_files_are_relative_to_the_configuration(run: Run, tmp_path_factory: Any) -> None:
    other = tmp_path_factory.mktemp("other")
    (other / "c.toml").write_text('[output]\nfiles = ["r.json"]\n')
    run("scan", "--snapshot", "s.json", "--config", other / "c.toml", "--rules", "core")
    assert (other / "r.json").exists()


WRONG = {
    "an unknown table": ("[selektion]\n", "Object contains unknown field `selektion`"),
    "an unknown key": ("[gate]\nfail = 1\n", "Object contains unknown field `fail` - at `$.gate`"),
    "a wrong type": ("[gate]\nallow_incomplete = 'yes'\n", "Expected `bool`, got `str` - at `$.gate.allow_incomplete`"),
    "an unknown set": ("[selection]\nset = 'some'\n", "Invalid enum value 'some' - at `$.selection.set`"),
    "an unknown severity": (f"[rules.{PASSWORD}]\nseverity = 'high'\n", "Invalid enum value 'high'"),
    "a parameter that is a table": (f"[rules.{PASSWORD}.parameters]\nx = {{}}\n", "$.rules[...].parameters[...]"),
    "no TOML": ("selection = [\n", "is not valid TOML: Invalid value (at end of document)"),
    "a key twice": ("[gate]\nfail_on = 'noncompliant'\nfail_on = 'noncompliant'\n", "(at line 3, column"),
    "a number that is none": ("[gate]\nmax_report_age = nan\n", "$.gate.max_report_age"),
    "a negative age": ("[gate]\nmax_report_age = -1.0\n", "$.gate.max_report_age"),
    "nested too deeply": ("x = " + "[" * 5000, "iam-audit.toml"),
    "a suppression without reason": (
        "[[suppressions]]\nrule='x'\nresource='y'\nowner='z'\nuntil=2027-01-01\n",
        "Object missing required field `reason` - at `$.suppressions[0]`",
    ),
    "a suppression without end": (
        "[[suppressions]]\nrule='x'\nresource='y'\nowner='z'\nreason='r'\n",
        "Object missing required field `until` - at `$.suppressions[0]`",
    ),
    "a suppression without resource": (
        "[[suppressions]]\nrule='x'\nowner='z'\nreason='r'\nuntil=2027-01-01\n",
        "suppressions[0] (x): give one of `resource`, `path` and `tag`",
    ),
    "a suppression that ends too late": (
        "[[suppressions]]\nrule='x'\nresource='y'\nowner='z'\nreason='r'\nuntil=2028-01-01\n",
        "suppressions[0] (x): `until` is 2028-01-01, more than 365 days ahead",
    ),
    "an end that is a text": (
        "[[suppressions]]\nrule='x'\nresource='y'\nowner='z'\nreason='r'\nuntil='soon'\n",
        "$.suppressions[0].until",
    ),
}


@pytest.mark.parametrize(("text", "words"), WRONG.values(), ids=list(WRONG))
def test_what_is_not_understood_is_refused_with_its_place(folder: Path, text: str, words: str) -> None:
    message = wrong(folder, text)
    assert words in message
    assert message.startswith(str(folder / "iam-audit.toml"))


@pytest.mark.parametrize(
    ("content", "words"), [(b"\xff\xfe", "is not UTF-8"), (b"#" * 1_000_001, "is larger than 1,000,000 bytes")]
)
def test_a_file_that_is_no_text_is_refused(folder: Path, content: bytes, words: str) -> None:
    (folder / "iam-audit.toml").write_bytes(content)
    with pytest.raises(UsageError, match=words):
        config.load(None, TODAY)


def test_a_byte_order_mark_and_windows_line_ends_do_no_harm(folder: Path) -> None:
    (folder / "iam-audit.toml").write_bytes(b"\xef\xbb\xbf" + FULL.replace("\n", "\r\n").encode())
    assert config.load(None, TODAY).config.gate.fail_on == "noncompliant"


NOT_THERE = {
    "a rule that does not exist": (
        "[rules.iam-pasword-policy]\n",
        "iam-audit.toml: there is no rule 'iam-pasword-policy'",
    ),
    "an included one": ("[selection]\ninclude = ['x-y-z']\n", "iam-audit.toml: there is no rule 'x-y-z'"),
    "an excluded one": ("[selection]\nexclude = ['x-y-z']\n", "iam-audit.toml: there is no rule 'x-y-z'"),
    "a parameter that does not exist": (f"[rules.{PASSWORD}.parameters]\nMax = 1\n", "has no parameter 'Max'"),
    "a value out of range": (f"[rules.{PASSWORD}.parameters]\nMaxPasswordAge = 0\n", "out of range"),
    "a suppression of no rule": (
        "[[suppressions]]\nrule='x'\nresource='y'\nowner='z'\nreason='r'\nuntil=2026-12-01\n",
        "suppressions[0]: there is no rule 'x'",
    ),
}


@pytest.mark.parametrize(("text", "words"), NOT_THERE.values(), ids=list(NOT_THERE))
def test_what_does_not_exist_is_refused(run: Run, folder: Path, text: str, words: str) -> None:
    written(folder, text)
    result = run("scan", "--snapshot", "s.json", "--as-of", "2026-11-24")
    assert (result.code, result.out) == (2, "")
    assert words in result.err
    assert "Traceback" not in result.err


def names(*given: Given) -> set[str]:
    return {each.rule.id for each in selected(load_rules(), given)}


def test_by_default_every_rule_of_aws_config_runs_that_needs_no_value() -> None:
    rules = load_rules()
    assert names() == {rule.id for rule in rules.values() if RuleSet.AWS_CONFIG in sets_of(rule) and not needed(rule)}


def test_a_set_is_what_it_says() -> None:
    assert names(Given(origin="x", rule_set=RuleSet.CORE)) == CORE
    assert names(Given(origin="x", rule_set=RuleSet.ALL)) >= names(Given(origin="x", rule_set=RuleSet.AWS_CONFIG))


def test_a_rule_is_included_by_name_or_identifier_once_and_excluded_likewise() -> None:
    assert names(Given(origin="x", include=["IAM_PASSWORD_POLICY", PASSWORD])) == {PASSWORD}
    assert names(Given(origin="x", rule_set=RuleSet.CORE, exclude=["IAM_PASSWORD_POLICY"])) == CORE - {PASSWORD}
    with pytest.raises(UsageError, match="no rule is left"):
        names(Given(origin="x", include=[PASSWORD], exclude=["IAM_PASSWORD_POLICY"]))


def test_options_win_over_the_file_and_exclusions_add_up() -> None:
    option = Given(origin="option", rule_set=RuleSet.CORE, exclude=[PASSWORD])
    file = Given(origin="file", include=[PASSWORD], exclude=["iam-group-has-users-check"])
    assert names(option, file) == CORE - {PASSWORD, "iam-group-has-users-check"}
    assert names(Given(origin="option"), file) == {PASSWORD}


def test_show_tells_every_setting_and_where_it_comes_from(run: Run, folder: Path) -> None:
    written(folder, FULL)
    lines = run("config", "show", "--parameter", f"{PASSWORD}.MaxPasswordAge=30").out.splitlines()
    assert 'selection.set = "aws-config"  # iam-audit.toml' in lines
    assert f"rules.{PASSWORD}.parameters.MaxPasswordAge = 30  # option" in lines
    assert f"rules.{PASSWORD}.parameters.MinimumPasswordLength = 16  # iam-audit.toml" in lines
    assert f"rules.{PASSWORD}.parameters.PasswordReusePrevention = 24  # default" in lines
    assert f'rules.{PASSWORD}.severity = "HIGH"  # iam-audit.toml' in lines
    assert 'gate.fail_on = "noncompliant"  # iam-audit.toml' in lines
    assert "suppression_limits.max_days = 365  # default" in lines


def test_pin_writes_the_selection_and_keeps_the_rest_of_the_file(run: Run, folder: Path) -> None:
    file = written(folder, f"# ours\n{FULL}")
    before = run("config", "show").out
    result = run("config", "pin")
    assert result.code == 0
    text = file.read_text()
    assert text.startswith("# ours\n")
    pinned = tomllib.loads(text)
    assert set(pinned["selection"]) == {"include"}
    assert {key: value for key, value in pinned.items() if key != "selection"} == {
        key: value for key, value in tomllib.loads(FULL).items() if key != "selection"
    }
    after = run("config", "show").out
    assert [line for line in after.splitlines() if line.startswith("rules.")] == [
        line for line in before.splitlines() if line.startswith("rules.")
    ]


def test_pin_makes_a_file_where_there_is_none(run: Run, folder: Path) -> None:
    run("config", "pin", "--rules", "core")
    assert set(tomllib.loads((folder / "iam-audit.toml").read_text())["selection"]["include"]) == CORE


def test_the_published_schema_takes_what_we_take_and_refuses_what_we_refuse(run: Run, folder: Path) -> None:
    schema = json.loads(run("config", "schema").out)
    validator = jsonschema.Draft202012Validator(schema)

    def valid(text: str) -> bool:
        content = json.loads(msgspec.json.encode(tomllib.loads(text)))
        return not list(validator.iter_errors(content))

    assert valid(FULL)
    assert valid("")
    refused = ["an unknown table", "an unknown key", "a wrong type", "an unknown set", "a suppression without reason"]
    assert not [name for name in refused if valid(WRONG[name][0])]
    assert folder.exists()


def test_permissions_follow_the_selection(run: Run, folder: Path) -> None:
    written(folder, f"[selection]\ninclude = ['{PASSWORD}']\n")
    actions = json.loads(run("permissions").out)["Statement"][0]["Action"]
    assert actions == ["iam:GetAccountPasswordPolicy", "iam:GetAccountSummary", "iam:ListAccountAliases"]
    more = json.loads(run("permissions", "--rule", "iam-user-group-membership-check").out)["Statement"][0]["Action"]
    assert "iam:GetAccountAuthorizationDetails" in more
    assert "iam:GetAccountPasswordPolicy" not in more
