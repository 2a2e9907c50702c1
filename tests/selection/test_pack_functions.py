"""Functions in conformance packs: each with a value that is known, and with one that only AWS knows."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from conftest import Run

from auditor.account.snapshot import dump
from auditor.testing import ACCOUNT_ID, account, group, password_policy, user

ALICE = account(users=[user("alice", groups=["Admins"])], groups=[group("Admins")], password=password_policy())
PACK = """\
Parameters:
  Length: {Type: String, Default: '14'}
  Number: {Type: Number, Default: 20}
  Names: {Type: CommaDelimitedList, Default: 'Admins, Developers'}
  Ages: {Type: List<Number>, Default: '30,90'}
  Nothing: {Type: CommaDelimitedList, Default: ''}
  Key: {Type: 'AWS::EC2::KeyPair::KeyName', Default: key}
  Image: {Type: 'AWS::SSM::Parameter::Value<String>', Default: /config/length}
  Images: {Type: 'AWS::SSM::Parameter::Value<List<String>>', Default: /config/names}
  NotGiven: {Type: String}
  Secret: {Type: String, Default: '{{resolve:ssm:/config/length}}'}
Mappings:
  ByRegion:
    us-east-1: {length: 14, names: [Admins, Developers]}
    eu-west-1: {length: 16, names: [Auditors]}
Conditions:
  home: !Equals [!Ref AWS::Region, us-east-1]
  abroad: !Not [!Condition home]
  imported: !Equals [!ImportValue stage, prod]
Resources:
  Topic: {Type: 'AWS::SNS::Topic'}
  Passwords:
    Type: AWS::Config::ConfigRule
    Properties:
      ConfigRuleName: passwords
      InputParameters:
        MinimumPasswordLength: LENGTH
        MaxPasswordAge: 90
      Source: {Owner: AWS, SourceIdentifier: IAM_PASSWORD_POLICY}
  Membership:
    Type: AWS::Config::ConfigRule
    Properties:
      ConfigRuleName: membership
      InputParameters: {groupNames: NAMES}
      Source: {Owner: AWS, SourceIdentifier: IAM_USER_GROUP_MEMBERSHIP_CHECK}
