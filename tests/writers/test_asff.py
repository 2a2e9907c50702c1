"""ASFF: what Security Hub takes by botocore's model and AWS's documentation, in batches that one call takes."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from botocore.loaders import Loader
from botocore.model import ServiceModel
from botocore.validate import ParamValidator
from conftest import Run
from html_reports import MFA, OWN_POLICIES
from msgspec.structs import replace
from pipeline_reports import clean, every_kind, failing, hostile_report, ruleless, stored, undecided, written

from auditor.account.kinds import ResourceType
from auditor.judging.finding import Location
from auditor.judging.rule import Evidence
from auditor.report.configuration import ConfigurationSummary
from auditor.report.report import Report

DESCRIBED: dict[str, Any] = Loader().load_service_model("securityhub", "service-2")
MODEL = ServiceModel(DESCRIBED)
REQUEST = MODEL.shape_for("BatchImportFindingsRequest")
LENGTHS = {
    "Id": 512,
    "ProductArn": 2_048,
    "Region": 16,
    "GeneratorId": 512,
    "AwsAccountId": 12,
    "Title": 256,
    "Description": 1_024,
}
"""The longest texts, in characters, by the documentation in the model, which does not hold them as limits."""
STATUSES = {
    "NON_COMPLIANT": "FAILED",
    "INSUFFICIENT_DATA": "NOT_AVAILABLE",
    "COMPLIANT": "PASSED",
    "NOT_APPLICABLE": "NOT_AVAILABLE",
}
REGION = "eu-central-1"


@pytest.fixture(autouse=True)
def _no_region(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)


def valid(text: str) -> list[dict[str, Any]]:
    """Return the findings of all requests, each of which Security Hub takes."""
    requests = [json.loads(line) for line in text.splitlines()]
    for line, request in zip(text.splitlines(), requests, strict=True):
        assert ParamValidator().validate(request, REQUEST).generate_report() == ""
        assert 1 <= len(request["Findings"]) <= 100
        assert len(line.encode()) < 6_000_000
    findings = [finding for request in requests for finding in request["Findings"]]
    for finding in findings:
        check_limits(finding)
    assert len({finding["Id"] for finding in findings}) == len(findings)
    return findings


def check_limits(finding: Mapping[str, Any]) -> None:
    """Check the limits that the model tells of in words only."""
    assert all(len(finding[name]) <= most for name, most in LENGTHS.items())
    assert re.fullmatch("[0-9]{12}", finding["AwsAccountId"])
    assert re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}Z", finding["CreatedAt"])
    assert len(json.dumps(finding)) < 240_000
    assert len(finding["Compliance"].get("RelatedRequirements", ())) <= 32
    fields = finding["ProductFields"]
    assert len(fields) <= 50
    assert all(len(name) <= 128 and len(value) <= 2_048 for name, value in fields.items())
    assert len(finding.get("Remediation", {}).get("Recommendation", {}).get("Text", "")) <= 512
    (resource,) = finding["Resources"]
    assert all(len(value) < 1_024 for value in resource.get("Details", {}).get("Other", {}).values())
    assert all(text.strip() for text in texts(finding))


def texts(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [text for each in inner for text in texts(each)]


def rendered(run: Run, report: Report, folder: Path) -> str:
    file = folder / "r.asff.jsonl"
    assert run("report", stored(report, folder), "-o", file, "--security-hub-region", REGION).code == 0
    return file.read_text("utf-8")


def test_every_finding_is_there_with_its_status(run: Run, tmp_path: Path) -> None:
    report = every_kind()
    found = valid(rendered(run, report, tmp_path))
    assert [each["ProductFields"]["iam-audit/fingerprint"] for each in found] == [
        finding.fingerprint for finding in report.findings
    ]
    assert [each["Compliance"]["Status"] for each in found] == [
        STATUSES[finding.compliance_type] for finding in report.findings
    ]
    assert [each["Compliance"]["StatusReasons"][0]["ReasonCode"] for each in found] == [
        finding.compliance_type for finding in report.findings
    ]


def test_a_finding_says_what_ours_says(run: Run, tmp_path: Path) -> None:
    report = failing()
    (finding,) = report.findings
    (found,) = valid(rendered(run, report, tmp_path))
    assert found["Id"] == f"iam-audit/{finding.fingerprint}"
    assert found["ProductArn"] == "arn:aws:securityhub:eu-central-1:111122223333:product/111122223333/default"
    assert (found["AwsAccountId"], found["Region"]) == ("111122223333", REGION)
    assert (found["Title"], found["GeneratorId"]) == (f"{MFA}: user00000", f"iam-audit/{MFA}")
    assert found["Description"] == f"NON_COMPLIANT: {finding.annotation}"
    assert found["Severity"] == {"Label": "MEDIUM", "Original": "MEDIUM"} == found["FindingProviderFields"]["Severity"]
    assert found["RecordState"] == "ACTIVE"
    assert found["Resources"] == [
        {
            "Type": "AwsIamUser",
            "Id": "arn:aws:iam::111122223333:user/user00000",
            "Partition": "aws",
            "Details": {
                "Other": {
                    "resource_type": "AWS::IAM::User",
                    "resource_name": "user00000",
                    "resource_id": finding.resource_id,
                }
            },
        }
    ]


def test_a_suppressed_finding_keeps_its_status_and_is_archived(run: Run, tmp_path: Path) -> None:
    archived = [each for each in valid(rendered(run, every_kind(), tmp_path)) if each["RecordState"] == "ARCHIVED"]
    (aside,) = (each for each in archived if "iam-audit/suppression" in each["ProductFields"])
    assert aside["GeneratorId"] == f"iam-audit/{OWN_POLICIES}"
    assert aside["Compliance"]["Status"] == "FAILED"
    assert aside["ProductFields"]["iam-audit/suppression"] == "Suppressed: reason Break-glass; until 2027-01-01"
    assert "Workflow" not in aside


def test_an_incomplete_run_says_so_in_each_finding(run: Run, tmp_path: Path) -> None:
    found = valid(rendered(run, undecided(), tmp_path))
    assert {each["ProductFields"]["iam-audit/incomplete"] for each in found} == {
        "Incomplete: 1 finding has INSUFFICIENT_DATA"
    }
    assert [each["Compliance"]["Status"] for each in found] == ["PASSED", "NOT_AVAILABLE"]
    assert {each["RecordState"] for each in found} == {"ACTIVE"}
    (report,) = valid(rendered(run, ruleless(), tmp_path))
    assert (report["Title"], report["Compliance"]["Status"]) == ("The IAM audit is incomplete", "NOT_AVAILABLE")
    assert "iam-audit/incomplete" not in valid(rendered(run, clean(), tmp_path))[0]["ProductFields"]


@pytest.mark.parametrize(("count", "batches"), [(1, [1]), (100, [100]), (101, [100, 1]), (250, [100, 100, 50])])
def test_a_line_is_what_one_call_takes(run: Run, tmp_path: Path, count: int, batches: list[int]) -> None:
    text = rendered(run, failing(count), tmp_path)
    valid(text)
    assert [len(json.loads(line)["Findings"]) for line in text.splitlines()] == batches


def test_long_evidence_makes_smaller_batches(tmp_path: Path) -> None:
    report = failing(100)
    long = "\U0001f600" * 2_100
    findings = tuple(replace(each, resource_name=f"{long}{each.resource_name}") for each in report.findings)
    facts: dict[str, Any] = {"evidence": (Evidence(long, long, long),), "suppression": {"reason": long}, "region": long}
    facts |= {"location": Location(long, 1, long), "config_rule_name": long, "annotation": long}
    findings = tuple(replace(each, **facts) for each in findings)
    configuration = ConfigurationSummary(long, (), 0, None, None, None)
    report = replace(report, findings=findings, configuration=configuration)
    text = written(report, tmp_path, "r.asff.jsonl")
    assert len(valid(text)) == 100
    assert len(text.splitlines()) == 2


def test_resources_have_the_types_of_security_hub(tmp_path: Path) -> None:
    report, known = failing(), {*DESCRIBED["shapes"]["ResourceDetails"]["members"], "AwsAccount"}
    for kind in ResourceType:
        (finding,) = report.findings
        other = replace(report, findings=(replace(finding, resource_type=kind),))
        (found,) = valid(written(other, tmp_path, "r.asff.jsonl"))
        (resource,) = found["Resources"]
        expected = "AwsAccount" if kind is ResourceType.ACCOUNT else kind.replace("::", "").replace("AWSIAM", "AwsIam")
        assert resource["Type"] == (expected if expected in known else "Other")


@pytest.mark.parametrize("arguments", [["-o", "r.asff.jsonl"], ["--format", "asff"]])
@pytest.mark.parametrize("command", [["report", "stored.json"], ["scan", "--snapshot", "s.json", "--rule", MFA]])
def test_without_a_region_nothing_is_written(
    run: Run, folder: Path, arguments: list[str], command: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    stored(failing(), folder)
    result = run(*command, *arguments)
    assert (result.code, result.out) == (2, "")
    assert "the format asff needs the AWS Region of Security Hub, which is not known" in result.err
    assert "--security-hub-region" in result.err
    assert not (folder / "r.asff.jsonl").exists()
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    assert run(*command, *arguments).code == 0


def test_a_region_that_is_none_is_refused(run: Run, tmp_path: Path) -> None:
    result = run("report", stored(failing(), tmp_path), "--format", "asff", "--security-hub-region", "x:y")
    assert (result.code, result.out) == (2, "")
    assert "'x:y' is no AWS Region" in result.err


def test_without_an_account_nothing_is_written(run: Run, tmp_path: Path) -> None:
    report = failing()
    unknown = tuple(replace(finding, resource_arn=None) for finding in report.findings)
    report = replace(report, account=replace(report.account, id=None), findings=unknown)
    file = tmp_path / "r.asff.jsonl"
    result = run("report", stored(report, tmp_path), "-o", file, "--security-hub-region", REGION)
    assert result.code == 3
    assert "needs the id of the account, which the report does not know" in result.err
    assert not file.exists()


def test_blank_texts_are_dashes(tmp_path: Path) -> None:
    report = failing()
    (finding,) = report.findings
    blank = replace(finding, resource_name=" ", resource_arn=None, resource_id=None, annotation="", region=" ")
    (found,) = valid(written(replace(report, findings=(blank,)), tmp_path, "r.asff.jsonl"))
    assert (found["Resources"][0]["Id"], found["ProductFields"]["iam-audit/region"]) == ("-", "-")


def test_the_region_is_asked_for_before_the_account_is_read(run: Run, tmp_path: Path) -> None:
    for output in (["--format", "asff"], ["-o", tmp_path / "r.asff.jsonl"]):
        result = run("scan", "--snapshot", tmp_path / "nowhere.json", *output)
        assert result.code == 2
        assert "needs the AWS Region" in result.err


def test_hostile_texts_are_shown_as_text(tmp_path: Path) -> None:
    report = hostile_report()
    text = written(report, tmp_path, "r.asff.jsonl")
    assert all(character.isprintable() or character == "\n" for character in text)
    found = valid(text)
    assert len(found) == len(report.findings)
    assert all(each.isprintable() for finding in found for each in texts(finding))


def test_the_configuration_file_in_use_is_named(run: Run, folder: Path) -> None:
    (folder / "iam-audit.toml").write_text("[gate]\nallow_incomplete = true\n")
    command = ["scan", "--snapshot", "s.json", "--rule", MFA, "-q", "--format", "asff"]
    found = valid(run(*command, "--security-hub-region", REGION).out)
    said = {each["ProductFields"]["iam-audit/configuration"] for each in found}
    assert said == {"Configuration iam-audit.toml: allows unknown facts"}
