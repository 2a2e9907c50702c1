"""Checks that two documents can be compared: they are about one account, and not about a planned change."""

from auditor.errors import SourceError, UsageError
from auditor.report.report import AccountHeader, Report


def check_account(old: AccountHeader, new: AccountHeader, old_name: str, new_name: str) -> None:
    """Raise UsageError unless two documents are about the same account and partition."""
    if (old.id, old.partition) != (new.id, new.partition):
        first, second = (f"account {each.id or 'unknown'} in partition {each.partition}" for each in (old, new))
        problem = f"{old_name} is of {first}, but {new_name} is of {second}"
        raise UsageError(problem, "Compare two of the same account.")


def check_as_it_is(report: Report, place: str) -> None:
    """Raise SourceError, naming `place`, for a report about a planned change instead of the account as it is."""
    if report.planned is not None:
        problem = f"is of a planned change ({', '.join(report.planned.files)}), not of the account as it is"
        raise SourceError(problem, "Scan the account without the change.", subject=place)
