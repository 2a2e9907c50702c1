"""The scan: from options to findings shown, files written and an exit code."""

import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial

from msgspec import Struct

from auditor.account.kinds import ResourceType
from auditor.account.model import Snapshot
from auditor.account.report_age import without_old_report
from auditor.account.snapshot import digest, dump
from auditor.collectors import saved
from auditor.console import places as inputs
from auditor.console.places import Inputs
from auditor.errors import AuditError, UsageError
from auditor.judging.engine import Evaluation, RuleNotice, evaluate
from auditor.judging.finding import Finding
from auditor.judging.rule import OPEN, ConfiguredRule, Severity
from auditor.judging.suppressions import Limits, Suppression, suppressed
from auditor.report import frameworks
from auditor.report.build import build, with_frameworks
from auditor.report.gate import Gate, exit_code
from auditor.report.narrowing import narrowed
from auditor.report.report import Report
from auditor.selection import config
from auditor.selection.config import GateSettings, Loaded
from auditor.selection.packs.summary import PackSummary
from auditor.selection.plan import Plan, current, planned, sources_read, sources_wanted
from auditor.selection.selection import Choice
from auditor.writers import files as outputs

Say = Callable[[str], None]


class Options(Struct, frozen=True, kw_only=True):
    """Hold the options of `iam-audit scan` that are not about where the account is read from."""

    output_format: str | None
    query: str | None
    paths: Sequence[str]
    every_finding: bool
    severities: Sequence[str]
    resources: Sequence[str]
    frameworks: Sequence[str]
    fail_on: str | None
    allow_incomplete: bool | None
    as_of: datetime | None
    max_report_age: timedelta | None
    verify: bool
    quiet: bool
    verbose: bool


def run(place: Inputs, choice: Choice, options: Options, say: Say) -> int:
    """Do the scan and give its exit code; `say` takes what people should know beside the findings."""
    inputs.check(place)
    _check(place, options)
    loaded = config.load(choice.config, (options.as_of or datetime.now(UTC)).date())
    settings = loaded.config
    paths = _paths(loaded, options, place.snapshot)
    query = outputs.compiled(options.query) if options.query is not None else None
    asked = [frameworks.find(name) for name in options.frameworks]
    plan = planned(choice, loaded)
    snapshot = inputs.collect(
        place,
        sources_read(plan),
        say,
        progress=wants_progress(quiet=options.quiet),
        doubtful=partial(doubtful, rules=plan.rules) if options.verify else None,
    )
    if options.verbose:
        tell_sources(snapshot, say)
    report = with_frameworks(_audited_by(plan, snapshot, options), asked)
    _tell_warnings(report, say)
    if options.as_of is not None:
        _tell_revived(settings.suppressions, options.as_of, say)
    files = _written(report, paths, place.snapshot)
    shown = narrowed(report, [Severity(name) for name in options.severities], options.resources)
    if query is not None:
        outputs.print_query(shown, query)
    else:
        output_format = options.output_format or settings.output.format
        outputs.print_report(shown, output_format, every_finding=options.every_finding)
    code, reason = exit_code(report, _gate(settings.gate, options))
    say(f"{files}Exit code {code}: {reason}")
    return code


def _check(place: Inputs, options: Options) -> None:
    """Raise UsageError for options that make no sense together."""
    if options.verify and not inputs.reads_aws(place):
        raise UsageError(
            "--verify asks AWS, but the account is read from files", "Leave it out, or read the account live."
        )
    if options.query is not None and options.output_format not in (None, "json"):
        raise UsageError(f"--query prints JSON, not {options.output_format}", "Leave --format out.")


def _paths(loaded: Loaded, options: Options, source: str | None) -> Sequence[str]:
    """Give the files to be written; raise AuditError for what cannot be, with the configuration where it says so."""
    paths = options.paths or [str(loaded.folder / file) for file in loaded.config.output.files]
    try:
        outputs.check(paths, tuple(outputs.REPORT_FORMATS), source=source)
    except AuditError as error:
        if options.paths:
            raise
        told = error.message.removeprefix("-o ")
        raise type(error)(f"{loaded.path}: output.files: {told}", error.hint) from error
    return paths


def _audited_by(plan: Plan, snapshot: Snapshot, options: Options) -> Report:
    oldest = config.max_report_age(plan.loaded) if options.max_report_age is None else options.max_report_age
    settings = plan.loaded.config
    return audited(
        snapshot,
        plan.rules,
        options.as_of,
        oldest,
        settings.suppressions,
        settings.suppression_limits,
        packs=plan.packs,
    )


def _gate(settings: GateSettings, options: Options) -> Gate:
    fail_on = options.fail_on or settings.fail_on
    allowed = settings.allow_incomplete if options.allow_incomplete is None else options.allow_incomplete
    return Gate(fail_on == "noncompliant", allowed)


