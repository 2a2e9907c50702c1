"""Adds reports to a history, the one of a scan or stored ones, and prunes old runs."""

from collections import Counter
from collections.abc import Collection
from contextlib import nullcontext
from hashlib import sha256
from pathlib import Path

from auditor.console.history_file import named
from auditor.console.messages import Say, speaker
from auditor.console.requests import HistoryAddRequest, HistoryPruneRequest
from auditor.console.waiting_reports import in_order
from auditor.errors import SourceError, UsageError
from auditor.history import store
from auditor.history.adding import Added, add
from auditor.history.aged import open_findings
from auditor.history.pruning import Pruned, prune
from auditor.history.runs import report_digests
from auditor.history.tally import store_missing_tallies
from auditor.history.wanted import Wanted
from auditor.judging.rule import Severity
from auditor.organization.reading_ahead import read_ahead
from auditor.report.reading import load_report
from auditor.report.report import Report
from auditor.selection.run_settings import RunSettings
from auditor.writers.blocks import number
from auditor.writers.json import document_of, shown


def check(history: str | None, settings: RunSettings) -> None:
    """Create the history if it does not exist; raise AuditError if nothing can be added to it.

    Raises UsageError for a gate on overdue findings without a history, or without the table [sla].
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
    """Create the history if it does not exist; raise AuditError if nothing can be added to it."""
    with store.writing(history) as connection:
        store_missing_tallies(connection)


def record(report: Report, history: str, settings: RunSettings, say: Say) -> int:
    """Add the report of a scan, and return how many findings are overdue for the gate.

    The stored digest of the report is that of the file that `-o FILE.json` writes.
    """
    digest = sha256(b"".join(shown(document_of(report)))).hexdigest()
    with store.writing(history) as connection:
        added = add(connection, report, digest, "the report")
    say(_SENTENCES[added].format(history))
    return _overdue(report, history, settings) if settings.fail_on.value == "overdue" else 0


def _overdue(report: Report, history: str, settings: RunSettings) -> int:
    """Return how many findings of the account are overdue and severe enough for the gate."""
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
    """Add stored reports in the order of their capture times, each completely or not at all; the exit code is 0."""
    say = speaker(quiet=request.quiet)
    path, _ = named(request)
    waiting, notes = in_order(request.reports)
    make(path)
    with store.reading(path) as connection:
        known = report_digests(connection)
    results: Counter[Added] = Counter()
    try:
        for content, place in read_ahead(lambda each: each.read(), waiting, _READERS):
            results[_added(content, place, path, known)] += 1
    finally:
        say("; ".join((_summary(results, path), *notes)))
    return 0


_READERS = 4  # at a time; a report may have many megabytes


def _added(content: bytes, place: str, history: str, known: Collection[str]) -> Added:
    digest = sha256(content).hexdigest()
    if digest in known:
        return Added.KNOWN
    report = load_report(content, place)
    with store.writing(history) as connection:
        return add(connection, report, digest, place)


def _summary(results: Counter[Added], path: str) -> str:
    count = results[Added.NEWEST] + results[Added.EARLIER]
    parts = [f"Added {count:,} {'report' if count == 1 else 'reports'} to {path}"]
    if results[Added.EARLIER]:
        parts.append(f"{results[Added.EARLIER]:,} of them before newer ones, whose links were made again")
    if results[Added.KNOWN]:
        parts.append(f"{results[Added.KNOWN]:,} already there")
    return "; ".join(parts)


def prune_history(request: HistoryPruneRequest) -> int:
    """Delete the verdicts of old runs, or show what would be deleted; the exit code is 0."""
    say = speaker(quiet=request.quiet)
    path, _ = named(request)
    if not Path(path).is_file():
        raise SourceError(f"there is no history at {path}", "Name the file of a history.")
    with store.writing(path) as connection, store.undone(connection) if request.dry_run else nullcontext():
        found = prune(connection, request.before, request.accounts)
    before = Path(path).stat().st_size
    if request.dry_run:
        say(f"Would prune {_deleted(found)}. Nothing was changed")
        return 0
    store.compact(path)
    sizes = (f"{size / _MEGABYTE:,.1f} MB" for size in (before, Path(path).stat().st_size))
    say(f"Pruned {_deleted(found)}. {path}: {' before, '.join(sizes)} now")
    return 0


_MEGABYTE = 1_000_000


def _deleted(found: Pruned) -> str:
    names = (
        (found.verdicts, "verdict", "verdicts"),
        (found.resources, "name of a resource", "names of resources"),
        (found.documents, "text", "texts"),
    )
    gone = ", ".join(number(*each) for each in names)
    return f"{number(found.runs, 'run', 'runs')}: {gone}; when findings were open, digests and the chain stay"