"""


class Read(NamedTuple):
    """What a pack came to."""

    code: int
    parameters: Mapping[str, Mapping[str, Any]]
    findings: list[tuple[str, str, str]]
    pack: Mapping[str, Any]
    err: str


@pytest.fixture
def read(run: Run, tmp_path: Path) -> Any:
    """Return a function that scans with a pack and gives what came of it."""

    def scanned(text: str, *options: str, name: str = "ours.yaml") -> Read:
        (tmp_path / "snapshot.json").write_bytes(dump(ALICE))
        (tmp_path / name).write_text(text)
        pack = ["--conformance-pack", tmp_path / name]
        result = run("scan", "--snapshot", tmp_path / "snapshot.json", "--format", "json", *pack, *options)
        if result.code in (2, 3):
            return Read(result.code, {}, [], {}, result.err)
        report = json.loads(result.out)
        findings = [(f["config_rule_name"], f["compliance_type"], f["annotation"]) for f in report["findings"]]
        parameters = {rule["config_rule_name"]: rule["parameters"] for rule in report["rules"]}
        return Read(result.code, parameters, findings, report["packs"][0], result.err)

    return scanned


LENGTHS = {
    "Ref": ("!Ref Length", 14),
    "Ref of a number": ("!Ref Number", 20),
    "Ref in the long form": ("{Ref: Length}", 14),
    "Fn::Sub": ("!Sub '1${One}'", None),
    "Fn::Sub of a text": ("!Sub '${Length}'", 14),
    "Fn::Sub with values of its own": ("!Sub ['${One}${Number}', {One: '1'}]", 120),
    "Fn::Sub whose own value goes before a parameter": ("!Sub ['${Length}', {Length: !Ref Number}]", 20),
    "Fn::Join": ("!Join ['', ['1', '6']]", 16),
    "Fn::Join of a list parameter": ("!Join ['', !Split ['-', '1-5']]", 15),
    "Fn::Join over AWS::NoValue": ("!Join ['', ['1', !Ref AWS::NoValue, '6']]", 16),
    "Fn::Select": ("!Select [1, ['14', '18']]", 18),
    "Fn::Select of a list parameter": ("!Select ['0', !Ref Ages]", 30),
    "Fn::Select by a parameter": ("!Select [!Select [1, ['1', '0']], ['14', '18']]", 14),
    "Fn::Split": ("!Select [1, !Split ['/', 'a/17/b']]", 17),
    "Fn::Split at several characters": ("!Select [1, !Split ['::', 'a::17']]", 17),
    "Fn::FindInMap": ("!FindInMap [ByRegion, eu-west-1, length]", 16),
    "Fn::FindInMap by the Region": ("!FindInMap [ByRegion, !Ref AWS::Region, length]", 14),
    "Fn::FindInMap with a default": ("!FindInMap [ByRegion, us-west-9, length, {DefaultValue: 19}]", 19),
    "Fn::ToJsonString": ("!Select [1, !Split ['\"', !ToJsonString [!Ref Length]]]", 14),
    "Fn::If": ("!If [home, '14', '15']", 14),
    "Fn::If of the other": ("!If [abroad, '14', !Ref Number]", 20),
    "Fn::If whose unknown condition changes nothing": ("!If [imported, '14', !Ref Length]", 14),
    "functions in the long form": ("{'Fn::Select': ['0', {'Fn::Split': [',', {'Fn::Join': [',', ['14', 'b']]}]}]}", 14),
    "an unknown item behind the selected one": ("!Select [0, ['14', !ImportValue x]]", 14),
}


@pytest.mark.parametrize("case", [name for name, (_, length) in LENGTHS.items() if length])
def test_a_function_of_constants_gives_its_value(case: str, read: Any) -> None:
    written, length = LENGTHS[case]
    done = read(PACK.replace("LENGTH", written).replace("NAMES", "Admins"))
    assert done.parameters["passwords"]["MinimumPasswordLength"] == length, done.err
    assert done.parameters["passwords"]["MaxPasswordAge"] == 90


NAMES = {
    "a list parameter that is joined": ("!Join [',', !Ref Names]", ["Admins", "Developers"]),
    "a list of a mapping that is joined": ("!Join [',', !FindInMap [ByRegion, eu-west-1, names]]", ["Auditors"]),
    "an empty list that is joined": ("!Join [',', !Ref Nothing]", None),
    "AWS::NoValue": ("!Ref AWS::NoValue", None),
    "a name of an AWS type": ("!Ref Key", ["key"]),
    "AWS::AccountId": ("!Sub 'of-${AWS::AccountId}'", [f"of-{ACCOUNT_ID}"]),
    "AWS::Partition": ("!Ref AWS::Partition", ["aws"]),
    "AWS::Region": ("!Sub '${AWS::Region}-admins'", ["us-east-1-admins"]),
    "AWS::StackName": ("!Ref AWS::StackName", ["ours"]),
    "AWS::URLSuffix": ("!Ref AWS::URLSuffix", ["amazonaws.com"]),
    "a text that stays as it is": ("!Sub '${!Literal}'", ["${Literal}"]),
}


@pytest.mark.parametrize("case", NAMES)
def test_lists_and_pseudo_parameters_give_their_values(case: str, read: Any) -> None:
    written, names = NAMES[case]
    done = read(PACK.replace("LENGTH", "14").replace("NAMES", written))
    assert done.parameters["membership"]["groupNames"] == names, done.err


def within_aws(what: str) -> str:
    return f"the value of {what} is known only within AWS"


IMPORTED = within_aws("Fn::ImportValue")
UNKNOWN = {
    "Fn::ImportValue": ("!ImportValue length", IMPORTED),
    "Fn::GetAtt": ("!GetAtt Topic.TopicName", within_aws("Fn::GetAtt")),
    "Fn::GetAZs": ("!Select [0, !GetAZs '']", within_aws("Fn::GetAZs")),
    "Fn::Transform": (
        "{'Fn::Transform': {Name: 'AWS::Include'}}",
        "what Fn::Transform creates is known only within AWS",
    ),
    "Ref of a resource": ("!Ref Topic", within_aws("Topic")),
    "Fn::Sub of a resource": ("!Sub '${Topic}'", within_aws("Topic")),
    "Fn::Sub of an attribute": ("!Sub '${Topic.TopicName}'", within_aws("Topic.TopicName")),
    "Fn::Sub with an unknown value of its own": ("!Sub ['1${Four}', {Four: !ImportValue four}]", IMPORTED),
    "Fn::Join": ("!Join ['', ['1', !ImportValue four]]", IMPORTED),
    "Fn::Join of an unknown list": ("!Join ['', !Ref Images]", "the value of Images is in Systems Manager"),
    "Fn::Select of an unknown item": ("!Select [0, [!ImportValue x, '14']]", IMPORTED),
    "Fn::Select behind an unknown item": ("!Select [1, [!ImportValue x, '14']]", IMPORTED),
    "Fn::Select by an unknown index": ("!Select [!ImportValue x, ['14', '15']]", IMPORTED),
    "Fn::Split": ("!Select [0, !Split [',', !ImportValue x]]", IMPORTED),
    "Fn::FindInMap": ("!FindInMap [ByRegion, !ImportValue x, length]", IMPORTED),
    "Fn::FindInMap without the key": (
        "!FindInMap [ByRegion, !Ref Length, length]",
        "Fn::FindInMap finds no first key '14'",
    ),
    "Fn::If": ("!If [imported, '14', '15']", IMPORTED),
    "Fn::If with AWS::NoValue": ("!If [imported, '14', !Ref AWS::NoValue]", IMPORTED),
    "Fn::If that gives an unknown": ("!If [home, !ImportValue x, '15']", IMPORTED),
    "a parameter in Systems Manager": ("!Ref Image", "the value of Image is in Systems Manager, which is not read"),
    "a parameter without a value": (
        "!Ref NotGiven",
        "has no default and was not given; --pack-parameter NotGiven=VALUE",
    ),
    "a dynamic reference": ("'{{resolve:ssm:/config/length:1}}'", "a dynamic reference, {{resolve:...}}"),
    "a dynamic reference that Fn::Sub makes": ("!Sub '{{resolve:ssm:/config/${Length}}}'", "a dynamic reference"),
    "a dynamic reference in a default": ("!Ref Secret", "a dynamic reference"),
    "AWS::StackId": ("!Ref AWS::StackId", "AWS::StackId is known only within AWS"),
    "AWS::NotificationARNs": (
        "!Select [0, !Ref AWS::NotificationARNs]",
        "AWS::NotificationARNs is known only within AWS",
    ),
}


@pytest.mark.parametrize("case", UNKNOWN)
def test_what_only_aws_knows_leaves_its_rule_undecided_and_no_other(case: str, read: Any) -> None:
    written, why = UNKNOWN[case]
    done = read(PACK.replace("LENGTH", written).replace("NAMES", "Admins"))
    assert done.code == 4, done.err
    ((_, verdict, annotation),) = [finding for finding in done.findings if finding[0] == "passwords"]
    assert verdict == "INSUFFICIENT_DATA"
    assert annotation.startswith("Undecided: MinimumPasswordLength is unknown: ours.yaml, line ")
    assert why in annotation
    assert done.parameters["passwords"] == {}
    assert ("membership", "COMPLIANT") in [finding[:2] for finding in done.findings]
    assert done.pack["undecided"] == 1
    assert "Warning: pack ours: passwords is undecided: MinimumPasswordLength is unknown" in done.err


@pytest.mark.parametrize("case", UNKNOWN)
def test_an_option_decides_what_the_pack_does_not_say(case: str, read: Any) -> None:
    pack = PACK.replace("LENGTH", UNKNOWN[case][0]).replace("NAMES", "Admins")
    done = read(pack, "--parameter", "iam-password-policy.MinimumPasswordLength=12")
    assert done.parameters["passwords"]["MinimumPasswordLength"] == 12
    assert done.parameters["passwords"]["MaxPasswordAge"] == 90
    assert (
        done.parameters["passwords"]["RequireSymbols"] is None
    )  # the pack gives parameters, so that it asks for no more


def test_an_option_lies_over_the_defaults_where_the_pack_may_give_nothing(read: Any) -> None:
    pack = PACK.replace("        MaxPasswordAge: 90\n", "").replace("NAMES", "Admins")
    length = "!If [imported, '14', !Ref AWS::NoValue]"
    done = read(pack.replace("LENGTH", length), "--parameter", "iam-password-policy.MinimumPasswordLength=12")
    assert done.parameters["passwords"]["MinimumPasswordLength"] == 12
    assert done.parameters["passwords"]["RequireSymbols"] is True


def test_a_given_value_decides_a_parameter_without_default(read: Any) -> None:
    pack = PACK.replace("LENGTH", "!Ref NotGiven").replace("NAMES", "Admins")
    assert read(pack, "--pack-parameter", "NotGiven=15").parameters["passwords"]["MinimumPasswordLength"] == 15


CONDITIONS: Mapping[str, tuple[str, bool | None]] = {
    "Fn::Equals that holds": ("!Equals [a, a]", True),
    "Fn::Equals that does not": ("!Equals [a, !Ref Length]", False),
    "Fn::Equals of an unknown": ("!Equals [a, !ImportValue x]", None),
    "Fn::Equals of a joined list": ("!Equals ['', !Join ['', !Ref Nothing]]", True),
    "Fn::Not": ("!Not [!Equals [a, b]]", True),
    "Fn::Not of an unknown": ("!Not [!Condition imported]", None),
    "Fn::And": ("!And [!Condition home, !Equals [a, a]]", True),
    "Fn::And of an unknown": ("!And [!Condition home, !Condition imported]", None),
    "Fn::And that an unknown cannot save": ("!And [!Condition imported, !Condition abroad]", False),
    "Fn::Or": ("!Or [!Condition abroad, !Condition home]", True),
    "Fn::Or of an unknown": ("!Or [!Condition abroad, !Condition imported]", None),
    "Fn::Or that an unknown cannot spoil": ("!Or [!Condition imported, !Condition home]", True),
    "Condition": ("!Condition abroad", False),
    "Condition of an unknown": ("!Condition imported", None),
    "the account's number": (f"!Equals [!Ref AWS::AccountId, '{ACCOUNT_ID}']", True),
}


@pytest.mark.parametrize("case", CONDITIONS)
def test_a_condition_holds_or_not_or_leaves_the_rule_undecided(case: str, read: Any) -> None:
    written, holds = CONDITIONS[case]
    pack = (
        PACK.replace("LENGTH", "14")
        .replace("NAMES", "Admins")
        .replace("Conditions:\n", f"Conditions:\n  here: {written}\n")
    )
    done = read(pack.replace("  Passwords:\n", "  Passwords:\n    Condition: here\n"))
    verdicts = [verdict for rule, verdict, _ in done.findings if rule == "passwords"]
    assert verdicts == {True: ["COMPLIANT"], False: [], None: ["INSUFFICIENT_DATA"]}[holds], done.err
    assert done.pack["switched_off"] == (holds is False)
    if holds is None:
        assert "whether the rule is there is unknown: ours.yaml, line" in done.err


RULE = """\
Resources:
  A:
    Type: AWS::Config::ConfigRule
    Properties:
      {name}
      InputParameters: {given}
      Scope: {scope}
      Source: {source}
  B:
    Type: AWS::Config::ConfigRule
    Properties:
      ConfigRuleName: groups
      Source: {{Owner: AWS, SourceIdentifier: IAM_GROUP_HAS_USERS_CHECK}}
