"""The error of a template, which also keeps the line."""

from auditor.errors import UsageError


class TemplateError(UsageError):
    """Raised for a template that cannot be read or that is not understood (exit 2).

    `place` is the file and `line` the line in it, counted from 1; a problem of the whole file has none.
    """

    def __init__(self, place: str, line: int | None, problem: str, remedy: str) -> None:
        super().__init__(problem, remedy, place=place)
        self.line = line

    @property
    def message(self) -> str:
        """Return what is wrong and where, as one text."""
        where = self.place if self.line is None else f"{self.place}, line {self.line}:"
        return f"{where} {self.problem}"
