"""The three traps of a policy that denies everything until MFA is used, in an account read live and from exports."""

import json
from base64 import b64encode
from pathlib import Path
from typing import Any

import pytest
from aws_report import CredentialReports
from aws_server import Front, aws_server, denied, lead_to
from conftest import Run
from live_account import ACCOUNT, emulator_now, policy_of_aws

from auditor.collectors.live.collection import LiveOptions, connect
from auditor.console.cli import main

OWN = f"{ACCOUNT}:user/${{aws:username}}"
SPARED = ["iam:CreateVirtualMFADevice", "iam:EnableMFADevice", "iam:ListMFADevices", "iam:ListVirtualMFADevices"]
SPARED += ["iam:ResyncMFADevice"]
POWER_USER = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "NotAction": ["iam:*", "organizations:*"], "Resource": "*"}],
}
PASSWORD = ["iam:ChangePassword", "iam:GetAccountPasswordPolicy"]


def self_managed(spared: list[str]) -> str:
    """Return the policy by which users manage their own MFA device, and before that do only what is spared."""
    manage = ["iam:EnableMFADevice", "iam:ListMFADevices", "iam:ResyncMFADevice"]
    without_mfa = {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}}
    statements: list[dict[str, Any]] = [
        {"Effect": "Allow", "Action": manage, "Resource": OWN},
        {"Effect": "Allow", "Action": "iam:CreateVirtualMFADevice", "Resource": f"{ACCOUNT}:mfa/*"},
        {"Effect": "Allow", "Action": "iam:ListVirtualMFADevices", "Resource": "*"},
        {"Sid": "UnlessMfa", "Effect": "Deny", "NotAction": spared, "Resource": "*", "Condition": without_mfa},
    ]
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


def fill(front: Front) -> Any:
    """Fill the account: userA must reset the password and has no MFA, userB has a device and an access key.

    userC is like userA, in a group whose policy spares what the reset takes.
    """
    iam: Any = connect(LiveOptions(), ask_code=None).iam
    iam.update_account_password_policy(MinimumPasswordLength=14, AllowUsersToChangePassword=True)
    power_user = policy_of_aws("PowerUserAccess", POWER_USER)
    for group, spared in {"developers": SPARED, "mended": [*SPARED, *PASSWORD]}.items():
        made = iam.create_policy(PolicyName=f"mfa-of-{group}", PolicyDocument=self_managed(spared))
        iam.create_group(GroupName=group)
        for arn in (power_user, made["Policy"]["Arn"]):
            iam.attach_group_policy(GroupName=group, PolicyArn=arn)
    for name, group in {"userA": "developers", "userB": "developers", "userC": "mended"}.items():
        iam.create_user(UserName=name)
        iam.add_user_to_group(UserName=name, GroupName=group)
        password = {"UserName": name, "Password": "Made-up-9-password!"}
        iam.create_login_profile(**password)
        iam.update_login_profile(**password, PasswordResetRequired=name != "userB")
    serial = iam.create_virtual_mfa_device(VirtualMFADeviceName="phone")["VirtualMFADevice"]["SerialNumber"]
    codes = {"AuthenticationCode1": "123456", "AuthenticationCode2": "654321"}
    iam.enable_mfa_device(UserName="userB", SerialNumber=serial, **codes)
    iam.create_access_key(UserName="userB")
    CredentialReports(emulator_now).serve(front)
    return iam


def exported(iam: Any, folder: Path) -> Path:
    """Write a folder of exports as the AWS CLI would."""
    folder.mkdir()
    iam.generate_credential_report()
    report = iam.get_credential_report()
    answers = {
        "account-authorization-details": iam.get_account_authorization_details(),
        "account-password-policy": iam.get_account_password_policy(),
        "account-summary": iam.get_account_summary(),
        "virtual-mfa-devices": iam.list_virtual_mfa_devices(),
        "credential-report": {**report, "Content": b64encode(report["Content"]).decode()},
        "service-specific-credentials": {"ServiceSpecificCredentials": []},
        "login-profiles-1": iam.get_login_profile(UserName="userA"),
        "login-profiles-2": iam.get_login_profile(UserName="userC"),
    }
    for name, answer in answers.items():
        (folder / f"{name}.json").write_text(json.dumps(answer, default=str))
    return folder


