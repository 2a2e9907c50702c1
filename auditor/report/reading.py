"""Reading stored reports strictly; a report whose counts contradict its findings is an error."""

import re
from collections import Counter
from collections.abc import Mapping
from datetime import UTC

import msgspec
from msgspec import Struct, structs

from auditor import documents
from auditor.account.checks import MAX_IDENTIFIER
from auditor.account.snapshot import FORMAT as SNAPSHOT_FORMAT
from auditor.errors import SourceError
from auditor.judging.rule import MAX_ANNOTATION, ComplianceType
from auditor.report.cross_checks import miscontrolled, miscovered, misknown, misplaced, misplanned, reworked
from auditor.report.frameworks import contradicts
from auditor.report.report import Report, RuleResult, Summary, as_json, by_severity, worst

_MAX_COUNT = 10**9  # findings
_WRITTEN_BY = "Reports are written by `iam-audit scan -o FILE.json`"
_FORMAT = "iam-audit-report"
_OUR_KINDS = re.compile("iam-audit-[a-z-]{1,40}")


_SUPPRESSED = "suppressed"


class _Header(Struct):
    format: str = ""


def load_report(document: bytes, place: str) -> Report:
    """Return the report in a JSON document; raise SourceError naming `place` if it is not a valid report."""
    try:
        documents.check_strings(document)
        report = msgspec.json.decode(document, type=Report)
        if not _is_written_so(report, document):
            documents.check_keys(document)
        _check_counts(report)
        _check_values(report)
        _check_agreement(report)
    except (*documents.FAULTS, OverflowError) as error:
        _refuse_other_kinds(document, place)
        raise SourceError(
            f"{place} is not a readable report: {documents.reason(error)}",
            f"{_WRITTEN_BY}; this release reads version 1.",
        ) from error
    return _with_severities(report)


def _refuse_other_kinds(document: bytes, place: str) -> None:
    """Raise SourceError for a document that says of itself that it is another one of ours."""
    try:
        kind = msgspec.json.decode(document, type=_Header).format
    except documents.FAULTS:
        return
    if kind != _FORMAT and _OUR_KINDS.fullmatch(kind):
        of_snapshot = "`iam-audit scan --snapshot FILE -o REPORT.json` makes a report of a snapshot."
        hint = of_snapshot if kind == SNAPSHOT_FORMAT else f"{_WRITTEN_BY}."
        raise SourceError(f'{place} is not a report: its "format" is "{kind}"', hint)


def _is_written_so(report: Report, document: bytes) -> bool:
    """Return whether writing the report gives the document again: then it repeats no key."""
    written = as_json(report)  # compared without a copy, because it may have a hundred megabytes
    return len(document) == len(written) + 1 and document.startswith(written) and document.endswith(b"\n")


def _with_severities(report: Report) -> Report:
    """Return a report with the severities of findings, which only rules have in reports of earlier releases."""
    if report.summary.by_severity:
        return report
    severities = {rule.config_rule_name: rule.severity for rule in report.rules}
    findings = (structs.replace(each, severity=severities[each.config_rule_name]) for each in report.findings)
    summary = structs.replace(report.summary, by_severity=by_severity(report.rules))
    return structs.replace(report, summary=summary, findings=tuple(findings))


def _check_counts(report: Report) -> None:
    supporting = (rule.counts for each in report.frameworks for control in each.controls for rule in control.rules)
    for counts in (report.summary.counts, *(rule.counts for rule in report.rules), *supporting):
        numbers = (*counts.values(), report.summary.suppressed)
        if set(counts) != set(ComplianceType) or min(numbers) < 0 or max(numbers) > _MAX_COUNT:
            raise ValueError("a summary does not count each compliance type")


def _check_agreement(report: Report) -> None:
    """Raise ValueError for verdicts and counts that the findings contradict; a narrowed report lists only some."""
    results = {result.config_rule_name: result for result in report.rules}
    if len(results) != len(report.rules):
        raise ValueError("a rule is listed twice")
    _check_tallies(report)
    for framework in report.frameworks:
        if any(contradicts(control, results) for control in framework.controls):
            raise ValueError(f"a control of {framework.name} does not agree with the rules")
    _check_severities(report, results)
    complaints = (miscontrolled, miscovered, misplaced, misknown, misplanned, reworked)
    for complaint in (each for check in complaints for each in check(report)):
        raise ValueError(complaint)


def _check_severities(report: Report, results: Mapping[str, RuleResult]) -> None:
    known = report.summary.by_severity
    if known and known != by_severity(report.rules):
        raise ValueError("the counts by severity do not agree with the rules")
    for finding in report.findings:
        if finding.severity is not (results[finding.config_rule_name].severity if known else None):
            raise ValueError(f"a finding of {finding.config_rule_name} has another severity than the rule")


def _check_tallies(report: Report) -> None:
    listed: dict[str, Counter[str]] = {result.config_rule_name: Counter() for result in report.rules}
    for finding in report.findings:
        if finding.config_rule_name not in listed:
            raise ValueError(f"a finding is of {finding.config_rule_name}, which the report has no rule of")
        kind = finding.compliance_type if finding.suppression is None else _SUPPRESSED
        listed[finding.config_rule_name][kind] += 1
    counted = {result.config_rule_name: _counted(result) for result in report.rules}
    if sum(counted.values(), Counter[str]()) != _counted(report.summary):
        raise ValueError("a summary does not agree with the counts of the rules")
    whole = len(report.findings) == _counted(report.summary).total()
    if any(listed[name] != counted[name] if whole else not listed[name] <= counted[name] for name in counted):
        raise ValueError("a verdict or its counts do not agree with the findings")
    judged: list[Summary | RuleResult] = [report.summary, *report.rules]
    if any(worst(each.counts) != each.compliance_type for each in judged):
        raise ValueError("a verdict does not agree with its counts")


def _counted(summary: Summary | RuleResult) -> Counter[str]:
    return Counter({**{str(kind): count for kind, count in summary.counts.items()}, _SUPPRESSED: summary.suppressed})


def _check_values(report: Report) -> None:
    """Raise ValueError or OverflowError for values that can be read but not shown."""
    facts = [evidence.value for finding in report.findings for evidence in finding.evidence]
    documents.check_depth([*facts, *(finding.suppression for finding in report.findings)])
    documents.check_depth([result.parameters for result in report.rules])
    for finding in report.findings:
        if len(finding.annotation) > MAX_ANNOTATION or len(finding.resource_name) > MAX_IDENTIFIER:
            raise ValueError("a finding has a longer name or annotation than any that AWS takes")
    for time in (report.evaluated_at, report.snapshot.captured_at, *(each.read_at for each in report.snapshot.sources)):
        if time is not None:
            time.astimezone(UTC)
