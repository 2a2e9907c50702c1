"""Time to remediate: how long findings stay open, those counted in that are open still.

The quantiles are those of Kaplan and Meier, who count what has not ended (or whose beginning nobody saw) as lasting at
least so long: https://doi.org/10.1080/01621459.1958.10501452. Without them the slowest findings would be left out.
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
    """Hold how long an episode lasted (days); not `ended`: at least so long."""

    days: int
    ended: bool


class Left(Struct, frozen=True):
    """Hold which share of the findings of a severity (0 to 1) was not remediated after so many days."""

    days: int
    share: float


class Remediation(Struct, frozen=True, kw_only=True):
    """Hold the time to remediate of a severity in days.

    `remediated` episodes count with their length, `censored` ones as lasting at least so long: they are open, nobody
    saw how they began, or they ended where rules, parameters or the tool changed. A quantile that too few findings
    reached is None: it is more than `longest_days`. `left` is the curve that they are read from, a step for each day on
    which one was remediated.
    """

    severity: Severity
    remediated: int
    censored: int
    median_days: int | None
    p90_days: int | None
    longest_days: int
    left: tuple[Left, ...]


class OwnerRemediation(Struct, frozen=True, kw_only=True):
    """Hold the time to remediate of an owner's findings in days, as Remediation does for a severity.

    `owner` is empty for resources without one, None for those whose owner no run knows.
    """

    owner: str | None
    remediated: int
    censored: int
    median_days: int | None
    p90_days: int | None
    longest_days: int


class Kept(Struct, frozen=True, kw_only=True):
    """Hold how an SLA of some days was kept for a severity.

    `within` and `late` are remediated findings whose beginning is known, `overdue` those that are not resolved and
    older now.
    """

    severity: Severity
    days: int
    within: int
    late: int
    overdue: int


def duration_of(episode: Episode, calendar: Calendar, config_rule_name: str) -> Duration:
    """Return how long an episode lasted, and whether it ended because somebody mended it."""
    mended = episode.resolved is not None and not calendar.asked_otherwise(episode.resolved, config_rule_name)
    return Duration(episode.age_days(calendar.newest), mended and not episode.at_least)


def remediation(severity: Severity, durations: Counter[Duration]) -> Remediation:
    """Return the time to remediate that durations come to."""
    left = tuple(Left(days, round(share, _DIGITS)) for days, share in _survival(durations))
    return Remediation(severity=severity, left=left, **_measured(durations))


_DIGITS = 4  # of a share


def by_owner(durations: Mapping[str | None, Counter[Duration]]) -> Sequence[OwnerRemediation]:
    """Return the times to remediate by owner, those with the most findings first; none where no owner is known."""
    if not any(owner is not None for owner in durations):
        return ()
    found = [OwnerRemediation(owner=owner, **_measured(each)) for owner, each in durations.items()]
    return sorted(found, key=lambda each: (-each.remediated - each.censored, each.owner is None, each.owner or ""))


def _measured(durations: Counter[Duration]) -> dict[str, Any]:
    """Return what is said of durations, by the names of fields."""
    ended = sum(count for each, count in durations.items() if each.ended)
    return {
        "remediated": ended,
        "censored": durations.total() - ended,
        "median_days": quantile(durations, MEDIAN),
        "p90_days": quantile(durations, P90),
        "longest_days": max((each.days for each in durations), default=0),
    }


def kept(severity: Severity, days: int, durations: Counter[Duration], ages: Counter[int]) -> Kept:
    """Return how an SLA was kept, by the durations of findings and the ages of those that it is about now."""
    within = sum(count for each, count in durations.items() if each.ended and each.days <= days)
    late = sum(count for each, count in durations.items() if each.ended and each.days > days)
    overdue = sum(count for age, count in ages.items() if age > days)
    return Kept(severity=severity, days=days, within=within, late=late, overdue=overdue)


def quantile(durations: Counter[Duration], share: float) -> int | None:
    """Return after how many days this share of all findings is remediated, None where it never comes to that."""
    return next((days for days, left in _survival(durations) if left <= 1 - share + _ROUNDING), None)


_ROUNDING = 1e-9


def _survival(durations: Counter[Duration]) -> Iterator[tuple[int, float]]:
    """Yield the days on which a finding was remediated, each with the share of findings that last longer."""
    left, share = durations.total(), 1.0
    for days in sorted({each.days for each in durations}):
        ended, censored = (durations[Duration(days, end)] for end in (True, False))
        if ended:
            share *= 1 - ended / left
            yield days, share
        left -= ended + censored
