"""CloudFormation templates: what each type of resource does, and what only AWS knows."""

from pathlib import Path

import pytest
from judging_plans import answers, report_of

from auditor.account.model import Snapshot
from auditor.change.cloudformation import reading
from auditor.report.report import Report
from auditor.testing import account, group, role, user

INLINE, ATTACHED, BLOCKED = "iam-no-inline-policy-check", "iam-user-no-policies-check", "iam-policy-blacklisted-check"
IN_GROUP, HAS_USERS = "iam-user-group-membership-check", "iam-group-has-users-check"
ADMIN, FULL = "iam-policy-no-statements-with-admin-access", "iam-policy-no-statements-with-full-access"
NC, C, UNDECIDED, NA = "NON_COMPLIANT", "COMPLIANT", "INSUFFICIENT_DATA", "NOT_APPLICABLE"
OPS = account(users=[user("ann")], groups=[group("ops")], roles=[role("r")])
ALLOW_ALL = "{Version: '2012-10-17', Statement: [{Effect: Allow, Action: '*', Resource: '*'}]}"
TRUST = "{Version: '2012-10-17', Statement: [{Effect: Allow, Action: sts:AssumeRole, Principal: {Service: x}}]}"
ADMINISTRATOR = "arn:aws:iam::aws:policy/AdministratorAccess"


def report(folder: Path, template: str, over: Snapshot | None = None, **given: str) -> Report:
    path = folder / "template.yaml"
    path.write_text(template, "utf-8")
    return report_of([reading.opened(str(path), reading.document_of(str(path)), given)], over)


UNKNOWN = """
Parameters:
  Team: {Type: String}
Conditions:
  HasTeam: !Not [!Equals [!Ref Team, ""]]
Resources:
  Imported:
    Type: AWS::IAM::User
    Properties:
      Groups: [!ImportValue shared-group]
  Maybe:
    Type: AWS::IAM::User
    Properties:
      Groups: !If [HasTeam, [!Ref Team], !Ref AWS::NoValue]
  Bare:
    Type: AWS::IAM::User
  Suffix:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument:
        Statement: [{Effect: Allow, Action: sts:AssumeRole, Principal: {Service: !Sub "ec2.${AWS::URLSuffix}"}}]
      ManagedPolicyArns: [!Sub "arn:${AWS::Partition}:iam::aws:policy/AdministratorAccess"]
  Made:
    Type: AWS::IAM::ManagedPolicy
    Properties:
      PolicyDocument:
        Version: "2012-10-17"
        Statement:
          - {Effect: Allow, Action: "*", Resource: !ImportValue some-arn}
          - {Effect: Allow, Action: "s3:*", Resource: !GetAtt Suffix.Arn}
      Users: [!Ref Bare]
"""


def test_what_only_aws_knows_is_undecided_where_a_verdict_rests_on_it(tmp_path: Path) -> None:
    found = answers(report(tmp_path, UNKNOWN))
    assert [found[IN_GROUP, name][0] for name in ("Imported", "Maybe", "Bare")] == [C, UNDECIDED, NC]
    assert [found[ATTACHED, name][0] for name in ("Bare", "Imported")] == [NC, C]
    assert found[BLOCKED, "Suffix"][0] == NC
    assert (found[ADMIN, "Made"][0], found[FULL, "Made"][0]) == (UNDECIDED, NC)


def test_a_parameter_that_is_given_decides(tmp_path: Path) -> None:
    assert answers(report(tmp_path, UNKNOWN, Team="ops"))[IN_GROUP, "Maybe"][0] == C
    assert answers(report(tmp_path, UNKNOWN, Team=""))[IN_GROUP, "Maybe"][0] == NC


CASES = [
    (
        "a user with an inline policy",
        "User",
        f"Policies: [{{PolicyName: p, PolicyDocument: {ALLOW_ALL}}}]",
        INLINE,
        "X",
        NC,
    ),
    ("a user with a managed policy", "User", f"ManagedPolicyArns: ['{ADMINISTRATOR}']", BLOCKED, "X", NC),
    ("a user in a group", "User", "Groups: [ops]", IN_GROUP, "X", C),
    ("a group", "Group", "GroupName: g", HAS_USERS, "g", NC),
    (
        "a group of which only its policies are unknown",
        "Group",
        "ManagedPolicyArns: !ImportValue x",
        BLOCKED,
        "X",
        UNDECIDED,
    ),
    ("a role", "Role", f"AssumeRolePolicyDocument: {TRUST}", INLINE, "X", C),
    ("a managed policy", "ManagedPolicy", f"PolicyDocument: {ALLOW_ALL}", ADMIN, "X", NC),
    (
        "a managed policy that names a user",
        "ManagedPolicy",
        f"{{PolicyDocument: {ALLOW_ALL}, Users: [ann]}}",
        ATTACHED,
        "ann",
        NC,
    ),
    ("an inline policy", "Policy", f"{{PolicyName: p, PolicyDocument: {ALLOW_ALL}, Groups: [ops]}}", INLINE, "ops", NC),
    (
        "a user policy",
        "UserPolicy",
        f"{{PolicyName: p, PolicyDocument: {ALLOW_ALL}, UserName: ann}}",
        INLINE,
        "ann",
        NC,
    ),
    (
        "a group policy",
        "GroupPolicy",
        f"{{PolicyName: p, PolicyDocument: {ALLOW_ALL}, GroupName: ops}}",
        INLINE,
        "ops",
        NC,
    ),
    ("a role policy", "RolePolicy", f"{{PolicyName: p, PolicyDocument: {ALLOW_ALL}, RoleName: r}}", INLINE, "r", NC),
    ("an addition to a group", "UserToGroupAddition", "{GroupName: ops, Users: [ann]}", HAS_USERS, "ops", C),
    ("a service-linked role", "ServiceLinkedRole", "AWSServiceName: x", BLOCKED, "X", UNDECIDED),
    ("an OIDC provider", "OIDCProvider", "Url: 'https://example.com'", "iam-oidc-provider-tagged", "example.com", NC),
    ("a SAML provider", "SAMLProvider", "{Name: s, Tags: [{Key: a, Value: b}]}", "iam-saml-provider-tagged", "s", C),
    ("a certificate", "ServerCertificate", "ServerCertificateName: c", "iam-server-certificate-tagged", "c", NC),
    ("an MFA device gives nobody MFA", "VirtualMFADevice", "Users: [ann]", "iam-user-mfa-enabled", "ann", NC),
    ("a key", "AccessKey", "UserName: ann", "access-keys-rotated", "ann", UNDECIDED),
    ("an instance profile", "InstanceProfile", "Roles: [r]", INLINE, "r", C),
]


