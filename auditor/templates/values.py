"""The values in templates: each keeps its line number, and some are known only to AWS."""

from collections.abc import Mapping
from typing import Union

from msgspec import Struct


class Scalar(Struct, frozen=True):
    """Hold a single value as CloudFormation's text (`true`, `90`); None is null."""

    text: str | None
    line: int


class Items(Struct, frozen=True):
    """Hold a list."""

    items: tuple["Node", ...]
    line: int


class Table(Struct, frozen=True):
    """Hold a mapping; the line of an entry's value is that of its key. A short tag is held in its long form."""

    entries: Mapping[str, "Node"]
    line: int


class Unknown(Struct, frozen=True):
    """Stand for a value that cannot be known from the template, with the reason.

    `remedy` is what a user can do about it, or "".
    """

    why: str
    line: int
    remedy: str = ""

    @property
    def reason(self) -> str:
        """Return why the value is unknown, with the line."""
        return f"line {self.line}: {self.why}"


Node = Union[Scalar, Items, Table, Unknown]  # noqa: UP007 - "|" takes no names that are defined below


def alike(left: Node | None, right: Node | None) -> bool:
    """Return whether two values are equal, ignoring lines; None is AWS::NoValue. An Unknown equals nothing."""
    if left is None or right is None:
        return left is right
    if isinstance(left, Scalar) and isinstance(right, Scalar):
        return left.text == right.text
    if isinstance(left, Items) and isinstance(right, Items):
        return len(left.items) == len(right.items) and all(map(alike, left.items, right.items))
    if isinstance(left, Table) and isinstance(right, Table):
        pairs = ((value, right.entries.get(name)) for name, value in left.entries.items())
        return left.entries.keys() == right.entries.keys() and all(alike(*pair) for pair in pairs)
    return False


def unknown_in(value: Node) -> Unknown | None:
    """Return the first Unknown within a value; None if everything is known."""
    if isinstance(value, (Scalar, Unknown)):
        return value if isinstance(value, Unknown) else None
    parts = value.items if isinstance(value, Items) else value.entries.values()
    return next((found for found in map(unknown_in, parts) if found is not None), None)


def plain(value: Node) -> object:
    """Return a known value without its lines."""
    if isinstance(value, Items):
        return [plain(item) for item in value.items]
    if isinstance(value, Table):
        return {name: plain(item) for name, item in value.entries.items()}
    return value.text if isinstance(value, Scalar) else None


def function_of(node: Table) -> str | None:
    """Return the name of the function that a mapping represents; None for an ordinary mapping."""
    return next((name for name in node.entries if name == "Ref" or name.startswith("Fn::")), None)


def literal(value: Scalar) -> Scalar | Unknown:
    """Return a text, or an Unknown if it contains a dynamic reference."""
    if value.text is not None and "{{resolve:" in value.text:
        return Unknown("a dynamic reference, {{resolve:...}}, is known only within AWS", value.line)
    return value
