"""The findings that are not resolved, with their ages."""

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Literal

from msgspec import Struct

from auditor.account.sources import Time
from auditor.errors import SourceError, UsageError, nearest
from auditor.history.accounts import Account, accounts
from auditor.history.calendar import Calendar, date_of, day_of, moment_of
from auditor.history.documents import Documents
from auditor.history.episodes import Episode, History, Status, histories
from auditor.history.wanted import Wanted
from auditor.judging.rule import Severity
from auditor.report.changes import Unproven

_SEVERITIES = list(Severity)
Limits = Mapping[Severity, int]
"""The maximum number of days that a finding of each severity may stay open."""


class AgedFinding(Struct, frozen=True, kw_only=True):
    """Hold a finding that is not resolved.

    `age_days` counts days in UTC, up to the newest run of the account. If that run proves nothing, it counts up to the
    last run that saw the finding, and `reason` says why. `at_least`: the finding may have begun earlier. `unseen_days`
    are the days since the first one on which no run saw it. `reopened` counts how often it came back after it was
    resolved. `due` is the last day that the SLA allows, None without an SLA. `owner` is empty if the resource has no
    owner, None if the owner is unknown.
    """

    account: str
    config_rule_name: str
    severity: Severity
    resource_type: str
    resource_name: str
    resource_id: str | None
    resource_arn: str | None
    owner: str | None
    region: str | None
    fingerprint: str
    status: Status
    reason: Unproven | None
    first_seen: Time
    last_seen: Time
    age_days: int
    at_least: bool
    unseen_days: int
    reopened: int
    due: date | None
    overdue: bool


class AuditedAccount(Struct, frozen=True):
    """Name an account of a history, with its number of runs and the time of the newest one, up to which ages count."""

    account: str
    partition: str
    runs: int
    first_run: Time
    newest_run: Time


class OpenFindings(Struct, frozen=True, kw_only=True):
    """Hold the unresolved findings; the fields are those of the JSON, whose format has the number `version`."""

    format: Literal["iam-audit-history-findings"] = "iam-audit-history-findings"
    version: Literal[1] = 1
    accounts: tuple[AuditedAccount, ...]
    counts: dict[Status, int]
    overdue: int
    findings: tuple[AgedFinding, ...]


def calendars(connection: sqlite3.Connection, wanted: Wanted) -> Sequence[Calendar]:
    """Return the calendars of the wanted accounts that have a run.

    Raises UsageError for an account or rule that is not in the history, and SourceError if there is no run, because an
    empty result must not look like a compliant account.
    """
    documents = Documents(connection)
    every = (Calendar(connection, account, documents) for account in accounts(connection, wanted.accounts))
    found = [calendar for calendar in every if calendar.runs]
    if not found:
        hint = "Add a report: `iam-audit history add --history FILE REPORT.json`."
        raise SourceError("the history has no run", hint)
    names = {name for calendar in found for name, _ in calendar.severities}
    for name in wanted.rules:
        if name not in names:
            hint = nearest(name, names, "`iam-audit history trend` shows when rules were added and left out.")
            raise UsageError("is not a rule of any run in the history", hint, subject=f"--rule {name}")
    return found


def open_findings(connection: sqlite3.Connection, wanted: Wanted, limits: Limits) -> OpenFindings:
    """Return the findings that are not resolved, most severe and oldest first."""
    of_accounts = calendars(connection, wanted)
    found = [each for calendar in of_accounts for each in _of_account(connection, calendar, wanted, limits)]
    return OpenFindings(
        accounts=tuple(map(audited, of_accounts)),
        counts={status: sum(each.status is status for each in found) for status in Status if status != "resolved"},
        overdue=sum(each.overdue for each in found),
        findings=tuple(sorted(found, key=_order)),
    )


def audited(calendar: Calendar) -> AuditedAccount:
    """Return the account of a calendar with its runs."""
    account: Account = calendar.account
    times = moment_of(calendar.times[0]), moment_of(calendar.newest)
    return AuditedAccount(account.number, account.partition, len(calendar.runs), *times)


def _of_account(
    connection: sqlite3.Connection, calendar: Calendar, wanted: Wanted, limits: Limits
) -> Iterator[AgedFinding]:
    for history in histories(connection, calendar):
        if not history.episodes or history.episodes[-1].resolved is not None:
            continue
        severity = calendar.severities[history.rule, history.identifier]
        if wanted.takes(history.rule, severity):
            yield aged(history, calendar, severity, limits.get(severity))


def aged(history: History, calendar: Calendar, severity: Severity, limit: int | None) -> AgedFinding:
    """Return a finding that is not resolved, with its age; `limit` is the number of days that the SLA allows."""
    episode = history.episodes[-1]
    age = episode.age_days(calendar.newest)
    return AgedFinding(
        account=calendar.account.number,
        config_rule_name=history.rule,
        severity=severity,
        resource_type=history.resource_type,
        resource_name=history.resource_name,
        resource_id=history.resource_id,
        resource_arn=history.resource_arn,
        owner=history.owner,
        region=history.region,
        fingerprint=history.fingerprint,
        status=episode.status,
        reason=_reason(episode),
        first_seen=moment_of(episode.first),
        last_seen=moment_of(episode.last),
        age_days=age,
        at_least=episode.at_least,
        unseen_days=episode.unseen_days,
        reopened=len(history.episodes) - 1,
        due=None if limit is None else date_of(day_of(episode.first) + limit),
        overdue=limit is not None and age > limit and episode.has_due_date,
    )


def _reason(episode: Episode) -> Unproven | None:
    return Unproven(episode.state) if episode.status is Status.NOT_SEEN else None


def _order(finding: AgedFinding) -> tuple[int, int, str, str, str]:
    names = finding.account, finding.config_rule_name, finding.resource_name
    return _SEVERITIES.index(finding.severity), -finding.age_days, *names
