"""Saved snapshots and stored reports: read from a file, from standard input or from bytes, plain or gzipped."""

import os

import msgspec
from msgspec import Struct

from auditor import documents
from auditor.account.model import Snapshot
from auditor.account.snapshot import FORMAT, load
from auditor.errors import SourceError
from auditor.report import baseline, reading
from auditor.report.baseline import Baseline
from auditor.report.report import Report


def load_snapshot(source: str | os.PathLike[str] | bytes) -> Snapshot:
    """Return the snapshot in a file, plain or gzipped; `source` is its path, its content, or "-" for standard input.

    Raises SourceError if it cannot be read, is not a complete snapshot of this schema's major version, or contradicts
    itself.
    """
    content, place = read(source, "the snapshot")
    return load(content, place)


def load_report(source: str | os.PathLike[str] | bytes) -> Report:
    """Return the stored JSON report in a file; `source` is as for load_snapshot.

    Raises SourceError if it cannot be read, is not a report of this version, or contradicts itself.
    """
    content, place = read(source, "the report")
    return reading.load_report(content, place)


def load_baseline(source: str | os.PathLike[str] | bytes) -> Baseline:
    """Return the baseline in a file that contains a baseline or a report; `source` is as for load_snapshot.

    Raises SourceError as load_report does.
    """
    content, place = read(source, "the baseline")
    return baseline.load_baseline(content, place)


class _Header(Struct):
    format: str = ""


def is_snapshot(content: bytes) -> bool:
    """Return whether the "format" of a JSON document is that of a snapshot; False if it cannot be decoded."""
    try:
        return msgspec.json.decode(content, type=_Header).format == FORMAT
    except documents.FAULTS:
        return False


def read(source: str | os.PathLike[str] | bytes, name: str) -> tuple[bytes, str]:
    """Return the content of a source, unpacked and in UTF-8, and its name for messages; raise SourceError."""
    if isinstance(source, bytes):
        content, place = source, name
    else:
        path = os.fspath(source)
        place = "standard input" if path == "-" else path
        content = documents.read(path, place)
    content = documents.in_utf_8(documents.unpacked(content, place), place)
    if not content:
        raise SourceError(f"{place} is empty", "Write it again; a file that was being written when it was read is cut.")
    return content, place
