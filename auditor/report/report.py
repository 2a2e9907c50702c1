"""The report: the records that every format shows, and the report as JSON; findings are in judging/finding.py."""

import re
from collections.abc import Iterable, Mapping
from typing import Any, Literal

import msgspec
from msgspec import Struct

from auditor.account.kinds import ResourceType
from auditor.account.sources import Time
from auditor.errors import AuditError
from auditor.judging.finding import Finding
from auditor.judging.rule import OPEN, ComplianceType, Severity
from auditor.report.changes import BaselineSummary
from auditor.report.configuration import ConfigurationSummary
from auditor.report.frameworks import FrameworkResult
from auditor.report.ledger import Coverage, SourceReading
from auditor.report.owners import Owners
from auditor.report.planned import PlannedSummary
from auditor.selection.packs.summary import PackSummary


class Tool(Struct, frozen=True):
    """Hold the name and version of the program that made the report."""

    name: str
    version: str


class AccountHeader(Struct, frozen=True):
    """Identify the account; `id` and `alias` are null while unknown."""

    id: str | None
    alias: str | None
    partition: str


class SnapshotHeader(Struct, frozen=True):
    """Identify the snapshot: its kind, its capture time (UTC), the SHA-256 of its canonical document, its sources.

    `report_generated_at` is when AWS made the credential report, `report_age_s` its age in seconds when it was read.
    """

    kind: str
    captured_at: Time | None
    report_generated_at: Time | None
    report_age_s: int | None
    sha256: str
    sources: tuple[SourceReading, ...]


_SEVERITIES = list(Severity)


class Summary(Struct, frozen=True):
    """Summarize the findings; suppressed ones are counted separately.

    `by_severity` has the counts for each severity that a rule has; it is empty in reports of earlier releases.
    """

    compliance_type: ComplianceType
    counts: dict[ComplianceType, int]
    suppressed: int
    by_severity: dict[Severity, dict[ComplianceType, int]] = {}


class RuleResult(Struct, frozen=True):
    """Summarize one configured rule: parameters, verdict, coverage, and the controls that it supports by framework.

    `counts` and the verdict leave out suppressed findings, which `suppressed` counts; `coverage` includes them.
    `left_out` are the resource types of the rule that were not judged because of the Scope in its conformance pack.
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

    @property
    def shown_name(self) -> str:
        """Return the name for display, with the source identifier if the name differs from it."""
        own = self.source_identifier.lower().replace("_", "-")
        name = self.config_rule_name
        return name if name == own else f"{name} ({self.source_identifier})"


class ReportWarning(Struct, frozen=True, order=True):
    """Hold something that is not a verdict but that readers should know."""

    code: str
    config_rule_name: str | None
    resource_name: str | None
    message: str


class Report(Struct, frozen=True, kw_only=True):
    """Hold the report; the fields are those of the JSON report, a stable format with the number `version`.

    `configuration` is None without a configuration file, `baseline` without a baseline, `planned` if no planned change
    was judged, `owners` if no tag for owners is configured; `packs` has a summary of each conformance pack. Reports of
    earlier releases may lack these fields.
    """

    format: Literal["iam-audit-report"] = "iam-audit-report"
    version: Literal[1] = 1
    tool: Tool
    evaluated_at: Time
    account: AccountHeader
    snapshot: SnapshotHeader
    summary: Summary
    configuration: ConfigurationSummary | None = None
    packs: tuple[PackSummary, ...] = ()
    rules: tuple[RuleResult, ...]
    findings: tuple[Finding, ...]
    warnings: tuple[ReportWarning, ...]
    frameworks: tuple[FrameworkResult, ...] = ()
    baseline: BaselineSummary | None = None
    planned: PlannedSummary | None = None
    owners: Owners | None = None

    @property
    def shown_names(self) -> dict[str, str]:
        """Return the names of the rules for display."""
        return {rule.config_rule_name: rule.shown_name for rule in self.rules}

    def to_json(self) -> str:
        """Return the JSON report on one line; raise AuditError if a rule's evidence is not JSON."""
        return encoded(self).decode()


def by_severity(rules: Iterable[RuleResult]) -> dict[Severity, dict[ComplianceType, int]]:
    """Return the counts of findings that are not suppressed, by severity, worst first."""
    found: dict[Severity, dict[ComplianceType, int]] = {}
    for rule in sorted(rules, key=lambda rule: _SEVERITIES.index(rule.severity)):
        counts = found.setdefault(rule.severity, dict.fromkeys(ComplianceType, 0))
        for kind in ComplianceType:
            counts[kind] += rule.counts[kind]
    return found


def most_urgent_first(rules: Iterable[RuleResult]) -> list[RuleResult]:
    """Return the rules sorted by severity, then by number of NON_COMPLIANT and INSUFFICIENT_DATA, then by name."""

    def urgency(rule: RuleResult) -> tuple[int, int, int, str]:
        failed, unknown = (rule.counts[kind] for kind in OPEN)
        return _SEVERITIES.index(rule.severity), -failed, -unknown, rule.config_rule_name

    return sorted(rules, key=urgency)


def worst(counts: Mapping[ComplianceType, int]) -> ComplianceType:
    """Return the worst compliance type with a count, NOT_APPLICABLE if there is none."""
    return next((kind for kind in ComplianceType if counts[kind]), ComplianceType.NOT_APPLICABLE)


def dump_report(report: Report) -> bytes:
    """Return the JSON report as one compact line; raise AuditError if a rule's evidence is not JSON."""
    return as_json(report) + b"\n"


def as_json(value: object) -> bytes:
    """Return a report or a part of it as JSON; raise AuditError for evidence that is not JSON.

    Raises UnicodeEncodeError for a lone surrogate, which JSON parsers reject.
    """
    try:
        return msgspec.json.encode(value)
    except TypeError as error:
        raise AuditError(
            f"a rule gave evidence that is not JSON: {error}", "Fix the plug-in that returned it."
        ) from error


def encoded(value: object) -> bytes:
    """Return a report or a part of it as JSON; a lone surrogate, which JSON parsers reject, is written as text.

    Raises AuditError for evidence that is not JSON.
    """
    try:
        return as_json(value)
    except UnicodeEncodeError:
        return as_json(_spelt(msgspec.to_builtins(value)))


def _spelt(value: Any) -> Any:
    if isinstance(value, str):
        return re.sub("[\ud800-\udfff]", lambda found: f"\\u{ord(found[0]):x}", value)
    if isinstance(value, dict):
        return {_spelt(key): _spelt(item) for key, item in value.items()}
    return [_spelt(item) for item in value] if isinstance(value, list | tuple) else value
