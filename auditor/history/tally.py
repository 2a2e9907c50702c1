"""Tallies: the counts of the trend for one account, stored so that a hundred accounts can be added up quickly.

There is a tally for each rule and one for all rules. They are derived from the states, are replaced whenever a report
is added, and `history verify` checks them.
"""

import sqlite3
from bisect import bisect_left, bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from itertools import accumulate

import msgspec
from msgspec import Struct

from auditor.history.accounts import accounts
from auditor.history.calendar import Calendar, day_of
from auditor.history.documents import Documents
from auditor.history.episodes import Episode, History, histories
from auditor.history.proofs import OPEN, SUPPRESSED
from auditor.history.remediation import Duration, duration_of
from auditor.history.store import inconsistent
from auditor.history.wanted import Wanted
from auditor.judging.rule import Severity

AUDITED, INCOMPLETE, RUNNING, BEGAN, REOPENED, RESOLVED = (
    *("audited", "incomplete", "running", "began", "reopened", "resolved"),
)
"""The counts by day, besides suppressed findings and open ones, which are counted under their severity.

RUNNING counts findings that began and are not resolved, whether a run saw them or not.
"""


class Tally(Struct, frozen=True):
    """Hold counts by kind and day (days since 1970), and how often episodes lasted how long.

    `durations` are by severity: days, whether the episode ended, and the number of episodes. `ages` are those of
    findings that have a due date now, by severity: days, and the number of findings. `owners` has durations by owner,
    as History has them; None is for findings without a known owner.
    """

    days: dict[str, dict[int, int]]
    durations: dict[Severity, list[tuple[int, bool, int]]]
    ages: dict[Severity, list[tuple[int, int]]]
    owners: list[tuple[str | None, list[tuple[int, bool, int]]]]


RuleName = tuple[str, str]
"""The name and the source identifier of a rule."""
EVERY: RuleName = ("", "")
"""The key of the tally for all rules."""


class Totals:
    """Add up tallies."""

    def __init__(self) -> None:
        self.days: defaultdict[str, Counter[int]] = defaultdict(Counter)
        self.durations: defaultdict[Severity, Counter[Duration]] = defaultdict(Counter)
        self.ages: defaultdict[Severity, Counter[int]] = defaultdict(Counter)
        self.owners: defaultdict[str | None, Counter[Duration]] = defaultdict(Counter)

    def add(self, tally: Tally) -> None:
        """Add the tally of one account."""
        for what, counts in tally.days.items():
            found = self.days[what]
            for day, count in counts.items():
                found[day] += count
        for severity, durations in tally.durations.items():
            self.durations[severity].update(_counted(durations))
        for severity, ages in tally.ages.items():
            for days, count in ages:
                self.ages[severity][days] += count
        for owner, durations in tally.owners:
            self.owners[owner].update(_counted(durations))

    def tally(self) -> Tally:
        """Return the sum, always in the same order."""
        days = {what: {day: n for day, n in sorted(counts.items()) if n} for what, counts in sorted(self.days.items())}
        durations = {each: _listed(self.durations[each]) for each in Severity if each in self.durations}
        ages = {severity: sorted(self.ages[severity].items()) for severity in Severity if severity in self.ages}
        in_order = sorted(self.owners, key=lambda owner: (owner is None, owner or ""))
        return Tally(days, durations, ages, [(owner, _listed(self.owners[owner])) for owner in in_order])


def _counted(durations: Iterable[tuple[int, bool, int]]) -> Mapping[Duration, int]:
    return {Duration(days, ended): count for days, ended, count in durations}


def _listed(durations: Counter[Duration]) -> list[tuple[int, bool, int]]:
    return [(*duration, count) for duration, count in sorted(durations.items())]


def tallied(connection: sqlite3.Connection, calendar: Calendar) -> Mapping[RuleName, Tally]:
    """Return the tallies of an account, counted from the states."""
    by_rule: dict[RuleName, list[History]] = {rule: [] for rule in calendar.severities}
    for history in histories(connection, calendar):
        by_rule[history.rule, history.identifier].append(history)
    found = {rule: _of_findings(of_rule, calendar) for rule, of_rule in by_rule.items()}
    every = Totals()
    _count_runs(connection, calendar, every)
    for tally in found.values():
        every.add(tally)
    return {EVERY: every.tally(), **found}


def _of_findings(found: Iterable[History], calendar: Calendar) -> Tally:
    totals = Totals()
    _count_findings(found, calendar, totals)
    return totals.tally()


def store_tallies(connection: sqlite3.Connection, calendar: Calendar) -> None:
    """Count the tallies of an account and store them, in place of the old ones."""
    account = calendar.account.id
    connection.execute("DELETE FROM tally WHERE account = ?", (account,))
    for rule, tally in tallied(connection, calendar).items():
        row = (account, *rule, msgspec.json.encode(tally).decode())
        connection.execute("INSERT INTO tally (account, rule, identifier, content) VALUES (?, ?, ?, ?)", row)


