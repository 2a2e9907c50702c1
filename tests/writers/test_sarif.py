"""SARIF: valid by its schema, within GitHub's limits, and never cleaner than the report."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from conftest import Run
from html_reports import MFA, OWN_POLICIES, report_of
from jsonschema import Draft4Validator
from msgspec.structs import replace
from pipeline_reports import (
    clean,
    every_kind,
    failing,
    hostile_report,
    printed,
    rendered,
    ruleless,
    undecided,
    written,
)

from auditor.judging.finding import Location
from auditor.judging.rule import ComplianceType, Severity
from auditor.report.report import Report
from auditor.testing import account, console_user

SCHEMA = json.loads((Path(__file__).parents[1] / "support/schemas/sarif-2.1.0.json").read_bytes())
GITHUB_GZIPPED = 10_000_000  # bytes


def valid(text: str) -> dict[str, Any]:
    """Return the one run of a SARIF file that its schema takes, and GitHub beside."""
    document = json.loads(text)
    assert list(Draft4Validator(SCHEMA).iter_errors(document)) == []
    (found,) = document["runs"]
    for rule in found["tool"]["driver"]["rules"]:
        assert rule["shortDescription"]["text"].strip()
        assert rule["fullDescription"]["text"].strip()
        assert rule["help"]["text"].strip()
        assert 0 < float(rule["properties"]["security-severity"]) <= 10
    for result in found["results"]:
        (place,) = result["locations"]
        assert place["physicalLocation"]["artifactLocation"]["uri"]
        assert place["physicalLocation"]["region"]["startLine"] >= 1
        assert result["partialFingerprints"]["primaryLocationLineHash"]
        assert found["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == result["ruleId"]
    run: dict[str, Any] = found
    return run


def bob(name: str = "bob", **changes: Any) -> Report:
    """Return a report with one NON_COMPLIANT finding."""
    return report_of(
        account(users=[console_user(name, mfa=False)]), MFA, change=lambda finding: replace(finding, **changes)
    )


def test_what_needs_somebody_is_a_result_and_the_rest_is_not(run: Run, tmp_path: Path) -> None:
    report = every_kind()
    found = valid(rendered(run, report, tmp_path, "r.sarif"))
    needing = [each for each in report.findings if each.compliance_type in ("NON_COMPLIANT", "INSUFFICIENT_DATA")]
    assert sorted(result["properties"]["fingerprint"] for result in found["results"]) == sorted(
        each.fingerprint for each in needing
    )
    assert {each["properties"]["compliance_type"] for each in found["results"]} == {
        "NON_COMPLIANT",
        "INSUFFICIENT_DATA",
    }


def test_a_result_says_what_the_finding_says(run: Run, tmp_path: Path) -> None:
    found = valid(rendered(run, bob(), tmp_path, "r.sarif"))
    (result,) = found["results"]
    (finding,) = bob().findings
    assert result == {
        "ruleId": MFA,
        "ruleIndex": 0,
        "level": "warning",
        "message": {"text": f"NON_COMPLIANT: bob: {finding.annotation}".replace("[", "\\[").replace("]", "\\]")},
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": {"uri": "aws-iam/111122223333"},
                    "region": {"startLine": 1, "startColumn": 1, "endLine": 1, "endColumn": 2},
                },
                "logicalLocations": [
                    {"name": "bob", "fullyQualifiedName": "arn:aws:iam::111122223333:user/bob", "kind": "resource"}
                ],
            }
        ],
        "partialFingerprints": {"primaryLocationLineHash": finding.fingerprint},
        "properties": result["properties"],
    }
    assert result["properties"]["severity"] == "MEDIUM"
    assert result["properties"]["evidence"]


PLACES = {
    "a file and its line": (Location("iam/main.tf", 12, "aws_iam_user.bob"), "iam/main.tf", 12),
    "a file without a line": (Location("plan.json", None, None), "plan.json", 1),
    "no file": (Location(None, None, "aws_iam_user.bob"), "aws-iam/111122223333", 1),
    "a folder of the working folder": (Location("./a/b.tf", 3, None), "a/b.tf", 3),
    "backslashes": (Location(r"a\b.tf", 3, None), "a/b.tf", 3),
    "a path from the root": (Location("/srv/a b.tf", 3, None), "file:///srv/a%20b.tf", 3),
    "a drive": (Location(r"C:\a.tf", 3, None), "file:///C:/a.tf", 3),
    "a name that looks like a scheme": (Location("javascript:x", 1, None), "javascript%3Ax", 1),
    "line zero": (Location("a.tf", 0, None), "a.tf", 1),
}


@pytest.mark.parametrize(("location", "uri", "line"), list(PLACES.values()), ids=list(PLACES))
def test_a_result_points_at_a_file(run: Run, tmp_path: Path, location: Location, uri: str, line: int) -> None:
    (result,) = valid(rendered(run, bob(location=location), tmp_path, "r.sarif"))["results"]
    place = result["locations"][0]["physicalLocation"]
    assert (place["artifactLocation"]["uri"], place["region"]["startLine"]) == (uri, line)


@pytest.mark.parametrize(
    ("severity", "level", "number"),
    [("CRITICAL", "error", "9.5"), ("HIGH", "error", "8.0"), ("MEDIUM", "warning", "5.5"), ("LOW", "note", "2.0")],
)
def test_severities_are_levels_and_numbers(tmp_path: Path, severity: Severity, level: str, number: str) -> None:
    report = bob(severity=Severity(severity))
    report = replace(report, rules=tuple(replace(rule, severity=Severity(severity)) for rule in report.rules))
    report = replace(report, summary=replace(report.summary, by_severity={}))
    found = valid(written(report, tmp_path, "r.sarif"))
    assert found["results"][0]["level"] == level
    assert found["tool"]["driver"]["rules"][0]["properties"]["security-severity"] == number


def test_the_fingerprint_is_that_of_the_finding_from_run_to_run(run: Run, tmp_path: Path) -> None:
    earlier, later = bob(), replace(bob(annotation="Said otherwise."), evaluated_at=clean().evaluated_at)
    prints = [
        valid(rendered(run, report, tmp_path, "r.sarif"))["results"][0]["partialFingerprints"]
        for report in (earlier, later)
    ]
    assert prints[0] == prints[1]


def test_a_suppressed_finding_is_a_suppressed_result(run: Run, tmp_path: Path) -> None:
    found = valid(rendered(run, every_kind(), tmp_path, "r.sarif"))
    *_, last = found["results"]
    assert last["ruleId"] == OWN_POLICIES
    assert last["suppressions"] == [
        {
            "kind": "external",
            "status": "accepted",
            "justification": "Suppressed: reason Break-glass; until 2027-01-01",
        }
    ]
    assert [each for each in found["results"][:-1] if "suppressions" in each] == []


def test_an_undecided_finding_stays_a_result_of_its_rule(run: Run, tmp_path: Path) -> None:
    found = valid(rendered(run, undecided(), tmp_path, "r.sarif"))
    (result,) = found["results"]
    assert (result["ruleId"], result["level"]) == (MFA, "warning")
    assert result["message"]["text"].startswith("INSUFFICIENT_DATA: carol: ")
    (invocation,) = found["invocations"]
    assert invocation["executionSuccessful"] is False
    notes = [each["message"]["text"] for each in invocation["toolExecutionNotifications"]]
    assert "Incomplete: 1 finding has INSUFFICIENT_DATA" in notes


def test_a_clean_run_has_no_result(run: Run, tmp_path: Path) -> None:
    found = valid(rendered(run, clean(), tmp_path, "r.sarif"))
    assert found["results"] == []
    assert found["invocations"][0]["executionSuccessful"] is True


def test_a_run_without_rules_has_a_result_that_says_so(run: Run, tmp_path: Path) -> None:
    (result,) = valid(rendered(run, ruleless(), tmp_path, "r.sarif"))["results"]
    assert result["ruleId"] == "iam-audit-report"
    assert result["message"]["text"].startswith("Nothing was decided: ")


@pytest.mark.usefixtures("folder")
def test_a_narrowed_run_has_a_result_that_says_so(run: Run) -> None:
    shown = run("scan", "--snapshot", "s.json", "--rule", MFA, "--format", "sarif", "--resource", "nobody")
    (result,) = valid(shown.out)["results"]
    assert result["ruleId"] == "iam-audit-report"
    assert "0 of 1 findings are listed" in result["message"]["text"]


AT_THE_LIMIT = {5_000: (5_000, False), 5_001: (5_002, True), 25_000: (25_000, True), 25_001: (25_000, True)}


@pytest.mark.parametrize("count", AT_THE_LIMIT)
def test_no_more_results_than_github_takes_and_what_is_cut_is_said(run: Run, tmp_path: Path, count: int) -> None:
    results, told = AT_THE_LIMIT[count]
    text = rendered(run, failing(count), tmp_path, "r.sarif")
    assert len(gzip.compress(text.encode())) < GITHUB_GZIPPED
    found = json.loads(text)["runs"][0]["results"]
    assert len(found) == results
    assert (found[0]["ruleId"] == "iam-audit-report") is told
    if told:
        message = found[0]["message"]["text"]
        assert "GitHub stores no more than 5,000 of them" in message
        assert (f"Of {count:,} results the worst 24,999 are in this file" in message) is (count > 24_999)


def test_the_worst_results_come_first(run: Run, tmp_path: Path) -> None:
    found = valid(rendered(run, every_kind(), tmp_path, "r.sarif"))["results"]
    kinds = [(bool(each.get("suppressions")), each["properties"]["compliance_type"]) for each in found]
    order = [(False, "NON_COMPLIANT"), (False, "INSUFFICIENT_DATA"), (True, "NON_COMPLIANT")]
    assert [kind for kind in order if kind in kinds] == list(dict.fromkeys(kinds))


def test_the_run_has_the_other_facts_of_the_report(run: Run, tmp_path: Path) -> None:
    report = every_kind()
    found = valid(rendered(run, report, tmp_path, "r.sarif"))
    contract = json.loads(report.to_json())
    assert found["properties"] == {name: value for name, value in contract.items() if name not in ("rules", "findings")}
    assert [rule["properties"].get("result") for rule in found["tool"]["driver"]["rules"]] == [*contract["rules"], None]
    assert found["automationDetails"] == {"id": "iam-audit/111122223333/"}


def test_hostile_texts_are_shown_as_text(tmp_path: Path) -> None:
    text = written(hostile_report(), tmp_path, "r.sarif")
    found = valid(text)
    assert all(character.isprintable() or character == "\n" for character in text)
    for message in (each["message"]["text"] for each in found["results"]):
        unescaped = message.replace("\\\\", "").replace("\\[", "").replace("\\]", "")
        assert not set("[]") & set(unescaped)
        assert not set("{}") & set(message.replace("{{", "").replace("}}", ""))
        assert message.isprintable()
    for place in (each["locations"][0]["physicalLocation"] for each in found["results"]):
        uri = place["artifactLocation"]["uri"]
        assert uri.isascii()
        assert ":" not in uri.removeprefix("file:///")
    for rule in found["tool"]["driver"]["rules"]:
        assert rule.get("helpUri", "https://").startswith(("https://", "http://"))


def test_sarif_goes_to_standard_output_too(run: Run, tmp_path: Path) -> None:
    report = every_kind()
    shown = printed(run, report, tmp_path, "sarif")
    assert (shown.code, shown.err) == (0, "")
    assert shown.out == rendered(run, report, tmp_path, "r.sarif")


def test_the_configuration_file_in_use_is_named(run: Run, folder: Path) -> None:
    (folder / "iam-audit.toml").write_text("[gate]\nallow_incomplete = true\n")
    found = valid(run("scan", "--snapshot", "s.json", "--rule", MFA, "-q", "--format", "sarif").out)
    notes = [each["message"]["text"] for each in found["invocations"][0]["toolExecutionNotifications"]]
    assert "Configuration iam-audit.toml: allows unknown facts" in notes


def test_a_finding_of_a_rule_that_the_report_lacks_is_a_result(tmp_path: Path) -> None:
    document = json.loads(written(replace(bob(), rules=()), tmp_path, "r.sarif"))
    assert list(Draft4Validator(SCHEMA).iter_errors(document)) == []
    _, result = document["runs"][0]["results"]
    assert (result["ruleId"], "ruleIndex" in result) == (MFA, False)


def test_an_unknown_account_has_a_place_of_its_own(tmp_path: Path) -> None:
    report = bob()
    unknown = replace(report, account=replace(report.account, id=None))
    found = valid(written(unknown, tmp_path, "r.sarif"))
    uri = found["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
    assert (uri, found["automationDetails"]["id"]) == ("aws-iam/unknown", "iam-audit/unknown/")
    assert report.summary.counts[ComplianceType.NON_COMPLIANT] == 1
