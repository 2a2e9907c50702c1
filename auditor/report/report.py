"""The report: what every format shows, what is counted, and the exit code that follows from it."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from typing import Any, Literal

import msgspec
from msgspec import Struct

from auditor import __version__, documents
from auditor.account.checks import MAX_IDENTIFIER, integrity
from auditor.account.kinds import ResourceType
from auditor.account.model import Notice, Snapshot
from auditor.account.report_age import report_age
from auditor.account.sources import Time
from auditor.errors import AuditError, SourceError
from auditor.judging.engine import RULE_ERROR, Evaluation
from auditor.judging.finding import Finding
from auditor.judging.rule import MAX_ANNOTATION, ComplianceType, ConfiguredRule, Severity
from auditor.report.controls import controls
from auditor.report.frameworks import FrameworkResult, by_framework, contradicts
from auditor.report.ledger import Coverage, SourceReading, coverage, source_readings
from auditor.selection.packs.summary import PackSummary

_MAX_COUNT = 10**9  # findings
_SUPPRESSED = "suppressed"


class Tool(Struct, frozen=True):
    """Name the program that made the report."""

    name: str
    version: str


class AccountHeader(Struct, frozen=True):
    """Name the account; `id` and `alias` are null while unknown."""

    id: str | None
    alias: str | None
    partition: str


class SnapshotHeader(Struct, frozen=True):
    """Name the snapshot that was judged: its kind, time (UTC), the SHA-256 of its canonical document, its sources.

    `report_generated_at` is when AWS made the credential report, `report_age_s` how old it was when it was read (s).
    """

    kind: str
    captured_at: Time | None
    report_generated_at: Time | None
    report_age_s: int | None
    sha256: str
    sources: tuple[SourceReading, ...]


class Summary(Struct, frozen=True):
    """Sum up the findings; suppressed ones are counted apart."""

    compliance_type: ComplianceType
    counts: dict[ComplianceType, int]
    suppressed: int


class RuleResult(Struct, frozen=True):
    """Sum up one configured rule: parameters, verdict, coverage, and the controls that it supports by framework.

    `counts` and the verdict leave out suppressed findings, which `suppressed` counts; `coverage` counts all. `left_out`
    are the resource types of the rule that the Scope of its conformance pack leaves out: none of them was judged.
    """

    config_rule_name: str
    source_identifier: str
    parameters: dict[str, Any]
    severity: Severity
    compliance_type: ComplianceType
    counts: dict[ComplianceType, int]
    suppressed: int
    coverage: Coverage
    controls: dict[str, tuple[str, ...]]
    source_url: str
    left_out: tuple[ResourceType, ...] = ()


class ReportWarning(Struct, frozen=True, order=True):
    """Tell of something that is no verdict but that the reader should know."""

    code: str
    config_rule_name: str | None
    resource_name: str | None
    message: str


class Report(Struct, frozen=True, kw_only=True):
    """Hold the report; its fields are the JSON report's, a stable contract that `version` numbers.

    `packs` tells what became of each conformance pack; a report of before there were any has none.
    """

    format: Literal["iam-audit-report"] = "iam-audit-report"
    version: Literal[1] = 1
    tool: Tool
    evaluated_at: Time
    account: AccountHeader
    snapshot: SnapshotHeader
    summary: Summary
    packs: tuple[PackSummary, ...] = ()
    rules: tuple[RuleResult, ...]
    findings: tuple[Finding, ...]
    warnings: tuple[ReportWarning, ...]
    frameworks: tuple[FrameworkResult, ...] = ()


def build(
    snapshot: Snapshot,
    rules: Sequence[ConfiguredRule],
    evaluation: Evaluation,
    *,
    sha256: str,
    evaluated_at: datetime,
    packs: Sequence[PackSummary] = (),
) -> Report:
    """Give the report of an evaluation; the same input gives the same report, byte for byte."""
    findings = sorted(evaluation.findings, key=_order)
    by_rule: dict[str, list[Finding]] = {configured.config_rule_name: [] for configured in rules}
    for finding in findings:
        by_rule[finding.config_rule_name].append(finding)
    return Report(
        tool=Tool("iam-audit", __version__),
        evaluated_at=evaluated_at,
        account=AccountHeader(snapshot.account.id, snapshot.account.alias, snapshot.account.partition),
        snapshot=_snapshot_header(snapshot, sha256),
        summary=_summary(findings),
        packs=tuple(packs),
        rules=tuple(_rule_results(snapshot, rules, by_rule)),
        findings=tuple(findings),
        warnings=tuple(_warnings(snapshot, evaluation)),
    )


def _snapshot_header(snapshot: Snapshot, sha256: str) -> SnapshotHeader:
    age = report_age(snapshot)
    return SnapshotHeader(
        kind=snapshot.kind,
        captured_at=snapshot.captured_at,
        report_generated_at=snapshot.report_generated_at,
        report_age_s=None if age is None else int(age.total_seconds()),
        sha256=sha256,
        sources=tuple(source_readings(snapshot)),
    )


def _order(finding: Finding) -> tuple[str, str, str]:
    return finding.config_rule_name, finding.resource_name, finding.resource_arn or ""


def _summary(findings: Sequence[Finding]) -> Summary:
    counts = _counts(findings)
    return Summary(_worst(counts), counts, _suppressed(findings))


def _suppressed(findings: Iterable[Finding]) -> int:
    return sum(finding.suppression is not None for finding in findings)


def _counts(findings: Iterable[Finding]) -> dict[ComplianceType, int]:
    counted = Counter(finding.compliance_type for finding in findings if finding.suppression is None)
    return {kind: counted[kind] for kind in ComplianceType}


def _worst(counts: Mapping[ComplianceType, int]) -> ComplianceType:
    return next((kind for kind in ComplianceType if counts[kind]), ComplianceType.NOT_APPLICABLE)


def _rule_results(
    snapshot: Snapshot, rules: Sequence[ConfiguredRule], by_rule: Mapping[str, Sequence[Finding]]
) -> Iterator[RuleResult]:
    known_controls = controls()
    for configured in sorted(rules, key=lambda configured: configured.config_rule_name):
        findings = by_rule[configured.config_rule_name]
        counts = _counts(findings)
        yield RuleResult(
            config_rule_name=configured.config_rule_name,
            source_identifier=configured.rule.source_identifier,
            parameters=msgspec.to_builtins(configured.parameters),
            severity=configured.rule.severity,
            compliance_type=_worst(counts),
            counts=counts,
            suppressed=_suppressed(findings),
            coverage=coverage(snapshot, configured.rule, findings),
            controls={name: tuple(ids) for name, ids in known_controls.get(configured.rule.id, {}).items()},
            source_url=configured.rule.source_url,
            left_out=configured.left_out,
        )


def _warnings(snapshot: Snapshot, evaluation: Evaluation) -> list[ReportWarning]:
    """Give every warning once, those of the data before those of the rules."""
    told: list[tuple[str | None, Notice]] = [(None, notice) for notice in (*snapshot.notices, *integrity(snapshot))]
    told += [(about.config_rule_name, about.notice) for about in evaluation.notices]
    warnings = (ReportWarning(notice.code, rule, notice.resource_name, notice.message) for rule, notice in told)
    return list(dict.fromkeys(warnings))


def with_frameworks(report: Report, names: Sequence[str]) -> Report:
    """Give the report with the named frameworks, control by control; without names it stays as it is."""
    if not names:
        return report
    return msgspec.structs.replace(report, frameworks=by_framework(names, report.rules, report.findings))


def dump_report(report: Report) -> bytes:
    """Give the JSON report as one compact line; raise AuditError where a rule's evidence is not JSON."""
    return as_json(report) + b"\n"


