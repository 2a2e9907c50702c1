"""The error of a template: its place, line, problem and remedy stay apart, and the message is made of them."""

from auditor.errors import UsageError


class TemplateError(UsageError):
    """Raised for a template that cannot be read or that is not understood (exit 2).

    `place` is the file and `line` the line in it, counted from 1; a problem of the whole file has none.
    """

    def __init__(self, place: str, line: int | None, problem: str, remedy: str) -> None:
        super().__init__(f"{place} {problem}" if line is None else f"{place}, line {line}: {problem}", remedy)
        self.place = place
        self.line = line
        self.problem = problem
        self.remedy = remedy
