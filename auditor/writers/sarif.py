"""SARIF 2.1.0, for code scanning: NON_COMPLIANT and INSUFFICIENT_DATA findings as results of one run.

The limits and requirements are GitHub's, which rejects a file with a result that has no location, and closes alerts
whose results are missing. So findings with INSUFFICIENT_DATA are results too, and if results are left out, one says so.
https://docs.github.com/en/code-security/code-scanning/integrating-with-code-scanning/sarif-support-for-code-scanning
https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/sarif-v2.1.0-errata01-os-complete.html
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, BinaryIO
from urllib.parse import quote

from auditor.judging.finding import Effect, Finding, Location
from auditor.judging.rule import ComplianceType, Severity
from auditor.report.completeness import narrowing, shortfall, unlisted_shortfall
from auditor.report.report import Report, RuleResult, encoded
from auditor.writers import statements
from auditor.writers.json import shown
from auditor.writers.visible import visible

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
MOST_RESULTS = 25_000  # in a run; GitHub rejects more
KEPT_RESULTS = 5_000  # that GitHub stores
REPORT_RULE = "iam-audit-report"
"""The rule of the result that says which results are missing."""

_MOST_CHARACTERS = 1_024  # of a description
_MOST_NAME = 255  # characters
_TAGS = ("security", "aws", "iam")
_LEVELS = {Severity.CRITICAL: "error", Severity.HIGH: "error", Severity.MEDIUM: "warning", Severity.LOW: "note"}
_SECURITY_SEVERITIES = {Severity.CRITICAL: "9.5", Severity.HIGH: "8.0", Severity.MEDIUM: "5.5", Severity.LOW: "2.0"}
_SCHEME = re.compile(r"[A-Za-z]:/")

Json = dict[str, Any]


def write(report: Report, stream: BinaryIO) -> None:
    """Write the report as one SARIF document; the same report gives the same bytes."""
    for piece in shown(encoded({"$schema": SCHEMA, "version": "2.1.0", "runs": [_run(report)]}) + b"\n"):
        stream.write(piece)


def _run(report: Report) -> Json:
    results = _results(report)
    return {
        "tool": {"driver": _driver(report)},
        "automationDetails": {"id": f"iam-audit/{visible(report.account.id or 'unknown')}/"},
        "invocations": [_invocation(report)],
        "columnKind": "unicodeCodePoints",
        "results": results,
        "properties": _facts(report),
    }


def _driver(report: Report) -> Json:
    pages = statements.rule_pages(report)
    rules = [_rule(rule, pages[rule.config_rule_name]) for rule in report.rules]
    return {
        "name": "iam-audit",
        "semanticVersion": _text(report.tool.version),
        "rules": [*rules, _report_rule()],
    }


def _rule(rule: RuleResult, page: statements.RulePage) -> Json:
    described: Json = {
        "id": visible(rule.config_rule_name),
        "name": _text(rule.shown_name, _MOST_NAME),
        "shortDescription": {"text": _text(page.opening)},
        "fullDescription": {"text": _text(f"{page.opening} {page.why}")},
        "help": {"text": _text(page.fix or page.opening)},
        "defaultConfiguration": {"level": _LEVELS[rule.severity]},
        "properties": {
            "tags": _TAGS,
            "precision": "very-high",
            "security-severity": _SECURITY_SEVERITIES[rule.severity],
            "result": rule,
        },
    }
    return described if (url := statements.link(rule.source_url)) is None else {**described, "helpUri": url}


def _report_rule() -> Json:
    """Return the rule of the result that says which results are missing."""
    text = "Says that results are missing: the audit is incomplete, or more was found than the file can hold."
    return {
        "id": REPORT_RULE,
        "name": "The report is whole",
        "shortDescription": {"text": text},
        "fullDescription": {"text": text},
        "help": {"text": "Read the JSON or HTML report. Do not take alerts for fixed that were closed by this upload."},
        "defaultConfiguration": {"level": "error"},
        "properties": {"tags": _TAGS, "precision": "very-high", "security-severity": "9.9"},
    }


def _results(report: Report) -> Sequence[Json]:
    findings = statements.open_findings(report)
    indices = {rule.config_rule_name: place for place, rule in enumerate(report.rules)}
    missing = " ".join(f"{each}." for each in _missing(report, len(findings)))
    first = [_missing_result(report, len(indices), missing)] if missing else []
    listed = findings[: MOST_RESULTS - len(first)]
    stand_in = statements.stand_in_path(report)
    compared = report.baseline is not None or report.planned is not None
    return [*first, *(_result(finding, indices, stand_in, compared=compared) for finding in listed)]


def _missing(report: Report, count: int) -> Iterator[str]:
    """Yield what the results do not show: why the audit is incomplete, and how many results were left out."""
    yield from filter(None, (unlisted_shortfall(report), narrowing(report)))
    if count >= MOST_RESULTS:  # the result that says so counts too
        yield f"Of {count:,} results the worst {MOST_RESULTS - 1:,} are in this file, which can hold no more"
    if count > KEPT_RESULTS:
        yield f"GitHub stores no more than {KEPT_RESULTS:,} of them, so that alerts may be missing or closed"


def _missing_result(report: Report, index: int, text: str) -> Json:
    fingerprint = f"{REPORT_RULE}/{visible(report.account.id or 'unknown')}"
    return {
        "ruleId": REPORT_RULE,
        "ruleIndex": index,
        "level": "error",
        "message": {"text": _message(text)},
        "locations": [_location(None, statements.stand_in_path(report), None)],
        "partialFingerprints": {"primaryLocationLineHash": fingerprint},
    }


def _result(finding: Finding, indices: Mapping[str, int], stand_in: str, *, compared: bool) -> Json:
    result: Json = {"ruleId": visible(finding.config_rule_name)}
    if finding.config_rule_name in indices:
        result["ruleIndex"] = indices[finding.config_rule_name]
    result |= {
        "level": _level(finding),
        "message": {"text": _message(_description(finding))},
        "locations": [_location(finding.location, stand_in, finding)],
        "partialFingerprints": {"primaryLocationLineHash": visible(finding.fingerprint)},
        "properties": finding,
    }
    if compared:
        result["baselineState"] = "unchanged" if finding.known or finding.change is Effect.UNCHANGED else "new"
    if finding.suppression is not None:
        justification = _text(statements.suppression_text(finding))
        result["suppressions"] = [{"kind": "external", "status": "accepted", "justification": justification}]
    return result


def _description(finding: Finding) -> str:
    return f"{finding.compliance_type}: {finding.resource_name}: {finding.annotation}{statements.change_text(finding)}"


def _level(finding: Finding) -> str:
    """Return the level of a result; an unknown one is always a warning."""
    undecided = finding.compliance_type is ComplianceType.INSUFFICIENT_DATA
    return "warning" if undecided else _LEVELS[statements.severity_of(finding)]


def _location(place: Location | None, stand_in: str, finding: Finding | None) -> Json:
    """Return the location of a resource in a file, or the stand-in file of the account, and the resource's names."""
    file, line = (place.file, place.line) if place and place.file else (stand_in, None)
    region = {"startLine": max(line or 1, 1), "startColumn": 1}
    region |= {"endLine": region["startLine"], "endColumn": 2}
    location: Json = {"physicalLocation": {"artifactLocation": {"uri": _uri(file)}, "region": region}}
    if finding is not None:
        name = finding.resource_arn or (place and place.address) or finding.resource_name
        logical = {"name": visible(finding.resource_name), "fullyQualifiedName": visible(name), "kind": "resource"}
        location["logicalLocations"] = [logical]
    return location


