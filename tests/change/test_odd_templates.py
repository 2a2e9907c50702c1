"""Templates as people write them: what is optional, undeclared, merged, tagged or changed by macros."""

from pathlib import Path

import pytest
from judging_plans import answers, report_of
from msgspec import Raw
from plans import document

from auditor.account.model import Snapshot
from auditor.change.cloudformation import reading
from auditor.errors import AuditError
from auditor.report.report import Report
from auditor.testing import account, allow, group, policy, user

INLINE, ATTACHED, BLOCKED = "iam-no-inline-policy-check", "iam-user-no-policies-check", "iam-policy-blacklisted-check"
IN_GROUP, HAS_USERS = "iam-user-group-membership-check", "iam-group-has-users-check"
ADMIN, FULL = "iam-policy-no-statements-with-admin-access", "iam-policy-no-statements-with-full-access"
TAGGED, PASSWORD = "iam-oidc-provider-tagged", "iam-user-can-change-own-password"
NC, C, UNDECIDED = "NON_COMPLIANT", "COMPLIANT", "INSUFFICIENT_DATA"
ALL = "{Effect: Allow, Action: '*', Resource: '*'}"


def report(folder: Path, template: str | bytes, over: Snapshot | None = None) -> Report:
    path = folder / "template.yaml"
    path.write_bytes(template if isinstance(template, bytes) else template.encode())
    return report_of([reading.opened(str(path), reading.document_of(str(path)), {})], over)


def of(kind: str, properties: str, *, more: str = "") -> str:
    """Return a template of one resource X, with a parameter and a condition that nobody knows."""
    head = "Parameters: {Team: {Type: String}}\nConditions: {Has: !Equals [!Ref Team, a]}\n"
    return f"{head}Resources:\n  X: {{Type: AWS::IAM::{kind}, Properties: {{{properties}}}}}\n{more}"


