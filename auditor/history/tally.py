"""Tallies: what the trend counts of one account, kept beside its rows so that a hundred accounts add up quickly.

A tally follows from the states alone, is made again whenever a report is added, and `history verify` counts it anew.
"""

import sqlite3
from bisect import bisect_left, bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from itertools import accumulate

import msgspec
from msgspec import Struct

from auditor.history.calendar import Calendar, day_of
from auditor.history.episodes import Episode, History, histories
from auditor.history.proofs import OPEN, SUPPRESSED
from auditor.history.remediation import Duration, duration_of
from auditor.history.store import inconsistent
from auditor.history.wanted import Wanted
from auditor.judging.rule import Severity

AUDITED, INCOMPLETE, RUNNING, BEGAN, REOPENED, RESOLVED = (
    *("audited", "incomplete", "running", "began", "reopened", "resolved"),
)
"""What is counted by day beside open findings, which stand under their severity, and suppressed ones.

Running are those that began and are not resolved, whether they were seen or not.
"""


class Tally(Struct, frozen=True):
    """Hold counts by what is counted and by day (counted from 1970), and how often an episode lasted how long.

    The durations are by severity: days, whether the episode ended, and how many did so.
    """

    days: dict[str, dict[int, int]]
    durations: dict[Severity, list[tuple[int, bool, int]]]


class Totals:
    """Add up tallies."""

    def __init__(self) -> None:
        self.days: defaultdict[str, Counter[int]] = defaultdict(Counter)
        self.durations: defaultdict[Severity, Counter[Duration]] = defaultdict(Counter)

    def add(self, tally: Tally) -> None:
        """Add the tally of one account."""
        for what, counts in tally.days.items():
            found = self.days[what]
            for day, count in counts.items():
                found[day] += count
        for severity, durations in tally.durations.items():
            for days, ended, count in durations:
                self.durations[severity][Duration(days, ended)] += count

    def tally(self) -> Tally:
        """Return what was added up, in an order that is always the same."""
        days = {what: {day: n for day, n in sorted(counts.items()) if n} for what, counts in sorted(self.days.items())}
        durations = {
            severity: [(*duration, count) for duration, count in sorted(self.durations[severity].items())]
            for severity in Severity
            if severity in self.durations
        }
        return Tally(days, durations)


def tallied(connection: sqlite3.Connection, calendar: Calendar, wanted: Wanted) -> Tally:
    """Return the tally of the wanted findings of an account, counted now."""
    totals = Totals()
    _count_runs(connection, calendar, totals)
    _count_findings(histories(connection, calendar), calendar, wanted, totals)
    return totals.tally()


def keep(connection: sqlite3.Connection, calendar: Calendar) -> None:
    """Count the tally of an account, and keep it in place of the one before."""
    content = msgspec.json.encode(tallied(connection, calendar, Wanted())).decode()
    statement = "INSERT OR REPLACE INTO tally (account, content) VALUES (?, ?)"
    connection.execute(statement, (calendar.account.id, content))


def kept(connection: sqlite3.Connection, calendar: Calendar) -> Tally:
    """Return the tally of an account that is kept; raise SourceError where it is lost."""
    row = connection.execute("SELECT content FROM tally WHERE account = ?", (calendar.account.id,)).fetchone()
    try:
        return msgspec.json.decode("" if row is None else row[0], type=Tally)
    except msgspec.DecodeError as error:
        raise inconsistent(connection, f"the tally of account {calendar.account.number}: {error}") from error


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


def _count_runs(connection: sqlite3.Connection, calendar: Calendar, totals: Totals) -> None:
    """Count by day whether there was a run, and whether the last one of the day was incomplete."""
    query = "SELECT time, complete FROM run WHERE account = ? ORDER BY time"
    last = {day_of(time): complete for time, complete in connection.execute(query, (calendar.account.id,))}
    for day, complete in last.items():
        totals.days[AUDITED][day] += 1
        totals.days[INCOMPLETE][day] += not complete


def _count_findings(found: Iterable[History], calendar: Calendar, wanted: Wanted, totals: Totals) -> None:
    steps = _Steps(calendar)
    for history in found:
        severity = calendar.severities[history.rule, history.identifier]
        if wanted.takes(history.rule, severity):
            _count_finding(history, severity, calendar, steps, totals)
    for what in (*Severity, SUPPRESSED, RUNNING):
        for day, count in steps.by_day(what):
            totals.days[what][day] += count


def _count_finding(history: History, severity: Severity, calendar: Calendar, steps: _Steps, totals: Totals) -> None:
    for span in history.states:
        steps.add(severity if span.value == OPEN else span.value, span.first, span.last)
    for number, episode in enumerate(history.episodes):
        totals.durations[severity][duration_of(episode, calendar, history.rule)] += 1
        steps.add(RUNNING, episode.first, None if episode.resolved is None else episode.resolved - 1)
        _count_changes(totals, calendar, episode, reopened=number > 0)


def _count_changes(totals: Totals, calendar: Calendar, episode: Episode, *, reopened: bool) -> None:
    """Count when an episode began and ended; what the first run of an account found did not begin on that day."""
    day = day_of(episode.first)
    if episode.first != calendar.times[0]:
        totals.days[BEGAN][day] += 1
        totals.days[REOPENED][day] += reopened
    if episode.resolved is not None:
        totals.days[RESOLVED][day_of(episode.resolved)] += 1
