"""Unknown facts: gaps, records whose unknown fields raise when read, and lists that may be incomplete."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from operator import attrgetter
from types import NoneType
from typing import Annotated, Any, ClassVar, Generic, TypeVar, get_args, get_origin, get_type_hints

import msgspec
from msgspec import Raw, Struct

T = TypeVar("T")
R = TypeVar("R", bound=Struct)


class Record(Struct, frozen=True, gc=False):
    """Base of records of facts and verdicts; records are immutable and never part of a reference cycle.

    So the garbage collector need not track them (gc=False), which saves a quarter of an evaluation's time.
    """

    _never_unknown: ClassVar[frozenset[str]] = frozenset({"name"})


OVERCOUNTED = "Overcounted"
"""The error code of the gap of a list that holds more than AWS counts: it is unknown which of its items still exist."""
MISCOUNTED = "CountMismatch"
"""The error code of the gap of a list that differs from AWS's count, and of a count that other lists contradict."""


class Gap(Record, frozen=True):
    """Hold why facts are missing: the source, AWS's error code, the IAM action to grant (or None), and a message."""

    id: str
    source: str
    error_code: str
    iam_action: str | None
    message: str


class UnknownFact(Exception):  # noqa: N818 - not an error of the program: the fact is unknown
    """Raised when an unknown fact is read; rules must not catch it.

    `gap_id` is the id of the gap, and `reason` the field. If `gap_id` is None, a rule raised it to say why known facts
    do not decide.
    """

    def __init__(self, gap_id: str | None, reason: str) -> None:
        super().__init__(gap_id, reason)  # both, so that it survives pickle
        self.gap_id = gap_id
        self.reason = reason
        witness = _witness.get()
        if witness is not None:
            witness.append(self)

    def __str__(self) -> str:
        return self.reason


def undecided(reason: str) -> UnknownFact:
    """Return the exception to raise when known facts do not decide; `reason` becomes the annotation."""
    return UnknownFact(None, reason)


_witness: ContextVar[list[UnknownFact] | None] = ContextVar("witness", default=None)


@contextmanager
def witnessed() -> Iterator[list[UnknownFact]]:
    """Yield a list that collects every UnknownFact raised inside the block, also those that were caught."""
    raised: list[UnknownFact] = []
    token = _witness.set(raised)
    try:
        yield raised
    finally:
        _witness.reset(token)


def evaluate_quietly(question: Callable[[], T]) -> T | UnknownFact:
    """Return the answer to a question, or the UnknownFact that kept it from being answered.

    Use it only where another fact may decide in place of the unknown one. The enclosing `witnessed` block does not see
    this exception, so the caller must raise an UnknownFact again if the other facts do not decide.
    """
    raised: list[UnknownFact] = []
    token = _witness.set(raised)  # as in `witnessed`, whose generator costs more than most questions
    try:
        answer = question()
    except UnknownFact as unknown:
        return unknown
    finally:
        _witness.reset(token)
    return raised[0] if raised else answer


class Listing(Record, Generic[T], frozen=True, eq=False):
    """Hold a list as it was read; `gap` is the id of a Gap if items may be missing, else None.

    A partial listing yields what is known and then raises UnknownFact. It has no length; truth, `==`, `in` and
    indexing raise. So `any()` may return True and `all()` False, but nothing can be concluded from absence.
    """

    known_part: tuple[T, ...] = msgspec.field(name="items")
    """The known items, for evidence and indexes. To decide something, iterate over the listing instead."""
    gap: str | None

    def __iter__(self) -> Iterator[T]:
        return iter(self.known_part) if self.gap is None else self._known_then_raise()

    def __bool__(self) -> bool:
        return bool(self._complete())

    def __len__(self) -> int:
        return len(self._complete())

    def __contains__(self, item: object) -> bool:
        return item in self._complete()

    def __getitem__(self, index: int) -> T:
        return self._complete()[index]

    def __eq__(self, other: object) -> bool:
        mine = self._complete()
        return mine == (other._complete() if isinstance(other, Listing) else other)

    def __ne__(self, other: object) -> bool:
        return not self == other  # the inherited method would compare the fields of a partial listing

    __hash__ = None  # type: ignore[assignment]  # equality may raise, so a listing is never a key

    def _complete(self) -> tuple[T, ...]:
        if self.gap is not None:
            raise UnknownFact(self.gap, "items")
        return self.known_part

    def _known_then_raise(self) -> Iterator[T]:
        yield from self.known_part
        raise UnknownFact(self.gap, "items")


def _has_own_unknown(hint: Any) -> bool:
    """Return whether a type can represent unknown by itself: a Listing has a gap, raw JSON is null."""
    return hint is Raw or (get_origin(hint) or hint) is Listing