def save(place: Inputs, choice: Choice, path: str, say: Say, *, quiet: bool, verbose: bool) -> int:
    """Save a snapshot of what the selected rules read, and give the exit code: 4 if something could not be read."""
    inputs.check(place)
    outputs.check([path], outputs.SNAPSHOT_SUFFIXES)
    plan = current(choice)
    snapshot = inputs.collect(place, sources_wanted(plan), say, progress=wants_progress(quiet=quiet))
    if verbose:
        tell_sources(snapshot, say)
    file = outputs.resolved(path, snapshot.account.id, snapshot.captured_at)
    outputs.write_snapshot(dump(snapshot), file)
    unread = [source for source in snapshot.sources if source.lacking]
    for source in unread:
        say(f"Warning: {source.name} is {source.status}: {source.detail}")
    say(f"Wrote {file}. Exit code {4 if unread else 0}: {'incomplete' if unread else 'complete'}")
    return 4 if unread else 0


def render(
    report_file: str, paths: Sequence[str], framework_names: Sequence[str], say: Say, *, every_finding: bool
) -> int:
    """Write a stored report in other formats, or show it as a table; the exit code is 0 if that worked."""
    outputs.check(paths, tuple(outputs.REPORT_FORMATS))
    asked = [frameworks.find(name) for name in framework_names]
    report = with_frameworks(saved.load_report(report_file), asked)
    if not paths:
        outputs.print_report(report, "table", every_finding=every_finding)
    else:
        say(_written(report, paths).strip())
    return 0


def audited(
    snapshot: Snapshot,
    rules: Sequence[ConfiguredRule],
    evaluated_at: datetime | None = None,
    max_report_age: timedelta | None = None,
    suppressions: Sequence[Suppression] = (),
    limits: Limits = Limits(),  # noqa: B008 - never changed
    *,
    packs: Sequence[PackSummary] = (),
) -> Report:
    """Give the report of a snapshot; `evaluated_at` (UTC) is now unless it is given.

    What rests on a credential report older than `max_report_age` is unknown; the digest is of the snapshot as read.
    """
    now = evaluated_at or datetime.now(UTC).replace(microsecond=0)
    believed = snapshot if max_report_age is None else without_old_report(snapshot, max_report_age)
    evaluation = evaluate(believed, rules)
    if suppressions:
        ids = {each.config_rule_name: each.rule.id for each in rules}
        findings, told = suppressed(evaluation.findings, suppressions, believed, ids, limits, now.date())
        notices = (RuleNotice(rule, notice) for rule, notice in told)
        evaluation = Evaluation(findings, (*evaluation.notices, *notices))
    return build(believed, rules, evaluation, sha256=digest(dump(snapshot)), evaluated_at=now, packs=packs)


def doubtful(snapshot: Snapshot, rules: Sequence[ConfiguredRule]) -> Sequence[str]:
    """Give the users whose open finding of a verifiable rule rests on a credential report older than the run.

    They are few where most users are in order: what is COMPLIANT is not asked about again.
    """
    made, captured_at = snapshot.report_generated_at, snapshot.captured_at
    if made is None or captured_at is None or made >= captured_at:
        return ()
    findings = evaluate(snapshot, [each for each in rules if each.rule.verifiable]).findings
    names = (found.resource_name for found in findings if found.compliance_type in OPEN and _is_user(found))
    return tuple(dict.fromkeys(names))


def _is_user(finding: Finding) -> bool:
    return finding.resource_type is ResourceType.USER


def wants_progress(*, quiet: bool) -> bool:
    """Say whether to show progress: only to somebody at a terminal."""
    return not quiet and sys.stderr.isatty()


def tell_sources(snapshot: Snapshot, say: Say) -> None:
    """Tell how each source was read."""
    for source in snapshot.sources:
        count = f"{source.items:,} items in {source.pages:,} pages" if source.pages else "nothing read"
        say(f"{source.name}: {source.status}, {count}{f' ({source.detail})' if source.detail else ''}")


def _tell_warnings(report: Report, say: Say) -> None:
    for warning in report.warnings:
        about = " ".join(name for name in (warning.config_rule_name, warning.resource_name) if name)
        say(f"Warning: {f'{about}: ' if about else ''}{warning.message}")
    for pack in report.packs:
        for note in pack.notes:
            say(f"Warning: pack {pack.name}: {note}")


def _tell_revived(suppressions: Sequence[Suppression], as_of: datetime, say: Say) -> None:
    """Tell of suppressions that have ended and count nevertheless; no report says so, since none holds today's date."""
    today = datetime.now(UTC).date()
    for each in suppressions:
        if as_of.date() <= each.until < today:
            say(f"Warning: The {each.words} has ended; by --as-of it counts")


def _written(report: Report, paths: Sequence[str], source: str | None = None) -> str:
    """Write the files and give the words that tell of them."""
    files = outputs.write_reports(report, paths, source=source)
    return f"Wrote {', '.join(map(str, files))}. " if files else ""
