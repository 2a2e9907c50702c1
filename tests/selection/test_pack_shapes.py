"""Shapes of packs: rules of organizations, packs within templates, and what the AWS CLI prints about rules."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from conftest import Run

from auditor.account.snapshot import dump
from auditor.testing import ACCOUNT_ID, account, group, password_policy, user

ALICE = account(users=[user("alice", groups=["Admins"])], groups=[group("Admins")], password=password_policy())


class Read(NamedTuple):
    """What a file came to: parameters by rule, verdicts by rule, and the packs."""

    code: int
    parameters: Mapping[str, Mapping[str, Any]]
    verdicts: Mapping[str, str]
    annotations: Mapping[str, str]
    packs: Mapping[str, Mapping[str, Any]]
    err: str


@pytest.fixture
def read(run: Run, tmp_path: Path) -> Any:
    """Return a function that scans with a file and gives what came of it."""

    def scanned(content: str | bytes, *options: str, name: str = "ours.yaml") -> Read:
        (tmp_path / "snapshot.json").write_bytes(dump(ALICE))
        (tmp_path / name).write_bytes(content.encode() if isinstance(content, str) else content)
        pack = ["--conformance-pack", tmp_path / name]
        result = run("scan", "--snapshot", tmp_path / "snapshot.json", "--format", "json", *pack, *options)
        if result.code in (2, 3):
            return Read(result.code, {}, {}, {}, {}, result.err)
        report = json.loads(result.out)
        return Read(
            result.code,
            {rule["config_rule_name"]: rule["parameters"] for rule in report["rules"]},
            {finding["config_rule_name"]: finding["compliance_type"] for finding in report["findings"]},
            {finding["config_rule_name"]: finding["annotation"] for finding in report["findings"]},
            {pack["name"]: pack for pack in report["packs"]},
            result.err,
        )

    return scanned


ORGANIZATION = """\
Parameters:
  Length: {Type: Number, Default: 16}
Resources:
  Managed:
    Type: AWS::Config::OrganizationConfigRule
    Properties:
      OrganizationConfigRuleName: passwords
      ExcludedAccounts: EXCLUDED
      OrganizationManagedRuleMetadata:
        RuleIdentifier: IAM_PASSWORD_POLICY
        Description: Passwords
        InputParameters: !Sub '{"MinimumPasswordLength": "${Length}"}'
        MaximumExecutionFrequency: One_Hour
  Custom:
    Type: AWS::Config::OrganizationConfigRule
    Properties:
      OrganizationConfigRuleName: ours
      OrganizationCustomRuleMetadata: {LambdaFunctionArn: !GetAtt Lambda.Arn, OrganizationConfigRuleTriggerTypes: []}
  Guard:
    Type: AWS::Config::OrganizationConfigRule
    Properties:
      OrganizationConfigRuleName: guard
      OrganizationCustomPolicyRuleMetadata: {Runtime: guard-2.x.x, PolicyText: rule x}
  Groups:
    Type: AWS::Config::OrganizationConfigRule
    Properties:
      OrganizationConfigRuleName: groups
      OrganizationManagedRuleMetadata:
        RuleIdentifier: IAM_NO_INLINE_POLICY_CHECK
        ResourceTypesScope: ['AWS::IAM::User']
        ResourceIdScope: ''
  Tagged:
    Type: AWS::Config::OrganizationConfigRule
    Properties:
      OrganizationConfigRuleName: tagged
      OrganizationManagedRuleMetadata: {RuleIdentifier: IAM_USER_NO_POLICIES_CHECK, TagKeyScope: team}
