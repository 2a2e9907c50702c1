"""Dask: a real scheduler and workers on this machine, workers that die, and a scheduler that does."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple

import dask
import pytest
from organization_runs import Deadly, begun, nothing, work_of

from auditor.errors import SourceError
from auditor.organization import runs
from auditor.organization.executors.dask import Dask
from auditor.organization.executors.threads import Threads
from auditor.organization.names import REPORT
from auditor.organization.records import State
from auditor.organization.storage import Folder

ENVIRONMENT = {**os.environ, "PYTHONPATH": str(Path(__file__).parent.parent / "support")}
_WAIT_S = 60
_ENDING_S = 15


class Cluster(NamedTuple):
    """A scheduler's address, and its process."""

    address: str
    scheduler: subprocess.Popen[bytes]


@contextmanager
def running(*arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run a command of Dask until the end of the block."""
    command = [sys.executable, "-m", "dask", *arguments]
    quiet = subprocess.DEVNULL
    with subprocess.Popen(command, stdout=quiet, stderr=quiet, env=ENVIRONMENT, start_new_session=True) as started:
        try:
            yield started
        finally:
            started.terminate()
            try:
                started.wait(_ENDING_S)
            except subprocess.TimeoutExpired:  # a nanny that starts a dead worker again just then never ends
                os.killpg(started.pid, signal.SIGKILL)


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    """Run a scheduler and two workers, each with a process that starts a dead one again."""
    file = tmp_path / "scheduler.json"
    with ExitStack() as processes:
        options = ("--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--scheduler-file", str(file))
        scheduler = processes.enter_context(running("scheduler", *options))
        end = time.monotonic() + _WAIT_S
        while not file.exists() and time.monotonic() < end:
            time.sleep(0.1)
        address = json.loads(file.read_text())["address"]
        worker = ("--nworkers", "2", "--nthreads", "1", "--no-dashboard", "--local-directory", str(tmp_path / "dask"))
        processes.enter_context(running("worker", address, *worker))
        yield Cluster(address, scheduler)


def test_a_cluster_finds_what_threads_find(tmp_path: Path, cluster: Cluster) -> None:
    storage, manifest = begun(tmp_path, 5)
    inner = Folder(str(tmp_path / "by threads"))
    runs.carry_out(manifest.accounts, work_of(manifest, inner), Threads(2), nothing, live=False)
    executor = Dask(cluster.address, storage, manifest.run)
    runs.carry_out(manifest.accounts, work_of(manifest, storage), executor, nothing, live=False)
    assert runs.report_of(storage, manifest).accounts == runs.report_of(inner, manifest).accounts


def test_a_poisonous_account_is_lost_and_no_innocent_one_is(tmp_path: Path, cluster: Cluster) -> None:
    storage, manifest = begun(tmp_path, 5)
    deadly = Deadly(Folder(str(tmp_path / "runs")), f"=0002.json/{REPORT}", log=str(tmp_path / "deaths"))
    executor = Dask(cluster.address, deadly, manifest.run)
    runs.carry_out(manifest.accounts, work_of(manifest, deadly), executor, nothing, live=False)
    report = runs.report_of(storage, manifest)
    assert report.summary.states[State.AUDITED] == 4
    assert [account.name for account in report.accounts if account.state is State.LOST] == ["0002.json"]
    assert len((tmp_path / "deaths").read_text().splitlines()) == 2


def test_a_scheduler_that_goes_away_ends_the_run_and_what_is_stored_stays(tmp_path: Path, cluster: Cluster) -> None:
    storage, manifest = begun(tmp_path, 5)
    executor = Dask(cluster.address, storage, manifest.run)

    def kill(*_: object) -> None:
        cluster.scheduler.kill()

    quickly = dask.config.set({"distributed.comm.timeouts.connect": "2s"})  # how long Dask tries to reach it again
    with quickly, pytest.raises(SourceError, match="went away"):
        runs.carry_out(manifest.accounts, work_of(manifest, storage), executor, kill, live=False)
    assert runs.report_of(storage, manifest).summary.states[State.AUDITED] >= 1


def test_a_scheduler_that_is_not_there_is_one_error(tmp_path: Path) -> None:
    storage, manifest = begun(tmp_path, 1)
    executor = Dask("tcp://127.0.0.1:1", storage, manifest.run, wait_s=1)
    with pytest.raises(SourceError, match="cannot be reached"):
        runs.carry_out(manifest.accounts, work_of(manifest, storage), executor, nothing, live=False)
