"""What an organization run costs: an account more than its audit, what a second process brings, and waiting for AWS."""

import gzip
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

from fake_organization import fake_organization
from measure import Row, at_most
from msgspec import structs
from organization_runs import manifest_of, nothing, work_of
from organizations_service import Member

from auditor.account.model import Snapshot
from auditor.account.snapshot import dump
from auditor.collectors.saved import load_snapshot
from auditor.organization import runs
from auditor.organization.executors.processes import Processes
from auditor.organization.executors.threads import Threads
from auditor.organization.records import Account, Receipt, State
from auditor.organization.storage import Folder
from auditor.organization.work import Work
from auditor.report.audit import audit
from auditor.report.report import dump_report
from auditor.testing import account, console_user, group, password_policy, policy, role

T = TypeVar("T")
USERS, GROUPS, ROLES, POLICIES = 500, 30, 100, 150
RUNS = 5
STORED = 200  # starting a process takes half a second, which thousands of accounts do not notice
LIVE, SIDE_BY_SIDE, LATENCY_S = 200, 32, 0.05


class _Timed(Work, frozen=True, kw_only=True):
    """Do the work, and note how long each account took (s), in both passes."""

    seconds: dict[str, float]

    def request(self, account: Account, tries: int = 1) -> Receipt | None:
        """Request the credential report of an account."""
        return self._noted(account, lambda: Work.request(self, account, tries))

    def __call__(self, account: Account, tries: int = 1) -> Receipt:
        """Work on an account."""
        return self._noted(account, lambda: Work.__call__(self, account, tries))

    def _noted(self, account: Account, do: Callable[[], T]) -> T:
        start = time.perf_counter()
        found = do()
        self.seconds[account.key] = self.seconds.get(account.key, 0) + time.perf_counter() - start
        return found


def rows(folder: Path) -> Iterator[Row]:
    """Measure runs over stored accounts, and over an organization that answers slowly."""
    path = folder / "account.json"
    path.write_bytes(dump(_large_account()))
    yield _account_row(folder, path)
    yield _processes_row(folder, path)
    yield _waiting_row(folder)


def _account_row(folder: Path, path: Path) -> Row:
    work = work_of(manifest_of([]), Folder(str(folder / "accounts")))

    def alone() -> None:
        snapshot = load_snapshot(path)
        gzip.compress(dump_report(audit(snapshot, work.plan.rules)), 1, mtime=0)

    numbers = iter(range(RUNS + 1))
    ratio = _least(lambda: work(Account(own_key=f"{next(numbers)}", source=str(path)))) / _least(alone)
    return at_most(f"organization: {USERS} users stored, processor time / load, audit and encode", ratio, 1.2)


def _processes_row(folder: Path, path: Path) -> Row:
    manifest = manifest_of(
        [Account(name=f"{number}", own_key=f"{number}", source=str(path)) for number in range(STORED)]
    )
    seconds = []
    for count in (1, 2):
        work = work_of(manifest, Folder(str(folder / f"by {count}")))
        start = time.perf_counter()
        runs.carry_out(manifest.accounts, work, Processes(count), nothing, live=False)
        seconds.append(time.perf_counter() - start)
    speed_up = seconds[0] / seconds[1]
    what = f"organization: {STORED} accounts of {USERS} users stored, two processes against one, wall time"
    return Row(what, f"{speed_up:.2f}", ">= 1.60", speed_up >= 1.6)


def _waiting_row(folder: Path) -> Row:
    """Measure accounts side by side against the longest one and a fair share of all, as each took in the run."""
    members = [Member(f"{10**11 + number}", f"team-{number}") for number in range(LIVE)]
    with fake_organization(folder, members) as served:
        served.latency_s = LATENCY_S
        roles = {each.id: f"arn:aws:iam::{each.id}:role/{served.role}" for each in members}
        manifest = manifest_of([Account(id=number, role_arn=arn) for number, arn in roles.items()])
        work = _Timed(**structs.asdict(work_of(manifest, Folder(str(folder / "live")))), seconds={})
        start = time.perf_counter()
        runs.carry_out(manifest.accounts, work, Threads(SIDE_BY_SIDE), nothing, live=True)
        seconds = time.perf_counter() - start
    states = runs.report_of(work.storage, manifest).summary.states
    if states[State.AUDITED] != LIVE:
        raise SystemExit(f"not all accounts were audited: {states}")
    share = max(work.seconds.values()) + sum(work.seconds.values()) / SIDE_BY_SIDE
    what = f"organization: {LIVE} accounts at {LATENCY_S * 1000:.0f} ms a call, {SIDE_BY_SIDE} side by side, wall time"
    return at_most(f"{what} / (longest + sum / {SIDE_BY_SIDE})", seconds / share, 1.5)


def _least(work: Callable[[], object]) -> float:
    """Return the least processor time of some runs, the first of which does not count."""
    work()
    found = []
    for _ in range(RUNS):
        start = time.process_time()
        work()
        found.append(time.process_time() - start)
    return min(found)


def _large_account() -> Snapshot:
    return account(
        users=[console_user(f"user-{number:04}", mfa=number % 10 != 0) for number in range(USERS)],
        groups=[group(f"group-{number}") for number in range(GROUPS)],
        roles=[role(f"role-{number}") for number in range(ROLES)],
        policies=[policy(f"policy-{number}") for number in range(POLICIES)],
        password=password_policy(),
    )
