"""Mistakes in conformance packs: one message with the line and the remedy, whatever is in the file."""

from pathlib import Path
from typing import NamedTuple

import pytest
from conftest import Run

from auditor.account.snapshot import dump
from auditor.testing import account

HEAD = """\
Parameters:
  Length:
    Type: String
    Default: '14'
Conditions:
  long:
    Fn::Equals: [!Ref Length, '14']
Resources:
  Passwords:
    Type: AWS::Config::ConfigRule
    Properties:
      ConfigRuleName: passwords
      Source:
        Owner: AWS
        SourceIdentifier: IAM_PASSWORD_POLICY
"""
INPUT = HEAD + "      InputParameters:\n        MinimumPasswordLength: "
SECOND = HEAD + "  Second:\n    Type: AWS::Config::ConfigRule\n"


class Mistake(NamedTuple):
    """A pack with a mistake, and what must be said of it."""

    pack: str
    line: int | None
    message: str
    hint: str = ""


BILLION_LAUGHS = "a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\n"
DOUBLING = "\n".join(f"  c{n}: !And [!Condition c{n - 1}, !Condition c{n - 1}]" for n in range(1, 60))
CHAIN = "\n".join(f"  c{n}: !Not [!Condition c{n + 1}]" for n in range(2_000)) + "\n  c2000: !Equals [a, a]"

