"""Errors that end a command. An error keeps its parts, and its text is made from them when it is shown."""

from collections.abc import Iterable


class AuditError(Exception):
    """Raised when the audit could not be done (exit 3).

    `place` is where the cause is (a file, with a line or a key), `subject` what the error is about, `problem` what is
    wrong with it, and `remedy` what the user can do. `place` and `subject` may be empty.
    """

    exit_code = 3

    def __init__(self, problem: str, remedy: str = "", *, subject: str = "", place: str = "") -> None:
        super().__init__(problem, remedy)
        self.problem = problem
        self.remedy = remedy
        self.subject = subject
        self.place = place

    def __str__(self) -> str:
        return self.message

    @property
    def message(self) -> str:
        """Return what is wrong and where, as one text."""
        text = f"{self.subject} {self.problem}" if self.subject else self.problem
        return f"{self.place}: {text}" if self.place else text

    @property
    def hint(self) -> str:
        """Return what the user can do about it."""
        return self.remedy


class UsageError(AuditError):
    """Raised for an invalid option, parameter or configuration (exit 2)."""

    exit_code = 2


class SourceError(AuditError):
    """Raised for input that cannot be read: a snapshot, an export, a stored report, AWS itself (exit 3)."""


class OutputError(AuditError):
    """Raised for a report or snapshot that cannot be written (exit 3)."""


_SHORTEST = 3  # characters; fewer are in too many names
_MOST = 5  # names that are suggested


def nearest(name: str, names: Iterable[str], otherwise: str) -> str:
    """Return the hint "Did you mean ...?" if some names are similar to `name` or contain it, else `otherwise`."""
    from difflib import get_close_matches  # imported late: for mistakes only

    lower = {candidate.lower(): candidate for candidate in names}
    close = get_close_matches(name.lower(), lower, n=1)
    if not close and len(name) >= _SHORTEST:
        close = [candidate for candidate in sorted(lower) if name.lower() in candidate]
    if not close:
        return otherwise
    *others, last = (lower[candidate] for candidate in close[:_MOST])
    listed = f"{', '.join(others)} or {last}" if others else last
    more = f" ({len(close) - _MOST:,} more have {name!r} in their names)" if len(close) > _MOST else ""
    return f"Did you mean {listed}?{more}"
