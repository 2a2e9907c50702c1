"""The fix that the HTML report shows for an INSUFFICIENT_DATA finding: what to grant or to supply."""

from datetime import timedelta

import pytest
from browser import open_finding
from conftest import Open
from html_reports import MFA, mixed, report_of
from msgspec.structs import replace

from auditor.account.report_age import without_old_report
from auditor.judging.finding import Finding
from auditor.judging.rule import Evidence, EvidenceGap
from auditor.report.report import Report
from auditor.testing import UNKNOWN, account, console_user

PARTS = "#findings .detail .fix"


def undecided(annotation: str, *gaps: EvidenceGap) -> Report:
    """Return a report with one finding that is INSUFFICIENT_DATA for the causes given."""

    def change(finding: Finding) -> Finding:
        evidence = tuple(Evidence("credentials", None, "credential-report", gap) for gap in gaps)
        return replace(finding, compliance_type=UNKNOWN, annotation=annotation, evidence=evidence)

    return report_of(account(users=[console_user("bob", mfa=False)]), MFA, change=change)


def denied(action: str) -> EvidenceGap:
    return EvidenceGap("AccessDenied", action, "Credential report could not be read")


AGAIN = "then run the audit again."
SLOW = "Users could not be read completely within 5 s (--timeout)"
GRANT = "Grant iam:GetCredentialReport to the identity that collects the data, then run the audit again."
CASES = {
    "a permission to grant": (undecided("x", denied("iam:GetCredentialReport")), [GRANT]),
    "a permission that two facts lack is named once": (
        undecided("x", denied("iam:GetCredentialReport"), denied("iam:GetCredentialReport")),
        [GRANT],
    ),
    "a file to supply": (
        undecided("x", EvidenceGap("NotProvided", None, "report.json is not in the exports folder")),
        [f"Supply complete data of credential-report, {AGAIN} Reason: report.json is not in the exports folder."],
    ),
    "more time": (
        undecided("x", EvidenceGap("Timeout", None, SLOW)),
        [f"Run the audit again with a longer --timeout. Reason: {SLOW}."],
    ),
    "what the rule says it lacks": (
        undecided("Undecided: the credential report says 'maybe' in mfa_active"),
        [f"Supply what the rule needs to decide, {AGAIN} Reason: the credential report says 'maybe' in mfa_active."],
    ),
    "a rule that failed": (
        undecided("The rule failed: KeyError: 1"),
        ["No permission is missing: correct the rule, or report the error. Reason: The rule failed: KeyError: 1."],
    ),
}


@pytest.mark.parametrize(("report", "sentences"), CASES.values(), ids=CASES)
def test_an_undecided_finding_says_what_to_grant_or_supply(opened: Open, report: Report, sentences: list[str]) -> None:
    page = opened(report).page
    open_finding(page, "bob", MFA)
    assert page.locator(f"{PARTS} h4").all_inner_texts() == ["What to grant or supply"]
    assert page.locator(f"{PARTS} p").all_inner_texts() == sentences


def test_a_credential_report_that_is_too_old_is_to_be_made_anew(opened: Open) -> None:
    snapshot = without_old_report(account(users=[console_user("bob", mfa=False)]), timedelta(0))
    page = opened(report_of(snapshot, MFA)).page
    open_finding(page, "bob", MFA)
    assert "Supply a newer credential report (aws iam generate-credential-report)" in page.locator(PARTS).inner_text()


def test_a_finding_with_a_verdict_keeps_the_fix_of_its_rule(opened: Open) -> None:
    page = opened(mixed()).page
    open_finding(page, "bob", MFA)
    assert page.locator(f"{PARTS} h4").all_inner_texts() == ["Fix"]
    assert "delete-login-profile" in page.locator(PARTS).inner_text()
