"""Documents of AWS's own policies, read live: of whom, in how many calls, and what is unknown where one is refused."""

import json
from threading import Event
from typing import Any

import pytest
from aws_report import CredentialReports
from aws_server import Answer, Call, Disturbance, Front, denied, result
from conftest import Run
from live_account import collected, emulator_now, gap_codes, status

from auditor import can
from auditor.account.model import Snapshot
from auditor.account.snapshot import dump, load
from auditor.account.sources import Source, SourceStatus
from auditor.account.unknown import gaps_of
from auditor.collectors.live.collection import LiveOptions, collect, connect, permissions_policy
from auditor.demo.emulator import empty, give_root_mfa

OF_AWS = Source.AWS_MANAGED_POLICIES
SOURCES = frozenset({OF_AWS, Source.CREDENTIAL_REPORT, Source.POLICIES, Source.PASSWORD_POLICY})
CHANGE, POWER, READ = "IAMUserChangePassword", "PowerUserAccess", "ReadOnlyAccess"


def arn(name: str) -> str:
    return f"arn:aws:iam::aws:policy/{name}"


@pytest.fixture(autouse=True)
def _people(aws: Front, monkeypatch: pytest.MonkeyPatch) -> None:
    """Fill the account: two people and a service, who hold five policies of AWS, three of them the people's."""
    monkeypatch.setenv("MOTO_IAM_LOAD_MANAGED_POLICIES", "true")
    empty("aws")
    give_root_mfa("aws")
    aws.forget()
    iam: Any = connect(LiveOptions(), ask_code=None).iam
    for group, policy in (("team", POWER), ("machines", "AdministratorAccess")):
        iam.create_group(GroupName=group)
        iam.attach_group_policy(GroupName=group, PolicyArn=arn(policy))
    for name, group in (("alice", "team"), ("bob", "team"), ("service", "machines")):
        iam.create_user(UserName=name)
        iam.add_user_to_group(UserName=name, GroupName=group)
        if group == "team":
            iam.create_login_profile(UserName=name, Password="Made-up-9-password!")
    iam.attach_user_policy(UserName="alice", PolicyArn=arn(CHANGE))
    iam.attach_user_policy(UserName="service", PolicyArn=arn("AmazonS3FullAccess"))
    iam.attach_user_policy(UserName="bob", PolicyArn=arn(READ))
    CredentialReports(emulator_now).serve(aws)
    aws.calls.clear()


def asked(aws: Front) -> list[tuple[str, str]]:
    """Return the calls about AWS's own policies, with the name of the policy."""
    named = ((call.name, call.parameters.get("PolicyArn", "")) for call in aws.calls)
    return sorted((name, about.rpartition("/")[2]) for name, about in named if ":iam::aws:" in about)


def decision(snapshot: Snapshot, user: str, action: str = "s3:ListAllMyBuckets") -> str:
    return can(snapshot, user=user, action=action, session="mfa").decision


def test_those_of_console_users_are_read_once_for_each_arn(aws: Front) -> None:
    snapshot = collected(SOURCES)
    calls = ("GetPolicy", "GetPolicyVersion")
    assert asked(aws) == [(call, name) for call in calls for name in (CHANGE, POWER, READ)]
    assert [each.arn for each in snapshot.aws_managed_policies] == [arn(name) for name in (CHANGE, POWER, READ)]
    assert decision(snapshot, "alice") == decision(snapshot, "bob") == "allow"
    assert decision(snapshot, "service") == "undecided"
    assert status(snapshot, OF_AWS) is SourceStatus.COMPLETE
    assert load(dump(snapshot), "test") == snapshot


def test_that_of_a_boundary_is_read_too(aws: Front) -> None:
    of_s3 = arn("AmazonS3ReadOnlyAccess")
    boundary = f"<PermissionsBoundary><PermissionsBoundaryArn>{of_s3}</PermissionsBoundaryArn></PermissionsBoundary>"

    def disturb(_: Call, honest: Any) -> Answer:
        answer: Answer = honest()
        name = "<UserName>bob</UserName>"
        return answer._replace(body=answer.body.replace(name, name + boundary))

    aws.disturb = disturb
    snapshot = collected(SOURCES)
    assert ("GetPolicyVersion", "AmazonS3ReadOnlyAccess") in asked(aws)
    assert decision(snapshot, "bob", "iam:ListUsers") == "implicit_deny"


def test_without_the_credential_report_those_of_all_users_are_read(aws: Front) -> None:
    snapshot = collected(frozenset({OF_AWS}))
    assert len(asked(aws)) == 2 * 5
    assert decision(snapshot, "service") == "allow"


def test_they_are_read_only_if_a_rule_reads_them(aws: Front) -> None:
    snapshot = collected(SOURCES - {OF_AWS} | {Source.USERS, Source.GROUPS})
    assert asked(aws) == []
    answer = can(snapshot, user="alice", action="s3:ListAllMyBuckets", session="mfa")
    assert answer.decision == "undecided"
    assert "No selected rule needed AWS-managed policies" in answer.reason


