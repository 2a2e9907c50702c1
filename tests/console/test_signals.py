"""Signals: a run may be interrupted anywhere, and what it writes is whole all the same."""

import json
import os
import pty
import re
import signal
import subprocess
import sys
import threading
from functools import partial
from pathlib import Path
from typing import Any

import exports_folder as folder_of
import pytest
from aws_server import Answer, Front
from conftest import Run
from interrupted_run import LONGEST, MOMENTS

from auditor.account.snapshot import dump
from auditor.testing import account, console_user, password_policy

SNAPSHOT = dump(account(users=[console_user("bob", mfa=False)], password=password_policy()))
PROGRAM = Path(__file__).parents[1] / "support/interrupted_run.py"
TEMPORARY = re.compile(r"\.iam-audit-[0-9a-f]{16}\.tmp")
HEEDING = "import signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler)"
"""Code that heeds Ctrl-C even if the tests were started so that it is ignored."""
OLD, NEW = "old", "new"


def interrupted_runs(folder: Path, *order: object) -> Any:
    """Return what became of the runs that interrupted_run.py is told to make."""
    (folder / "snapshot.json").write_bytes(SNAPSHOT)
    command = [sys.executable, str(PROGRAM), str(folder)]
    done = subprocess.run(command, input=json.dumps(order), capture_output=True, check=False, text=True)
    assert done.stderr == ""
    return json.loads(done.stdout)


BEFORE, BETWEEN, AFTER = [OLD, OLD], [NEW, OLD], [NEW, NEW]
SIGNALS = (signal.SIGINT, signal.SIGTERM)
REPORTS_THEN = {
    "while the place is tried": BEFORE,
    "when the trial has been made": BEFORE,
    "while a library is imported": BEFORE,
    "where exceptions are lost": BEFORE,
    "before the temporary file is made": BEFORE,
    "when the temporary file is there": BEFORE,
    "in mid-write": BEFORE,
    "at fsync": BEFORE,
    "while a failed write is cleaned up": BEFORE,
    "twice": BEFORE,
    "beside a thread that does not end": BEFORE,
    "while it waits for a thread": BEFORE,
    "before the rename": BEFORE,
    "after the rename": BETWEEN,
    "while the folder is synchronised": BETWEEN,
    "between two renames": BETWEEN,
    "while the exit message is printed": AFTER,
    "while the interpreter shuts down": AFTER,
    "at the interpreter's very end": AFTER,
}
UNHARMED = ("never", "while it is ignored")
SHUTDOWN = ("while the interpreter shuts down", "at the interpreter's very end")


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, int], Any]:
    """Return what became of a run for every moment and signal."""
    orders = [(name, int(number)) for name in MOMENTS for number in SIGNALS]
    return dict(zip(orders, interrupted_runs(tmp_path_factory.mktemp("moments"), "moments", orders), strict=True))


def test_every_moment_is_tried() -> None:
    assert set(MOMENTS) == {*REPORTS_THEN, *UNHARMED}


@pytest.mark.parametrize("moment", REPORTS_THEN)
@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_ends_the_run_and_leaves_whole_files_only(outcomes: Any, moment: str, number: int) -> None:
    outcome = outcomes[moment, number]
    assert outcome["reports"] == REPORTS_THEN[moment]
    assert outcome["left"] == []
    assert outcome["code"] == 128 + number
    ended = f"iam-audit: interrupted by {signal.Signals(number).name}\n"
    assert outcome["err"] == ended if moment not in SHUTDOWN else outcome["err"].endswith("audited, complete\n")


@pytest.mark.parametrize("moment", UNHARMED)
@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_that_is_ignored_stays_so(outcomes: Any, moment: str, number: int) -> None:
    outcome = outcomes[moment, number]
    assert (outcome["code"], outcome["reports"], outcome["left"]) == (0, AFTER, [])