def store_missing_tallies(connection: sqlite3.Connection) -> None:
    """Count and store the tallies of accounts that have none, as in a history that an earlier release wrote."""
    counted = {account for (account,) in connection.execute("SELECT DISTINCT account FROM tally")}
    for account in accounts(connection):
        if account.id not in counted:
            store_tallies(connection, Calendar(connection, account, Documents(connection)))


def stored_tallies(connection: sqlite3.Connection, calendar: Calendar) -> Mapping[RuleName, Tally]:
    """Return the stored tallies of an account."""
    query = "SELECT rule, identifier, content FROM tally WHERE account = ?"
    rows = connection.execute(query, (calendar.account.id,))
    return {(name, identifier): _decoded(connection, calendar, content) for name, identifier, content in rows}


def add_stored_tallies(connection: sqlite3.Connection, calendar: Calendar, wanted: Wanted, totals: Totals) -> None:
    """Add the stored tallies of an account that match `wanted` to totals; raise SourceError if one is missing."""
    every = _read(connection, calendar, EVERY)
    if not (wanted.rules or wanted.severities):
        totals.add(every)
        return
    totals.add(Tally({what: every.days.get(what, {}) for what in (AUDITED, INCOMPLETE)}, {}, {}, []))
    for rule, severity in calendar.severities.items():
        if wanted.takes(rule[0], severity):
            totals.add(_read(connection, calendar, rule))


def _read(connection: sqlite3.Connection, calendar: Calendar, rule: RuleName) -> Tally:
    query = "SELECT content FROM tally WHERE account = ? AND rule = ? AND identifier = ?"
    row = connection.execute(query, (calendar.account.id, *rule)).fetchone()
    return _decoded(connection, calendar, "" if row is None else row[0])


def _decoded(connection: sqlite3.Connection, calendar: Calendar, content: str) -> Tally:
    try:
        return msgspec.json.decode(content, type=Tally)
    except msgspec.DecodeError as error:
        raise inconsistent(connection, f"the tally of account {calendar.account.number}: {error}") from error


class _Steps:
    """Count findings run by run: plus one when they begin, minus one after they end."""

    def __init__(self, calendar: Calendar) -> None:
        self._times = calendar.times
        self._steps: defaultdict[str, list[int]] = defaultdict(lambda: [0] * (len(calendar.times) + 1))
        self._last = {day_of(time): position for position, time in enumerate(calendar.times)}

    def add(self, what: str, first: int, last: int | None) -> None:
        """Count one finding from one run to another; None: up to the newest."""
        self._steps[what][bisect_left(self._times, first)] += 1
        self._steps[what][len(self._times) if last is None else bisect_right(self._times, last)] -= 1

    def by_day(self, what: str) -> Iterator[tuple[int, int]]:
        """Yield each day that has a run, with the count at its last run."""
        counts = list(accumulate(self._steps[what]))
        for day, position in self._last.items():
            yield day, counts[position]


def _count_runs(connection: sqlite3.Connection, calendar: Calendar, totals: Totals) -> None:
    """Count by day whether there was a run, and whether the last run of the day was incomplete."""
    query = "SELECT time, complete FROM run WHERE account = ? ORDER BY time"
    last = {day_of(time): complete for time, complete in connection.execute(query, (calendar.account.id,))}
    for day, complete in last.items():
        totals.days[AUDITED][day] += 1
        totals.days[INCOMPLETE][day] += not complete


def _count_findings(found: Iterable[History], calendar: Calendar, totals: Totals) -> None:
    steps = _Steps(calendar)
    for history in found:
        _count_finding(history, calendar.severities[history.rule, history.identifier], calendar, steps, totals)
    for what in (*Severity, SUPPRESSED, RUNNING):
        for day, count in steps.by_day(what):
            totals.days[what][day] += count


def _count_finding(history: History, severity: Severity, calendar: Calendar, steps: _Steps, totals: Totals) -> None:
    for span in history.states:
        steps.add(severity if span.value == OPEN else span.value, span.first, span.last)
    for number, episode in enumerate(history.episodes):
        duration = duration_of(episode, calendar, history.rule)
        totals.durations[severity][duration] += 1
        totals.owners[history.owner][duration] += 1
        steps.add(RUNNING, episode.first, None if episode.resolved is None else episode.resolved - 1)
        _count_changes(totals, calendar, episode, reopened=number > 0)
        if episode.resolved is None and episode.has_due_date:
            totals.ages[severity][episode.age_days(calendar.newest)] += 1


def _count_changes(totals: Totals, calendar: Calendar, episode: Episode, *, reopened: bool) -> None:
    """Count when an episode began and ended; the beginning of a finding in the first run of an account is unknown."""
    day = day_of(episode.first)
    if episode.first != calendar.times[0]:
        totals.days[BEGAN][day] += 1
        totals.days[REOPENED][day] += reopened
    if episode.resolved is not None:
        totals.days[RESOLVED][day_of(episode.resolved)] += 1