def _uri(path: str) -> str:
    """Return a path as a URI: relative to the repository, or a file URI for an absolute path."""
    slashes = visible(statements.slashed(path))
    if slashes.startswith("/") or _SCHEME.match(slashes):
        return f"file:///{quote(slashes.lstrip('/'), safe='/:')}"
    return quote(slashes, safe="/")


def _invocation(report: Report) -> Json:
    """Return the invocation with its notifications; GitHub does not read it, but other viewers do."""
    notes = [("note", each) for each in (statements.about_account(report), statements.verdict(report))]
    notes += [("note", each) for each in statements.of_change(report)]
    notes += [("warning", each) for each in statements.remarks(report)]
    notes += [("warning", each) for each in statements.warnings(report)]
    return {
        "executionSuccessful": shortfall(report) is None,
        "endTimeUtc": statements.moment(report.evaluated_at),
        "toolExecutionNotifications": [{"level": level, "message": {"text": _message(text)}} for level, text in notes],
    }


def _facts(report: Report) -> Json:
    """Return the JSON report without its rules and findings, which are elsewhere in the document."""
    names = (name for name in report.__struct_fields__ if name not in ("rules", "findings"))
    return {name: getattr(report, name) for name in names}


def _message(text: str) -> str:
    """Return the text of a message with escaped brackets and braces, which have a meaning in SARIF (3.11.5, 3.11.6)."""
    plain = re.sub(r"[\\\[\]]", r"\\\g<0>", visible(text))
    return plain.replace("{", "{{").replace("}", "}}")


def _text(text: str, most: int = _MOST_CHARACTERS) -> str:
    """Return a descriptive text on one line; "-" instead of an empty one."""
    return statements.shortened(visible(" ".join(text.split())), most) or "-"
