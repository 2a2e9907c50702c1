"""Outputs: where reports and snapshots are written, in which format, and always whole."""

import gzip
import os
import re
import stat
import string
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from datetime import UTC, datetime
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any, BinaryIO

import msgspec

from auditor.errors import OutputError, UsageError
from auditor.report.report import Report
from auditor.signals import unfinished

REPORT_FORMATS: Mapping[str, str] = {
    ".json": "auditor.writers.json",
    ".html": "auditor.writers.html",
    ".csv": "auditor.writers.csv",
    ".jsonl": "auditor.writers.jsonl",
}
SNAPSHOT_SUFFIXES = (".json", ".json.gz")
Query = Callable[[Any], Any]
"""Give the part of a JSON document that a JMESPath expression asks for."""
Fill = Callable[[BinaryIO], Any]
"""Write a file's content to a stream."""

_ACCOUNT_ID = re.compile(r"[0-9]{12}")
_SAMPLES = (("1", datetime(2026, 1, 1, tzinfo=UTC)), ("2", datetime(1999, 12, 31, 23, 59, 59, 1, tzinfo=UTC)))
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL
_NOTHING_WRITTEN = "Nothing was written; what was there is as it was."
_QUERY_FAULTS = (ValueError, TypeError, OverflowError, RecursionError)  # jmespath's own errors are ValueErrors


def check(paths: Sequence[str], suffixes: Sequence[str], *, source: str | None = None) -> None:
    """Find what would keep a file from being written, before the work begins.

    `source` names the file that is read and must stay. Raises UsageError for an unknown suffix, an unknown
    placeholder, one path twice or a path to the source, OutputError for a place where no file can be made.
    """
    for path in paths:
        if "\0" in path:
            raise UsageError(f"-o {path}: a path cannot hold the character NUL", "Choose another name.")
        if not path.endswith(tuple(suffixes)) or Path(path).name in suffixes:
            raise UsageError(f"-o {path}: its format is not known", f"End the name in {' or '.join(suffixes)}.")
        _check_placeholders(path)
        _check_place(path, source)
    if len({os.path.realpath(path) for path in paths}) != len(paths):
        raise UsageError("-o names one file twice", "Give each file once.")


def _check_placeholders(path: str) -> None:
    try:
        for _, name, form, conversion in string.Formatter().parse(path):
            if name is not None and (conversion or "{" in (form or "") or not _known_placeholder(name, form)):
                raise ValueError(f"there is no placeholder {{{name}{f':{form}' if form else ''}}}")  # noqa: TRY301 - one message for every fault
        _filled(path, *_SAMPLES[0])
    except (ValueError, IndexError) as error:
        hint = "Use {account_id} and {captured_at:%Y%m%d}; braces that are part of the name are written twice."
        raise UsageError(f"-o {path}: {error}", hint) from error


def _known_placeholder(name: str, form: str | None) -> bool:
    return (name == "account_id" and not form) or name == "captured_at"


def _check_place(path: str, source: str | None) -> None:
    """Make a file at the place and remove it, where the path is known: what permissions say is not always so."""
    first, second = (Path(_filled(path, *sample)) for sample in _SAMPLES)
    if first.parent != second.parent:
        return
    with _told(Path(path), "Choose another place, or change its permissions."):
        place = _place(first, source) if first == second else first
        _check_folder(path, place.parent)
        temporary = _beside(place.parent)
        with unfinished(temporary):
            os.close(os.open(temporary, _NEW, 0o600))


def _check_folder(path: str, folder: Path) -> None:
    if not folder.is_dir():
        raise OutputError(f"-o {path}: the folder {folder} does not exist", "Make it first.")


def _filled(path: str, account_id: str, captured_at: datetime | None) -> str:
    return path.format(account_id=account_id, captured_at=captured_at)


def resolved(path: str, account_id: str | None, captured_at: datetime | None) -> Path:
    """Give the path with its placeholders filled; raise UsageError for a time that is needed and not known."""
    if captured_at is None and "{captured_at" in path:
        raise UsageError(f"-o {path}: the capture time is not known", "Tell it with --captured-at TIME.")
    number = account_id if account_id and _ACCOUNT_ID.fullmatch(account_id) else "unknown"
    return Path(_filled(path, number, captured_at and captured_at.astimezone(UTC)))


def write_reports(report: Report, paths: Sequence[str], *, source: str | None = None) -> list[Path]:
    """Write the report to every path, in the format of its suffix, and give the files.

    A file gets the permissions of the one that it replaces, otherwise those that the umask leaves. `source` names
    the file that must stay. Raises OutputError; no file is replaced before all are ready.
    """
    files = [resolved(path, report.account.id, report.snapshot.captured_at) for path in paths]
    contents = {file: partial(import_module(REPORT_FORMATS[file.suffix]).write, report) for file in files}
    _write_whole(contents, source, private=False)
    return list(contents)


