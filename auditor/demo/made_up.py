"""The demo: a made-up account in an AWS emulator in this process, which the real live collector reads over HTTP.

It follows the article that this project grew from, with a few users and groups that break its practices:
https://docs.aws.amazon.com/IAM/latest/UserGuide/best-practices.html
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from auditor.collectors.live.collection import LiveOptions, connect
from auditor.demo.emulator import backdate, emulator, environment, self_signed

_EC2 = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "ec2.amazonaws.com"}}
_OWNER = {"Key": "owner", "Value": "platform"}
_PASSWORD = "Made-up-9-password!"
_SAML_METADATA = "<EntityDescriptor/>".ljust(1000)  # AWS's minimum length


@contextmanager
def demo_account() -> Iterator[LiveOptions]:
    """Yield the options for reading the made-up account, which exists as long as the block runs.

    AWS's environment variables point to it too, so that no call can reach a real account.
    Raises AuditError if the emulator is not installed.
    """
    with emulator() as url, environment(_settings(url)):
        connection = connect(LiveOptions(), ask_code=None)
        _fill(connection.iam)
        connection.client("accessanalyzer").create_analyzer(analyzerName="external-access", type="ACCOUNT")
        yield LiveOptions()


def _settings(url: str) -> dict[str, str]:
    return {
        "AWS_ENDPOINT_URL": url,
        "AWS_ACCESS_KEY_ID": "demo",
        "AWS_SECRET_ACCESS_KEY": "demo",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "NO_PROXY": "127.0.0.1",
        "no_proxy": "127.0.0.1",
    }


def _fill(iam: Any) -> None:
    """Set up the account: first as the article does, then with violations of its practices."""
    account_id = iam.get_user()["User"]["Arn"].split(":")[4]
    iam.update_account_password_policy(
        MinimumPasswordLength=14,
        RequireUppercaseCharacters=True,
        RequireLowercaseCharacters=True,
        RequireNumbers=True,
        RequireSymbols=True,
        AllowUsersToChangePassword=True,
        MaxPasswordAge=90,  # days; the article's
        PasswordReusePrevention=24,
    )
    managed = _policy(
        iam,
        "enable-mfa-device",
        _self_managed_mfa(account_id),
        Description="Lets users set up their own MFA device, and nothing else before they have",
    )
    _group(iam, "developers", _aws("PowerUserAccess"), managed)
    _console_user(iam, "userA", "developers", mfa=True)
    _fill_offenders(iam)


def _fill_offenders(iam: Any) -> None:
    _group(iam, "administrators", _aws("AdministratorAccess"), _aws("IAMFullAccess"))
    _console_user(iam, "admin", "administrators", mfa=True)
    deploy = _policy(iam, "deploy", [_allow("s3:PutObject", "arn:aws:s3:::demo-website/*")])
    _group(iam, "deployers", deploy)
    about = "Lets testers start and stop machines, and do everything else to them"
    ec2 = _policy(iam, "all-of-ec2", [_allow("ec2:*", "*")], Description=about)
    _group(iam, "testers", _aws("ReadOnlyAccess"), ec2)  # nobody is in it
    _user(iam, "ci-deploy", "deployers")
    iam.create_access_key(UserName="ci-deploy")
    iam.create_service_specific_credential(UserName="ci-deploy", ServiceName="codecommit.amazonaws.com")
    _fill_traps(iam)
    _console_user(iam, "contractor", None, mfa=False)
    inline = _document([_allow("s3:*", "*")])
    iam.put_user_policy(UserName="contractor", PolicyName="all-of-s3", PolicyDocument=inline)
    iam.create_role(RoleName="web-server", AssumeRolePolicyDocument=_document([_EC2]))
    _fill_certificates(iam)
    _fill_providers(iam)
    _let_time_pass()


def _fill_traps(iam: Any) -> None:
    """Create users that fall into the article's three traps; the first: without MFA both can only set up MFA.

    userB has not signed in yet and must set a new password, which the policy denies before MFA is set up. The CLI of
    userC works only in MFA sessions.
    """
    _console_user(iam, "userB", "developers", mfa=False)
    iam.update_login_profile(UserName="userB", Password=_PASSWORD, PasswordResetRequired=True)
    _console_user(iam, "userC", "developers", mfa=True)
    iam.create_access_key(UserName="userC")
    iam.attach_user_policy(UserName="userC", PolicyArn=_aws("IAMUserChangePassword"))  # needless, says the article


def _let_time_pass() -> None:
    """Backdate the users: one has an old access key in daily use, one has not signed in for a long time."""
    today = _today()
    for name, created, used in (("ci-deploy", 400, 1), ("contractor", 300, 120)):  # days ago
        backdate(name, today - timedelta(days=created), today - timedelta(days=used))
    for name in ("userA", "userB", "userC", "admin"):
        backdate(name, today - timedelta(days=60), today - timedelta(days=2))


def _fill_certificates(iam: Any) -> None:
    """Upload a valid certificate and an expired one."""
    today = _today()
    for name, days_left, tags in (("www.example.com", 200, [_OWNER]), ("old.example.com", -40, [])):
        body, key = self_signed(name, today + timedelta(days=days_left))
        iam.upload_server_certificate(
            ServerCertificateName=name, CertificateBody=body, PrivateKey=key, Path="/cloudfront/", Tags=tags
        )


def _today() -> datetime:
    return datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


def _fill_providers(iam: Any) -> None:
    """Create OpenID Connect and SAML providers, one of each with tags and one without."""
    for url, tags in (("https://token.actions.example.com", [_OWNER]), ("https://old-builds.example.com", [])):
        iam.create_open_id_connect_provider(
            Url=url, ClientIDList=["sts.amazonaws.com"], ThumbprintList=["0" * 40], Tags=tags
        )
    for name, tags in (("directory", [_OWNER]), ("old-directory", [])):
        iam.create_saml_provider(Name=name, SAMLMetadataDocument=_SAML_METADATA, Tags=tags)


def _group(iam: Any, name: str, *policy_arns: str) -> None:
    iam.create_group(GroupName=name, Path="/")
    for arn in policy_arns:
        iam.attach_group_policy(GroupName=name, PolicyArn=arn)


def _user(iam: Any, name: str, group: str | None) -> None:
    iam.create_user(UserName=name, Path="/")
    if group is not None:
        iam.add_user_to_group(UserName=name, GroupName=group)


def _console_user(iam: Any, name: str, group: str | None, *, mfa: bool) -> None:
    _user(iam, name, group)
    iam.create_login_profile(UserName=name, Password=_PASSWORD, PasswordResetRequired=False)
    if mfa:
        device = iam.create_virtual_mfa_device(VirtualMFADeviceName=name)["VirtualMFADevice"]
        serial = device["SerialNumber"]
        iam.enable_mfa_device(
            UserName=name, SerialNumber=serial, AuthenticationCode1="123456", AuthenticationCode2="654321"
        )


def _policy(iam: Any, name: str, statements: list[dict[str, Any]], **more: str) -> str:
    made = iam.create_policy(PolicyName=name, PolicyDocument=_document(statements), **more)
    arn: str = made["Policy"]["Arn"]
    return arn


def _aws(name: str) -> str:
    return f"arn:aws:iam::aws:policy/{name}"


def _document(statements: list[dict[str, Any]]) -> str:
    return msgspec.json.encode({"Version": "2012-10-17", "Statement": statements}).decode()


def _allow(actions: str | list[str], resources: str | list[str]) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": actions, "Resource": resources}


def _self_managed_mfa(account_id: str) -> list[dict[str, Any]]:
    """Return the article's statements: users may set up their own MFA device, and without MFA nothing else."""
    user, device = f"arn:aws:iam::{account_id}:user/${{aws:username}}", f"arn:aws:iam::{account_id}:mfa/"
    own = [f"{device}${{aws:username}}", user]
    before_mfa = ["CreateVirtualMFADevice", "EnableMFADevice", "ListMFADevices"]
    before_mfa += ["ListUsers", "ListVirtualMFADevices", "ResyncMFADevice"]
    manage = ["CreateVirtualMFADevice", "DeleteVirtualMFADevice", "EnableMFADevice", "ResyncMFADevice"]
    with_mfa = {"Condition": {"Bool": {"aws:MultiFactorAuthPresent": "true"}}}
    return [
        _allow(["iam:ListUsers", "iam:ListVirtualMFADevices"], "*"),
        _allow(["iam:ListMFADevices"], [f"{device}*", user]),
        _allow([f"iam:{action}" for action in manage], own),
        _allow(["iam:DeactivateMFADevice"], own) | with_mfa,
        {
            "Effect": "Deny",
            "NotAction": [f"iam:{action}" for action in before_mfa],
            "Resource": "*",
            "Condition": {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}},
        },
    ]