def as_json(value: object) -> bytes:
    """Give a report or a part of it as JSON; raise AuditError for evidence that is none.

    Raises UnicodeEncodeError for a lone surrogate, which no reader of JSON takes.
    """
    try:
        return msgspec.json.encode(value)
    except TypeError as error:
        raise AuditError(f"a rule gave evidence that is not JSON: {error}", "Mend the plug-in that did.") from error


def load_report(document: bytes, place: str) -> Report:
    """Give the report that a JSON document holds; raise SourceError naming `place` if it is none."""
    try:
        documents.check_strings(document)
        report = msgspec.json.decode(document, type=Report)
        if dump_report(report) != document:  # so it was not written by us as it stands
            documents.check_keys(document)
        _check_counts(report)
        _check_values(report)
        _check_agreement(report)
    except (*documents.FAULTS, OverflowError) as error:
        raise SourceError(
            f"{place} is not a readable report: {documents.reason(error)}",
            "Reports are written by `iam-audit scan -o FILE.json`; this release reads version 1.",
        ) from error
    return report


def _check_counts(report: Report) -> None:
    supporting = (rule.counts for each in report.frameworks for control in each.controls for rule in control.rules)
    for counts in (report.summary.counts, *(rule.counts for rule in report.rules), *supporting):
        numbers = (*counts.values(), report.summary.suppressed)
        if set(counts) != set(ComplianceType) or min(numbers) < 0 or max(numbers) > _MAX_COUNT:
            raise ValueError("a summary does not count each compliance type")


