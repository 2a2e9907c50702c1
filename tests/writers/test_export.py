"""Exports: real AWS Config rules, which read back to the same settings and which AWS's own tools take."""

import base64
import json
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import hcl2
import msgspec
import pytest
from conftest import Run
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from real_terraform import NEEDS_TERRAFORM, plugins, terraform_of

from auditor.account.kinds import ResourceType
from auditor.account.sources import Source
from auditor.errors import UsageError
from auditor.judging.catalogue import CHANGE_TRIGGERED
from auditor.judging.parameters import GivenBy, configure
from auditor.judging.registry import load_rules
from auditor.judging.rule import ConfiguredRule, Rule, Severity, compliant
from auditor.selection.packs.pack import packs_of
from auditor.selection.packs.selection import configured
from auditor.selection.packs.shapes import pack_file
from auditor.writers.config_rules import cloudformation, terraform
from auditor.writers.config_rules.exported import exported
from auditor.writers.config_rules.exporting import export

RULES = load_rules()
PRINTABLE = st.characters(exclude_categories=("C", "Z"), include_characters=" ", exclude_characters=",")
TEMPLATES = st.sampled_from(["${a}", "%{if}", "$${", "\\", '"', "'", "#", ": ", "yes", "90", "~", "!Ref x", "&a", "😀"])
TEXT = st.lists(st.text(PRINTABLE, max_size=4) | TEMPLATES, min_size=1, max_size=4).map("".join).map(str.strip)


GRAMMARS = {"exceptionList": st.sampled_from(["users:[alice|bob]", "users:[alice], roles:[admin]"])}
"""Parameters whose text is read by their rule."""


def values(declared: msgspec.inspect.Type) -> st.SearchStrategy[str]:
    """Return values of a parameter as the command line takes them; blank where it may be dropped."""
    if isinstance(declared, msgspec.inspect.Metadata):
        declared = declared.type
    if isinstance(declared, msgspec.inspect.UnionType):
        kinds = [kind for kind in declared.types if not isinstance(kind, msgspec.inspect.NoneType)]
        return values(kinds[0]) | st.just("")
    if isinstance(declared, msgspec.inspect.EnumType):
        return st.sampled_from([member.value for member in declared.cls])
    if isinstance(declared, msgspec.inspect.BoolType):
        return st.sampled_from(["true", "false"])
    if isinstance(declared, msgspec.inspect.IntType):
        return st.integers(declared.ge or 0, 5_000 if declared.le is None else declared.le).map(str)
    if isinstance(declared, msgspec.inspect.VarTupleType):
        return st.lists(TEXT.filter(bool), min_size=1, max_size=4).map(",".join)
    return TEXT.filter(bool)


@cache
def given_to(rule: Rule) -> st.SearchStrategy[Mapping[str, str]]:
    fields = msgspec.inspect.type_info(rule.parameters).fields  # type: ignore[attr-defined]  # a Struct's info has fields
    drawn = {field.name: GRAMMARS.get(field.name, values(field.type)) for field in fields}
    required = {field.name: drawn[field.name] for field in fields if field.required}
    return st.fixed_dictionaries(required, optional={name: drawn[name] for name in drawn.keys() - required.keys()})


@st.composite
def selections(draw: st.DrawFn) -> list[ConfiguredRule]:
    """Return some of the rules, each with parameters and a Scope of its own, that AWS Config can hold."""
    names = draw(st.lists(st.sampled_from(sorted(RULES)), min_size=1, unique=True))
    chosen = [configure(draw(scoped(RULES[name])), draw(given_to(RULES[name]))) for name in sorted(names)]
    assume(not any(checks_nothing(each) for each in chosen))
    return chosen


def scoped(rule: Rule) -> st.SearchStrategy[Rule]:
    """Return a rule for some of its resource types, if AWS Config knows a Scope for it."""
    if rule.source_identifier not in CHANGE_TRIGGERED:
        return st.just(rule)
    kinds = st.sets(st.sampled_from(rule.resource_types), min_size=1)
    return kinds.map(lambda kept: replace(rule, resource_types=tuple(filter(kept.__contains__, rule.resource_types))))


def checks_nothing(each: ConfiguredRule) -> bool:
    """Return whether every value was dropped of a rule that has defaults: AWS Config cannot be told so."""
    defaults = [field.default for field in msgspec.structs.fields(each.rule.parameters)]
    return set(fields(each).values()) == {None} and set(defaults) != {None}


def fields(each: ConfiguredRule) -> dict[str, Any]:
    return msgspec.structs.asdict(each.parameters)


