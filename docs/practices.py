"""Make the outputs for each step of docs/practices.md: build the accounts, and run the commands on them."""

import io
import json
import os
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import chdir, contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from shlex import split
from typing import Any
from unittest.mock import patch

from msgspec import Raw

from auditor.account.model import AttachedPolicy, AwsManagedPolicy, Group, LoginProfile, Snapshot, VirtualMfaDevice
from auditor.account.snapshot import dump
from auditor.console.cli import main
from auditor.testing import ACCOUNT_ID, REPORT_TIME, account, credentials, group, listing, password_policy, policy, user

_ARN = f"arn:aws:iam::{ACCOUNT_ID}"
_POWER_USER = "arn:aws:iam::aws:policy/PowerUserAccess"
_OWN_USER, _OWN_DEVICE = f"{_ARN}:user/${{aws:username}}", f"{_ARN}:mfa/${{aws:username}}"
_WITHOUT_MFA = {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}}
_WITH_MFA = {"Bool": {"aws:MultiFactorAuthPresent": "true"}}
_BEFORE_MFA = [
    "iam:CreateVirtualMFADevice",
    "iam:EnableMFADevice",
    "iam:ListMFADevices",
    "iam:ListUsers",
    "iam:ListVirtualMFADevices",
    "iam:ResyncMFADevice",
]
_PASSWORD = ["iam:ChangePassword", "iam:GetAccountPasswordPolicy"]
_COLUMNS = "100"


def _allow(actions: list[str], resources: list[str], **more: object) -> dict[str, object]:
    return {"Effect": "Allow", "Action": actions, "Resource": resources, **more}


def _document(device: str, before_mfa: list[str]) -> dict[str, Any]:
    """Return the policy that lets users manage their own MFA device, and do nothing else before they use it."""
    return {
        "Version": "2012-10-17",
        "Statement": [
            _allow(["iam:ListUsers", "iam:ListVirtualMFADevices"], ["*"]),
            _allow(["iam:ListMFADevices"], [f"{_ARN}:mfa/*", _OWN_USER]),
            _allow(["iam:CreateVirtualMFADevice"], [device]),
            _allow(["iam:DeleteVirtualMFADevice"], [_OWN_DEVICE]),
            _allow(["iam:EnableMFADevice", "iam:ResyncMFADevice"], [_OWN_USER]),
            _allow(["iam:DeactivateMFADevice"], [_OWN_USER], Condition=_WITH_MFA),
            {
                "Sid": "NothingElseWithoutMfa",
                "Effect": "Deny",
                "NotAction": before_mfa,
                "Resource": ["*"],
                "Condition": _WITHOUT_MFA,
            },
        ],
    }


FIRST = _document(_OWN_DEVICE, _BEFORE_MFA)
MENDED = _document(f"{_ARN}:mfa/*", sorted([*_BEFORE_MFA, *_PASSWORD]))


def _raw(document: object) -> Raw:
    return Raw(json.dumps(document).encode())


def _account(document: object, *, mfa: bool, key: bool, reset: bool) -> Snapshot:
    """Return the account of the article: a group with two policies and one user."""
    managed = policy("enable-mfa-device", document=_raw(document), attachment_count=1)
    row = credentials(
        password_enabled=True,
        mfa_active=mfa,
        password_last_used="no_information" if reset else "2026-11-23T09:00:00+00:00",
        password_last_changed="2026-11-20T09:00:00+00:00",
        password_next_rotation="2027-02-18T09:00:00+00:00",
        access_key_1_active=key,
        access_key_1_last_rotated="2026-11-21T09:00:00+00:00" if key else "N/A",
    )
    devices = [VirtualMfaDevice(f"{_ARN}:mfa/userA", f"{_ARN}:user/userA", REPORT_TIME)] if mfa else []
    everything = {"Effect": "Allow", "NotAction": ["iam:*", "organizations:*", "account:*"], "Resource": "*"}
    return account(
        users=[user("userA", groups=["developers"], credentials=row)],
        groups=[_developers(managed.arn)],
        policies=[managed],
        aws_managed_policies=(
            AwsManagedPolicy(_POWER_USER, "v1", _raw({"Version": "2012-10-17", "Statement": [everything]})),
        ),
        login_profiles=(LoginProfile("userA", password_reset_required=reset),),
        service_credentials=listing(()),
        devices=devices,
        password=password_policy(),
    )


