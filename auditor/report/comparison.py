"""The comparison: the changes between two reports; the fields are those of the JSON diff."""

from typing import Any, Literal

from msgspec import Struct, structs

from auditor.account.kinds import ResourceType
from auditor.account.sources import Time
from auditor.judging.finding import Finding
from auditor.judging.rule import ComplianceType
from auditor.report.changes import REASONS, Difference, Unproven
from auditor.report.report import AccountHeader, Report, Tool, encoded


class Compared(Struct, frozen=True):
    """Describe one of two compared reports; `undecided` counts its findings with INSUFFICIENT_DATA."""

    tool: Tool
    evaluated_at: Time
    captured_at: Time | None
    snapshot_sha256: str
    non_compliant: int
    undecided: int


class Change(Struct, frozen=True):
    """Hold a finding that is NON_COMPLIANT in both reports, in both versions."""

    old: Finding
    new: Finding


class NotSeen(Struct, frozen=True):
    """Hold a finding of the old report for which the new one proves nothing, why, and the incomplete sources."""

    finding: Finding
    reason: Unproven
    sources: tuple[str, ...] = ()

    @property
    def explanation(self) -> str:
        """Return why nothing is proven, as text."""
        lacking = f" ({', '.join(self.sources)})" if self.sources else ""
        return f"{REASONS[self.reason]}{lacking}"


class Resource(Struct, frozen=True, order=True):
    """Hold the names of a resource; `resource_id` and `resource_arn` are None if they are unknown."""

    resource_type: ResourceType
    resource_name: str
    resource_arn: str | None
    resource_id: str | None


class Comparison(Struct, frozen=True, kw_only=True):
    """Hold the changes between two reports; the fields are those of the JSON diff, a stable format with a `version`.

    Open findings are NON_COMPLIANT and not suppressed. Those of the new report are `new` or
    `unchanged`; those of the old one are `resolved`, `unchanged`, `suppressed` or `not_seen`. `reopened` are those of
    `new` that were suppressed before. `changed` are those of `unchanged` with other evidence, `worse` those with
    a higher severity. `resolved` has the findings of the old report. `appeared` and `vanished` are resources,
    each only if the other report lists all resources of their type.
    """

    format: Literal["iam-audit-diff"] = "iam-audit-diff"
    version: Literal[1] = 1
    tool: Tool
    account: AccountHeader
    old_report: Compared
    new_report: Compared
    differences: tuple[Difference, ...]
    new: tuple[Finding, ...]
    reopened: tuple[Finding, ...]
    worse: tuple[Change, ...]
    changed: tuple[Change, ...]
    unchanged: tuple[Finding, ...]
    resolved: tuple[Finding, ...]
    suppressed: tuple[Finding, ...]
    not_seen: tuple[NotSeen, ...]
    appeared: tuple[Resource, ...]
    vanished: tuple[Resource, ...]
    failed_rules: tuple[str, ...] = ()
    """The rules that raised an error on either side: their verdicts are missing."""

    @property
    def is_empty(self) -> bool:
        """Return whether the comparison found no change and no difference."""
        return not any(getattr(self, name) for name in LISTS if name != "unchanged") and not self.differences

    def to_json(self) -> str:
        """Return the JSON diff on one line; raise AuditError if a rule's evidence is not JSON."""
        return encoded(self).decode()


LISTS = (
    "new",
    "reopened",
    "worse",
    "changed",
    "unchanged",
    "resolved",
    "suppressed",
    "not_seen",
    "appeared",
    "vanished",
)
"""The lists of a comparison, in the order in which they are shown."""


def counts(comparison: Comparison) -> dict[str, int]:
    """Return the length of each list of a comparison."""
    return {name: len(getattr(comparison, name)) for name in LISTS}


def compared(report: Report, open_findings: int, undecided: int) -> Compared:
    """Return the description of a report in a comparison."""
    snapshot = report.snapshot
    return Compared(report.tool, report.evaluated_at, snapshot.captured_at, snapshot.sha256, open_findings, undecided)


def light(report: Report) -> Report:
    """Return a report without annotations and evidence of findings that are not NON_COMPLIANT, which no diff reads."""
    findings = (
        each
        if each.compliance_type is ComplianceType.NON_COMPLIANT
        else structs.replace(each, annotation="", evidence=())
        for each in report.findings
    )
    return structs.replace(report, findings=tuple(findings))


def about(entry: Any) -> Finding | Resource:
    """Return the finding or resource that an entry of a list is about, in the newer version if there are two."""
    if isinstance(entry, Change):
        return entry.new
    found: Finding | Resource = entry.finding if isinstance(entry, NotSeen) else entry
    return found
