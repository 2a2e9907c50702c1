"""What may happen to a file: two writers, a kill, a full disk, damage. Nothing is lost, and a message says why."""

import re
import resource
import signal
import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import pytest
from conftest import Run
from nights import BOB, EVE, FIXED, MEMORY, added, night, people
from other_user import without_rights

from auditor.errors import OutputError, SourceError
from auditor.history import store
from auditor.history.aged import open_findings
from auditor.history.schema import APPLICATION_ID, VERSION
from auditor.history.wanted import Wanted
from auditor.report.report import dump_report

ADD = [sys.executable, "-m", "auditor", "history", "add", "--history", "h.db"]
NIGHTS = [night(day, people(BOB) if day % 3 else people(FIXED, EVE)) for day in range(8)]
SUPPORT = Path(__file__).parents[1] / "support"


@pytest.fixture
def reports(folder: Path) -> list[str]:
    """Write the reports of eight nights into the working folder, and return their names."""
    for day, report in enumerate(NIGHTS):
        (folder / f"{day}.json").write_bytes(dump_report(report))
    return [f"{day}.json" for day in range(len(NIGHTS))]


def count(folder: Path) -> int:
    with closing(sqlite3.connect(folder / "h.db")) as connection:
        return int(connection.execute("SELECT count(*) FROM run").fetchone()[0])


def test_writers_at_the_same_time_lose_nothing(folder: Path, reports: list[str], run: Run) -> None:
    def add(names: list[str]) -> int:
        return subprocess.run([*ADD, *names], cwd=folder, check=False, capture_output=True).returncode

    with ThreadPoolExecutor(4) as pool:
        codes = list(pool.map(add, [reports[:4], reports[2:6], reports[4:], reports]))
    assert codes == [0, 0, 0, 0]
    assert count(folder) == len(reports)
    assert run("history", "verify", "--history", "h.db", *reports).code == 0


KILLED = """
import os, signal, sys
sys.path.insert(0, {support!r})
from nights import *
from auditor.history import adding, ledger, runs, tracking
from auditor.history.store import writing
here, at = {step!r}, {number}
seen = 0
with writing("h.db") as connection:
    def trace(statement):
        global seen
        if statement.startswith(here):
            seen += 1
            if seen == at:
                os.kill(os.getpid(), signal.SIGKILL)
    connection.set_trace_callback(trace)
    report = night(7, people(FIXED, EVE))
    adding.add(connection, report, digest_of(report), "the report")
"""


@pytest.mark.parametrize(
    ("step", "number"),
    [
        ("INSERT INTO run", 1),
        ("INSERT INTO observation", 1),
        ("DELETE FROM verdict", 1),
        ("INSERT INTO verdict", 1),
        ("INSERT INTO tracked", 1),
        ("INSERT INTO state", 2),
        ("UPDATE run", 1),
        ("COMMIT", 1),
    ],
)
def test_a_kill_at_any_step_leaves_what_was_there(folder: Path, run: Run, step: str, number: int) -> None:
    added(folder / "h.db", night(1, people(BOB)), night(2, people(BOB)))
    code = KILLED.format(support=str(SUPPORT), step=step, number=number)
    done = subprocess.run([sys.executable, "-c", code], cwd=folder, check=False, capture_output=True)
    assert done.returncode == -signal.SIGKILL, done.stderr
    assert count(folder) == 2
    assert run("history", "verify", "--history", "h.db").code == 0
    added(folder / "h.db", night(7, people(FIXED, EVE)))
    assert run("history", "verify", "--history", "h.db").code == 0


PRUNED = """
import os, signal, sqlite3
from datetime import date
from auditor.history import store
from auditor.history.door import History
step, opened = {step!r}, store._opened
def traced(*arguments):
    connection = opened(*arguments)
    kill = lambda text: os.kill(os.getpid(), signal.SIGKILL) if text.lstrip().startswith(step) else None
    connection.set_trace_callback(kill)
    return connection
store._opened = traced
History("h.db").prune(date(2026, 11, 28))
"""


@pytest.mark.parametrize("step", ["DELETE FROM verdict", "UPDATE run", "DELETE FROM document", "COMMIT", "VACUUM"])
def test_a_kill_while_pruning_leaves_a_history_that_can_be_pruned(folder: Path, run: Run, step: str) -> None:
    added(folder / "h.db", *NIGHTS[:6])
    before = run("history", "show", "--history", "h.db").out
    code = PRUNED.format(step=step)
    done = subprocess.run([sys.executable, "-c", code], cwd=folder, check=False, capture_output=True)
    assert done.returncode == -signal.SIGKILL, done.stderr
    assert count(folder) == 6
    assert run("history", "verify", "--history", "h.db").code == 0
    assert run("history", "show", "--history", "h.db").out == before
    pruned = run("history", "prune", "--history", "h.db", "--before", "2026-11-28")
    assert pruned.err.startswith(f"Pruned {0 if step == 'VACUUM' else 4} runs: ")
    assert run("history", "verify", "--history", "h.db").code == 0


