"""`--verify` asks AWS again about users whose MFA finding rests on a credential report older than the run."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from aws_server import Answer, Front, denied, error, report, report_csv, report_row, result
from conftest import Run
from live_account import ACCOUNT, NOW, FakeClock, filled

from auditor.account.model import Snapshot
from auditor.account.sources import BULK, Source, SourceStatus
from auditor.collectors.live.collection import LiveOptions, collect, connect
from auditor.collectors.live.one_by_one import THREADS
from auditor.collectors.live.verification import verified
from auditor.errors import SourceError
from auditor.judging.rule import ComplianceType

MFA = "mfa-enabled-for-iam-console-access"
DEVICES, PROFILE = "iam:ListMFADevices", "iam:GetLoginProfile"
OLD = "2026-11-24T01:00:00Z"


def stale(front: Front, users: int = 4) -> Any:
    """Fill the account; the credential report is from before user-0 got MFA, and lacks the last user.

    user-0 has MFA since, user-1 has none, user-2 is in order by the report, the last was created since.
    """
    iam = filled(front, users=users)
    rows = [
        report_row(user["UserName"], user["Arn"], user["CreateDate"], password=True, mfa=user["UserName"] == "user-2")
        for user in iam.list_users()["Users"][:-1]
    ]
    front.fixed["GetCredentialReport"] = report(report_csv(rows), OLD)
    front.calls.clear()
    return iam


def scanned(run: Run, *options: object) -> tuple[dict[str, str], Any, str]:
    """Return the verdicts on MFA by user, the JSON report, and stderr."""
    found = run("scan", "--rule", MFA, "--format", "json", *options)
    report = json.loads(found.out)
    return {each["resource_name"]: each["compliance_type"] for each in report["findings"]}, report, found.err


def asked(front: Front) -> list[tuple[str, str]]:
    return sorted((call.action, call.parameters["UserName"]) for call in front.calls if "UserName" in call.parameters)


def test_only_open_findings_are_asked_about_and_what_was_wrong_is_corrected(run: Run, aws: Front) -> None:
    stale(aws)
    before, _, _ = scanned(run)
    assert before == {
        "user-0": "NON_COMPLIANT",
        "user-1": "NON_COMPLIANT",
        "user-2": "COMPLIANT",
        "user-3": "INSUFFICIENT_DATA",
    }
    assert not asked(aws)
    after, report, err = scanned(run, "--verify")
    assert after == {**before, "user-0": "COMPLIANT", "user-3": "NON_COMPLIANT"}
    assert asked(aws) == [(call, f"user-{number}") for call in (PROFILE, DEVICES) for number in (0, 1, 3)]
    assert "Verified 3 of 3 users with AWS, 2 corrected" in err
    told = {each["resource_name"]: each["message"] for each in report["warnings"] if each["code"] == "corrected"}
    assert told == {
        "user-0": "the credential report says password_enabled true, mfa_active false; "
        "read again, AWS reports password_enabled true, mfa_active true",
        "user-3": "the credential report does not list the user; "
        "read again, AWS reports password_enabled true, mfa_active false",
    }


def test_a_corrected_finding_tells_when_aws_was_asked_and_what_it_said(run: Run, aws: Front) -> None:
    stale(aws)
    _, report, _ = scanned(run, "--verify")
    finding = next(each for each in report["findings"] if each["resource_name"] == "user-0")
    assert finding["annotation"].startswith("The user has MFA (read from AWS again at 20")
    assert finding["evidence"] == [
        {"path": "verified.password_enabled", "value": True, "source": "login-profiles", "gap": None},
        {"path": "verified.mfa_active", "value": True, "source": "mfa-devices", "gap": None},
    ]
    sources = {each["name"]: (each["status"], each["items"]) for each in report["snapshot"]["sources"]}
    assert sources["login-profiles"] == sources["mfa-devices"] == ("complete", 3)


def test_calls_grow_with_open_findings_and_not_with_users(run: Run, aws: Front) -> None:
    stale(aws, users=30)
    iam: Any = connect(LiveOptions(), ask_code=None).iam
    rows = [
        report_row(user["UserName"], user["Arn"], user["CreateDate"], password=True, mfa=user["UserName"] != "user-7")
        for user in iam.list_users()["Users"]
    ]
    aws.fixed["GetCredentialReport"] = report(report_csv(rows), OLD)
    aws.calls.clear()
    scanned(run, "--verify")
    assert asked(aws) == [(PROFILE, "user-7"), (DEVICES, "user-7")]


def test_a_report_made_in_this_run_is_not_doubted(run: Run, aws: Front) -> None:
    iam = stale(aws)
    rows = [report_row(u["UserName"], u["Arn"], u["CreateDate"], password=True) for u in iam.list_users()["Users"]]
    soon = datetime.now(UTC) + timedelta(minutes=5)
    aws.fixed["GetCredentialReport"] = report(report_csv(rows), f"{soon:%Y-%m-%dT%H:%M:%SZ}")
    aws.calls.clear()
    _, _, err = scanned(run, "--verify")
    assert not asked(aws)
    assert "Verified: no finding on MFA rests on a credential report older than the run" in err


def test_without_a_report_nobody_is_asked_about(run: Run, aws: Front) -> None:
    stale(aws)
    aws.fixed["GetCredentialReport"] = denied("iam:GetCredentialReport")
    found, _, _ = scanned(run, "--verify")
    assert set(found.values()) == {"INSUFFICIENT_DATA"}
    assert not asked(aws)


def test_rules_that_do_not_ask_for_mfa_make_no_call(run: Run, aws: Front) -> None:
    stale(aws)
    run("scan", "--exclude-rule", MFA, "--exclude-rule", "iam-user-mfa-enabled", "--verify")
    assert not asked(aws)


@pytest.mark.parametrize("action", [DEVICES, PROFILE])
def test_a_denied_question_leaves_the_report_standing_and_is_asked_no_more(run: Run, aws: Front, action: str) -> None:
    stale(aws, users=3 * THREADS)
    before, _, _ = scanned(run)
    aws.fixed[action.removeprefix("iam:")] = denied(action)
    after, report, _ = scanned(run, "--verify")
    assert after == before
    source = {DEVICES: "mfa-devices", PROFILE: "login-profiles"}[action]
    record = next(each for each in report["snapshot"]["sources"] if each["name"] == source)
    assert record["status"] == "failed"
    assert "AccessDenied" in record["detail"]
    assert len([name for name, _ in asked(aws) if name == action]) < 2 * THREADS


def test_one_users_failure_is_not_anothers(aws: Front) -> None:
    iam = stale(aws)
    snapshot = read()
    aws.script("ListMFADevices", error("ServiceFailure", status=400))
    again = ask(snapshot, "user-0", "user-1", "user-3")
    assert sum(user.verified is not None for user in again.users.known_part) == 2
    assert record(again, Source.MFA_DEVICES).status is SourceStatus.PARTIAL
    assert iam


def read() -> Snapshot:
    return collect(connect(LiveOptions(), ask_code=None), BULK, sleep=lambda _: None)


def ask(snapshot: Snapshot, *names: str, timeout_s: float = 60) -> Snapshot:
    connection = connect(LiveOptions(), ask_code=None)
    return verified(connection, snapshot, names, clock=FakeClock().now, timeout_s=timeout_s)


def record(snapshot: Snapshot, source: Source) -> Any:
    return next(each for each in snapshot.sources if each.name is source)


def test_a_user_deleted_meanwhile_is_told_of(aws: Front) -> None:
    iam = stale(aws)
    snapshot = read()
    iam.delete_user_policy(UserName="user-1", PolicyName="own")
    iam.delete_login_profile(UserName="user-1")
    for attached in iam.list_attached_user_policies(UserName="user-1")["AttachedPolicies"]:
        iam.detach_user_policy(UserName="user-1", PolicyArn=attached["PolicyArn"])
    iam.delete_user(UserName="user-1")
    again = ask(snapshot, "user-1")
    gone = [notice.resource_name for notice in again.notices if "while the account was read" in notice.message]
    assert gone == ["user-1"]
    assert again.users.known_part[1].verified is None


def test_no_time_left_means_not_asked_and_says_so(aws: Front) -> None:
    stale(aws)
    snapshot = read()
    aws.calls.clear()
    again = ask(snapshot, "user-0", timeout_s=0)
    assert not asked(aws)
    assert record(again, Source.MFA_DEVICES).status is SourceStatus.FAILED
    assert "within 0 s (--timeout)" in record(again, Source.MFA_DEVICES).detail


def test_an_answer_without_a_list_of_devices_says_nothing(aws: Front) -> None:
    stale(aws)
    snapshot = read()
    aws.fixed["ListMFADevices"] = result("ListMFADevices", "<IsTruncated>false</IsTruncated>")
    again = ask(snapshot, "user-1")
    assert again.users.known_part[1].verified is None
    assert record(again, Source.MFA_DEVICES).status is SourceStatus.FAILED


def test_an_empty_page_of_devices_is_not_the_last_while_more_follow(aws: Front) -> None:
    stale(aws)
    snapshot = read()
    serial = f"<SerialNumber>{ACCOUNT}:mfa/x</SerialNumber><EnableDate>{OLD}</EnableDate>"
    member = f"<member><UserName>user-1</UserName>{serial}</member>"
    aws.script(
        "ListMFADevices",
        result("ListMFADevices", "<MFADevices/><IsTruncated>true</IsTruncated><Marker>m</Marker>"),
        result("ListMFADevices", f"<MFADevices>{member}</MFADevices><IsTruncated>false</IsTruncated>"),
    )
    told = ask(snapshot, "user-1").users.known_part[1].verified
    assert told is not None
    assert (told.password_enabled, told.mfa_active, told.read_at) == (True, True, NOW)


OTHER = "999999999999"


def test_an_answer_about_another_account_or_user_says_nothing(aws: Front) -> None:
    stale(aws)
    snapshot = read()
    for user, account in (("user-1", OTHER), ("someone", "123456789012")):
        serial = f"<SerialNumber>arn:aws:iam::{account}:mfa/x</SerialNumber><EnableDate>{OLD}</EnableDate>"
        member = f"<member><UserName>{user}</UserName>{serial}</member>"
        page = f"<MFADevices>{member}</MFADevices><IsTruncated>false</IsTruncated>"
        aws.fixed["ListMFADevices"] = result("ListMFADevices", page)
        again = ask(snapshot, "user-1")
        assert again.users.known_part[1].verified is None
        assert record(again, Source.MFA_DEVICES).status is SourceStatus.FAILED


def test_a_profile_of_another_user_says_nothing(aws: Front) -> None:
    stale(aws)
    snapshot = read()
    profile = f"<LoginProfile><UserName>someone</UserName><CreateDate>{OLD}</CreateDate></LoginProfile>"
    aws.fixed["GetLoginProfile"] = result("GetLoginProfile", profile)
    again = ask(snapshot, "user-1")
    assert again.users.known_part[1].verified is None
    assert record(again, Source.LOGIN_PROFILES).status is SourceStatus.FAILED


def identity(account: str) -> Answer:
    said = f"<Arn>arn:aws:iam::{account}:user/me</Arn><UserId>AIDA</UserId><Account>{account}</Account>"
    return result("GetCallerIdentity", said)


def test_an_account_that_changes_while_users_are_verified_leaves_nothing(aws: Front) -> None:
    stale(aws)
    snapshot = read()
    aws.script("GetCallerIdentity", identity("123456789012"), identity(OTHER))
    with pytest.raises(SourceError, match=f"the account changed during the run, from 123456789012 to {OTHER}"):
        ask(snapshot, "user-1")


def test_what_was_verified_counts_for_nothing_where_nobody_confirms_the_account(aws: Front) -> None:
    stale(aws)
    snapshot = read()
    aws.script("GetCallerIdentity", identity("123456789012"), error("AccessDenied", "no", 403))
    again = ask(snapshot, "user-1")
    assert again.users.known_part[1].verified is None
    for source in (Source.MFA_DEVICES, Source.LOGIN_PROFILES):
        assert record(again, source).status is SourceStatus.FAILED
        assert "did not confirm the account" in record(again, source).detail


def test_files_cannot_be_verified(run: Run, tmp_path: Path) -> None:
    for place in ("--snapshot", "--exports"):
        found = run("scan", place, tmp_path, "--verify")
        assert (found.code, found.out) == (2, "")
        assert "--verify calls AWS" in found.err


def test_verifying_takes_two_more_permissions(run: Run) -> None:
    least = set(json.loads(run("permissions", "--rules", "core").out)["Statement"][0]["Action"])
    more = set(json.loads(run("permissions", "--rules", "core", "--verify").out)["Statement"][0]["Action"])
    assert more - least == {DEVICES, PROFILE}
    assert least < more


def test_a_stale_report_that_is_not_believed_can_be_verified(run: Run, aws: Front) -> None:
    stale(aws)
    found, _, _ = scanned(run, "--verify", "--max-report-age", "0")
    assert found == {
        "user-0": "COMPLIANT",
        "user-1": "NON_COMPLIANT",
        "user-2": "INSUFFICIENT_DATA",
        "user-3": "NON_COMPLIANT",
    }
    assert ComplianceType.COMPLIANT.value in found.values()
