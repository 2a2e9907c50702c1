"""Errors that end a command: what went wrong and where, what to do about it, and the exit code."""

from collections.abc import Iterable


class AuditError(Exception):
    """Tell that the audit could not be done (exit 3).

    `message` says what is wrong and where, `hint` what the user can do about it.
    """

    exit_code = 3

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class UsageError(AuditError):
    """Tell of a wrong option, parameter or configuration (exit 2)."""

    exit_code = 2


class SourceError(AuditError):
    """Tell of input that cannot be read: a snapshot, an export, a stored report, AWS itself (exit 3)."""


class OutputError(AuditError):
    """Tell of a report or snapshot that cannot be written (exit 3)."""


def nearest(name: str, names: Iterable[str], otherwise: str) -> str:
    """Return the hint "Did you mean ...?" when some name is like this one, else the other hint."""
    from difflib import get_close_matches  # imported late: for mistakes only

    lower = {candidate.lower(): candidate for candidate in names}
    close = get_close_matches(name.lower(), lower, n=1)
    return f"Did you mean {lower[close[0]]}?" if close else otherwise
