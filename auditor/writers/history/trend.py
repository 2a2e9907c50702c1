"""The trend as text."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date

from auditor.history.calendar import Boundary
from auditor.history.remediation import Remediation
from auditor.history.trend import Day, Gap, Trend
from auditor.judging.rule import Severity
from auditor.report.differences import sentence
from auditor.writers.history.columns import number, table
from auditor.writers.visible import visible

_COUNTS = (
    *(severity.value for severity in Severity),
    "open",
    "suppressed",
    "not seen",
    "began",
    "reopened",
    "resolved",
)
_HEADS = ("day", "runs", *_COUNTS, "notes")
_NUMBERS = range(1, len(_HEADS) - 1)
_MOST = 3  # differences of a boundary that are written out


def lines(found: Trend) -> Iterator[str]:
    """Yield the days, the changes of what was asked, the gaps, and the times to remediate."""
    if not found.days:
        yield "No run in this period"
        return
    changed = _changed(found.boundaries)
    yield f"{number(found.accounts, 'account', 'accounts')}, {found.first} to {found.last} (days in UTC)"
    yield from table(_HEADS, [_day(day, found.accounts, changed) for day in found.days], right=_NUMBERS)
    yield from _boundaries(found.boundaries)
    yield from _gaps(found)
    if found.remediation:
        yield "Days to remediate, open findings counted as lasting at least so long:"
        yield from table(_REMEDIATION, [_remediation(each) for each in found.remediation], right=(1, 2, 3, 4))


def _day(day: Day, accounts: int, changed: Mapping[date, int]) -> Sequence[str]:
    if not day.accounts:
        return str(day.date), f"0/{accounts}", *[""] * (len(_HEADS) - 3), "no run"
    notes = [f"{day.incomplete:,} incomplete"] if day.incomplete else []
    notes += ["rules changed, see below"] if day.date in changed else []
    counts = (*(day.open[severity] for severity in Severity), sum(day.open.values()), day.suppressed, day.not_seen)
    happened = (day.began, day.reopened, day.resolved)
    return (
        str(day.date),
        f"{day.accounts}/{accounts}",
        *(f"{each:,}" for each in (*counts, *happened)),
        "; ".join(notes),
    )


def _changed(boundaries: Sequence[Boundary]) -> Mapping[date, int]:
    return {each.captured_at.date(): len(each.differences) for each in boundaries}


def _boundaries(boundaries: Sequence[Boundary]) -> Iterator[str]:
    if boundaries:
        yield "Rules, parameters or the release changed, so findings may come or go though the account is the same:"
    for each in boundaries:
        texts = [sentence(difference) for difference in each.differences]
        more = f"; and {len(texts) - _MOST:,} more" if len(texts) > _MOST else ""
        yield f"  {each.captured_at.date()} account {each.account}: {visible('; '.join(texts[:_MOST]))}{more}"


def _gaps(found: Trend) -> Iterator[str]:
    if not found.gaps:
        yield "Gaps: none; from its first run on, every account has one on each day"
        return
    yield "Gaps (days without a run):"
    yield from (f"  {_gap(gap)}" for gap in found.gaps)


def _gap(gap: Gap) -> str:
    days = str(gap.first) if gap.days == 1 else f"{gap.first} to {gap.last} ({gap.days:,} days)"
    return f"account {gap.account}: {days}"


_REMEDIATION = ("severity", "remediated", "open or unclear", "median", "90th percentile")


def _remediation(each: Remediation) -> Sequence[str]:
    quantiles = (f"more than {each.longest_days:,}" if days is None else f"{days:,}" for days in _quantiles(each))
    return each.severity, f"{each.remediated:,}", f"{each.censored:,}", *quantiles


def _quantiles(each: Remediation) -> tuple[int | None, int | None]:
    return each.median_days, each.p90_days