Told = list[tuple[str, str, Mapping[str, Any], tuple[ResourceType, ...]]]


def told(rules: Sequence[ConfiguredRule]) -> Told:
    return [
        (each.config_rule_name, each.rule.source_identifier, fields(each), each.rule.resource_types) for each in rules
    ]


def read_back(text: str) -> Told:
    with TemporaryDirectory() as folder:
        path = Path(folder, "exported.yaml")
        path.write_text(text)
        return told(configured(packs_of(pack_file(str(path)))[0], RULES, {}))


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(selections())
def test_an_exported_pack_or_template_reads_back_to_the_same_settings(rules: list[ConfiguredRule]) -> None:
    assert read_back(cloudformation.conformance_pack(exported(rules))) == told(rules)
    assert read_back(cloudformation.template(exported(rules))) == told(rules)


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(selections())
def test_exported_terraform_reads_back_to_the_same_settings(rules: list[ConfiguredRule]) -> None:
    assert _from_terraform(terraform.resources(exported(rules))) == told(rules)


def _from_terraform(text: str) -> Told:
    """Read resources back; python-hcl2 leaves texts and expressions as they are written."""
    back = []
    text = text.replace("$${", "\\u0024{").replace("%%{", "\\u0025{")  # the same, and python-hcl2 knows these only
    for labelled in hcl2.loads(text)["resource"]:
        (resource,) = labelled['"aws_config_config_rule"'].values()
        (source,) = resource["source"]
        assert unquoted(source["owner"]) == "AWS"
        rule = next(each for each in RULES.values() if each.source_identifier == unquoted(source["source_identifier"]))
        values = input_parameters(resource.get("input_parameters", ""))
        for scope in resource.get("scope", ()):
            kinds = tuple(ResourceType(unquoted(kind)) for kind in scope["compliance_resource_types"])
            rule = replace(rule, resource_types=kinds)
        back.append(configure(rule, values, origin=GivenBy.PACK, config_rule_name=unquoted(resource["name"])))
    return told(back)


def input_parameters(expression: str) -> dict[str, str]:
    """Return the map in `${jsonencode({name = "value", ...})}`."""
    inside = expression.removeprefix("${jsonencode({").removesuffix("})}")
    return {name: unquoted(value) for name, value in re.findall(r'(\w+) = ("(?:[^"\\]|\\.)*")', inside)}


def unquoted(text: str) -> str:
    return str(json.loads(text))


HOSTILE = ("${path.module}", "%{if true}", "$${a}", "%%{b}", "$$${c}", 'a"b', "a\\b", "\\${d}", "${", "😀", "\\u0041")


def everything() -> list[ConfiguredRule]:
    """Return every rule, with values for what is required and hostile ones for lists."""
    return [configure(rule, _hostile(rule)) for rule in RULES.values()]


def _hostile(rule: Rule) -> dict[str, object]:
    fields = msgspec.inspect.type_info(rule.parameters).fields  # type: ignore[attr-defined]  # a Struct's info has fields
    texts = {field.name: ",".join(HOSTILE) for field in fields if "VarTupleType" in repr(field.type)}
    return {**{field.name: "90" for field in fields if field.required}, **texts}


def test_cfn_lint_takes_the_exported_template_and_the_exported_pack(tmp_path: Path) -> None:
    rules = exported(everything())
    (tmp_path / "template.yaml").write_text(cloudformation.template(rules))
    (tmp_path / "pack.yaml").write_text(cloudformation.conformance_pack(rules))
    command = [str(Path(sys.executable).with_name("cfn-lint")), "template.yaml", "pack.yaml"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, check=False, text=True)
    assert (done.returncode, done.stdout) == (0, ""), done.stdout + done.stderr


@NEEDS_TERRAFORM
def test_terraform_takes_the_export_and_reads_the_values_that_were_meant(tmp_path: Path) -> None:
    rules = exported(everything())
    text = terraform.resources(rules)
    (tmp_path / "rules.tf").write_text(text)
    terraform_of(tmp_path, "init", "-no-color", "-input=false", f"-plugin-dir={plugins()}")
    assert "The configuration is valid" in terraform_of(tmp_path, "validate", "-no-color")
    assert terraform_of(tmp_path, "fmt", "-check", "-list=true") == ""
    maps = re.findall(r"input_parameters = jsonencode\((\{.*?\n  \})\)", text, re.DOTALL)
    flat = ", ".join(each.replace("\n", ", ").replace("{, ", "{", 1).replace(",   }", "}") for each in maps)
    folder = tmp_path / "console"
    folder.mkdir()
    answer = terraform_of(folder, "console", given=f"base64encode(jsonencode([{flat}]))\n")
    read = json.loads(base64.b64decode(json.loads(answer)))
    assert read == [rule.input_parameters for rule in rules if rule.input_parameters]


