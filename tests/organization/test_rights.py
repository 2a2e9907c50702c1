"""Rights: what the auditor of an organization may do, and the role to deploy, as AWS's own tools take them."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from conftest import Run
from fake_organization import fake_organization
from real_terraform import NEEDS_TERRAFORM, plugins, terraform_of

from auditor.collectors.live.collection import LiveOptions, connect
from auditor.organization.listing import listed_by_aws, state_now

ROLE = "arn:aws:iam::111122223333:role/audit/runner"
PRINCIPALS = {
    "an account": ("--principal", "111122223333"),
    "a role, with an external id": ("--principal", ROLE, "--external-id", "partner:7/x"),
}
NAMED = ("--role-name", "audit/iam-audit@2")


def statements(text: str) -> dict[str, Any]:
    return {statement.pop("Sid"): statement for statement in json.loads(text)["Statement"]}


def test_the_auditor_may_list_accounts_take_the_role_and_read_its_own(run: Run) -> None:
    found = statements(run("permissions", "--organization", "--rules", "core").out)
    assert found["TakeTheRole"] == {
        "Effect": "Allow",
        "Action": "sts:AssumeRole",
        "Resource": "arn:aws:iam::*:role/OrganizationAccountAccessRole",
    }
    alone = json.loads(run("permissions", "--rules", "core").out)["Statement"][0]
    assert found["ReadOwnAccount"]["Action"] == alone["Action"]
    other = statements(run("permissions", "--organization", *NAMED, "--partition", "aws-cn").out)
    assert other["TakeTheRole"]["Resource"] == "arn:aws-cn:iam::*:role/audit/iam-audit@2"


@pytest.mark.parametrize("paths", [True, False])
def test_listing_calls_nothing_that_the_auditor_may_not(run: Run, tmp_path: Path, paths: bool) -> None:
    granted = statements(run("permissions", "--organization").out)["ListAccounts"]["Action"]
    with fake_organization(tmp_path) as organization:
        organization.service.paths = paths
        connection = connect(LiveOptions(), ask_code=None)
        listed_by_aws(connection, include=["tag:stage"])
        state_now(connection, organization.ids[1])
        called = {action for action in organization.front.actions if action.startswith("organizations:")}
    assert called <= set(granted)
    assert set(granted) - called <= {"organizations:ListAccountsForParent"}


def template(run: Run, form: str, principal: tuple[str, ...]) -> str:
    return run("permissions", "--template", form, *principal, *NAMED).out


@pytest.mark.parametrize("principal", PRINCIPALS.values(), ids=PRINCIPALS)
def test_the_stack_makes_the_role_in_the_management_account_and_in_all_others(
    run: Run, principal: tuple[str, ...]
) -> None:
    resources = yaml.safe_load(template(run, "cloudformation-stackset", principal))["Resources"]
    role = resources["AuditRole"]
    assert role.pop("Condition") == "InManagementAccount"
    assert yaml.safe_load(_body(resources))["Resources"] == {"AuditRole": role}
    properties = role["Properties"]
    assert (properties["Path"], properties["RoleName"]) == ("/audit/", "iam-audit@2")
    assert properties["Policies"][0]["PolicyDocument"] == json.loads(run("permissions").out)
    (trust,) = properties["AssumeRolePolicyDocument"]["Statement"]
    whole = {"Fn::Sub": "arn:${AWS::Partition}:iam::111122223333:root"}
    assert trust["Principal"] == {"AWS": ROLE if ROLE in principal else whole}
    demanded = {"StringEquals": {"sts:ExternalId": "partner:7/x"}} if ROLE in principal else None
    assert trust.get("Condition") == demanded


def test_a_delegated_administrator_makes_the_stack_set_alone(run: Run) -> None:
    stack = yaml.safe_load(template(run, "cloudformation-stackset", PRINCIPALS["an account"]))
    assert stack["Parameters"]["CallAs"]["Default"] == "SELF"
    assert stack["Conditions"] == {"InManagementAccount": {"Fn::Equals": [{"Ref": "CallAs"}, "SELF"]}}
    members = stack["Resources"]["AuditRoleInMembers"]
    assert members["Properties"]["CallAs"] == {"Ref": "CallAs"}
    assert "Condition" not in members


def _body(resources: dict[str, Any]) -> str:
    body: str = resources["AuditRoleInMembers"]["Properties"]["TemplateBody"]
    return body


def test_cfn_lint_takes_the_stack_and_what_it_deploys(run: Run, tmp_path: Path) -> None:
    for number, principal in enumerate(PRINCIPALS.values()):
        text = template(run, "cloudformation-stackset", principal)
        (tmp_path / f"stack{number}.yaml").write_text(text)
        (tmp_path / f"body{number}.yaml").write_text(_body(yaml.safe_load(text)["Resources"]))
    command = [str(Path(sys.executable).with_name("cfn-lint")), *map(str, tmp_path.glob("*.yaml"))]
    done = subprocess.run(command, capture_output=True, check=False, text=True)
    assert (done.returncode, done.stdout) == (0, ""), done.stdout + done.stderr


@pytest.mark.parametrize("principal", PRINCIPALS.values(), ids=PRINCIPALS)
def test_the_terraform_role_may_read_and_trusts_the_principal(run: Run, principal: tuple[str, ...]) -> None:
    text = template(run, "terraform", principal)
    assert (
        re.findall('^        "(.*)",$', text, re.MULTILINE)
        == json.loads(run("permissions").out)["Statement"][0]["Action"]
    )
    trusted = ROLE if ROLE in principal else "arn:${data.aws_partition.current.partition}:iam::111122223333:root"
    assert f'Principal = {{ AWS = "{trusted}" }}' in text
    assert ('"sts:ExternalId" = "partner:7/x"' in text) == (ROLE in principal)


@NEEDS_TERRAFORM
def test_terraform_takes_the_role(run: Run, tmp_path: Path) -> None:
    modules = {f"role{number}": principal for number, principal in enumerate(PRINCIPALS.values())}
    for name, principal in modules.items():
        (tmp_path / name).mkdir()
        (tmp_path / name / "main.tf").write_text(template(run, "terraform", principal))
    (tmp_path / "main.tf").write_text("\n".join(f'module "{each}" {{\n  source = "./{each}"\n}}\n' for each in modules))
    terraform_of(tmp_path, "init", "-no-color", "-input=false", f"-plugin-dir={plugins()}")
    assert "The configuration is valid" in terraform_of(tmp_path, "validate", "-no-color")
    assert terraform_of(tmp_path, "fmt", "-check", "-recursive", "-list=true") == ""


WRONG = {
    "no principal": (["--template", "terraform"], "--template needs --principal"),
    "a wrong principal": (["--template", "terraform", "--principal", "auditor"], "neither an account's number nor"),
    "a session": (
        ["--template", "terraform", "--principal", "arn:aws:sts::111122223333:assumed-role/a/b"],
        "nor the ARN of a role or user",
    ),
    "AWS's own role": (
        ["--template", "terraform", "--principal", "111122223333", "--role-name", "OrganizationAccountAccessRole"],
        "is AWS's own role, with all rights",
    ),
    "a wrong external id": (
        ["--template", "terraform", "--principal", "111122223333", "--external-id", "a b"],
        "--external-id is not one that AWS takes",
    ),
    "a wrong name": (["--organization", "--role-name", "arn:aws:iam::111122223333:role/a"], "is an ARN"),
    "both": (["--organization", "--template", "terraform"], "exclude each other"),
    "a name for nothing": (["--role-name", "a"], "--role-name needs --organization or --template"),
    "a principal for nothing": (["--organization", "--principal", "111122223333"], "--principal needs --template"),
    "a partition for nothing": (["--partition", "aws-cn"], "--partition needs --organization"),
}


@pytest.mark.parametrize(("options", "message"), WRONG.values(), ids=WRONG)
def test_options_that_make_no_sense_are_usage_errors(run: Run, options: list[str], message: str) -> None:
    result = run("permissions", *options)
    assert (result.code, result.out) == (2, "")
    assert message in result.err
