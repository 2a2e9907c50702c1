"""The stand-in for AWS itself, as boto3 sees it: pages, markers, the credential report's life, throttling, faults."""

import csv
from collections.abc import Iterator
from datetime import timedelta
from io import StringIO
from typing import Any

import boto3
import pytest
from aws_pages import KINDS
from aws_report import CredentialReports, Made
from aws_server import Call, Front
from botocore.config import Config
from botocore.exceptions import ClientError, ReadTimeoutError
from botocore.parsers import ResponseParserError
from faulty_account import GONE, HASTE_S, NEW, FaultyAccount, faulty_account
from faulty_aws import (
    FAULTS,
    GARBLED,
    HANGING,
    HARMLESS,
    PASSING,
    REFUSALS,
    THROTTLED,
    Chaos,
    Faults,
    Throttle,
    planned,
)
from live_account import NOW, FakeClock

DETAILS = "GetAccountAuthorizationDetails"
USERS = ["Dave", "alice", "bob", "carol,jr", "deploy", NEW]
REPORTED = ["<root_account>", "alice", "bob", "carol,jr", "Dave", "deploy"]
GROUPS = ["Admins", "Dev", "Empty"]
ROLES = ["role-one", "role-three", "role-two"]
POLICIES = ["described", "one", "three", "two"]


@pytest.fixture(scope="module", name="served")
def served_account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FaultyAccount]:
    with faulty_account(tmp_path_factory.mktemp("aws")) as account:
        yield account


@pytest.fixture
def front(served: FaultyAccount) -> Iterator[Front]:
    """Return the account's front without any disturbance, and leave it so."""
    front = served.front
    front.page_sizes, front.disturb, front.own = (1000,), lambda _, honest: honest(), {}
    front.calls.clear()
    yield front
    front.page_sizes, front.disturb, front.own = (1000,), lambda _, honest: honest(), {}


@pytest.fixture(scope="module")
def iam(served: FaultyAccount) -> Any:
    """Return a client that asks once."""
    assert served
    return asking_once(60)


def asking_once(timeout_s: float) -> Any:
    config = Config(retries={"total_max_attempts": 1}, read_timeout=timeout_s)
    return boto3.client("iam", region_name="us-east-1", config=config)


def names_of(page: Any) -> list[str]:
    """Return the names on a page of entities, in the order of AWS's kinds."""
    lists = (("UserDetailList", "UserName"), ("RoleDetailList", "RoleName"), ("GroupDetailList", "GroupName"))
    names = [entity[name] for key, name in lists for entity in page[key]]
    return names + [policy["Arn"].rpartition("/")[2] for policy in page["Policies"]]


@pytest.mark.parametrize("sizes", [(1,), (2, 0, 1), (0, 0, 3), (1000,)], ids=str)
@pytest.mark.parametrize(
    ("operation", "key", "name", "expected"),
    [
        ("list_users", "Users", "UserName", USERS),
        ("list_groups", "Groups", "GroupName", GROUPS),
        ("list_roles", "Roles", "RoleName", ROLES),
        ("list_virtual_mfa_devices", "VirtualMFADevices", "SerialNumber", ["mfa/alice", "mfa/bob", f"mfa/{NEW}"]),
    ],
)
def test_lists_come_in_pages(
    front: Front, iam: Any, operation: str, key: str, name: str, expected: list[str], sizes: tuple[int, ...]
) -> None:
    front.page_sizes = sizes
    pages = [page[key] for page in iam.get_paginator(operation).paginate()]
    assert [item[name].rpartition(":")[2] for page in pages for item in page] == expected
    assert all(len(page) == sizes[number % len(sizes)] for number, page in enumerate(pages[:-1]))
    assert len(front.calls) == len(pages)


def test_no_page_holds_more_than_was_asked_for(front: Front, iam: Any) -> None:
    assert front
    page = iam.list_users(MaxItems=2)
    assert ([user["UserName"] for user in page["Users"]], page["IsTruncated"]) == (USERS[:2], True)
    rest = iam.list_users(Marker=page["Marker"])
    assert ([user["UserName"] for user in rest["Users"]], rest["IsTruncated"]) == (USERS[2:], False)
    assert "Marker" not in rest


