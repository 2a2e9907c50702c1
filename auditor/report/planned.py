"""The summary of planned changes in a report."""

from msgspec import Struct

from auditor.judging.finding import Effect, Finding
from auditor.judging.rule import ComplianceType


class PlannedSummary(Struct, frozen=True):
    """Summarize the effects of planned changes on the findings.

    `files` are the plans and templates, in the order in which they apply. `alone`: no account was read, and only
    the change was judged. `counts` has findings that are NON_COMPLIANT before or after; undetermined ones may also
    have INSUFFICIENT_DATA afterwards. `resolved` are the findings that the change resolves, as they were before; `lost`
    are findings from before whose state afterwards is unknown.
    """

    files: tuple[str, ...]
    alone: bool
    touches_iam: bool
    counts: dict[Effect, int]
    resolved: tuple[Finding, ...]
    lost: tuple[Finding, ...]


def is_counted(finding: Finding) -> bool:
    """Return whether a finding counts: it is NON_COMPLIANT after the change, or undecided because of the change."""
    undecided = finding.compliance_type is ComplianceType.INSUFFICIENT_DATA and finding.change is Effect.UNDETERMINED
    return finding.compliance_type is ComplianceType.NON_COMPLIANT or undecided


def sentence(planned: PlannedSummary) -> str:
    """Return the effects of the changes as one sentence."""
    if not planned.touches_iam:
        return "The change touches no IAM resource"
    numbers = ", ".join(f"{planned.counts[effect]:,} {effect}" for effect in Effect)
    alone = "; judged alone: the account was not read" if planned.alone else ""
    return f"Planned change ({', '.join(planned.files)}): findings: {numbers}{alone}"
