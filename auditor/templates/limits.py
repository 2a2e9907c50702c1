"""How much the functions of a template may make: nested in each other, they would make texts without end."""

from auditor.templates.parameters import Fault

_MAX_TEXT = 51_200  # characters that one function may make; AWS: TemplateBody
_MAX_MADE = 1 << 23  # characters that all functions may make together
_ITEM = 64  # characters that an item of a list counts for: about what it takes in memory
MAX_DIGITS = len(str(_MAX_TEXT))
"""The digits of an index; no list has more items than a text has characters."""


class Limits:
    """Count what is made; every method raises TemplateError with the line where it is too much."""

    def __init__(self, fault: Fault) -> None:
        """Take what makes errors."""
        self._fault = fault
        self._made = 0

    def check_text(self, length: int, function: str, line: int, *, counted: int = 0) -> None:
        """Count a text of so many characters, of which `counted` are counted already."""
        if length > _MAX_TEXT:
            raise self._fault(line, f"{function} gives more than {_MAX_TEXT:,} characters", "Shorten it.")
        self._count(length - counted, line)

    def check_items(self, number: int, line: int) -> None:
        """Count a list of so many items."""
        self._count(_ITEM * number, line)

    def _count(self, characters: int, line: int) -> None:
        self._made += characters
        if self._made > _MAX_MADE:
            raise self._fault(line, f"the functions give more than {_MAX_MADE:,} characters in all", "Write less.")