def test_a_disk_without_space_while_pruning_is_told(folder: Path, run: Run) -> None:
    added(folder / "h.db", *NIGHTS)
    size = (folder / "h.db").stat().st_size
    done = subprocess.run(
        [*ADD[:3], "history", "prune", "--history", "h.db", "--before", "2026-11-28"],
        cwd=folder,
        check=False,
        capture_output=True,
        text=True,
        preexec_fn=lambda: limited(size // 3),
    )
    assert done.returncode == 3
    assert "Traceback" not in done.stderr
    assert "the deleted rows are still in the file" in done.stderr or "stored before is still there" in done.stderr
    assert run("history", "verify", "--history", "h.db").code == 0
    assert run("history", "prune", "--history", "h.db", "--before", "2026-11-28").code == 0


def test_reports_are_added_while_others_are_pruned(folder: Path, reports: list[str], run: Run) -> None:
    added(folder / "h.db", *NIGHTS[:4])

    def work(words: list[str]) -> int:
        command = [*ADD[:4], *words]
        return subprocess.run(command, cwd=folder, check=False, capture_output=True).returncode

    prune = ["prune", "--history", "h.db", "--before", "2026-11-26"]
    with ThreadPoolExecutor(3) as pool:
        codes = list(pool.map(work, [["add", "--history", "h.db", *reports[4:]], prune, prune]))
    assert codes[0] == 0
    assert set(codes) <= {0, 3}  # the file may be busy while its space is given back
    assert count(folder) == len(reports)
    assert run("history", "verify", "--history", "h.db", *reports).code == 0


def test_a_kill_while_the_file_is_made_leaves_one_that_can_be_used(folder: Path, reports: list[str], run: Run) -> None:
    code = (
        "import os, signal, sqlite3\nfrom auditor.history import store\n"
        "opened = store._opened\n"
        "def traced(*arguments):\n"
        "    connection = opened(*arguments)\n"
        "    kill = lambda text: os.kill(os.getpid(), signal.SIGKILL) if 'CREATE TABLE finding' in text else None\n"
        "    connection.set_trace_callback(kill)\n"
        "    return connection\n"
        "store._opened = traced\n"
        "with store.writing('h.db'):\n    pass\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=folder, check=False, capture_output=True)
    assert done.returncode == -signal.SIGKILL, done.stderr
    result = run("history", "show", "--history", "h.db")
    assert (result.code, "h.db is empty" in result.err) == (3, True)
    assert run("history", "add", "--history", "h.db", reports[0]).code == 0


def limited(size: int) -> None:
    """Let no file of this process grow beyond a size, as a full disk would."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))


def test_a_disk_without_space_is_told_and_changes_nothing(folder: Path, reports: list[str], run: Run) -> None:
    assert run("history", "add", "--history", "h.db", reports[0]).code == 0
    size = (folder / "h.db").stat().st_size
    done = subprocess.run(
        [*ADD, *reports], cwd=folder, check=False, capture_output=True, text=True, preexec_fn=lambda: limited(size // 2)
    )
    assert done.returncode == 3
    assert "iam-audit: h.db" in done.stderr
    assert "Traceback" not in done.stderr
    assert "everything that was stored before is still there" in done.stderr
    more = re.search(r"Added (\d) report", done.stderr)
    assert more is not None
    assert count(folder) == 1 + int(more[1]) < len(reports)
    assert run("history", "verify", "--history", "h.db").code == 0


def test_a_database_that_may_not_grow_is_told_as_a_full_disk(folder: Path, run: Run) -> None:
    added(folder / "h.db", NIGHTS[1])
    code = (
        f"import sys; sys.path.insert(0, {str(SUPPORT)!r})\nfrom nights import *\n"
        "with store.writing('h.db') as connection:\n"
        "    connection.execute('PRAGMA max_page_count = 1')\n"
        "    for number in range(200):\n"
        "        report = night(2 + number, people(*(BOB, EVE)[: number % 3]))\n"
        "        add(connection, report, digest_of(report), 'the report')\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=folder, check=False, capture_output=True, text=True)
    assert "OutputError: h.db cannot be written: the disk is full" in done.stderr
    assert count(folder) == 1
    assert run("history", "verify", "--history", "h.db").code == 0


def test_a_writer_that_does_not_end_is_told(folder: Path, reports: list[str]) -> None:
    added(folder / "h.db", NIGHTS[0])
    code = (
        "import sys\nfrom auditor.history import store\nfrom auditor.console.cli import main\n"
        "store._BUSY_TIMEOUT_S = 0.2\nsys.exit(main(['history', 'add', '--history', 'h.db', '1.json']))\n"
    )
    with closing(sqlite3.connect(folder / "h.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        done = subprocess.run([sys.executable, "-c", code], cwd=folder, check=False, capture_output=True, text=True)
    assert done.returncode == 3
    assert "h.db is being written by another process" in done.stderr
    assert reports


def test_readers_see_a_history_while_it_is_written(folder: Path, run: Run) -> None:
    added(folder / "h.db", NIGHTS[1])
    with closing(sqlite3.connect(folder / "h.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        other.execute("DELETE FROM state")
        assert "1 open" in run("history", "show", "--history", "h.db").out


def damaged_by(content: bytes, how: str) -> bytes:
    if how == "cut":
        return content[: len(content) // 2]
    if how == "no database":
        return b"this is a text, and no database\n" * 200
    middle = len(content) // 2 // 4096 * 4096
    return content[:middle] + Random(7).randbytes(4096) + content[middle + 4096 :]


@pytest.mark.parametrize("how", ["cut", "no database", "a page of noise"])
@pytest.mark.parametrize("command", ["show", "trend", "verify", "add"])
def test_a_damaged_file_is_told_and_left_as_it_is(
    folder: Path, reports: list[str], run: Run, how: str, command: str
) -> None:
    added(folder / "h.db", *NIGHTS[:6])
    content = damaged_by((folder / "h.db").read_bytes(), how)
    (folder / "h.db").write_bytes(content)
    result = run("history", command, "--history", "h.db", *(reports[6:7] if command == "add" else []))
    assert "Traceback" not in result.err
    if how == "a page of noise" and command != "verify":  # which page a command reads is its matter
        assert result.code in (0, 3)
        return
    assert result.code in (1, 3)
    assert "damaged" in result.err + result.out
    if command != "add" or how == "no database":
        assert (folder / "h.db").read_bytes() == content


def test_other_databases_and_newer_histories_are_left_alone(folder: Path, reports: list[str], run: Run) -> None:
    with closing(sqlite3.connect(folder / "h.db")) as connection:
        connection.execute("CREATE TABLE theirs (id)")
    for command in (["add", reports[0]], ["show"]):
        result = run("history", *command, "--history", "h.db")
        assert (result.code, "is an SQLite database, but not a history of iam-audit" in result.err) == (3, True)
    (folder / "h.db").unlink()
    added(folder / "h.db", NIGHTS[0])
    with closing(sqlite3.connect(folder / "h.db")) as connection:
        assert connection.execute("PRAGMA application_id").fetchone() == (APPLICATION_ID,)
        connection.execute(f"PRAGMA user_version = {VERSION + 1}")
    result = run("history", "show", "--history", "h.db")
    assert (result.code, f"has version {VERSION + 1} of the schema" in result.err) == (3, True)


@pytest.mark.parametrize("command", [["add", "0.json"], ["prune", "--before", "2026-11-25"]])
def test_a_history_of_an_earlier_release_is_brought_up_to_date(
    folder: Path, reports: list[str], run: Run, command: list[str]
) -> None:
    run("history", "add", "--history", "h.db", *reports)
    trend = ("history", "trend", "--history", "h.db", "--format", "json")
    expected = run(*trend).out
    with closing(sqlite3.connect(folder / "h.db")) as connection:  # as version 1 wrote tallies: without owners
        connection.execute("UPDATE tally SET content = json_remove(content, '$.owners')")
        connection.execute("PRAGMA user_version = 1")
        connection.commit()
    refused = run(*trend)
    assert (refused.code, "was made by an earlier release" in refused.err) == (3, True)
    assert run("history", *command, "--history", "h.db").code == 0
    assert run(*trend).out == expected
    assert run("history", "verify", "--history", "h.db").code == 0


def test_a_history_in_a_folder_that_cannot_be_written_is_read_and_not_changed() -> None:
    with TemporaryDirectory(dir=MEMORY) as name:
        path = Path(name) / "h.db"
        added(path, NIGHTS[1])
        content = path.read_bytes()
        path.chmod(0o444)
        Path(name).chmod(0o555)
        with without_rights():
            with store.reading(str(path)) as connection:
                shown = open_findings(connection, Wanted(), {})
            with pytest.raises(OutputError, match=r"h\.db") as refused, store.writing(str(path)):
                pass
        Path(name).chmod(0o755)
        assert [each.resource_name for each in shown.findings] == ["bob"]
        assert "permissions" in refused.value.hint
        assert path.read_bytes() == content


def beside(path: Path) -> list[str]:
    """Return the names of the files of a history."""
    return sorted(each.name for each in path.parent.iterdir() if each.name.startswith(path.name))


READING = [["show"], ["trend"], ["verify"], ["sample", "--seed", "1"], ["report", "3.json"]]


@pytest.mark.parametrize("command", READING, ids=lambda command: command[0])
def test_reading_leaves_nothing_behind(folder: Path, reports: list[str], run: Run, command: list[str]) -> None:
    added(folder / "h.db", *NIGHTS)
    content = (folder / "h.db").read_bytes()
    assert run("history", *command, "--history", "h.db").code == 0
    assert "3.json" in reports
    assert beside(folder / "h.db") == ["h.db"]
    assert (folder / "h.db").read_bytes() == content


def test_reading_leaves_the_log_of_a_process_that_writes(folder: Path, run: Run) -> None:
    added(folder / "h.db", NIGHTS[1])
    with closing(sqlite3.connect(folder / "h.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        other.execute("DELETE FROM state")
        assert "1 open" in run("history", "show", "--history", "h.db").out
        other.execute("COMMIT")
        assert "1 open" not in run("history", "show", "--history", "h.db").out
    assert beside(folder / "h.db") == ["h.db"]


def test_what_a_killed_process_had_written_is_read_and_put_in_its_place(folder: Path, run: Run) -> None:
    added(folder / "h.db", NIGHTS[1])
    code = (
        "import os, signal, sqlite3\nconnection = sqlite3.connect('h.db', isolation_level=None)\n"
        "connection.execute('DELETE FROM state')\nos.kill(os.getpid(), signal.SIGKILL)\n"
    )
    subprocess.run([sys.executable, "-c", code], cwd=folder, check=False)
    assert beside(folder / "h.db") == ["h.db", "h.db-shm", "h.db-wal"]
    assert "1 open" not in run("history", "show", "--history", "h.db").out
    assert beside(folder / "h.db") == ["h.db"]


@pytest.mark.parametrize("folder_mode", [0o777, 0o555], ids=["that can be written", "that cannot be written"])
@pytest.mark.parametrize("written_to", [False, True], ids=["alone", "beside a writer"])
def test_somebody_who_may_only_read_leaves_nothing_behind(folder_mode: int, written_to: bool) -> None:
    with TemporaryDirectory(dir=MEMORY) as name, closing(sqlite3.connect(":memory:")) as none:
        path = Path(name) / "h.db"
        added(path, NIGHTS[1])
        other = sqlite3.connect(path, isolation_level=None) if written_to else none
        if written_to:
            other.execute("UPDATE resource SET name = 'eve' WHERE name = 'bob'")
        before = beside(path)
        for each in Path(name).iterdir():
            each.chmod(0o444)
        Path(name).chmod(folder_mode)
        with without_rights(), store.reading(str(path)) as connection:
            shown = open_findings(connection, Wanted(), {})
        assert [each.resource_name for each in shown.findings] == ["eve" if written_to else "bob"]
        assert beside(path) == before
        other.close()
        Path(name).chmod(0o755)


def test_a_history_that_may_not_be_read_is_told_with_its_owner() -> None:
    with TemporaryDirectory(dir=MEMORY) as name:
        path = Path(name) / "h.db"
        added(path, NIGHTS[1])
        path.chmod(0)
        Path(name).chmod(0o755)
        with without_rights(), pytest.raises(SourceError) as refused, store.reading(str(path)):
            pass
        assert str(path) in refused.value.hint
        assert "mode 0000" in refused.value.hint


def test_a_history_without_a_run_does_not_look_like_an_account_in_order(folder: Path, run: Run) -> None:
    with store.writing(str(folder / "h.db")):
        pass
    for command in (["show"], ["trend"], ["sample", "--seed", "1"]):
        result = run("history", *command, "--history", "h.db")
        assert (result.code, result.out, "the history has no run" in result.err) == (3, "", True)


def test_a_path_where_no_file_can_be_is_told_before_the_scan(folder: Path, run: Run) -> None:
    result = run("scan", "--snapshot", "s.json", "--history", "no/such/folder/h.db")
    assert (result.code, result.out, "cannot be opened" in result.err) == (3, "", True)
    result = run("scan", "--snapshot", "s.json", "--history", " ")
    assert (result.code, "the path of the history is empty" in result.err) == (3, True)
    assert folder.is_dir()
