"""Compare two explanations of one resource: the one with fewer facts must have no other facts."""

from collections.abc import Iterator
from typing import Any

from msgspec import Struct

from auditor.explaining.explanation import SessionAnswer
from auditor.explaining.facts import Fact, Listed, unknown_in
from auditor.judging.finding import Finding

_NOT_COMPARED = ("evaluated_at", "snapshot", "warnings")  # not facts of the resource


def contradictions(whole: Any, less: Any, place: str) -> Iterator[str]:
    """Yield the facts that differ in the explanation with fewer facts, apart from unknown ones."""
    if isinstance(less, Fact) and less.unknown is not None:
        return
    if isinstance(less, Listed):
        yield from _items(whole, less, place)
    elif isinstance(less, SessionAnswer):
        yield from _verdict(whole.decision, less.decision, "undecided", place)
    elif isinstance(less, Finding):
        yield from _verdict(whole.compliance_type, less.compliance_type, "INSUFFICIENT_DATA", place)
    elif isinstance(less, Struct) and isinstance(whole, Struct):
        for field in less.__struct_fields__:
            if field not in _NOT_COMPARED:
                yield from contradictions(getattr(whole, field), getattr(less, field), f"{place}.{field}")
    else:
        yield from _values(whole, less, place)


def _items(whole: Listed[Any], less: Listed[Any], place: str) -> Iterator[str]:
    if less.unknown is None and len(less.items) != len(whole.items):
        yield f"{place} is complete, but holds {less.items}, not {whole.items}"
    if less.unknown is None:
        yield from _values(whole.items, less.items, place)
        return
    for each in less.items:
        if each not in whole.items and not any(unknown_in(each)):
            yield f"{place} holds {each}"


def _verdict(whole: str, less: str, unknown: str, place: str) -> Iterator[str]:
    if less not in (whole, unknown):
        yield f"{place} is {less}, not {whole}"


def _values(whole: Any, less: Any, place: str) -> Iterator[str]:
    if isinstance(less, tuple) and isinstance(whole, tuple) and len(whole) == len(less):
        for number, pair in enumerate(zip(whole, less, strict=True)):
            yield from contradictions(*pair, f"{place}[{number}]")
    elif less not in (whole, None, ()):
        yield f"{place} is {less}, not {whole}"
