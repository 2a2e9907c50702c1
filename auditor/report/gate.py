"""The gate: the exit code of a report, and the reason for it."""

from collections.abc import Iterator, Mapping

from msgspec import Struct

from auditor.judging.engine import RULE_ERROR
from auditor.judging.finding import Effect
from auditor.judging.rule import OPEN, ComplianceType, Severity
from auditor.report.report import Report


class Gate(Struct, frozen=True):
    """Hold the settings that decide when a finished audit fails.

    Findings below `min_severity` and findings known from a baseline do not count; `on_new` means that the gate was set
    to new findings. `overdue` is the number of findings that have been open for too long, if the gate is about these.
    `only_introduced`: of a planned change, only findings that it introduces count.
    """

    fail_on_noncompliant: bool
    allow_incomplete: bool
    min_severity: Severity = Severity.LOW
    on_new: bool = False
    overdue: int = 0
    only_introduced: bool = False


def exit_code(report: Report, gate: Gate) -> tuple[int, str]:
    """Return the exit code and the reason for it; precedence 3, 1, 4, 0 (2 ends a run before there is a report)."""
    below = {kind: _below(report, kind, gate.min_severity) for kind in OPEN}
    known = _known(report, gate.min_severity)
    failed, unknown = (report.summary.counts[kind] - below[kind] for kind in OPEN)
    failed -= known
    if gate.only_introduced:
        failed, unsure = (_caused(report, effect, gate.min_severity) for effect in _CAUSED)
    apart = "".join(f"; {each} not count" for each in _not_counted(report, gate, below, known))
    if any(warning.code == RULE_ERROR and warning.config_rule_name for warning in report.warnings):
        return 3, "a rule failed; its verdicts are missing"
    if gate.overdue or (gate.fail_on_noncompliant and failed):
        return 1, f"{_failed(report, gate, failed)}{apart}"
    if gate.only_introduced and gate.fail_on_noncompliant and unsure:
        number = _number(unsure, "finding is", "findings are")
        return 4, f"undetermined: {number} NON_COMPLIANT after the change and not known before it{apart}"
    if decided_nothing(report):
        return 4, "nothing was decided: no finding is COMPLIANT or NON_COMPLIANT, and some facts are unknown"
    if unknown and not gate.allow_incomplete:
        return 4, f"incomplete: {_number(unknown, 'finding has', 'findings have')} INSUFFICIENT_DATA{apart}"
    return 0, f"audited, {_extent(report, unknown)}{apart}"


_CAUSED = (Effect.INTRODUCED, Effect.UNDETERMINED)


def _caused(report: Report, effect: Effect, least: Severity) -> int:
    """Return how many NON_COMPLIANT findings that count have this effect of a planned change."""
    severe = _severe(report, least)
    return sum(
        finding.change is effect
        and finding.compliance_type is ComplianceType.NON_COMPLIANT
        and finding.suppression is None
        and not finding.known
        and finding.config_rule_name in severe
        for finding in report.findings
    )


def _severe(report: Report, least: Severity) -> frozenset[str]:
    """Return the rules that are at least this severe."""
    order = list(Severity)
    return frozenset(rule.config_rule_name for rule in report.rules if order.index(rule.severity) <= order.index(least))


def _failed(report: Report, gate: Gate, count: int) -> str:
    if gate.overdue:
        return f"--fail-on overdue: {_number(gate.overdue, 'finding is', 'findings are')} overdue by the SLA"
    option = "new" if gate.on_new else "noncompliant"
    if gate.only_introduced:
        return f"--fail-on {option} --only introduced: the change introduces {_number(count, 'finding', 'findings')}"
    beyond = ", not known from the baseline" if report.baseline is not None else ""
    return f"--fail-on {option}: {_number(count, 'finding is', 'findings are')} NON_COMPLIANT{beyond}"


def _known(report: Report, least: Severity) -> int:
    """Return how many findings do not count only because they are known from the baseline."""
    severe = _severe(report, least)
    return sum(finding.known and finding.config_rule_name in severe for finding in report.findings)


def _below(report: Report, kind: ComplianceType, least: Severity) -> int:
    """Return how many findings of a compliance type belong to rules less severe than `least`."""
    severities = list(Severity)[list(Severity).index(least) + 1 :]
    return sum(rule.counts[kind] for rule in report.rules if rule.severity in severities)


def _not_counted(report: Report, gate: Gate, below: Mapping[ComplianceType, int], known: int) -> Iterator[str]:
    """Yield a text for each group of findings that do not count, so that the reason mentions them."""
    aside = report.summary.suppressed
    if aside:
        yield _number(aside, "suppressed finding does", "suppressed findings do")
    if known:
        yield _number(known, "finding known from the baseline does", "findings known from the baseline do")
    for kind, count in below.items():
        if count:
            numbered = _number(count, f"{kind} finding", f"{kind} findings")
            yield f"{numbered} below --min-severity {gate.min_severity} {'does' if count == 1 else 'do'}"


def decided_nothing(report: Report) -> bool:
    """Return whether nothing was decided although something was unknown, or no rule ran; this never passes the gate.

    Suppressed findings count here: a suppression excuses known findings, not a run that saw nothing.
    """
    coverages = [rule.coverage for rule in report.rules]
    if any(each.judged for each in coverages):
        return False
    return not coverages or any(each.undecided or each.unseen != 0 for each in coverages)


def _extent(report: Report, unknown: int) -> str:
    """Return a text that says whether everything was judged; suppressed unknown facts are excused, but mentioned."""
    if unknown:
        return "incomplete as allowed"
    unseen = any(
        each.suppression and each.compliance_type is ComplianceType.INSUFFICIENT_DATA for each in report.findings
    )
    return "incomplete as suppressed" if unseen else "complete"


def _number(count: int, one: str, many: str) -> str:
    return f"{count:,} {one if count == 1 else many}"