@pytest.mark.parametrize(
    ("form", "suffix"), [("conformance-pack", ".yaml"), ("cloudformation", ".yml"), ("terraform", ".tf")]
)
def test_an_export_goes_to_a_file_or_to_standard_output(run: Run, tmp_path: Path, form: str, suffix: str) -> None:
    selection = ("--rule", "iam-password-policy", "--parameter", "iam-password-policy.MaxPasswordAge=60")
    path = tmp_path / f"rules{suffix}"
    printed = run("export", form, *selection)
    result = run("export", form, *selection, "-o", path)
    assert (printed.code, result.code, result.out) == (0, 0, "")
    assert path.read_text() == printed.out
    assert f"Wrote {path}: 1 rule of AWS Config" in result.err
    assert '"60"' in printed.out or "'60'" in printed.out


def test_values_of_options_are_written_over_the_defaults(run: Run) -> None:
    command = ("export", "conformance-pack", "--rule", "IAM_PASSWORD_POLICY")
    values = ("iam-password-policy.MaxPasswordAge=", "iam-password-policy.RequireSymbols=false")
    options = [part for value in values for part in ("--parameter", value)]
    assert read_back(run(*command, *options).out) == [
        (
            "iam-password-policy",
            "IAM_PASSWORD_POLICY",
            {
                "RequireUppercaseCharacters": True,
                "RequireLowercaseCharacters": True,
                "RequireSymbols": False,
                "RequireNumbers": True,
                "MinimumPasswordLength": 14,
                "PasswordReusePrevention": 24,
                "MaxPasswordAge": None,
            },
            (ResourceType.ACCOUNT,),
        )
    ]


TWO_PACKS = """\
Resources:
  Groups:
    Type: AWS::Config::ConfigRule
    Properties:
      ConfigRuleName: groups
      InputParameters: {groupNames: 'A, B'}
      Source: {Owner: AWS, SourceIdentifier: IAM_USER_GROUP_MEMBERSHIP_CHECK}
"""


def test_packs_are_exported_under_names_that_aws_takes(run: Run, tmp_path: Path) -> None:
    names = ("my packs é.yaml", "my-packs--.yaml", "0.yaml")
    for name in names:
        (tmp_path / name).write_text(TWO_PACKS)
    packs = [part for name in names for part in ("--conformance-pack", tmp_path / name)]
    back = read_back(run("export", "conformance-pack", *packs).out)
    assert [name for name, *_ in back] == ["my-packs-groups", "my-packs---groups", "0-groups"]
    assert {str(values) for _, _, values, _ in back} == {"{'groupNames': ('A', 'B')}"}
    resources = hcl2.loads(run("export", "terraform", *packs).out)["resource"]
    labels = [unquoted(label) for each in resources for label in each['"aws_config_config_rule"']]
    assert labels == ["my_packs_groups", "my_packs___groups", "rule_0_groups"]


def named(*names: str) -> list[ConfiguredRule]:
    rule = RULES["iam-user-no-policies-check"]
    return [ConfiguredRule(rule, name, rule.parameters(), ()) for name in names]


def test_names_that_become_one_are_told_apart() -> None:
    rules = exported(named("a/b", "a b", "a-b-2", "x" * 200, "x" * 201, "ab"))
    assert [rule.name for rule in rules[:3]] == ["a-b", "a-b-2", "a-b-2-2"]
    assert [rule.name for rule in rules[3:5]] == ["x" * 128, "x" * 126 + "-2"]
    template = cloudformation.template(rules)
    logical_ids = re.findall(r"^  ([A-Za-z0-9]+):$", template, re.MULTILINE)
    assert logical_ids[:3] + logical_ids[5:] == ["AB", "AB2", "AB22", "Ab3"]
    assert len(set(logical_ids)) == 6


def test_thousands_of_names_that_become_one_are_told_apart() -> None:
    names = [rule.name for rule in exported(named(*["x" * 200] * 2_000))]
    assert len(set(names)) == 2_000
    assert {len(name) for name in names} == {128}


def test_a_name_without_a_letter_that_aws_takes_becomes_the_rules_id() -> None:
    ours = "iam-user-no-policies-check"
    assert [rule.name for rule in exported(named("パスワード", "利用者", "mfa-利用者"))] == [ours, f"{ours}-2", "mfa--"]


