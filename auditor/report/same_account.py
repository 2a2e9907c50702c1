"""The account of two documents that are held against each other: it must be one."""

from auditor.errors import UsageError
from auditor.report.report import AccountHeader


def check_account(old: AccountHeader, new: AccountHeader, old_name: str, new_name: str) -> None:
    """Raise UsageError unless two documents are of one account in one partition."""
    if (old.id, old.partition) != (new.id, new.partition):
        first, second = (f"account {each.id or 'unknown'} in partition {each.partition}" for each in (old, new))
        problem = f"{old_name} is of {first}, but {new_name} is of {second}"
        raise UsageError(problem, "Compare two of the same account.")
