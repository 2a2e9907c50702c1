"""Login profiles: of whom they are read live, in how many calls, and what an exports folder may hold of them."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import exports_folder as folder_of
import pytest
from aws_report import CredentialReports
from aws_server import Front, denied
from conftest import Run
from live_account import collected, emulator_now, status

from auditor import read_exports
from auditor.account.snapshot import dump, load
from auditor.account.sources import Source, SourceStatus
from auditor.account.unknown import gaps_of
from auditor.collectors.live.collection import LiveOptions, connect
from auditor.errors import SourceError

RESETS = Source.PASSWORD_RESETS
RULE = "iam-first-signin-not-locked-out"
SOURCES = frozenset({RESETS})
NO_MFA = {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}}
GUARD = {"Effect": "Deny", "NotAction": "iam:ListMFADevices", "Resource": "*", "Condition": NO_MFA}
CHANGE = {"Effect": "Allow", "Action": "iam:*", "Resource": "*"}


@pytest.fixture(name="iam")
def account_at_risk(aws: Front) -> Any:
    """Fill the account: new and old are denied until MFA is used, safe has a device, free is not denied anything."""
    iam: Any = connect(LiveOptions(), ask_code=None).iam
    for name in ("new", "old", "safe", "free", "service"):
        iam.create_user(UserName=name)
        statements = [CHANGE] if name == "free" else [CHANGE, GUARD]
        document = json.dumps({"Version": "2012-10-17", "Statement": statements})
        iam.put_user_policy(UserName=name, PolicyName="own", PolicyDocument=document)
        if name != "service":
            password = {"UserName": name, "Password": "Made-up-9-password!"}
            iam.create_login_profile(**password)
            iam.update_login_profile(**password, PasswordResetRequired=name in ("new", "safe"))
    serial = iam.create_virtual_mfa_device(VirtualMFADeviceName="safe")["VirtualMFADevice"]["SerialNumber"]
    codes = {"AuthenticationCode1": "123456", "AuthenticationCode2": "654321"}
    iam.enable_mfa_device(UserName="safe", SerialNumber=serial, **codes)
    CredentialReports(emulator_now).serve(aws)
    aws.calls.clear()
    return iam


def asked(aws: Front) -> list[str]:
    return sorted(call.parameters["UserName"] for call in aws.calls if call.name == "GetLoginProfile")


@pytest.mark.usefixtures("iam")
def test_only_users_whose_verdict_depends_on_it_are_asked_about(aws: Front) -> None:
    snapshot = collected(SOURCES)
    assert asked(aws) == ["new", "old"]
    profiles = {each.user_name: each.password_reset_required for each in snapshot.login_profiles}
    assert profiles == {"new": True, "old": False}
    assert status(snapshot, RESETS) is SourceStatus.COMPLETE
    assert load(dump(snapshot), "test") == snapshot


@pytest.mark.usefixtures("iam")
def test_nobody_is_asked_about_for_other_rules(aws: Front) -> None:
    snapshot = collected(frozenset(Source) - SOURCES)
    assert (asked(aws), snapshot.login_profiles) == ([], ())


@pytest.mark.usefixtures("iam")
def test_a_denied_call_names_the_action(aws: Front) -> None:
    aws.fixed["GetLoginProfile"] = denied("iam:GetLoginProfile")
    snapshot = collected(SOURCES)
    assert all(gaps_of(each) for each in snapshot.login_profiles)
    assert status(snapshot, RESETS) is SourceStatus.FAILED
    assert [gap.iam_action for gap in snapshot.gaps if gap.source == RESETS] == ["iam:GetLoginProfile"]
    assert load(dump(snapshot), "test") == snapshot


@pytest.mark.usefixtures("iam")
def test_a_scan_says_how_many_and_finds_who_is_locked_out(run: Run) -> None:
    result = run("scan", "--rule", RULE, "--format", "json")
    assert "Reading 2 login profiles (2 calls of iam:GetLoginProfile)\n" in result.err
    found = {each["resource_name"]: each["compliance_type"] for each in json.loads(result.out)["findings"]}
    assert found == {
        "new": "NON_COMPLIANT",
        "old": "COMPLIANT",
        "safe": "COMPLIANT",
        "free": "COMPLIANT",
        "service": "NOT_APPLICABLE",
    }


def exported(folder: Path, files: Mapping[str, object]) -> Any:
    folder_of.write(folder)
    for name, content in files.items():
        (folder / name).write_text(content if isinstance(content, str) else json.dumps(content))
    return read_exports(folder)


ALICE = {"UserName": "alice", "CreateDate": folder_of.CREATED_AT, "PasswordResetRequired": True}
BOB = {"UserName": "bob", "CreateDate": folder_of.CREATED_AT}
READ: dict[str, dict[str, object]] = {
    "one list": {"login-profiles.json": {"LoginProfiles": [ALICE, BOB]}},
    "each answer": {"login-profiles-a.json": {"LoginProfile": ALICE}, "login-profiles-b.json": {"LoginProfile": BOB}},
    "one twice": {
        "login-profiles.json": {"LoginProfiles": [ALICE, BOB]},
        "login-profiles-b.json": {"LoginProfile": BOB},
    },
}


@pytest.mark.parametrize("files", READ.values(), ids=list(READ))
def test_an_exports_folder_may_hold_them(tmp_path: Path, files: dict[str, object]) -> None:
    snapshot = exported(tmp_path, files)
    profiles = {each.user_name: each.password_reset_required for each in snapshot.login_profiles}
    assert profiles == {"alice": True, "bob": False}
    assert status(snapshot, RESETS) is SourceStatus.COMPLETE


REFUSED: dict[str, dict[str, object]] = {
    "neither form": {"login-profiles.json": {"Profiles": []}},
    "a contradiction": {
        "login-profiles.json": {"LoginProfiles": [ALICE]},
        "login-profiles-a.json": {"LoginProfile": {**ALICE, "PasswordResetRequired": False}},
    },
}


@pytest.mark.parametrize("files", REFUSED.values(), ids=list(REFUSED))
def test_what_is_no_answer_of_it_is_refused(tmp_path: Path, files: dict[str, object]) -> None:
    with pytest.raises(SourceError, match="login-profiles"):
        exported(tmp_path, files)


def test_an_error_of_the_cli_leaves_them_unknown(tmp_path: Path) -> None:
    text = "An error occurred (AccessDenied) when calling the GetLoginProfile operation: not allowed"
    snapshot = exported(tmp_path, {"login-profiles-a.json": text})
    assert (status(snapshot, RESETS), snapshot.login_profiles) == (SourceStatus.FAILED, ())
