"""A served account that is read repeatedly, each time with other faults, over one connection and a fake clock."""

import json
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import pytest
from aws_report import CredentialReports, Made, report_of_moto
from aws_server import Disturbance, Front, aws_server, lead_to
from botocore.retries.quota import RetryQuota
from faulty_aws import Faults, Plan
from less_known import rules
from live_account import ACCOUNT, DOCUMENT, EVERYTHING, NOW, FakeClock, fill_singly
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.iam.models import iam_backends

from auditor.account.model import Snapshot
from auditor.collectors.live.collection import Connection, LiveOptions, collect, connect
from auditor.collectors.live.verification import verified
from auditor.report.audit import doubtful_users

T = TypeVar("T")
Rest = Callable[[], None]

HASTE_S = 0.1  # the time-out of a call in readings with calls that hang; each costs eight times this in real time
PATIENCE_S = 60.0  # work that takes longer counts as hanging
GONE, NEW = "gone", "newcomer"
"""A user deleted after the credential report was made, and one created after it."""


class Reading(NamedTuple):
    """Hold the result of one collection and its circumstances."""

    snapshot: Snapshot
    clock: FakeClock
    faults: Faults


class FaultyAccount:
    """The account: its server, the connections that read it, and a credential report of two hours ago."""

    def __init__(self, front: Front, patient: Connection, hasty: Connection, report: Made, rested: Rest) -> None:
        self.front = front
        self.report = report
        self.clock = FakeClock()
        self.patient = patient
        self._hasty = hasty
        self._rested = rested

    def read(
        self,
        plan: Plan,
        *,
        pages: Sequence[int] = (1000,),
        last_report: Made | None = None,
        report_seconds: float = 0,
        around: Callable[[FakeClock, Disturbance], Disturbance] = lambda _, faults: faults,
        timeout_s: float = 1800,
        hasty: bool = False,
    ) -> Reading:
        """Collect and verify everything, while calls have the faults of a plan.

        `around` may wrap the faults of the plan; `hasty` is for plans with calls that hang.
        """
        self._rested()
        clock = self.clock = FakeClock()
        faults = Faults(plan)
        self.front.calls.clear()
        self.front.page_sizes = pages
        self.front.disturb = around(clock, faults)
        CredentialReports(clock.now, seconds=report_seconds, last=last_report).serve(self.front)
        connection = self._hasty if hasty else self.patient
        return Reading(ended(lambda: _verified(connection, timeout_s, clock)), clock, faults)

    def sleep(self, seconds: float) -> None:
        """Sleep on the clock of the current reading."""
        self.clock.sleep(seconds)


def _verified(connection: Connection, timeout_s: float, clock: FakeClock) -> Snapshot:
    """Do what `iam-audit scan --verify` does."""
    times: Any = {"clock": clock.now, "timer": clock.timer, "sleep": clock.sleep}
    snapshot = collect(connection, EVERYTHING, timeout_s=timeout_s, **times)
    names = doubtful_users(snapshot, rules())
    return verified(connection, snapshot, names, timeout_s=timeout_s - clock.timer(), **times) if names else snapshot


def ended(work: Callable[[], T]) -> T:
    """Return the result of some work once all its threads have ended, or raise its error; fail if it hangs."""
    before = {*threading.enumerate()}
    outcome: Future[T] = Future()
    threading.Thread(target=_settle, args=(outcome, work), name="reading", daemon=True).start()
    result = outcome.result(PATIENCE_S)
    while threads := [each for each in threading.enumerate() if each not in before and _is_ours(each)]:
        for thread in threads:
            if thread.ident is not None:  # otherwise it has not been started yet
                thread.join(PATIENCE_S)
                assert not thread.is_alive(), f"{thread} is left"
    return result


def _is_ours(thread: threading.Thread) -> bool:
    return "process_request" not in thread.name  # the server's own


def _settle(outcome: Future[T], work: Callable[[], T]) -> None:
    try:
        outcome.set_result(work())
    except BaseException as error:  # noqa: BLE001 - it is raised in the thread that waits for the result
        outcome.set_exception(error)


