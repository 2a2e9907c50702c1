"""JUnit XML, for the test reports of Jenkins, GitLab and others: a suite for each rule, a test case for each finding.

NON_COMPLIANT is a failure, INSUFFICIENT_DATA an error; NOT_APPLICABLE is skipped, and so are findings that are
suppressed or known from a baseline. The first suite is about the report itself, and has one test case, which is an
error if the audit is incomplete.
https://github.com/jenkinsci/xunit-plugin/tree/master/src/main/resources/org/jenkinsci/plugins/xunit/types/model/xsd
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from io import TextIOBase, TextIOWrapper
from types import MappingProxyType
from typing import BinaryIO
from xml.sax.saxutils import XMLGenerator
from xml.sax.xmlreader import AttributesImpl

from msgspec import Struct

from auditor.judging.finding import Finding
from auditor.judging.rule import ComplianceType
from auditor.report.completeness import shortfall
from auditor.report.report import Report, RuleResult, encoded
from auditor.writers import statements
from auditor.writers.visible import visible

REPORT_SUITE = "iam-audit"
COMPLETE = "The audit is complete"

_ELEMENTS = {
    ComplianceType.NON_COMPLIANT: "failure",
    ComplianceType.INSUFFICIENT_DATA: "error",
    ComplianceType.NOT_APPLICABLE: "skipped",
}
_COUNTED = {"failures": "failure", "errors": "error", "skipped": "skipped"}


class _Case(Struct, frozen=True):
    """Hold a test case: its outcome (None: passed), its type in a word, its message in a line, and its full text."""

    name: str
    outcome: str | None = None
    kind: str = ""
    message: str = ""
    text: str = ""


class _Suite(Struct, frozen=True):
    """Hold a suite: its properties and cases, and the warnings for its standard error."""

    name: str
    properties: Sequence[tuple[str, str]]
    cases: Sequence[_Case]
    warnings: Sequence[str] = ()


def write(report: Report, stream: BinaryIO) -> None:
    """Write the report as one XML document; the same report gives the same bytes."""
    text = TextIOWrapper(stream, "utf-8", newline="")
    try:
        _write_document([_report_suite(report), *_rule_suites(report)], report, text)
    finally:
        text.detach()  # flushes; the caller closes the stream


def _write_document(suites: Sequence[_Suite], report: Report, text: TextIOBase) -> None:
    numbers = _numbers([case for suite in suites for case in suite.cases])
    numbers.pop("skipped")  # the schema has this count only for a suite
    xml = XMLGenerator(text, "utf-8", short_empty_elements=True)
    xml.startDocument()
    _start(xml, "testsuites", {"name": "iam-audit", **numbers})
    for suite in suites:
        xml.ignorableWhitespace("\n")
        _write_suite(xml, suite, statements.moment(report.evaluated_at))
    xml.ignorableWhitespace("\n")
    xml.endElement("testsuites")
    xml.ignorableWhitespace("\n")
    xml.endDocument()


def _report_suite(report: Report) -> _Suite:
    """Return the suite about the report itself, whose case fails if it is incomplete."""
    why = shortfall(report)
    case = _Case(COMPLETE) if why is None else _Case(COMPLETE, "error", "INCOMPLETE", why, why)
    lines = (
        statements.about_account(report),
        statements.verdict(report),
        *statements.of_change(report),
        *statements.remarks(report),
    )
    facts = [("evaluated_at", statements.moment(report.evaluated_at)), ("snapshot_sha256", report.snapshot.sha256)]
    facts += [("configuration", report.configuration.file)] if report.configuration else []
    return _Suite(REPORT_SUITE, [("report", line) for line in lines] + facts, [case], [*statements.warnings(report)])


def _rule_suites(report: Report) -> Iterator[_Suite]:
    grouped: dict[str, list[Finding]] = {rule.config_rule_name: [] for rule in report.rules}
    for finding in statements.changed_first(report):
        grouped.setdefault(finding.config_rule_name, []).append(finding)
    rules, names = {rule.config_rule_name: rule for rule in report.rules}, report.shown_names
    for name, findings in grouped.items():
        rule = rules.get(name)
        yield _Suite(names.get(name, name), [] if rule is None else _properties(rule), [*_cases(findings)])


def _properties(rule: RuleResult) -> Sequence[tuple[str, str]]:
    facts = {
        "source_identifier": rule.source_identifier,
        "severity": rule.severity,
        "compliance_type": rule.compliance_type,
        "suppressed": f"{rule.suppressed}",
        "parameters": encoded(rule.parameters).decode(),
        "coverage": encoded(rule.coverage).decode(),
        "source_url": rule.source_url,
    }
    return [*facts.items()]


def _cases(findings: Sequence[Finding]) -> Iterator[_Case]:
    """Yield a test case for each finding, under unique names, because readers identify cases by name."""
    names = [_name(finding) for finding in findings]
    counted = Counter(names)
    for name, finding in zip(names, findings, strict=True):
        alone = counted[name] == 1
        yield _case(name if alone else f"{name} [{visible(finding.fingerprint)}]", finding)


def _name(finding: Finding) -> str:
    return f"{visible(finding.resource_name)} ({finding.resource_type})"


def _case(name: str, finding: Finding) -> _Case:
    kind = finding.compliance_type
    text = f"{kind}: {finding.annotation}{statements.change_text(finding)}"
    if finding.suppression is not None:
        message = f"{statements.suppression_text(finding)}. It is {text}"
        return _Case(name, "skipped", "SUPPRESSED", message, _text(finding))
    if finding.known:
        return _Case(name, "skipped", "KNOWN", f"Known from the baseline. It is {text}", _text(finding))
    if kind is ComplianceType.COMPLIANT:
        return _Case(name)
    return _Case(name, _ELEMENTS[kind], f"{kind} {statements.severity_of(finding)}", text, _text(finding))


def _text(finding: Finding) -> str:
    """Return the full text of a finding, with one fact on each line; GitLab shows this instead of the message."""
    facts = {
        "": f"{finding.compliance_type}, severity {statements.severity_of(finding)}: {finding.annotation}",
        "Resource": finding.resource_arn or finding.resource_name,
        "Id": finding.resource_id,
        "Region": finding.region,
        "Place": statements.place_text(finding.location) if finding.location else None,
        "Change": finding.change,
        "Cause": "; ".join(finding.causes) or None,
        "Evidence": encoded(finding.evidence).decode() if finding.evidence else None,
        "Suppression": None if finding.suppression is None else statements.suppression_text(finding),
        "Fingerprint": finding.fingerprint,
    }
    return "\n".join(visible(f"{name}: {fact}" if name else fact) for name, fact in facts.items() if fact is not None)


def _numbers(cases: Sequence[_Case]) -> dict[str, str]:
    """Return the numbers of test cases as XML attributes."""
    outcomes = Counter(case.outcome for case in cases)
    return {"tests": f"{len(cases)}", **{name: f"{outcomes[outcome]}" for name, outcome in _COUNTED.items()}}


def _write_suite(xml: XMLGenerator, suite: _Suite, time: str) -> None:
    _start(xml, "testsuite", {"name": visible(suite.name), **_numbers(suite.cases), "timestamp": time})
    _start(xml, "properties")
    for name, value in suite.properties:
        _element(xml, "property", {"name": name, "value": visible(value)})
    xml.endElement("properties")
    for case in suite.cases:
        _write_case(xml, case, visible(suite.name))
    if suite.warnings:
        _element(xml, "system-err", {}, "\n".join(map(visible, suite.warnings)))
    xml.endElement("testsuite")


def _write_case(xml: XMLGenerator, case: _Case, suite: str) -> None:
    xml.ignorableWhitespace("\n")
    _start(xml, "testcase", {"classname": suite, "name": case.name})
    if case.outcome is not None:
        _element(xml, case.outcome, {"message": visible(case.message), "type": case.kind}, case.text)
    xml.endElement("testcase")


def _element(xml: XMLGenerator, name: str, attributes: Mapping[str, str], text: str = "") -> None:
    _start(xml, name, attributes)
    xml.characters(text)
    xml.endElement(name)


def _start(xml: XMLGenerator, name: str, attributes: Mapping[str, str] = MappingProxyType({})) -> None:
    xml.startElement(name, AttributesImpl(dict(attributes)))
