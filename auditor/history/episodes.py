"""Episodes: the periods in which a resource was NON_COMPLIANT for a rule, as far as runs prove them.

A run that proves nothing neither begins nor ends an episode; only a run that proves the finding resolved ends it.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from enum import StrEnum
from itertools import pairwise
from typing import Any, NamedTuple

from auditor.history.calendar import Calendar, day_of
from auditor.history.ledger import spans_of
from auditor.history.proofs import OPEN, RESOLVED, SUPPRESSED
from auditor.history.timeline import Span, until
from auditor.report.changes import Unproven

FAILING = (OPEN, SUPPRESSED)
"""The states that mean NON_COMPLIANT."""


class Status(StrEnum):
    """Name the status of an episode at the newest run."""

    OPEN = "open"
    SUPPRESSED = "suppressed"
    NOT_SEEN = "not_seen"
    RESOLVED = "resolved"


class Episode(NamedTuple):
    """Hold one episode; times are seconds since 1970.

    `first` and `last` are the first and last run with the finding NON_COMPLIANT, `resolved` is the run that proves it
    resolved. `at_least`: no run within a day before `first` proves it absent. `unseen_days` counts the days from
    `first` to the end on which no run saw it NON_COMPLIANT. `state` is the state at the newest run.
    """

    first: int
    last: int
    resolved: int | None
    at_least: bool
    unseen_days: int
    state: str

    @property
    def status(self) -> Status:
        """Return the status of the episode."""
        if self.resolved is not None:
            return Status.RESOLVED
        return Status(self.state) if self.state in FAILING else Status.NOT_SEEN

    @property
    def has_due_date(self) -> bool:
        """Return whether an SLA applies: not if it is suppressed, or if a unique id is unknown."""
        return self.status is not Status.SUPPRESSED and self.state != Unproven.ID_UNKNOWN

    def age_days(self, newest: int) -> int:
        """Return how many days it lasted: up to its end, the newest run, or the last run that saw it."""
        end = self.resolved if self.resolved is not None else self.last if self.status is Status.NOT_SEEN else newest
        return day_of(end) - day_of(self.first)


class History(NamedTuple):
    """Hold a finding that was ever NON_COMPLIANT on a resource, with its episodes and its states ordered by time.

    `owner` is taken from the newest run that knows it: empty if the resource has none, None if no run knows it.
    """

    rule: str
    identifier: str
    fingerprint: str
    resource_type: str
    resource_name: str
    resource_arn: str | None
    region: str | None
    resource_id: str | None
    owner: str | None
    episodes: Sequence[Episode]
    states: Sequence[Span[Any]]


_TRACKED = (
    "SELECT tracked.id, rule.name, rule.identifier, lower(hex(fingerprint)), type, resource.name, arn, region,"
    " tracked.resource_id, resource.id FROM tracked JOIN finding ON finding.id = tracked.finding"
    " JOIN rule ON rule.id = finding.rule JOIN resource ON resource.id = finding.resource WHERE tracked.account = ?"
)


def histories(connection: sqlite3.Connection, calendar: Calendar) -> Iterator[History]:
    """Yield the findings of an account that were ever NON_COMPLIANT, with episodes up to the calendar's newest run."""
    account = calendar.account.id
    spans, owners = spans_of(connection, "state", account), spans_of(connection, "owner", account)
    for number, *names, resource in connection.execute(_TRACKED, (account,)):
        states = until(spans.get(number, ()), calendar.newest)
        owned = until(owners.get(resource, ()), calendar.newest)
        owner = owned[-1].value if owned else None
        yield History._make((*names, owner, folded(states, calendar), states))


def folded(spans: Sequence[Span[Any]], calendar: Calendar) -> Sequence[Episode]:
    """Return the episodes that follow from the states of a finding."""
    episodes: list[Episode] = []
    current: list[Span[Any]] = []
    before: Span[Any] | None = None  # the RESOLVED span before the current episode
    for span in spans:
        if span.value in FAILING or (current and span.value != RESOLVED):
            current.append(span)
            continue
        if current:
            episodes.append(_episode(current, before, calendar, resolved=span.first))
            current = []
        before = span if span.value == RESOLVED else None
    if current:
        episodes.append(_episode(current, before, calendar, resolved=None))
    return episodes


def _episode(
    spans: Sequence[Span[Any]], before: Span[Any] | None, calendar: Calendar, *, resolved: int | None
) -> Episode:
    failing = [(span.first, calendar.newest if span.last is None else span.last) for span in spans if _fails(span)]
    first, last = failing[0][0], failing[-1][1]
    end = calendar.newest if resolved is None else resolved
    days = day_of(end) - day_of(first) + (resolved is None or day_of(resolved) == day_of(first))
    return Episode(
        first=first,
        last=last,
        resolved=resolved,
        at_least=not _began(before, first),
        unseen_days=max(0, days - _days_seen(failing, calendar)),
        state=spans[-1].value,
    )


def _fails(span: Span[Any]) -> bool:
    return span.value in FAILING


def _began(before: Span[Any] | None, first: int) -> bool:
    """Return whether a run at most one day earlier proves that the finding was absent."""
    return before is not None and before.last is not None and day_of(first) - day_of(before.last) <= 1


def _days_seen(failing: Sequence[tuple[int, int]], calendar: Calendar) -> int:
    """Return the number of days on which a run saw it; two spans can share a day."""
    shared = sum(day_of(one[1]) == day_of(two[0]) for one, two in pairwise(failing))
    return sum(calendar.days_within(*span) for span in failing) - shared