MISTAKES = {
    "an empty file": Mistake("", None, "is empty"),
    "a comment alone": Mistake("# nothing\n", None, "is empty"),
    "no mapping": Mistake("- a\n- b\n", 1, "this is not a conformance pack"),
    "no Resources": Mistake("Parameters: {}\n", None, "has no Resources"),
    "not YAML": Mistake("Resources:\n  a: [\n", 3, "this is not YAML"),
    "not UTF-8": Mistake("Resources:\n  a: \udcff\n", 2, "this is not UTF-8"),
    "a control character": Mistake("Resources:\n  a: \x07\n", 2, "'\\x07' is not allowed in YAML"),
    "two documents": Mistake(HEAD + "---\na: b\n", 16, "a second document begins here"),
    "a key twice": Mistake(HEAD + "  Passwords: {}\n", 16, "'Passwords' is repeated here, after line 9"),
    "a key that is no word": Mistake(HEAD + "  ? [a, b]\n  : c\n", 16, "a key must be a plain word"),
    "a merge key": Mistake("a: {b: c}\nd:\n  <<: {e: f}\n", 3, "'<<' merges mappings"),
    "an alias": Mistake(BILLION_LAUGHS, 2, "this is an alias", "write the value out"),
    "an unknown tag": Mistake(INPUT + "!Rfe Length\n", 17, "there is no tag !Rfe", "!Ref"),
    "a tag of Python": Mistake(
        INPUT + "!!python/object:os.system x\n", 17, "there is no tag !!python/object:os.system"
    ),
    "a tag without its mark": Mistake(INPUT + "!<If> x\n", 17, "there is no tag If"),
    "a bomb of nested lists": Mistake("a: " + "[" * 60, 1, "nested deeper than 40 levels"),
    "a bomb of nested mappings": Mistake("a: " + "{b: " * 60, 1, "nested deeper than 40 levels"),
    "a bomb of nested keys": Mistake("? " * 5_000, 1, "nested deeper than 40 levels"),
    "a bomb of a hundred thousand lists": Mistake("a: " + "[" * 100_000, 1, "nest"),
    "conditions without end": Mistake(
        HEAD.replace("Conditions:\n", f"Conditions:\n{CHAIN}\n") + "    Condition: c0\n",
        81,
        "functions are nested deeper than 150 levels",
        "Make them simpler.",
    ),
    "too large a file": Mistake("# " + "x" * (1 << 20), None, "is larger than 1,048,576 bytes"),
    "a macro": Mistake(HEAD + "Transform: OurMacro\n", 16, "Transform is not understood"),
    "a macro that includes": Mistake(
        HEAD + "Fn::Transform: {Name: 'AWS::Include'}\n", 16, "Transform is not understood"
    ),
    "a macro among others": Mistake(
        HEAD + "Transform: [AWS::LanguageExtensions, OurMacro]\n", 16, "Transform is not understood"
    ),
    "a resource that is not a mapping": Mistake(HEAD + "  Other: text\n", 16, "Other is not a mapping"),
    "a resource without a type": Mistake(HEAD + "  Other: {}\n", 16, "Other has no Type", "AWS::Config::ConfigRule"),
    "an unknown function": Mistake(
        INPUT + "\n          Fn::Jion: ['', ['1', '4']]\n",
        17,
        "there is no function Fn::Jion",
        "Did you mean Fn::Join?",
    ),
    "a function beside keys": Mistake(INPUT + "{Ref: Length, Other: x}\n", 17, "Ref is beside other keys"),
    "an unknown parameter": Mistake(INPUT + "!Ref Lenght\n", 17, "no parameter 'Lenght'", "Did you mean Length?"),
    "an unknown parameter of AWS": Mistake(
        INPUT + "!Ref AWS::AccountID\n", 17, "no pseudo parameter 'AWS::AccountID'", "Did you mean AWS::AccountId?"
    ),
    "a join of lists": Mistake(INPUT + "!Join ['', [['1'], '4']]\n", 17, "Fn::Join takes texts only"),
    "a join of no list": Mistake(INPUT + "!Join ['', 14]\n", 17, "Fn::Join takes a list"),
    "a delimiter that is a function": Mistake(INPUT + "!Join [!Ref Length, ['1']]\n", 17, "Fn::Join takes a text here"),
    "a split without delimiter": Mistake(INPUT + "!Select [0, !Split ['', '14']]\n", 17, "Fn::Split has no delimiter"),
    "an index that is no number": Mistake(INPUT + "!Select [first, ['14']]\n", 17, "index of Fn::Select is 'first'"),
    "an index of five thousand digits": Mistake(
        INPUT + f"!Select ['{'9' * 5_000}', ['14']]\n", 17, "the index of Fn::Select is '999"
    ),
    "an index beyond the list": Mistake(INPUT + "!Select [1, ['14']]\n", 17, "Fn::Select has no item 1 of 1"),
    "a mapping that is not there": Mistake(
        INPUT + "!FindInMap [Lengths, a, b]\n", 17, "there is no mapping 'Lengths' for Fn::FindInMap", "It has none."
    ),
    "a key that is not in a mapping": Mistake(
        "Mappings: {Lengths: {prod: {long: 14}}}\n" + INPUT + "!FindInMap [Lengths, prd, long]\n",
        18,
        "there is no first key 'prd' for Fn::FindInMap",
        "Did you mean prod?",
    ),
    "a mapping that is too deep": Mistake(
        "Mappings: {Lengths: {prod: {long: {er: 14}}}}\n" + INPUT + "!FindInMap [Lengths, prod, long]\n",
        1,
        "Fn::FindInMap finds a mapping",
    ),
    "too few keys of a mapping": Mistake(
        INPUT + "!FindInMap [Lengths, a]\n", 17, "Fn::FindInMap takes 3 values, not 2"
    ),
    "a list in a text": Mistake(
        INPUT.replace("Type: String", "Type: CommaDelimitedList") + "!Sub '${Length}'\n",
        17,
        "Length in Fn::Sub is a list",
    ),
    "a text of Fn::Sub without its names": Mistake(INPUT + "!Sub ['14']\n", 17, "Fn::Sub takes 2 values, not 1"),
    "a type that is a function": Mistake(
        HEAD + "  Second:\n    Type: !ImportValue type\n", 17, "a Type takes no functions", "Write the type out."
    ),
    "a condition of a resource that is a list": Mistake(
        SECOND + "    Condition: [long]\n", 18, "Condition must be a text"
    ),
    "an unknown parameter in a text": Mistake(INPUT + "!Sub '1${Four}'\n", 17, "there is no parameter 'Four'"),
    "an unknown condition": Mistake(
        INPUT + "!If [lnog, '14', '15']\n", 17, "there is no condition 'lnog'", "Did you mean long?"
    ),
    "an unknown condition of a resource": Mistake(
        SECOND + "    Condition: never\n", 18, "there is no condition 'never'", "It has long"
    ),
    "a condition that depends on itself": Mistake(
        HEAD.replace("[!Ref Length, '14']", "[a, b]").replace("Fn::Equals: [a, b]", "Fn::Not: [Condition: long]")
        + "    Condition: long\n",
        7,
        "the condition 'long' depends on itself",
    ),
    "no condition": Mistake(
        HEAD.replace("Fn::Equals", "Fn::Join") + "    Condition: long\n", 6, "Fn::Join is no condition"
    ),
    "too few values to compare": Mistake(
        HEAD.replace(", '14']", "]") + "    Condition: long\n", 7, "Fn::Equals takes 2 values, not 1"
    ),
    "too few values of Fn::If": Mistake(INPUT + "!If [long, '14']\n", 17, "Fn::If takes 3 values, not 2"),
    "values that are no list": Mistake(INPUT + "!If long\n", 17, "Fn::If takes a list"),
    "no Source": Mistake(SECOND + "    Properties: {}\n", 16, "Second has no Source"),
    "no Owner": Mistake(SECOND + "    Properties:\n      Source: {}\n", 19, "Second has no Owner", "`Owner: AWS`"),
    "an unknown owner": Mistake(
        SECOND + "    Properties:\n      Source:\n        Owner: ME\n", 20, "there is no owner 'ME'", "CUSTOM_LAMBDA"
    ),
    "no SourceIdentifier": Mistake(
        SECOND + "    Properties:\n      Source:\n        Owner: AWS\n", 19, "Second has no SourceIdentifier"
    ),
    "a rule's name for its identifier": Mistake(
        HEAD.replace("IAM_PASSWORD_POLICY", "iam-password-policy"), 15, "SourceIdentifier is 'iam-password-policy'"
    ),
    "two rules of one name": Mistake(
        SECOND
        + "    Properties:\n      ConfigRuleName: passwords\n      Source: {Owner: AWS, SourceIdentifier: S3_X}\n",
        16,
        "there is a second rule 'passwords', after that of line 9",
    ),
    "a name too long": Mistake(HEAD.replace("passwords", "p" * 129), 12, "this is no ConfigRuleName"),
    "a parameter the rule does not have": Mistake(
        HEAD + "      InputParameters:\n        MinimumpasswordLength: 14\n",
        17,
        "iam-password-policy has no parameter 'MinimumpasswordLength'",
        "case-sensitive",
    ),
    "a parameter out of range": Mistake(INPUT + "5\n", 17, "MinimumPasswordLength is 5, out of range", "from 6 to 128"),
    "the name of a parameter as text": Mistake(INPUT + "Length\n", 17, "is 'Length'", "write {Ref: Length}"),
    "a list as a value": Mistake(INPUT + "[1, 4]\n", 17, "MinimumPasswordLength is no plain value", "commas"),
    "input that is not a mapping": Mistake(
        HEAD + "      InputParameters: [a]\n", 16, "InputParameters is not a mapping"
    ),
    "input that is no JSON": Mistake(HEAD + "      InputParameters: abc\n", 16, "is no JSON object of plain values"),
    "input that is JSON with a key twice": Mistake(
        HEAD + '      InputParameters: \'{"MaxPasswordAge": 9, "MaxPasswordAge": 90}\'\n',
        16,
        "the key 'MaxPasswordAge' stands twice",
    ),
    "input that is JSON with a wrong value": Mistake(
        HEAD + "      InputParameters: '{\"MaxPasswordAge\": 90.5}'\n", 16, "MaxPasswordAge is '90.5'"
    ),
    "a scope that leaves nothing": Mistake(
        SECOND
        + "    Properties:\n      Source: {Owner: AWS, SourceIdentifier: IAM_NO_INLINE_POLICY_CHECK}\n"
        + "      Scope: {ComplianceResourceTypes: ['AWS::IAM::Policy']}\n",
        16,
        "the Scope of Second leaves nothing of AWS::IAM::User, AWS::IAM::Group, AWS::IAM::Role",
        "Name a resource type that the rule judges, or take Scope out.",
    ),
    "a parameter that the rule needs": Mistake(
        SECOND + "    Properties:\n      Source: {Owner: AWS, SourceIdentifier: IAM_POLICY_IN_USE}\n",
        16,
        "iam-policy-in-use.policyARN is required",
    ),
    "a scope with a key that it does not have": Mistake(
        HEAD + "      Scope:\n        ComplianceResourceType: [AWS::IAM::User]\n",
        17,
        "ComplianceResourceType is no key of a Scope",
        "Did you mean ComplianceResourceTypes?",
    ),
    "a scope with a key that is like none": Mistake(
        HEAD + "      Scope: {Team: ours}\n", 16, "Team is no key of a Scope", "Take it out."
    ),
    "a misspelt key of a rule": Mistake(
        HEAD + "      InputParameter: {MinimumPasswordLength: 20}\n",
        16,
        "InputParameter is no key of a Config rule",
        "Did you mean InputParameters?",
    ),
    "a key of a rule beside its properties": Mistake(
        HEAD + "    InputParameters: {MinimumPasswordLength: 20}\n",
        16,
        "InputParameters is no key of a resource",
        "Move it under Properties.",
    ),
    "a scope that is no list": Mistake(
        HEAD + "      Scope: {ComplianceResourceTypes: AWS::IAM::User}\n", 16, "ComplianceResourceTypes is no list"
    ),
    "a value that is not allowed": Mistake(
        HEAD.replace("    Default: '14'", "    Default: '14'\n    AllowedValues: ['15', 16]"),
        5,
        "Length is '14', which is not one of its AllowedValues",
        "It allows '15', '16'",
    ),
    "a parameter of a type that is not there": Mistake(
        INPUT.replace("Type: String", "Type: Text") + "!Ref Length\n", 2, "Length is of type 'Text', which is not known"
    ),
    "a list for a value": Mistake(
        INPUT.replace("Type: String", "Type: CommaDelimitedList") + "!Ref Length\n", 17, "is no plain value", "!Join"
    ),
    "an item that is not allowed": Mistake(
        HEAD.replace(
            "    Type: String\n    Default: '14'", "    Type: CommaDelimitedList\n    Default: '15, 14'"
        ).replace("Conditions:", "    AllowedValues: ['15', '16']\nConditions:"),
        5,
        "Length is '14', which is not one of its AllowedValues",
    ),
    "a default that is a function": Mistake(HEAD.replace("'14'\n", "!Ref Other\n", 1), 4, "must be a plain value"),
}


