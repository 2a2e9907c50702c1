"""Answers of AWS Config as the AWS CLI prints them; each is checked with botocore's model, because moto has none."""

import json
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from botocore.loaders import Loader
from botocore.model import ServiceModel
from botocore.validate import ParamValidator

from auditor.testing import ACCOUNT_ID

REGION = "us-east-1"
BEFORE = "2026-11-24T02:30:00.123000+00:00"
"""Half an hour before the built accounts are captured, within the life of their credential report."""

USER, GROUP, POLICY = "AWS::IAM::User", "AWS::IAM::Group", "AWS::IAM::Policy"
Json = dict[str, Any]


@cache
def _model() -> ServiceModel:
    return ServiceModel(Loader().load_service_model("config", "service-2"))


def of_model(operation: str, answer: Json) -> Json:
    """Return an answer; fail if it does not fit AWS's model."""
    shape = _model().operation_model(operation).output_shape
    assert shape is not None
    report = ParamValidator().validate(answer, shape)
    assert report.generate_report() == "", report.generate_report()
    return answer


def rule(
    name: str, identifier: str, *, region: str = REGION, account: str = ACCOUNT_ID, given: object = "{}", **more: Any
) -> Json:
    """Return a rule as DescribeConfigRules returns it."""
    return {
        "ConfigRuleName": name,
        "ConfigRuleArn": f"arn:aws:config:{region}:{account}:config-rule/config-rule-{len(name)}",
        "ConfigRuleId": f"config-rule-{len(name)}",
        "Source": {"Owner": "AWS", "SourceIdentifier": identifier},
        "InputParameters": given if isinstance(given, str) else json.dumps(given),
        "ConfigRuleState": "ACTIVE",
        **more,
    }


def result(
    name: str, resource_id: str, compliance_type: str, *, kind: str = USER, at: Any = BEFORE, **more: Any
) -> Json:
    """Return the result of a rule on one resource."""
    named = {"ConfigRuleName": name, "ResourceType": kind, "ResourceId": resource_id, "EvaluationMode": "DETECTIVE"}
    return {
        "EvaluationResultIdentifier": {"EvaluationResultQualifier": named, "OrderingTimestamp": at},
        "ComplianceType": compliance_type,
        "ResultRecordedTime": at,
        "ConfigRuleInvokedTime": at,
        **more,
    }


def rules(*described: Json) -> Json:
    return of_model("DescribeConfigRules", {"ConfigRules": list(described)})


def details(*results: Json, token: str | None = None) -> Json:
    goes_on = {} if token is None else {"NextToken": token}
    return of_model("GetComplianceDetailsByConfigRule", {"EvaluationResults": list(results), **goes_on})


def aggregate(*results: Json, account: str = ACCOUNT_ID, region: str = REGION) -> Json:
    placed = [{**each, "AccountId": account, "AwsRegion": region} for each in results]
    return of_model("GetAggregateComplianceDetailsByConfigRule", {"AggregateEvaluationResults": placed})


def pack(*results: Json) -> Json:
    return of_model(
        "GetConformancePackComplianceDetails",
        {"ConformancePackName": "iam", "ConformancePackRuleEvaluationResults": list(results)},
    )


def statuses(*ran: Mapping[str, Any]) -> Json:
    return of_model("DescribeConfigRuleEvaluationStatus", {"ConfigRulesEvaluationStatus": list(ran)})


def recorder(**group: Any) -> Json:
    found = {"name": "default", "recordingGroup": group}
    return of_model("DescribeConfigurationRecorders", {"ConfigurationRecorders": [found]})


def recording(*, on: bool) -> Json:
    found = [{"name": "default", "recording": on}]
    return of_model("DescribeConfigurationRecorderStatus", {"ConfigurationRecordersStatus": found})


def selected(name: str, resource_id: str, compliance_type: str, *, kind: str = USER) -> str:
    """Return one result of SelectResourceConfig over AWS::Config::ResourceCompliance."""
    fields = {
        "targetResourceId": resource_id,
        "targetResourceType": kind,
        "complianceType": compliance_type,
        "configRuleList": [
            {"configRuleName": name, "configRuleId": "config-rule-1", "complianceType": compliance_type}
        ],
    }
    return json.dumps({"accountId": ACCOUNT_ID, "awsRegion": REGION, "configuration": fields})


def write(folder: Path, files: Mapping[str, object]) -> Path:
    """Write answers, or texts as they are, into a new folder."""
    for name, content in files.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content if isinstance(content, str) else json.dumps(content, indent=4), encoding="utf-8")
    return folder


def causes(parity: Mapping[str, Any]) -> Sequence[tuple[str, str]]:
    """Return the disagreements of a parity report in JSON, each as the resource's name and the cause."""
    return [(each["resource_name"], each["cause"]) for each in parity["disagreements"]]
