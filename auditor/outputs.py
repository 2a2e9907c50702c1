"""Outputs: where reports and snapshots are written, in which format, and always whole."""

import gzip
import os
import re
import string
import sys
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import Any, BinaryIO

import msgspec

from auditor.errors import OutputError, UsageError
from auditor.report import Report, dump_report

REPORT_FORMATS: Mapping[str, str] = {".json": "auditor.reporters.json", ".html": "auditor.reporters.html"}
SNAPSHOT_SUFFIXES = (".json", ".json.gz")
Query = Callable[[Any], Any]
"""Give the part of a JSON document that a JMESPath expression asks for."""

_ACCOUNT_ID = re.compile(r"[0-9]{12}")
_QUERY_FAULTS = (ValueError, TypeError, OverflowError, RecursionError)  # jmespath's own errors are ValueErrors


def check(paths: Sequence[str], suffixes: Sequence[str]) -> None:
    """Find what would keep a file from being written, before the work begins.

    Raises UsageError for an unknown suffix, an unknown placeholder or one path twice, OutputError for a folder
    that is not there or not writable.
    """
    for path in paths:
        if not path.endswith(tuple(suffixes)) or Path(path).name in suffixes:
            raise UsageError(f"-o {path}: its format is not known", f"End the name in {' or '.join(suffixes)}.")
        _check_placeholders(path)
        _check_folder(path)
    if len({os.path.realpath(path) for path in paths}) != len(paths):
        raise UsageError("-o names one file twice", "Give each file once.")


def _check_placeholders(path: str) -> None:
    try:
        for _, name, form, conversion in string.Formatter().parse(path):
            if name is not None and (conversion or "{" in (form or "") or not _known_placeholder(name, form)):
                raise ValueError(f"there is no placeholder {{{name}{f':{form}' if form else ''}}}")  # noqa: TRY301 - one message for every fault
        path.format(account_id="1", captured_at=datetime(2026, 1, 1, tzinfo=UTC))
    except (ValueError, IndexError) as error:
        hint = "Use {account_id} and {captured_at:%Y%m%d}; braces that are part of the name are written twice."
        raise UsageError(f"-o {path}: {error}", hint) from error


def _known_placeholder(name: str, form: str | None) -> bool:
    return (name == "account_id" and not form) or name == "captured_at"


def _check_folder(path: str) -> None:
    folder = Path(path).parent
    if "{" in str(folder):
        return
    if not folder.is_dir():
        raise OutputError(f"-o {path}: the folder {folder} does not exist", "Make it first.")
    if not os.access(folder, os.W_OK | os.X_OK) or Path(path).is_dir():
        raise OutputError(f"-o {path} cannot be written", "Choose another place, or change its permissions.")


def resolved(path: str, account_id: str | None, captured_at: datetime | None) -> Path:
    """Give the path with its placeholders filled; raise UsageError for a time that is needed and not known."""
    if captured_at is None and "{captured_at" in path:
        raise UsageError(f"-o {path}: the capture time is not known", "Tell it with --captured-at TIME.")
    number = account_id if account_id and _ACCOUNT_ID.fullmatch(account_id) else "unknown"
    time = captured_at and captured_at.astimezone(UTC)
    return Path(path.format(account_id=number, captured_at=time))


def write_report(report: Report, path: Path) -> None:
    """Write the report in the format of the path's suffix; raise OutputError if that fails."""
    reporter = import_module(REPORT_FORMATS[path.suffix])
    _write_whole(path, lambda stream: reporter.write(report, stream), private=False)


def write_snapshot(document: bytes, path: Path) -> None:
    """Write a snapshot, readable by its owner only; raise OutputError if that fails."""
    content = gzip.compress(document, mtime=0) if path.suffix == ".gz" else document
    _write_whole(path, lambda stream: stream.write(content), private=True)


def _write_whole(target: Path, fill: Callable[[BinaryIO], Any], *, private: bool) -> None:
    """Write a temporary file beside the target, then rename it: the old file or the new one, never half of one."""
    path = Path(os.path.realpath(target))  # a link stays, and what it names is replaced
    temporary = path.with_name(f".{path.name}.{os.urandom(4).hex()}.tmp")
    try:
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600 if private else 0o666)
        with os.fdopen(descriptor, "wb") as stream:
            fill(stream)
            stream.flush()
            os.fsync(descriptor)
        temporary.replace(path)
    except OSError as error:
        message = f"{path} cannot be written: {error.strerror}"
        raise OutputError(message, "The old file, if any, is unchanged.") from error
    finally:
        temporary.unlink(missing_ok=True)


def print_report(report: Report, output_format: str, *, every_finding: bool) -> None:
    """Write the report to standard output, as a table or as JSON."""
    if output_format == "json":
        from auditor.reporters.json import write as write_json  # only one of the two is needed

        write_json(report, sys.stdout.buffer)
        sys.stdout.buffer.flush()
        return
    from auditor.reporters.table import write as write_table  # rich: 70 ms

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
    try:
        result = msgspec.json.encode(query(msgspec.json.decode(dump_report(report))))
    except _QUERY_FAULTS as error:
        raise _bad_query(error) from error
    sys.stdout.write(msgspec.json.format(result, indent=2).decode() + "\n")
    sys.stdout.flush()


def _bad_query(error: Exception) -> UsageError:
    return UsageError(f"--query: {error}", "The language is that of the AWS CLI's --query: https://jmespath.org")