@pytest.fixture(scope="module", name="account")
def read_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder with a snapshot of the account, read live, and with its exports."""
    folder = tmp_path_factory.mktemp("article")
    with aws_server() as (url, front), pytest.MonkeyPatch.context() as settings:
        lead_to(url, settings, folder)
        exported(fill(front), folder / "exports")
        assert main(["snapshot", "-q", "-o", str(folder / "live.json")]) == 0
    return folder


@pytest.fixture(params=["live", "exports"])
def place(request: pytest.FixtureRequest, account: Path) -> list[object]:
    """Return the options that lead to the account, as it was read live, and in exports."""
    if request.param == "live":
        return ["--snapshot", account / "live.json"]
    return ["--exports", account / "exports", "--captured-at", emulator_now().isoformat()]


def explained(run: Run, place: list[object], name: str) -> Any:
    result = run("explain", name, *place, "--rules", "practices", "--format", "json", "-q")
    assert (result.code, result.err) == (0, "")
    return json.loads(result.out)


def decisions(document: Any, action: str) -> list[str]:
    """Return what is decided without MFA, with MFA, and by an access key."""
    (question,) = (each for each in document["user"]["questions"] if each["action"] == action)
    return [each["decision"] for each in question["answers"]]


def verdicts(document: Any) -> dict[str, str]:
    return {each["config_rule_name"]: each["compliance_type"] for each in document["findings"]}


def test_trap_1_nothing_works_until_mfa_is_used(run: Run, place: list[object]) -> None:
    for session, code in {"no-mfa": 1, "mfa": 0, "access-key": 1}.items():
        assert run("can", "userA", "ec2:DescribeInstances", "*", *place, "--session", session).code == code
    found = explained(run, place, "userA")
    assert decisions(found, "iam:EnableMFADevice") == ["allow"] * 3
    assert verdicts(found)["iam-user-can-self-manage-mfa"] == "COMPLIANT"


def test_trap_2_a_forced_reset_locks_out_who_has_no_mfa_yet(run: Run, place: list[object]) -> None:
    found = explained(run, place, "userA")
    assert decisions(found, "iam:ChangePassword") == ["explicit_deny", "allow", "explicit_deny"]
    assert found["user"]["reset_required"] == {"value": True, "unknown": None}
    assert verdicts(found)["iam-first-signin-not-locked-out"] == "NON_COMPLIANT"
    (policy,) = explained(run, place, "mfa-of-developers")["findings"][:1]
    assert (policy["config_rule_name"], policy["compliance_type"]) == (
        "iam-mfa-deny-exempts-change-password",
        "NON_COMPLIANT",
    )


def test_trap_3_access_keys_need_an_mfa_session(run: Run, place: list[object]) -> None:
    found = explained(run, place, "userB")
    assert [each["serial_number"] for each in found["user"]["mfa_devices"]["items"]] == [f"{ACCOUNT}:mfa/phone"]
    assert run("can", "userB", "s3:ListAllMyBuckets", *place, "--session", "access-key").code == 1
    assert verdicts(found)["iam-access-keys-usable-under-mfa-deny"] == "NON_COMPLIANT"
    assert verdicts(found)["iam-console-user-no-access-keys"] == "NON_COMPLIANT"
    assert verdicts(found)["iam-first-signin-not-locked-out"] == "COMPLIANT"  # signs in with MFA


def test_whoever_is_spared_the_actions_of_a_reset_gets_in(run: Run, place: list[object]) -> None:
    found = explained(run, place, "userC")
    assert decisions(found, "iam:ChangePassword") == ["allow"] * 3
    practices = {name: kind for name, kind in verdicts(found).items() if name.startswith("iam-user-can")}
    assert set(practices.values()) == {"COMPLIANT"}
    assert verdicts(found)["iam-first-signin-not-locked-out"] == "COMPLIANT"
    assert verdicts(found)["iam-poweruser-self-service"] == "COMPLIANT"


def test_a_reset_that_could_not_be_read_names_the_action_to_grant(run: Run, aws: Front) -> None:
    fill(aws)
    aws.fixed["GetLoginProfile"] = denied("iam:GetLoginProfile")
    result = run("explain", "userA", "-q")
    assert result.code == 4
    assert "Reset at next sign-in unknown:" in " ".join(result.out.split())
    assert "grant iam:GetLoginProfile" in " ".join(result.out.split())