def test_what_belongs_to_every_page_is_on_every_page(front: Front, iam: Any) -> None:
    front.page_sizes = (1,)
    pages = list(iam.get_paginator("get_group").paginate(GroupName="Dev"))
    assert [page["Group"]["GroupName"] for page in pages] == ["Dev", "Dev"]
    assert [page["Users"][0]["UserName"] for page in pages] == ["bob", "carol,jr"]


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        (["User"], USERS),
        (["Group", "User"], USERS + GROUPS),
        (["LocalManagedPolicy", "Role"], ROLES + POLICIES),
        ([*KINDS], USERS + ROLES + GROUPS + POLICIES),
        ([], USERS + ROLES + GROUPS + POLICIES),
    ],
    ids=lambda value: ",".join(value) or "none",
)
def test_kinds_follow_each_other_from_page_to_page(
    front: Front, iam: Any, filters: list[str], expected: list[str]
) -> None:
    front.page_sizes = (*(4, 0, 1) * 5, 1000, 1000)  # AWS has more than a thousand policies of its own
    pages = [names_of(page) for page in iam.get_paginator("get_account_authorization_details").paginate(Filter=filters)]
    listed = [name for page in pages for name in page]
    mine, of_aws = listed[: len(expected)], listed[len(expected) :]
    assert mine == expected
    assert bool(of_aws) is (not filters or "AWSManagedPolicy" in filters)
    assert [len(page) for page in pages[:3]] == [4, 0, 1]


@pytest.mark.parametrize(
    "asked",
    [
        pytest.param({"Filter": ["Group"]}, id="of another filter"),
        pytest.param({"Filter": ["User", "Group"]}, id="of fewer filters"),
        pytest.param({}, id="of some filter"),
    ],
)
def test_a_marker_belongs_to_its_filters(front: Front, iam: Any, asked: dict[str, Any]) -> None:
    front.page_sizes = (1,)
    marker = iam.get_account_authorization_details(Filter=["User"])["Marker"]
    with pytest.raises(ClientError, match=r"ValidationError.*Invalid Marker"):
        iam.get_account_authorization_details(Marker=marker, **asked)
    again = iam.get_account_authorization_details(Filter=["User"], Marker=marker)
    assert names_of(again) == USERS[1:2]


@pytest.mark.parametrize("marker", ["nonsense", "AAAA", "é", "MCAwIDA="])
def test_a_marker_that_nobody_gave_is_refused(front: Front, iam: Any, marker: str) -> None:
    assert front
    with pytest.raises(ClientError, match=r"ValidationError.*Invalid Marker"):
        iam.list_users(Marker=marker)


def test_an_unknown_filter_is_refused(front: Front, iam: Any) -> None:
    assert front
    with pytest.raises(ClientError, match="ValidationError"):
        iam.get_account_authorization_details(Filter=["Users"])


def test_a_change_of_the_account_is_seen_at_once(front: Front, iam: Any) -> None:
    assert front
    assert len(iam.list_groups()["Groups"]) == len(GROUPS)
    iam.create_group(GroupName="Fourth")
    try:
        assert len(iam.list_groups()["Groups"]) == len(GROUPS) + 1
        assert iam.get_account_summary()["SummaryMap"]["Groups"] == len(GROUPS) + 1
    finally:
        iam.delete_group(GroupName="Fourth")


def test_errors_of_moto_stay(front: Front, iam: Any) -> None:
    front.page_sizes = (1,)
    with pytest.raises(ClientError, match="NoSuchEntity"):
        iam.list_user_policies(UserName="nobody")


def asked_for(iam: Any) -> str:
    """Have a report made, and return the state of the making."""
    state: str = iam.generate_credential_report()["State"]
    return state


def got(iam: Any) -> str:
    """Return when the report was made, or the error code."""
    try:
        return str(iam.get_credential_report()["GeneratedTime"])
    except ClientError as error:
        return str(error.response["Error"]["Code"])


