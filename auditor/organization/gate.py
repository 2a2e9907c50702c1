"""The gate of an organization: the exit code that follows from its report, and why."""

from auditor.judging.rule import ComplianceType, Severity
from auditor.organization.records import REPORTED, State
from auditor.organization.report import OrganizationReport
from auditor.organization.wording import denominator
from auditor.report.gate import Gate

_UNREAD = (State.FAILED, State.LOST, State.DENIED, State.TIMED_OUT, State.UNFINISHED)


def exit_code(report: OrganizationReport, gate: Gate) -> tuple[int, str]:
    """Return the exit code and the reason for it; the precedence is 3, 1, 4, 0, as for one account.

    --allow-incomplete allows unknown facts, but no account that was not read: anything could be wrong in it.
    """
    states = report.summary.states
    if not any(states[state] for state in REPORTED):
        return 3, "no account was audited"
    if any(account.rule_failed for account in report.accounts):
        return 3, "a rule failed; its verdicts are missing"
    failed = _failed(report, gate.min_severity)
    if gate.fail_on_noncompliant and failed:
        numbered = "finding is" if failed == 1 else "findings are"
        return 1, f"--fail-on noncompliant: {failed:,} {numbered} NON_COMPLIANT"
    if any(states[state] for state in _UNREAD) or (states[State.PARTIAL] and not gate.allow_incomplete):
        return 4, f"incomplete: {denominator(report.summary)}"
    return 0, denominator(report.summary)


def _failed(report: OrganizationReport, least: Severity) -> int:
    order = list(Severity)
    return sum(
        counts[ComplianceType.NON_COMPLIANT]
        for severity, counts in report.summary.by_severity.items()
        if order.index(severity) <= order.index(least)
    )
