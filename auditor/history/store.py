"""The file of a history: opened for one transaction, created or upgraded, with errors that users can understand."""

import os
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from urllib.parse import quote

from auditor.documents import remedy_of
from auditor.errors import AuditError, OutputError, SourceError
from auditor.history.schema import APPLICATION_ID, MIGRATIONS, VERSION

_BUSY_TIMEOUT_S = 30.0  # how long to wait for another process that is writing
_PAUSE_S = 0.02
_DAMAGED = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})
_TAKEN = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED})
_CONTRADICTING = frozenset({0, sqlite3.SQLITE_CONSTRAINT, sqlite3.SQLITE_ERROR})
"""The error codes for text that is not UTF-8, for a violated constraint, and for a missing table."""
_PRIMARY = 0xFF  # the last byte of an extended SQLite error code is the primary code
_ROLLED_BACK = "This change was undone; everything that was stored before is still there."
_RESTORE = (
    "Restore a copy of the file, or build a new history: `iam-audit history add --history NEW.db REPORT.json ...` "
    "reads your stored reports."
)


@contextmanager
def writing(path: str) -> Iterator[sqlite3.Connection]:
    """Yield a connection in a transaction that is committed at the end of the block, or rolled back on an error.

    The file is created if it does not exist. Raises OutputError if it cannot be written, SourceError for a file that is
    damaged or not a history.
    """
    with _explained(path, OutputError), _connection(path, lambda: _opened(path, "rwc")) as connection:
        _prepare(connection, path)
        connection.execute("BEGIN IMMEDIATE")
        try:
            yield connection
            connection.execute("COMMIT")
        finally:
            if connection.in_transaction:
                with suppress(sqlite3.Error):  # report the first error; SQLite rolls back by itself
                    connection.execute("ROLLBACK")


def compact(path: str) -> None:
    """Return the space of deleted rows to the disk, so that their content is gone; raise OutputError if it fails."""
    try:
        with _connection(path, lambda: _opened(path, "rw")) as connection:
            connection.execute("VACUUM")
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    except sqlite3.Error as error:
        hint = "Free some space, wait until no other command uses it, and run the command again."
        raise OutputError(f"{path} was pruned, but the deleted rows are still in the file: {error}", hint) from error


@contextmanager
def undone(connection: sqlite3.Connection) -> Iterator[None]:
    """Undo all changes of the block at its end, in the current transaction of the connection."""
    connection.execute("SAVEPOINT trial")
    yield
    connection.execute("ROLLBACK TO trial")
    connection.execute("RELEASE trial")


@contextmanager
def reading(path: str) -> Iterator[sqlite3.Connection]:
    """Yield a connection that sees one state of the history and cannot change it; raise SourceError on errors."""
    if not Path(path).is_file():
        hint = "`iam-audit scan --history FILE` and `iam-audit history add --history FILE REPORT.json` make one."
        raise SourceError(f"there is no history at {path}", hint)
    with _explained(path, SourceError), _connection(path, lambda: _for_reading(path)) as connection:
        if _is_new(connection):
            raise SourceError(f"{path} is empty", "Add a report: `iam-audit history add --history FILE REPORT.json`.")
        _check(connection, path)
        if _version(connection) < VERSION:
            hint = (
                "Any command that adds to it upgrades it, such as `iam-audit history add --history FILE REPORT.json`."
            )
            raise SourceError(f"{path} was made by an earlier release and has to be brought up to date", hint)
        connection.execute("BEGIN")
        yield connection


@contextmanager
def _connection(path: str, opened: Callable[[], sqlite3.Connection]) -> Iterator[sqlite3.Connection]:
    if "\0" in path or not path.strip():
        raise OutputError("the path of the history is empty or holds the character NUL", "Name a file.")
    connection = opened()
    try:
        yield connection
    finally:
        connection.close()


def _opened(path: str, mode: str, more: str = "") -> sqlite3.Connection:
    uri = f"file:{quote(str(Path(path).absolute()))}?mode={mode}{more}"
    connection = sqlite3.connect(uri, uri=True, isolation_level=None, timeout=_BUSY_TIMEOUT_S)
    connection.execute("PRAGMA foreign_keys = ON")
    return connection


def _for_reading(path: str) -> sqlite3.Connection:
    """Open the file for reading so that no write-ahead log is left beside it.

    The last connection that may write removes the log, but a read-only connection creates one and cannot remove it.
    Without write permission, use the log of a process that is writing, or else read a copy:
    https://www.sqlite.org/wal.html#read_only_databases
    """
    file = Path(path).resolve()
    if _is_permitted(file, os.W_OK) and _is_permitted(file.parent, os.W_OK):
        connection = _opened(path, "rw")
        connection.execute("PRAGMA query_only = ON")
        return connection
    log = Path(f"{file}-wal")
    return _opened(path, "ro") if log.exists() and log.stat().st_size else _copied(path)


def _is_permitted(path: Path, how: int) -> bool:
    return os.access(path, how, effective_ids=os.access in os.supports_effective_ids)


