"""Facts in explanations: known, or unknown with the reason."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Generic, TypeVar

from msgspec import Struct

from auditor.account.model import Snapshot
from auditor.account.unknown import Gap, Listing, UnknownFact, evaluate_quietly
from auditor.judging.engine import explanation
from auditor.policies.decoding import UnreadableDocumentError

T = TypeVar("T")
R = TypeVar("R")


class Fact(Struct, Generic[T], frozen=True):
    """Hold a fact; if it is unknown, `unknown` says why, and the value is null.

    Otherwise null means that it is absent; for a time, it means never or not set.
    """

    value: T | None
    unknown: str | None = None


class Listed(Struct, Generic[T], frozen=True):
    """Hold the known items of a list; `unknown` says why there may be others, and is null for a complete list."""

    items: tuple[T, ...]
    unknown: str | None = None


class Reader:
    """Read facts of a snapshot, with the reason if one is unknown."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._gaps: Mapping[str, Gap] = {gap.id: gap for gap in snapshot.gaps}

    def fact(self, read: Callable[[], T | None]) -> Fact[T]:
        """Return the result of `read` as a fact."""
        try:
            found = evaluate_quietly(read)
        except UnreadableDocumentError as error:
            return Fact(None, f"the document cannot be read: {error}")
        return Fact(None, self.reason(found)) if isinstance(found, UnknownFact) else Fact(found)

    def listed(self, read: Callable[[], Listing[T]], convert: Callable[[T], R]) -> Listed[R]:
        """Return the list that `read` returns, with each item converted."""
        found = evaluate_quietly(read)
        if isinstance(found, UnknownFact):
            return Listed((), self.reason(found))
        return Listed(tuple(map(convert, found.known_part)), self.of_gap(found.gap))

    def reason(self, unknown: UnknownFact) -> str:
        """Return why a fact is unknown."""
        return self.of_gap(unknown.gap_id) or unknown.reason

    def of_gap(self, gap_id: str | None) -> str | None:
        """Return the explanation of a gap, None if there is none."""
        if gap_id is None:
            return None
        gap = self._gaps.get(gap_id)
        return gap_id if gap is None else explanation(gap)


def unknown_in(value: Any, *, but: frozenset[str] = frozenset()) -> Iterable[str]:
    """Yield the reason of each unknown fact in a record; fields named in `but` are skipped."""
    if isinstance(value, Fact | Listed) and value.unknown is not None:
        yield value.unknown
    if isinstance(value, Struct):
        for field in value.__struct_fields__:
            if field not in but:
                yield from unknown_in(getattr(value, field), but=but)
    elif isinstance(value, tuple):
        for each in value:
            yield from unknown_in(each, but=but)
