"""The report: the records that every format shows, and the report as JSON; its findings are in judging/finding."""

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


_SEVERITIES = list(Severity)


class Summary(Struct, frozen=True):
    """Sum up the findings; suppressed ones are counted apart.

    `by_severity` has the counts of each severity that a rule has; reports of earlier releases have none.
    """

    compliance_type: ComplianceType
    counts: dict[ComplianceType, int]
    suppressed: int
    by_severity: dict[Severity, dict[ComplianceType, int]] = {}


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

    @property
    def shown_name(self) -> str:
        """Return the name as people see it, with the identifier where the name alone may stand for another rule."""
        own = self.source_identifier.lower().replace("_", "-")
        name = self.config_rule_name
        return name if name == own else f"{name} ({self.source_identifier})"


class ReportWarning(Struct, frozen=True, order=True):
    """Hold something that is no verdict but that the reader should know."""

    code: str
    config_rule_name: str | None
    resource_name: str | None
    message: str


class Report(Struct, frozen=True, kw_only=True):
    """Hold the report; its fields are the JSON report's, a stable contract that `version` numbers.

    `configuration` is None where no configuration file was in use, `baseline` where there was none, `planned` where no
    planned change was judged, `owners` where no tag was named that tells them; `packs` says what
    became of each conformance pack. Reports of before there were these have none.
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
        """Return the names of the rules as people see them."""
        return {rule.config_rule_name: rule.shown_name for rule in self.rules}

    def to_json(self) -> str:
        """Return the JSON report on one line; raise AuditError where a rule's evidence is not JSON."""
        return encoded(self).decode()


def by_severity(rules: Iterable[RuleResult]) -> dict[Severity, dict[ComplianceType, int]]:
    """Return the counts of findings that are not suppressed by severity, worst first, of those that rules have."""
    found: dict[Severity, dict[ComplianceType, int]] = {}
    for rule in sorted(rules, key=lambda rule: _SEVERITIES.index(rule.severity)):
        counts = found.setdefault(rule.severity, dict.fromkeys(ComplianceType, 0))
        for kind in ComplianceType:
            counts[kind] += rule.counts[kind]
    return found


def most_urgent_first(rules: Iterable[RuleResult]) -> list[RuleResult]:
    """Return the rules by severity, then by how much is NON_COMPLIANT and INSUFFICIENT_DATA, then by name."""

    def urgency(rule: RuleResult) -> tuple[int, int, int, str]:
        failed, unknown = (rule.counts[kind] for kind in OPEN)
        return _SEVERITIES.index(rule.severity), -failed, -unknown, rule.config_rule_name

    return sorted(rules, key=urgency)


def worst(counts: Mapping[ComplianceType, int]) -> ComplianceType:
    """Return the worst compliance type that is counted, NOT_APPLICABLE where none is."""
    return next((kind for kind in ComplianceType if counts[kind]), ComplianceType.NOT_APPLICABLE)


def dump_report(report: Report) -> bytes:
    """Return the JSON report as one compact line; raise AuditError where a rule's evidence is not JSON."""
    return as_json(report) + b"\n"


def as_json(value: object) -> bytes:
    """Return a report or a part of it as JSON; raise AuditError for evidence that is none.

    Raises UnicodeEncodeError for a lone surrogate, which no reader of JSON takes.
    """
    try:
        return msgspec.json.encode(value)
    except TypeError as error:
        raise AuditError(
            f"a rule gave evidence that is not JSON: {error}", "Fix the plug-in that returned it."
        ) from error


def encoded(value: object) -> bytes:
    """Return a report or a part of it as JSON; a lone surrogate, which no reader of JSON takes, is spelt out.

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
