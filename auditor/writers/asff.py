"""ASFF, for Security Hub: a line for each call of BatchImportFindings, which accepts 100 findings and 6 MB.

It contains all findings, also COMPLIANT ones, because only these replace a finding that failed before. Unknown ones are
NOT_AVAILABLE. Suppressed and NOT_APPLICABLE findings are ARCHIVED, which a later import can undo;
Workflow.Status belongs to the customer, and an import could not undo a change of it.
https://docs.aws.amazon.com/securityhub/latest/userguide/securityhub-findings-format.html
https://docs.aws.amazon.com/securityhub/1.0/APIReference/API_BatchImportFindings.html
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, BinaryIO

from auditor.account.kinds import ResourceType
from auditor.errors import OutputError
from auditor.judging.finding import Finding
from auditor.judging.rule import ComplianceType, Severity
from auditor.report import baseline_text, configuration, planned
from auditor.report.completeness import narrowing, shortfall, unlisted_shortfall
from auditor.report.report import Report, RuleResult, encoded
from auditor.writers import statements
from auditor.writers.json import shown
from auditor.writers.visible import visible

MOST_FINDINGS = 100  # in a call
MOST_BYTES = 6_000_000  # in a call

_PARTITIONS = ("aws", "aws-cn", "aws-us-gov")  # the valid values of Resources.Partition
_STATUSES = {
    ComplianceType.NON_COMPLIANT: "FAILED",
    ComplianceType.INSUFFICIENT_DATA: "NOT_AVAILABLE",
    ComplianceType.COMPLIANT: "PASSED",
    ComplianceType.NOT_APPLICABLE: "NOT_AVAILABLE",
}
_TYPES = ("Software and Configuration Checks/AWS Security Best Practices",)
_RESOURCES = {
    ResourceType.ACCOUNT: "AwsAccount",
    ResourceType.GROUP: "AwsIamGroup",
    ResourceType.POLICY: "AwsIamPolicy",
    ResourceType.ROLE: "AwsIamRole",
    ResourceType.USER: "AwsIamUser",
}
_ACCOUNT_ID = re.compile("[0-9]{12}")
_TITLE, _DESCRIPTION, _ID, _REMEDY, _URL = 256, 1_024, 512, 512, 2_048  # characters
_FIELD, _DETAIL = 2_048, 1_023  # characters of a value
_REQUIREMENTS, _REQUIREMENT = 32, 64  # how many, characters of one
_IN_ORDER = (ComplianceType.COMPLIANT, ComplianceType.NOT_APPLICABLE)

Json = dict[str, Any]


def write(report: Report, stream: BinaryIO, *, region: str) -> None:
    """Write the request for each batch on a line of its own; the same report and Region give the same bytes.

    Raises OutputError for a report without an account id.
    """
    for batch in batches(findings_of(report, region=region)):
        stream.write(b'{"Findings":[%b]}\n' % b",".join(batch))


def findings_of(report: Report, *, region: str) -> Iterator[Json]:
    """Return the findings of a report in Security Hub's format; raise OutputError as `write` does."""
    if not _ACCOUNT_ID.fullmatch(report.account.id or ""):
        hint = "Read the account live, or from exports or a snapshot in which an ARN names it."
        raise OutputError("the format asff needs the id of the account, which the report does not know", hint)
    return _findings(report, _common(report, region))


def batches(findings: Iterable[Json]) -> Iterator[list[bytes]]:
    """Yield the findings, as JSON, in batches that fit in one call."""
    return _batches(b"".join(shown(encoded(each))) for each in findings)


def _batches(findings: Iterable[bytes]) -> Iterator[list[bytes]]:
    batch: list[bytes] = []
    size = 0
    for finding in findings:
        if len(batch) == MOST_FINDINGS or size + len(finding) > MOST_BYTES:
            yield batch
            batch, size = [], 0
        batch.append(finding)
        size += len(finding) + 1
    if batch:
        yield batch


def product_arn(report: Report, region: str) -> str:
    """Return the ARN of the default product that every account has for its own findings."""
    account_id = report.account.id
    return f"arn:{report.account.partition}:securityhub:{region}:{account_id}:product/{account_id}/default"


def _common(report: Report, region: str) -> Json:
    """Return the fields that all findings have in common."""
    account_id, time = report.account.id, statements.moment(report.evaluated_at)
    product = product_arn(report, region)
    return {"ProductArn": product, "AwsAccountId": account_id, "Region": region, "CreatedAt": time, "UpdatedAt": time}


def _findings(report: Report, common: Json) -> Iterator[Json]:
    """Yield the findings of the report, and one on the report itself if it is incomplete and no other shows that."""
    why = unlisted_shortfall(report)
    if why is not None:
        yield _of_report(report, common, why)
    rules = {rule.config_rule_name: rule for rule in report.rules}
    pages, facts = statements.rule_pages(report), _facts(report)
    for finding in statements.changed_first(report):
        rule = rules.get(finding.config_rule_name)
        remedy = {} if rule is None else {"Remediation": _remedy(rule, pages[rule.config_rule_name])}
        yield {
            **_head(f"{_apart(report)}{finding.fingerprint}"),
            **common,
            **_fields(finding, rule, _apart(report)),
            **remedy,
            "ProductFields": {**facts, **_product_fields(finding, rule)},
            "Resources": [_resource(finding, report)],
        }


def _head(name: str) -> Json:
    return {"SchemaVersion": "2018-10-08", "Id": _text(f"iam-audit/{name}", _ID)}


def _apart(report: Report) -> str:
    """Return a prefix that keeps findings of a planned change from replacing those of the account as it is."""
    return "" if report.planned is None else "planned-change/"


