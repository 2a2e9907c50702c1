"""Building a report: the findings of an evaluation, counted and sorted."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime

import msgspec

from auditor import __version__
from auditor.account.checks import integrity
from auditor.account.model import Notice, Snapshot
from auditor.account.report_age import report_age
from auditor.judging.engine import Evaluation
from auditor.judging.finding import Finding
from auditor.judging.parameters import for_partition
from auditor.judging.rule import ComplianceType, ConfiguredRule
from auditor.report.frameworks import FrameworkResult, by_framework
from auditor.report.ledger import coverage, source_readings
from auditor.report.report import (
    AccountHeader,
    Report,
    ReportWarning,
    RuleResult,
    SnapshotHeader,
    Summary,
    Tool,
    by_severity,
    worst,
)
from auditor.selection.frameworks import controls
from auditor.selection.packs.summary import PackSummary


def build(
    snapshot: Snapshot,
    rules: Sequence[ConfiguredRule],
    evaluation: Evaluation,
    *,
    sha256: str,
    evaluated_at: datetime,
    packs: Sequence[PackSummary] = (),
) -> Report:
    """Return the report of an evaluation; the same input always gives the same report, byte for byte."""
    findings = sorted(evaluation.findings, key=_order)
    by_rule: dict[str, list[Finding]] = {configured.config_rule_name: [] for configured in rules}
    for finding in findings:
        by_rule[finding.config_rule_name].append(finding)
    results = tuple(_rule_results(snapshot, rules, by_rule))
    return Report(
        tool=Tool("iam-audit", __version__),
        evaluated_at=evaluated_at,
        account=AccountHeader(snapshot.account.id, snapshot.account.alias, snapshot.account.partition),
        snapshot=_snapshot_header(snapshot, sha256),
        summary=_summary(results),
        packs=tuple(packs),
        rules=results,
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


def _summary(rules: Sequence[RuleResult]) -> Summary:
    counts = {kind: sum(rule.counts[kind] for rule in rules) for kind in ComplianceType}
    return Summary(worst(counts), counts, sum(rule.suppressed for rule in rules), by_severity(rules))


def _suppressed(findings: Iterable[Finding]) -> int:
    return sum(finding.suppression is not None for finding in findings)


def _counts(findings: Iterable[Finding]) -> dict[ComplianceType, int]:
    counted = Counter(finding.compliance_type for finding in findings if finding.suppression is None)
    return {kind: counted[kind] for kind in ComplianceType}


def _rule_results(
    snapshot: Snapshot, rules: Sequence[ConfiguredRule], by_rule: Mapping[str, Sequence[Finding]]
) -> Iterator[RuleResult]:
    known_controls = controls()
    placed = (for_partition(configured, snapshot.account.partition) for configured in rules)
    for configured in sorted(placed, key=lambda configured: configured.config_rule_name):
        findings = by_rule[configured.config_rule_name]
        counts = _counts(findings)
        yield RuleResult(
            config_rule_name=configured.config_rule_name,
            source_identifier=configured.rule.source_identifier,
            parameters=msgspec.to_builtins(configured.parameters),
            severity=configured.rule.severity,
            compliance_type=worst(counts),
            counts=counts,
            suppressed=_suppressed(findings),
            coverage=coverage(snapshot, configured.rule, findings),
            controls={name: tuple(ids) for name, ids in known_controls.get(configured.rule.id, {}).items()},
            source_url=configured.rule.source_url,
            left_out=configured.left_out,
        )


def _warnings(snapshot: Snapshot, evaluation: Evaluation) -> list[ReportWarning]:
    """Return every warning once, warnings about the data first, then those of the rules."""
    noticed: list[tuple[str | None, Notice]] = [(None, notice) for notice in (*snapshot.notices, *integrity(snapshot))]
    noticed += [(about.config_rule_name, about.notice) for about in evaluation.notices]
    warnings = (ReportWarning(notice.code, rule, notice.resource_name, notice.message) for rule, notice in noticed)
    return list(dict.fromkeys(warnings))


def with_frameworks(report: Report, names: Sequence[str]) -> Report:
    """Return the report with the named frameworks, control by control; without names it is unchanged.

    If a rule ran with several sets of values, each of them then supports only the controls that list it.
    """
    if not names:
        return report
    frameworks = by_framework(names, report.rules, report.findings, report.account.partition)
    rules = tuple(_supporting(rule, frameworks) for rule in report.rules)
    return msgspec.structs.replace(report, rules=rules, frameworks=frameworks)


def _supporting(rule: RuleResult, frameworks: Iterable[FrameworkResult]) -> RuleResult:
    controls = dict(rule.controls)
    for framework in frameworks:
        controls[framework.name] = tuple(
            control.id
            for control in framework.controls
            if any(each.config_rule_name == rule.config_rule_name for each in control.rules)
        )
    return msgspec.structs.replace(rule, controls={name: ids for name, ids in controls.items() if ids})
