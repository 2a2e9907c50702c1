"""Damage for documents, drawn by Hypothesis: to their bytes, and to the tree of a JSON document."""

import json
import re
from collections.abc import Callable, Iterator
from copy import deepcopy
from typing import Any

from hypothesis import strategies as st

DEEP = "[" * 150 + "]" * 150
ODD_TEXTS = ["", "\0", "\ud800", "\u202e", "é", "'", "N/A", "true", "a" * 3_000, "alice", "ALICE", "111122223333"]
ODD_TIMES = ["0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59", "2026-11-24T03:00:00", "2026-13-24T03:00:00Z"]
ODD_NUMBERS = [0, -1, 2**53, 2**64, 10**400, -(10**400), 1.5, -0.0]
ODD_VALUES = [None, True, False, [], {}, [[]], [None], {"gap": None}, json.loads(DEEP)]

TIME = re.compile(r"\d{4}-\d\d-\d\dT")

texts = st.sampled_from(ODD_TEXTS + ODD_TIMES) | st.text(max_size=20)
odd = st.sampled_from(ODD_VALUES + ODD_NUMBERS) | texts
anything = st.binary(max_size=200) | st.text(max_size=200).map(lambda text: text.encode("utf-8", "surrogatepass"))


class Twin(str):
    """A key that can be in an object together with an equal one."""

    __slots__ = ()
    __eq__ = object.__eq__
    __hash__ = object.__hash__


@st.composite
def damaged(draw: st.DrawFn, document: bytes) -> bytes:
    """Return the document after a few changes to its bytes."""
    for _ in range(draw(st.integers(1, 3))):
        ends = st.sampled_from(range(len(document) + 1))
        at, to = sorted((draw(ends), draw(ends)))
        part = document[at:to]
        document = draw(
            st.sampled_from(
                [
                    document[:at],
                    document[:at] + document[to:],
                    document[:to] + part + document[to:],
                    document[:at] + part * 3 + document[to:],
                    document[to:] + document[:at],
                ]
            )
            | st.binary(min_size=1, max_size=4).map(lambda some: document[:at] + some + document[at + len(some) :])  # noqa: B023 - drawn at once
        )
    return document


def places(tree: Any) -> Iterator[tuple[Any, Any]]:
    """Yield every place in a JSON tree as its container and the key or index in it."""
    for key in list(tree) if isinstance(tree, dict) else range(len(tree)):
        yield tree, key
        if isinstance(tree[key], dict | list):
            yield from places(tree[key])


@st.composite
def changed(draw: st.DrawFn, tree: Any) -> bytes:
    """Return a JSON document of the tree after one or two changes to it."""
    tree = deepcopy(tree)
    for _ in range(draw(st.sampled_from([1, 1, 2]))):
        found = list(places(tree))
        container, key = found[draw(st.sampled_from(range(len(found))))]
        old, elsewhere = container[key], [inner[place] for inner, place in found]
        value = draw(st.sampled_from(near(old, elsewhere)) | st.sampled_from(near(old, elsewhere)) | odd)
        draw(st.sampled_from(CHANGES))(container, key, deepcopy(value))
        if not tree:
            break
    text = json.dumps(tree, indent=draw(st.sampled_from([None, 1])), ensure_ascii=draw(st.booleans()))
    return text.encode("utf-8", "surrogatepass")


def near(old: Any, elsewhere: list[Any]) -> list[Any]:
    """Return values that could replace the old one and pass the first checks."""
    alike = [value for value in elsewhere if type(value) is type(old)]
    if isinstance(old, bool):
        return [not old]
    if isinstance(old, int):
        return ODD_NUMBERS
    if isinstance(old, str):
        return ODD_TIMES if TIME.match(old) else [*alike, old.upper(), old[:-1], f"{old}x", f"{old}/{old}", *ODD_TEXTS]
    if isinstance(old, list):
        return [*alike, old[1:], old[:1], old + old]
    return alike or ODD_VALUES


def _put(container: Any, key: Any, value: Any) -> None:
    container[key] = value


def _delete(container: Any, key: Any, _: Any) -> None:
    del container[key]


def _double(container: Any, key: Any, value: Any) -> None:
    if isinstance(container, dict):
        container[Twin(key)] = value
    else:
        container.insert(key, container[key])


def _add(container: Any, key: Any, value: Any) -> None:
    if isinstance(container, dict):
        container[f"{key}s"] = value
    else:
        container.insert(key, value)


CHANGES: tuple[Callable[[Any, Any, Any], None], ...] = (_put, _put, _put, _delete, _double, _add)
