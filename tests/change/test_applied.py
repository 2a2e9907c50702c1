"""A planned change is judged as the account turns out to be once the change was made, scanned live.

moto stands for AWS. What it keeps from being compared: plans that add a client to an OIDC provider or delete a user
with force_destroy, since it does not know the calls; access analyzers, service-specific credentials and service-linked
roles of Terraform, since the provider waits for ever; generated names of CloudFormation, since boto3 makes them here;
a service-linked role and the deletions of a template, since only CloudFormation makes and knows them.
"""

import json
import os
import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3
import pytest
from deployed import Deployment, Json
from judging_plans import report_of
from live_account import attach_policy_of_aws, collected, forget_report

from auditor.account.model import Snapshot
from auditor.change.cloudformation import reading as templates
from auditor.change.terraform import reading as plans
from auditor.demo.emulator import self_signed
from auditor.report.audit import audit
from auditor.report.report import Report

FOLDER = Path(__file__).parent / "applied"
EXPIRES_AT = datetime(2099, 1, 1, tzinfo=UTC)
UNDECIDED = "INSUFFICIENT_DATA"
ADMINISTRATOR = "arn:aws:iam::aws:policy/AdministratorAccess"
Verdicts = dict[tuple[str, str], str]


def verdicts(report: Report) -> Verdicts:
    return {(each.config_rule_name, each.resource_name): str(each.compliance_type) for each in report.findings}


def scanned() -> Snapshot:
    forget_report()
    return collected()


def with_outsider(iam: Any) -> None:
    """Make what no plan and no template knows."""
    iam.create_user(UserName="outsider")
    attach_policy_of_aws(iam, "outsider", "AdministratorAccess")


def check_alike(judged: Verdicts, found: Verdicts, *, decided: int) -> None:
    """Check that each verdict that was decided before holds, and that so many were."""
    sure = {key: verdict for key, verdict in judged.items() if verdict != UNDECIDED}
    assert {key: found.get(key) for key in sure} == sure
    assert len(sure) >= decided
    assert not {key for key in found if key not in judged}


