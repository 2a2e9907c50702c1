"""The mappings of a template: the entries that Fn::FindInMap may select, even if a key is unknown.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/intrinsic-function-reference-findinmap.html
"""

from collections.abc import Callable, Mapping, Sequence

from auditor.templates.values import Node, Scalar, Table, Unknown

KEYS = ("mapping", "first key", "second key")


class KeyNotFoundError(Exception):
    """Raised if no entry has a key; `number` is the position of the key, and `names` are the existing keys."""

    def __init__(self, number: int, name: str, names: Mapping[str, None]) -> None:
        super().__init__(name)
        self.number, self.name, self.names = number, name, names


def entries(mappings: Table, keys: Sequence[Scalar | Unknown], table: Callable[[Node, str], Table]) -> list[Node]:
    """Return the entry that the keys select; if a key is unknown, return all entries that they may select.

    `table` checks that a node is a mapping and returns it. Raises KeyNotFoundError if there is no entry.
    """
    found: list[Node] = [mappings]
    for number, key in enumerate(keys):
        tables = [table(each, f"what Fn::FindInMap looks for {KEYS[number]}s in").entries for each in found]
        name = None if isinstance(key, Unknown) else key.text or ""
        found = [each for entries in tables for own, each in entries.items() if name in (None, own)]
        if not found:
            raise KeyNotFoundError(number, name or "", dict.fromkeys(own for entries in tables for own in entries))
    return found