@contextmanager
def faulty_account(folder: Path) -> Iterator[FaultyAccount]:
    """Serve the account while the block runs, and point the environment to it; botocore sleeps on the fake clock."""
    with pytest.MonkeyPatch.context() as patch, policies_of_aws(), aws_server() as (url, front):
        lead_to(url, patch, folder)
        rested = _rest(patch)
        patient, hasty = (connect(LiveOptions(timeout_s=timeout_s), ask_code=None) for timeout_s in (60, HASTE_S))
        account = FaultyAccount(front, patient, hasty, _history(patient), rested)
        front.forget()
        patch.setattr("botocore.endpoint.time.sleep", account.sleep)
        yield account


@contextmanager
def policies_of_aws() -> Iterator[None]:
    """Let accounts that are created inside the block have AWS-managed policies, which moto leaves out by default."""
    with pytest.MonkeyPatch.context() as settings:
        settings.setenv("MOTO_IAM_LOAD_MANAGED_POLICIES", "true")
        yield


def _rest(patch: pytest.MonkeyPatch) -> Rest:
    """Return a function that resets the retry quotas of clients that are made from now on."""
    quotas: list[RetryQuota] = []

    def made() -> RetryQuota:
        quotas.append(RetryQuota())
        return quotas[-1]

    def rested() -> None:
        for quota in quotas:
            quota.release(RetryQuota.INITIAL_CAPACITY)

    patch.setattr("botocore.retries.quota.RetryQuota", made)
    return rested


def _history(connection: Connection) -> Made:
    """Fill the account, make a credential report as of two hours ago, and then change the users."""
    iam: Any = connection.iam
    _fill(iam)
    fill_singly(connection)
    two_hours_ago = NOW - timedelta(hours=2)
    iam.create_user(UserName=GONE)
    _date_everything()
    report = Made(report_of_moto(), two_hours_ago, two_hours_ago)
    iam.delete_user(UserName=GONE)
    _console_user(NEW, iam)
    _device(NEW, iam)
    _users()[NEW].create_date = NOW - timedelta(hours=1)
    return report


def _fill(iam: Any) -> None:
    for name in ("Admins", "Dev", "Empty"):
        iam.create_group(GroupName=name)
    for name, group in (("alice", "Admins"), ("bob", "Dev"), ("carol,jr", "Dev"), ("Dave", None)):
        _console_user(name, iam)
        if group:
            iam.add_user_to_group(GroupName=group, UserName=name)
    iam.create_user(UserName="deploy")
    iam.create_access_key(UserName="deploy")
    for name in ("alice", "bob"):
        _device(name, iam)
    document = json.dumps(DOCUMENT)
    iam.put_user_policy(UserName="Dave", PolicyName="own", PolicyDocument=document)
    for name in ("one", "two", "three"):
        iam.create_policy(PolicyName=name, PolicyDocument=document)
        iam.create_role(RoleName=f"role-{name}", AssumeRolePolicyDocument=document)
    iam.attach_user_policy(UserName="carol,jr", PolicyArn=f"{ACCOUNT}:policy/one")
    iam.attach_group_policy(GroupName="Dev", PolicyArn="arn:aws:iam::aws:policy/PowerUserAccess")
    iam.create_account_alias(AccountAlias="the-alias")
    iam.update_account_password_policy(MinimumPasswordLength=14, MaxPasswordAge=90)


def _console_user(name: str, iam: Any) -> None:
    iam.create_user(UserName=name)
    iam.create_login_profile(UserName=name, Password="Made-up-9-password!")


def _device(name: str, iam: Any) -> None:
    serial = iam.create_virtual_mfa_device(VirtualMFADeviceName=name)["VirtualMFADevice"]["SerialNumber"]
    codes = {"AuthenticationCode1": "123456", "AuthenticationCode2": "654321"}
    iam.enable_mfa_device(UserName=name, SerialNumber=serial, **codes)


def _date_everything() -> None:
    """Set the creation of all users to a month ago, instead of now by the machine's clock."""
    for user in _users().values():
        user.create_date = NOW - timedelta(days=30)
        for key in user.access_keys:
            key.create_date = user.create_date


def _users() -> Any:
    return {user.name: user for user in iam_backends[DEFAULT_ACCOUNT_ID]["aws"].users.values()}
