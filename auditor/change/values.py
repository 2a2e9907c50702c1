"""The values of a planned change: known, sensitive, or known only after the change is applied."""

from collections.abc import Iterator, Mapping
from typing import Any

from msgspec import Struct


class Unknown(Struct, frozen=True):
    """Stand for a value that the change does not show; `why` is the reason.

    `entity` is the address of the planned resource that has the value as its name or ARN, if known. `optional`: an item
    of a list that may be absent.
    """

    why: str
    entity: str | None = None
    optional: bool = False


class Hidden(str):
    """Hold a sensitive text: it can be compared, but must not be shown."""

    __slots__ = ()


Text = str | Unknown
"""A text, or the reason why it is unknown."""

ACCOUNT_ID = "AccountId"
"""The placeholder for the id of an account that was not read."""
UNREADABLE = "a policy document that cannot be read"


class Target(Struct, frozen=True):
    """Name the user, group or role that a step changes, with its list in the snapshot."""

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
    """Return the first unknown value within a value, None if it is completely known."""
    if isinstance(value, Unknown):
        return value
    parts = value.values() if isinstance(value, Mapping) else value if isinstance(value, list | tuple) else ()
    return next((found for found in map(unknown_within, parts) if found is not None), None)
