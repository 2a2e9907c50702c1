"""Narrowing: a report with only the findings that are to be shown."""

from collections.abc import Sequence
from fnmatch import fnmatchcase

import msgspec

from auditor.judging.finding import Finding
from auditor.judging.rule import Severity
from auditor.report.report import Report


def narrowed(report: Report, severities: Sequence[Severity], resources: Sequence[str]) -> Report:
    """Return the report with only the findings to be shown; every count stays.

    `resources` are shell patterns over names, ids and ARNs; empty sequences narrow nothing.
    """
    kept = (
        finding
        for finding in report.findings
        if (not severities or finding.severity in severities)
        and (not resources or any(_matches(finding, pattern) for pattern in resources))
    )
    return msgspec.structs.replace(report, findings=tuple(kept))


def _matches(finding: Finding, pattern: str) -> bool:
    names = (finding.resource_name, finding.resource_id, finding.resource_arn)
    return any(fnmatchcase(name, pattern) for name in names if name is not None)
