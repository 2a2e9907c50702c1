"""The scan: from options to findings shown, files written and an exit code."""

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial

from msgspec import Struct

from auditor import inputs, outputs
from auditor.collectors import saved
from auditor.engine import evaluate
from auditor.errors import UsageError
from auditor.finding import Finding
from auditor.inputs import Inputs
from auditor.model import BULK, ResourceType, Snapshot, Source
from auditor.parameters import configure
from auditor.registry import find, load_rules, select
from auditor.report import Gate, Report, build, exit_code, load_report, narrowed
from auditor.rule import ComplianceType, ConfiguredRule, Rule, Severity
from auditor.snapshot import digest, dump
from auditor.staleness import without_old_report

Say = Callable[[str], None]


class Options(Struct, frozen=True, kw_only=True):
    """Hold the options of `iam-audit scan` that are not about where the account is read from."""

    include: Sequence[str]
    exclude: Sequence[str]
    parameters: Sequence[str]
    output_format: str
    query: str | None
    paths: Sequence[str]
    every_finding: bool
    severities: Sequence[str]
    resources: Sequence[str]
    fail_on: str | None
    allow_incomplete: bool
    as_of: datetime | None
    max_report_age: timedelta | None
    verify: bool
    quiet: bool
    verbose: bool


def run(place: Inputs, options: Options, say: Say) -> int:
    """Do the scan and give its exit code; `say` takes what people should know beside the findings."""
    inputs.check(place)
    if options.verify and not inputs.reads_aws(place):
        raise UsageError(
            "--verify asks AWS, but the account is read from files", "Leave it out, or read the account live."
        )
    outputs.check(options.paths, tuple(outputs.REPORT_FORMATS), source=place.snapshot)
    query = outputs.compiled(options.query) if options.query is not None else None
    rules = load_rules()
    configured = list(_configured(rules, select(rules, options.include, options.exclude), options.parameters))
    sources = frozenset[Source]().union(*(each.rule.reads for each in configured))
    snapshot = inputs.collect(
        place,
        sources,
        say,
        progress=wants_progress(quiet=options.quiet),
        doubtful=partial(doubtful, rules=configured) if options.verify else None,
    )
    if options.verbose:
        tell_sources(snapshot, say)
    report = audited(snapshot, configured, options.as_of, options.max_report_age)
    _tell_warnings(report, say)
    files = _written(report, options.paths, place.snapshot)
    shown = narrowed(report, [Severity(name) for name in options.severities], options.resources)
    if query is not None:
        outputs.print_query(shown, query)
    else:
        outputs.print_report(shown, options.output_format, every_finding=options.every_finding)
    code, reason = exit_code(report, Gate(options.fail_on is not None, options.allow_incomplete))
    say(f"{files}Exit code {code}: {reason}")
    return code


def save(place: Inputs, path: str, say: Say, *, quiet: bool, verbose: bool) -> int:
    """Save a snapshot of everything that can be read, and give the exit code: 4 if something could not."""
    inputs.check(place)
    outputs.check([path], outputs.SNAPSHOT_SUFFIXES)
    snapshot = inputs.collect(place, BULK, say, progress=wants_progress(quiet=quiet))
    if verbose:
        tell_sources(snapshot, say)
    file = outputs.resolved(path, snapshot.account.id, snapshot.captured_at)
    outputs.write_snapshot(dump(snapshot), file)
    unread = [source for source in snapshot.sources if source.lacking]
    for source in unread:
        say(f"Warning: {source.name} is {source.status}: {source.detail}")
    say(f"Wrote {file}. Exit code {4 if unread else 0}: {'incomplete' if unread else 'complete'}")
    return 4 if unread else 0


def render(report_file: str, paths: Sequence[str], say: Say, *, every_finding: bool) -> int:
    """Write a stored report in other formats, or show it as a table; the exit code is 0 if that worked."""
    outputs.check(paths, tuple(outputs.REPORT_FORMATS))
    report = load_report(saved.read(report_file, report_file), report_file)
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
) -> Report:
    """Give the report of a snapshot; `evaluated_at` (UTC) is now unless it is given.

    What rests on a credential report older than `max_report_age` is unknown; the digest is of the snapshot as read.
    """
    believed = snapshot if max_report_age is None else without_old_report(snapshot, max_report_age)
    return build(
        believed,
        rules,
        evaluate(believed, rules),
        sha256=digest(dump(snapshot)),
        evaluated_at=evaluated_at or datetime.now(UTC).replace(microsecond=0),
    )


def doubtful(snapshot: Snapshot, rules: Sequence[ConfiguredRule]) -> Sequence[str]:
    """Give the users whose open finding of a verifiable rule rests on a credential report older than the run.

    They are few where most users are in order: what is COMPLIANT is not asked about again.
    """
    made, captured_at = snapshot.report_generated_at, snapshot.captured_at
    if made is None or captured_at is None or made >= captured_at:
        return ()
    findings = evaluate(snapshot, [each for each in rules if each.rule.verifiable]).findings
    unsettled = (ComplianceType.NON_COMPLIANT, ComplianceType.INSUFFICIENT_DATA)
    names = (found.resource_name for found in findings if found.compliance_type in unsettled and _is_user(found))
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


def _configured(
    rules: Mapping[str, Rule], selected: Sequence[Rule], settings: Sequence[str]
) -> Iterator[ConfiguredRule]:
    """Give the selected rules with their parameters; each setting is RULE.NAME=VALUE."""
    given: dict[str, dict[str, object]] = {rule.id: {} for rule in selected}
    for setting in settings:
        target, equals, value = setting.partition("=")
        rule_name, dot, name = target.partition(".")
        if not (equals and dot and name):
            raise UsageError(f"--parameter {setting}", "Write it as RULE.NAME=VALUE; an empty value drops a check.")
        rule = find(rules, rule_name)
        if rule.id not in given:
            raise UsageError(f"--parameter {setting}: {rule.id} is not selected", "Select it with --rule.")
        if name in given[rule.id]:
            raise UsageError(f"--parameter {setting}: {name} is given twice", "Give each parameter once.")
        given[rule.id][name] = value
    for rule in selected:
        yield configure(rule, given[rule.id])


def _tell_warnings(report: Report, say: Say) -> None:
    for warning in report.warnings:
        about = " ".join(name for name in (warning.config_rule_name, warning.resource_name) if name)
        say(f"Warning: {f'{about}: ' if about else ''}{warning.message}")


def _written(report: Report, paths: Sequence[str], source: str | None = None) -> str:
    """Write the files and give the words that tell of them."""
    files = outputs.write_reports(report, paths, source=source)
    return f"Wrote {', '.join(map(str, files))}. " if files else ""
