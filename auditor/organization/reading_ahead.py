"""Reading ahead: while one thing is worked on, the next ones are being read."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

W = TypeVar("W")
T = TypeVar("T")

READERS = 32
"""How many are read side by side: a store far away answers each after tens of milliseconds."""


def read_ahead(read: Callable[[W], T], wanted: Iterable[W], readers: int = READERS) -> Iterator[T]:
    """Yield what `read` returns of each, in their order; raise what it raises at the first one that fails.

    So many are read at a time, and no more than twice as many are held in memory.
    """
    with ThreadPoolExecutor(readers, thread_name_prefix="reader") as pool:
        try:
            begun: deque[Future[T]] = deque()
            for each in wanted:
                begun.append(pool.submit(read, each))
                if len(begun) == 2 * readers:
                    yield begun.popleft().result()
            while begun:
                yield begun.popleft().result()
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
