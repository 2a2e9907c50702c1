"""JUnit XML: valid by Jenkins's schema, one test case a finding, and an error where the audit is incomplete."""

from collections import Counter
from io import StringIO
from pathlib import Path

import pytest
import xmlschema
from conftest import Run
from hostile import PIPELINE_TEXTS, TEXTS
from html_reports import MFA, OWN_POLICIES, report_of
from junitparser import Error, Failure, JUnitXml, Skipped, TestCase, TestSuite
from msgspec.structs import replace
from pipeline_reports import clean, every_kind, failing, hostile_report, printed, rendered, ruleless, undecided, written

from auditor.judging.rule import ComplianceType
from auditor.report.report import Report
from auditor.testing import account, console_user
from auditor.writers.visible import visible

SCHEMA = xmlschema.XMLSchema(str(Path(__file__).parents[1] / "support/schemas/junit-10.xsd"))
OUTCOMES = {
    ComplianceType.NON_COMPLIANT: Failure,
    ComplianceType.INSUFFICIENT_DATA: Error,
    ComplianceType.NOT_APPLICABLE: Skipped,
}


def valid(text: str) -> JUnitXml:
    """Return the suites of a document that the schema takes, whose counts are right, and whose cases differ."""
    SCHEMA.validate(StringIO(text))
    read = JUnitXml.fromstring(text.encode())
    names = Counter((case.classname, case.name) for suite in read for case in suite)
    assert [name for name, count in names.items() if count > 1] == []
    for suite in read:
        outcomes = Counter(type(result) for case in suite for result in case.result)
        assert (suite.failures, suite.errors, suite.skipped) == (outcomes[Failure], outcomes[Error], outcomes[Skipped])
        assert suite.tests == len(list(suite))
    assert read.tests == sum(suite.tests for suite in read)
    return read


def suite_of(read: JUnitXml, name: str) -> TestSuite:
    (suite,) = (suite for suite in read if suite.name == name)
    return suite


def facts(suite: TestSuite) -> list[tuple[str, str]]:
    return [(each.name, each.value) for each in suite.properties()]  # type: ignore[no-untyped-call]  # of junitparser


def lines(read: JUnitXml) -> list[str]:
    """Return the lines on the report as a whole."""
    return [value for name, value in facts(suite_of(read, "iam-audit")) if name == "report"]


def cases(read: JUnitXml, suite: str) -> dict[str, TestCase]:
    return {case.name: case for case in suite_of(read, suite)}


def test_every_finding_is_a_test_case_with_its_verdict(run: Run, tmp_path: Path) -> None:
    report = every_kind()
    read = valid(rendered(run, report, tmp_path, "r.xml"))
    for finding in report.findings:
        case = cases(read, finding.config_rule_name)[f"{finding.resource_name} ({finding.resource_type})"]
        expected = Skipped if finding.suppression else OUTCOMES.get(finding.compliance_type)
        assert [type(result) for result in case.result] == ([] if expected is None else [expected])
    assert sum(suite.tests for suite in read) == len(report.findings) + 1
    assert [suite.name for suite in read] == ["iam-audit", *(rule.config_rule_name for rule in report.rules)]


def test_a_failure_says_what_the_finding_says(run: Run, tmp_path: Path) -> None:
    report = failing()
    (finding,) = report.findings
    case = cases(valid(rendered(run, report, tmp_path, "r.junit.xml")), MFA)["user00000 (AWS::IAM::User)"]
    (result,) = case.result
    assert (case.classname, result.type) == (MFA, "NON_COMPLIANT MEDIUM")
    assert result.message == f"NON_COMPLIANT: {finding.annotation}"
    first, *others = result.text.splitlines()
    assert first == f"NON_COMPLIANT, severity MEDIUM: {finding.annotation}"
    assert others[0] == "Resource: arn:aws:iam::111122223333:user/user00000"
    assert others[-1] == f"Fingerprint: {finding.fingerprint}"
    assert "mfa_active" in result.text


