"""The order of accounts by the severity of their findings."""

from collections.abc import Iterable, Sequence

from auditor.judging.rule import OPEN, Severity
from auditor.organization.records import AUDITABLE
from auditor.organization.report import AccountResult


def worst_first(accounts: Iterable[AccountResult]) -> Sequence[AccountResult]:
    """Return the accounts sorted by their NON_COMPLIANT findings of each severity, most first.

    Among accounts without any, those that are completely unknown come first, then those with unknown facts; accounts
    outside the denominator come last.
    """
    return sorted(accounts, key=_weight)


def _weight(account: AccountResult) -> tuple[tuple[int, ...], bool, bool, int]:
    found = tuple(-failing(account, severity) for severity in Severity)
    return found, account.state not in AUDITABLE, account.judged, -account.counts[OPEN[1]]


def failing(account: AccountResult, severity: Severity) -> int:
    """Return how many findings of a severity are NON_COMPLIANT in an account."""
    return account.by_severity.get(severity, {}).get(OPEN[0], 0)
