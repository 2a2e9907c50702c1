"""The trend as one HTML file with SVG charts, which opens from disk, runs no script and makes no request."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import BinaryIO, NamedTuple

from auditor import __version__
from auditor.history.calendar import Boundary
from auditor.history.trend import Day, Trend
from auditor.judging.rule import Severity
from auditor.writers.blocks import number
from auditor.writers.history import charts
from auditor.writers.history import trend as texts
from auditor.writers.html import asset, csp_hash, page_environment

MAX_ROWS = 1_000  # days of the table, and days with a hint; the JSON trend has them all
MAX_LISTED = 200  # boundaries and gaps that are listed


class _Change(NamedTuple):
    day: date
    texts: Sequence[str]
    more: int


def write(trend: Trend, stream: BinaryIO) -> None:
    """Write the trend as one HTML document; the same trend gives the same bytes."""
    style = asset("report.css", "history/trend.css")
    page = page_environment().get_template("history/trend.html.jinja")
    text = page.render(
        trend=trend,
        subject=_subject(trend),
        narrowed=texts.narrowed(trend),
        version=__version__,
        facts=list(_facts(trend)),
        severities=list(Severity),
        tiles=list(_tiles(trend)),
        drawn=_drawn(trend),
        durations=charts.durations(trend.remediation, trend.sla),
        remediation=[texts.remediation_row(each) for each in trend.remediation],
        owners=[texts.owner_row(each) for each in trend.remediation_by_owner[: texts.MAX_OWNERS]],
        more_owners=texts.more_owners(trend),
        gaps=[texts.gap_text(gap) for gap in trend.gaps[:MAX_LISTED]],
        no_gaps=texts.NO_GAPS,
        rows=trend.days[-MAX_ROWS:],
        style=style,
        style_hash=csp_hash(style),
    )
    stream.write(text.encode("utf-8", "backslashreplace"))


def _subject(trend: Trend) -> str:
    return trend.accounts[0].account if len(trend.accounts) == 1 else f"{len(trend.accounts):,} accounts"


def _facts(trend: Trend) -> Iterator[tuple[str, str]]:
    if not trend.days:
        return
    seen = sum(day.accounts > 0 for day in trend.days)
    yield "Period (days in UTC)", f"{trend.first} to {trend.last}"
    yield "Days with a run", f"{seen:,} of {len(trend.days):,}"
    yield "Incomplete days", f"{sum(day.incomplete > 0 for day in trend.days):,}"
    yield "Runs of all time", f"{sum(each.runs for each in trend.accounts):,}"


class _Tile(NamedTuple):
    title: str
    total: int
    note: str


def _tiles(trend: Trend) -> Iterator[_Tile]:
    """Yield the most important counts: those of the newest day with a run, and the sums of the period."""
    seen = [day for day in trend.days if day.accounts]
    if not seen:
        return
    newest, before = seen[-1], sum(seen[0].open.values())
    now = sum(newest.open.values())
    step = f"{'more' if now > before else 'fewer'} than on {seen[0].date}"
    yield _Tile("Open", now, f"{abs(now - before):,} {step}" if now != before else f"as many as on {seen[0].date}")
    yield _Tile("Not seen", newest.not_seen, "open before, and nothing is proven")
    yield _Tile("Suppressed", newest.suppressed, "not counted as open")
    if trend.sla:
        yield _Tile("Overdue", sum(each.overdue for each in trend.sla), "by the SLA")
    reopened = sum(day.reopened for day in trend.days)
    yield _Tile("New", sum(day.began for day in trend.days), f"{reopened:,} of them reopened")
    yield _Tile("Resolved", sum(day.resolved for day in trend.days), "in this period")


class _Drawn(NamedTuple):
    """Hold the charts of days, and their labels."""

    open: charts.Chart
    changes: charts.Chart
    runs: Sequence[charts.Shape]
    without_run: Sequence[charts.Band]
    marks: Sequence[charts.Mark]
    dates: Sequence[charts.Label]
    hints: Sequence[str]
    changed: Sequence[_Change]


def _drawn(trend: Trend) -> _Drawn | None:
    if not trend.days:
        return None
    changed = _changed(trend.boundaries)
    return _Drawn(
        open=charts.open_findings(trend.days),
        changes=charts.changes(trend.days),
        runs=charts.runs(trend),
        without_run=charts.without_run(trend.days),
        marks=charts.marks(trend.days, list(changed)),
        dates=charts.dates(trend.days),
        hints=[_hint(day) for day in trend.days] if len(trend.days) <= MAX_ROWS else [],
        changed=list(changed.values()),
    )


def _changed(boundaries: Sequence[Boundary]) -> Mapping[date, _Change]:
    """Return the changes of each day, with the number of those that are not listed."""
    by_day: dict[date, list[Boundary]] = {}
    for each in sorted(boundaries, key=lambda each: each.captured_at):
        by_day.setdefault(each.captured_at.date(), []).append(each)
    return {
        day: _Change(day, [texts.changes_text(each) for each in of_day[:_LISTED_A_DAY]], len(of_day[_LISTED_A_DAY:]))
        for day, of_day in by_day.items()
    }


_LISTED_A_DAY = 5


def _hint(day: Day) -> str:
    """Return the text that is shown when the pointer is over a day."""
    if not day.accounts:
        return f"{day.date}: no run"
    by_severity = ", ".join(f"{count:,} {severity}" for severity, count in day.open.items() if count)
    counts = f"{sum(day.open.values()):,} open{f' ({by_severity})' if by_severity else ''}"
    unread = f"; {number(day.incomplete, 'account', 'accounts')} incomplete" if day.incomplete else ""
    return f"{day.date}: {counts}, {day.began:,} new, {day.resolved:,} resolved{unread}"
