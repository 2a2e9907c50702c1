"""The demo: a made-up account in an AWS emulator of this process, read over HTTP by the real live collector.

It is the account of the article that this project grew from, with a few users and groups that break its practices:
https://docs.aws.amazon.com/IAM/latest/UserGuide/best-practices.html
"""

import logging
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from threading import Thread
from typing import Any

import msgspec

from auditor.collectors.live import LiveOptions, connect
from auditor.errors import AuditError

_TIME = "%Y-%m-%dT%H:%M:%SZ"
_EC2 = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "ec2.amazonaws.com"}}


@contextmanager
def demo_account() -> Iterator[LiveOptions]:
    """Give the options that lead to the made-up account; it lives as long as the block.

    Meanwhile AWS's environment variables lead there too, so that no call can reach a real account.
    Raises AuditError when the emulator is not installed.
    """
    with _emulator() as url, _environment(_settings(url)):
        _fill(connect(LiveOptions(), ask_code=None).iam)
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


@contextmanager
def _environment(settings: Mapping[str, str]) -> Iterator[None]:
    """Replace every AWS variable of the environment by the settings, and put all back afterwards."""
    before = dict(os.environ)
    for name in before:
        if name.startswith("AWS_"):
            del os.environ[name]
    os.environ.update(settings)
    try:
        yield
    finally:
        for name in set(os.environ) - set(before):
            del os.environ[name]
        os.environ.update(before)


@contextmanager
def _emulator() -> Iterator[str]:
    """Run an empty emulator and give its URL."""
    try:
        from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
        from werkzeug.serving import make_server
    except ImportError as error:
        raise AuditError(
            f"the demo needs an AWS emulator that is not installed ({error})",
            "Install it with `pip install 'iam-audit[demo]'`.",
        ) from error
    _empty()
    application = DomainDispatcherApplication(create_backend_app)
    server = make_server("127.0.0.1", 0, application, threaded=True)
    serve = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)  # seconds
    with _quiet(), _better_report():
        serve.start()
        try:
            yield f"http://127.0.0.1:{server.port}"
        finally:
            server.shutdown()
            server.server_close()


def _empty() -> None:
    """Empty the emulator, which lives as long as the process, but for AWS's own policies."""
    from moto.core.models import DEFAULT_ACCOUNT_ID
    from moto.iam.models import iam_backends

    with _environment({"MOTO_IAM_LOAD_MANAGED_POLICIES": "true"}):
        iam_backends[DEFAULT_ACCOUNT_ID]["aws"].reset()


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep the emulator's server from telling of every request on stderr."""
    log = logging.getLogger("werkzeug")
    level = log.level
    log.setLevel(logging.ERROR)
    try:
        yield
    finally:
        log.setLevel(level)


@contextmanager
def _better_report() -> Iterator[None]:
    """Replace the emulator's way to answer GetCredentialReport."""
    from moto.iam.responses import IamResponse

    emulator: Any = IamResponse
    original = emulator.get_credential_report
    emulator.get_credential_report = _credential_report
    try:
        yield
    finally:
        emulator.get_credential_report = original


def _credential_report(response: Any) -> Any:
    """Answer GetCredentialReport more like AWS than the emulator does: made just now, root first, N/A if not set."""
    from moto.core.responses import ActionResult

    header, _, rows = response.backend.get_credential_report().partition("\n")
    account, created = response.current_account, "2020-01-01T00:00:00Z"
    root = f"<root_account>,arn:aws:iam::{account}:root,{created},true,no_information,{created},not_supported,true"
    content = (
        f"{header}\n{root}{',false,N/A,N/A,N/A,N/A' * 2},false,N/A,false,N/A\n{rows.replace('not_supported', 'N/A')}"
    )
    now = datetime.now(UTC).strftime(_TIME)
    return ActionResult({"Content": content, "ReportFormat": "text/csv", "GeneratedTime": now})


def _fill(iam: Any) -> None:
    """Set the account up: first as the article does, then what breaks its practices."""
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
    managed = _policy(iam, "enable-mfa-device", _self_managed_mfa(account_id))
    _group(iam, "developers", _aws("PowerUserAccess"), managed)
    _console_user(iam, "userA", "developers", mfa=True)
    _fill_offenders(iam)


def _fill_offenders(iam: Any) -> None:
    _group(iam, "administrators", _aws("AdministratorAccess"), _aws("IAMFullAccess"))
    _console_user(iam, "admin", "administrators", mfa=True)
    deploy = _policy(iam, "deploy", [_allow("s3:PutObject", "arn:aws:s3:::demo-website/*")])
    _group(iam, "deployers", deploy)
    _group(iam, "testers", _aws("ReadOnlyAccess"))  # nobody is in it
    _user(iam, "ci-deploy", "deployers")
    iam.create_access_key(UserName="ci-deploy")
    _console_user(iam, "userB", "developers", mfa=False)  # has not done the article's first sign-in yet
    _console_user(iam, "userC", "developers", mfa=True)
    iam.attach_user_policy(UserName="userC", PolicyArn=_aws("IAMUserChangePassword"))  # needless, says the article
    _console_user(iam, "contractor", None, mfa=False)
    inline = _document([_allow("s3:*", "*")])
    iam.put_user_policy(UserName="contractor", PolicyName="all-of-s3", PolicyDocument=inline)
    iam.create_role(RoleName="web-server", AssumeRolePolicyDocument=_document([_EC2]))


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
    iam.create_login_profile(UserName=name, Password="Made-up-9-password!", PasswordResetRequired=False)
    if mfa:
        device = iam.create_virtual_mfa_device(VirtualMFADeviceName=name)["VirtualMFADevice"]
        serial = device["SerialNumber"]
        iam.enable_mfa_device(
            UserName=name, SerialNumber=serial, AuthenticationCode1="123456", AuthenticationCode2="654321"
        )


def _policy(iam: Any, name: str, statements: list[dict[str, Any]]) -> str:
    arn: str = iam.create_policy(PolicyName=name, PolicyDocument=_document(statements))["Policy"]["Arn"]
    return arn


def _aws(name: str) -> str:
    return f"arn:aws:iam::aws:policy/{name}"


def _document(statements: list[dict[str, Any]]) -> str:
    return msgspec.json.encode({"Version": "2012-10-17", "Statement": statements}).decode()


def _allow(actions: str | list[str], resources: str | list[str]) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": actions, "Resource": resources}


def _self_managed_mfa(account_id: str) -> list[dict[str, Any]]:
    """Give the article's statements: a user may set up the own MFA device, and without MFA nothing else."""
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