@pytest.mark.parametrize("case", MISTAKES)
def test_a_mistake_is_one_message_with_line_and_remedy(case: str, run: Run, tmp_path: Path) -> None:
    mistake = MISTAKES[case]
    (tmp_path / "snapshot.json").write_bytes(dump(account()))
    path = tmp_path / "pack.yaml"
    path.write_bytes(mistake.pack.encode("utf-8", "surrogateescape"))
    result = run("scan", "--snapshot", tmp_path / "snapshot.json", "--conformance-pack", path)
    place = str(path) if mistake.line is None else f"{path}, line {mistake.line}: "
    assert result.code == 2
    assert result.out == ""
    first, *rest = result.err.splitlines()
    assert first.startswith(f"iam-audit: {place}"), result.err
    assert mistake.message in first
    assert len(rest) == 1, result.err
    assert mistake.hint in rest[0]


PACK_AND_BARE = ["--conformance-pack", "pack.yaml", "--conformance-pack", "bare.yaml"]
"""A pack with a parameter and one without, each with a rule of the same name."""

OPTIONS = {
    "a file that is not there": (["--conformance-pack", "none.yaml"], "none.yaml cannot be read: No such file"),
    "a folder": (["--conformance-pack", "."], ". cannot be read: Is a directory"),
    "two packs of one name": (
        ["--conformance-pack", "pack.yaml", "--conformance-pack", "./pack.yaml"],
        "2 conformance packs are called pack: pack.yaml, ./pack.yaml\n  Rename or leave out one.",
    ),
    "a parameter that no pack has": (
        ["--conformance-pack", "pack.yaml", "--pack-parameter", "Lenght=1"],
        "--pack-parameter Lenght=1: no pack has a parameter 'Lenght'\n  Did you mean Length?",
    ),
    "a parameter like none of the pack's": (
        ["--conformance-pack", "wide.yaml", "--pack-parameter", "wide:Other=1"],
        "--pack-parameter wide:Other=1: no pack has a parameter 'Other'\n  There is Age, Length.",
    ),
    "a parameter of another pack": (
        [*PACK_AND_BARE, "--pack-parameter", "bare:Length=14"],
        "--pack-parameter bare:Length=14: no pack has a parameter 'Length'\n  There is none.",
    ),
    "a parameter of a pack that is like none": (
        [*PACK_AND_BARE, "--pack-parameter", "other:Length=1"],
        "there is no pack 'other'\n  There is pack, bare.",
    ),
    "a parameter of a pack that is not there": (
        ["--conformance-pack", "pack.yaml", "--pack-parameter", "pakc:Length=1"],
        "there is no pack 'pakc'\n  Did you mean pack?",
    ),
    "a parameter without value": (
        ["--conformance-pack", "pack.yaml", "--pack-parameter", "Length"],
        "--pack-parameter Length\n  Write it as NAME=VALUE",
    ),
    "a parameter given twice": (
        ["--conformance-pack", "pack.yaml", "--pack-parameter", "Length=1", "--pack-parameter", "pack:Length=1"],
        "--pack-parameter pack:Length=1: Length is given twice\n  Give each parameter once.",
    ),
    "a parameter without a pack": (["--pack-parameter", "Length=1"], "there is no pack\n  Give one with"),
    "a value of a pack's parameter that its rule refuses": (
        ["--conformance-pack", "pack.yaml", "--pack-parameter", "Length=5"],
        "pack.yaml, line 17: iam-password-policy.MinimumPasswordLength is 5, out of range",
    ),
    "a value with an equals sign of its own": (
        ["--conformance-pack", "pack.yaml", "--pack-parameter", "Length=1=4"],
        "pack.yaml, line 17: iam-password-policy.MinimumPasswordLength is '1=4'",
    ),
    "a value too long": (
        ["--conformance-pack", "pack.yaml", "--pack-parameter", f"Length={'1' * 4097}"],
        "pack.yaml, line 2: the value of Length is longer than 4,096 characters",
    ),
    "an option that the rule refuses": (
        ["--conformance-pack", "pack.yaml", "--parameter", "iam-password-policy.MinimumPasswordLength=5"],
        "iam-audit: iam-password-policy.MinimumPasswordLength is 5, out of range",
    ),
    "nothing left to judge": (
        ["--conformance-pack", "pack.yaml", "--exclude-rule", "iam-password-policy"],
        "is left to judge. Pack pack: 0 of 1 rules judged, 1 out of scope (1 excluded)\n  Select rules with --rule",
    ),
    "nothing left of two packs": (
        [*PACK_AND_BARE, "--exclude-rule", "iam-password-policy"],
        "1 out of scope (1 excluded); Pack bare: 0 of 1 rules judged",
    ),
    "a rule that is called as another one becomes": (
        [*PACK_AND_BARE, "--conformance-pack", "wide.yaml"],
        "2 rules would be reported as 'pack/passwords'\n  Rename one of the packs' files.",
    ),
    "an option for a rule in no pack": (
        ["--conformance-pack", "pack.yaml", "--parameter", "iam-user-group-membership-check.groupNames=a"],
        "iam-user-group-membership-check is not selected",
    ),
}