PARTLY_OURS = """\
Resources:
  Passwords:
    Type: AWS::Config::ConfigRule
    Properties:
      ConfigRuleName: passwords
      InputParameters: {RequireSymbols: 'True', MinimumPasswordLength: 14}
      Source: {Owner: AWS, SourceIdentifier: IAM_PASSWORD_POLICY}
  Future:
    Type: AWS::Config::ConfigRule
    Properties:
      Source: {Owner: AWS, SourceIdentifier: IAM_FUTURE_CHECK}
  Buckets:
    Type: AWS::Config::ConfigRule
    Properties:
      Source: {Owner: AWS, SourceIdentifier: S3_BUCKET_LOGGING_ENABLED}
"""


def test_what_of_a_pack_is_not_exported_as_it_is_written_is_told(run: Run, tmp_path: Path) -> None:
    (tmp_path / "ours.yaml").write_text(PARTLY_OURS)
    told = run("export", "terraform", "--conformance-pack", tmp_path / "ours.yaml").err
    first, second, third = told.splitlines()
    assert first.startswith("Warning: passwords: iam-password-policy.RequireSymbols is 'True': AWS documents")
    assert second.startswith("Warning: pack ours: Future (IAM_FUTURE_CHECK, line 8) concerns IAM")
    assert third.startswith("Pack ours: 1 of 3 rules exported, 2 out of scope (1 not about IAM; 1 about IAM, but")


PLUGIN = Rule(
    id="our-own",
    source_identifier="OUR_OWN",
    resource_types=(ResourceType.USER,),
    reads=frozenset({Source.USERS}),
    severity=Severity.LOW,
    source_url="https://example.com/our-own",
    evaluate=lambda _user, _context: compliant("fine"),
)


def test_a_rule_that_aws_does_not_have_is_left_out_and_told(tmp_path: Path) -> None:
    said: list[str] = []
    path = tmp_path / "rules.yaml"
    export("conformance-pack", [configure(PLUGIN, {}), *named("kept")], str(path), said.append)
    assert said[0] == "Warning: our-own is no rule of AWS Config; it was left out"
    assert [name for name, *_ in read_back(path.read_text())] == ["kept"]


def test_an_export_of_nothing_is_refused() -> None:
    with pytest.raises(UsageError, match="none of the selected rules is one of AWS Config's"):
        export("terraform", [configure(PLUGIN, {})], None, lambda _: None)


EVERY_CHECK_OFF = [
    part
    for name in msgspec.structs.fields(RULES["iam-password-policy"].parameters)
    for part in ("--parameter", f"iam-password-policy.{name.name}=")
]
GROUPS = "iam-user-group-membership-check"
REFUSED = {
    "a rule that checks nothing": (
        ["export", "terraform", "--rule", "iam-password-policy", *EVERY_CHECK_OFF],
        "iam-password-policy checks nothing, but without parameters AWS's defaults hold\n  Keep one check",
    ),
    "parameters longer than AWS takes": (
        ["export", "terraform", "--rule", GROUPS, "--parameter", f"{GROUPS}.groupNames={'g' * 1_020}"],
        "iam-user-group-membership-check: its parameters are longer than 1,024 characters as JSON",
    ),
    "no format": (["export"], "Error: Missing argument 'FORMAT'. Choose from: conformance-pack, terraform, "),
    "an unknown format": (["export", "pulumi"], "'pulumi' is not one of"),
    "a suffix of another format": (["export", "terraform", "-o", "rules.yaml"], "End the name in .tf."),
    "a placeholder": (["export", "terraform", "-o", "{account_id}.tf"], "an export has no placeholders"),
    "an unknown rule": (["export", "terraform", "--rule", "iam-pasword-policy"], "Did you mean iam-password-policy?"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_exported_is_refused(case: str, run: Run) -> None:
    command, message = REFUSED[case]
    result = run(*command)
    assert (result.code, result.out) == (2, "")
    assert message in result.err


def test_an_export_does_not_replace_the_pack_that_it_holds_a_part_of(run: Run, tmp_path: Path) -> None:
    pack = tmp_path / "ours.yaml"
    pack.write_text(PARTLY_OURS)
    result = run("export", "conformance-pack", "--conformance-pack", pack, "-o", pack)
    assert (result.code, pack.read_text()) == (2, PARTLY_OURS)
    assert "is a file that is read" in result.err


def test_an_export_to_a_folder_that_is_not_there_fails(run: Run, tmp_path: Path) -> None:
    result = run("export", "terraform", "-o", tmp_path / "none/rules.tf")
    assert (result.code, result.out) == (3, "")
    assert "does not exist" in result.err