def _check_agreement(report: Report) -> None:
    """Refuse verdicts and counts that the findings contradict; a report that was narrowed lists only some of these."""
    results = {result.config_rule_name: result for result in report.rules}
    if len(results) != len(report.rules):
        raise ValueError("a rule is there twice")
    _check_tallies(report)
    for framework in report.frameworks:
        if any(contradicts(control, results) for control in framework.controls):
            raise ValueError(f"a control of {framework.name} does not agree with the rules")


def _check_tallies(report: Report) -> None:
    listed: dict[str, Counter[str]] = {result.config_rule_name: Counter() for result in report.rules}
    for finding in report.findings:
        if finding.config_rule_name not in listed:
            raise ValueError(f"a finding is of {finding.config_rule_name}, which the report has no rule of")
        kind = finding.compliance_type if finding.suppression is None else _SUPPRESSED
        listed[finding.config_rule_name][kind] += 1
    told = {result.config_rule_name: _told(result) for result in report.rules}
    if sum(told.values(), Counter[str]()) != _told(report.summary):
        raise ValueError("a summary does not agree with the counts of the rules")
    whole = len(report.findings) == _told(report.summary).total()
    if any(listed[name] != told[name] if whole else not listed[name] <= told[name] for name in told):
        raise ValueError("a verdict or its counts do not agree with the findings")
    judged: list[Summary | RuleResult] = [report.summary, *report.rules]
    if any(_worst(each.counts) != each.compliance_type for each in judged):
        raise ValueError("a verdict does not agree with its counts")


def _told(summary: Summary | RuleResult) -> Counter[str]:
    return Counter({**{str(kind): count for kind, count in summary.counts.items()}, _SUPPRESSED: summary.suppressed})


def _check_values(report: Report) -> None:
    """Raise ValueError or OverflowError for values that can be read and not shown."""
    facts = [evidence.value for finding in report.findings for evidence in finding.evidence]
    documents.check_depth([*facts, *(finding.suppression for finding in report.findings)])
    documents.check_depth([result.parameters for result in report.rules])
    for finding in report.findings:
        if len(finding.annotation) > MAX_ANNOTATION or len(finding.resource_name) > MAX_IDENTIFIER:
            raise ValueError("a finding has a longer name or annotation than any that AWS takes")
    for time in (report.evaluated_at, report.snapshot.captured_at, *(each.read_at for each in report.snapshot.sources)):
        if time is not None:
            time.astimezone(UTC)


def narrowed(report: Report, severities: Sequence[Severity], resources: Sequence[str]) -> Report:
    """Give the report with only the findings to be shown; every count stays.

    `resources` are shell patterns over names, ids and ARNs; empty sequences narrow nothing.
    """
    severity = {result.config_rule_name: result.severity for result in report.rules}
    kept = (
        finding
        for finding in report.findings
        if (not severities or severity[finding.config_rule_name] in severities)
        and (not resources or any(_matches(finding, pattern) for pattern in resources))
    )
    return msgspec.structs.replace(report, findings=tuple(kept))


def _matches(finding: Finding, pattern: str) -> bool:
    names = (finding.resource_name, finding.resource_id, finding.resource_arn)
    return any(fnmatchcase(name, pattern) for name in names if name is not None)


class Gate(Struct, frozen=True):
    """Say what turns a finished audit into a failure."""

    fail_on_noncompliant: bool
    allow_incomplete: bool


def exit_code(report: Report, gate: Gate) -> tuple[int, str]:
    """Give the exit code and the reason for it; precedence 3, 1, 4, 0 (2 ends a run before there is a report)."""
    counts = report.summary.counts
    failed = counts[ComplianceType.NON_COMPLIANT]
    unknown = counts[ComplianceType.INSUFFICIENT_DATA]
    aside = report.summary.suppressed
    apart = f"; {_number(aside, 'suppressed finding does', 'suppressed findings do')} not count" if aside else ""
    if any(warning.code == RULE_ERROR and warning.config_rule_name for warning in report.warnings):
        return 3, "a rule failed; its verdicts are missing"
    if gate.fail_on_noncompliant and failed:
        return 1, f"--fail-on noncompliant: {_number(failed, 'finding is', 'findings are')} NON_COMPLIANT{apart}"
    if unknown and not gate.allow_incomplete:
        return 4, f"incomplete: {_number(unknown, 'finding has', 'findings have')} INSUFFICIENT_DATA{apart}"
    return 0, f"audited, {_extent(report, unknown)}{apart}"


def _extent(report: Report, unknown: int) -> str:
    """Say whether everything could be judged; a suppression excuses what was not, and leaves it unknown."""
    if unknown:
        return "incomplete as allowed"
    unseen = any(
        each.suppression and each.compliance_type is ComplianceType.INSUFFICIENT_DATA for each in report.findings
    )
    return "incomplete as suppressed" if unseen else "complete"


def _number(count: int, one: str, many: str) -> str:
    return f"{count:,} {one if count == 1 else many}"