@pytest.mark.parametrize(
    ("name", "kind", "properties", "rule", "resource", "expected"), CASES, ids=lambda each: each[:40]
)
def test_a_type_over_an_account(
    tmp_path: Path, name: str, kind: str, properties: str, rule: str, resource: str, expected: str
) -> None:
    written = properties if properties.startswith("{") else f"{{{properties}}}"
    written = written.replace("!ImportValue x", "{'Fn::ImportValue': x}")
    template = f"Resources:\n  X:\n    Type: AWS::IAM::{kind}\n    Properties: {written}\n"
    assert answers(report(tmp_path, template, OPS))[rule, resource][0] == expected, name
    alone = answers(report(tmp_path, template)).get((rule, resource), (UNDECIDED, None))[0]
    assert alone in (expected, UNDECIDED)


def test_an_analyzer_settles_its_rule(tmp_path: Path) -> None:
    template = "Resources: {A: {Type: AWS::AccessAnalyzer::Analyzer, Properties: {Type: ACCOUNT}}}"
    found = answers(report(tmp_path, template, OPS, **{"AWS::Region": "us-east-1"}))
    assert found["iam-external-access-analyzer-enabled", "111122223333"] == (C, "resolved")


def test_a_name_that_exists_is_an_update(tmp_path: Path) -> None:
    template = "Resources: {U: {Type: AWS::IAM::User, Properties: {UserName: ann, Groups: [ops]}}}"
    found = answers(report(tmp_path, template, OPS))
    assert found[IN_GROUP, "ann"] == (C, "resolved")
    assert found[ATTACHED, "ann"] == (UNDECIDED, "undetermined")


MAYBE = """
Parameters: {Stage: {Type: String}}
Conditions: {Prod: !Equals [!Ref Stage, prod]}
Resources:
  U: {Type: AWS::IAM::User, Condition: Prod}
  G: {Type: AWS::IAM::Group}
  A: {Type: AWS::IAM::UserToGroupAddition, Condition: Prod, Properties: {GroupName: !Ref G, Users: [ann]}}
"""


def test_what_is_created_under_an_unknown_condition_is_undecided(tmp_path: Path) -> None:
    found = answers(report(tmp_path, MAYBE, OPS))
    assert (found[IN_GROUP, "U"][0], found[ATTACHED, "U"][0], found[HAS_USERS, "G"][0]) == (UNDECIDED, C, UNDECIDED)
    assert found[IN_GROUP, "ann"][0] == UNDECIDED
    decided = answers(report(tmp_path, MAYBE, OPS, Stage="test"))
    assert (IN_GROUP, "U") not in decided
    assert (decided[HAS_USERS, "G"][0], decided[IN_GROUP, "ann"][0]) == (NC, NC)


UNSEEN = [
    ("a macro", "Transform: Mine\nResources: {G: {Type: AWS::IAM::Group}}"),
    ("a nested stack", "Resources: {S: {Type: AWS::CloudFormation::Stack, Properties: {TemplateURL: x}}}"),
    ("SAM", "Transform: AWS::Serverless-2016-10-31\nResources: {F: {Type: AWS::Serverless::Function}}"),
    ("a module", "Resources: {M: {Type: My::Own::Thing::MODULE}}"),
    ("a loop", "Transform: AWS::LanguageExtensions\nResources: {'Fn::ForEach::L': [X, [a], {'U${X}': {Type: x}}]}"),
    ("a type that is not known", "Resources: {N: {Type: AWS::IAM::SomethingNew}}"),
]


@pytest.mark.parametrize(("name", "template"), UNSEEN, ids=lambda each: each[:30])
def test_what_is_not_seen_is_said_and_leaves_lists_in_doubt(tmp_path: Path, name: str, template: str) -> None:
    for over in (None, OPS):
        made = report(tmp_path, template, over)
        assert any("is unknown" in each.message for each in made.warnings), name
        unseen = [each for each in made.findings if "is unknown" in each.annotation]
        assert {each.compliance_type for each in unseen} == {UNDECIDED}


def test_a_function_that_is_written_wrongly_ends_nothing(tmp_path: Path) -> None:
    template = "Resources: {U: {Type: AWS::IAM::User, Properties: {Groups: [!Ref Nowhere]}}}"
    made = report(tmp_path, template)
    assert answers(made)[ATTACHED, "U"][0] == C
    assert any("Nowhere" in each.message for each in made.warnings)


def test_a_template_without_iam_touches_none(tmp_path: Path) -> None:
    made = report(tmp_path, "Resources: {B: {Type: AWS::S3::Bucket}}")
    assert {each.compliance_type for each in made.findings} == {NA}