def write_snapshot(document: bytes, path: Path) -> None:
    """Write a snapshot, readable by its owner only; raise OutputError if that fails."""
    content = gzip.compress(document, mtime=0) if path.suffix == ".gz" else document
    _write_whole({path: lambda stream: stream.write(content)}, private=True)


def write_text(text: str, path: Path) -> None:
    """Write a text file; raise OutputError if that fails."""
    _write_whole({path: lambda stream: stream.write(text.encode())}, private=False)


def _write_whole(contents: Mapping[Path, Fill], source: str | None = None, *, private: bool) -> None:
    """Write a file beside each target, then rename them all: the old file or the new one, never half of one."""
    ready: dict[Path, tuple[Path, Path]] = {}
    with ExitStack() as temporaries:
        for path, fill in contents.items():
            with _told(path, _NOTHING_WRITTEN):
                place = _place(path, source)
                _check_folder(str(path), place.parent)
                temporary = _beside(place.parent)
                temporaries.enter_context(unfinished(temporary))
                _write_beside(place, temporary, fill, private=private)
                ready[path] = temporary, place
        for number, (path, (temporary, place)) in enumerate(ready.items()):
            with _told(path, _outcome(list(ready), number)):
                temporary.replace(place)
            _keep_name(place.parent)


def _outcome(paths: Sequence[Path], count: int) -> str:
    """Tell which files were written, the first `count`, and which were not."""
    if not count:
        return _NOTHING_WRITTEN
    written, others = (", ".join(map(str, part)) for part in (paths[:count], paths[count:]))
    return f"Written: {written}. Not written, and as before: {others}."


def _write_beside(place: Path, temporary: Path, fill: Fill, *, private: bool) -> None:
    mode = 0o600 if private else _mode(place)
    descriptor = os.open(temporary, _NEW, 0o666 if mode is None else 0o600)
    with os.fdopen(descriptor, "wb") as stream:
        if mode is not None:
            with suppress(PermissionError):  # a file system without permissions
                temporary.chmod(mode)
        fill(stream)
        stream.flush()
        os.fsync(descriptor)


def _mode(place: Path) -> int | None:
    """Give the permissions of the file that is to be replaced, if there is one."""
    return stat.S_IMODE(place.stat().st_mode) & 0o777 if place.exists() else None


def _keep_name(folder: Path) -> None:
    """Have the new name survive a power cut, on systems where a folder can be opened for that."""
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _beside(folder: Path) -> Path:
    """Give the name of a temporary file: hidden, of no format that is read, and short whatever the target's is."""
    return folder / f".iam-audit-{os.urandom(8).hex()}.tmp"


def _place(path: Path, source: str | None) -> Path:
    """Give where a path leads to through links, which stay; only a plain file, and not the source, may be replaced."""
    place = Path(os.path.realpath(path))
    if source is not None and os.path.realpath(source) == str(place):
        raise UsageError(f"-o {path} is the file that is read", "Choose another name: it would be lost.")
    with suppress(FileNotFoundError):
        mode = path.stat().st_mode
        if not stat.S_ISREG(mode):
            kind = "a folder" if stat.S_ISDIR(mode) else "a device, pipe or socket"
            raise OutputError(f"-o {path} cannot be written: it is {kind}", "Choose another place.")
    return place


@contextmanager
def _told(path: Path, hint: str) -> Iterator[None]:
    """Turn what the system says about a path into an OutputError."""
    try:
        yield
    except OSError as error:
        raise OutputError(f"-o {path} cannot be written: {error.strerror or error}", hint) from error


def print_report(report: Report, output_format: str, *, every_finding: bool) -> None:
    """Write the report to standard output, as a table or in the format of a file."""
    if output_format != "table":
        import_module(REPORT_FORMATS[f".{output_format}"]).write(report, sys.stdout.buffer)
        sys.stdout.buffer.flush()
        return
    from auditor.writers.table import write as write_table  # rich: 70 ms

    write_table(report, sys.stdout, every_finding=every_finding)
    sys.stdout.flush()


def compiled(expression: str) -> Query:
    """Give a JMESPath expression ready to use; raise UsageError if it is not valid."""
    import jmespath  # only for --query

    try:
        query: Query = jmespath.compile(expression).search
    except _QUERY_FAULTS as error:
        raise _bad_query(error) from error
    return query


def print_query(report: Report, query: Query) -> None:
    """Print what a query finds in the JSON report, as JSON."""
    from auditor.writers.json import document_of, shown

    try:
        result = msgspec.json.encode(query(msgspec.json.decode(document_of(report))))
    except _QUERY_FAULTS as error:
        raise _bad_query(error) from error
    text = b"".join(shown(msgspec.json.format(result, indent=2))).decode()
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def _bad_query(error: Exception) -> UsageError:
    return UsageError(f"--query: {error}", "The language is that of the AWS CLI's --query: https://jmespath.org")
