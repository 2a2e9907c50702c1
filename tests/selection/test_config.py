"""The configuration file: read strictly, laid under the options, shown with its origins, and pinned."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from config_files import FULL, PASSWORD, TODAY, WRONG, written
from conftest import Run

from auditor.account.snapshot import dump
from auditor.errors import UsageError
from auditor.judging.parameters import needed
from auditor.judging.registry import load_rules
from auditor.selection import config
from auditor.selection.layers import Layer
from auditor.selection.merging import merged
from auditor.selection.plan import selected
from auditor.selection.sets import CORE, RuleSet, sets_of
from auditor.selection.settings import OPTION, from_file
from auditor.selection.tables import Config
from auditor.testing import account, console_user, group


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


GATES = {
    "the file's": ([], 1),
    "no gate by option": (["--fail-on", "nothing"], 0),
    "and what is unknown counts by option": (["--fail-on", "nothing", "--no-allow-incomplete"], 4),
}


@pytest.mark.parametrize(("options", "code"), GATES.values(), ids=list(GATES))
def test_an_option_goes_before_the_files_gate(run: Run, folder: Path, options: list[str], code: int) -> None:
    unknown = account(users=[console_user("bob", mfa=False)], groups=[group("A", unknown=["arn"])], unknown=["groups"])
    (folder / "s.json").write_bytes(dump(unknown))
    written(folder, '[gate]\nfail_on = "noncompliant"\nallow_incomplete = true\n')
    assert run("scan", "--snapshot", "s.json", "--rules", "core", *options).code == code


def test_a_file_that_the_configuration_cannot_have_written_is_refused_with_its_place(run: Run, folder: Path) -> None:
    written(folder, '[output]\nfiles = ["x.pdf"]\n')
    result = run("scan", "--snapshot", "s.json")
    assert (result.code, result.out) == (2, "")
    assert "iam-audit: iam-audit.toml: output.files: x.pdf has an unknown format" in result.err
    assert "-o y.pdf has an unknown format" in run("scan", "--snapshot", "s.json", "-o", "y.pdf").err


def test_without_a_file_every_setting_is_the_default(folder: Path) -> None:
    assert config.load(None, TODAY) == config.Loaded(Config(), None)
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


@pytest.mark.parametrize(
    "make", [Path.mkdir, lambda path: path.symlink_to("nowhere.toml")], ids=["folder", "dead link"]
)
def test_what_stands_in_the_place_of_the_file_is_not_ignored(folder: Path, make: Callable[[Path], None]) -> None:
    make(folder / "iam-audit.toml")
    with pytest.raises(UsageError, match=r"iam-audit\.toml cannot be read: (Is a directory|No such file)"):
        config.load(None, TODAY)


def test_a_byte_order_mark_and_windows_line_ends_do_no_harm(folder: Path) -> None:
    (folder / "iam-audit.toml").write_bytes(b"\xef\xbb\xbf" + FULL.replace("\n", "\r\n").encode())
    assert config.load(None, TODAY).config.gate.fail_on == "noncompliant"


NOT_THERE = {
    "a rule that does not exist": (
        "[rules.iam-pasword-policy]\n",
        "iam-audit.toml: there is no rule 'iam-pasword-policy'",
    ),
    "a parameter that does not exist": (
        f"[rules.{PASSWORD}.parameters]\nMax = 1\n",
        f"iam-audit.toml: {PASSWORD} has no parameter 'Max'",
    ),
    "a value out of range": (
        f"[rules.{PASSWORD}.parameters]\nMaxPasswordAge = 0\n",
        f"iam-audit.toml: {PASSWORD}.MaxPasswordAge is 0, out of range",
    ),
    "a rule set twice": (
        f"[rules.{PASSWORD}]\nseverity = 'LOW'\n[rules.IAM_PASSWORD_POLICY]\nseverity = 'HIGH'\n",
        f"iam-audit.toml: rules.{PASSWORD} and rules.IAM_PASSWORD_POLICY are one rule",
    ),
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


FILE = from_file("c.toml")


def names(*layers: Layer) -> set[str]:
    rules = load_rules()
    return {each.configured.rule.id for each in selected(rules, merged(layers, rules))}


def test_by_default_every_rule_of_aws_config_runs_that_needs_no_value() -> None:
    rules = load_rules()
    assert names() == {rule.id for rule in rules.values() if RuleSet.DEFAULT in sets_of(rule) and not needed(rule)}


def test_a_set_is_what_it_says() -> None:
    assert names(Layer(origin=FILE, rule_set=RuleSet.CORE)) == CORE
    assert names(Layer(origin=FILE, rule_set=RuleSet.ALL)) >= names(Layer(origin=FILE, rule_set=RuleSet.AWS_CONFIG))


def test_a_rule_is_included_by_name_or_identifier_once_and_excluded_likewise() -> None:
    assert names(Layer(origin=FILE, include=["IAM_PASSWORD_POLICY", PASSWORD])) == {PASSWORD}
    assert names(Layer(origin=FILE, rule_set=RuleSet.CORE, exclude=["IAM_PASSWORD_POLICY"])) == CORE - {PASSWORD}


def test_options_win_over_the_file_and_exclusions_add_up() -> None:
    option = Layer(origin=OPTION, rule_set=RuleSet.CORE, exclude=[PASSWORD])
    file = Layer(origin=FILE, include=[PASSWORD], exclude=["iam-group-has-users-check"])
    assert names(option, file) == CORE - {PASSWORD, "iam-group-has-users-check"}
    assert names(Layer(origin=OPTION), file) == {PASSWORD}


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


def test_show_calls_what_the_file_gives_the_files_though_it_be_the_default(run: Run, folder: Path) -> None:
    written(folder, '[output]\nformat = "table"\n[gate]\nallow_incomplete = false\n')
    lines = run("config", "show").out.splitlines()
    assert 'output.format = "table"  # iam-audit.toml' in lines
    assert "gate.allow_incomplete = false  # iam-audit.toml" in lines
    assert "output.files = []  # default" in lines


WRONG_OPTIONS = {
    "a set and a rule": (["--rules", "core", "--rule", PASSWORD], "--rules and --rule exclude each other"),
    "a rule that does not exist": (["--rule", "x-y-z"], "iam-audit: there is no rule 'x-y-z'"),
    "a value out of range": (
        ["--parameter", f"{PASSWORD}.MaxPasswordAge=0"],
        f"iam-audit: {PASSWORD}.MaxPasswordAge is 0, out of range",
    ),
    "a parameter of a rule that is not selected": (
        ["--rules", "core", "--parameter", "access-keys-rotated.maxAccessKeyAge=1"],
        "iam-audit: --parameter: access-keys-rotated is not selected",
    ),
}


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(("options", "words"), WRONG_OPTIONS.values(), ids=list(WRONG_OPTIONS))
def test_options_that_make_no_sense_are_refused(run: Run, options: list[str], words: str) -> None:
    for command in (["scan", "--snapshot", "s.json"], ["config", "show"], ["permissions"]):
        result = run(*command, *options)
        assert (result.code, result.out) == (2, "")
        assert words in result.err


def test_permissions_follow_the_selection(run: Run, folder: Path) -> None:
    written(folder, f"[selection]\ninclude = ['{PASSWORD}']\n")
    actions = json.loads(run("permissions").out)["Statement"][0]["Action"]
    assert actions == ["iam:GetAccountPasswordPolicy", "iam:GetAccountSummary", "iam:ListAccountAliases"]
    more = json.loads(run("permissions", "--rule", "iam-user-group-membership-check").out)["Statement"][0]["Action"]
    assert "iam:GetAccountAuthorizationDetails" in more
    assert "iam:GetAccountPasswordPolicy" not in more
