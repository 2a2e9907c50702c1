"""The trend: day by day how many findings were open, what came and went, and on which days nobody looked."""

import sqlite3
from bisect import bisect_left, bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from itertools import accumulate
from typing import Literal

from msgspec import Struct

from auditor.history.aged import Wanted, calendars
from auditor.history.calendar import Boundary, Calendar, date_of, day_number, day_of
from auditor.history.episodes import Episode, History, histories
from auditor.history.proofs import OPEN, SUPPRESSED
from auditor.history.remediation import Duration, Remediation, duration_of, remediation
from auditor.judging.rule import Severity


class Day(Struct, frozen=True, kw_only=True):
    """Hold one day (UTC); without a run, `accounts` is 0 and nothing is known of it.

    `accounts` were audited on that day, `incomplete` of them with INSUFFICIENT_DATA. `open` counts what was
    NON_COMPLIANT and not suppressed in their last runs of the day, by severity as the newest run has it. `not_seen` are
    those that were not resolved before, and of which that run proves nothing. `began` counts findings that were not
    there a run before or were never seen before, `reopened` those of them that had been resolved once.
    """

    date: date
    accounts: int
    incomplete: int
    open: dict[Severity, int]
    suppressed: int
    not_seen: int
    began: int
    reopened: int
    resolved: int


class Gap(Struct, frozen=True):
    """Hold days without a run of an account, both included."""

    account: str
    first: date
    last: date
    days: int


class Trend(Struct, frozen=True, kw_only=True):
    """Hold the trend; the fields are those of the JSON, which `version` numbers."""

    format: Literal["iam-audit-history-trend"] = "iam-audit-history-trend"
    version: Literal[1] = 1
    accounts: int
    first: date | None
    last: date | None
    days: tuple[Day, ...]
    gaps: tuple[Gap, ...]
    boundaries: tuple[Boundary, ...]
    remediation: tuple[Remediation, ...]


class Period(Struct, frozen=True):
    """Hold the first and last day of interest, None: those of the history."""

    since: date | None = None
    until: date | None = None

    def has(self, day: int) -> bool:
        """Return whether a day, counted from 1970, is of interest."""
        return self.overlaps(day, day)

    def overlaps(self, first: int, last: int) -> bool:
        """Return whether one of the days from first to last is of interest."""
        after = self.since is None or last >= day_number(self.since)
        return after and (self.until is None or first <= day_number(self.until))


class _Counts:
    """Count by day what happened on it."""

    def __init__(self) -> None:
        self.open: defaultdict[int, Counter[Severity]] = defaultdict(Counter)
        self.suppressed: Counter[int] = Counter()
        self.running: Counter[int] = Counter()
        self.audited: Counter[int] = Counter()
        self.incomplete: Counter[int] = Counter()
        self.began: Counter[int] = Counter()
        self.reopened: Counter[int] = Counter()
        self.resolved: Counter[int] = Counter()
        self.durations: defaultdict[Severity, list[Duration]] = defaultdict(list)

    def day(self, day: int) -> Day:
        """Return what is counted of a day."""
        found = self.open[day]
        seen = found.total() + self.suppressed[day]
        return Day(
            date=date_of(day),
            accounts=self.audited[day],
            incomplete=self.incomplete[day],
            open={severity: found[severity] for severity in Severity},
            suppressed=self.suppressed[day],
            not_seen=self.running[day] - seen,
            began=self.began[day],
            reopened=self.reopened[day],
            resolved=self.resolved[day],
        )


def trend(connection: sqlite3.Connection, wanted: Wanted, period: Period) -> Trend:
    """Return the trend of the wanted findings over the days of a period."""
    of_accounts = calendars(connection, wanted)
    counts = _Counts()
    for calendar in of_accounts:
        _count_runs(connection, calendar, counts)
        _count_findings(connection, calendar, wanted, counts)
    every = _days(of_accounts)
    days = [day for day in every if period.has(day)]
    return Trend(
        accounts=len(of_accounts),
        first=date_of(days[0]) if days else None,
        last=date_of(days[-1]) if days else None,
        days=tuple(map(counts.day, days)),
        gaps=tuple(gap for calendar in of_accounts for gap in gaps(calendar, period, every[-1])),
        boundaries=tuple(_boundaries(of_accounts, period)),
        remediation=tuple(remediation(each, counts.durations[each]) for each in Severity if each in counts.durations),
    )


