"""`iam-audit scan` of plans over a snapshot that is older than the change, or of another account."""

import re
from pathlib import Path

import pytest
from conftest import Run
from plans import Json, changed, created, deleted, document, plan, updated, written

from auditor.account.snapshot import dump
from auditor.testing import ACCOUNT_ID, account, allow, group, policy, user

GATE = ("--fail-on", "noncompliant", "--only", "introduced", "--rules", "all")
ADMINISTRATOR = "arn:aws:iam::aws:policy/AdministratorAccess"
EVERYTHING = document(allow())
GHOST = {"name": "ghost", "path": "/", "policy": "{}"}


@pytest.fixture
def today(tmp_path: Path) -> str:
    """Write a snapshot of an account with one user in one group, and return its path."""
    path = tmp_path / "today.json"
    path.write_bytes(dump(account(users=[user("ann", groups=["ops"])], groups=[group("ops")], policies=[policy("p")])))
    return str(path)


UNDETERMINED = {
    "a managed policy of a user": created("aws_iam_user_policy_attachment.a", user="ghost", policy_arn=ADMINISTRATOR),
    "an inline policy of a user": created("aws_iam_user_policy.a", user="ghost", name="x", policy=EVERYTHING),
    "a managed policy of a role": created("aws_iam_role_policy_attachment.a", role="ghost", policy_arn=ADMINISTRATOR),
    "an inline policy of a group": created("aws_iam_group_policy.a", group="ghost", name="x", policy=EVERYTHING),
    "a console password": created("aws_iam_user_login_profile.a", user="ghost"),
    "a new version of a policy": updated("aws_iam_policy.a", GHOST, policy=EVERYTHING),
    "the clients of a provider": updated("aws_iam_openid_connect_provider.a", {"url": "ghost"}, client_id_list=["b"]),
    "a type that is not judged": created("aws_iam_of_tomorrow.a", user="ghost"),
}


@pytest.mark.parametrize("change", UNDETERMINED.values(), ids=UNDETERMINED)
def test_what_changes_of_a_resource_that_the_account_lacks_is_undetermined(
    run: Run, tmp_path: Path, today: str, change: Json
) -> None:
    result = run("scan", "--terraform-plan", written(tmp_path, plan(change)), "--snapshot", today, *GATE)
    assert result.code == 4
    assert re.search(r"[1-9]\d* undetermined", result.out)
    assert f"{change['address']} changes a" in result.err
    assert "that the account does not have" in result.err


GONE = {
    "a user": [deleted("aws_iam_user.a", name="ghost"), deleted("aws_iam_user_login_profile.a", user="ghost")],
    "a policy of a user": [deleted("aws_iam_user_policy.a", user="ghost", name="x", policy="{}")],
}


@pytest.mark.parametrize("changes", GONE.values(), ids=GONE)
def test_what_is_deleted_and_the_account_lacks_is_a_warning(
    run: Run, tmp_path: Path, today: str, changes: list[Json]
) -> None:
    result = run(
        "scan", "--terraform-plan", written(tmp_path, plan(*changes)), "--snapshot", today, *GATE, "--allow-incomplete"
    )
    assert result.code == 0
    assert "that the account does not have" in result.err


def test_a_template_that_changes_a_user_whom_the_account_lacks_is_undetermined(
    run: Run, tmp_path: Path, today: str
) -> None:
    path = tmp_path / "template.yaml"
    statement = '{Effect: Allow, Action: "*", Resource: "*"}'
    path.write_text(
        "Resources:\n  P:\n    Type: AWS::IAM::UserPolicy\n    Properties: {UserName: ghost, PolicyName: x, "
        f'PolicyDocument: {{Version: "2012-10-17", Statement: [{statement}]}}}}\n',
        "utf-8",
    )
    result = run("scan", "--cloudformation", path, "--snapshot", today, *GATE)
    assert result.code == 4
    assert re.search(r"[1-9]\d* undetermined", result.out)


OTHER = "999999999999"
OF_OTHER = {
    "its own ARN": updated("aws_iam_user.a", {"name": "ann", "path": "/", "arn": f"arn:aws:iam::{OTHER}:user/ann"}),
    "a policy": created("aws_iam_user_policy_attachment.a", user="ann", policy_arn=f"arn:aws:iam::{OTHER}:policy/p"),
    "a resource that stays": changed("aws_iam_user.a", "no-op", after={"arn": f"arn:aws:iam::{OTHER}:user/ann"}),
}


@pytest.mark.parametrize("change", OF_OTHER.values(), ids=OF_OTHER)
def test_a_plan_of_another_account_is_refused(run: Run, tmp_path: Path, today: str, change: Json) -> None:
    result = run("scan", "--terraform-plan", written(tmp_path, plan(change)), "--snapshot", today, *GATE)
    assert result.code == 3
    assert f"belongs to account {OTHER}" in result.err
    assert f"the audited account is {ACCOUNT_ID}" in result.err


def test_other_accounts_in_documents_and_of_other_providers_are_fine(run: Run, tmp_path: Path, today: str) -> None:
    trust = document(
        {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": f"arn:aws:iam::{OTHER}:root"}}
    )
    role = created("aws_iam_role.r", name="r", path="/", assume_role_policy=trust)
    made = plan(role, OF_OTHER["a policy"])
    made["configuration"]["root_module"]["resources"][1]["provider_config_key"] = "aws.other"
    assumed = [{"role_arn": {"constant_value": f"arn:aws:iam::{OTHER}:role/deploy"}}]
    made["configuration"]["provider_config"] = {"aws.other": {"expressions": {"assume_role": assumed}}}
    result = run("scan", "--terraform-plan", written(tmp_path, made), "--snapshot", today, "--allow-incomplete")
    assert result.code == 0
    assert f"is in account {OTHER}, which is not audited" in result.err