"""
SOURCE = "{Owner: AWS, SourceIdentifier: IAM_USER_NO_POLICIES_CHECK}"


def rule(name: str = "ConfigRuleName: a", given: str = "{}", scope: str = "{}", source: str = SOURCE) -> str:
    return RULE.format(name=name, given=given, scope=scope, source=source)


PARTS = {
    "a source identifier": (rule(source="{Owner: AWS, SourceIdentifier: !ImportValue x}"), "a", "SourceIdentifier is"),
    "an owner": (rule(source="{Owner: !ImportValue x, SourceIdentifier: IAM_X}"), "A", "the rule is unknown"),
    "a source": (rule(source="!ImportValue x"), "A", "the rule is unknown"),
    "a scope": (rule(scope="!ImportValue x"), "a", "Scope is unknown"),
    "a scope's types": (rule(scope="{ComplianceResourceTypes: !ImportValue x}"), "a", "Scope is unknown"),
    "a scope's type": (rule(scope="{ComplianceResourceTypes: [!ImportValue x]}"), "a", "Scope is unknown"),
    "a scope's tag": (rule(scope="{TagKey: !ImportValue x}"), "a", "Scope is unknown"),
    "all parameters": (rule(given="!ImportValue x"), "a", "InputParameters is unknown"),
    "a part of parameters as a text": (
        rule(given="!Join ['', ['{\"x\": \"', !ImportValue x, '\"}']]"),
        "a",
        "InputParameters is unknown",
    ),
    "a macro beside the properties": (rule(name="'Fn::Transform': {Name: ours}"), "A", "what Fn::Transform creates"),
    "a macro beside a rule's keys": (
        rule().replace(
            "    Type: AWS::Config::ConfigRule",
            "    'Fn::Transform': {Name: ours}\n    Type: AWS::Config::ConfigRule",
            1,
        ),
        "A",
        "what Fn::Transform creates",
    ),
    "the properties": (
        rule().replace("Properties:\n      ConfigRuleName: a", "Properties: !ImportValue x\n    Metadata:\n      a: b"),
        "A",
        "the rule is unknown",
    ),
}


@pytest.mark.parametrize("case", PARTS)
def test_an_unknown_part_of_a_rule_leaves_it_undecided(case: str, read: Any) -> None:
    pack, name, why = PARTS[case]
    done = read(pack)
    assert done.code == 4, done.err
    verdicts = {rule: verdict for rule, verdict, _ in done.findings}
    assert verdicts == {name: "INSUFFICIENT_DATA", "groups": "COMPLIANT"}
    assert why in next(annotation for rule, _, annotation in done.findings if rule == name)


def test_an_undecided_rule_is_undecided_also_where_there_is_nothing_to_judge(read: Any) -> None:
    parts = {"IAM_USER_NO_POLICIES_CHECK": "IAM_SERVER_CERTIFICATE_EXPIRATION_CHECK"}
    pack = rule(given="!ImportValue x", source=SOURCE.replace(*next(iter(parts.items()))))
    assert ("a", "INSUFFICIENT_DATA") in [finding[:2] for finding in read(pack).findings]


NAMED = {
    "by the stack": ("!Sub '${AWS::StackName}-policies'", "ours-policies"),
    "by the Region": ("!Sub '${AWS::Region}-policies'", "us-east-1-policies"),
    "by an import": ("!ImportValue name", "A"),
    "by an attribute": ("!Sub '${B.Arn}-x'", "A"),
}


@pytest.mark.parametrize("case", NAMED)
def test_a_name_that_is_not_known_is_the_logical_id(case: str, read: Any) -> None:
    written, name = NAMED[case]
    done = read(rule(name=f"ConfigRuleName: {written}"))
    assert done.code == 0
    assert set(done.parameters) == {name, "groups"}


def test_rules_of_one_name_of_which_one_is_there_keep_apart(read: Any) -> None:
    pack = rule(name="ConfigRuleName: groups").replace("  A:\n", "  A:\n    Condition: here\n")
    condition = "Conditions: {here: !Equals [!ImportValue x, y]}\n"
    assert set(read(condition + pack).parameters) == {"groups", "A"}
    done = read(pack.replace("Resources:", "Conditions: {here: !Equals [a, a]}\nResources:"))
    assert (done.code, "there is a second rule 'groups'" in done.err) == (2, True)


def test_parameters_as_json_by_a_function_are_read(read: Any) -> None:
    pack = PACK.replace("InputParameters:\n", "InputParameters: !ToJsonString\n").replace("NAMES", "Admins")
    done = read(f"Transform: AWS::LanguageExtensions\n{pack.replace('LENGTH', '!Ref Number')}")
    assert done.parameters["passwords"]["MinimumPasswordLength"] == 20, done.err
    done = read(pack.replace("LENGTH", "!ImportValue x"))
    assert ("passwords", "INSUFFICIENT_DATA") in [finding[:2] for finding in done.findings]


def test_a_loop_over_rules_leaves_undecided_what_else_there_is(read: Any) -> None:
    done = read(f"Transform: [AWS::LanguageExtensions]\n{rule()}  Fn::ForEach::Rules: [Name, [b], {{}}]\n")
    assert (done.code, set(done.parameters)) == (4, {"a", "groups", "Fn::ForEach::Rules"}), done.err


def test_a_rule_that_needs_a_value_may_be_undecided(read: Any) -> None:
    source = "{Owner: AWS, SourceIdentifier: IAM_POLICY_IN_USE}"
    done = read(rule(given="{policyARN: !ImportValue arn}", source=source))
    assert ("a", "INSUFFICIENT_DATA") in [finding[:2] for finding in done.findings]


def test_a_known_value_beside_an_unknown_one_is_checked(read: Any) -> None:
    pack = PACK.replace("NAMES", "Admins")
    done = read(pack.replace("LENGTH", "!ImportValue x").replace("MaxPasswordAge: 90", "MaxPasswordAge: old"))
    assert (done.code, "line 28: iam-password-policy.MaxPasswordAge is 'old'" in done.err) == (2, True), done.err
    done = read(pack.replace("MinimumPasswordLength: LENGTH", "Minimum: !ImportValue x"))
    assert (done.code, "has no parameter 'Minimum'" in done.err) == (2, True)


BIG = "x" * 4_000
DOUBLED = "\n".join(f"  c{n}: !Equals ['', !Join ['', [{', '.join(['!Ref Big'] * 12)}]]]" for n in range(300))
BOUNDS = {
    "a long text": (f"!Join ['', [{', '.join(['!Ref Big'] * 13)}]]", "Fn::Join returns more than 51,200 characters"),
    "a long separator": (f"!Join ['{BIG}', [{', '.join('x' * 20)}]]", "Fn::Join returns more than 51,200 characters"),
    "a long substitution": (f"!Sub '{'${Big}' * 13}'", "Fn::Sub returns more than 51,200 characters"),
    "a long substitution of its own": (
        f"!Sub ['{'${B}' * 13}', {{B: !Ref Big}}]",
        "Fn::Sub returns more than 51,200 characters",
    ),
    "many long texts": ("!If [all, a, b]", "the functions return more than 8,388,608 characters in all"),
    "many long lists": ("!If [lists, a, b]", "the functions return more than 8,388,608 characters in all"),
}


@pytest.mark.parametrize("case", BOUNDS)
def test_what_functions_make_is_bounded(case: str, read: Any) -> None:
    written, message = BOUNDS[case]
    lists = ", ".join("!Equals [a, !Select [0, !Split [',', !Ref Commas]]]" for _ in range(200))
    every = ", ".join(f"!Condition c{n}" for n in range(300))
    pack = PACK.replace(
        "Parameters:\n", f"Parameters:\n  Big: {{Default: {BIG}}}\n  Commas: {{Default: '{',' * 4_000}'}}\n", 1
    )
    pack = pack.replace("Conditions:\n", f"Conditions:\n{DOUBLED}\n  all: !Or [{every}]\n  lists: !Or [{lists}]\n")
    done = read(pack.replace("LENGTH", written).replace("NAMES", "Admins"))
    assert (done.code, message in done.err) == (2, True), done.err


def test_a_pack_from_a_pipe_is_read_once(run: Run, tmp_path: Path) -> None:
    import os
    import threading

    (tmp_path / "snapshot.json").write_bytes(dump(ALICE))
    pipe = tmp_path / "pipe.yaml"
    os.mkfifo(pipe)
    text = PACK.replace("LENGTH", "14").replace("NAMES", "!Ref AWS::Region")
    writer = threading.Thread(target=lambda: pipe.write_text(text), daemon=True)
    writer.start()
    result = run(
        "scan", "--snapshot", tmp_path / "snapshot.json", "--conformance-pack", pipe, "--query", "rules[].parameters"
    )
    writer.join(5)
    assert "us-east-1" in result.out, result.err


SUPPRESSION = """\
[[conformance_packs]]
file = "ours.yaml"
[[suppressions]]
rule = "{rule}"
resource = "alice"
reason = "a test"
owner = "us"
until = 2027-01-01
"""
SUPPRESSIONS = {"us-east-1-policies": 0, "groups": 0, "A": 2, "eu-west-1-policies": 2}


@pytest.mark.parametrize("name", SUPPRESSIONS)
def test_a_suppression_names_a_rule_by_the_name_that_it_has_in_the_account(
    name: str, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "snapshot.json").write_bytes(dump(ALICE))
    (tmp_path / "ours.yaml").write_text(rule(name="ConfigRuleName: !Sub '${AWS::Region}-policies'"))
    (tmp_path / "iam-audit.toml").write_text(SUPPRESSION.format(rule=name))
    done = run("scan", "--snapshot", "snapshot.json", "--as-of", "2026-12-01T00:00:00Z")
    assert done.code == SUPPRESSIONS[name], done.err
    assert (f"there is no rule {name!r}" in done.err) == (done.code == 2)


def test_without_an_account_its_pseudo_parameters_are_unknown(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "ours.yaml"
    path.write_text(
        PACK.replace("LENGTH", "!FindInMap [ByRegion, !Ref AWS::Region, length]").replace("NAMES", "Admins")
    )
    done = run("export", "conformance-pack", "--conformance-pack", path)
    assert "Pack ours: 1 of 2 rules exported, 0 out of scope; 1 undecided" in done.err
    assert "AWS::Region is known only where an account is read in a Region, which --region names" in done.err
    assert ("membership" in done.out, "passwords" in done.out) == (True, False)
    shown = run("config", "show", "--conformance-pack", path).out
    assert 'rules.passwords.undecided = "MinimumPasswordLength is unknown: ours.yaml, line' in shown
    assert "--parameter iam-password-policy.MinimumPasswordLength=VALUE gives it" in shown
    assert "iam:GetAccountPasswordPolicy" in run("permissions", "--conformance-pack", path).out


def test_of_a_rule_that_is_not_known_everything_is_read(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "ours.yaml"
    path.write_text(rule(source="{Owner: AWS, SourceIdentifier: !Sub 'IAM_${AWS::Region}'}"))
    assert "access-analyzer:ListAnalyzers" in run("permissions", "--conformance-pack", path).out
