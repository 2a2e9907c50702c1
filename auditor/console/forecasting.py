"""Runs `iam-audit forecast`: shows and writes the findings that will open only because time passes."""

from datetime import UTC, datetime

from auditor.account.model import Snapshot
from auditor.console import places
from auditor.console.messages import Say, speaker, wants_progress
from auditor.console.requests import ForecastRequest
from auditor.judging.rule import Severity
from auditor.report.forecast import Forecast, forecast
from auditor.report.forecast_gate import exit_code
from auditor.selection import config
from auditor.selection.options import RunOptions
from auditor.selection.plan import Plan, planned, settled, sources_read
from auditor.selection.run_settings import run_settings
from auditor.writers import files, paths, printing, results
from auditor.writers.forecast import SUFFIXES


def run(request: ForecastRequest) -> int:
    """Show and write the forecast, and return the exit code."""
    say = speaker(quiet=request.quiet)
    places.check(request.account)
    sources = [each for each in (request.account.snapshot,) if each is not None]
    paths.check(request.paths, SUFFIXES, sources=sources)
    loaded = config.load(request.selection.config, datetime.now(UTC).date(), ignored=request.selection.no_config)
    settings = run_settings(RunOptions(max_report_age=request.max_report_age), loaded)
    plan = planned(request.selection, loaded, settings)
    found = _forecast(plan, _collected(plan, request, say), request)
    targets = [paths.resolved(path, found.account.id, found.captured_at) for path in request.paths]
    if targets:
        results.write_forecast(found, targets, sources=sources)
    with printing.reader_may_leave():
        if request.output_format or not targets:
            results.print_forecast(found, request.output_format or "table")
    code, reason = exit_code(
        found,
        on_open=request.fail_on == "open",
        min_severity=Severity(request.min_severity),
        allow_incomplete=request.allow_incomplete,
    )
    say(f"{f'{files.sentence(targets)}. ' if targets else ''}Exit code {code}: {reason}")
    return code


def _collected(plan: Plan, request: ForecastRequest, say: Say) -> Snapshot:
    progress = wants_progress(quiet=request.quiet)
    return places.collect(request.account, sources_read(plan), say, progress=progress)


def _forecast(plan: Plan, snapshot: Snapshot, request: ForecastRequest) -> Forecast:
    ours = settled(plan, snapshot)
    return forecast(
        snapshot,
        ours.rules,
        days=request.days,
        suppressions=ours.run.suppressions.value,
        suppression_limits=ours.run.suppression_limits,
        max_report_age=ours.run.oldest_report,
    )