"""


def test_the_rules_of_an_organization_are_rules(read: Any) -> None:
    done = read(ORGANIZATION.replace("EXCLUDED", "['999999999999']"))
    assert set(done.parameters) == {"passwords", "groups"}, done.err
    assert done.parameters["passwords"]["MinimumPasswordLength"] == 16
    pack = done.packs["ours"]
    reasons = {rule["config_rule_name"]: rule["reason"] for rule in pack["out_of_scope"]}
    assert reasons == {"ours": "custom", "guard": "custom", "tagged": "narrow-scope"}
    assert pack["narrowed"] == 1


EXCLUDED = {
    "this account": (f"['999999999999', '{ACCOUNT_ID}']", None),
    "this account by reference": ("[!Ref AWS::AccountId]", None),
    "an unknown account": ("[!ImportValue sandbox]", "INSUFFICIENT_DATA"),
    "unknown accounts": ("!ImportValue sandboxes", "INSUFFICIENT_DATA"),
    "this account beside an unknown one": (f"[!ImportValue sandbox, '{ACCOUNT_ID}']", None),
    "no account": ("[]", "NON_COMPLIANT"),
}


@pytest.mark.parametrize("case", EXCLUDED)
def test_a_rule_of_an_organization_is_not_in_the_accounts_that_it_excludes(case: str, read: Any) -> None:
    accounts, verdict = EXCLUDED[case]
    done = read(ORGANIZATION.replace("EXCLUDED", accounts))
    assert done.verdicts.get("passwords") == verdict
    note = "Managed, line 4, leaves this account out (ExcludedAccounts)"
    assert (note in done.packs["ours"]["notes"]) == (verdict is None)


ORGANIZATION_MISTAKES = {
    "a misspelt key": ("MaximumExecutionFrequency", "MaximumExecutionFreqency", "is no key of OrganizationManagedRule"),
    "a key beside the metadata": ("ExcludedAccounts:", "ExcludedAcounts:", "Did you mean ExcludedAccounts?"),
    "no identifier": ("RuleIdentifier: IAM_PASSWORD_POLICY\n", "\n", "Managed has no SourceIdentifier"),
}


@pytest.mark.parametrize("case", ORGANIZATION_MISTAKES)
def test_a_mistake_in_a_rule_of_an_organization_is_told(case: str, read: Any) -> None:
    old, new, message = ORGANIZATION_MISTAKES[case]
    done = read(ORGANIZATION.replace("EXCLUDED", "[]").replace(old, new))
    assert (done.code, message in done.err) == (2, True), done.err


BODY = """\
        Parameters:
          Length: {Type: String, Default: '14'}
        Resources:
          Passwords:
            Type: AWS::Config::ConfigRule
            Properties:
              ConfigRuleName: !Sub '${AWS::StackName}-passwords'
              InputParameters: {MinimumPasswordLength: !Ref Length}
              Source: {Owner: AWS, SourceIdentifier: IAM_PASSWORD_POLICY}
"""
TWO_PACKS = f"""\
Parameters:
  Stage: {{Type: String, Default: '20'}}
