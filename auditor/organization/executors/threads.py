"""Threads: works on many accounts at the same time in this process, as reading them live is mostly waiting."""

from collections.abc import Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from itertools import islice
from typing import TypeVar

from msgspec import Struct

from auditor.organization.executors.base import Dead, Task
from auditor.organization.records import Account

T = TypeVar("T")


class Threads(Struct, frozen=True):
    """Work on `count` accounts at the same time, each in its own thread."""

    count: int

    def map(self, task: Task[T], accounts: Iterable[Account]) -> Iterator[tuple[Account, T | Dead]]:
        """Yield each account with what the task returned for it; raise what it raises."""
        waiting = iter(accounts)
        with ThreadPoolExecutor(self.count, thread_name_prefix="account") as pool:
            try:
                running: dict[Future[T], Account] = {}
                while True:
                    for account in islice(waiting, self.count - len(running)):  # more would hold receipts in memory
                        running[pool.submit(task, account, 1)] = account
                    if not running:
                        return
                    for future in wait(running, return_when=FIRST_COMPLETED).done:
                        yield running.pop(future), future.result()
            finally:
                pool.shutdown(wait=False, cancel_futures=True)
