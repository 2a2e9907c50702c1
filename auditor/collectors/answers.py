"""Answers: what was read from one source, how completely, and why something is missing."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any, Generic, TypeVar

from msgspec import Struct
from msgspec.json import Decoder

from auditor.account.sources import ACTIONS, Source, SourceStatus
from auditor.account.unknown import Gap

T = TypeVar("T")

_SAME_TIME = timedelta(seconds=60)  # AWS's times of creation are to the second, but may differ a little by source


class Answer(Struct, Generic[T], frozen=True, kw_only=True):
    """Hold what was read from a source. `value` is None if nothing was read; `gap` says why something may be missing.

    `cell_gaps` are the gaps that records inside the value refer to.
    `exhaustive` is true if the collector itself requested everything of this kind from AWS, so that an empty list
    proves that there is nothing; an exported file may be empty because of how it was made.
    """

    source: Source
    status: SourceStatus
    value: T | None
    gap: Gap | None = None
    cell_gaps: tuple[Gap, ...] = ()
    exhaustive: bool = False
    read_at: datetime | None = None
    pages: int = 0
    items: int = 0
    detail: str | None = None


def gap(source: Source, error_code: str, message: str, iam_action: str | None = None) -> Gap:
    """Return the gap of a source; its id consists of the source and the error code."""
    return Gap(f"{source}:{error_code}", source, error_code, iam_action, message)


def unread(source: Source, status: SourceStatus, reason: Gap) -> Answer[Any]:
    """Return the answer of a source from which nothing was read."""
    return Answer(source=source, status=status, value=None, gap=reason, detail=reason.message)


def not_requested(source: Source) -> Answer[Any]:
    """Return the answer of a source that no selected rule reads."""
    message = f"No selected rule needed {source.text}; for other rules, collect again with --rule or --rules"
    return unread(source, SourceStatus.NOT_REQUESTED, gap(source, "NotRequested", message))


DENIED_CODES = frozenset({"AccessDenied", "AccessDeniedException", "UnauthorizedOperation"})


def refused(source: Source, error_code: str, action: str | None = None) -> Gap:
    """Return the gap of a source whose call `action` failed; if access was denied, it names the action to grant."""
    call = action or ", ".join(ACTIONS[source])
    denied = error_code in DENIED_CODES and call != ""
    cause = error_code if denied or not call else f"{call}: {error_code}"
    return gap(
        source, error_code, f"{sentence_start(source.text)} could not be read ({cause})", call if denied else None
    )


def sentence_start(text: str) -> str:
    """Return a text with its first letter in upper case, and the others as they are."""
    return text[:1].upper() + text[1:]


def prepare(shapes: Iterable[type[Struct]]) -> None:
    """Let msgspec inspect these types before threads use them.

    If two threads use a type for the first time at once, the process crashes: seen with msgspec 0.22.
    """
    for shape in shapes:
        Decoder(shape)


def utc(time: datetime) -> datetime:
    """Return a time in UTC, in whole seconds; a time without a zone counts as UTC, which AWS uses."""
    if time.tzinfo is UTC and not time.microsecond:
        return time  # AWS's times are like this, and each entity has several
    aware = time if time.tzinfo else time.replace(tzinfo=UTC)
    return aware.astimezone(UTC).replace(microsecond=0)


def same_time(one: datetime, other: datetime) -> bool:
    """Return whether two times of creation are close enough to be the same."""
    return abs(utc(one) - utc(other)) <= _SAME_TIME
