"""Side by side: pieces of work in separate threads, which end at a deadline or with the process."""

from collections.abc import Callable, Mapping
from concurrent.futures import Future
from queue import Empty, SimpleQueue
from threading import Event, Thread
from typing import TypeVar

K = TypeVar("K")
T = TypeVar("T")

Ended = SimpleQueue[tuple[K, Future[T]]]


class Deadline:
    """Measure the time that is left; once `halted` is set, no time is left."""

    def __init__(self, timer: Callable[[], float], timeout_s: float, halted: Event | None = None) -> None:
        self.timeout_s = timeout_s
        self.halted = halted or Event()
        self._timer = timer
        self._end = timer() + timeout_s

    def left(self) -> float:
        """Return how many seconds are left, 0 if the time is over."""
        return 0.0 if self.halted.is_set() else max(self._end - self._timer(), 0.0)

    def within(self, timeout_s: float) -> "Deadline":
        """Return a deadline after this many seconds, but not later than this one."""
        return Deadline(self._timer, min(timeout_s, self.left()), self.halted)


def side_by_side(work: Mapping[K, Callable[[], T]], deadline: Deadline) -> dict[K, T]:
    """Return the results of the work that ended in time; raise what a piece of work raised.

    The threads are daemons, so that neither this function nor the end of the process waits for a call that hangs.
    """
    ended: Ended[K, T] = SimpleQueue()
    for key, do in work.items():
        Thread(target=_run, args=(key, do, ended), name=str(key), daemon=True).start()
    results: dict[K, T] = {}
    while len(results) < len(work):
        try:
            key, future = ended.get(timeout=deadline.left())
        except Empty:
            break
        results[key] = future.result()
    return results


def _run(key: K, do: Callable[[], T], ended: Ended[K, T]) -> None:
    future: Future[T] = Future()
    try:
        future.set_result(do())
    except BaseException as error:  # noqa: BLE001 - it is raised in the thread that waits for the result
        future.set_exception(error)
    ended.put((key, future))