def _fields(finding: Finding, rule: RuleResult | None, apart: str) -> Json:
    name = finding.config_rule_name if rule is None else rule.shown_name
    aside = finding.suppression is not None or finding.compliance_type is ComplianceType.NOT_APPLICABLE
    return {
        "GeneratorId": _text(f"iam-audit/{apart}{finding.config_rule_name}", _ID),
        "Title": _text(f"{'Planned change: ' if apart else ''}{name}: {finding.resource_name}", _TITLE),
        "Description": _text(
            f"{finding.compliance_type}: {finding.annotation}{statements.change_text(finding)}", _DESCRIPTION
        ),
        **_severity(finding),
        "Compliance": _compliance(finding, rule),
        "RecordState": "ARCHIVED" if aside else "ACTIVE",
    }


def _severity(finding: Finding) -> Json:
    """Return severity and types, also as provider fields, because a later import can only change these."""
    original = statements.severity_of(finding)
    label = "INFORMATIONAL" if finding.compliance_type in _IN_ORDER else original
    severity = {"Label": label, "Original": original}
    return {
        "Types": _TYPES,
        "Severity": severity,
        "FindingProviderFields": {"Severity": severity, "Types": _TYPES},
    }


def _compliance(finding: Finding, rule: RuleResult | None) -> Json:
    kind = finding.compliance_type
    reason = {"ReasonCode": str(kind), "Description": _text(finding.annotation, _DESCRIPTION)}
    compliance: Json = {"Status": _STATUSES[kind], "StatusReasons": [reason]}
    controls = () if rule is None else rule.controls.items()
    requirements = [_text(f"{name} {each}", _REQUIREMENT) for name, ids in controls for each in ids]
    return compliance | ({"RelatedRequirements": requirements[:_REQUIREMENTS]} if requirements else {})


def _resource(finding: Finding, report: Report) -> Json:
    kind = _RESOURCES.get(finding.resource_type, "Other")
    fields = {"resource_type": finding.resource_type, "resource_name": _text(finding.resource_name, _DETAIL)}
    fields |= {} if finding.resource_id is None else {"resource_id": _text(finding.resource_id, _DETAIL)}
    name = finding.resource_arn or finding.resource_id or finding.resource_name
    if kind == "AwsAccount":
        name = f"AWS::::Account:{report.account.id}"
    partition = {"Partition": report.account.partition} if report.account.partition in _PARTITIONS else {}
    return {"Type": kind, "Id": _text(name, _ID), **partition, "Details": {"Other": fields}}


def _product_fields(finding: Finding, rule: RuleResult | None) -> Mapping[str, str]:
    facts = {
        "compliance_type": finding.compliance_type,
        "config_rule_name": finding.config_rule_name,
        "source_identifier": None if rule is None else rule.source_identifier,
        "fingerprint": finding.fingerprint,
        "known_from_baseline": "yes" if finding.known else None,
        "change": finding.change,
        "causes": "; ".join(finding.causes) or None,
        "region": finding.region,
        "location": statements.place_text(finding.location) if finding.location else None,
        "evidence": encoded(finding.evidence).decode() if finding.evidence else None,
        "suppression": None if finding.suppression is None else statements.suppression_text(finding),
    }
    return {f"iam-audit/{name}": _text(fact, _FIELD) for name, fact in facts.items() if fact is not None}


def _facts(report: Report) -> Mapping[str, str]:
    """Return the facts about the whole report, for each finding, because Security Hub has no reports."""
    facts = {
        "version": report.tool.version,
        "captured_at": statements.moment(report.snapshot.captured_at),
        "snapshot_sha256": report.snapshot.sha256,
        "incomplete": shortfall(report),
        "narrowed": narrowing(report),
        "planned_change": None if report.planned is None else planned.sentence(report.planned),
        "baseline": None if report.baseline is None else baseline_text.line(report.baseline),
        "configuration": None if report.configuration is None else configuration.sentence(report.configuration),
    }
    return {f"iam-audit/{name}": _text(fact, _FIELD) for name, fact in facts.items() if fact is not None}


def _remedy(rule: RuleResult, page: statements.RulePage) -> Json:
    url = statements.link(rule.source_url)
    text = _text(" ".join((page.fix or page.opening).split()), _REMEDY)
    return {"Recommendation": {"Text": text} | ({} if url is None or len(url) > _URL else {"Url": url})}


def _of_report(report: Report, common: Json, why: str) -> Json:
    """Return the finding that says that the report is incomplete."""
    severity = {"Label": Severity.HIGH, "Original": Severity.HIGH}
    reason = {"ReasonCode": str(ComplianceType.INSUFFICIENT_DATA), "Description": why}
    resource = {"Type": "AwsAccount", "Id": f"AWS::::Account:{report.account.id}"}
    return {
        **_head(f"{_apart(report)}report/{report.account.id}"),
        **common,
        "GeneratorId": f"iam-audit/{_apart(report)}report",
        "Title": "The IAM audit is incomplete",
        "Description": why,
        "Types": _TYPES,
        "Severity": severity,
        "FindingProviderFields": {"Severity": severity, "Types": _TYPES},
        "Compliance": {"Status": "NOT_AVAILABLE", "StatusReasons": [reason]},
        "RecordState": "ACTIVE",
        "ProductFields": _facts(report),
        "Resources": [resource],
    }


def _text(text: str, most: int) -> str:
    """Return a text that is not blank, and not longer than AWS accepts."""
    shown_text = statements.shortened(visible(text), most)
    return shown_text if shown_text.strip() else "-"
