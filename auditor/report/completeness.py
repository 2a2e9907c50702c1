"""Completeness: whether a report decided everything that it was asked, and if not, why."""

from auditor.judging.rule import ComplianceType
from auditor.report.gate import decided_nothing
from auditor.report.report import Report


def shortfall(report: Report) -> str | None:
    """Return why the report is incomplete; None where every fact was known, or is suppressed with a reason."""
    unknown = report.summary.counts.get(ComplianceType.INSUFFICIENT_DATA, 0)
    if decided_nothing(report):
        return "Nothing was decided: no finding is COMPLIANT or NON_COMPLIANT, and some facts are unknown"
    if unknown:
        return f"Incomplete: {unknown:,} {'finding has' if unknown == 1 else 'findings have'} INSUFFICIENT_DATA"
    return None


def unlisted_shortfall(report: Report) -> str | None:
    """Return why the report is incomplete where none of the findings that it lists shows that."""
    listed = any(
        finding.compliance_type is ComplianceType.INSUFFICIENT_DATA and finding.suppression is None
        for finding in report.findings
    )
    return None if listed else shortfall(report)


def narrowing(report: Report) -> str | None:
    """Return how many findings are listed, where a report was narrowed; None where it lists all."""
    everything = sum(report.summary.counts.values()) + report.summary.suppressed
    if len(report.findings) == everything:
        return None
    by = "severity, resource or effect" if report.planned is not None else "severity or resource"
    return f"Narrowed by {by}: {len(report.findings):,} of {everything:,} findings are listed"
