"""Executors: every account comes back once, a dead worker costs its own account one try, and no other is blamed."""

import os
import signal
import threading
from pathlib import Path

import pytest
from msgspec import Struct
from organization_runs import RUN, Deadly, Full, begun, manifest_of, nothing, stored_accounts, work_of

from auditor.errors import AuditError, OutputError
from auditor.organization import runs
from auditor.organization.executors.base import Dead, Executor
from auditor.organization.executors.processes import Processes
from auditor.organization.executors.threads import Threads
from auditor.organization.names import CAUSES, RECEIPT, REPORT
from auditor.organization.records import Account, State
from auditor.organization.storage import Folder

ACCOUNTS = [Account(id=f"{number:012}") for number in range(1, 12)]


class Echo(Struct, frozen=True):
    """Return the number of the account, and kill the process at one of them; `once`: the first time only."""

    deadly: str = ""
    once: str = ""
    broken: str = ""

    def __call__(self, account: Account, tries: int) -> tuple[str, int]:
        if account.id == self.broken:
            raise OutputError("no space left", "Make room.")
        if account.id == self.deadly and (not self.once or not Path(self.once).exists()):
            if self.once:
                Path(self.once).touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return str(account.id), tries


@pytest.mark.parametrize("executor", [Threads(1), Threads(4), Threads(40), Processes(1), Processes(3)], ids=repr)
def test_every_account_comes_back_once(executor: Executor) -> None:
    found = list(executor.map(Echo(), ACCOUNTS))
    assert sorted(account.key for account, _ in found) == [account.key for account in ACCOUNTS]
    assert all(result == (account.id, 1) for account, result in found)
    assert list(executor.map(Echo(), [])) == []


@pytest.mark.parametrize("executor", [Threads(3), Processes(2)], ids=repr)
def test_what_a_task_raises_ends_the_run_and_leaves_no_worker(executor: Executor) -> None:
    with pytest.raises(OutputError, match="no space left"):
        list(executor.map(Echo(broken=str(ACCOUNTS[3].id)), ACCOUNTS))
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("account")]


def test_a_process_that_dies_costs_its_account_one_try(tmp_path: Path) -> None:
    deadly = str(ACCOUNTS[5].id)
    found = list(Processes(2).map(Echo(deadly, str(tmp_path / "once")), ACCOUNTS))
    tries = {account.id: result[1] for account, result in found if not isinstance(result, Dead)}
    assert tries == {account.id: 2 if account.id == deadly else 1 for account in ACCOUNTS}


def test_an_account_that_kills_its_process_twice_is_dead_and_no_other() -> None:
    deadly = str(ACCOUNTS[5].id)
    found = list(Processes(2).map(Echo(deadly), ACCOUNTS))
    assert [account.id for account, result in found if isinstance(result, Dead)] == [deadly]
    assert len(found) == len(ACCOUNTS)


class Unpicklable:
    """Cannot be brought to a process."""

    def __reduce__(self) -> tuple[object, ...]:
        return (exec, ("raise SystemExit(3)",))

    def __call__(self, account: Account, tries: int) -> tuple[str, int]:
        return str(account.id), tries


def test_a_process_that_cannot_begin_is_one_error() -> None:
    with pytest.raises(AuditError, match="before it began"):
        list(Processes(2).map(Unpicklable(), ACCOUNTS))


STAGES = {
    "before its causes are stored": (CAUSES, False),
    "between causes and report": (REPORT, False),
    "before the receipt": (RECEIPT, False),
    "after the receipt": (RECEIPT, True),
}


@pytest.mark.parametrize(("where", "after"), STAGES.values(), ids=list(STAGES))
def test_a_process_killed_at_any_stage_changes_no_report(tmp_path: Path, where: str, after: bool) -> None:
    storage, manifest = begun(tmp_path, 4)
    runs.carry_out(manifest.accounts, work_of(manifest, storage), Threads(1), nothing, live=False)
    undisturbed = runs.report_of(storage, manifest)
    inner = Folder(str(tmp_path / "killed"))
    deadly = Deadly(inner, f"=0002.json/{where}", str(tmp_path / "once"), after=after)
    runs.carry_out(manifest.accounts, work_of(manifest, deadly), Processes(2), nothing, live=False)
    assert (tmp_path / "once").exists()
    again = runs.report_of(inner, manifest)
    assert again.accounts == undisturbed.accounts
    assert (again.summary, again.rules, again.causes) == (undisturbed.summary, undisturbed.rules, undisturbed.causes)


def test_a_poisonous_account_is_lost_and_named(tmp_path: Path) -> None:
    storage, manifest = begun(tmp_path, 4)
    deadly = Deadly(Folder(str(tmp_path / "runs")), f"=0002.json/{REPORT}")
    runs.carry_out(manifest.accounts, work_of(manifest, deadly), Processes(2), nothing, live=False)
    report = runs.report_of(storage, manifest)
    assert {account.name: account.state for account in report.accounts} == {
        "0002.json": State.LOST,
        "000000000001": State.AUDITED,
        "000000000003": State.AUDITED,
        "000000000004": State.AUDITED,
    }
    (lost,) = (account for account in report.accounts if account.state is State.LOST)
    assert lost.error is not None
    assert "died 2 times" in lost.error.message


def test_a_full_disk_ends_the_run_and_what_is_stored_stays(tmp_path: Path) -> None:
    manifest = manifest_of(stored_accounts(tmp_path / "accounts", 4))
    inner = Folder(str(tmp_path / "runs"))
    with pytest.raises(OutputError, match="No space left"):
        runs.carry_out(manifest.accounts, work_of(manifest, Full(inner, 7)), Threads(1), nothing, live=False)
    report = runs.report_of(inner, manifest)
    assert report.summary.states[State.AUDITED] == 2
    assert report.summary.states[State.UNFINISHED] == 2
    runs.carry_out(
        runs.unfinished(manifest, work_of(manifest, inner)), work_of(manifest, inner), Threads(1), nothing, live=False
    )
    assert runs.report_of(inner, manifest).summary.states[State.AUDITED] == 4
    assert not list((tmp_path / "runs" / RUN).rglob(".*"))
