"""Reads ahead: while one item is processed, threads read the next ones."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

W = TypeVar("W")
T = TypeVar("T")

READERS = 32
"""How many items are read at the same time: a remote store takes tens of milliseconds for each."""


def read_ahead(read: Callable[[W], T], wanted: Iterable[W], readers: int = READERS) -> Iterator[T]:
    """Yield what `read` returns for each item, in order; raise what it raises for the first item that fails.

    `readers` threads read at a time, and at most twice as many results are held in memory.
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
