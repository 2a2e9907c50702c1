"""Collection survives every fault of AWS: nothing lost, nothing guessed, and the call that failed is named."""

import json
import subprocess
import sys
from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest
from aws_report import CredentialReports
from aws_server import Disturbance
from conftest import Run
from described import DESCRIBED
from faulty_account import GONE, FaultyAccount, Reading, faulty_account
from faulty_aws import FAULTS, GARBLED, HANGING, HARMLESS, MISLEADING, Faults, Plan, Throttle, planned, together
from less_known import comparable, contradictions, lost
from live_account import NOW, FakeClock, status

from auditor.account.sources import ACTIONS, VERIFYING, Source, SourceStatus
from auditor.account.unknown import gaps_of
from auditor.collectors.live.collection import permissions_policy

NOTHING = planned("500", times=0)
DETAILS, SUMMARY = "iam:GetAccountAuthorizationDetails", "iam:GetAccountSummary"
KINDS = ("User", "Group", "Role", "LocalManagedPolicy")
VERIFYING_ACTIONS = {action for source in VERIFYING for action in ACTIONS[source]}
SINGLE_ACTIONS = {
    action for source in (*DESCRIBED, Source.ACCESS_ANALYZERS, Source.ORGANIZATION) for action in ACTIONS[source]
}
"""The actions by which AWS tells of single entities: whatever fault they meet, something stays unknown."""


@pytest.fixture(scope="module", name="aws")
def served_account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FaultyAccount]:
    with faulty_account(tmp_path_factory.mktemp("aws")) as account:
        yield account


@pytest.fixture(scope="module")
def whole(aws: FaultyAccount) -> Reading:
    """Return the undisturbed reading."""
    return aws.read(NOTHING, last_report=aws.report)


class Api(NamedTuple):
    """The calls that a fault is put into: of an action, about one thing or any."""

    action: str
    about: str | None = None

    def plan(self, fault: str, *, since: int = 0, times: float = float("inf")) -> Plan:
        return planned(fault, action=self.action.partition(":")[2], about=self.about, since=since, times=times)


APIS = [
    *(Api(action) for action in permissions_policy(frozenset(Source))["Statement"][0]["Action"]),
    *(Api(DETAILS, kind) for kind in KINDS),
]


def name_of(value: Any) -> str:
    if isinstance(value, Api):
        return " ".join(filter(None, (value.action.partition(":")[2], value.about)))
    return str(value)


def read(aws: FaultyAccount, fault: str, plan: Plan, **circumstances: Any) -> Reading:
    return aws.read(plan, last_report=aws.report, hasty=fault in HANGING, **circumstances)


def test_every_api_is_called_by_the_undisturbed_reading(aws: FaultyAccount) -> None:
    aws.read(NOTHING, last_report=aws.report)
    called = {(call.action, call.about) for call in aws.front.calls}
    assert {action for action, _ in called} == {api.action for api in APIS} | {"sts:GetCallerIdentity"}
    assert {about for action, about in called if action == DETAILS} == set(KINDS)


LASTING = [
    "denied",
    "explicitly denied",
    "denied by an SCP",
    "throttled",
    "reset",
    "closed",
    "500",
    "503",
    "silent",
    "expired",
    "suspended",
    "of another form",
    "without a result",
]


@pytest.mark.parametrize("fault", LASTING)
@pytest.mark.parametrize("api", APIS, ids=name_of)
def test_what_a_lasting_fault_hides_is_unknown_and_the_call_is_named(
    aws: FaultyAccount, whole: Reading, api: Api, fault: str
) -> None:
    reading = read(aws, fault, api.plan(fault))
    assert reading.faults.served
    assert not contradictions(whole.snapshot, reading.snapshot, gone=[GONE])
    hidden = lost(whole.snapshot, reading.snapshot)
    gaps = [gap for gap in reading.snapshot.gaps if api.action in (gap.iam_action or gap.message)]
    assert gaps or not (hidden or api.action in SINGLE_ACTIONS)
    assert all((gap.iam_action == api.action) is ("denied" in fault) for gap in gaps)
    if api.action not in VERIFYING_ACTIONS:  # these only mend what the credential report does not tell
        words = words_on(api.action, fault)
        assert not [finding.annotation for finding in hidden if words not in finding.annotation]


def words_on(action: str, fault: str) -> str:
    """Return how an annotation names a call: to be granted, without an end, or with an error's code."""
    if "denied" in fault:
        return f"; grant {action}"
    return f"({action})" if (action, fault) == (DETAILS, "without a result") else f"({action}: "


