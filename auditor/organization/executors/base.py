"""What executors have in common: the work on one account, and what becomes of it when its worker dies."""

from collections.abc import Callable, Iterable, Iterator
from typing import Protocol, TypeVar

from msgspec import Struct

from auditor.organization.records import Account

T = TypeVar("T")
Task = Callable[[Account, int], T]
"""Do something with an account, for the first or second time; it survives pickle."""

MOST_TRIES = 2
"""How often the work on one account is begun where its worker dies of it."""


class Dead(Struct, frozen=True):
    """Say that each worker which was given the account died of it, and how many did."""

    tries: int


class Executor(Protocol):
    """Do the work on accounts side by side.

    `map` yields each account once, with what the task returned, as it is ready. What the task raises ends it. A dead
    worker costs its own account one try, and no other.
    """

    def map(self, task: Task[T], accounts: Iterable[Account]) -> Iterator[tuple[Account, T | Dead]]:
        """Yield the accounts with what the task returned for each."""
