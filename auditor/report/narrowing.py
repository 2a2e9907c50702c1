"""Narrowing: reducing a report to the findings to show."""

from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase

from msgspec import structs

from auditor.judging.finding import Effect, Finding
from auditor.judging.rule import OPEN, Severity
from auditor.report.report import Report


def narrowed(
    report: Report, severities: Sequence[Severity], resources: Sequence[str], *, only_introduced: bool = False
) -> Report:
    """Return the report with only the findings to show; all counts stay.

    `resources` are shell patterns for names, ids and ARNs; an empty sequence does not filter. `only_introduced`: of a
    planned change, the findings that it introduces, and those for which this is unknown.
    """

    def kept(findings: Iterable[Finding]) -> tuple[Finding, ...]:
        if not severities and not resources:
            return tuple(findings)
        return tuple(each for each in findings if _is_wanted(each, severities, resources))

    findings = tuple(filter(_is_caused, report.findings)) if only_introduced else report.findings
    planned = report.planned
    if planned is not None:
        planned = structs.replace(planned, resolved=kept(planned.resolved), lost=kept(planned.lost))
    return structs.replace(report, findings=kept(findings), planned=planned)


def _is_caused(finding: Finding) -> bool:
    """Return whether a planned change introduces a finding, or may do so."""
    return finding.change in (Effect.INTRODUCED, Effect.UNDETERMINED) and finding.compliance_type in OPEN


def _is_wanted(finding: Finding, severities: Sequence[Severity], resources: Sequence[str]) -> bool:
    return (not severities or finding.severity in severities) and (
        not resources or any(_matches(finding, pattern) for pattern in resources)
    )


def _matches(finding: Finding, pattern: str) -> bool:
    names = (finding.resource_name, finding.resource_id, finding.resource_arn)
    return any(fnmatchcase(name, pattern) for name in names if name is not None)
