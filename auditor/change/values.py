"""The values of a planned change: known, sensitive, or known only after the change is applied."""

from collections.abc import Iterator, Mapping
from typing import Any

from msgspec import Struct


class Unknown(Struct, frozen=True):
    """Stand for a value that the change does not show, and say why.

    `entity` is the address of the planned resource whose name or ARN the value is, where that is known. `optional`: an
    item of a list that may not be there at all.
    """

    why: str
    entity: str | None = None
    optional: bool = False


class Hidden(str):
    """Hold a sensitive text: it may be compared, and is never shown."""

    __slots__ = ()


Text = str | Unknown
"""A text, or why it is not known."""

ACCOUNT_ID = "AccountId"
"""What stands for the number of an account that was not read."""
UNREADABLE = "a policy document that cannot be read"


class Target(Struct, frozen=True):
    """Name the user, group or role that a step is about: the list of the snapshot that holds it, and its name."""

    listing: str
    name: Text


def hidden_texts(value: object) -> Iterator[str]:
    """Yield the sensitive texts within a value."""
    if isinstance(value, Hidden):
        yield str(value)
    elif isinstance(value, Mapping):
        for each in value.values():
            yield from hidden_texts(each)
    elif isinstance(value, list | tuple):
        for each in value:
            yield from hidden_texts(each)


def unknown_within(value: Any) -> Unknown | None:
    """Return the first unknown value within a value, None where all of it is known."""
    if isinstance(value, Unknown):
        return value
    parts = value.values() if isinstance(value, Mapping) else value if isinstance(value, list | tuple) else ()
    return next((found for found in map(unknown_within, parts) if found is not None), None)
