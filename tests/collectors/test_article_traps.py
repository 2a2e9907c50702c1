"""The three traps of a policy for managing one's own MFA device, found in the account that the policy is written for.

The group developers has PowerUserAccess and a policy that denies everything until MFA is used. Each trap is found live
and in an export of the AWS CLI's output.
"""

import json
from pathlib import Path
from typing import Any

import pytest
from aws_server import Front
from live_account import collected, policy_of_aws, verdicts
from readme_commands import exported

from auditor import can
from auditor.account.model import Snapshot
from auditor.collectors.live.collection import LiveOptions, connect
from auditor.judging.engine import evaluate
from auditor.judging.finding import Finding
from auditor.judging.parameters import configure
from auditor.judging.registry import load_rules
from auditor.testing import NC, C

ACCOUNT = "arn:aws:iam::123456789012"
BEFORE_MFA = ["CreateVirtualMFADevice", "EnableMFADevice", "ListMFADevices", "ListUsers", "ListVirtualMFADevices"]
BEFORE_MFA += ["ResyncMFADevice"]
DEVICE, OWN = f"{ACCOUNT}:mfa/${{aws:username}}", f"{ACCOUNT}:user/${{aws:username}}"
MANAGE = ["CreateVirtualMFADevice", "DeleteVirtualMFADevice", "EnableMFADevice", "ResyncMFADevice"]
WITH_MFA = {"Bool": {"aws:MultiFactorAuthPresent": "true"}}
WITHOUT_MFA = {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}}
SELF_MANAGED = [
    {"Effect": "Allow", "Action": ["iam:ListUsers", "iam:ListVirtualMFADevices"], "Resource": "*"},
    {"Effect": "Allow", "Action": "iam:ListMFADevices", "Resource": [f"{ACCOUNT}:mfa/*", OWN]},
    {"Effect": "Allow", "Action": [f"iam:{name}" for name in MANAGE], "Resource": [DEVICE, OWN]},
    {"Effect": "Allow", "Action": "iam:DeactivateMFADevice", "Resource": [DEVICE, OWN], "Condition": WITH_MFA},
    {
        "Effect": "Deny",
        "NotAction": [f"iam:{name}" for name in BEFORE_MFA],
        "Resource": "*",
        "Condition": WITHOUT_MFA,
    },
]
POWER_USER = [{"Effect": "Allow", "NotAction": ["iam:*", "organizations:*", "account:*"], "Resource": "*"}]
PASSWORD = "Made-up-9-password!"
FIRST, KEYS = "iam-first-signin-not-locked-out", "iam-access-keys-usable-under-mfa-deny"
DENIES = "Statement 5 of the customer-managed policy enable-mfa-device of the group developers denies"


def document(statements: Any) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": statements}


@pytest.fixture(name="snapshot", params=["live", "exports"])
def account_of_the_article(tmp_path: Path, request: pytest.FixtureRequest, aws: Front) -> Snapshot:
    """Read the account of which each user is in the group: a reset forced or not, with a device or not, with a key."""
    iam: Any = connect(LiveOptions(), ask_code=None).iam
    text = json.dumps(document(SELF_MANAGED))
    policy = iam.create_policy(PolicyName="enable-mfa-device", PolicyDocument=text)["Policy"]["Arn"]
    iam.create_group(GroupName="developers")
    for arn in (policy_of_aws("PowerUserAccess", document(POWER_USER)), policy):
        iam.attach_group_policy(GroupName="developers", PolicyArn=arn)
    iam.update_account_password_policy(MinimumPasswordLength=14, AllowUsersToChangePassword=True)
    for name in ("reset", "plain", "reset-mfa", "mfa", "key", "key-mfa"):
        add(iam, name)
    aws.calls.clear()
    live = collected()
    assert {call.about for call in aws.calls if call.name == "GetLoginProfile"} == {"key", "plain", "reset"}
    return live if request.param == "live" else exported(live, tmp_path)


def add(iam: Any, name: str) -> None:
    iam.create_user(UserName=name)
    iam.add_user_to_group(GroupName="developers", UserName=name)
    iam.create_login_profile(UserName=name, Password=PASSWORD)
    iam.update_login_profile(UserName=name, Password=PASSWORD, PasswordResetRequired=name.startswith("reset"))
    if name.endswith("mfa"):
        serial = iam.create_virtual_mfa_device(VirtualMFADeviceName=name)["VirtualMFADevice"]["SerialNumber"]
        codes = {"AuthenticationCode1": "123456", "AuthenticationCode2": "654321"}
        iam.enable_mfa_device(UserName=name, SerialNumber=serial, **codes)
    if name.startswith("key"):
        iam.create_access_key(UserName=name)


def findings(snapshot: Snapshot, rule: str) -> dict[str, Finding]:
    found = evaluate(snapshot, [configure(load_rules()[rule], {})]).findings
    return {each.resource_name: each for each in found}


def test_everything_but_setting_up_a_device_is_denied_until_mfa_is_used(snapshot: Snapshot) -> None:
    asked = {"user": "plain", "action": "ec2:DescribeInstances", "resource": "*"}
    denied = can(snapshot, **asked, session="no-mfa")
    assert (denied.decision, denied.reason) == ("explicit_deny", f"{DENIES} it")
    assert can(snapshot, **asked, session="mfa").decision == "allow"
    found = verdicts(snapshot)
    assert found["iam-mfa-deny-exempts-change-password", "enable-mfa-device"] is NC
    assert found["iam-user-can-self-manage-mfa", "plain"] is C  # a device can be set up, and then all is allowed


def test_a_forced_reset_at_the_first_sign_in_cannot_be_done_before_mfa_is_set_up(snapshot: Snapshot) -> None:
    found = findings(snapshot, FIRST)
    kinds = {name: finding.compliance_type for name, finding in found.items()}
    assert kinds == {"reset": NC, "plain": C, "reset-mfa": C, "mfa": C, "key": C, "key-mfa": C}
    assert found["reset"].annotation == (
        f"Locked out: must change the password, and may not. {DENIES} it. "
        "Exempt iam:ChangePassword there, or lift the forced reset"
    )


def test_the_cli_with_access_keys_needs_an_mfa_session(snapshot: Snapshot) -> None:
    found = findings(snapshot, KEYS)
    assert {name for name, finding in found.items() if finding.compliance_type is NC} == {"key", "key-mfa"}
    assert found["key"].annotation.startswith("The access keys cannot be used at all until the user has an MFA device")
    assert found["key-mfa"].annotation.startswith(
        f"The access keys work in an MFA session only (aws sts get-session-token). {DENIES}"
    )
    assert can(snapshot, user="key", action="s3:ListAllMyBuckets", session="access-key").decision == "explicit_deny"
    assert findings(snapshot, "iam-console-user-no-access-keys")["key"].compliance_type is NC
