"""References to gaps: the ids of gaps in the lists and records of a snapshot."""

from collections.abc import Sequence
from functools import cache
from typing import Any, get_args, get_origin, get_type_hints

from msgspec import Struct

from auditor.account.model import Snapshot
from auditor.account.unknown import Listing, Partial, Record, gaps_of, stored_in


def gap_ids(snapshot: Snapshot) -> set[str]:
    """Return the ids of the gaps that the lists and records of a snapshot refer to."""
    return gap_ids_of([snapshot])


def gap_ids_of(records: Sequence[object]) -> set[str]:
    """Return the ids of the gaps that records, and the lists and records in them, refer to."""
    found: set[str | None] = set()
    _gather(records, found)
    return {gap_id for gap_id in found if gap_id is not None}


def _gather(values: Sequence[object], found: set[str | None]) -> None:
    """Add the ids of the gaps that the values and everything in them refer to; works field by field, for speed."""
    by_type: dict[type, list[Any]] = {}
    for value in values:
        by_type.setdefault(type(value), []).append(value)
    for kind, records in by_type.items():
        if not _may_refer(kind):
            continue
        if issubclass(kind, Partial):
            found.update(gap_id for record in records for gap_id in gaps_of(record).values())
        for field, deeper in _holders(kind):
            held = stored_in(records, field)
            listings = [value for value in held if isinstance(value, Listing)]
            found.update({listing.gap for listing in listings})
            if deeper:
                _gather([item for listing in listings for item in listing.known_part], found)
                _gather([value for value in held if not isinstance(value, Listing)], found)


@cache
def _may_refer(value_type: type) -> bool:
    """Return whether values of a type may refer to gaps; most records cannot, so skipping them saves time."""
    return issubclass(value_type, Record) and (issubclass(value_type, Partial) or bool(_holders(value_type)))


@cache
def _holders(record_type: type[Struct]) -> tuple[tuple[str, bool], ...]:
    """Return the fields whose values may refer to gaps, each with whether the items in these values may as well."""
    hints = get_type_hints(record_type)
    held = ((field, hints[field]) for field in record_type.__struct_fields__ if _holds(hints[field]))
    return tuple((field, get_origin(hint) is not Listing or any(map(_holds, get_args(hint)))) for field, hint in held)


def _holds(hint: Any) -> bool:
    """Return whether a type is, or may be, a Listing or a record that may refer to gaps."""
    own = get_origin(hint) or hint
    return own is Listing or (isinstance(own, type) and _may_refer(own)) or any(map(_holds, get_args(hint)))