@pytest.mark.parametrize("fault", ["throttled", "reset", "closed", "cut", "500", "503", "503 of a proxy", "silent"])
@pytest.mark.parametrize("api", APIS, ids=name_of)
def test_a_fault_that_passes_leaves_no_trace(aws: FaultyAccount, whole: Reading, api: Api, fault: str) -> None:
    times = 1 if fault in HANGING else 2
    reading = read(aws, fault, api.plan(fault, times=times))
    assert len(reading.faults.served) >= times
    assert comparable(reading.snapshot) == comparable(whole.snapshot)


@pytest.mark.parametrize("fault", HARMLESS)
def test_what_only_looks_odd_is_read(aws: FaultyAccount, whole: Reading, fault: str) -> None:
    assert comparable(read(aws, fault, planned(fault)).snapshot) == comparable(whole.snapshot)


@pytest.mark.parametrize("fault", FAULTS)
def test_one_fault_in_every_call_makes_nothing_known_that_is_not_so(
    aws: FaultyAccount, whole: Reading, fault: str
) -> None:
    reading = read(aws, fault, planned(fault), pages=(1,))
    assert not contradictions(whole.snapshot, reading.snapshot, gone=[GONE])


@pytest.mark.parametrize("fault", ["denied", "expired", "suspended", "throttled", "reset", *GARBLED])
@pytest.mark.parametrize("since", [1, 2])
def test_pages_that_came_before_a_fault_stay(aws: FaultyAccount, whole: Reading, fault: str, since: int) -> None:
    plan = together(Api(DETAILS, "User").plan(fault, since=since), Api(SUMMARY).plan("denied"))
    reading = read(aws, fault, plan, pages=(2, 1))
    from_pages = [user.name for user in reading.snapshot.users.known_part if "id" not in gaps_of(user)]
    assert from_pages == ["Dave", "alice", "bob"][: since + 1]
    assert status(reading.snapshot, Source.USERS) is SourceStatus.PARTIAL
    assert not contradictions(whole.snapshot, reading.snapshot, gone=[GONE])


@pytest.mark.parametrize("fault", [*MISLEADING, "without a result"])
@pytest.mark.parametrize("pages", [(2,), (1, 0), (0, 3), (0, 0, 1)], ids=str)
@pytest.mark.parametrize("since", [0, 1])
def test_a_list_is_complete_or_partial_and_never_short_and_complete(
    aws: FaultyAccount, whole: Reading, fault: str, pages: tuple[int, ...], since: int
) -> None:
    """The account summary, whose counts would show a list to be short, is denied."""
    plan = together(Api(SUMMARY).plan("denied"), planned(fault, since=since))
    reading = read(aws, fault, plan, pages=pages)
    assert not contradictions(whole.snapshot, reading.snapshot, gone=[GONE])
    unread = (Source.USERS, Source.GROUPS, Source.ROLES, Source.POLICIES)
    assert {status(reading.snapshot, source) for source in unread} == {SourceStatus.PARTIAL}


@pytest.mark.parametrize("fault", [*MISLEADING, "without a result"])
@pytest.mark.parametrize("pages", [(1,), (0, 1)], ids=str)
def test_a_user_has_no_mfa_only_if_the_whole_list_of_devices_is_empty(
    aws: FaultyAccount, whole: Reading, fault: str, pages: tuple[int, ...]
) -> None:
    reading = read(aws, fault, Api("iam:ListMFADevices").plan(fault), pages=pages)
    assert not contradictions(whole.snapshot, reading.snapshot)


@pytest.mark.parametrize("pages", [(1,), (2, 0, 0, 1), (0, 3), (0, 0, 1), (5,)], ids=str)
def test_pages_of_any_size_make_the_same_lists(aws: FaultyAccount, whole: Reading, pages: tuple[int, ...]) -> None:
    reading = aws.read(NOTHING, last_report=aws.report, pages=pages)
    assert not contradictions(whole.snapshot, reading.snapshot)
    assert {record.status for record in reading.snapshot.sources} == {SourceStatus.COMPLETE}


def throttled(clock: FakeClock, faults: Disturbance) -> Disturbance:
    return Throttle(clock.timer, faults, burst=2, per_second=0.5)


def test_an_account_that_throttles_is_read_whole_if_one_waits(aws: FaultyAccount, whole: Reading) -> None:
    reading = aws.read(NOTHING, last_report=aws.report, around=throttled)
    assert reading.clock.timer() > 0
    assert comparable(reading.snapshot) == comparable(whole.snapshot)


