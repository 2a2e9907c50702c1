"""`iam-audit scan --cloudformation` behind the gate: what a template leaves unseen or undecided does not pass."""

from pathlib import Path

import pytest
from conftest import Run

from auditor.account.snapshot import dump
from auditor.testing import account, group, user

GATE = ("--fail-on", "noncompliant", "--only", "introduced")


@pytest.fixture
def today(tmp_path: Path) -> str:
    """Write a snapshot of an account in which the default rules find nothing unknown, and return its path."""
    path = tmp_path / "today.json"
    path.write_bytes(dump(account(users=[user("ann", groups=["ops"])], groups=[group("ops")])))
    return str(path)


@pytest.mark.parametrize("text", ["Resources:\n  Admin:\n", '{"Resources": {"P": null}}', "Resources:\n  P: Typ"])
def test_a_template_that_ends_within_a_resource_does_not_pass(run: Run, tmp_path: Path, today: str, text: str) -> None:
    path = tmp_path / "t.yaml"
    path.write_text(text, "utf-8")
    result = run("scan", "--cloudformation", path, "--snapshot", today, *GATE)
    assert result.code == 4
    assert "is unknown" in result.err
    assert "touches no IAM resource" not in result.out + result.err


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        ("AWS::ServiceCatalog::CloudFormationProvisionedProduct", 4),
        ("AWS::CloudFormation::CustomResource", 4),
        ("Custom::Maker", 4),
        ("Custom::my-maker@2", 4),
        ("AWS::ServiceCatalog::Portfolio", 0),
    ],
)
def test_what_may_make_anything_is_not_seen(run: Run, tmp_path: Path, today: str, kind: str, code: int) -> None:
    path = tmp_path / "t.yaml"
    path.write_text(f"Resources: {{X: {{Type: '{kind}', Properties: {{ServiceToken: x}}}}}}", "utf-8")
    result = run("scan", "--cloudformation", path, "--snapshot", today, *GATE)
    assert result.code == code
    assert ("X creates is unknown" in result.err) == bool(code)
    assert ("touches no IAM resource" in result.out) == (code == 0)


IN_EUROPE = """
Conditions: {Here: !Equals [!Ref 'AWS::Region', eu-central-1]}
Resources:
  P:
    Type: AWS::IAM::ManagedPolicy
    Condition: Here
    Properties: {PolicyDocument: {Statement: [{Effect: Allow, Action: '*', Resource: '*'}]}}
"""


@pytest.mark.parametrize(
    ("name", "given", "code"),
    [("no Region", "", 4), ("the one", "AWS::Region=eu-central-1", 1), ("another", "AWS::Region=us-east-1", 0)],
)
@pytest.mark.parametrize("named", [False, True])
def test_the_region_of_the_account_is_not_that_of_the_stack(
    run: Run, tmp_path: Path, today: str, name: str, given: str, code: int, named: bool
) -> None:
    path = tmp_path / "t.yaml"
    path.write_text(IN_EUROPE, "utf-8")
    parameter = ("--stack-parameter", f"{path}:{given}" if named else given) if given else ()
    result = run("scan", "--cloudformation", path, "--snapshot", today, *parameter, *GATE)
    assert result.code == code, name


BY_DEFAULT = """
Parameters: {Env: {Type: String, Default: dev}, Other: {Type: String, Default: x}}
Conditions:
  Prod: !Equals [!Sub '${Env}', prod]
  Both: !And [!Condition Prod, !Equals [a, a]]
Resources:
  P:
    Type: AWS::IAM::Group
    Condition: Both
"""


def test_what_is_left_out_by_a_default_is_named(run: Run, tmp_path: Path, today: str) -> None:
    path = tmp_path / "t.yaml"
    path.write_text(BY_DEFAULT, "utf-8")
    result = run("scan", "--cloudformation", path, "--snapshot", today, *GATE)
    assert result.code == 0
    assert "P is left out: its condition Both is false with the default of Env" in result.err
    assert "judged with the defaults of parameters: Env = 'dev'; --stack-parameter NAME=VALUE" in result.err
    assert "touches no IAM resource" not in result.out + result.err
    given = run("scan", "--cloudformation", path, "--snapshot", today, "--stack-parameter", "Env=test", *GATE)
    assert given.code == 0
    assert "default" not in given.err
    assert "touches no IAM resource" in given.out


def test_the_defaults_that_a_verdict_may_rest_on_are_named(run: Run, tmp_path: Path, today: str) -> None:
    path = tmp_path / "t.yaml"
    parameters = "Parameters: {Team: {Type: String, Default: ops}, Size: {Type: String, Default: big}}\n"
    bucket = "B: {Type: AWS::S3::Bucket, Properties: {BucketName: !Ref Size}}"
    path.write_text(
        f"{parameters}Resources: {{U: {{Type: AWS::IAM::User, Properties: {{Groups: [!Ref Team]}}}}, {bucket}}}"
    )
    result = run("scan", "--cloudformation", path, "--snapshot", today)
    assert "judged with the defaults of parameters: Team = 'ops';" in result.err


UNREADABLE = [
    ("missing", None, "cannot be read"),
    ("empty", "", "is empty"),
    ("cut", "Resources:\n  U: {Type: AWS::IAM::User\n", "line 3: this is not YAML"),
    ("two documents", "Resources: {U: {Type: AWS::IAM::User}}\n---\na: b\n", "line 2: a second document begins here"),
    ("a text", "Resources", "this is not a CloudFormation template"),
    ("without resources", "Outputs: {}", "has no Resources"),
    ("the answer of get-template", '{"TemplateBody": {"Resources": {}}}', "Run get-template with --query TemplateBody"),
    ("cut after Resources", "Resources:", "has no Resources"),
    ("resources in a list", "Resources:\n  - Type: AWS::IAM::User", "Resources is a list and not a mapping"),
    ("resources in a text", "Resources: U", "Resources is a text and not a mapping"),
]


@pytest.mark.parametrize(("name", "text", "expected"), UNREADABLE, ids=[name for name, _, _ in UNREADABLE])
def test_a_template_that_cannot_be_read_ends_with_3(
    run: Run, tmp_path: Path, name: str, text: str | None, expected: str
) -> None:
    path = tmp_path / "t.yaml"
    if text is not None:
        path.write_text(text, "utf-8")
    result = run("scan", "--cloudformation", path)
    assert result.code == 3, name
    assert expected in result.err
