"""One by one: one call to AWS for each entity, in several threads, until all are read or further calls are useless."""

from collections.abc import Callable, Iterable
from queue import Empty, SimpleQueue
from typing import Generic, NamedTuple, TypeVar

from auditor.collectors.answers import DENIED_CODES
from auditor.collectors.live.refusals import FAULTS, ended, error_code
from auditor.collectors.live.side_by_side import Deadline, side_by_side

T = TypeVar("T")

THREADS = 8


class Answers(NamedTuple, Generic[T]):
    """Hold AWS's answer for each entity, the error of each failed call, and how many were not read in time.

    `final` is the error that stopped all further calls, or None.
    """

    answers: dict[str, T]
    errors: dict[str, Exception]
    unread: int
    final: Exception | None


def one_by_one(names: Iterable[str], call: Callable[[str], T], deadline: Deadline) -> Answers[T]:
    """Call AWS for each of the named entities, until further calls are useless.

    They are if the credentials have expired, or if all of several calls were denied: one denial may concern only one
    entity.
    """
    queue = _Queue(names, call, deadline)
    everybody = queue.waiting()
    threads = min(THREADS, everybody) if deadline.left() else 0
    side_by_side(dict.fromkeys(range(threads), queue.work), deadline)
    answers, errors = dict(queue.answers), dict(queue.errors)
    return Answers(answers, errors, everybody - len(answers) - len(errors), queue.final())


class _Queue(Generic[T]):
    """Hold the entities that are still to be read, and the answers and errors so far."""

    def __init__(self, names: Iterable[str], call: Callable[[str], T], deadline: Deadline) -> None:
        self.answers: dict[str, T] = {}
        self.errors: dict[str, Exception] = {}
        self._call = call
        self._deadline = deadline
        self._names: SimpleQueue[str] = SimpleQueue()
        for name in names:
            self._names.put(name)

    def waiting(self) -> int:
        """Return how many entities are still to be read."""
        return self._names.qsize()

    def work(self) -> None:
        """Take names from the queue until it is empty, the time is over, or further calls are useless."""
        while self._deadline.left() and self.final() is None:
            try:
                name = self._names.get_nowait()
            except Empty:
                return
            try:
                self.answers[name] = self._call(name)
            except FAULTS as error:
                self.errors[name] = error

    def final(self) -> Exception | None:
        """Return the error that all further calls would have too, None while there is none."""
        errors = tuple(self.errors.values())
        denials = [] if self.answers else [error for error in errors if error_code(error) in DENIED_CODES]
        over = denials if len(denials) >= THREADS else [error for error in errors if ended(error)]
        return next(iter(over), None)
