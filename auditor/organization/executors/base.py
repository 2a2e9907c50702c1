"""What executors have in common: the task for one account, and the result when its worker dies."""

from collections.abc import Callable, Iterable, Iterator
from typing import Protocol, TypeVar

from msgspec import Struct

from auditor.organization.records import Account

T = TypeVar("T")
Task = Callable[[Account, int], T]
"""Do something with an account, given the number of the try, which starts at 1; a task can be pickled."""

MOST_TRIES = 2
"""How often the work on one account is begun if its worker dies."""


class Dead(Struct, frozen=True):
    """Report that every worker that worked on the account died; `tries` is how many."""

    tries: int


class Executor(Protocol):
    """Do the work on several accounts at the same time.

    `map` yields each account once, with what the task returned, as soon as it is done. An exception of the task ends
    it. A worker that dies costs only its own account a try.
    """

    def map(self, task: Task[T], accounts: Iterable[Account]) -> Iterator[tuple[Account, T | Dead]]:
        """Yield each account with what the task returned for it."""
