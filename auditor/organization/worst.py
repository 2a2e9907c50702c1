"""The order of accounts by what is wrong in them."""

from collections.abc import Iterable, Sequence

from auditor.judging.rule import OPEN, Severity
from auditor.organization.records import AUDITABLE
from auditor.organization.report import AccountResult


def worst_first(accounts: Iterable[AccountResult]) -> Sequence[AccountResult]:
    """Return the accounts by their NON_COMPLIANT findings of each severity.

    Of accounts without any, those of which nothing is known come before those in which facts are unknown; what the run
    is not about comes last.
    """
    return sorted(accounts, key=_weight)


def _weight(account: AccountResult) -> tuple[tuple[int, ...], bool, bool, int]:
    found = tuple(-failing(account, severity) for severity in Severity)
    return found, account.state not in AUDITABLE, account.judged, -account.counts[OPEN[1]]


def failing(account: AccountResult, severity: Severity) -> int:
    """Return how many findings of a severity are NON_COMPLIANT in an account."""
    return account.by_severity.get(severity, {}).get(OPEN[0], 0)
