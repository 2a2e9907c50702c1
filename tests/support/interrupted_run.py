"""Runs of the command line that get a signal at a chosen moment, each in a process forked from this one.

test_writing.py starts this program with a folder; standard input says what to run, as JSON, and the program prints
the outcome of every run. Forking avoids starting an interpreter for each.
"""

import atexit
import errno
import json
import os
import signal
import sys
import threading
from collections.abc import Callable, Sequence
from functools import partial
from importlib import import_module
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn

import click

import auditor.report.audit
import auditor.writers.json
from auditor.console.cli import main
from auditor.judging.registry import load_rules

Strike = Callable[[], None]
OLD = b"old"
REPORTS = ("a.json", "b.json")
WRITING = ("auditor/writers/files.py", "auditor/writers/paths.py", "auditor/signals.py", "auditor/console/scanning.py")
"""The modules in which a signal is sent at every line."""
LONGEST = 60  # seconds, after which a run is killed
TRIALS = 2  # trial files, one for each report; the temporary files of the reports come after them


def at_event(strike: Strike, event: str, nth: int = 1, holding: str = "") -> None:
    """Send the signal when Python is about to do something for the nth time: open or rename a file, import a module."""
    seen = 0

    def hook(name: str, arguments: tuple[Any, ...]) -> None:
        nonlocal seen
        if name == event and holding in str(arguments[0]):
            seen += 1
            if seen == nth:
                strike()

    sys.addaudithook(hook)


def at_call(strike: Strike, owner: Any, name: str, nth: int = 1, *, after: bool = False) -> None:
    """Send the signal before or after the nth call of a function."""
    original, calls = getattr(owner, name), 0

    def called(*arguments: Any, **keywords: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == nth and not after:
            strike()
        result = original(*arguments, **keywords)
        if calls == nth and after:
            strike()
        return result

    setattr(owner, name, called)


def in_mid_write(strike: Strike) -> None:
    original = auditor.writers.json.write

    def write(report: Any, stream: Any) -> None:
        stream.write(b"half")
        stream.flush()
        strike()
        original(report, stream)

    auditor.writers.json.write = write


def in_cleaning_up(strike: Strike) -> None:
    """Send the signal when a temporary file is about to be removed because the disk is full."""

    def full() -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    at_call(full, os, "fsync")
    at_event(strike, "os.remove", TRIALS + 1)


def in_printing(strike: Strike) -> None:
    original = click.echo

    def echo(message: Any = None, *arguments: Any, **keywords: Any) -> None:
        if message.startswith("Wrote"):
            strike()
        original(message, *arguments, **keywords)

    click.echo = echo


class Doomed:
    """An object that sends the signal when it is collected: an exception raised there is lost."""

    def __init__(self, strike: Strike) -> None:
        self.strike = strike

    def __del__(self) -> None:
        self.strike()


def where_exceptions_are_lost(strike: Strike) -> None:
    def collected() -> None:
        Doomed(strike)

    at_call(collected, auditor.report.audit, "evaluate")


def in_shutdown(strike: Strike) -> None:
    atexit.register(strike)


def at_the_very_end(strike: Strike) -> None:
    vars(sys)["doomed"] = Doomed(strike)  # lives until modules are cleared at shutdown


def twice(strike: Strike) -> None:
    """Send the signal, and the other signals when the handler removes the temporary file."""

    def again() -> None:
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            kill(number)

    at_event(again, "os.remove", TRIALS + 1)
    at_call(strike, os, "fsync")


def beside_a_thread(strike: Strike) -> None:
    threading.Thread(target=threading.Event().wait).start()
    at_call(strike, os, "fsync")


def while_it_waits_for_a_thread(strike: Strike) -> None:
    def wait() -> None:
        threading.Thread(target=strike).start()
        threading.Event().wait()

    at_call(wait, auditor.report.audit, "evaluate")


def while_it_is_ignored(strike: Strike) -> None:
    """Send a signal that is ignored in a shell's background job or under nohup."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    at_call(strike, os, "fsync")


def while_a_library_is_imported(strike: Strike) -> None:
    sys.argv += ["--query", "findings"]
    at_event(strike, "import", holding="jmespath")


def nowhere(_: Strike) -> None:
    """Do not send a signal."""


MOMENTS: dict[str, Callable[[Strike], None]] = {
    "never": nowhere,
    "while the place is tried": lambda strike: at_event(strike, "open", holding=".tmp"),
    "when the trial has been made": lambda strike: at_event(strike, "os.remove"),
    "before the temporary file is made": lambda strike: at_event(strike, "open", TRIALS + 1, ".tmp"),
    "when the temporary file is there": lambda strike: at_call(strike, os, "fdopen"),
    "in mid-write": in_mid_write,
    "at fsync": lambda strike: at_call(strike, os, "fsync"),
    "before the rename": lambda strike: at_event(strike, "os.rename"),
    "after the rename": lambda strike: at_call(strike, os, "replace", after=True),
    "between two renames": lambda strike: at_event(strike, "os.rename", 2),
    "while the folder is synchronised": lambda strike: at_call(strike, os, "fsync", 3),
    "while a failed write is cleaned up": in_cleaning_up,
    "while a library is imported": while_a_library_is_imported,
    "where exceptions are lost": where_exceptions_are_lost,
    "while the exit message is printed": in_printing,
    "while the interpreter shuts down": in_shutdown,
    "at the interpreter's very end": at_the_very_end,
    "twice": twice,
    "beside a thread that does not end": beside_a_thread,
    "while it waits for a thread": while_it_waits_for_a_thread,
    "while it is ignored": while_it_is_ignored,
}


def at_nth_event(number: int, act: Strike) -> None:
    """Act at the given audit event of the run, of any kind."""
    seen = 0

    def hook(*_: object) -> None:
        nonlocal seen
        seen += 1
        if seen == number:
            act()

    sys.addaudithook(hook)


def at_nth_line(number: int, act: Strike) -> None:
    """Act at the given line that is executed in the WRITING modules."""
    seen = 0

    def trace(frame: FrameType, event: str, _: object) -> Any:
        nonlocal seen
        if not frame.f_code.co_filename.endswith(WRITING):
            return None
        if event == "line":
            seen += 1
            if seen == number:
                act()
        return trace

    sys.settrace(trace)


class Runs:
    """Runs that write two reports over old ones, in a folder with a snapshot."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.known = {OLD: "old"}
        self.outcome(nowhere)
        self.known[(folder / REPORTS[0]).read_bytes()] = "new"

    def outcome(self, prepare: Callable[[Strike], None], act: Strike = lambda: None) -> dict[str, Any]:
        """Run the command line, and return how it ended and what is in the folder afterwards."""
        for name in REPORTS:
            (self.folder / name).write_bytes(OLD)
        process = os.fork()
        if not process:
            self._run(prepare, act)
        code = os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])
        files = {path.name: path.read_bytes() for path in self.folder.iterdir()}
        for path in self.folder.glob(".*"):
            path.unlink()
        return {
            "code": code if code >= 0 else 128 - code,  # as a shell shows it
            "err": files["err"].decode(),
            "reports": [self.known.get(files[name], "torn") for name in REPORTS],
            "left": sorted(set(files) - {"snapshot.json", "err", *REPORTS}),
        }

    def _run(self, prepare: Callable[[Strike], None], act: Strike) -> NoReturn:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        os.dup2(os.open(self.folder / "err", os.O_WRONLY | os.O_CREAT | os.O_TRUNC), 2)
        outputs = [argument for name in REPORTS for argument in ("-o", str(self.folder / name))]
        shown = ["--format", "json", "--as-of", "2026-11-24T05:00:00Z"]
        sys.argv = ["iam-audit", "scan", "--snapshot", str(self.folder / "snapshot.json"), *shown, *outputs]
        signal.alarm(LONGEST)
        prepare(act)
        sys.exit(main())


