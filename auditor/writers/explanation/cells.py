"""Cells in the sections of an explanation: facts as text, or why they are unknown."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple, TypeVar

from auditor.account.report_age import duration
from auditor.explaining.facts import Fact, Listed
from auditor.judging.engine import explanation
from auditor.judging.finding import Finding
from auditor.judging.rule import Evidence
from auditor.policies.access.answer import Decision
from auditor.report.report import encoded

T = TypeVar("T")
UNKNOWN, MUTED = "unknown", "muted"
MOST_NAMES = 100
"""How many names of a list are shown: a group may have thousands of members."""
TONES = {
    Decision.ALLOW: "COMPLIANT",
    Decision.EXPLICIT_DENY: "NOT_APPLICABLE",
    Decision.IMPLICIT_DENY: "NOT_APPLICABLE",
    Decision.UNDECIDED: "INSUFFICIENT_DATA",
}
"""The compliance types whose colours decisions have: a denial is not a fault by itself."""


DECISION_TEXTS = {
    Decision.ALLOW: "allow",
    Decision.EXPLICIT_DENY: "deny",
    Decision.IMPLICIT_DENY: "deny",
    Decision.UNDECIDED: "undecided",
}
"""Short texts of decisions, for tables; the reason beside it says whether a statement denies."""


class Cell(NamedTuple):
    """Hold a text in a section; `tone` is UNKNOWN, MUTED, a compliance type for a badge, or empty.

    `mark` refers to one of the section's notes.
    """

    text: str
    tone: str = ""
    mark: str = ""


class Section(NamedTuple):
    """Hold a section: its title, an introduction, its columns (none for facts by name), its rows and their notes.

    Notes are marks and texts, `empty` is the text for a section without rows.
    """

    title: str
    rows: Sequence[Sequence[Cell]]
    columns: Sequence[str] = ()
    introduction: str = ""
    notes: Sequence[tuple[str, str]] = ()
    empty: str = "None."

    narrow: bool = False
    """Whether the columns fit in a terminal of 80 columns."""


class Judged(NamedTuple):
    """Hold a finding with the name of its rule for display, and the warnings about it."""

    finding: Finding
    rule: str
    remarks: Sequence[str]


def fact(known: Fact[T], text: Callable[[T], str] = str, absent: str = "none") -> Cell:
    """Return a fact, or why it is unknown, as a cell."""
    if known.unknown is not None:
        return unknown(known.unknown)
    return Cell(absent, MUTED) if known.value is None else Cell(text(known.value))


def unknown(reason: str) -> Cell:
    """Return the cell for an unknown fact."""
    return Cell(f"unknown: {reason}", UNKNOWN)


def flag(known: Fact[bool], yes: str = "yes", no: str = "no") -> Cell:
    """Return a fact that is true or false as a cell."""
    return fact(known, lambda value: yes if value else no)


def listed(names: Listed[T], text: Callable[[T], str] = str) -> Cell:
    """Return a list as a cell; if it may be incomplete, the known items come first."""
    known = ", ".join(map(text, names.items[:MOST_NAMES]))
    if more := len(names.items[MOST_NAMES:]):
        known = f"{known} and {more:,} more, which the JSON lists"
    if names.unknown is None:
        return Cell(known) if known else Cell("none", MUTED)
    return Cell(f"{known}; perhaps others: {names.unknown}", UNKNOWN) if known else unknown(names.unknown)


def incomplete(names: Listed[T], width: int) -> Iterator[Sequence[Cell]]:
    """Yield a row that says why a table may be incomplete; nothing if it is complete."""
    if names.unknown is not None:
        known = "perhaps others" if names.items else "unknown"
        yield (Cell(f"{known}: {names.unknown}", UNKNOWN), *[Cell("")] * (width - 1))


def moment(time: datetime) -> str:
    """Return a time in UTC."""
    return f"{time.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def when(time: datetime, now: datetime | None) -> str:
    """Return a time, and how long before or after `now` it is, if that is known."""
    if now is None:
        return moment(time)
    away = duration(abs(now - time))
    return f"{moment(time)} ({f'{away} ago' if time <= now else f'in {away}'})"


class Notes:
    """Number texts in order of first appearance."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}

    def mark(self, text: str) -> str:
        """Return the mark of a text, such as [1]."""
        return f"[{self._numbers.setdefault(text, len(self._numbers) + 1)}]"

    @property
    def lines(self) -> Sequence[tuple[str, str]]:
        """Return each mark with its text."""
        return [(f"[{number}]", text) for text, number in self._numbers.items()]


def pairs(rows: Iterable[tuple[str, Cell]]) -> Sequence[Sequence[Cell]]:
    """Return facts by name as rows."""
    return [(Cell(name), cell) for name, cell in rows]


def evidence(fact: Evidence) -> str:
    """Return a piece of evidence as one line of text."""
    if fact.gap is not None:
        return f"unknown ({fact.gap.error_code}): {explanation(fact.gap)}"
    if isinstance(fact.value, dict) and fact.value.keys() >= _ANSWER:
        return _answer(fact.value)
    return encoded(fact.value).decode()


_ANSWER = {"action", "session", "decision", "statements"}


def _answer(value: dict[str, Any]) -> str:
    """Return an answer on access as one line, with the statements by their policy and number."""
    named = (f"{each['policy']}[{each['number']}]" for each in value["statements"])
    return f"{value['action']}, {value['session']}: {value['decision']} by {', '.join(named) or 'no statement'}"