Resources:
  One:
    Type: AWS::Config::ConformancePack
    Properties:
      ConformancePackName: one
      TemplateBody: |
{BODY}
  Two:
    Type: AWS::Config::OrganizationConformancePack
    Properties:
      OrganizationConformancePackName: two
      ConformancePackInputParameters:
        - ParameterName: Length
          ParameterValue: !Ref Stage
      TemplateBody: |
{BODY}
"""


def test_the_packs_within_a_template_are_packs(read: Any) -> None:
    done = read(TWO_PACKS)
    lengths = {name: given["MinimumPasswordLength"] for name, given in done.parameters.items()}
    assert lengths == {"one-passwords": 14, "two-passwords": 20}, done.err
    assert {name: pack["rules"] for name, pack in done.packs.items()} == {
        "ours/one": ["one-passwords"],
        "ours/two": ["two-passwords"],
    }
    assert read(TWO_PACKS, "--pack-parameter", "Stage=30").parameters["two-passwords"]["MinimumPasswordLength"] == 30


def test_rules_of_one_name_in_two_packs_bear_the_names_of_their_packs(read: Any) -> None:
    done = read(TWO_PACKS.replace("!Sub '${AWS::StackName}-passwords'", "passwords"))
    assert set(done.parameters) == {"ours/one/passwords", "ours/two/passwords"}


INNER = {
    "an unknown value": (
        "ParameterValue: !Ref Stage",
        "ParameterValue: !ImportValue x",
        "MinimumPasswordLength is unknown",
    ),
    "an unknown name": ("ParameterName: Length", "ParameterName: !ImportValue x", "MinimumPasswordLength is unknown"),
    "unknown values": (
        "\n        - ParameterName: Length\n          ParameterValue: !Ref Stage",
        " !ImportValue x",
        "MinimumPasswordLength is unknown",
    ),
}


@pytest.mark.parametrize("case", INNER)
def test_what_a_pack_is_given_may_be_unknown(case: str, read: Any) -> None:
    old, new, why = INNER[case]
    done = read(TWO_PACKS.replace(old, new))
    assert done.verdicts["one-passwords"] == "COMPLIANT", done.err
    assert done.verdicts["two-passwords"] == "INSUFFICIENT_DATA"
    assert why in done.annotations["two-passwords"]


ELSEWHERE = {
    "in S3": ("TemplateS3Uri: s3://ours/pack.yaml", "TemplateS3Uri is not read; save that template, and name it"),
    "a document": ("TemplateSSMDocumentDetails: {DocumentName: pack}", "TemplateSSMDocumentDetails is not read"),
    "imported": ("TemplateBody: !ImportValue body", "the value of Fn::ImportValue is known only within AWS"),
}


@pytest.mark.parametrize("case", ELSEWHERE)
def test_a_pack_whose_template_is_elsewhere_is_undecided(case: str, read: Any) -> None:
    template, why = ELSEWHERE[case]
    pack = f"Type: AWS::Config::ConformancePack\n    Properties:\n      ConformancePackName: far\n      {template}\n"
    done = read(f"Resources:\n  Far:\n    {pack}")
    assert (done.code, done.verdicts) == (4, {"far": "INSUFFICIENT_DATA"}), done.err
    assert why in done.annotations["far"]


CONDITIONS = {"[a, b]": None, "[a, a]": "NON_COMPLIANT", "[a, !ImportValue x]": "INSUFFICIENT_DATA"}


@pytest.mark.parametrize("compared", CONDITIONS)
def test_the_condition_of_a_pack_is_that_of_its_rules(compared: str, read: Any) -> None:
    pack = TWO_PACKS.replace("  Two:\n", "  Two:\n    Condition: here\n")
    done = read(f"Conditions: {{here: !Equals {compared}}}\n{pack}")
    assert done.verdicts.get("two-passwords") == CONDITIONS[compared], done.err


def test_an_organizations_pack_is_not_in_the_accounts_that_it_excludes(read: Any) -> None:
    pack = TWO_PACKS.replace("Name: two\n", f"Name: two\n      ExcludedAccounts: ['{ACCOUNT_ID}']\n")
    assert set(read(pack).parameters) == {"one-passwords"}


def test_a_template_body_may_be_made_by_functions_or_be_json(read: Any) -> None:
    body = {
        "Resources": {
            "Pw": {
                "Type": "AWS::Config::ConfigRule",
                "Properties": {
                    "InputParameters": {"MinimumPasswordLength": "${Stage}"},
                    "Source": {"Owner": "AWS", "SourceIdentifier": "IAM_PASSWORD_POLICY"},
                },
            }
        }
    }
    pack = {"Type": "AWS::Config::ConformancePack", "Properties": {"TemplateBody": {"Fn::Sub": json.dumps(body)}}}
    template = {"Parameters": {"Stage": {"Type": "String", "Default": "17"}}, "Resources": {"One": pack}}
    assert read(json.dumps(template), name="ours.json").parameters["Pw"]["MinimumPasswordLength"] == 17


INNER_MISTAKES = {
    "no YAML": ("        Resources:", "        Resources: [", "TemplateBody of line 8, line "),
    "a wrong value": ("!Ref Length", "!Ref Lenght", "TemplateBody of line 8, line 8: there is no parameter 'Lenght'"),
    "a parameter that the pack does not have": (
        "ParameterName: Length",
        "ParameterName: Size",
        "has no parameter 'Size'",
    ),
    "parameters that are no list": (
        "\n        - ParameterName: Length\n          ParameterValue: !Ref Stage",
        " {Length: 14}",
        "ConformancePackInputParameters is no list",
    ),
    "no template at all": (f"      TemplateBody: |\n{BODY}", "", "One has no TemplateBody"),
    "a list": (f"|\n{BODY}", "[a]\n", "TemplateBody must be a text"),
    "a text that is no template": (f"|\n{BODY}", "template.yaml\n", "the TemplateBody of One is no conformance pack"),
}


@pytest.mark.parametrize("case", INNER_MISTAKES)
def test_a_mistake_in_a_pack_within_a_template_is_told_with_its_line(case: str, read: Any) -> None:
    old, new, message = INNER_MISTAKES[case]
    done = read(TWO_PACKS.replace(old, new, 1) if old != "ParameterName: Length" else TWO_PACKS.replace(old, new))
    assert (done.code, message in done.err) == (2, True), done.err


def test_packs_within_packs_within_packs_are_not_read(read: Any) -> None:
    inner = {"Resources": {"A": {"Type": "AWS::Config::ConformancePack", "Properties": {"TemplateBody": "x"}}}}
    outer = {
        "Resources": {"B": {"Type": "AWS::Config::ConformancePack", "Properties": {"TemplateBody": json.dumps(inner)}}}
    }
    done = read(json.dumps(outer))
    assert done.verdicts == {"A": "INSUFFICIENT_DATA"}, done.err
    assert "a pack within a pack is not read" in done.annotations["A"]


def described(**changed: Any) -> dict[str, Any]:
    rule = {
        "ConfigRuleName": "keys",
        "ConfigRuleArn": f"arn:aws:config:us-east-1:{ACCOUNT_ID}:config-rule/config-rule-abcdef",
        "ConfigRuleId": "config-rule-abcdef",
        "Description": "",
        "Source": {"Owner": "AWS", "SourceIdentifier": "ACCESS_KEYS_ROTATED"},
        "InputParameters": '{"maxAccessKeyAge":"60"}',
        "MaximumExecutionFrequency": "TwentyFour_Hours",
        "ConfigRuleState": "ACTIVE",
        "CreatedBy": "conformance-packs.amazonaws.com",
        "EvaluationModes": [{"Mode": "DETECTIVE"}],
    }
    return {**rule, **changed}


GROUPS = described(
    ConfigRuleName="groups",
    Source={"Owner": "AWS", "SourceIdentifier": "IAM_GROUP_HAS_USERS_CHECK"},
    InputParameters="{}",
    Scope={"ComplianceResourceTypes": ["AWS::IAM::Group"]},
)
GUARD = described(ConfigRuleName="guard", Source={"Owner": "CUSTOM_POLICY", "SourceDetails": []})
OF_A_SERVICE = described(
    ConfigRuleName="of-a-service",
    CreatedBy="securityhub.amazonaws.com",
    RuleEvaluationVisibility="INTERNAL",
    Scope={"ServicePrincipals": ["securityhub.amazonaws.com"]},
)
ANSWER = {"ConfigRules": [described(), GROUPS, GUARD]}
YAML_ANSWER = """\
ConfigRules:
- ConfigRuleName: keys
  ConfigRuleState: ACTIVE
  InputParameters: '{"maxAccessKeyAge":"60"}'
  Source:
    Owner: AWS
    SourceIdentifier: ACCESS_KEYS_ROTATED
