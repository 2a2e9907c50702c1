"""Errors that end a command: what went wrong and where, what to do about it, and the exit code."""


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
