"""Baselines: the findings of an earlier report, which do not count for the gate as long as they are the same.

A baseline matches only a NON_COMPLIANT finding with the same fingerprint and unique id. It never contains or matches
INSUFFICIENT_DATA, nor findings that a suppression sets aside, because suppressions have an end date of their own.
"""

from collections import Counter
from collections.abc import Container, Iterable, Iterator, Sequence
from datetime import UTC
from typing import Any, Literal

import msgspec
from msgspec import Struct, structs

from auditor import __version__, documents
from auditor.account.kinds import ResourceType
from auditor.account.sources import Time
from auditor.errors import SourceError
from auditor.judging.finding import Finding
from auditor.judging.rule import Severity
from auditor.report.changes import BaselineSummary, Entry, IdleEntry, Outcome
from auditor.report.differences import of_rules, of_tools
from auditor.report.proof import Fate, Side, is_open
from auditor.report.reading import load_report
from auditor.report.report import AccountHeader, Report, Tool, as_json
from auditor.report.same_account import check_account, check_as_it_is

_FORMAT = "iam-audit-baseline"
_START = 100  # bytes; a baseline that we write has its format within them


class BaselineRule(Struct, frozen=True):
    """Hold the settings that a rule had when the baseline was made."""

    config_rule_name: str
    source_identifier: str
    parameters: dict[str, Any]
    severity: Severity
    left_out: tuple[ResourceType, ...] = ()


class Baseline(Struct, frozen=True, kw_only=True):
    """Hold the known findings; the fields are those of the JSON document, whose format has the number `version`."""

    format: Literal["iam-audit-baseline"] = "iam-audit-baseline"
    version: Literal[1] = 1
    tool: Tool
    account: AccountHeader
    captured_at: Time | None
    snapshot_sha256: str
    rules: tuple[BaselineRule, ...]
    findings: tuple[Entry, ...]

    def to_json(self) -> str:
        """Return the baseline as indented JSON: it is kept beside code, where people review its changes."""
        return msgspec.json.format(as_json(self), indent=1).decode() + "\n"


class _Header(Struct):
    format: str = ""


def baseline_of(report: Report, place: str = "the report", earlier: Baseline | None = None) -> Baseline:
    """Return a baseline with every open finding of a report.

    It keeps the entries of an `earlier` baseline that were not seen: those for which the report proves nothing. Raises
    SourceError, naming `place`, for a report that was narrowed and lists only some of its findings, or that is about a
    planned change, and UsageError for an earlier baseline of another account.
    """
    check_as_it_is(report, place)
    side = Side(report, place)  # checks that the report is not narrowed
    known = [
        Entry(**{name: getattr(each, name) for name in Entry.__struct_fields__})
        for each in report.findings
        if is_open(each)
    ]
    rules = [
        BaselineRule(each.config_rule_name, each.source_identifier, each.parameters, each.severity, each.left_out)
        for each in report.rules
    ]
    if earlier is not None:
        check_account(earlier.account, report.account, "the earlier baseline", place)
        lost = [rule for rule in earlier.rules if rule.config_rule_name not in side.rules]
        rules += lost
        known += _unseen(earlier, side, rules, {each.fingerprint for each in known})
    return Baseline(
        tool=Tool("iam-audit", __version__),
        account=report.account,
        captured_at=report.snapshot.captured_at,
        snapshot_sha256=report.snapshot.sha256,
        rules=tuple(rules),
        findings=tuple(known),
    )


def _unseen(earlier: Baseline, side: Side, rules: Sequence[BaselineRule], known: Container[str]) -> Iterator[Entry]:
    """Yield the entries of an earlier baseline for which a report proves nothing, except if their rule has changed."""
    identifiers, now = _identifiers(earlier.rules), _identifiers(rules)
    same = {name for name in identifiers if now.get(name) == identifiers[name]}
    for entry in earlier.findings:
        name = entry.config_rule_name
        kept = name in same and entry.fingerprint not in known
        if kept and side.fate(entry, identifiers[name]).outcome is Outcome.NOT_SEEN:
            yield entry


def _identifiers(rules: Iterable[BaselineRule]) -> dict[str, str]:
    return {rule.config_rule_name: rule.source_identifier for rule in rules}


def load_baseline(document: bytes, place: str) -> Baseline:
    """Return the baseline in a JSON document, which is a baseline or a report; raise SourceError naming `place`."""
    if not _is_baseline(document):
        return baseline_of(load_report(document, place), place)
    try:
        documents.check_strings(document)
        documents.check_keys(document)
        baseline = msgspec.json.decode(document, type=Baseline)
        _check(baseline)
    except (*documents.FAULTS, OverflowError) as error:
        raise SourceError(
            f"{place} is not a readable baseline: {documents.reason(error)}",
            "Baselines are written by `iam-audit baseline REPORT.json -o FILE.json`; this release reads version 1.",
        ) from error
    return baseline


def _is_baseline(document: bytes) -> bool:
    try:
        return msgspec.json.decode(document, type=_Header).format == _FORMAT
    except documents.FAULTS:
        return _FORMAT.encode() in document[:_START]  # then decoding reports what is wrong with it


def _check(baseline: Baseline) -> None:
    """Raise ValueError or OverflowError for a baseline that contradicts itself or cannot be shown."""
    documents.check_depth([rule.parameters for rule in baseline.rules])
    names = [rule.config_rule_name for rule in baseline.rules]
    for what, held in (("rule", names), ("fingerprint", [each.fingerprint for each in baseline.findings])):
        twice = next((value for value, count in Counter(held).items() if count > 1), None)
        if twice is not None:
            raise ValueError(f"the {what} {twice} is listed twice")
    lost = next((each for each in baseline.findings if each.config_rule_name not in set(names)), None)
    if lost is not None:
        raise ValueError(f"a finding is of {lost.config_rule_name}, which the baseline has no rule of")
    if baseline.captured_at is not None:
        baseline.captured_at.astimezone(UTC)


def forgiven(report: Report, baseline: Baseline, file: str) -> Report:
    """Return the report with the findings of a baseline marked as known, and with a summary of the baseline.

    `file` names the baseline. Raises UsageError for a baseline of another account.
    """
    check_account(baseline.account, report.account, f"the baseline {file}", "this report")
    side = Side(report, "the report")
    identifiers = _identifiers(baseline.rules)
    fates = [(entry, side.fate(entry, identifiers[entry.config_rule_name])) for entry in baseline.findings]
    known = {entry.fingerprint for entry, fate in fates if fate.outcome is Outcome.UNCHANGED}
    marked = (structs.replace(each, known=True) if each.fingerprint in known else each for each in report.findings)
    return structs.replace(report, findings=tuple(marked), baseline=_summary(report, baseline, file, fates))


def _summary(
    report: Report, baseline: Baseline, file: str, fates: Iterable[tuple[Entry, Fate[Finding]]]
) -> BaselineSummary:
    outcomes = Counter(fate.outcome for _, fate in fates)
    idle = [
        IdleEntry(entry, fate.outcome, fate.reason) for entry, fate in fates if fate.outcome is not Outcome.UNCHANGED
    ]
    return BaselineSummary(
        file=file,
        captured_at=baseline.captured_at,
        entries=len(baseline.findings),
        known=outcomes[Outcome.UNCHANGED],
        stale=tuple(each for each in idle if each.outcome is Outcome.RESOLVED),
        idle=tuple(each for each in idle if each.outcome is not Outcome.RESOLVED),
        differences=(*of_tools(baseline.tool, report.tool), *of_rules(baseline.rules, report.rules)),
    )
