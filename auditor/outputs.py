"""Outputs: where reports and snapshots are written, in which format, and always whole."""

import gzip
import os
import re
import string
import sys
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from importlib import import_module
from pathlib import Path
from typing import Any, BinaryIO

import msgspec

from auditor.errors import OutputError, UsageError
from auditor.report import Report, dump_report

REPORT_FORMATS: Mapping[str, str] = {".json": "auditor.reporters.json", ".html": "auditor.reporters.html"}
SNAPSHOT_SUFFIXES = (".json", ".json.gz")
PLACEHOLDERS = ("account_id", "captured_at")

Query = Callable[[Any], Any]
"""Give the part of a JSON document that a JMESPath expression asks for."""

_UNSAFE = re.compile(r"[^0-9A-Za-z._-]")


def check(paths: Sequence[str], suffixes: Sequence[str]) -> None:
    """Find what would keep a file from being written, before the work begins.

    Raises UsageError for an unknown suffix, an unknown placeholder or one path twice, OutputError for a folder
    that is not there or not writable.
    """
    for path in paths:
        if not path.endswith(tuple(suffixes)):
            raise UsageError(f"-o {path}: its format is not known", f"End the name in {' or '.join(suffixes)}.")
        _check_placeholders(path)
        _check_folder(path)
    if len(set(paths)) != len(paths):
        raise UsageError("-o names one file twice", "Give each file once.")


def _check_placeholders(path: str) -> None:
    try:
        names = [name for _, name, _, _ in string.Formatter().parse(path) if name is not None]
    except ValueError as error:
        raise UsageError(f"-o {path}: {error}", "Write braces that are part of the name twice: {{ and }}.") from error
    for name in names:
        if name not in PLACEHOLDERS:
            raise UsageError(
                f"-o {path}: there is no placeholder {{{name}}}",
                "Use {account_id} and {captured_at:%Y%m%d}; braces that are part of the name are written twice.",
            )


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
    safe_id = _UNSAFE.sub("_", account_id) if account_id else "unknown"
    try:
        return Path(path.format(account_id=safe_id, captured_at=captured_at))
    except (ValueError, IndexError, AttributeError) as error:
        raise UsageError(f"-o {path}: {error}", "Use {account_id} and {captured_at:%Y%m%d}.") from error


def write_report(report: Report, path: Path) -> None:
    """Write the report in the format of the path's suffix; raise OutputError if that fails."""
    reporter = import_module(REPORT_FORMATS[path.suffix])
    _write_whole(path, lambda stream: reporter.write(report, stream), private=False)


def write_snapshot(document: bytes, path: Path) -> None:
    """Write a snapshot, readable by its owner only; raise OutputError if that fails."""
    content = gzip.compress(document, mtime=0) if path.suffix == ".gz" else document
    _write_whole(path, lambda stream: stream.write(content), private=True)


def _write_whole(path: Path, fill: Callable[[BinaryIO], Any], *, private: bool) -> None:
    """Write a temporary file beside the target, then rename it: the old file or the new one, never half of one."""
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


def compiled(expression: str) -> Query:
    """Give a JMESPath expression ready to use; raise UsageError if it is not valid."""
    import jmespath  # only for --query

    try:
        query: Query = jmespath.compile(expression).search
    except jmespath.exceptions.JMESPathError as error:
        raise _bad_query(error) from error
    return query


def print_query(report: Report, query: Query) -> None:
    """Print what a query finds in the JSON report, as JSON."""
    import jmespath

    try:
        result = query(msgspec.json.decode(dump_report(report)))
    except jmespath.exceptions.JMESPathError as error:
        raise _bad_query(error) from error
    sys.stdout.write(msgspec.json.format(msgspec.json.encode(result), indent=2).decode() + "\n")


def _bad_query(error: Exception) -> UsageError:
    return UsageError(f"--query: {error}", "The language is that of the AWS CLI's --query: https://jmespath.org")
