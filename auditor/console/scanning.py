"""Runs `iam-audit scan`: reads and judges the account, shows findings, writes files, returns the exit code."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

from msgspec import structs

from auditor import audit
from auditor.account.model import Snapshot
from auditor.account.report_age import duration
from auditor.collectors.saved import load_baseline
from auditor.console import places, planning
from auditor.console.history_file import check_folder
from auditor.console.keys import signing_of
from auditor.console.messages import Say, speaker, wants_progress
from auditor.console.requests import ScanRequest
from auditor.console.showing import check_shown, show
from auditor.errors import SourceError, UsageError
from auditor.judging.rule import Severity
from auditor.judging.suppressions import Suppression
from auditor.report.audit import Engine, doubtful_users
from auditor.report.baseline import Baseline, forgiven
from auditor.report.baseline_text import baseline_warnings
from auditor.report.configuration import effects, sentence
from auditor.report.gate import Gate, exit_code
from auditor.report.in_use import completed
from auditor.report.report import Report
from auditor.selection import config, frameworks
from auditor.selection.config import Loaded
from auditor.selection.options import Choice
from auditor.selection.plan import Plan, planned, settled, sources_read
from auditor.selection.run_settings import RunSettings, run_settings
from auditor.writers import files, paths, printing
from auditor.writers.formats import REPORT_SUFFIXES, check_region

UNDECIDED = 4


def run(request: ScanRequest, *, undecided_passes: bool = False) -> int:
    """Do the scan and return its exit code; with `undecided_passes` the caller lets 4 pass, so it is not shown."""
    say = speaker(quiet=request.quiet)
    places.check(request.account)
    planning.check(request)
    _check(request)
    today = (request.as_of or datetime.now(UTC)).date()
    loaded = config.load(request.selection.config, today, ignored=request.selection.no_config)
    _show_unread(request, loaded, say)
    settings = run_settings(request.run, loaded)
    _check_places(settings, loaded, named=request.selection.config is not None)
    inputs = _read(request, loaded)
    planning.check_gate(request, settings)
    known = _baseline(settings)
    inputs = [*inputs, *(each for each in (settings.baseline_path, settings.history_path) if each is not None)]
    signing = signing_of(request.sign, settings.paths)
    inputs = [*inputs, *signing.sources]
    _check_files(settings, inputs, signing.files)
    check_region(settings.paths, settings.output_format.value, request.security_hub_region)
    history = _history(request, settings, say)
    _check_history(history, settings)
    query = printing.compiled(request.shown.query) if request.shown.query is not None else None
    wanted = [frameworks.find(name) for name in request.frameworks]
    plan = planned(request.selection, loaded, settings)
    changes = planning.opened(request)
    snapshot = _collected(plan, request, say)
    _check_age(snapshot, settings.oldest_snapshot, request)
    plan = settled(plan, snapshot)
    by = partial(_audited, plan, wanted, request.as_of)
    printed = plan.run.output_format.value if query is None else None
    report = planning.judge(snapshot, changes, by, say, printed=printed) if changes else by(snapshot)
    if known is not None:
        report = forgiven(report, *known)
    _show_warnings(report, say)
    if request.as_of is not None:
        _show_revived(plan.run.suppressions.value, request.as_of, say)
    report = completed(report, plan, snapshot)
    sources, region = [*inputs, *plan.pack_paths], request.security_hub_region
    written = files.write_reports(report, plan.run.paths, sources=sources, region=region, sign=signing.sign)
    overdue = _recorded(report, history, plan.run, say)
    only = request.planned.only
    show(report, plan.run.output_format.value, request.shown, query, say, region=region, only=only)
    code, reason = exit_code(report, _gate(plan.run, overdue, only))
    by_file = f". {sentence(report.configuration)}" if report.configuration and effects(report.configuration) else ""
    result = "Passed, undecided without the account" if undecided_passes and code == UNDECIDED else f"Exit code {code}"
    say(f"{f'{files.sentence(written)}. ' if written else ''}{result}: {reason}{by_file}")
    return code


def _baseline(settings: RunSettings) -> tuple[Baseline, str] | None:
    """Return the baseline and its path, None without one; raise UsageError for a gate that needs one."""
    path = settings.baseline_path
    if path == "":
        raise UsageError("--baseline is empty", "Name the file; a variable may not be set.")
    if path is not None:
        return load_baseline(path), path
    if settings.fail_on.value == "new":
        hint = "Give --baseline FILE, a report or what `iam-audit baseline` writes; or use --fail-on noncompliant."
        raise UsageError("--fail-on new needs a baseline", hint)
    return None


def _history(request: ScanRequest, settings: RunSettings, say: Say) -> str | None:
    """Return the history to which the report is added, None for none.

    The history of the configuration file is not used, and a note says so, if options select other rules or the report
    is of a planned change. Raises UsageError for a planned change with --history.
    """
    path, planning_ahead = settings.history_path, bool(planning.files(request))
    if path is None or settings.history.origin.file == "":
        if path is not None and planning_ahead:
            hint = "Leave --history out: a history holds what was so, and not what is planned."
            raise UsageError("--history cannot be used with a planned change", hint)
        return path
    usual = Choice(config=request.selection.config, no_config=request.selection.no_config)
    if planning_ahead or structs.astuple(request.selection) != structs.astuple(usual):
        why = "it is of a planned change" if planning_ahead else "options select its rules"
        say(f"Note: The report is not added to {path}, because {why}; --history adds it to another history")
        return None
    return path


def _check_history(history: str | None, settings: RunSettings) -> None:
    """Raise AuditError if nothing can be added to the history, or if the gate needs a history and there is none."""
    if history is not None or settings.fail_on.value == "overdue":
        from auditor.console import recording  # sqlite3, which other scans do not need

        recording.check(history, settings)


def _recorded(report: Report, history: str | None, settings: RunSettings, say: Say) -> int:
    """Add the report to the history, if there is one, and return how many findings are overdue for the gate."""
    if history is None:
        return 0
    from auditor.console import recording

    return recording.record(report, history, settings, say)


def _show_unread(request: ScanRequest, loaded: Loaded, say: Say) -> None:
    """Show a note if a parent folder has a configuration file, because people may think that it is read."""
    above = None if request.selection.no_config else config.unread_above(loaded, Path())
    if above is not None:
        say(f"Note: {above} is not read, because it is not in the working folder; --config {above} reads it")


def _check(request: ScanRequest) -> None:
    """Raise UsageError for options that exclude each other."""
    if request.verify and not places.reads_aws(request.account):
        raise UsageError(
            "--verify calls AWS, but the account is read from files", "Leave it out, or read the account live."
        )
    check_shown(request.shown, request.run.output_format)


def _check_places(settings: RunSettings, loaded: Loaded, *, named: bool) -> None:
    """Raise UsageError if a configuration file found without --config names files outside its folder."""
    if named or loaded.path is None:
        return
    check_folder(settings, loaded)
    folder = loaded.path.parent.resolve()
    for path in settings.paths if settings.files.origin.file else ():
        if "\0" not in path and not Path(path).resolve().is_relative_to(folder):
            problem = f"is outside the folder of {loaded.path}, which was read only because it is here"
            raise UsageError(problem, "Name the file with --config, or give -o.", subject=f"output.files {path}")


def _read(request: ScanRequest, loaded: Loaded) -> Sequence[str]:
    """Return the files that are read, except packs; no report may replace them."""
    configuration = [] if loaded.path is None else [str(loaded.path)]
    return [*places.files_read(request.account), *configuration, *planning.files(request)]


def _check_files(settings: RunSettings, sources: Sequence[str], signatures: Sequence[str]) -> None:
    """Raise AuditError for a file that cannot be written; the error names the option or the configuration file."""
    named_by = settings.files.origin.file
    place = f"{named_by}: output.files" if named_by else "-o"
    paths.check([*settings.paths, *signatures], REPORT_SUFFIXES, sources=sources, place=place)


def _collected(plan: Plan, request: ScanRequest, say: Say) -> Snapshot:
    if planning.is_alone(request):
        return planning.unread_account(request, say)
    snapshot = places.collect(
        request.account,
        sources_read(plan),
        say,
        progress=wants_progress(quiet=request.quiet),
        doubtful=(lambda snapshot: doubtful_users(snapshot, settled(plan, snapshot).rules)) if request.verify else None,
    )
    if request.verbose:
        show_sources(snapshot, say)
    return snapshot


def _check_age(snapshot: Snapshot, oldest: timedelta | None, request: ScanRequest) -> None:
    """Raise SourceError for a snapshot or export that is older than allowed, or has no known capture time."""
    if oldest is None or not (request.account.snapshot or request.account.exports):
        return
    place = str(request.account.snapshot or request.account.exports)
    hint = "Read the account again, or allow an older one."
    if snapshot.captured_at is None:
        problem = "has no known capture time, which --max-snapshot-age needs"
        hint = "Give --captured-at TIME with --exports; a snapshot without a capture time must be read again."
        raise SourceError(problem, hint, subject=place)
    age = (request.as_of or datetime.now(UTC)) - snapshot.captured_at
    if age > oldest:
        limit = f"{oldest.total_seconds() / 3600:g} h"
        raise SourceError(f"is {duration(age)} old, older than --max-snapshot-age {limit}", hint, subject=place)


def _audited(
    plan: Plan, wanted: Sequence[str], as_of: datetime | None, snapshot: Snapshot, engine: Engine | None = None
) -> Report:
    settings = plan.run
    return audit(
        snapshot,
        plan.rules,
        suppressions=settings.suppressions.value,
        suppression_limits=settings.suppression_limits,
        frameworks=wanted,
        packs=plan.packs,
        as_of=as_of,
        max_report_age=settings.oldest_report,
        engine=engine,
    )


def _gate(settings: RunSettings, overdue: int, only: str | None) -> Gate:
    return Gate(
        settings.fail_on.value in ("noncompliant", "new"),
        settings.allow_incomplete.value,
        Severity(settings.min_severity.value),
        on_new=settings.fail_on.value == "new",
        overdue=overdue,
        only_introduced=only == "introduced",
    )


def show_sources(snapshot: Snapshot, say: Say) -> None:
    """Show how each source was read."""
    for source in snapshot.sources:
        count = f"{source.items:,} items in {source.pages:,} pages" if source.pages else "nothing read"
        say(f"{source.name}: {source.status}, {count}{f' ({source.detail})' if source.detail else ''}")


def _show_warnings(report: Report, say: Say) -> None:
    names = report.shown_names
    for warning in report.warnings:
        rule = warning.config_rule_name
        about = " ".join(name for name in (rule and names.get(rule, rule), warning.resource_name) if name)
        say(f"Warning: {f'{about}: ' if about else ''}{warning.message}")
    for pack in report.packs:
        for note in pack.notes:
            say(f"Warning: pack {pack.name}: {note}")
    if report.baseline is not None:
        for line in baseline_warnings(report.baseline, names):
            say(f"Warning: {line}")


def _show_revived(suppressions: Sequence[Suppression], as_of: datetime, say: Say) -> None:
    """Warn about suppressions that have ended but count as of the given time; a report does not know today's date."""
    today = datetime.now(UTC).date()
    for each in suppressions:
        if as_of.date() <= each.until < today:
            say(f"Warning: The {each.description} has ended; by --as-of it counts")