def test_a_report_is_made_kept_and_made_again(front: Front, iam: Any) -> None:
    clock = FakeClock()
    CredentialReports(clock.now, seconds=20).serve(front)
    assert got(iam) == "ReportNotPresent"
    assert (asked_for(iam), got(iam)) == ("STARTED", "ReportInProgress")
    clock.sleep(19.9)
    assert (asked_for(iam), got(iam)) == ("INPROGRESS", "ReportInProgress")
    clock.sleep(0.1)
    assert (asked_for(iam), got(iam)) == ("COMPLETE", str(NOW))
    clock.sleep(4 * 3600 - 21)
    assert (asked_for(iam), got(iam)) == ("COMPLETE", str(NOW))
    clock.sleep(1)
    assert got(iam) == "ReportExpired"
    assert (asked_for(iam), got(iam)) == ("STARTED", "ReportInProgress")
    clock.sleep(20)
    assert (asked_for(iam), got(iam)) == ("COMPLETE", str(NOW + timedelta(hours=4)))


def rows_of(iam: Any) -> list[dict[str, str]]:
    text: str = iam.get_credential_report()["Content"].decode()
    assert not text.endswith("\n")
    return list(csv.DictReader(StringIO(text), strict=True))


def test_a_report_tells_of_the_time_when_it_was_made(served: FaultyAccount, front: Front, iam: Any) -> None:
    reports = CredentialReports(lambda: NOW, last=served.report)
    reports.serve(front)
    assert got(iam) == str(NOW - timedelta(hours=2))
    assert [row["user"] for row in rows_of(iam)] == [*REPORTED, GONE]
    CredentialReports(lambda: NOW).serve(front)
    assert asked_for(iam) == "STARTED"
    assert [row["user"] for row in rows_of(iam)] == [*REPORTED, NEW]


def test_a_report_is_written_as_aws_writes_it(served: FaultyAccount, front: Front, iam: Any) -> None:
    CredentialReports(lambda: NOW, last=served.report).serve(front)
    rows = {row["user"]: row for row in rows_of(iam)}
    assert {len(row) for row in rows.values()} == {22}
    assert rows["carol,jr"]["arn"] == "arn:aws:iam::123456789012:user/carol,jr"
    assert [rows["alice"][key] for key in ("password_enabled", "password_last_used", "mfa_active")] == [
        "true",
        "no_information",
        "true",
    ]
    changed = NOW - timedelta(days=30)
    assert rows["alice"]["password_last_changed"] == f"{changed:%Y-%m-%dT%H:%M:%SZ}"
    assert rows["alice"]["password_next_rotation"] == f"{changed + timedelta(days=90):%Y-%m-%dT%H:%M:%SZ}"
    assert [rows["deploy"][key] for key in ("password_last_used", "password_last_changed", "mfa_active")] == [
        "N/A",
        "N/A",
        "false",
    ]
    keys = [rows["deploy"][f"access_key_{number}_active"] for number in (1, 2)]
    assert (keys, rows["deploy"]["access_key_1_last_used_date"]) == (["true", "false"], "N/A")
    assert rows["<root_account>"]["password_next_rotation"] == "not_supported"


def test_an_old_report_is_of_no_use(served: FaultyAccount, front: Front, iam: Any) -> None:
    long_ago = NOW - timedelta(days=2)
    CredentialReports(lambda: NOW, last=Made(served.report.text, long_ago, long_ago)).serve(front)
    assert (got(iam), asked_for(iam)) == ("ReportExpired", "STARTED")


def test_calls_are_throttled_until_time_has_passed(front: Front, iam: Any) -> None:
    clock = FakeClock()
    front.disturb = Throttle(clock.timer, front.disturb, burst=2, per_second=0.5)

    def code() -> str:
        try:
            return str(len(iam.list_groups()["Groups"]))
        except ClientError as error:
            return str(error)

    assert [code(), code()] == ["3", "3"]
    assert "Throttling" in code()
    assert len(iam.list_users()["Users"]) == len(USERS)  # another action's bucket
    clock.sleep(1)
    assert "Throttling" in code()
    clock.sleep(1)
    assert code() == "3"
    assert "Throttling" in code()


