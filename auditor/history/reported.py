"""A stored report with data from its history: the ages of its findings when it was made, and which were new."""

import sqlite3
from collections.abc import Iterator
from datetime import date
from typing import Literal

from msgspec import Struct

from auditor.account.sources import Time
from auditor.errors import SourceError
from auditor.history.accounts import Account, accounts
from auditor.history.aged import AgedFinding, Limits, aged
from auditor.history.calendar import Calendar, day_number, day_of, moment_of
from auditor.history.documents import Documents
from auditor.history.episodes import histories
from auditor.history.runs import content_digest, stored_runs, time_of
from auditor.report.report import Report


class ReportedFinding(Struct, frozen=True):
    """Hold an unresolved finding of the report, with its age; `new`: it began after the run of `since`."""

    new: bool
    finding: AgedFinding


class ReportAges(Struct, frozen=True, kw_only=True):
    """Hold the ages of a report's findings; the fields are those of the JSON, whose format has the number `version`.

    A finding is new if it began after the run of `since`: the run before, or the last one before the requested day.
    None: there is no such run, so it is unknown which findings are new.
    """

    format: Literal["iam-audit-history-report"] = "iam-audit-history-report"
    version: Literal[1] = 1
    account: str
    captured_at: Time
    report_sha256: str
    since: Time | None
    new: int
    overdue: int
    findings: tuple[ReportedFinding, ...]


def ages(
    connection: sqlite3.Connection, report: Report, place: str, limits: Limits, new_since: date | None = None
) -> ReportAges:
    """Return the ages of a report's findings when it was made; later runs are ignored.

    Raises SourceError, naming `place`, for a report that is not in the history.
    """
    account, time = _account(connection, report, place), time_of(report, place)
    run = next((each for each in stored_runs(connection, account.id) if each.time == time), None)
    if run is None or run.content_sha256 != content_digest(report):
        raise _unknown(place)
    calendar = Calendar(connection, account, Documents(connection), until=time)
    since = calendar.before(time) if new_since is None else _last_before(calendar, new_since)
    found = list(_reported(connection, calendar, report, limits, since))
    return ReportAges(
        account=account.number,
        captured_at=moment_of(time),
        report_sha256=run.report_sha256,
        since=None if since is None else moment_of(since),
        new=sum(each.new for each in found),
        overdue=sum(each.finding.overdue for each in found),
        findings=tuple(found),
    )


def _account(connection: sqlite3.Connection, report: Report, place: str) -> Account:
    names = report.account.id, report.account.partition
    found = next((each for each in accounts(connection) if (each.number, each.partition) == names), None)
    if found is None:
        raise _unknown(place)
    return found


def _unknown(place: str) -> SourceError:
    hint = f"Add it first: `iam-audit history add --history FILE {place}`."
    return SourceError("is not in the history", hint, subject=place)


def _last_before(calendar: Calendar, day: date) -> int | None:
    return max((time for time in calendar.times if day_of(time) < day_number(day)), default=None)


def _reported(
    connection: sqlite3.Connection, calendar: Calendar, report: Report, limits: Limits, since: int | None
) -> Iterator[ReportedFinding]:
    """Yield the findings in the order of the report."""
    identifiers = {rule.config_rule_name: rule.source_identifier for rule in report.rules}
    running = {
        (each.fingerprint, each.resource_id, each.identifier): each
        for each in histories(connection, calendar)
        if each.episodes and each.episodes[-1].resolved is None
    }
    for finding in report.findings:
        history = running.get((finding.fingerprint, finding.resource_id, identifiers[finding.config_rule_name]))
        if history is None:
            continue
        severity = calendar.severities[history.rule, history.identifier]
        new = since is not None and history.episodes[-1].first > since
        yield ReportedFinding(new, aged(history, calendar, severity, limits.get(severity)))