def refusing(action: str, policy: str, answer: Answer) -> Disturbance:
    def disturb(call: Call, honest: Any) -> Answer:
        about = call.parameters.get("PolicyArn", "")
        given: Answer = answer if call.name == action and about.endswith(policy) else honest()
        return given

    return disturb


@pytest.mark.parametrize("action", ["GetPolicy", "GetPolicyVersion"])
def test_a_denied_call_leaves_that_document_unknown(aws: Front, action: str) -> None:
    aws.disturb = refusing(action, POWER, denied(f"iam:{action}"))
    snapshot = collected(SOURCES)
    unknown = [each.arn for each in snapshot.aws_managed_policies if gaps_of(each)]
    assert (unknown, gap_codes(snapshot, OF_AWS)) == ([arn(POWER)], {"AccessDenied"})
    assert status(snapshot, OF_AWS) is SourceStatus.PARTIAL
    answer = can(snapshot, user="alice", action="s3:ListAllMyBuckets", session="mfa")
    assert f"AWS-managed policies could not be read (AccessDenied) (grant iam:{action})" in answer.reason
    assert decision(snapshot, "bob", "iam:ChangePassword") == "undecided"
    assert load(dump(snapshot), "test") == snapshot


def test_two_different_refusals_are_two_gaps(aws: Front) -> None:
    first = refusing("GetPolicy", POWER, denied("iam:GetPolicy"))
    second = refusing("GetPolicyVersion", CHANGE, denied("iam:GetPolicyVersion"))
    aws.disturb = lambda call, honest: first(call, lambda: second(call, honest))
    gaps = [gap for gap in collected(SOURCES).gaps if gap.source == OF_AWS]
    assert [gap.iam_action for gap in gaps] == ["iam:GetPolicy", "iam:GetPolicyVersion"]


STRANGE = {
    "another version": ("v0", "true", "{}"),
    "no default version": (None, "false", "{}"),
    "no document": (None, "true", "x"),
}


@pytest.mark.parametrize(("version", "default", "document"), STRANGE.values(), ids=list(STRANGE))
def test_an_answer_about_something_else_is_not_believed(
    aws: Front, version: str | None, default: str, document: str
) -> None:
    def disturb(call: Call, honest: Any) -> Answer:
        if call.name != "GetPolicyVersion":
            return honest()  # type: ignore[no-any-return]  # the front's
        name = version or call.parameters["VersionId"]
        facts = f"<VersionId>{name}</VersionId><IsDefaultVersion>{default}</IsDefaultVersion>"
        return result(call.name, f"<PolicyVersion>{facts}<Document>{document}</Document></PolicyVersion>")

    aws.disturb = disturb
    snapshot = collected(SOURCES)
    assert gap_codes(snapshot, OF_AWS) == {"UnreadableAnswer"}
    assert status(snapshot, OF_AWS) is SourceStatus.FAILED


def test_what_was_not_read_in_time_is_unknown(aws: Front) -> None:
    released = Event()
    aws.held["GetPolicyVersion"] = released
    try:
        snapshot = collect(connect(LiveOptions(), ask_code=None), SOURCES, timeout_s=2)
    finally:
        released.set()
    assert gap_codes(snapshot, OF_AWS) == {"Timeout"}
    assert decision(snapshot, "alice") == "undecided"


def test_users_who_could_not_be_read_leave_them_unknown(aws: Front) -> None:
    aws.fixed["GetAccountAuthorizationDetails"] = denied("iam:GetAccountAuthorizationDetails")
    snapshot = collected(SOURCES)
    assert (status(snapshot, OF_AWS), asked(aws)) == (SourceStatus.FAILED, [])
    assert {gap.iam_action for gap in snapshot.gaps if gap.source == OF_AWS} == {"iam:GetAccountAuthorizationDetails"}


def test_how_many_calls_that_takes_is_reported_beforehand(run: Run) -> None:
    told = "Reading 3 AWS-managed policies (6 calls of iam:GetPolicy and iam:GetPolicyVersion)\n"
    assert told in run("scan", "--rules", "practices", "--format", "json").err
    assert "AWS-managed" not in run("scan", "--rules", "core", "--format", "json").err


def test_a_question_reads_them_too(run: Run) -> None:
    answered = run("can", "service", "s3:ListAllMyBuckets", "--session", "access-key")
    assert (answered.code, "Reading 5 AWS-managed policies" in answered.err) == (0, True)


def test_the_permissions_name_both_calls() -> None:
    actions = json.dumps(permissions_policy(frozenset({OF_AWS})))
    for action in ("iam:GetPolicy", "iam:GetPolicyVersion", "iam:GetAccountAuthorizationDetails"):
        assert f'"{action}"' in actions
