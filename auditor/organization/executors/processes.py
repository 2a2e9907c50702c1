"""Processes: judging stored accounts needs the processor, which threads of one process would share.

Each process works on one account at a time, so that the account of a process that dies (for lack of memory, say) is
known. The process pool of concurrent.futures instead fails all waiting accounts when one process dies.
"""

import signal
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import suppress
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnContext
from multiprocessing.process import BaseProcess
from typing import Any, TypeVar

from msgspec import Struct

from auditor.errors import AuditError
from auditor.organization.executors.base import MOST_TRIES, Dead, Task
from auditor.organization.records import Account

T = TypeVar("T")
_READY = "ready"
_END_S = 5.0  # how long a process may take to end


class Processes(Struct, frozen=True):
    """Work on `count` accounts at the same time, each in its own process."""

    count: int

    def map(self, task: Task[T], accounts: Iterable[Account]) -> Iterator[tuple[Account, T | Dead]]:
        """Yield each account with what the task returned for it; raise what it raises."""
        pool = _Pool(task, accounts, self.count)
        try:
            yield from pool.work()
        finally:
            pool.end()


class _Pool:
    """Send accounts to processes, one at a time, and replace a process that died."""

    def __init__(self, task: Task[Any], accounts: Iterable[Account], count: int) -> None:
        self._task = task
        self._context: SpawnContext = get_context("spawn")  # a fork would copy threads and their locks
        self._waiting = deque((account, 1) for account in accounts)
        self._workers: dict[Connection, _Worker] = {}
        self._count = min(count, len(self._waiting))

    def work(self) -> Iterator[tuple[Account, Any]]:
        """Yield each account with its result."""
        for _ in range(self._count):
            self._start()
        while self._workers:
            for connection in wait(list(self._workers)):
                if isinstance(connection, Connection):
                    yield from self._receive(self._workers[connection])

    def end(self) -> None:
        """End the processes, even while they work."""
        for worker in self._workers.values():
            worker.connection.close()
            worker.process.terminate()
        for worker in self._workers.values():
            worker.process.join(_END_S)
        self._workers.clear()

    def _start(self) -> None:
        ours, theirs = self._context.Pipe()
        process = self._context.Process(target=_serve, args=(theirs, self._task), daemon=True)
        process.start()
        theirs.close()  # so that the end of the process is the end of the connection
        self._workers[ours] = _Worker(process, ours)

    def _receive(self, worker: "_Worker") -> Iterator[tuple[Account, Any]]:
        try:
            kind, value = worker.connection.recv()
        except (EOFError, ConnectionResetError):
            yield from self._died(worker)
            return
        if isinstance(value, BaseException):
            raise value
        done = worker.given
        if kind != _READY and done is not None:
            yield done[0], value
        self._give(worker)

    def _give(self, worker: "_Worker") -> None:
        worker.ready = True
        worker.given = self._waiting.popleft() if self._waiting else None
        if worker.given is None:
            self._dismiss(worker)
            return
        with suppress(BrokenPipeError):  # it died meanwhile: the next wait finds that
            worker.connection.send(worker.given)

    def _died(self, worker: "_Worker") -> Iterator[tuple[Account, Any]]:
        self._dismiss(worker)
        if not worker.ready:
            code = worker.process.exitcode
            raise AuditError(f"a worker process ended with code {code} before it began", "Use --executor threads.")
        if worker.given is not None:
            account, tries = worker.given
            if tries < MOST_TRIES:
                self._waiting.append((account, tries + 1))
            else:
                yield account, Dead(tries)
        if self._waiting:
            self._start()

    def _dismiss(self, worker: "_Worker") -> None:
        del self._workers[worker.connection]
        worker.connection.close()
        worker.process.join(_END_S)


class _Worker:
    """Hold a process, the connection to it, and the account that it works on, with the number of the try."""

    def __init__(self, process: BaseProcess, connection: Connection) -> None:
        self.process = process
        self.connection = connection
        self.given: tuple[Account, int] | None = None
        self.ready = False


def _serve(connection: Connection, task: Task[Any]) -> None:
    """Work on accounts until there are no more; the parent process handles interruptions."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    connection.send((_READY, None))
    with suppress(EOFError, BrokenPipeError, ConnectionResetError):  # the parent process ended
        while True:
            account, tries = connection.recv()
            connection.send(("done", _outcome(task, account, tries)))


def _outcome(task: Task[Any], account: Account, tries: int) -> Any:
    try:
        return task(account, tries)
    except AuditError as error:
        return error