@pytest.mark.usefixtures("aws")
@pytest.mark.skipif(
    shutil.which("terraform") is None or "TF_PLUGINS" not in os.environ,
    reason="needs Terraform, and TF_PLUGINS with the provider of AWS",
)
def test_a_plan_is_judged_as_the_account_that_terraform_leaves(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_REGION", "us-east-1")

    def terraform(*arguments: str) -> str:
        command = ["terraform", *arguments]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    iam = boto3.client("iam", region_name="us-east-1")
    with_outsider(iam)
    shutil.copy(FOLDER / "before" / "main.tf", tmp_path)
    terraform("init", f"-plugin-dir={os.environ['TF_PLUGINS']}")
    terraform("apply", "-auto-approve")
    iam.add_user_to_group(GroupName="ops", UserName="outsider")
    before = scanned()
    shutil.copy(FOLDER / "after" / "main.tf", tmp_path)
    terraform("plan", "-out", "tfplan")
    (tmp_path / "plan.json").write_text(terraform("show", "-json", "tfplan"), "utf-8")
    judged = verdicts(report_of([plans.opened(str(tmp_path / "plan.json"))], before))
    terraform("apply", "tfplan")
    roles = [each["RoleName"] for each in iam.list_roles()["Roles"]]
    generated = {name: "aws_iam_role.fresh" for name in roles if name.startswith("fresh-")}
    found = {
        (rule, generated.get(name, name)): each for (rule, name), each in verdicts(audit(scanned(), "all")).items()
    }
    check_alike(judged, found, decided=60)


def document(action: str) -> Json:
    return {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": action, "Resource": "*"}]}


TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "ec2.amazonaws.com"}}],
}
BEFORE: Json = {
    "Empty": {"Type": "AWS::IAM::Group"},
    "Ops": {"Type": "AWS::IAM::Group", "Properties": {"GroupName": "ops"}},
    "Alone": {"Type": "AWS::IAM::User", "Properties": {"UserName": "alone"}},
    "Bare": {"Type": "AWS::IAM::Role", "Properties": {"RoleName": "bare", "AssumeRolePolicyDocument": TRUST}},
}
TEMPLATE: Json = {
    "Team": {
        "Type": "AWS::IAM::Group",
        "Properties": {
            "ManagedPolicyArns": [ADMINISTRATOR],
            "Policies": [{"PolicyName": "own", "PolicyDocument": document("*")}],
        },
    },
    "Wide": {"Type": "AWS::IAM::ManagedPolicy", "Properties": {"PolicyDocument": document("*"), "Groups": ["ops"]}},
    "Person": {
        "Type": "AWS::IAM::User",
        "Properties": {
            "UserName": "person",
            "Groups": [{"Ref": "Team"}],
            "ManagedPolicyArns": [{"Ref": "Wide"}],
            "Policies": [{"PolicyName": "own", "PolicyDocument": document("s3:GetObject")}],
            "LoginProfile": {"Password": "Made-up-9-password!"},
            "Tags": [{"Key": "owner", "Value": "x"}],
        },
    },
    "Addition": {
        "Type": "AWS::IAM::UserToGroupAddition",
        "Properties": {"GroupName": "ops", "Users": ["alone", {"Ref": "Person"}]},
    },
    "Narrow": {
        "Type": "AWS::IAM::ManagedPolicy",
        "Properties": {
            "Description": "to read",
            "PolicyDocument": document("s3:GetObject"),
            "Users": ["outsider"],
            "Roles": ["bare"],
        },
    },
    "Shared": {
        "Type": "AWS::IAM::Policy",
        "Properties": {
            "PolicyName": "shared",
            "PolicyDocument": document("s3:*"),
            "Groups": ["ops"],
            "Users": ["alone"],
        },
    },
    "OfUser": {
        "Type": "AWS::IAM::UserPolicy",
        "Properties": {"PolicyName": "u", "PolicyDocument": document("s3:*"), "UserName": "outsider"},
    },
    "OfGroup": {
        "Type": "AWS::IAM::GroupPolicy",
        "Properties": {"PolicyName": "g", "PolicyDocument": document("s3:*"), "GroupName": {"Ref": "Team"}},
    },
    "OfRole": {
        "Type": "AWS::IAM::RolePolicy",
        "Properties": {"PolicyName": "r", "PolicyDocument": document("s3:*"), "RoleName": "bare"},
    },
    "Worker": {
        "Type": "AWS::IAM::Role",
        "Properties": {"AssumeRolePolicyDocument": TRUST, "ManagedPolicyArns": [ADMINISTRATOR, {"Ref": "Narrow"}]},
    },
    "Profile": {"Type": "AWS::IAM::InstanceProfile", "Properties": {"Roles": [{"Ref": "Worker"}]}},
    "Key": {"Type": "AWS::IAM::AccessKey", "Properties": {"UserName": {"Ref": "Person"}}},
    "Device": {"Type": "AWS::IAM::VirtualMFADevice", "Properties": {"Users": [{"Ref": "Person"}]}},
    "Ci": {
        "Type": "AWS::IAM::OIDCProvider",
        "Properties": {"Url": "https://ci.example.com", "ClientIdList": ["sts.amazonaws.com"]},
    },
    "Corporate": {
        "Type": "AWS::IAM::SAMLProvider",
        "Properties": {"Name": "corporate", "Tags": [{"Key": "owner", "Value": "x"}]},
    },
    "External": {
        "Type": "AWS::AccessAnalyzer::Analyzer",
        "Properties": {"AnalyzerName": "external", "Type": "ACCOUNT"},
    },
}


@pytest.mark.usefixtures("aws")
def test_a_template_is_judged_as_the_account_that_its_resources_leave(tmp_path: Path) -> None:
    iam = boto3.client("iam", region_name="us-east-1")
    with_outsider(iam)
    deployment = Deployment(iam, boto3.client("accessanalyzer", region_name="us-east-1"))
    deployment.make({"Resources": BEFORE})
    before = scanned()
    certificate, key = self_signed("site", EXPIRES_AT)
    site = {"ServerCertificateName": "site", "CertificateBody": certificate, "PrivateKey": key}
    template = {"Resources": {**TEMPLATE, "Site": {"Type": "AWS::IAM::ServerCertificate", "Properties": site}}}
    path = tmp_path / "template.json"
    path.write_text(json.dumps(template), "utf-8")
    judged = verdicts(report_of([templates.opened(str(path), templates.document_of(str(path)), {})], before))
    deployment.make(template)
    check_alike(judged, verdicts(audit(scanned(), "all")), decided=60)
