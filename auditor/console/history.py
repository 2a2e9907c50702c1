"""Runs the commands that read a history: verify, show, trend, report and sample."""

from collections.abc import Mapping, Sequence
from hashlib import sha256
from pathlib import Path

from auditor.collectors import saved
from auditor.console.history_file import named
from auditor.console.messages import speaker
from auditor.console.requests import (
    Filter,
    HistoryReportRequest,
    HistorySampleRequest,
    HistoryShowRequest,
    HistoryTrendRequest,
    HistoryVerifyRequest,
)
from auditor.history import store
from auditor.history.aged import open_findings
from auditor.history.reported import ReportAges, ages
from auditor.history.sample import sample
from auditor.history.trend import Trend, trend
from auditor.history.verification import verified
from auditor.history.wanted import Period, Wanted
from auditor.report.reading import load_report
from auditor.report.report import Report
from auditor.writers import files, paths, results
from auditor.writers.history.formats import SUFFIXES


def verify(request: HistoryVerifyRequest) -> int:
    """Show whether a history is unchanged; the exit code is 1 if something was removed or changed."""
    path, _ = named(request)
    reports = _digests(request.reports) if request.reports else None
    with store.reading(path) as connection:
        found = verified(connection, reports, request.heads)
    results.print_history(found, request.output_format)
    return 1 if found.faults else 0


def show(request: HistoryShowRequest) -> int:
    """Show the findings that are not resolved, and their ages; the exit code is 0."""
    path, settings = named(request)
    with store.reading(path) as connection:
        found = open_findings(connection, _wanted(request.wanted), settings.days_allowed)
    results.print_history(found, request.output_format)
    return 0


def show_trend(request: HistoryTrendRequest) -> int:
    """Show or write how many findings were open and resolved on each day; the exit code is 0."""
    path, settings = named(request)
    paths.check(request.paths, SUFFIXES, sources=[path])
    with store.reading(path) as connection:
        found = trend(connection, _wanted(request.wanted), Period(request.since, request.until), settings.days_allowed)
    account_id = found.accounts[0].account if len(found.accounts) == 1 else None
    newest = max(each.newest_run for each in found.accounts)
    _output(found, request, [paths.resolved(each, account_id, newest) for each in request.paths], [path])
    return 0


def show_report(request: HistoryReportRequest) -> int:
    """Show or write a stored report with the ages of its findings; the exit code is 0."""
    path, settings = named(request)
    sources = [path, request.report_file]
    paths.check(request.paths, SUFFIXES, sources=sources)
    content, place = saved.read(request.report_file, "the report")
    report = load_report(content, place)
    with store.reading(path) as connection:
        found = ages(connection, report, place, settings.days_allowed, request.new_since)
    targets = [paths.resolved(each, found.account, found.captured_at) for each in request.paths]
    _output(found, request, targets, sources, report)
    return 0


def _output(
    found: Trend | ReportAges,
    request: HistoryTrendRequest | HistoryReportRequest,
    targets: Sequence[Path],
    sources: Sequence[str],
    report: Report | None = None,
) -> None:
    """Write a result to files; print it if there are none, or if a format is given."""
    if targets:
        results.write_history(found, targets, sources=sources, report=report)
    if request.output_format or not targets:
        results.print_history(found, request.output_format or "table")
    if targets:
        speaker(quiet=request.quiet)(f"{files.sentence(targets)}.")


def show_sample(request: HistorySampleRequest) -> int:
    """Show findings that are drawn at random; the exit code is 0."""
    path, _ = named(request)
    period = Period(request.since, request.until)
    with store.reading(path) as connection:
        found = sample(connection, _wanted(request.wanted), period, size=request.size, seed=request.seed)
    results.print_history(found, request.output_format)
    return 0


def _wanted(wanted: Filter) -> Wanted:
    return Wanted(accounts=wanted.accounts, rules=wanted.rules, severities=wanted.severities)


def _digests(sources: Sequence[str]) -> Mapping[str, str]:
    """Return the places of reports by their digests; raise AuditError for a file that is not a report."""
    found: dict[str, str] = {}
    for source in sources:
        content, place = saved.read(source, "the report")
        load_report(content, place)
        found[sha256(content).hexdigest()] = place
    return found