@pytest.mark.parametrize("name", FAULTS)
def test_each_fault_is_what_its_kind_says(front: Front, iam: Any, name: str) -> None:
    front.disturb = Faults(planned(name))
    client = asking_once(HASTE_S) if name in HANGING else iam
    try:
        client.get_account_summary()
        evaluate_quietly = "nothing"
    except ClientError as error:
        evaluate_quietly = str(error.response["ResponseMetadata"]["HTTPStatusCode"])
    except Exception as error:  # noqa: BLE001 - which errors botocore raises is what is asked
        evaluate_quietly = type(error).__name__
    assert evaluate_quietly == EXPECTED[name]


EXPECTED: dict[str, str] = {
    **dict.fromkeys(FAULTS, "nothing"),  # not of this call
    **dict.fromkeys(REFUSALS, "403"),
    **{name: name[:3] for name in PASSING},
    "throttled": "400",
    "503 of a proxy": "ResponseParserError",
    "reset": "ConnectionClosedError",
    "closed": "ResponseParserError",  # botocore does not count what it reads
    "silent": "ReadTimeoutError",
    "stalled": "ReadTimeoutError",
    **dict.fromkeys(GARBLED, "ResponseParserError"),
    "of another form": "KeyError",
    "of another call": "KeyError",
    "without a result": "nothing",  # but without a key either
}


@pytest.mark.parametrize(
    ("explicitly", "by", "text"),
    [
        ("denied", "", "is not authorized to perform: iam:ListUsers on resource: * because no identity-based policy"),
        ("explicitly denied", "", "iam:ListUsers on resource: * with an explicit deny in an identity-based policy"),
        ("denied", " by an SCP", "because no service control policy allows the iam:ListUsers action"),
        ("explicitly denied", " by an SCP", "with an explicit deny in a service control policy"),
    ],
)
def test_a_denial_says_who_denies_what(front: Front, iam: Any, explicitly: str, by: str, text: str) -> None:
    front.disturb = Faults(planned(explicitly + by))
    with pytest.raises(ClientError) as raised:
        iam.list_users()
    assert text in str(raised.value)


def test_a_call_that_hangs_holds_up_no_other(front: Front, iam: Any) -> None:
    front.disturb = Faults(planned("silent", action="ListUsers"))
    with pytest.raises(ReadTimeoutError):
        asking_once(HASTE_S).list_users()
    assert len(iam.list_groups()["Groups"]) == len(GROUPS)


def test_a_plan_counts_the_calls_of_each_action_about_each_thing(front: Front, iam: Any) -> None:
    faults = Faults(planned("cut", action=DETAILS, about="Group", since=1, times=1))
    front.disturb = faults
    for kind in ("User", "Group", "User"):
        iam.get_account_authorization_details(Filter=[kind])
    with pytest.raises(ResponseParserError):
        iam.get_account_authorization_details(Filter=["Group"])
    iam.get_account_authorization_details(Filter=["Group"])
    assert [tuple(served) for served in faults.served] == [(DETAILS, "Group", 1, "cut")]


def test_a_seed_is_one_plan_whatever_the_order_of_calls() -> None:
    calls = [(DETAILS, kind, number) for kind in KINDS for number in range(5)]
    once, reversed_order = Chaos(7), Chaos(7)
    assert {call: once(*call) for call in calls} == {call: reversed_order(*call) for call in reversed(calls)}
    assert len({tuple(Chaos(seed)(*call) for call in calls) for seed in range(20)}) > 15


def test_every_fault_is_in_some_course() -> None:
    drawn = {Chaos(seed)("ListUsers", "", number) for seed in range(2000) for number in range(5)}
    assert drawn == {None, *FAULTS}


@pytest.mark.parametrize("name", HARMLESS)
def test_what_is_harmless_says_everything(front: Front, iam: Any, name: str) -> None:
    front.disturb = Faults(planned(name))
    assert len(iam.list_users()["Users"]) == len(USERS)


def test_throttling_by_plan_and_by_bucket_say_the_same() -> None:
    call = Call("iam:ListUsers", {}, "", "")
    assert Faults(planned("throttled"))(call, lambda: pytest.fail("asked")) == THROTTLED
