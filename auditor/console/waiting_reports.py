"""The reports to add to a history, in order of time: files, and the stored reports of organization runs."""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from pathlib import Path

import msgspec
from msgspec import Struct

from auditor import documents
from auditor.collectors import saved
from auditor.errors import SourceError
from auditor.organization.stored_reports import StoredReport, StoredReports, stored_reports
from auditor.organization.stores import S3
from auditor.writers.blocks import number


class Waiting(Struct, frozen=True):
    """Hold when the account of a report was captured (seconds since 1970), and a function that reads the report.

    `read` returns the document and its place, and raises SourceError if it cannot be read.
    """

    time: float
    read: Callable[[], tuple[bytes, str]]


def in_order(sources: Sequence[str]) -> tuple[Sequence[Waiting], Sequence[str]]:
    """Return the reports of files and of runs, sorted by capture time, and notes on missing reports of runs.

    Raises SourceError for a file or run that cannot be read, and for a place whose runs have no report.
    """
    waiting: list[Waiting] = []
    notes: list[str] = []
    for source in sources:
        if source.startswith(S3) or Path(source).is_dir():
            found = stored_reports(source)
            waiting += [Waiting(each.captured_at.timestamp(), _reader(each)) for each in found.reports]
            notes += _notes(source, found)
        else:
            waiting.append(_of_file(source))
    return sorted(waiting, key=lambda each: each.time), notes


def _reader(report: StoredReport) -> Callable[[], tuple[bytes, str]]:
    return lambda: saved.read(report.read(), report.place)


def _of_file(source: str) -> Waiting:
    """Return the report of a file; only what can be read once, such as a pipe, is kept in memory."""
    content, place = saved.read(source, "the report")
    kept = None if Path(source).is_file() else content
    return Waiting(_captured_at(content), lambda: saved.read(source, place) if kept is None else (kept, place))


def _notes(place: str, found: StoredReports) -> Iterator[str]:
    """Yield a note on accounts without a report; raise SourceError if no account has one."""
    lacking = ", ".join(f"{count:,} {reason}" for reason, count in sorted(found.lacking.items()))
    if not found.reports:
        hint = "`iam-audit organization report RUN` says why; a run with --keep none keeps no reports."
        raise SourceError(f"holds no report of an account{f': {lacking}' if lacking else ''}", hint, subject=place)
    if lacking:
        missing = number(found.lacking.total(), "report is", "reports are")
        yield f"{missing} missing in {number(found.runs, 'run', 'runs')} of {place}: {lacking}"


class _Snapshot(Struct, frozen=True):
    captured_at: datetime | None = None


class _Header(Struct, frozen=True):
    snapshot: _Snapshot = _Snapshot()


def _captured_at(content: bytes) -> float:
    """Return the capture time in a document, 0 if it has none, which is an error when the report is read."""
    try:
        time = msgspec.json.decode(content, type=_Header).snapshot.captured_at
    except documents.FAULTS:
        return 0
    return 0 if time is None or time.tzinfo is None else time.timestamp()