def _days(of_accounts: Sequence[Calendar]) -> Sequence[int]:
    """Return every day from the first run to the newest."""
    if not of_accounts:
        return ()
    return range(min(each.days[0] for each in of_accounts), max(each.days[-1] for each in of_accounts) + 1)


def gaps(calendar: Calendar, period: Period, until: int) -> Iterator[Gap]:
    """Yield the days without a run of an account, from its first run to the newest of any, as far as of interest."""
    for first, last in calendar.missing(until):
        days = [day for day in range(first, last + 1) if period.has(day)]
        if days:
            yield Gap(calendar.account.number, date_of(days[0]), date_of(days[-1]), len(days))


def _boundaries(of_accounts: Iterable[Calendar], period: Period) -> Iterator[Boundary]:
    for calendar in of_accounts:
        yield from (each for time, each in calendar.boundaries.items() if period.has(day_of(time)))


def _count_runs(connection: sqlite3.Connection, calendar: Calendar, counts: _Counts) -> None:
    """Count by day whether there was a run, and whether the last one of the day was incomplete."""
    query = "SELECT time, complete FROM run WHERE account = ? ORDER BY time"
    last = {day_of(time): complete for time, complete in connection.execute(query, (calendar.account.id,))}
    for day, complete in last.items():
        counts.audited[day] += 1
        counts.incomplete[day] += not complete


class _Steps:
    """Count findings run by run: up where they begin, down after they end."""

    def __init__(self, calendar: Calendar) -> None:
        self._times = calendar.times
        self._steps: defaultdict[str, list[int]] = defaultdict(lambda: [0] * (len(calendar.times) + 1))
        self._last = {day_of(time): position for position, time in enumerate(calendar.times)}

    def add(self, what: str, first: int, last: int | None) -> None:
        """Count one from a run to another, None: to the newest."""
        self._steps[what][bisect_left(self._times, first)] += 1
        self._steps[what][len(self._times) if last is None else bisect_right(self._times, last)] -= 1

    def by_day(self, what: str) -> Iterator[tuple[int, int]]:
        """Yield each day that has a run, with the count at its last one."""
        counts = list(accumulate(self._steps[what]))
        for day, position in self._last.items():
            yield day, counts[position]


_RUNNING = "running"


def _count_findings(connection: sqlite3.Connection, calendar: Calendar, wanted: Wanted, counts: _Counts) -> None:
    steps = _Steps(calendar)
    for history in histories(connection, calendar):
        severity = calendar.severities[history.rule, history.identifier]
        if wanted.takes(history.rule, severity):
            _count_finding(history, severity, calendar, steps, counts)
    for severity in Severity:
        for day, count in steps.by_day(severity):
            counts.open[day][severity] += count
    for what, counted in ((SUPPRESSED, counts.suppressed), (_RUNNING, counts.running)):
        for day, count in steps.by_day(what):
            counted[day] += count


def _count_finding(history: History, severity: Severity, calendar: Calendar, steps: _Steps, counts: _Counts) -> None:
    for span in history.states:
        steps.add(severity if span.value == OPEN else span.value, span.first, span.last)
    for number, episode in enumerate(history.episodes):
        counts.durations[severity].append(duration_of(episode, calendar, history.rule))
        steps.add(_RUNNING, episode.first, None if episode.resolved is None else episode.resolved - 1)
        _count_changes(counts, calendar, episode, reopened=number > 0)


def _count_changes(counts: _Counts, calendar: Calendar, episode: Episode, *, reopened: bool) -> None:
    """Count when an episode began and ended; what the first run of an account found did not begin on that day."""
    day = day_of(episode.first)
    if episode.first != calendar.times[0]:
        counts.began[day] += 1
        counts.reopened[day] += reopened
    if episode.resolved is not None:
        counts.resolved[day_of(episode.resolved)] += 1
