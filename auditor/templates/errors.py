"""Errors of templates: mistakes, with their line, and values that only AWS knows."""

from auditor.errors import SourceError, UsageError
from auditor.templates.values import Unknown


class TemplateError(UsageError):
    """Raised for a template that cannot be read or is not supported (exit 2).

    `place` is the file and `line` the line number from 1, None for a problem of the whole file.
    """

    def __init__(self, place: str, line: int | None, problem: str, remedy: str) -> None:
        super().__init__(problem, remedy, place=place)
        self.line = line

    @property
    def message(self) -> str:
        """Return what is wrong and where, as one text."""
        where = self.place if self.line is None else f"{self.place}, line {self.line}:"
        return f"{where} {self.problem}"


class UnreadableTemplateError(TemplateError):
    """Raised for a file that is not a complete CloudFormation template (exit 3, as for every source)."""

    exit_code = SourceError.exit_code


class UnknownValueError(Exception):
    """Raised when a value is needed that only AWS knows; what depends on it is undecided."""

    def __init__(self, unknown: Unknown) -> None:
        super().__init__(unknown.reason)
        self.unknown = unknown
