"""Signals: a run that is interrupted ends at once, wherever it is, and leaves no unfinished file behind."""

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
    """Have a signal end the process with 128 and the signal's number while the block runs, and kill it afterwards.

    The handler itself ends the process. An exception would be lost where Python can raise none (`__del__`, callbacks
    of weak references while a module is imported), may be caught on its way, and has to wait for every thread.
    A signal that is ignored, as under nohup or in a shell's background, stays so.
    """
    taken = [number for number in _ENDING if signal.getsignal(number) is not signal.SIG_IGN]
    for number in taken:
        signal.signal(number, _end)
    try:
        yield
    finally:
        for number in taken:  # while the interpreter takes itself apart no handler can run
            signal.signal(number, signal.SIG_DFL)


@contextmanager
def unfinished(path: Path) -> Iterator[None]:
    """Have a file removed at the end of the block, should it be there; likewise if a signal ends the process."""
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
    _tell(f"iam-audit: interrupted by {signal.Signals(number).name}\n".encode())
    os._exit(128 + number)


def _nothing(_number: int, _frame: FrameType | None) -> None:
    """Take a further signal; set to SIG_IGN, one that had just arrived would be complained of on stderr."""


def _tell(message: bytes) -> None:
    """Write to stderr past its buffer, in the middle of which the signal may have come."""
    terminal = os.isatty(2) and os.environ.get("TERM", "dumb") != "dumb"
    with suppress(OSError):
        os.write(2, (_SHOW_CURSOR + b"\n" if terminal else b"") + message)
