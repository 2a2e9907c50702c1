"""Signals: an interrupted run ends at once and leaves no unfinished file behind."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import NoReturn

_ENDING = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]
_SHOW_CURSOR = b"\x1b[?25h"  # the progress display hides it
_unfinished: set[Path] = set()


@contextmanager
def caught() -> Iterator[None]:
    """Handle signals: inside the block, one ends the process with exit code 128 plus its number; later, it kills it.

    The handler itself ends the process. An exception would be lost where Python cannot raise one (`__del__`, callbacks
    of weak references while a module is imported), might be caught, and would have to wait for every thread.
    A signal that is ignored, as under nohup or in a shell's background, stays ignored.
    """
    taken = [number for number in _ENDING if signal.getsignal(number) is not signal.SIG_IGN]
    for number in taken:
        signal.signal(number, _end)
    try:
        yield
    finally:
        for number in taken:  # no handler can run while the interpreter shuts down
            signal.signal(number, signal.SIG_DFL)


@contextmanager
def unfinished(path: Path) -> Iterator[None]:
    """Remove a file, if it exists, at the end of the block or when a signal ends the process."""
    _unfinished.add(path)
    try:
        yield
    finally:
        with suppress(OSError):
            path.unlink(missing_ok=True)
        _unfinished.discard(path)


def _end(number: int, _frame: FrameType | None) -> NoReturn:
    for each in _ENDING:
        signal.signal(each, _nothing)
    for path in _unfinished:
        with suppress(OSError):
            path.unlink(missing_ok=True)
    _write_to_stderr(f"iam-audit: interrupted by {signal.Signals(number).name}\n".encode())
    os._exit(128 + number)


def _nothing(_number: int, _frame: FrameType | None) -> None:
    """Ignore a further signal. With SIG_IGN, Python would complain on stderr about one that has just arrived."""


def _write_to_stderr(message: bytes) -> None:
    """Write to stderr without its buffer, which the signal may have interrupted."""
    terminal = os.isatty(2) and os.environ.get("TERM", "dumb") != "dumb"
    with suppress(OSError):
        os.write(2, (_SHOW_CURSOR + b"\n" if terminal else b"") + message)
