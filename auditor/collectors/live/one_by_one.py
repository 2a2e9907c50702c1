"""One by one: AWS asked about single entities, several at a time, until all are asked or it is no use."""

from collections.abc import Callable, Iterable
from queue import Empty, SimpleQueue
from typing import Generic, NamedTuple, TypeVar

from auditor.collectors.answers import DENIED_CODES
from auditor.collectors.live.refusals import FAULTS, ended, error_code
from auditor.collectors.live.side_by_side import Deadline, side_by_side

T = TypeVar("T")

THREADS = 8


class Answers(NamedTuple, Generic[T]):
    """What AWS said of each entity, the error of each whose call failed, and how many it said nothing about in time.

    `final` is the error because of which it was asked about no more of them.
    """

    answers: dict[str, T]
    errors: dict[str, Exception]
    unasked: int
    final: Exception | None


def one_by_one(names: Iterable[str], ask: Callable[[str], T], deadline: Deadline) -> Answers[T]:
    """Ask about each of the named entities, until it is no use.

    That is when the credentials have ended, or nothing was told but denials: a single one may be of one entity alone.
    """
    asking = _Asking(names, ask, deadline)
    everybody = asking.waiting()
    threads = min(THREADS, everybody) if deadline.left() else 0
    side_by_side(dict.fromkeys(range(threads), asking.work), deadline)
    answers, errors = dict(asking.answers), dict(asking.errors)
    return Answers(answers, errors, everybody - len(answers) - len(errors), asking.final())


class _Asking(Generic[T]):
    """Hold who is still to be asked about, and what was said so far."""

    def __init__(self, names: Iterable[str], ask: Callable[[str], T], deadline: Deadline) -> None:
        self.answers: dict[str, T] = {}
        self.errors: dict[str, Exception] = {}
        self._ask = ask
        self._deadline = deadline
        self._names: SimpleQueue[str] = SimpleQueue()
        for name in names:
            self._names.put(name)

    def waiting(self) -> int:
        """Return how many nobody has asked about yet."""
        return self._names.qsize()

    def work(self) -> None:
        """Take names from the queue until it is empty, the time is over, or nothing more will be told."""
        while self._deadline.left() and self.final() is None:
            try:
                name = self._names.get_nowait()
            except Empty:
                return
            try:
                self.answers[name] = self._ask(name)
            except FAULTS as error:
                self.errors[name] = error

    def final(self) -> Exception | None:
        """Return the error that would meet the calls about all other entities too, None while there is none."""
        errors = tuple(self.errors.values())
        denials = [] if self.answers else [error for error in errors if error_code(error) in DENIED_CODES]
        over = denials if len(denials) >= THREADS else [error for error in errors if ended(error)]
        return next(iter(over), None)