NOTHING = "!Ref 'AWS::NoValue'"
PERHAPS_ADMIN = f"PolicyDocument: {{Statement: [!If [Has, {ALL}, {NOTHING}]"
WITH_CONDITION = "{Effect: Allow, Action: 's3:Get', Resource: '*', Condition: {StringEquals: {a: !Ref Team}}}"
OF_ACCOUNT = "'arn:aws:iam::${AWS::AccountId}:policy/mine'"
CASES = [
    ("a group that may be left out", of("User", f"Groups: [!If [Has, g, {NOTHING}]]"), IN_GROUP, UNDECIDED),
    ("one of two groups", of("User", "Groups: [!If [Has, g, h]]"), IN_GROUP, C),
    (
        "a managed policy that may be left out",
        of("User", f"ManagedPolicyArns: [!If [Has, x, {NOTHING}]]"),
        ATTACHED,
        UNDECIDED,
    ),
    (
        "an inline policy that may be left out",
        of("User", f"Policies: [!If [Has, {{PolicyName: p, PolicyDocument: {{}}}}, {NOTHING}]]"),
        INLINE,
        UNDECIDED,
    ),
    ("a group that is not a text", of("User", "Groups: [[a, b]]"), IN_GROUP, UNDECIDED),
    ("a group without a name", of("User", "Groups: ['']"), IN_GROUP, NC),
    ("a user without a name", of("User", "UserName: ''"), IN_GROUP, NC),
    ("a statement that may be left out", of("ManagedPolicy", PERHAPS_ADMIN + "]}"), ADMIN, UNDECIDED),
    ("a statement beside one that may be left out", of("ManagedPolicy", f"{PERHAPS_ADMIN}, {ALL}]}}"), ADMIN, NC),
    (
        "a value of a condition, which excuses nothing",
        of("ManagedPolicy", f"PolicyDocument: {{Statement: [{WITH_CONDITION}, {ALL}]}}"),
        FULL,
        NC,
    ),
    (
        "a value of a condition of a narrow statement",
        of("ManagedPolicy", f"PolicyDocument: {{Statement: [{WITH_CONDITION}]}}"),
        ADMIN,
        C,
    ),
    (
        "an effect that is not known",
        of("ManagedPolicy", "PolicyDocument: {Statement: [{Effect: !Ref Team, Action: '*', Resource: '*'}]}"),
        ADMIN,
        UNDECIDED,
    ),
    (
        "a condition on the partition, which is not known",
        (
            "Conditions: {Gov: !Equals [!Ref 'AWS::Partition', aws-us-gov]}\n"
            f"Resources: {{X: {{Type: AWS::IAM::Role, Properties: {{ManagedPolicyArns: !If [Gov, [x], {NOTHING}]}}}}}}"
        ),
        BLOCKED,
        UNDECIDED,
    ),
    (
        "a policy of the own account, whose number is not known",
        of("Role", f"ManagedPolicyArns: [!Sub {OF_ACCOUNT}]"),
        BLOCKED,
        C,
    ),
    (
        "a tag whose key is not known",
        of("OIDCProvider", "Url: 'https://x', Tags: [{Key: !Ref Team, Value: v}]"),
        TAGGED,
        UNDECIDED,
    ),
    (
        "a default that is not allowed",
        (
            "Parameters: {P: {Type: String, Default: a, AllowedValues: [b]}}\n"
            "Resources: {X: {Type: AWS::IAM::User, Properties: {Groups: [!Ref P]}}}"
        ),
        IN_GROUP,
        C,
    ),
    ("a parameter that is null", "Parameters: {P: }\nResources: {X: {Type: AWS::IAM::User}}", IN_GROUP, NC),
    ("a tag of others", of("User", "Groups: !Fn g"), IN_GROUP, UNDECIDED),
    (
        "a rule of the template",
        "Rules: {R: {Assertions: [{Assert: !EachMemberIn [!RefAll V, [a]]}]}}\nResources: {X: {Type: AWS::IAM::User}}",
        IN_GROUP,
        NC,
    ),
    (
        "an alias",
        (
            "Resources:\n  U: {Type: AWS::IAM::User, Properties: &p {Groups: [g]}}\n"
            "  X: {Type: AWS::IAM::User, Properties: *p}"
        ),
        IN_GROUP,
        C,
    ),
    (
        "a merge key",
        (
            "Resources:\n  U: {Type: AWS::IAM::User, Properties: &p {Groups: [g], UserName: u}}\n"
            "  X: {Type: AWS::IAM::User, Properties: {<<: *p, UserName: x}}"
        ),
        IN_GROUP,
        C,
    ),
    ("a mark at the end", "---\nResources: {X: {Type: AWS::IAM::User}}\n---\n", IN_GROUP, NC),
    (
        "a key that stands twice",
        "Resources: {X: {Type: AWS::IAM::User, Properties: {Groups: [g], Groups: []}}}",
        IN_GROUP,
        UNDECIDED,
    ),
    (
        "JSON with a character in two escapes",
        '{"Description": "\\\\ \\ud83d\\ude00 a\\/b", "Resources": {"X": {"Type": "AWS::IAM::User"}}}',
        IN_GROUP,
        NC,
    ),
    ("JSON as PowerShell writes it", '{"Resources": {"X": {"Type": "AWS::IAM::User"}}}'.encode("utf-16"), IN_GROUP, NC),
    ("JSON with tabs", '{\n\t"Resources": {\n\t\t"X": {"Type":"AWS::IAM::User"}\n\t}\n}', IN_GROUP, NC),
    (
        "an included part of a resource",
        of("User", "Path: /, 'Fn::Transform': {Name: AWS::Include}"),
        IN_GROUP,
        UNDECIDED,
    ),
    (
        "an included part beside the type",
        "Resources: {X: {Type: AWS::IAM::User, 'Fn::Transform': {Name: AWS::Include}}}",
        INLINE,
        UNDECIDED,
    ),
    ("a macro may add to what is declared", "Transform: [Mine]\n" + of("User", "Groups: [g]"), INLINE, UNDECIDED),
    ("a macro does not take a group away", "Transform: [Mine]\n" + of("User", "Groups: [g]"), IN_GROUP, C),
    (
        "a console password of somebody whose ARN is not known",
        of("User", "LoginProfile: {Password: !Ref Team}"),
        PASSWORD,
        UNDECIDED,
    ),
]


@pytest.mark.parametrize(("name", "template", "rule", "expected"), CASES, ids=[name for name, *_ in CASES])
def test_a_template_of_people(tmp_path: Path, name: str, template: str, rule: str, expected: str) -> None:
    made = report(tmp_path, template)
    found = {key: verdict for key, (verdict, _) in answers(made).items()}
    resource = next(resource for resource in ("X", "x") if (rule, resource) in found)
    assert found[rule, resource] == expected, name
    assert not [each for each in made.findings if "rule failed" in each.annotation]


