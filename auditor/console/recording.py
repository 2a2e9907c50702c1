"""Recording: reports that are added to a history, the one of a scan or stored ones."""

from collections import Counter
from collections.abc import Sequence
from contextlib import nullcontext
from datetime import datetime
from hashlib import sha256
from pathlib import Path

import msgspec
from msgspec import Struct

from auditor import documents
from auditor.collectors import saved
from auditor.console.history_file import named
from auditor.console.messages import Say, speaker
from auditor.console.requests import HistoryAddRequest, HistoryPruneRequest
from auditor.errors import AuditError, SourceError, UsageError
from auditor.history import store
from auditor.history.adding import Added, add
from auditor.history.aged import open_findings
from auditor.history.pruning import Pruned, prune
from auditor.history.wanted import Wanted
from auditor.judging.rule import Severity
from auditor.report.reading import load_report
from auditor.report.report import Report
from auditor.selection.run_settings import RunSettings
from auditor.writers.blocks import number
from auditor.writers.json import document_of, shown


def check(history: str | None, settings: RunSettings) -> None:
    """Make the history if it is not there; raise AuditError where nothing can be added to it.

    Raises UsageError for a gate on what is overdue without a history, or without days that are allowed.
    """
    if settings.fail_on.value == "overdue":
        if history is None:
            raise UsageError(
                "--fail-on overdue needs a history", "Give --history FILE, which knows how old findings are."
            )
        if not settings.days_allowed:
            hint = "Write for example `[sla]` and `critical = 7` (days) into iam-audit.toml."
            raise UsageError("--fail-on overdue needs the table [sla] in the configuration file", hint)
    if history is not None:
        make(history)


def make(history: str) -> None:
    """Make the history if it is not there, and raise AuditError where nothing can be added to it."""
    with store.writing(history):
        pass


def record(report: Report, history: str, settings: RunSettings, say: Say) -> int:
    """Add the report of a scan, and return how many findings are overdue for the gate.

    The digest of the report is that of the file that `-o FILE.json` writes.
    """
    digest = sha256(b"".join(shown(document_of(report)))).hexdigest()
    with store.writing(history) as connection:
        added = add(connection, report, digest, "the report")
    say(_SENTENCES[added].format(history))
    return _overdue(report, history, settings) if settings.fail_on.value == "overdue" else 0


def _overdue(report: Report, history: str, settings: RunSettings) -> int:
    """Return how many findings of the account are overdue, of those severe enough for the gate."""
    order = list(Severity)
    severe = order[: order.index(Severity(settings.min_severity.value)) + 1]
    wanted = Wanted(accounts=[report.account.id or ""], severities=severe)
    with store.reading(history) as connection:
        return open_findings(connection, wanted, settings.days_allowed).overdue


_SENTENCES = {
    Added.NEWEST: "Added the report to {}",
    Added.EARLIER: "Added the report to {}, before newer ones of the account",
    Added.KNOWN: "The report was in {} already",
}


def add_reports(request: HistoryAddRequest) -> int:
    """Add stored reports in the order of their times, each whole or not at all; the exit code is 0."""
    say = speaker(quiet=request.quiet)
    path, _ = named(request)
    make(path)
    results: Counter[Added] = Counter()
    try:
        for source in _in_order(request.reports):
            results[_added(source, path)] += 1
    except AuditError:
        say(_summary(results, path))
        raise
    say(_summary(results, path))
    return 0


def _added(source: str | bytes, history: str) -> Added:
    content, place = saved.read(source, "the report")
    report, digest = load_report(content, place), sha256(content).hexdigest()
    with store.writing(history) as connection:
        return add(connection, report, digest, place)


def _summary(results: Counter[Added], history: str) -> str:
    count = results[Added.NEWEST] + results[Added.EARLIER]
    parts = [f"Added {count:,} {'report' if count == 1 else 'reports'} to {history}"]
    if results[Added.EARLIER]:
        parts.append(f"{results[Added.EARLIER]:,} of them before newer ones, whose links were made again")
    if results[Added.KNOWN]:
        parts.append(f"{results[Added.KNOWN]:,} already there")
    return "; ".join(parts)


def prune_history(request: HistoryPruneRequest) -> int:
    """Drop what old runs said of each resource, or show what would go; the exit code is 0."""
    say = speaker(quiet=request.quiet)
    path, _ = named(request)
    if not Path(path).is_file():
        raise SourceError(f"there is no history at {path}", "Name the file of a history.")
    with store.writing(path) as connection, store.undone(connection) if request.dry_run else nullcontext():
        found = prune(connection, request.before, request.accounts)
    before = Path(path).stat().st_size
    if request.dry_run:
        say(f"Would prune {_dropped(found)}. Nothing was changed")
        return 0
    store.compact(path)
    sizes = (f"{size / _MEGABYTE:,.1f} MB" for size in (before, Path(path).stat().st_size))
    say(f"Pruned {_dropped(found)}. {path}: {' before, '.join(sizes)} now")
    return 0


_MEGABYTE = 1_000_000


def _dropped(found: Pruned) -> str:
    names = (
        (found.verdicts, "verdict", "verdicts"),
        (found.resources, "name of a resource", "names of resources"),
        (found.documents, "text", "texts"),
    )
    gone = ", ".join(number(*each) for each in names)
    return f"{number(found.runs, 'run', 'runs')}: {gone}; when findings were open, digests and the chain stay"


class _Snapshot(Struct, frozen=True):
    captured_at: datetime | None = None


class _Header(Struct, frozen=True):
    snapshot: _Snapshot = _Snapshot()


def _in_order(sources: Sequence[str]) -> Sequence[str | bytes]:
    """Return the sources by the time of their accounts; only what standard input held is kept in memory."""
    found: list[tuple[float, str | bytes]] = []
    for source in sources:
        content, _ = saved.read(source, "the report")
        found.append((_captured_at(content), content if source == "-" else source))
    return [source for _, source in sorted(found, key=lambda each: each[0])]


def _captured_at(content: bytes) -> float:
    """Return the time that a document names; its reader says what is wrong with one that names none."""
    try:
        time = msgspec.json.decode(content, type=_Header).snapshot.captured_at
    except documents.FAULTS:
        return 0
    return 0 if time is None or time.tzinfo is None else time.timestamp()
