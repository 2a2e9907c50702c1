"""A random sample of findings that anybody with the history and the seed can draw again."""

import sqlite3
from collections.abc import Iterator
from hashlib import sha256
from typing import Literal, NamedTuple

from msgspec import Struct

from auditor.account.sources import Time
from auditor.history.aged import calendars
from auditor.history.calendar import Calendar, day_of, moment_of
from auditor.history.episodes import Episode, History, Status, histories
from auditor.history.wanted import Period, Wanted
from auditor.judging.rule import Severity


class Drawn(Struct, frozen=True, kw_only=True):
    """Hold a finding of the sample, by its last episode in the period; `resolved` is the run that proves that."""

    account: str
    config_rule_name: str
    severity: Severity
    resource_type: str
    resource_name: str
    resource_id: str | None
    resource_arn: str | None
    fingerprint: str
    status: Status
    first_seen: Time
    last_seen: Time
    resolved: Time | None
    episodes: int


class Sample(Struct, frozen=True, kw_only=True):
    """Hold a sample, the number of findings from which it was drawn, and the digest of their fingerprints."""

    format: Literal["iam-audit-history-sample"] = "iam-audit-history-sample"
    version: Literal[1] = 1
    seed: int
    size: int
    population: int
    population_sha256: str
    findings: tuple[Drawn, ...]


class _Candidate(NamedTuple):
    key: str
    calendar: Calendar
    history: History
    episode: Episode


def sample(connection: sqlite3.Connection, wanted: Wanted, period: Period, *, size: int, seed: int) -> Sample:
    """Return a sample of the findings that were NON_COMPLIANT in a period.

    Findings are ordered by the SHA-256 of the seed and of what identifies them, and the first ones are taken. A random
    number generator is not used, because another version of it might draw other findings.
    """
    found = (_of(connection, calendar, wanted, period) for calendar in calendars(connection, wanted))
    candidates = sorted((each for of_account in found for each in of_account), key=lambda each: each.key)
    ranked = sorted(candidates, key=lambda each: sha256(f"{seed}\0{each.key}".encode()).digest())
    return Sample(
        seed=seed,
        size=size,
        population=len(candidates),
        population_sha256=sha256("\n".join(each.key for each in candidates).encode()).hexdigest(),
        findings=tuple(map(_drawn, ranked[:size])),
    )


def _of(connection: sqlite3.Connection, calendar: Calendar, wanted: Wanted, period: Period) -> Iterator[_Candidate]:
    for history in histories(connection, calendar):
        if not wanted.takes(history.rule, calendar.severities[history.rule, history.identifier]):
            continue
        within = [each for each in history.episodes if _overlaps(each, period)]
        if within:
            names = calendar.account.number, history.identifier, history.fingerprint, history.resource_id or ""
            yield _Candidate("\0".join(names), calendar, history, within[-1])


def _overlaps(episode: Episode, period: Period) -> bool:
    return period.overlaps(day_of(episode.first), day_of(episode.last))


def _drawn(candidate: _Candidate) -> Drawn:
    _, calendar, history, episode = candidate
    return Drawn(
        account=calendar.account.number,
        config_rule_name=history.rule,
        severity=calendar.severities[history.rule, history.identifier],
        resource_type=history.resource_type,
        resource_name=history.resource_name,
        resource_id=history.resource_id,
        resource_arn=history.resource_arn,
        fingerprint=history.fingerprint,
        status=episode.status,
        first_seen=moment_of(episode.first),
        last_seen=moment_of(episode.last),
        resolved=None if episode.resolved is None else moment_of(episode.resolved),
        episodes=len(history.episodes),
    )