PERHAPS = [
    ("the groups of a user", "User, Condition: Has, Properties: {UserName: ann, Groups: [ops]", IN_GROUP, "ann"),
    ("the members of a group", "User, Condition: Has, Properties: {UserName: ann, Groups: [ops]", HAS_USERS, "ops"),
    (
        "the document of a policy",
        "ManagedPolicy, Condition: Has, Properties: {ManagedPolicyName: p, PolicyDocument: {Statement: []}",
        ADMIN,
        "p",
    ),
    (
        "a password",
        "User, Condition: Has, Properties: {UserName: ann, LoginProfile: {Password: x}",
        "mfa-enabled-for-iam-console-access",
        "ann",
    ),
]


@pytest.mark.parametrize(("name", "written", "rule", "resource"), PERHAPS, ids=[name for name, *_ in PERHAPS])
def test_what_an_unknown_condition_may_update_is_undecided(
    tmp_path: Path, name: str, written: str, rule: str, resource: str
) -> None:
    over = account(
        users=[user("ann")], groups=[group("ops")], policies=[policy("p", document=Raw(document(allow()).encode()))]
    )
    head = "Parameters: {Team: {Type: String}}\nConditions: {Has: !Equals [!Ref Team, a]}\n"
    found = answers(report(tmp_path, f"{head}Resources: {{X: {{Type: AWS::IAM::{written}}}}}}}", over))
    assert found[rule, resource] == (UNDECIDED, "undetermined"), name


def test_nobody_is_nobody(tmp_path: Path) -> None:
    template = of("Policy", f"PolicyName: p, PolicyDocument: {{Statement: [{ALL}]}}, Users: ['']")
    assert not [
        key for key in answers(report(tmp_path, template)) if key[0] == INLINE and key[1] not in ("account", "X")
    ]


def test_a_parameter_that_is_needed_and_has_no_value_is_named_with_its_option(tmp_path: Path) -> None:
    template = "Parameters: {Team: {Type: String}, Other: {Type: String}}\n"
    template += "Resources: {X: {Type: AWS::IAM::User, Properties: {Groups: [!Ref Team]}}}"
    said = " ".join(each.message for each in report(tmp_path, template).warnings)
    assert "the parameter Team has no default; --stack-parameter Team=VALUE gives its value" in said
    assert "Other" not in said


def test_a_secret_parameter_is_not_read(tmp_path: Path) -> None:
    template = "Parameters: {Name: {Type: String, NoEcho: true, Default: Quicksilver}}\n"
    template += "Resources: {X: {Type: AWS::IAM::User, Properties: {UserName: !Ref Name, Groups: [!Ref Name]}}}"
    made = report(tmp_path, template)
    assert "Quicksilver" not in made.to_json()
    assert answers(made)[IN_GROUP, "X"][0] == C


LOOP = "Transform: AWS::LanguageExtensions\nResources: {'Fn::ForEach::L': [V, [a], {'R${V}': {Type: KIND}}]}"


@pytest.mark.parametrize(("kind", "seen"), [("AWS::S3::Bucket", True), ("AWS::IAM::User", False), ("!Ref T", False)])
def test_a_loop_matters_where_it_may_make_resources_of_iam(tmp_path: Path, kind: str, seen: bool) -> None:
    said = " ".join(each.message for each in report(tmp_path, LOOP.replace("KIND", kind)).warnings)
    assert ("Fn::ForEach" not in said) is seen


def test_aliases_that_multiply_are_refused(tmp_path: Path) -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9)]
    with pytest.raises(AuditError, match="aliases make this too large"):
        report(tmp_path, "\n".join([*lines, "Resources: {X: {Type: AWS::IAM::User}}"]))
    with pytest.raises(AuditError, match="an alias is within its own anchor"):
        report(tmp_path, "Resources: &r {X: {Type: AWS::IAM::User, Properties: *r}}")


def test_who_may_not_be_created_counts_as_nobody_for_sure(tmp_path: Path) -> None:
    more = "  G: {Type: AWS::IAM::Group}\n  U: {Type: AWS::IAM::User, Condition: Has, Properties: {Groups: [!Ref G]}}\n"
    assert answers(report(tmp_path, of("User", "Path: /", more=more)))[HAS_USERS, "G"][0] == UNDECIDED
    sure = more + "  V: {Type: AWS::IAM::User, Properties: {Groups: [!Ref G]}}\n"
    assert answers(report(tmp_path, of("User", "Path: /", more=sure)))[HAS_USERS, "G"][0] == C


def test_a_template_that_is_an_update_keeps_who_is_there(tmp_path: Path) -> None:
    over = account(users=[user("ann", groups=["ops"])], groups=[group("ops")])
    found = answers(report(tmp_path, "Resources: {X: {Type: AWS::IAM::Group, Properties: {GroupName: ops}}}", over))
    assert found[HAS_USERS, "ops"] == (C, "unchanged")
