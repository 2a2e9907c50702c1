"""GitLab's code quality report: JSON from which a merge request shows which issues it adds and resolves.

GitLab identifies an issue by its fingerprint, so a finding that becomes undecided counts neither as new nor resolved.
https://docs.gitlab.com/ci/testing/code_quality/#code-quality-report-format
"""

import re
from collections import Counter
from collections.abc import Iterator
from hashlib import sha256
from typing import Any, BinaryIO

from auditor.judging.finding import Finding
from auditor.judging.rule import Severity
from auditor.report import planned
from auditor.report.completeness import shortfall
from auditor.report.report import Report, encoded
from auditor.writers import statements
from auditor.writers.json import shown
from auditor.writers.visible import visible

REPORT_CHECK = "iam-audit-report"
"""The check name of issues about the whole report."""

_SEVERITIES = {
    Severity.CRITICAL: "blocker",
    Severity.HIGH: "critical",
    Severity.MEDIUM: "major",
    Severity.LOW: "minor",
}
_NUMBER = re.compile("[0-9][0-9,]*")
_LONGEST = 2_000  # characters of a description


def write(report: Report, stream: BinaryIO) -> None:
    """Write the report as one JSON array; the same report gives the same bytes."""
    names, stand_in = report.shown_names, statements.stand_in_path(report)
    issues = [*_remarks(report)]
    for finding in statements.open_findings(report):
        name = finding.config_rule_name
        issues.append(_issue(finding, names.get(name, name), stand_in))
    for piece in shown(encoded(issues) + b"\n"):
        stream.write(piece)


def _remarks(report: Report) -> Iterator[dict[str, Any]]:
    """Yield issues about the whole report, such as why it is incomplete, and which configuration was in use."""
    why, counted = shortfall(report), Counter[str]()
    change = [] if report.planned is None else [planned.sentence(report.planned)]
    for remark in (*change, *statements.remarks(report)):
        shape = "incomplete" if remark == why else _NUMBER.sub("#", remark)  # the same whatever it counts in this run
        counted[shape] += 1
        parts = (REPORT_CHECK, report.account.id or "unknown", shape, f"{counted[shape]}")
        digest = sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:32]
        severity = "critical" if remark == why else "info"
        yield _entry(REPORT_CHECK, remark, digest, severity, statements.stand_in_path(report), 1)


def _issue(finding: Finding, name: str, stand_in: str) -> dict[str, Any]:
    place = finding.location
    address = f" ({place.address})" if place and place.address else ""
    text = f"{finding.compliance_type}: {finding.resource_name}{address}: {finding.annotation}"
    text += statements.change_text(finding)
    severity = _SEVERITIES[statements.severity_of(finding)]
    if finding.known:
        text = f"Known from the baseline. It is {text}"
    if finding.suppression is not None:
        text, severity = f"{statements.suppression_text(finding)}. It is {text}", "info"
    path, line = (statements.slashed(place.file), place.line) if place and place.file else (stand_in, None)
    return _entry(name, text, finding.fingerprint, severity, path, line or 1)


def _entry(check: str, text: str, fingerprint: str, severity: str, path: str, line: int) -> dict[str, Any]:
    return {
        "check_name": visible(check),
        "description": statements.shortened(visible(text), _LONGEST),
        "fingerprint": visible(fingerprint),
        "severity": severity,
        "location": {"path": visible(path), "lines": {"begin": max(line, 1)}},
    }
