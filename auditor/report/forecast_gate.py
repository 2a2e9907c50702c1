"""The gate of a forecast: its exit code, and the reason for it."""

from auditor.judging.rule import Severity
from auditor.report.forecast import Becoming, Forecast

_ORDER = list(Severity)


def exit_code(forecast: Forecast, *, on_open: bool, min_severity: Severity, allow_incomplete: bool) -> tuple[int, str]:
    """Return the exit code and the reason for it; precedence 3, 1, 4, 0 (2 ends a run before there is a forecast)."""
    if forecast.failed_rules:
        return 3, f"a rule failed; its verdicts are missing ({', '.join(forecast.failed_rules)})"
    severe = _ORDER[: _ORDER.index(min_severity) + 1]
    opening = [each for each in forecast.expected if each.becomes is Becoming.OPEN]
    counted = sum((each.finding.severity or Severity.CRITICAL) in severe for each in opening)
    if on_open and counted:
        return 1, f"--fail-on open: {counted:,} {'finding' if counted == 1 else 'findings'} will open"
    lost = sum(each.becomes is Becoming.UNDECIDED for each in forecast.expected)
    unknown = len(forecast.undecided) + lost
    if unknown and not allow_incomplete:
        return 4, f"incomplete: it is unknown when {unknown:,} {'finding' if unknown == 1 else 'findings'} will fail"
    extent = f"incomplete as allowed: {unknown:,} undecided" if unknown else "complete"
    return 0, f"{len(opening):,} will open; {extent}"
