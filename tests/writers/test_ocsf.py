"""OCSF: findings that the schema takes in every version from 1.3 on, with all that the report says."""

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from conftest import Run
from html_reports import MFA, OWN_POLICIES
from jsonschema import Draft202012Validator
from msgspec.structs import replace
from ocsf_json_schema import OcsfJsonSchemaEmbedded, get_ocsf_schema
from pipeline_reports import clean, every_kind, failing, hostile_report, printed, rendered, ruleless, undecided, written

from auditor.report.report import encoded
from auditor.writers.statements import changed_first

VERSIONS = ("1.3.0", "1.4.0", "1.5.0", "1.6.0", "1.7.0", "1.8.0")
STATUSES = {
    "NON_COMPLIANT": (3, "Fail"),
    "INSUFFICIENT_DATA": (0, "Unknown"),
    "COMPLIANT": (1, "Pass"),
    "NOT_APPLICABLE": (99, "NOT_APPLICABLE"),
}


@cache
def validator(version: str) -> Draft202012Validator:
    schema: Mapping[str, Any] = OcsfJsonSchemaEmbedded(get_ocsf_schema(version=version)).get_class_schema(
        "compliance_finding", ["cloud"]
    )
    assert (schema["additionalProperties"], len(schema["required"])) == (False, 10)
    return Draft202012Validator(schema)


def valid(text: str, *versions: str) -> list[dict[str, Any]]:
    """Return the findings of a file, each of which the schema takes, and none of which has the uid of another."""
    findings: list[dict[str, Any]] = json.loads(text)
    for version in versions or ("1.5.0",):
        for finding in findings:
            assert list(validator(version).iter_errors(finding)) == []
    assert len({finding["finding_info"]["uid"] for finding in findings}) == len(findings)
    return findings


@pytest.mark.parametrize("version", VERSIONS)
def test_every_version_of_the_schema_takes_every_kind_of_finding(run: Run, tmp_path: Path, version: str) -> None:
    assert valid(rendered(run, every_kind(), tmp_path, "r.ocsf.json"), version)
    assert valid(rendered(run, ruleless(), tmp_path, "r.ocsf.json"), version)


def test_every_finding_is_there_with_its_status(run: Run, tmp_path: Path) -> None:
    report = every_kind()
    found = valid(rendered(run, report, tmp_path, "r.ocsf.json"))
    assert [each["finding_info"]["uid"] for each in found] == [finding.fingerprint for finding in report.findings]
    assert [(each["compliance"]["status_id"], each["compliance"]["status"]) for each in found] == [
        STATUSES[finding.compliance_type] for finding in report.findings
    ]
    assert [each["compliance"]["status_code"] for each in found] == [each.compliance_type for each in report.findings]


def test_a_finding_says_what_ours_says(run: Run, tmp_path: Path) -> None:
    report = failing()
    (finding,) = report.findings
    (found,) = valid(rendered(run, report, tmp_path, "r.ocsf.json"))
    assert (found["class_uid"], found["category_uid"], found["type_uid"]) == (2003, 2, 200301)
    assert found["time"] == 1_795_489_200_000
    assert (found["severity_id"], found["status_id"]) == (3, 1)
    assert found["message"] == f"NON_COMPLIANT: user00000: {finding.annotation}"
    assert found["cloud"] == {
        "provider": "AWS",
        "account": {"uid": "111122223333", "type_id": 10, "type": "AWS Account"},
    }
    (resource,) = found["resources"]
    assert (resource["uid"], resource["type"]) == ("arn:aws:iam::111122223333:user/user00000", "AWS::IAM::User")
    assert found["unmapped"]["evidence"] == json.loads(encoded(finding.evidence))
    assert found["remediation"]["references"] == [report.rules[0].source_url]


def test_a_suppressed_finding_keeps_its_status_and_says_why(run: Run, tmp_path: Path) -> None:
    found = valid(rendered(run, every_kind(), tmp_path, "r.ocsf.json"))
    (aside,) = (each for each in found if each["status_id"] == 3)
    assert (aside["compliance"]["control"], aside["compliance"]["status"]) == (OWN_POLICIES, "Fail")
    assert aside["unmapped"]["suppression"] == {"reason": "Break-glass", "until": "2027-01-01"}


def test_an_incomplete_run_says_so_in_each_finding(run: Run, tmp_path: Path) -> None:
    found = valid(rendered(run, undecided(), tmp_path, "r.ocsf.json"))
    assert [each["compliance"]["status"] for each in found] == ["Pass", "Unknown"]
    assert {each["unmapped"]["incomplete"] for each in found} == {"Incomplete: 1 finding has INSUFFICIENT_DATA"}
    (report,) = valid(rendered(run, ruleless(), tmp_path, "r.ocsf.json"))
    assert report["finding_info"]["title"] == "The IAM audit is incomplete"
    assert report["compliance"]["status"] == "Unknown"
    assert [each["unmapped"]["incomplete"] for each in valid(rendered(run, clean(), tmp_path, "r.ocsf.json"))] == [None]


def test_an_unknown_account_is_left_out(tmp_path: Path) -> None:
    report = failing()
    unknown = replace(report, account=replace(report.account, id=None))
    (found,) = valid(written(unknown, tmp_path, "r.ocsf.json"))
    assert found["cloud"] == {"provider": "AWS"}


@pytest.mark.usefixtures("folder")
def test_a_narrowed_report_without_findings_is_an_empty_array(run: Run) -> None:
    out = run("scan", "--snapshot", "s.json", "--rule", MFA, "--format", "ocsf", "--resource", "nobody").out
    assert out == "[]\n"


def test_hostile_texts_are_held_as_they_are(tmp_path: Path) -> None:
    report = hostile_report()
    text = written(report, tmp_path, "r.ocsf.json")
    assert all(character.isprintable() or character == "\n" for character in text)
    found = valid(text, VERSIONS[0], VERSIONS[-1])
    assert [each["resources"][0]["name"] for each in found] == [
        json.loads(encoded(finding.resource_name)) for finding in changed_first(report)
    ]
    for references in (each["remediation"]["references"] for each in found):
        assert all(url.startswith(("https://", "http://")) for url in references)


def test_it_goes_to_standard_output_too(run: Run, tmp_path: Path) -> None:
    report = every_kind()
    assert printed(run, report, tmp_path, "ocsf").out == rendered(run, report, tmp_path, "r.ocsf.json")


def test_the_configuration_file_in_use_is_named(run: Run, folder: Path) -> None:
    (folder / "iam-audit.toml").write_text("[gate]\nallow_incomplete = true\n")
    found = valid(run("scan", "--snapshot", "s.json", "--rule", MFA, "-q", "--format", "ocsf").out)
    said = {each["unmapped"]["configuration"] for each in found}
    assert said == {"Configuration iam-audit.toml: allows unknown facts"}