@pytest.mark.parametrize("case", OPTIONS)
def test_a_wrong_option_is_one_message(case: str, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("snapshot.json").write_bytes(dump(account()))
    Path("pack.yaml").write_text(INPUT + "!Ref Length\n")
    Path("bare.yaml").write_text("Resources:\n" + HEAD.partition("Resources:\n")[2])
    wide = HEAD.replace("ConfigRuleName: ", "ConfigRuleName: pack/")
    Path("wide.yaml").write_text(wide.replace("Parameters:\n", "Parameters:\n  Age: {Type: String, Default: '90'}\n"))
    options, message = OPTIONS[case]
    result = run("scan", "--snapshot", "snapshot.json", *options)
    assert result.code == 2
    assert message in result.err


def test_a_pack_of_nothing_that_is_judged_says_what_it_holds(run: Run, tmp_path: Path) -> None:
    (tmp_path / "snapshot.json").write_bytes(dump(account()))
    path = tmp_path / "pack.yaml"
    other = "  Other: {Type: 'AWS::Config::Rule'}\n"
    path.write_text(HEAD.replace("IAM_PASSWORD_POLICY", "IAM_PASWORD_POLICY") + other)
    result = run("scan", "--snapshot", tmp_path / "snapshot.json", "--conformance-pack", path)
    assert (result.code, result.out) == (2, "")
    for told in (
        "Pack pack: 0 of 1 rules judged, 1 out of scope (1 about IAM, but unknown to this release)",
        "passwords (IAM_PASWORD_POLICY, line 9) concerns IAM, but this release does not know it",
        "1 of type AWS::Config::Rule: a conformance pack holds rules and remediations only",
    ):
        assert told in result.err


def test_conditions_that_double_at_each_step_are_answered_at_once(run: Run, tmp_path: Path) -> None:
    (tmp_path / "snapshot.json").write_bytes(dump(account()))
    path = tmp_path / "pack.yaml"
    pack = HEAD.replace("Conditions:\n", f"Conditions:\n  c0: !Equals [a, a]\n{DOUBLING}\n")
    path.write_text(pack + "    Condition: c59\n")
    result = run(
        "scan", "--snapshot", tmp_path / "snapshot.json", "--conformance-pack", path, "--query", "packs[].rules"
    )
    assert result.out.split() == ["[", "[", '"passwords"', "]", "]"]