def _developers(arn: str) -> Group:
    attached = (AttachedPolicy("PowerUserAccess", _POWER_USER), AttachedPolicy("enable-mfa-device", arn))
    made = group("developers")
    values = {name: getattr(made, name) for name in made.__struct_fields__}
    return Group(**{**values, "attached_policies": listing(attached)})


_SNAPSHOTS: Mapping[str, Callable[[], Snapshot]] = {
    "first-day.json": lambda: _account(FIRST, mfa=False, key=False, reset=True),
    "with-keys.json": lambda: _account(FIRST, mfa=True, key=True, reset=False),
    "mended-first-day.json": lambda: _account(MENDED, mfa=False, key=False, reset=True),
    "mended.json": lambda: _account(MENDED, mfa=True, key=False, reset=False),
}


@contextmanager
def _folder() -> Iterator[None]:
    """Change to a folder with the snapshots, with the settings of a terminal of 100 columns."""
    with tempfile.TemporaryDirectory() as folder, chdir(folder):
        for name, made in _SNAPSHOTS.items():
            Path(name).write_bytes(dump(made()))
        with patch.dict(os.environ, {"COLUMNS": _COLUMNS, "NO_COLOR": "1"}):
            yield


def _run(command: str) -> str:
    """Return the standard output of a command, followed by its standard error."""
    output, errors = io.StringIO(), io.StringIO()
    with _folder(), redirect_stdout(output), redirect_stderr(errors):
        main(split(command)[1:])
    return f"{output.getvalue()}{errors.getvalue()}"


def _block(command: str, output: str) -> str:
    return f"```sh\n{command}\n```\n\n```\n{output.rstrip()}\n```\n"


def _shown(command: str) -> str:
    return _block(command, _run(command))


def _parts(command: str, titles: Sequence[str]) -> str:
    """Return only the parts of an explanation that have these titles."""
    parts = _run(command).split("\n\n")
    kept = [part for part in parts if part.startswith(tuple(titles))]
    return _block(command, "\n\n".join((parts[0].partition("\n")[0], "...", *kept)))


def _verdicts(command: str, rules: Sequence[str]) -> str:
    """Return the summary of a scan and the findings of these rules."""
    parts = _run(command).rstrip().split("\n\n")
    kept = [part for part in parts[1:] if part.startswith((*rules, "Account verdict"))]
    return _block(command, "\n\n".join(("...", *kept)))


def _json(document: object) -> str:
    return f"```json\n{json.dumps(document, indent=2)}\n```\n"


PARTS: Mapping[str, Callable[[], str]] = {
    "practices-policy": lambda: _json(FIRST),
    "practices-denied": lambda: _shown("iam-audit can userA ec2:DescribeInstances '*' --snapshot first-day.json"),
    "practices-enrol": lambda: _parts(
        "iam-audit explain userA --snapshot first-day.json", ["Policies", "What the user may do"]
    ),
    "practices-reset": lambda: _shown(
        "iam-audit can userA iam:ChangePassword --session no-mfa --snapshot first-day.json"
    ),
    "practices-locked-out": lambda: _verdicts(
        "iam-audit scan --rules practices --snapshot first-day.json",
        ["iam-first-signin-not-locked-out", "iam-mfa-deny-exempts-change-password"],
    ),
    "practices-keys": lambda: _shown("iam-audit can userA s3:ListAllMyBuckets --snapshot with-keys.json"),
    "practices-keys-found": lambda: _verdicts(
        "iam-audit scan --rules practices --snapshot with-keys.json",
        ["iam-access-keys-usable-under-mfa-deny", "iam-console-user-no-access-keys"],
    ),
    "practices-mended-policy": lambda: _json([MENDED["Statement"][2], MENDED["Statement"][-1]]),
    "practices-mended-reset": lambda: _shown("iam-audit can userA iam:ChangePassword --snapshot mended-first-day.json"),
    "practices-mended": lambda: _shown("iam-audit scan --rules practices --snapshot mended.json"),
    "explain-user": lambda: _shown("iam-audit explain userA --snapshot first-day.json"),
}
"""The functions that make the text between the markers of the pages, by marker name."""