def test_a_suppressed_finding_is_skipped_and_says_why(run: Run, tmp_path: Path) -> None:
    case = cases(valid(rendered(run, every_kind(), tmp_path, "r.xml")), OWN_POLICIES)["bob (AWS::IAM::User)"]
    (result,) = case.result
    assert result.type == "SUPPRESSED"
    assert result.message.startswith("Suppressed: reason Break-glass; until 2027-01-01. It is NON_COMPLIANT: ")


def test_a_suite_has_the_facts_of_its_rule(run: Run, tmp_path: Path) -> None:
    suite = suite_of(valid(rendered(run, every_kind(), tmp_path, "r.xml")), "iam-password-policy")
    found = dict(facts(suite))
    assert (found["source_identifier"], found["severity"]) == ("IAM_PASSWORD_POLICY", "MEDIUM")
    assert '"MinimumPasswordLength":14' in found["parameters"]
    assert '"judged":1' in found["coverage"]


def test_the_first_suite_tells_of_the_report(run: Run, tmp_path: Path) -> None:
    read = valid(rendered(run, every_kind(), tmp_path, "r.xml"))
    assert lines(read)[0] == "Account 111122223333, aws, captured 2026-11-24T03:00:00Z"
    assert lines(read)[1].startswith("Account verdict NON_COMPLIANT: ")
    assert "Source account-summary is failed: AccessDenied: no summary" in lines(read)
    assert suite_of(read, "iam-audit")._elem.findtext("system-err") == "bob: Something worth knowing"


INCOMPLETE = {"one fact of one user": undecided(), "no rule": ruleless()}


@pytest.mark.parametrize("report", list(INCOMPLETE.values()), ids=list(INCOMPLETE))
def test_an_incomplete_audit_is_an_error(run: Run, tmp_path: Path, report: Report) -> None:
    read = valid(rendered(run, report, tmp_path, "r.xml"))
    case = cases(read, "iam-audit")["The audit is complete"]
    (result,) = case.result
    assert isinstance(result, Error)
    assert read.errors == 1 + report.summary.counts[ComplianceType.INSUFFICIENT_DATA]


def test_a_clean_audit_passes(run: Run, tmp_path: Path) -> None:
    read = valid(rendered(run, clean(), tmp_path, "r.xml"))
    assert (read.tests, read.failures, read.errors) == (2, 0, 0)
    assert "The audit is complete" in cases(read, "iam-audit")


@pytest.mark.usefixtures("folder")
def test_a_narrowed_report_says_so(run: Run) -> None:
    read = valid(run("scan", "--snapshot", "s.json", "--rule", MFA, "--format", "junit", "--resource", "nobody").out)
    assert "Narrowed by severity or resource: 0 of 1 findings are listed" in lines(read)


def test_two_resources_of_one_name_are_two_cases(tmp_path: Path) -> None:
    twice = report_of(account(users=[console_user("bob", mfa=False), console_user("alice", mfa=False)]), MFA)
    named = tuple(replace(finding, resource_name="same") for finding in twice.findings)
    read = valid(written(replace(twice, findings=named), tmp_path, "r.xml"))
    assert list(cases(read, MFA)) == [f"same (AWS::IAM::User) [{finding.fingerprint}]" for finding in named]


def test_hostile_texts_are_shown_as_text(tmp_path: Path) -> None:
    report = hostile_report()
    read = valid(written(report, tmp_path, "r.xml"))
    for text in (*TEXTS.values(), *PIPELINE_TEXTS.values()):
        suite = suite_of(read, visible(report.shown_names[text]))
        (case,) = suite
        assert isinstance(case.result[0], Skipped)
        assert dict(facts(suite))["source_identifier"] == visible(text)
        assert visible(text)[:200] in case.result[0].text.splitlines()[0]


def test_the_configuration_file_in_use_is_named(run: Run, folder: Path) -> None:
    (folder / "iam-audit.toml").write_text("[gate]\nallow_incomplete = true\n")
    read = valid(run("scan", "--snapshot", "s.json", "--rule", MFA, "-q", "--format", "junit").out)
    assert "Configuration iam-audit.toml: allows unknown facts" in lines(read)


def test_junit_goes_to_standard_output_too(run: Run, tmp_path: Path) -> None:
    report = every_kind()
    assert printed(run, report, tmp_path, "junit").out == rendered(run, report, tmp_path, "r.xml")
