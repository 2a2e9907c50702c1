"""Completeness: whether a report decided everything, and if not, why."""

from auditor.judging.rule import ComplianceType
from auditor.report.gate import decided_nothing
from auditor.report.report import Report


def shortfall(report: Report) -> str | None:
    """Return why the report is incomplete; None if all facts were known, or unknown ones are suppressed."""
    unknown = report.summary.counts.get(ComplianceType.INSUFFICIENT_DATA, 0)
    if decided_nothing(report):
        return "Nothing was decided: no finding is COMPLIANT or NON_COMPLIANT, and some facts are unknown"
    if unknown:
        return f"Incomplete: {unknown:,} {'finding has' if unknown == 1 else 'findings have'} INSUFFICIENT_DATA"
    return None


def unlisted_shortfall(report: Report) -> str | None:
    """Return why the report is incomplete, if no listed finding shows it; else None."""
    listed = any(
        finding.compliance_type is ComplianceType.INSUFFICIENT_DATA and finding.suppression is None
        for finding in report.findings
    )
    return None if listed else shortfall(report)


def narrowing(report: Report) -> str | None:
    """Return a text that says how many findings a narrowed report lists; None if it lists all."""
    everything = sum(report.summary.counts.values()) + report.summary.suppressed
    if len(report.findings) == everything:
        return None
    by = "severity, resource or effect" if report.planned is not None else "severity or resource"
    return f"Narrowed by {by}: {len(report.findings):,} of {everything:,} findings are listed"
