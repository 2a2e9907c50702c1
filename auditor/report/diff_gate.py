"""The gate of a diff: the exit code of a comparison, and the reason for it."""

from auditor.report.comparison import Comparison


def exit_code(comparison: Comparison, *, on_new: bool, allow_incomplete: bool) -> tuple[int, str]:
    """Return the exit code and the reason for it; precedence 3, 1, 4, 0 (2 ends a run before there is a comparison)."""
    fresh, lost, undecided = len(comparison.new), len(comparison.not_seen), comparison.new_report.undecided
    if comparison.failed_rules:
        return 3, f"a rule failed; its verdicts are missing ({', '.join(comparison.failed_rules)})"
    if on_new and fresh:
        return 1, f"--fail-on new: {fresh:,} {'finding is' if fresh == 1 else 'findings are'} new"
    unknown = [f"{lost:,} not seen"] if lost else []
    unknown += [f"{undecided:,} with INSUFFICIENT_DATA in the new report"] if undecided else []
    if unknown and not allow_incomplete:
        return 4, f"incomplete: findings {' and '.join(unknown)}"
    extent = f"incomplete as allowed: findings {' and '.join(unknown)}" if unknown else "complete"
    return 0, f"compared, {fresh:,} new; {extent}"
