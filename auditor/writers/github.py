"""Annotations for GitHub workflows: lines on standard output that GitHub shows with the run and in files.

GitHub shows 10 errors, 10 warnings and 10 notices of a step and silently drops the others. So the worst come first,
and the last line, a notice, says how many more there are.
https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import BinaryIO

from auditor.judging.finding import Effect, Finding
from auditor.judging.rule import OPEN, ComplianceType
from auditor.report.completeness import shortfall
from auditor.report.report import Report
from auditor.writers import statements
from auditor.writers.visible import visible

MOST = 10
"""How many errors, and how many warnings, GitHub shows for a step."""

_LONGEST = 1_000  # characters of a message
_LONGEST_TITLE = 200  # characters


def write(report: Report, stream: BinaryIO) -> None:
    """Write a workflow command on each line; the same report gives the same bytes."""
    errors = _open(report, ComplianceType.NON_COMPLIANT)[:MOST]
    why = shortfall(report)
    warnings = _open(report, ComplianceType.INSUFFICIENT_DATA)[: MOST - 1]
    pages = statements.rule_pages(report) if report.planned is not None else {}
    fixes = {name: " ".join(page.fix.split()) for name, page in pages.items()}
    lines = [_annotation("error", finding, report, fixes) for finding in errors]
    lines += [] if why is None else [_command("warning", {"title": "IAM audit is incomplete"}, f"{why}.")]
    lines += [_annotation("warning", finding, report, {}) for finding in warnings]
    lines.append(_command("notice", {"title": "IAM audit"}, " ".join(_closing(report, len(errors), len(warnings)))))
    stream.write("".join(f"{line}\n" for line in lines).encode())


def _open(report: Report, kind: ComplianceType) -> Sequence[Finding]:
    """Return the findings of a compliance type that are neither suppressed nor known from a baseline, worst first.

    For a planned change, these are only the findings that it introduces or may introduce.
    """
    findings = [each for each in statements.open_findings(report) if each.change is not Effect.UNCHANGED]
    return [each for each in findings if each.compliance_type is kind and each.suppression is None and not each.known]


def _annotation(command: str, finding: Finding, report: Report, fixes: Mapping[str, str]) -> str:
    """Return the annotation of a finding; `fixes` has the text on how to fix it, by rule, if that is to be shown."""
    rule = report.shown_names.get(finding.config_rule_name, finding.config_rule_name)
    effect = "" if finding.change is None else f"{finding.change.capitalize()}: "
    title = f"{effect}{finding.compliance_type} {statements.severity_of(finding)}: {rule}"
    place = finding.location
    address = f" ({place.address})" if place and place.address else ""
    name = f"{finding.resource_type} {finding.resource_arn or finding.resource_name}{address}"
    properties = {"title": title}
    fix = f". Fix: {fixes[finding.config_rule_name]}" if fixes.get(finding.config_rule_name) else ""
    if place is not None and place.file:
        properties |= {"file": statements.slashed(place.file)} | ({"line": f"{place.line}"} if place.line else {})
    return _command(command, properties, f"{name}: {finding.annotation}{statements.change_text(finding)}{fix}")


def _closing(report: Report, errors: int, warnings: int) -> Iterator[str]:
    """Yield the summary of the report, and how many findings have no annotation."""
    yield f"{statements.verdict(report)}."
    shown = dict(zip(OPEN, (errors, warnings), strict=True))
    counts = dict(report.summary.counts)
    counts[ComplianceType.NON_COMPLIANT] -= report.baseline.known if report.baseline else 0  # only these can be known
    left_out = {kind: counts[kind] - count for kind, count in shown.items()}
    if more := [f"{count:,} more {kind}" for kind, count in left_out.items() if count > 0]:
        yield f"Without an annotation: {' and '.join(more)}; the other reports have them."
    yield from (f"{each}." for each in statements.of_change(report))
    yield f"{statements.about_account(report)}."
    why = shortfall(report)
    yield from (f"{remark}." for remark in statements.remarks(report) if remark != why)


def _command(command: str, properties: Mapping[str, str], message: str) -> str:
    """Return a workflow command; its values cannot end the command or begin another."""
    listed = ",".join(f"{name}={_value(value)}" for name, value in properties.items())
    return f"::{command} {listed}::{_message(statements.shortened(visible(message), _LONGEST))}"


def _value(text: str) -> str:
    shown = statements.shortened(visible(text), _LONGEST_TITLE)
    return _message(shown).replace(":", "%3A").replace(",", "%2C")


def _message(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
