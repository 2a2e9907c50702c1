"""Time to remediate: how long findings stay open, including those that are still open.

The quantiles use the Kaplan-Meier estimator. It counts a finding that is still open (or began at an unknown time) as
lasting at least so long, because the slowest findings would be left out otherwise:
https://doi.org/10.1080/01621459.1958.10501452
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from msgspec import Struct

from auditor.history.calendar import Calendar
from auditor.history.episodes import Episode
from auditor.judging.rule import Severity

MEDIAN, P90 = 0.5, 0.9


class Duration(NamedTuple):
    """Hold how long an episode lasted (days); if not `ended`, it lasted at least so long."""

    days: int
    ended: bool


class Left(Struct, frozen=True):
    """Hold the share of a severity's findings (0 to 1) that were not remediated after a number of days."""

    days: int
    share: float


class Remediation(Struct, frozen=True, kw_only=True):
    """Hold the time to remediate of a severity, in days.

    `remediated` episodes count with their length. `censored` ones count as lasting at least so long: they are still
    open, their beginning is unknown, or they ended when rules, parameters or the tool changed. A quantile that too few
    findings reached is None, because it is more than `longest_days`. `left` is the curve of the quantiles, with a step
    for each day on which a finding was remediated.
    """

    severity: Severity
    remediated: int
    censored: int
    median_days: int | None
    p90_days: int | None
    longest_days: int
    left: tuple[Left, ...]


class OwnerRemediation(Struct, frozen=True, kw_only=True):
    """Hold the time to remediate of an owner's findings, in days, with the fields of Remediation.

    `owner` is empty for resources without an owner, None if the owner is unknown.
    """

    owner: str | None
    remediated: int
    censored: int
    median_days: int | None
    p90_days: int | None
    longest_days: int


class Kept(Struct, frozen=True, kw_only=True):
    """Hold how well an SLA of `days` days was met for a severity.

    `within` and `late` count remediated findings with a known beginning, `overdue` counts findings that are not
    resolved and are older than the SLA allows.
    """

    severity: Severity
    days: int
    within: int
    late: int
    overdue: int


def duration_of(episode: Episode, calendar: Calendar, config_rule_name: str) -> Duration:
    """Return how long an episode lasted, and whether it ended because the resource was fixed."""
    fixed = episode.resolved is not None and not calendar.has_changed_settings(episode.resolved, config_rule_name)
    return Duration(episode.age_days(calendar.newest), fixed and not episode.at_least)


def remediation(severity: Severity, durations: Counter[Duration]) -> Remediation:
    """Return the time to remediate for the given durations."""
    left = tuple(Left(days, round(share, _DIGITS)) for days, share in _survival(durations))
    return Remediation(severity=severity, left=left, **_measured(durations))


_DIGITS = 4  # of a share


def by_owner(durations: Mapping[str | None, Counter[Duration]]) -> Sequence[OwnerRemediation]:
    """Return the times to remediate by owner, those with the most findings first; empty if no owner is known."""
    if not any(owner is not None for owner in durations):
        return ()
    found = [OwnerRemediation(owner=owner, **_measured(each)) for owner, each in durations.items()]
    return sorted(found, key=lambda each: (-each.remediated - each.censored, each.owner is None, each.owner or ""))


def _measured(durations: Counter[Duration]) -> dict[str, Any]:
    """Return the fields that durations determine, by name."""
    ended = sum(count for each, count in durations.items() if each.ended)
    return {
        "remediated": ended,
        "censored": durations.total() - ended,
        "median_days": quantile(durations, MEDIAN),
        "p90_days": quantile(durations, P90),
        "longest_days": max((each.days for each in durations), default=0),
    }


def sla_result(severity: Severity, days: int, durations: Counter[Duration], ages: Counter[int]) -> Kept:
    """Return how an SLA was met, from the durations of findings and the ages of those that it applies to now."""
    within = sum(count for each, count in durations.items() if each.ended and each.days <= days)
    late = sum(count for each, count in durations.items() if each.ended and each.days > days)
    overdue = sum(count for age, count in ages.items() if age > days)
    return Kept(severity=severity, days=days, within=within, late=late, overdue=overdue)


def quantile(durations: Counter[Duration], share: float) -> int | None:
    """Return the number of days after which this share of all findings is remediated, None if it is never reached."""
    return next((days for days, left in _survival(durations) if left <= 1 - share + _ROUNDING), None)


_ROUNDING = 1e-9


def _survival(durations: Counter[Duration]) -> Iterator[tuple[int, float]]:
    """Yield the days on which findings were remediated, each with the share of findings that last longer."""
    left, share = durations.total(), 1.0
    for days in sorted({each.days for each in durations}):
        ended, censored = (durations[Duration(days, end)] for end in (True, False))
        if ended:
            share *= 1 - ended / left
            yield days, share
        left -= ended + censored
