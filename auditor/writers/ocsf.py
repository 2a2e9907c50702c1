"""OCSF, the Open Cybersecurity Schema Framework: a Compliance Finding (class 2003) for each finding, in one JSON array.

The findings name version 1.5.0 of the schema, and use only what 1.3.0 to 1.8.0 have in common.
https://schema.ocsf.io/1.5.0/classes/compliance_finding?profiles=cloud
"""

from collections.abc import Iterator, Mapping
from typing import Any, BinaryIO

from auditor.judging.finding import Finding
from auditor.judging.rule import ComplianceType, Severity
from auditor.report import baseline_text, configuration, planned
from auditor.report.completeness import narrowing, shortfall, unlisted_shortfall
from auditor.report.report import Report, RuleResult, encoded
from auditor.writers import statements
from auditor.writers.json import shown

VERSION = "1.5.0"

_CATEGORY, _CLASS, _CREATE = 2, 2003, 1  # Findings, Compliance Finding, activity Create
_NEW, _SUPPRESSED = (1, "New"), (3, "Suppressed")
_COMPLIANCE = {
    ComplianceType.NON_COMPLIANT: (3, "Fail"),
    ComplianceType.INSUFFICIENT_DATA: (0, "Unknown"),
    ComplianceType.COMPLIANT: (1, "Pass"),
    ComplianceType.NOT_APPLICABLE: (99, "NOT_APPLICABLE"),
}
_SEVERITIES = {
    Severity.CRITICAL: (5, "Critical"),
    Severity.HIGH: (4, "High"),
    Severity.MEDIUM: (3, "Medium"),
    Severity.LOW: (2, "Low"),
}
_INFORMATIONAL = (1, "Informational")
_ACCOUNT_TYPE = (10, "AWS Account")
_STANDARD = "AWS Config managed rules"

Json = dict[str, Any]


def write(report: Report, stream: BinaryIO) -> None:
    """Write the report as one JSON array; the same report gives the same bytes."""
    separator = b"["
    for finding in _findings(report):
        stream.write(separator)
        for piece in shown(encoded(finding)):
            stream.write(piece)
        separator = b",\n"
    stream.write(b"[]\n" if separator == b"[" else b"]\n")


def _findings(report: Report) -> Iterator[Json]:
    """Yield the findings of the report, and one on the report itself if it is incomplete and no other shows that."""
    common = _common(report)
    why = unlisted_shortfall(report)
    if why is not None:
        yield {**common, **_of_report(report, why)}
    rules, pages = {rule.config_rule_name: rule for rule in report.rules}, statements.rule_pages(report)
    for finding in statements.changed_first(report):
        rule = rules.get(finding.config_rule_name)
        page = pages.get(finding.config_rule_name)
        yield {**common, **_fields(finding, rule, report), **_remedy(rule, page)}


def _common(report: Report) -> Json:
    """Return the attributes that all findings have in common; the schema's times are in milliseconds."""
    product = {"name": "iam-audit", "vendor_name": "iam-audit", "version": report.tool.version}
    return {
        "metadata": {"version": VERSION, "product": product, "profiles": ["cloud"]},
        "category_uid": _CATEGORY,
        "category_name": "Findings",
        "class_uid": _CLASS,
        "class_name": "Compliance Finding",
        "activity_id": _CREATE,
        "activity_name": "Create",
        "type_uid": _CLASS * 100 + _CREATE,
        "type_name": "Compliance Finding: Create",
        "time": int(report.evaluated_at.timestamp() * 1000),
        "cloud": {"provider": "AWS", **_account(report)},
    }


def _account(report: Report) -> Json:
    """Return the account, or nothing if it is unknown: the schema requires an id or a name."""
    names = {"uid": report.account.id, "name": report.account.alias}
    known = {name: value for name, value in names.items() if value is not None}
    type_id, type_name = _ACCOUNT_TYPE
    return {"account": {**known, "type_id": type_id, "type": type_name}} if known else {}