@pytest.mark.parametrize(
    ("source", "circumstances"),
    [
        pytest.param(Source.CREDENTIAL_REPORT, {"report_seconds": 10_000}, id="a report never ready"),
        pytest.param(Source.USERS, {"pages": (0,), "around": throttled}, id="a list without end"),
    ],
)
def test_after_the_time_out_what_was_not_read_is_unknown(
    aws: FaultyAccount, source: Source, circumstances: Any
) -> None:
    whole = aws.read(NOTHING)
    reading = aws.read(NOTHING, timeout_s=30, **circumstances)
    assert 30 <= reading.clock.timer() < 300  # the calls that were under way may end later
    assert status(reading.snapshot, source) in (SourceStatus.PARTIAL, SourceStatus.FAILED)
    assert {gap.error_code for gap in reading.snapshot.gaps if gap.source == source} <= {"Timeout", "ReportInProgress"}
    assert not contradictions(whole.snapshot, reading.snapshot, gone=[GONE])


REPORTS = {
    "none yet": {"last_report": None},
    "none yet, and slow": {"last_report": None, "report_seconds": 100},
    "none in time": {"last_report": None, "report_seconds": 1000},
}


@pytest.mark.parametrize("fault", ["no capacity", "report in progress", "no report", "report expired"])
@pytest.mark.parametrize("circumstances", REPORTS.values(), ids=REPORTS)
@pytest.mark.parametrize("times", [2, 1000])
def test_a_report_is_waited_for_and_is_the_right_one_or_none(
    aws: FaultyAccount, fault: str, circumstances: Any, times: int
) -> None:
    whole = aws.read(NOTHING, last_report=None)
    reading = aws.read(planned(fault, times=times), **circumstances)
    assert not contradictions(whole.snapshot, reading.snapshot)
    in_time = times == 2 and circumstances.get("report_seconds", 0) < 120
    assert status(reading.snapshot, Source.CREDENTIAL_REPORT) is (
        SourceStatus.COMPLETE if in_time else SourceStatus.FAILED
    )


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("denied", "iam:GetAccountAuthorizationDetails"),
        ("expired", "iam:GetAccountAuthorizationDetails: ExpiredToken"),
        ("of another form", "iam:GetAccountAuthorizationDetails: ResponseParserError"),
        ("no marker", "iam:GetAccountAuthorizationDetails"),
    ],
)
def test_the_command_line_tells_what_was_not_read(aws: FaultyAccount, run: Run, fault: str, said: str) -> None:
    CredentialReports(lambda: NOW, last=aws.report).serve(aws.front)
    aws.front.disturb = Faults(planned(fault, action="GetAccountAuthorizationDetails"))
    result = run("scan", "--format", "json")
    assert result.code == 4
    assert "Exit code 4" in result.err
    assert "Traceback" not in result.err
    report = json.loads(result.out)
    assert any(said in finding["annotation"] for finding in report["findings"])
    assert {source["name"] for source in report["snapshot"]["sources"] if source["status"] != "complete"} >= {
        "users",
        "groups",
    }


FIRST_CALL = [
    "denied",
    "expired",
    "throttled",
    "503 of a proxy",
    "reset",
    "silent",
    "cut",
    "garbage",
    "without a result",
]


@pytest.mark.parametrize("fault", FIRST_CALL)
def test_a_fault_in_the_very_first_call_ends_the_run_with_one_message(aws: FaultyAccount, run: Run, fault: str) -> None:
    aws.front.disturb = Faults(planned(fault, action="GetCallerIdentity"))
    result = run("scan", "--timeout", 0.2 if fault in HANGING else 60)
    assert (result.code, result.out) == (3, "")
    message, hint = result.err.splitlines()
    assert message.startswith("iam-audit: ")
    assert hint.startswith("  ")


def test_a_scan_ends_though_a_call_hangs(aws: FaultyAccount) -> None:
    CredentialReports(lambda: NOW, last=aws.report).serve(aws.front)
    aws.front.disturb = Faults(planned("silent", action="GetAccountPasswordPolicy"))
    command = [sys.executable, "-m", "auditor", "scan", "--format", "json", "--timeout", "2"]
    done = subprocess.run(command, capture_output=True, check=False, text=True)
    assert (done.returncode, "Traceback" in done.stderr) == (4, False)
    findings = {each["config_rule_name"]: each for each in json.loads(done.stdout)["findings"]}
    assert findings["iam-password-policy"]["compliance_type"] == "INSUFFICIENT_DATA"