- ConfigRuleName: groups
  Source: {Owner: AWS, SourceIdentifier: IAM_GROUP_HAS_USERS_CHECK}
"""
ANSWERS = {
    "JSON": json.dumps(ANSWER, indent=4),
    "JSON of --query ConfigRules": json.dumps(ANSWER["ConfigRules"]),
    "JSON in UTF-16, as PowerShell writes it": json.dumps(ANSWER).encode("utf-16"),
    "YAML": YAML_ANSWER,
    "JSON with a token that is null": json.dumps({**ANSWER, "NextToken": None}),
}


@pytest.mark.parametrize("case", ANSWERS)
def test_what_describe_config_rules_prints_is_a_pack(case: str, read: Any) -> None:
    done = read(ANSWERS[case], name="rules.json")
    assert set(done.parameters) == {"keys", "groups"}, done.err
    assert done.parameters["keys"] == {"maxAccessKeyAge": 60}
    assert done.packs["rules"]["notes"] == []


def test_a_rule_that_a_service_has_made_is_one_too(read: Any) -> None:
    done = read(json.dumps({"ConfigRules": [OF_A_SERVICE, GROUPS]}))
    assert done.parameters["of-a-service"] == {"maxAccessKeyAge": 60}, done.err
    assert done.packs["ours"]["notes"] == []


def test_what_describe_organization_config_rules_prints_is_a_pack(read: Any) -> None:
    metadata = {"RuleIdentifier": "ACCESS_KEYS_ROTATED", "InputParameters": '{"maxAccessKeyAge": "30"}'}
    rule = {
        "OrganizationConfigRuleName": "keys",
        "OrganizationConfigRuleArn": "arn:aws:config:us-east-1:999999999999:organization-config-rule/keys-abc",
        "OrganizationManagedRuleMetadata": metadata,
        "ExcludedAccounts": [],
        "LastUpdateTime": 1700000000.5,
    }
    done = read(json.dumps({"OrganizationConfigRules": [rule]}))
    assert done.parameters == {"keys": {"maxAccessKeyAge": 30}}, done.err
    excluded = read(json.dumps({"OrganizationConfigRules": [{**rule, "ExcludedAccounts": [ACCOUNT_ID]}]}))
    assert "leaves this account out" in excluded.err


def test_an_answer_that_goes_on_is_never_complete(read: Any) -> None:
    done = read(json.dumps({**ANSWER, "NextToken": "abc"}))
    assert (done.code, done.verdicts["further-rules"]) == (4, "INSUFFICIENT_DATA")
    assert "the answer goes on (NextToken)" in done.annotations["further-rules"]


@pytest.mark.parametrize("state", ["DELETING", "DELETING_RESULTS"])
def test_a_rule_that_is_being_deleted_is_left_out(state: str, read: Any) -> None:
    done = read(json.dumps({"ConfigRules": [described(ConfigRuleState=state), GROUPS]}))
    assert set(done.parameters) == {"groups"}
    assert "keys (line 1) is being deleted: it is left out" in done.packs["ours"]["notes"]


NOT_RULES = {
    "no rules": ('{"ConfigRules": []}', "ConfigRules lists no rule"),
    "names alone": ('["a", "b"]', "this is not a conformance pack"),
    "an empty list": ("[]", "this is not a conformance pack"),
    "rules that are no mapping": ('{"ConfigRules": ["a"]}', "this is not a conformance pack"),
    "the answer about packs": ('{"ConformancePackDetails": []}', "has no Resources"),
    "a text": ("An error occurred (AccessDeniedException)", "this is not a conformance pack"),
}


@pytest.mark.parametrize("case", NOT_RULES)
def test_another_answer_is_no_pack(case: str, read: Any) -> None:
    content, message = NOT_RULES[case]
    done = read(content)
    assert (done.code, message in done.err, "describe-config-rules" in done.err or "Region" in done.err) == (
        2,
        True,
        True,
    )


BUCKET = "Resources:\n  Bucket: {Type: 'AWS::S3::Bucket'}\n"
OFF = """\
Conditions: {never: !Equals [a, b]}
Resources:
  A:
    Type: AWS::Config::ConfigRule
    Condition: never
    Properties: {Source: {Owner: AWS, SourceIdentifier: IAM_PASSWORD_POLICY}}
"""
EMPTY = {
    "a template of something else": (
        BUCKET,
        "Pack ours: no rule judged, because it holds none",
        "1 of type AWS::S3::Bucket",
    ),
    "rules that are switched off": (
        OFF,
        "Pack ours: no rule judged, because it holds none that is there",
        "1 switched off by conditions of the pack: A",
    ),
}


@pytest.mark.parametrize("case", EMPTY)
def test_a_pack_without_rules_says_why_nothing_is_judged(case: str, read: Any, run: Run, tmp_path: Path) -> None:
    pack, sentence, why = EMPTY[case]
    done = read(pack)
    assert done.code == 2
    for text in ("no rule of the conformance packs is left to judge", sentence, why):
        assert text in done.err
    snapshot, file = tmp_path / "snapshot.json", tmp_path / "ours.yaml"
    beside = run("scan", "--snapshot", snapshot, "--conformance-pack", file, "--rule", "iam-group-has-users-check")
    assert " ".join(sentence.split()) in " ".join(beside.out.split())
