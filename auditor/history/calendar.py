"""The calendar of an account: its runs by time and by day (UTC), days without a run, and changes of settings."""

import sqlite3
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from itertools import pairwise
from typing import NamedTuple

from msgspec import Struct

from auditor.account.sources import Time
from auditor.history.accounts import Account
from auditor.history.documents import Documents
from auditor.judging.rule import Severity
from auditor.report.baseline import BaselineRule
from auditor.report.changes import Difference
from auditor.report.differences import of_rules, of_tools
from auditor.report.report import Tool

_DAY = 86_400  # seconds
_EPOCH = date(1970, 1, 1)
_END = 2**62  # seconds, later than any run


def moment_of(time: int) -> datetime:
    """Return seconds since 1970 as a datetime in UTC."""
    return datetime.fromtimestamp(time, UTC)


def day_of(time: int) -> int:
    """Return the day of a time, as days since 1970 in UTC."""
    return time // _DAY


def date_of(day: int) -> date:
    """Return the date of a number of days since 1970."""
    return _EPOCH + timedelta(days=day)


def day_number(day: date) -> int:
    """Return a date as days since 1970."""
    return (day - _EPOCH).days


class RunSettings(NamedTuple):
    """Hold the time of a run, its tool, and in `asked` the digest of its rules with their parameters."""

    time: int
    asked: str
    tool: Tool


class Boundary(Struct, frozen=True):
    """Hold changed settings since the run before: findings may come or go although the account is the same."""

    account: str
    captured_at: Time
    differences: tuple[Difference, ...]


class Calendar:
    """Hold when an account was audited, and with which settings; times are seconds, days are days, since 1970 (UTC).

    With `until`, only the runs up to that time are included.
    """

    def __init__(
        self, connection: sqlite3.Connection, account: Account, documents: Documents, until: int | None = None
    ) -> None:
        self.account = account
        query = "SELECT time, asked, tool, version FROM run WHERE account = ? AND time <= ? ORDER BY time"
        rows = connection.execute(query, (account.id, _END if until is None else until))
        self.runs = [RunSettings(time, asked, Tool(tool, version)) for time, asked, tool, version in rows]
        self.times = [run.time for run in self.runs]
        self.days = sorted({day_of(time) for time in self.times})
        self._documents = documents

    @property
    def newest(self) -> int:
        """Return the time of the newest run."""
        return self.times[-1]

    def before(self, time: int) -> int | None:
        """Return the time of the run before the given time."""
        position = bisect_left(self.times, time)
        return self.times[position - 1] if position else None

    def days_within(self, first: int, last: int) -> int:
        """Return the number of days with a run, from one time to another."""
        return bisect_right(self.days, day_of(last)) - bisect_left(self.days, day_of(first))

    def missing(self, until: int) -> Iterator[tuple[int, int]]:
        """Yield the first and last day of each gap: days without a run, from the first run to the day `until`."""
        for earlier, later in pairwise([*self.days, until + 1]):
            if later - earlier > 1:
                yield earlier + 1, later - 1

    @cached_property
    def severities(self) -> Mapping[tuple[str, str], Severity]:
        """Return the severity of each rule by name and identifier, taken from the newest run of that rule."""
        found: dict[tuple[str, str], Severity] = {}
        for digest in dict.fromkeys(run.asked for run in self.runs):
            rules = self._rules(digest)
            found |= {(rule.config_rule_name, rule.source_identifier): rule.severity for rule in rules}
        return found

    def _rules(self, digest: str) -> Sequence[BaselineRule]:
        return self._documents.decoded(digest, tuple[BaselineRule, ...])

    @cached_property
    def boundaries(self) -> Mapping[int, Boundary]:
        """Return the changes of rules, parameters, severities or the tool, by the time of the first run after them."""
        found: dict[int, Boundary] = {}
        for old, new in pairwise(self.runs):
            if (old.asked, old.tool) != (new.asked, new.tool):
                rules = of_rules(self._rules(old.asked), self._rules(new.asked))
                differing = (*of_tools(old.tool, new.tool), *rules)
                found[new.time] = Boundary(self.account.number, moment_of(new.time), differing)
        return found

    def has_changed_settings(self, time: int, config_rule_name: str) -> bool:
        """Return whether the rule or the tool changed between the run of a time and the run before."""
        boundary = self.boundaries.get(time)
        return boundary is not None and any(_concerns(each, config_rule_name) for each in boundary.differences)


def _concerns(difference: Difference, config_rule_name: str) -> bool:
    subject = difference.subject
    return difference.kind == "tool" or subject == config_rule_name or subject.startswith(f"{config_rule_name}.")