class _Widened(msgspec.StructMeta):
    """Build a partial record type: the fields of the complete record, each of them nullable in storage, and `gaps`."""

    def __new__(mcls, name: str, bases: tuple[type, ...], namespace: dict[str, Any], **options: Any) -> Any:
        whole = [base for base in bases if issubclass(base, Struct) and base.__struct_fields__]
        hints = {
            field: hint
            for base in whole
            for field, hint in get_type_hints(base, include_extras=True).items()
            if field in base.__struct_fields__
        }
        if whole:
            # Set here and not in class bodies: from Python 3.14 on these hold no annotations, but a function.
            namespace["__annotations__"] = {
                **{name: hint if _has_own_unknown(hint) else hint | None for name, hint in hints.items()},
                "gaps": dict[str, str],
            }
            plain = {name: hint.__origin__ if get_origin(hint) is Annotated else hint for name, hint in hints.items()}
            namespace["_nullable"] = {name for name, hint in plain.items() if NoneType in get_args(hint)}
        return super().__new__(mcls, name, bases, namespace, **options)


class Partial(Record, frozen=True, metaclass=_Widened):
    """Mix into the type of records with unknown fields: reading such a field raises UnknownFact.

    `gaps` maps the unknown fields to gap ids; their stored value is null. Complete records do not pay for this class:
    they have the plain type, and only records with a gap have the derived one.
    """

    def __post_init__(self) -> None:
        """Raise ValueError for a field that is null without a gap, or has both: the record is damaged or forged."""
        gaps = stored(self, "gaps")
        for field, read in _slots(type(self)):
            unknown, null = field in gaps, _is_null(read(self))
            if unknown and (not null or field in self._never_unknown):
                raise ValueError(f"`{field}` has a value and a gap, or is never unknown")
            if null and not unknown and field not in self._nullable:
                raise ValueError(f"`{field}` is null and has no gap")

    def __getattribute__(self, name: str) -> Any:
        if not name.startswith("_") and name in (gaps := object.__getattribute__(self, "gaps")) and name != "gaps":
            raise UnknownFact(gaps[name], name)
        return object.__getattribute__(self, name)


def _is_null(value: object) -> bool:
    return value is None or (isinstance(value, Raw) and bytes(value) == b"null")


def stored(record: Struct, field: str) -> Any:
    """Return a field as it is stored, None where unknown. Use it to identify and show records, not to decide."""
    return slot(type(record), field)(record)


@cache
def slot(record_type: type[Struct], field: str) -> Callable[[Any], Any]:
    """Return the function that reads a field of such records as it is stored; faster than `stored` for many records."""
    if hasattr(record_type, f"_{field}"):
        return attrgetter(f"_{field}")
    if not issubclass(record_type, Partial):
        return attrgetter(field)
    found: Any = next(vars(each)[field] for each in record_type.__mro__ if field in vars(each))
    read: Callable[[Any], Any] = found.__get__
    return read


@cache
def _slots(record_type: type[Struct]) -> tuple[tuple[str, Callable[[Any], Any]], ...]:
    """Return the fields of such records, each with the function that reads it as it is stored."""
    return tuple((field, slot(record_type, field)) for field in record_type.__struct_fields__)


def stored_in(records: Sequence[Struct], field: str) -> list[Any]:
    """Return a field of each record as it is stored; many times as fast as calling `stored` for each."""
    slots = {each: slot(each, field) for each in set(map(type, records))}
    if len(slots) == 1:
        (read,) = slots.values()
        return list(map(read, records))
    return [slots[type(record)](record) for record in records]


def keep_slots(record_type: type[Struct]) -> None:
    """Keep each field under its name with an underscore, before a property of the same name replaces it."""
    for field in record_type.__struct_fields__:
        setattr(record_type, f"_{field}", vars(record_type)[field])


def gaps_of(record: Struct) -> Mapping[str, str]:
    """Return the unknown fields of a record with the ids of their gaps; empty for a complete record."""
    gaps: Mapping[str, str] = stored(record, "gaps") if isinstance(record, Partial) else {}
    return gaps


def with_gaps(record: R, gaps: Mapping[str, str]) -> R:
    """Return the record with `gaps` (field to gap id) added; listings become partial and empty, other fields null.

    Raises TypeError for a record type that has no partial form.
    """
    if not gaps:
        return record
    values = {field: read(record) for field, read in _slots(type(record))}
    merged = dict(gaps_of(record))
    for field, gap_id in gaps.items():
        if isinstance(values[field], Listing):
            values[field] = Listing(known_part=(), gap=gap_id)
        else:
            values[field] = Raw(b"null") if isinstance(values[field], Raw) else None
            merged[field] = gap_id
    if not merged:
        return type(record)(**values)
    return _partial_type(type(record))(**{**values, "gaps": merged})


def _partial_type(record_type: type[R]) -> type[R]:
    if issubclass(record_type, Partial):
        return record_type
    for candidate in Partial.__subclasses__():
        if issubclass(candidate, record_type):
            return candidate
    raise TypeError(f"{record_type.__name__} has no partial form")
