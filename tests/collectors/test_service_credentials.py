"""Service-specific credentials: how they are read live, and what an exports folder may hold of them."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import exports_folder as folder_of
import pytest
from aws_report import CredentialReports
from aws_server import Front, denied, error, result
from conftest import Run
from live_account import NOW, collected, status

from auditor import read_exports
from auditor.account.model import Snapshot
from auditor.account.snapshot import dump, load
from auditor.account.sources import BULK, Source, SourceStatus
from auditor.account.unknown import Listing
from auditor.collectors.entity_facts import SERVICES_WITH_CREDENTIALS as SERVICES
from auditor.collectors.live.collection import LiveOptions, connect
from auditor.errors import SourceError

CALL = "ListServiceSpecificCredentials"
CREDENTIALS = Source.SERVICE_CREDENTIALS
SOURCES = frozenset({CREDENTIALS, Source.USERS})
RULE = "iam-user-no-unexpiring-service-credentials"


@pytest.fixture(name="iam")
def account_with_credentials(aws: Front) -> Any:
    """Fill the account: coder has a password for CodeCommit, both it and prompter have an API key for Bedrock."""
    iam: Any = connect(LiveOptions(), ask_code=None).iam
    for name in ("coder", "prompter", "other"):
        iam.create_user(UserName=name)
    iam.create_service_specific_credential(UserName="coder", ServiceName="codecommit.amazonaws.com")
    for name in ("coder", "prompter"):
        iam.create_service_specific_credential(UserName=name, ServiceName="bedrock.amazonaws.com")
    CredentialReports(lambda: NOW).serve(aws)
    aws.calls.clear()
    return iam


def listed(snapshot: Snapshot) -> Listing[Any]:
    assert snapshot.service_credentials is not None
    return snapshot.service_credentials


def told(snapshot: Snapshot) -> set[tuple[str, str]]:
    return {(each.user_name, each.service_name.partition(".")[0]) for each in listed(snapshot).known_part}


@pytest.mark.usefixtures("iam")
def test_one_list_is_read_for_each_service_and_none_for_each_user(aws: Front) -> None:
    snapshot = collected(SOURCES)
    calls = [call.parameters for call in aws.calls if call.name == CALL]
    assert [call["ServiceName"] for call in calls] == list(SERVICES)
    assert all(call["AllUsers"] == "true" and "UserName" not in call for call in calls)
    assert told(snapshot) == {("coder", "codecommit"), ("coder", "bedrock"), ("prompter", "bedrock")}
    assert status(snapshot, CREDENTIALS) is SourceStatus.COMPLETE
    assert load(dump(snapshot), "test") == snapshot


@pytest.mark.usefixtures("iam")
def test_they_are_not_read_for_other_rules(aws: Front) -> None:
    snapshot = collected(BULK - {CREDENTIALS})
    assert CALL not in {call.name for call in aws.calls}
    assert listed(snapshot).gap == "service-specific-credentials:NotRequested"


def entry(number: int, user: str = "coder") -> str:
    fields = {
        "UserName": user,
        "Status": "Active",
        "CreateDate": "2026-01-01T00:00:00Z",
        "ServiceSpecificCredentialId": f"ACCA{number}",
        "ServiceName": "bedrock.amazonaws.com",
    }
    return f"<member>{''.join(f'<{name}>{text}</{name}>' for name, text in fields.items())}</member>"


def page(*members: str, rest: str = "<IsTruncated>false</IsTruncated>") -> Any:
    return result(CALL, f"<ServiceSpecificCredentials>{''.join(members)}</ServiceSpecificCredentials>{rest}")


MORE = "<IsTruncated>true</IsTruncated>"


@pytest.mark.usefixtures("iam")
def test_a_list_of_several_pages_is_read_to_its_end(aws: Front) -> None:
    aws.script(CALL, page(entry(1), rest=f"{MORE}<Marker>m</Marker>"), page(entry(2, "other"), rest=""))
    snapshot = collected(SOURCES)
    assert told(snapshot) == {("coder", "bedrock"), ("other", "bedrock"), ("coder", "codecommit")}
    assert (listed(snapshot).gap, sum(call.name == CALL for call in aws.calls)) == (None, len(SERVICES) + 1)


@pytest.mark.usefixtures("iam")
def test_a_service_that_the_partition_lacks_has_none(aws: Front) -> None:
    aws.script(CALL, error("NotSupportedService"))
    snapshot = collected(SOURCES)
    assert (told(snapshot), listed(snapshot).gap) == ({("coder", "codecommit")}, None)


@pytest.mark.usefixtures("iam")
def test_a_list_that_does_not_say_where_it_goes_on_is_partial(aws: Front) -> None:
    aws.script(CALL, page(entry(1), rest=MORE))
    snapshot = collected(SOURCES)
    assert (told(snapshot), status(snapshot, CREDENTIALS)) == ({("coder", "bedrock")}, SourceStatus.PARTIAL)
    assert load(dump(snapshot), "test") == snapshot


@pytest.mark.usefixtures("iam")
def test_a_credential_of_an_unseen_user_shows_that_the_list_of_users_is_cut(aws: Front) -> None:
    aws.own[CALL] = lambda _: page(entry(1, "ghost"))
    snapshot = collected(SOURCES)
    assert snapshot.users.gap == "users:UnseenUsers"


@pytest.mark.usefixtures("iam")
def test_a_denied_call_leaves_everybody_undecided_and_names_the_action(aws: Front, run: Run) -> None:
    aws.fixed[CALL] = denied("iam:ListServiceSpecificCredentials")
    document = json.loads(run("scan", "--rule", RULE, "--format", "json").out)
    assert {each["compliance_type"] for each in document["findings"]} == {"INSUFFICIENT_DATA"}
    assert all("grant iam:ListServiceSpecificCredentials" in each["annotation"] for each in document["findings"])


@pytest.mark.usefixtures("iam")
def test_a_scan_finds_who_holds_credentials_that_never_expire(run: Run) -> None:
    document = json.loads(run("scan", "--rule", RULE, "--format", "json").out)
    found = {each["resource_name"]: each["compliance_type"] for each in document["findings"]}
    assert found == {"coder": "NON_COMPLIANT", "prompter": "NON_COMPLIANT", "other": "COMPLIANT"}


def test_the_permission_is_named_for_this_rule_alone(run: Run) -> None:
    assert "iam:ListServiceSpecificCredentials" in run("permissions", "--rule", RULE).out
    assert "iam:ListServiceSpecificCredentials" not in run("permissions", "--rules", "default").out


KEY = {
    "UserName": "alice",
    "Status": "Active",
    "ServiceCredentialAlias": "alice-1",
    "CreateDate": folder_of.CREATED_AT,
    "ServiceSpecificCredentialId": "ACCA1",
    "ServiceName": "bedrock.amazonaws.com",
}
GIT = {**KEY, "ServiceSpecificCredentialId": "ACCA2", "ServiceName": "codecommit.amazonaws.com"}
NONE: dict[str, object] = {"ServiceSpecificCredentials": [], "IsTruncated": False}
DENIED = "An error occurred (AccessDenied) when calling the ListServiceSpecificCredentials operation: no"
LACKING = "An error occurred (NotSupportedService) when calling the ListServiceSpecificCredentials operation: no"


def of(*credentials: object, **more: object) -> dict[str, object]:
    return {"ServiceSpecificCredentials": list(credentials), **more}


def exported(folder: Path, files: Mapping[str, object]) -> Snapshot:
    folder_of.write(folder)
    for name, content in files.items():
        text = content if isinstance(content, str) else json.dumps(content)
        (folder / f"service-specific-credentials{name}.json").write_text(text)
    return read_exports(folder)


WHOLE: dict[str, dict[str, object]] = {
    "one file": {"": of(KEY, GIT)},
    "one for each service": {"-bedrock": of(KEY), "-codecommit": of(GIT), "-cassandra": NONE, "-logs": NONE},
    "the whole names of services": {
        "-bedrock.amazonaws.com": of(KEY),
        "-codecommit": of(GIT),
        "-cassandra": NONE,
        "-logs": NONE,
    },
    "a service that the partition lacks": {
        "-bedrock": of(KEY),
        "-codecommit": of(GIT),
        "-cassandra": LACKING,
        "-logs": NONE,
    },
    "several files for all services": {"-1": of(KEY), "-2": of(GIT, KEY)},
}
CUT: dict[str, tuple[dict[str, object], SourceStatus]] = {
    "a service is missing": ({"-bedrock": of(KEY), "-codecommit": of(GIT), "-logs": NONE}, SourceStatus.PARTIAL),
    "a service was denied": (
        {"-bedrock": of(KEY), "-codecommit": of(GIT), "-cassandra": NONE, "-logs": DENIED},
        SourceStatus.PARTIAL,
    ),
    "more follow": ({"": of(KEY, IsTruncated=True, Marker="m")}, SourceStatus.PARTIAL),
    "denied": ({"": DENIED}, SourceStatus.FAILED),
}


@pytest.mark.parametrize("files", WHOLE.values(), ids=list(WHOLE))
def test_an_exports_folder_may_hold_them(tmp_path: Path, files: dict[str, object]) -> None:
    snapshot = exported(tmp_path, files)
    assert told(snapshot) == {("alice", "bedrock"), ("alice", "codecommit")}
    assert (listed(snapshot).gap, status(snapshot, CREDENTIALS)) == (None, SourceStatus.COMPLETE)
    assert load(dump(snapshot), "test") == snapshot


@pytest.mark.parametrize(("files", "expected"), CUT.values(), ids=list(CUT))
def test_an_export_that_lacks_some_is_partial(tmp_path: Path, files: dict[str, object], expected: SourceStatus) -> None:
    snapshot = exported(tmp_path, files)
    assert listed(snapshot).gap is not None
    assert status(snapshot, CREDENTIALS) is expected
    assert load(dump(snapshot), "test") == snapshot


def test_a_folder_without_them_says_nothing_of_them(tmp_path: Path) -> None:
    snapshot = exported(tmp_path, {})
    assert snapshot.service_credentials is None
    assert CREDENTIALS not in {each.name for each in snapshot.sources}


def test_files_that_differ_about_one_credential_are_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="ACCA1"):
        exported(tmp_path, {"-1": of(KEY), "-2": of({**KEY, "Status": "Inactive"})})
