"""Episodes: from when to when a resource was NON_COMPLIANT for a rule, as far as the nights prove it.

A night that proves nothing neither begins nor ends an episode; only one that proves the finding resolved ends it.
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
"""The states in which a finding is NON_COMPLIANT."""


class Status(StrEnum):
    """Name where an episode stands at the newest run."""

    OPEN = "open"
    SUPPRESSED = "suppressed"
    NOT_SEEN = "not_seen"
    RESOLVED = "resolved"


class Episode(NamedTuple):
    """Hold one episode; times in seconds since 1970.

    `first` and `last` are of the first and last run in which the finding was NON_COMPLIANT, `resolved` of the run that
    proves it gone. `at_least`: nothing proves that it began no earlier than the day before `first`. `unseen_days` are
    those from `first` to the end on which no run saw it NON_COMPLIANT. `state` is that of the newest run.
    """

    first: int
    last: int
    resolved: int | None
    at_least: bool
    unseen_days: int
    state: str

    @property
    def status(self) -> Status:
        """Return where the episode stands."""
        if self.resolved is not None:
            return Status.RESOLVED
        return Status(self.state) if self.state in FAILING else Status.NOT_SEEN

    @property
    def has_due_date(self) -> bool:
        """Return whether an SLA holds it to a date: not while it is suppressed or judged by the id known now."""
        return self.status is not Status.SUPPRESSED and self.state != Unproven.ID_UNKNOWN

    def age_days(self, newest: int) -> int:
        """Return how many days it lasted: up to its end, the newest run, or the last run that saw it."""
        end = self.resolved if self.resolved is not None else self.last if self.status is Status.NOT_SEEN else newest
        return day_of(end) - day_of(self.first)


class History(NamedTuple):
    """Hold a finding that was ever NON_COMPLIANT on one resource, its episodes and its states in order of time.

    `owner` is as the newest run has it that knows it: empty where the resource has none, None where no run knows.
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
    """Yield the findings of an account that were ever NON_COMPLIANT, with their episodes up to its newest run."""
    account = calendar.account.id
    spans, owners = spans_of(connection, "state", account), spans_of(connection, "owner", account)
    for number, *names, resource in connection.execute(_TRACKED, (account,)):
        states = until(spans.get(number, ()), calendar.newest)
        owned = until(owners.get(resource, ()), calendar.newest)
        owner = owned[-1].value if owned else None
        yield History._make((*names, owner, folded(states, calendar), states))


def folded(spans: Sequence[Span[Any]], calendar: Calendar) -> Sequence[Episode]:
    """Return the episodes that the states of a finding come to."""
    episodes: list[Episode] = []
    current: list[Span[Any]] = []
    before: Span[Any] | None = None  # the one that proved it resolved before the current episode
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
    """Return whether a run at most a day earlier proves that the finding was not there."""
    return before is not None and before.last is not None and day_of(first) - day_of(before.last) <= 1


def _days_seen(failing: Sequence[tuple[int, int]], calendar: Calendar) -> int:
    """Return on how many days a run saw it; two spans may share a day."""
    shared = sum(day_of(one[1]) == day_of(two[0]) for one, two in pairwise(failing))
    return sum(calendar.days_within(*span) for span in failing) - shared
