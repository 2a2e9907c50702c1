"""The gate of a parity report: the exit code that follows from it, and why."""

from auditor.parity.parity import Cause, NotCompared, Parity


def exit_code(parity: Parity, *, allow_incomplete: bool) -> tuple[int, str]:
    """Return the exit code and the reason for it; precedence 3, 1, 4, 0 (2 ends a run before there is a report)."""
    real, compared = parity.summary.causes[Cause.REAL], parity.summary.compared
    if parity.failed_rules:
        return 3, f"a rule failed, and its verdicts are missing: {', '.join(parity.failed_rules)}"
    if real:
        return 1, f"{_number(real, 'disagreement is', 'disagreements are')} real"
    if not compared:
        return 4, "nothing was compared"
    lacking = list(shortfalls(parity))
    if lacking and not allow_incomplete:
        return 4, f"incomplete: {'; '.join(lacking)}"
    extent = "incomplete as allowed" if lacking else "complete"
    explained = compared - parity.summary.agree
    return 0, f"compared, {extent}: {_number(explained, 'disagreement', 'disagreements')}, each explained"


def shortfalls(parity: Parity) -> list[str]:
    """Return what was not compared for want of data; what the user left out is no want."""
    rules = sum(each.not_compared not in (None, NotCompared.NOT_SELECTED) for each in parity.rules)
    partial = sum(each.partial is not None for each in parity.rules)
    counted = (
        (parity.summary.incomparable, "verdict could not be compared", "verdicts could not be compared"),
        (rules, "rule was not compared", "rules were not compared"),
        (partial, "rule has an incomplete answer", "rules have incomplete answers"),
        (len(parity.undescribed), "rule has results and no description", "rules have results and no description"),
    )
    cut = ["a page of AWS Config's rules is missing"] if parity.rules_cut else []
    return [*(_number(count, one, many) for count, one, many in counted if count), *cut]


def _number(count: int, one: str, many: str) -> str:
    return f"{count:,} {one if count == 1 else many}"