def _fields(finding: Finding, rule: RuleResult | None, report: Report) -> Json:
    name = finding.config_rule_name if rule is None else rule.shown_name
    kind = finding.compliance_type
    in_order = kind in (ComplianceType.COMPLIANT, ComplianceType.NOT_APPLICABLE)
    severity_id, severity = _INFORMATIONAL if in_order else _SEVERITIES[statements.severity_of(finding)]
    status_id, status = _NEW if finding.suppression is None else _SUPPRESSED
    return {
        "message": f"{kind}: {finding.resource_name}: {finding.annotation}{statements.change_text(finding)}",
        "severity_id": severity_id,
        "severity": severity,
        "status_id": status_id,
        "status": status,
        "finding_info": {
            "uid": f"{'' if report.planned is None else 'planned-change/'}{finding.fingerprint}",
            "title": f"{'' if report.planned is None else 'Planned change: '}{name}: {finding.resource_name}",
            "types": [_STANDARD],
        },
        "compliance": _compliance(kind, name, finding.annotation, rule),
        "resources": [_resource(finding, report)],
        "unmapped": {**_facts(report), **_unmapped(finding, rule)},
    }


def _compliance(kind: ComplianceType, control: str, detail: str, rule: RuleResult | None) -> Json:
    status_id, status = _COMPLIANCE[kind]
    controls = {} if rule is None else rule.controls
    return {
        "status_id": status_id,
        "status": status,
        "status_code": kind,
        "status_detail": detail,
        "control": control,
        "standards": [_STANDARD, *controls],
        "requirements": [f"{framework} {each}" for framework, ids in controls.items() for each in ids],
    }


def _resource(finding: Finding, report: Report) -> Json:
    return {
        "uid": finding.resource_arn or finding.resource_id or finding.resource_name,
        "name": finding.resource_name,
        "type": finding.resource_type,
        "cloud_partition": report.account.partition,
        **({} if finding.region is None else {"region": finding.region}),
        "data": {"resource_id": finding.resource_id, "location": finding.location},
    }


def _unmapped(finding: Finding, rule: RuleResult | None) -> Json:
    return {
        "config_rule_name": finding.config_rule_name,
        "parameters": None if rule is None else rule.parameters,
        "rule_severity": statements.severity_of(finding),
        "evidence": finding.evidence,
        "suppression": finding.suppression,
        "known_from_baseline": finding.known,
        "change": finding.change,
        "causes": finding.causes,
    }


def _facts(report: Report) -> Json:
    """Return the facts about the whole report, for each finding, because the schema has no reports."""
    return {
        "captured_at": report.snapshot.captured_at,
        "snapshot_sha256": report.snapshot.sha256,
        "incomplete": shortfall(report),
        "narrowed": narrowing(report),
        "planned_change": None if report.planned is None else planned.sentence(report.planned),
        "baseline": None if report.baseline is None else baseline_text.line(report.baseline),
        "configuration": None if report.configuration is None else configuration.sentence(report.configuration),
    }


def _remedy(rule: RuleResult | None, page: statements.RulePage | None) -> Mapping[str, Json]:
    if rule is None or page is None:
        return {}
    url = statements.link(rule.source_url)
    return {"remediation": {"desc": page.fix or page.opening, "references": [] if url is None else [url]}}


def _of_report(report: Report, why: str) -> Json:
    """Return the finding that says that the report is incomplete."""
    kind = ComplianceType.INSUFFICIENT_DATA
    account = report.account.id or "unknown"
    severity_id, severity = _SEVERITIES[Severity.HIGH]
    return {
        "message": f"{why}.",
        "severity_id": severity_id,
        "severity": severity,
        "status_id": _NEW[0],
        "status": _NEW[1],
        "finding_info": {"uid": f"iam-audit-report/{account}", "title": "The IAM audit is incomplete"},
        "compliance": _compliance(kind, "iam-audit-report", why, None),
        "resources": [{"uid": account, "name": account, "type": "AWS::::Account"}],
        "unmapped": _facts(report),
    }