@pytest.mark.parametrize(
    ("kind", "first", "step", "number"),
    [
        pytest.param("line", 2, 5, signal.SIGTERM, id="lines, terminated"),
        pytest.param("line", 31, 11, signal.SIGHUP, id="lines, hung up"),  # from where handlers are there
        pytest.param("event", 1, 7, signal.SIGINT, id="system calls and imports, interrupted"),
    ],
)
def test_a_signal_anywhere_leaves_whole_files_only(
    tmp_path: Path, kind: str, first: int, step: int, number: int
) -> None:
    *ended, last = interrupted_runs(tmp_path, "sweep", kind, first, step, int(number))
    assert (last["code"], last["reports"]) == (0, AFTER)
    assert len(ended) > 10
    assert {outcome["code"] for outcome in ended} == {128 + number}
    assert all(outcome["reports"] in (BEFORE, BETWEEN, AFTER) and not outcome["left"] for outcome in ended)
    assert not [outcome for outcome in ended if "Traceback" in outcome["err"]]


def test_a_run_that_is_killed_leaves_at_most_hidden_temporary_files(tmp_path: Path) -> None:
    *killed, _ = interrupted_runs(tmp_path, "sweep", "line", 3, 7, int(signal.SIGKILL))
    assert {outcome["code"] for outcome in killed} == {137}
    assert all(outcome["reports"] in (BEFORE, BETWEEN, AFTER) for outcome in killed)
    left = [name for outcome in killed for name in outcome["left"]]
    assert left
    assert all(TEMPORARY.fullmatch(name) for name in left)


def test_what_a_killed_run_left_is_never_read_nor_touched(run: Run, tmp_path: Path) -> None:
    exports = folder_of.write(tmp_path / "exports")
    left = exports / ".iam-audit-0123456789abcdef.tmp"
    left.write_text("half of a report")
    result = run("scan", "--exports", exports, "-o", exports / "r.json", "--allow-incomplete")
    assert result.code == 0
    assert left.read_text() == "half of a report"


@pytest.mark.parametrize("action", ["GetCallerIdentity", "GetAccountAuthorizationDetails", "GetCredentialReport"])
def test_a_live_scan_ends_while_aws_lets_it_wait(aws: Front, tmp_path: Path, monkeypatch: Any, action: str) -> None:
    asked, answering, answer = threading.Event(), threading.Event(), aws._answer

    def slow(environ: dict[str, Any], parameters: dict[str, str]) -> Answer | None:
        if parameters["Action"] == action:
            asked.set()
            answering.wait()
        return answer(environ, parameters)

    monkeypatch.setattr(aws, "_answer", slow)
    code = f"{HEEDING}; from auditor.console.cli import main; sys.exit(main())"
    command = [sys.executable, "-c", code, "scan", "-q", "-o", str(tmp_path / "r.json")]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    try:
        assert asked.wait(LONGEST)
        process.send_signal(signal.SIGINT)
        assert process.communicate(timeout=LONGEST)[1] == "iam-audit: interrupted by SIGINT\n"
    finally:
        answering.set()
    assert process.returncode == 130
    assert not (tmp_path / "r.json").exists()


def test_the_cursor_that_progress_hid_is_shown_again() -> None:
    code = (
        f"{HEEDING}\nfrom auditor.signals import caught\nfrom auditor.console.progress import show\n"
        "with caught(), show(sys.stderr): signal.raise_signal(signal.SIGINT)"
    )
    terminal, end = pty.openpty()
    process = subprocess.Popen([sys.executable, "-c", code], stderr=end, env={**os.environ, "TERM": "xterm"})
    os.close(end)
    shown = b"".join(iter(partial(_read, terminal), b"")).decode()
    os.close(terminal)
    assert process.wait() == 130
    assert "\x1b[?25l" in shown
    assert shown.rpartition("\x1b[?25h")[2].strip() == "iam-audit: interrupted by SIGINT"


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 4096)
    except OSError:  # so Linux tells that the other end is closed
        return b""


def test_a_caller_in_the_same_process_is_given_the_code(run: Run, tmp_path: Path, monkeypatch: Any) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", interrupted)
    (tmp_path / "s.json").write_bytes(SNAPSHOT)
    result = run("scan", "--snapshot", tmp_path / "s.json", "-o", tmp_path / "r.json")
    assert (result.code, result.err) == (130, "iam-audit: interrupted\n")
    assert [path.name for path in tmp_path.iterdir()] == ["s.json"]


def test_a_signal_while_the_program_itself_is_being_imported_is_no_traceback() -> None:
    code = (
        f"{HEEDING}; from auditor.__main__ import main\n"
        "sys.addaudithook(lambda event, given: event == 'import' and given[0] == 'click' and signal.raise_signal(2))\n"
        "sys.exit(main())"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "iam-audit: interrupted by SIGINT\n")
