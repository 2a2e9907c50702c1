"""Limits for the output of a template's functions, because nested functions could create endless texts."""

from auditor.templates.parameters import Fault

_MAX_TEXT = 51_200  # characters that one function may return; AWS: TemplateBody
_MAX_MADE = 1 << 23  # characters that all functions together may return
_ITEM = 64  # characters that a list item counts for, about its size in memory
MAX_DIGITS = len(str(_MAX_TEXT))
"""The maximum number of digits of an index; no list has more items than a text has characters."""


class Limits:
    """Count the output of functions; every method raises TemplateError with the line that exceeds a limit."""

    def __init__(self, fault: Fault) -> None:
        """Set the function that makes errors."""
        self._fault = fault
        self._made = 0

    def check_text(self, length: int, function: str, line: int, *, counted: int = 0) -> None:
        """Count a text of `length` characters, of which `counted` were counted before."""
        if length > _MAX_TEXT:
            raise self._fault(line, f"{function} returns more than {_MAX_TEXT:,} characters", "Shorten it.")
        self._count(length - counted, line)

    def check_items(self, number: int, line: int) -> None:
        """Count a list of `number` items."""
        self._count(_ITEM * number, line)

    def _count(self, characters: int, line: int) -> None:
        self._made += characters
        if self._made > _MAX_MADE:
            raise self._fault(
                line, f"the functions return more than {_MAX_MADE:,} characters in all", "Shorten its texts and lists."
            )
