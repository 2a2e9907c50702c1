"""Remedies for INSUFFICIENT_DATA: the permission to grant, or the data to supply."""

from auditor.account.report_age import TOO_OLD
from auditor.judging.finding import Finding
from auditor.judging.rule import ComplianceType, EvidenceGap

_UNDECIDED, _FAILED = "Undecided: ", "The rule failed: "  # the engine's annotations without a gap start like this

_PLANNED = {
    "KnownAfterApply": "The change does not show it: scan the account once it is deployed.",
    "AccountNotRead": "The account was not read: judge the change over it, with --snapshot, --exports or --live.",
}
"""Remedies by the error codes of gaps that a planned change leaves."""


def remedies(finding: Finding) -> tuple[str, ...]:
    """Return what to do to get a verdict, one sentence for each cause; empty for a finding that has a verdict."""
    if finding.compliance_type is not ComplianceType.INSUFFICIENT_DATA:
        return ()
    found = (_of_gap(fact.gap, fact.source) for fact in finding.evidence if fact.gap is not None)
    return tuple(dict.fromkeys(found)) or (_without_gap(finding.annotation),)


def _of_gap(gap: EvidenceGap, source: str) -> str:
    if gap.iam_action:
        return f"Grant {gap.iam_action} to the identity that collects the data, then run the audit again."
    if gap.error_code in _PLANNED:
        return f"{_PLANNED[gap.error_code]} {_reason(gap.message)}"
    if gap.error_code == TOO_OLD:
        return f"Supply a newer credential report (aws iam generate-credential-report). {_reason(gap.message)}"
    if gap.error_code == "Timeout":
        return f"Run the audit again with a longer --timeout. {_reason(gap.message)}"
    return f"Supply complete data of {source}, then run the audit again. {_reason(gap.message)}"


def _without_gap(annotation: str) -> str:
    if annotation.startswith(_FAILED):
        return f"No permission is missing: correct the rule, or report the error. {_reason(annotation)}"
    return f"Supply what the rule needs to decide, then run the audit again. {_reason(annotation)}"


def _reason(text: str) -> str:
    return f"Reason: {text.removeprefix(_UNDECIDED).removesuffix('.')}."
