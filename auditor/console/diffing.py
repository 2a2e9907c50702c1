"""Runs `iam-audit diff`: compares two reports or two snapshots, shows and writes the changes."""

from datetime import UTC, datetime

from msgspec import structs

from auditor import audit
from auditor.account.model import Snapshot
from auditor.account.snapshot import load
from auditor.collectors import saved
from auditor.console.messages import speaker
from auditor.console.requests import DiffRequest
from auditor.errors import UsageError
from auditor.report.compare import compare
from auditor.report.comparison import Comparison, light
from auditor.report.diff_gate import exit_code
from auditor.report.in_use import summary
from auditor.report.reading import load_report
from auditor.report.report import Report
from auditor.selection import config
from auditor.selection.options import Choice
from auditor.selection.plan import planned, settled
from auditor.writers import files, paths, results
from auditor.writers.diff.formats import DIFF_SUFFIXES


def run(request: DiffRequest) -> int:
    """Compare the two documents of a request and return the exit code."""
    say = speaker(quiet=request.quiet)
    sources = [each for each in (request.old, request.new) if each != "-"]
    if request.old == request.new == "-":
        raise UsageError("OLD and NEW cannot both be standard input", "Name a file for one of them.")
    paths.check(request.paths, DIFF_SUFFIXES, sources=sources)
    comparison = _compared(request)
    for rule in comparison.failed_rules:
        say(f"Warning: {rule}: the rule failed; its verdicts are missing")
    written = results.write_comparison(comparison, request.paths, sources=sources)
    results.print_comparison(comparison, request.output_format)
    code, reason = exit_code(comparison, on_new=request.fail_on == "new", allow_incomplete=request.allow_incomplete)
    say(f"{f'{files.sentence(written)}. ' if written else ''}Exit code {code}: {reason}")
    return code


def _compared(request: DiffRequest) -> Comparison:
    old, place = saved.read(request.old, "the old report")
    if saved.is_snapshot(old):
        before = load(old, place)
        del old  # a large account's snapshot takes a hundred megabytes
        after = load(*_second(request.new, place, "snapshot"))
        return _of_snapshots(before, after, request)
    _check_selection(request)
    first = light(load_report(old, place))
    del old
    return compare(first, load_report(*_second(request.new, place, "report")))


def _second(source: str, other: str, kind: str) -> tuple[bytes, str]:
    """Return the content of the new document and its place; raise UsageError if the old one is of another kind."""
    content, place = saved.read(source, "the new report")
    if saved.is_snapshot(content) != (kind == "snapshot"):
        kinds = ("a snapshot", "a report")
        first, second = kinds if kind == "snapshot" else reversed(kinds)
        hint = "Compare two of a kind: `iam-audit scan --snapshot FILE -o REPORT.json` makes a report of a snapshot."
        raise UsageError(f"{other} is {first}, but {place} is {second}", hint)
    return content, place


def _check_selection(request: DiffRequest) -> None:
    """Raise UsageError for options that only matter when snapshots are judged."""
    names = structs.asdict(Choice())
    given = [name for name in names if getattr(request.selection, name) not in ((), None, False)]
    given += ["as_of"] if request.as_of is not None else []
    if given:
        option = _OPTIONS.get(given[0], given[0]).replace("_", "-")
        hint = "Leave it out: stored reports were judged when they were made."
        raise UsageError(f"--{option} can only be used with snapshots", hint)


_OPTIONS = {"rule_set": "rules", "include": "rule", "exclude": "exclude-rule", "parameters": "parameter"} | {
    "packs": "conformance-pack",
    "pack_parameters": "pack-parameter",
}


def _of_snapshots(old: Snapshot, new: Snapshot, request: DiffRequest) -> Comparison:
    """Compare the verdicts of the same rules on two snapshots, as of one time."""
    now = request.as_of or datetime.now(UTC).replace(microsecond=0)
    loaded = config.load(request.selection.config, now.date(), ignored=request.selection.no_config)
    plan = planned(request.selection, loaded)

    def judged(snapshot: Snapshot) -> Report:
        ours = settled(plan, snapshot)
        settings = ours.run
        report = audit(
            snapshot,
            ours.rules,
            suppressions=settings.suppressions.value,
            suppression_limits=settings.suppression_limits,
            packs=ours.packs,
            as_of=now,
            max_report_age=settings.oldest_report,
        )
        return structs.replace(report, configuration=summary(ours, report.summary.suppressed))

    return compare(judged(old), judged(new))
