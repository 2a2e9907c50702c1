"""The trend of a history, day by day."""

from collections.abc import Collection, Iterator, Sequence
from datetime import date

from auditor.history.calendar import Boundary
from auditor.history.remediation import Kept, OwnerRemediation, Remediation
from auditor.history.trend import Day, Gap, Trend
from auditor.judging.rule import Severity
from auditor.report.differences import sentence
from auditor.writers.blocks import Block, Items, Table, number
from auditor.writers.history.findings import owner

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
_MOST = 3  # differences of a boundary that are listed


def blocks(found: Trend) -> Iterator[Block]:
    """Yield the days, the changes of rules and release, the gaps, the times to remediate, and how the SLA was kept."""
    if not found.days:
        yield "No run in this period"
        return
    changed, accounts = {each.captured_at.date() for each in found.boundaries}, len(found.accounts)
    yield f"{number(accounts, 'account', 'accounts')}, {found.first} to {found.last} (days in UTC)"
    if only := narrowed(found):
        yield f"Only {only}"
    yield Table(_HEADS, [_day(day, accounts, changed) for day in found.days], right=_NUMBERS)
    if found.boundaries:
        yield f"{CHANGED}:"
        yield Items([boundary_text(each) for each in found.boundaries])
    yield "Gaps (days without a run):" if found.gaps else NO_GAPS
    yield Items([gap_text(gap) for gap in found.gaps])
    if found.remediation:
        yield "Days to remediate, open findings counted as lasting at least so long:"
        yield Table(REMEDIATION, [remediation_row(each) for each in found.remediation], right=(1, 2, 3, 4))
    if found.remediation_by_owner:
        yield "Days to remediate by owner:"
        rows = [owner_row(each) for each in found.remediation_by_owner[:MAX_OWNERS]]
        yield Table(("owner", *REMEDIATION[1:]), rows, right=(1, 2, 3, 4))
        if more := more_owners(found):
            yield more
    if found.sla:
        yield "SLA:"
        yield Table(SLA, [sla_row(each) for each in found.sla], right=(1, 2, 3, 4))


CHANGED = "Rules, parameters or the release changed, so findings may come or go though the account is the same"
NO_GAPS = "Gaps: none; from its first run on, every account has one on each day"


def narrowed(found: Trend) -> str:
    """Return the severities and rules that the trend was narrowed to; "" if it is about all findings."""
    return "; ".join(", ".join(each) for each in (found.severities, found.rules) if each)


def _day(day: Day, accounts: int, changed: Collection[date]) -> Sequence[str]:
    if not day.accounts:
        return str(day.date), f"0/{accounts}", *[""] * (len(_HEADS) - 3), "no run"
    notes = [f"{day.incomplete:,} incomplete"] if day.incomplete else []
    notes += ["rules changed, see below"] if day.date in changed else []
    counts = (*(day.open[severity] for severity in Severity), sum(day.open.values()), day.suppressed, day.not_seen)
    changes = (day.began, day.reopened, day.resolved)
    return (
        str(day.date),
        f"{day.accounts}/{accounts}",
        *(f"{each:,}" for each in (*counts, *changes)),
        "; ".join(notes),
    )


def boundary_text(each: Boundary) -> str:
    """Return the date and the account of changed rules, parameters or release, and the changes."""
    return f"{each.captured_at.date()} {changes_text(each)}"


def changes_text(each: Boundary) -> str:
    """Return the account of changed rules, parameters or release, and the changes."""
    texts = [sentence(difference) for difference in each.differences]
    more = f"; and {len(texts) - _MOST:,} more" if len(texts) > _MOST else ""
    return f"account {each.account}: {'; '.join(texts[:_MOST])}{more}"


def gap_text(gap: Gap) -> str:
    """Return the days of an account without a run."""
    days = str(gap.first) if gap.days == 1 else f"{gap.first} to {gap.last} ({gap.days:,} days)"
    return f"account {gap.account}: {days}"


REMEDIATION = ("severity", "remediated", "open or unclear", "median", "90th percentile")


def remediation_row(each: Remediation) -> Sequence[str]:
    """Return the times to remediate of a severity, in the columns of REMEDIATION."""
    return each.severity, *_times(each)


MAX_OWNERS = 50
"""How many owners are listed; the JSON trend has them all."""


def owner_row(each: OwnerRemediation) -> Sequence[str]:
    """Return the times to remediate of an owner, in the same columns as those of a severity."""
    return owner(each.owner), *_times(each)


def more_owners(found: Trend) -> str:
    """Return a note on the owners that are not listed; "" if all are."""
    more = len(found.remediation_by_owner) - MAX_OWNERS
    return f"And {number(more, 'owner', 'owners')} with fewer findings" if more > 0 else ""


def _times(each: Remediation | OwnerRemediation) -> Iterator[str]:
    yield from (f"{each.remediated:,}", f"{each.censored:,}")
    for days in (each.median_days, each.p90_days):
        yield f"more than {each.longest_days:,}" if days is None else f"{days:,}"


SLA = ("severity", "days allowed", "remediated in time", "later", "overdue now")


def sla_row(each: Kept) -> Sequence[str]:
    """Return how the SLA of a severity was kept, in the columns of SLA."""
    return each.severity, *(f"{number:,}" for number in (each.days, each.within, each.late, each.overdue))
