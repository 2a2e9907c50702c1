"""Dask: a cluster of machines, with iam-audit and AWS credentials on each, does the work on accounts.

When a worker dies, Dask itself restarts its tasks several times, and counts the death against every task that the
worker had. So each try writes a mark to the storage before it begins. A try with a mark but no receipt killed its
worker, or ran beside one that did; such accounts are tried again one after the other, alone in the cluster.
"""

from collections.abc import Iterable, Iterator
from secrets import token_hex
from typing import Any, TypeVar

from distributed import Client, Future, LocalCluster, WorkerPlugin, as_completed, get_worker
from distributed.client import FutureCancelledError
from distributed.scheduler import KilledWorker
from msgspec import Struct

from auditor.errors import AuditError, SourceError
from auditor.organization.executors.base import MOST_TRIES, Dead, Task
from auditor.organization.names import folder_of
from auditor.organization.receipts import read_receipt
from auditor.organization.records import Account
from auditor.organization.storage import Storage

T = TypeVar("T")
LOCAL = "local"
_GONE = "Start the cluster again."


class Dask(Struct, frozen=True):
    """Work on accounts in the cluster of a scheduler, such as tcp://10.0.0.1:8786, or in a LOCAL one for this run.

    `workers` is the number of processes of a local cluster, None for Dask's own choice; `wait_s` is how long to wait
    for the scheduler (s).
    """

    address: str
    storage: Storage
    run: str
    workers: int | None = None
    wait_s: float = 30

    def map(self, task: Task[T], accounts: Iterable[Account]) -> Iterator[tuple[Account, T | Dead]]:
        """Yield the accounts with what the task returned; raise what it raises, or SourceError without a cluster."""
        with self._client() as client:
            plugin = _TaskPlugin(task, self.storage, self.run)
            client.register_plugin(plugin)
            try:
                yield from _mapped(client, plugin.name, list(accounts))
            except (FutureCancelledError, OSError) as error:
                raise SourceError("went away", _GONE, subject=f"the Dask scheduler {self.address}") from error
            client.unregister_worker_plugin(plugin.name)

    def _client(self) -> Any:
        try:
            if self.address == LOCAL:
                return Client(LocalCluster(n_workers=self.workers, threads_per_worker=1, dashboard_address=None))
            return Client(self.address, timeout=self.wait_s)
        except (OSError, TimeoutError, ValueError) as error:
            remedy = "Give the address that `dask scheduler` prints, such as tcp://10.0.0.1:8786."
            raise SourceError("cannot be reached", remedy, subject=f"the Dask scheduler {self.address}") from error


class _TaskPlugin(WorkerPlugin):  # type: ignore[misc]  # distributed has no types
    """Send the task to each worker once, also to workers that start later."""

    def __init__(self, task: Task[Any], storage: Storage, run: str) -> None:
        self.name = f"iam-audit-{token_hex(8)}"
        self.task = task
        self.storage = storage
        self.run = run


def _mapped(client: Any, name: str, accounts: list[Account]) -> Iterator[tuple[Account, Any]]:
    suspects: list[Account] = []
    waiting = {client.submit(_tried, name, account, 1, pure=False): account for account in accounts}
    for future in as_completed(list(waiting)):
        account = waiting.pop(future)
        found = _result(future)
        if isinstance(found, Dead):
            suspects.append(account)
        else:
            yield account, found
    for account in suspects:
        yield account, _result(client.submit(_tried, name, account, MOST_TRIES, pure=False))


def _result(future: Future) -> Any:
    try:
        found = future.result()
    except KilledWorker:
        return Dead(MOST_TRIES)
    if isinstance(found, AuditError):
        raise found
    return found


def _tried(name: str, account: Account, tries: int) -> Any:
    """Do the task for an account, unless this try was begun before, which means that its worker died."""
    plugin: _TaskPlugin = get_worker().plugins[name]
    mark = f"{plugin.run}/{folder_of(account)}/begun-{name}-{tries}"
    try:
        if not plugin.storage.add(mark, b""):
            return read_receipt(plugin.storage, plugin.run, account) or Dead(tries)
        found = plugin.task(account, tries)
        plugin.storage.remove(mark)
    except AuditError as error:
        return error
    return found