def kill(number: int, *, send: Callable[[int, int], None] = os.kill, own: Callable[[], int] = os.getpid) -> None:
    """Send this process a signal, which its main thread gets, even after modules were cleared at shutdown."""
    send(own(), number)


def moments(folder: Path, orders: Sequence[tuple[str, int]]) -> list[Any]:
    """Send each signal at its named moment."""
    runs = Runs(folder)
    return [runs.outcome(MOMENTS[name], partial(kill, number)) for name, number in orders]


def import_the_rest() -> None:
    """Import what each run would import again, but for the modules in whose lines a signal is tried."""
    for name in ("collectors.saved", "console.commands.scan", "console.showing", "selection.plan"):
        import_module(f"auditor.{name}")
    load_rules()


def sweep(folder: Path, kind: str, first: int, step: int, number: int) -> list[Any]:
    """Send a signal at every step-th point of a kind, until a run ends before the point."""
    if kind == "line":
        import_the_rest()
    runs = Runs(folder)
    place = {"event": at_nth_event, "line": at_nth_line}[kind]
    found: list[Any] = []
    while not found or found[-1]["code"]:
        found.append(runs.outcome(partial(place, first + step * len(found)), partial(kill, number)))
    return found


if __name__ == "__main__":
    for name in ("SIGTERM", "SIGHUP"):  # even if the caller ignores them
        signal.signal(getattr(signal, name), signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    order, *arguments = json.load(sys.stdin)
    carry_out: dict[str, Callable[..., list[Any]]] = {"moments": moments, "sweep": sweep}
    json.dump(carry_out[order](Path(sys.argv[1]), *arguments), sys.stdout)