def _copied(path: str) -> sqlite3.Connection:
    """Return a copy of the file in memory; raise SourceError if the file changes during every attempt to copy it."""
    end = time.monotonic() + _BUSY_TIMEOUT_S
    while time.monotonic() < end:
        before = _state(path)
        copy = sqlite3.connect(":memory:", isolation_level=None)
        fault = _copy(path, copy)
        if fault is None and _state(path) == before:
            return copy
        copy.close()
        if fault is not None and _state(path) == before:
            raise fault
        time.sleep(_PAUSE_S)
    raise _taken(path, SourceError)


def _copy(path: str, copy: sqlite3.Connection) -> sqlite3.Error | None:
    """Fill a copy, and return the error if the file cannot be read or changes at that moment."""
    try:
        with closing(_opened(path, "ro", "&immutable=1")) as original:
            original.backup(copy)
    except sqlite3.Error as error:
        return error
    return None


def _state(path: str) -> tuple[int, int, int]:
    """Return a value that differs after each write."""
    found = Path(path).stat()
    return found.st_ino, found.st_size, found.st_mtime_ns


def _prepare(connection: sqlite3.Connection, path: str) -> None:
    """Upgrade the file to the schema of this release, while other processes may open it too."""
    new = _is_new(connection)
    if not new:
        _check(connection, path)
    if new or _version(connection) < VERSION:
        connection.execute("BEGIN EXCLUSIVE")
        for number in range(_version(connection), VERSION):
            for statement in MIGRATIONS[number].split(";"):  # executescript() would end the transaction
                connection.execute(statement)
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version = {VERSION}")
        connection.execute("COMMIT")
    _retry(lambda: connection.execute("PRAGMA journal_mode = WAL"))
    connection.execute("PRAGMA synchronous = FULL")


def _retry(action: Callable[[], object]) -> None:
    """Repeat an action while another process writes; SQLite's timeout does not apply to this kind of action."""
    end = time.monotonic() + _BUSY_TIMEOUT_S
    while True:
        try:
            action()
        except sqlite3.OperationalError as error:
            if _code(error) not in _TAKEN or time.monotonic() > end:
                raise
            time.sleep(_PAUSE_S)
        else:
            return


def _is_new(connection: sqlite3.Connection) -> bool:
    return _number(connection, "SELECT count(*) FROM sqlite_schema") == 0 and _version(connection) == 0


def _check(connection: sqlite3.Connection, path: str) -> None:
    if _number(connection, "PRAGMA application_id") != APPLICATION_ID:
        raise SourceError(f"{path} is an SQLite database, but not a history of iam-audit", "Name another file.")
    if (version := _version(connection)) > VERSION:
        problem = f"{path} has version {version} of the schema; this release reads up to {VERSION}"
        raise SourceError(problem, "Use the release of iam-audit that wrote it, or a newer one.")


def _version(connection: sqlite3.Connection) -> int:
    return _number(connection, "PRAGMA user_version")


def _number(connection: sqlite3.Connection, query: str) -> int:
    return int(connection.execute(query).fetchone()[0])


@contextmanager
def _explained(path: str, otherwise: type[AuditError]) -> Iterator[None]:
    """Convert SQLite's errors to ours."""
    try:
        yield
    except (sqlite3.ProgrammingError, sqlite3.InterfaceError):  # a bug in this module
        raise
    except sqlite3.Error as error:
        raise _as_ours(error, path, otherwise) from error


def _code(error: sqlite3.Error) -> int:
    return getattr(error, "sqlite_errorcode", 0) & _PRIMARY


def _as_ours(error: sqlite3.Error, path: str, otherwise: type[AuditError]) -> AuditError:
    code = _code(error)
    kept = _ROLLED_BACK if otherwise is OutputError else ""
    if code in _DAMAGED:
        return damaged(path, str(error))
    if code in _TAKEN:
        return _taken(path, otherwise, kept)
    if code == sqlite3.SQLITE_FULL:
        return otherwise(f"{path} cannot be written: the disk is full", f"Free some space. {kept}".strip())
    if code == sqlite3.SQLITE_IOERR:
        return otherwise(f"{path}: reading or writing failed: {error}", f"Check the disk. {kept}".strip())
    if code in _CONTRADICTING:
        return damaged(path, str(error))
    hint = "Check the path and its permissions; its folder must be writable too."
    if not _is_permitted(Path(path), os.R_OK):
        hint = remedy_of(PermissionError(), path, hint)
    return otherwise(f"{path} cannot be opened: {error}", f"{hint} {kept}".strip())


def _taken(path: str, otherwise: type[AuditError], kept: str = "") -> AuditError:
    problem = f"{path} is being written by another process, which did not finish within {_BUSY_TIMEOUT_S:.0f} s"
    return otherwise(problem, f"Run the command again when that process is done. {kept}".strip())


def inconsistent(connection: sqlite3.Connection, why: str) -> SourceError:
    """Return the error of a history whose rows contradict each other."""
    _, _, file = connection.execute("PRAGMA database_list").fetchone()
    return damaged(file or "the history", why)  # a copy in memory has no file


def damaged(path: str, why: str) -> SourceError:
    """Return the error of a history that contradicts itself or is no history at all."""
    return SourceError(f"{path} is damaged, or not a history of iam-audit: {why}", _RESTORE)
