"""The trend: open, new and resolved findings by day, and the days without a run."""

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from typing import Literal

from msgspec import Struct

from auditor.history.aged import AuditedAccount, Limits, audited, calendars
from auditor.history.calendar import Boundary, Calendar, date_of, day_of
from auditor.history.proofs import SUPPRESSED
from auditor.history.remediation import Kept, OwnerRemediation, Remediation, by_owner, remediation, sla_result
from auditor.history.tally import AUDITED, BEGAN, INCOMPLETE, REOPENED, RESOLVED, RUNNING, Totals, add_stored_tallies
from auditor.history.wanted import Period, Wanted
from auditor.judging.rule import Severity


class Day(Struct, frozen=True, kw_only=True):
    """Hold one day (UTC); without a run `accounts` is 0, and the other counts are unknown.

    `accounts` were audited on that day, `incomplete` of them with INSUFFICIENT_DATA. `open` counts findings that were
    NON_COMPLIANT and not suppressed in the last runs of the day, with the severity of the newest run. `not_seen`
    counts findings that were not resolved before and for which that run proves nothing. `began` counts findings that
    were absent in the run before or never seen before, `reopened` those of them that had been resolved.
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
    """Hold a range of days without a run of an account, both included."""

    account: str
    first: date
    last: date
    days: int


class Trend(Struct, frozen=True, kw_only=True):
    """Hold the trend; the fields are those of the JSON, whose format has the number `version`.

    `rules` and `severities` are the selected ones, empty for all. `remediation_by_owner` is empty if no run knows an
    owner.
    """

    format: Literal["iam-audit-history-trend"] = "iam-audit-history-trend"
    version: Literal[1] = 1
    accounts: tuple[AuditedAccount, ...]
    rules: tuple[str, ...]
    severities: tuple[str, ...]
    first: date | None
    last: date | None
    days: tuple[Day, ...]
    gaps: tuple[Gap, ...]
    boundaries: tuple[Boundary, ...]
    remediation: tuple[Remediation, ...]
    remediation_by_owner: tuple[OwnerRemediation, ...]
    sla: tuple[Kept, ...]


def _day(day: int, totals: Totals) -> Day:
    """Return the counts of a day."""
    found = {what: totals.days[what][day] for what in (*Severity, SUPPRESSED, *_COUNTED)}
    by_severity = {severity: found[severity] for severity in Severity}
    return Day(
        date=date_of(day),
        accounts=found[AUDITED],
        incomplete=found[INCOMPLETE],
        open=by_severity,
        suppressed=found[SUPPRESSED],
        not_seen=found[RUNNING] - sum(by_severity.values()) - found[SUPPRESSED],
        began=found[BEGAN],
        reopened=found[REOPENED],
        resolved=found[RESOLVED],
    )


_COUNTED = (AUDITED, INCOMPLETE, RUNNING, BEGAN, REOPENED, RESOLVED)


def trend(connection: sqlite3.Connection, wanted: Wanted, period: Period, limits: Limits) -> Trend:
    """Return the trend of the selected findings over the days of a period; `limits` is the SLA."""
    of_accounts = calendars(connection, wanted)
    totals = Totals()
    for calendar in of_accounts:
        add_stored_tallies(connection, calendar, wanted, totals)
    every = _days(of_accounts)
    days = [day for day in every if period.has(day)]
    return Trend(
        accounts=tuple(map(audited, of_accounts)),
        rules=tuple(wanted.rules),
        severities=tuple(wanted.severities),
        first=date_of(days[0]) if days else None,
        last=date_of(days[-1]) if days else None,
        days=tuple(_day(day, totals) for day in days),
        gaps=tuple(gap for calendar in of_accounts for gap in gaps(calendar, period, every[-1])),
        boundaries=tuple(_boundaries(of_accounts, period)),
        remediation=tuple(remediation(each, totals.durations[each]) for each in Severity if each in totals.durations),
        remediation_by_owner=tuple(by_owner(totals.owners)),
        sla=tuple(
            sla_result(each, limits[each], totals.durations[each], totals.ages[each])
            for each in Severity
            if each in limits
        ),
    )


def _days(of_accounts: Sequence[Calendar]) -> Sequence[int]:
    """Return every day from the first run to the newest."""
    if not of_accounts:
        return ()
    return range(min(each.days[0] for each in of_accounts), max(each.days[-1] for each in of_accounts) + 1)


def gaps(calendar: Calendar, period: Period, until: int) -> Iterator[Gap]:
    """Yield the days without a run of an account within a period, from its first run to the day `until`."""
    for first, last in calendar.missing(until):
        days = [day for day in range(first, last + 1) if period.has(day)]
        if days:
            yield Gap(calendar.account.number, date_of(days[0]), date_of(days[-1]), len(days))


def _boundaries(of_accounts: Iterable[Calendar], period: Period) -> Iterator[Boundary]:
    for calendar in of_accounts:
        yield from (each for time, each in calendar.boundaries.items() if period.has(day_of(time)))
