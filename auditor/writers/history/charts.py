"""Charts of a trend, as the numbers and paths of small SVGs, in which every day is one unit wide.

The page stretches the shapes to its width. Texts are placed beside them, in per cent, so that they are not stretched.
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import date
from itertools import pairwise
from typing import NamedTuple

from auditor.history.remediation import Kept, Remediation
from auditor.history.trend import Day, Trend
from auditor.judging.rule import Severity

_STEPS = (1, 2, 5)
_TICKS = 4  # approximate number of lines across a chart
_LABELS = 10  # dates below a chart, at most
_NARROWEST = 14  # days across a chart; with fewer days the right of it is empty
_YEAR = 330  # days; from this length on, dates are shown as months
_APART = 3.5  # per cent, at least, between the numbers of two marks


class Shape(NamedTuple):
    """Hold the path of everything in one colour; `kind` names the colour."""

    kind: str
    path: str


class Label(NamedTuple):
    """Hold a text and its place, in per cent from the left or from the top."""

    at: float
    text: str
    minor: bool = False


class Band(NamedTuple):
    """Hold a range of days, as per cent from the left and per cent of the width."""

    left: float
    width: float


class Chart(NamedTuple):
    """Hold a chart of days: its shapes, its size in their units, and the labels of its lines."""

    shapes: Sequence[Shape]
    width: int
    height: int
    lines: Sequence[Label]


class Mark(NamedTuple):
    """Hold the line for a day on which something changed; `shown` means that there is room for its number."""

    at: float
    number: int
    shown: bool


def open_findings(days: Sequence[Day]) -> Chart:
    """Return the chart of open findings by severity, the most severe at the bottom, with those not seen on top.

    Days without a run are empty.
    """
    layers = {
        **{severity.value: [day.open[severity] for day in days] for severity in Severity},
        "not_seen": [day.not_seen for day in days],
    }
    step, top = scale(max(map(sum, zip(*layers.values(), strict=True)), default=0))
    below = [0] * len(days)
    shapes = []
    for kind, counts in layers.items():
        above = [low + count for low, count in zip(below, counts, strict=True)]
        shapes.append(Shape(kind, "".join(_areas(below, above, top))))
        below = above
    return Chart([each for each in shapes if each.path], _width(days), top, _lines(0, top, step))


def _areas(below: Sequence[int], above: Sequence[int], top: int) -> Iterator[str]:
    """Yield an area for each range of days on which the upper height is above the lower one."""
    places = [place for place, height in enumerate(above) if height > below[place]]
    for run in _in_a_row(places):
        upper = "".join(f"V{top - above[place]}h1" for place in run)
        lower = "".join(f"V{top - below[place]}h-1" for place in reversed(run))
        yield f"M{run[0]},{top - below[run[0]]}{upper}{lower}z"


def changes(days: Sequence[Day]) -> Chart:
    """Return the chart of findings that began on each day, upwards, and that were resolved, downwards."""
    up, down = (max((count(day) for day in days), default=0) for count in (_began, _resolved))
    step, _ = scale(max(up, down))
    top, bottom = (-(-most // step) * step for most in (max(up, 1), down))
    shapes = [
        Shape("reopened", "".join(_bars(days, lambda day: (top, day.reopened)))),
        Shape("began", "".join(_bars(days, lambda day: (top - day.reopened, day.began - day.reopened)))),
        Shape("resolved", "".join(_bars(days, lambda day: (top + day.resolved, day.resolved)))),
    ]
    return Chart([each for each in shapes if each.path], _width(days), top + bottom, _lines(-bottom, top, step))


def _began(day: Day) -> int:
    return day.began


def _resolved(day: Day) -> int:
    return day.resolved


def _bars(days: Sequence[Day], bar: Callable[[Day], tuple[int, int]]) -> Iterator[str]:
    """Yield a bar for each day with a height above 0; `bar` returns its foot and its height."""
    for place, day in enumerate(days):
        foot, height = bar(day)
        if height:
            yield f"M{place + 0.1:g},{foot}v{-height}h.8v{height}z"


def runs(trend: Trend) -> Sequence[Shape]:
    """Return the strip that shows for each day whether all or some accounts were audited, and whether completely."""
    kinds = [_kind_of_day(day, len(trend.accounts)) for day in trend.days]
    paths = {
        kind: "".join(
            f"M{run[0]},0h{len(run)}v1h-{len(run)}z"
            for run in _in_a_row([at for at, each in enumerate(kinds) if each == kind])
        )
        for kind in ("whole", "some", "incomplete")
    }
    return [Shape(kind, path) for kind, path in paths.items() if path]


def _kind_of_day(day: Day, accounts: int) -> str:
    if not day.accounts:
        return "none"
    return "incomplete" if day.incomplete else "whole" if day.accounts == accounts else "some"


def without_run(days: Sequence[Day]) -> Sequence[Band]:
    """Return the days on which no account was audited."""
    found = _in_a_row([place for place, day in enumerate(days) if not day.accounts])
    return [Band(_share(run[0], _width(days)), _share(len(run), _width(days))) for run in found]


def marks(days: Sequence[Day], changed: Sequence[date]) -> Sequence[Mark]:
    """Return the days on which something changed, numbered from 1."""
    first, found = days[0].date, []
    last = -_APART
    for number, day in enumerate(changed, start=1):
        at = _share((day - first).days, _width(days))
        shown = at - last >= _APART
        found.append(Mark(at, number, shown))
        last = at if shown else last
    return found


def dates(days: Sequence[Day]) -> Sequence[Label]:
    """Return the dates below a chart, in equal steps; every second one is minor."""
    step = max(1, -(-len(days) // _LABELS))
    places, form = range(0, len(days), step), "%d %b" if len(days) < _YEAR else "%b %Y"
    return [
        Label(_share(place + 0.5, _width(days)), f"{days[place].date:{form}}".lstrip("0"), minor=number % 2 > 0)
        for number, place in enumerate(places)
    ]


class Curve(NamedTuple):
    """Hold the curve of a severity, and the days that the SLA allows for it, in per cent from the left."""

    severity: Severity
    path: str
    allowed: Label | None


class Durations(NamedTuple):
    """Hold the chart of the share of findings that was not remediated after a number of days."""

    curves: Sequence[Curve]
    width: int
    dates: Sequence[Label]


def durations(remediation: Sequence[Remediation], sla: Sequence[Kept]) -> Durations:
    """Return the curves of the time to remediate, up to the longest time or the most days that an SLA allows."""
    allowed = {each.severity: each.days for each in sla if any(each.severity is one.severity for one in remediation)}
    longest = max((each.longest_days for each in remediation), default=0)
    step, width = scale(max(longest, *allowed.values(), 1) if allowed else max(longest, 1))
    curves = [Curve(each.severity, _curve(each), _allowed(allowed.get(each.severity), width)) for each in remediation]
    return Durations(curves, width, [Label(_share(day, width), f"{day:,}") for day in range(0, width + 1, step)])


def _curve(each: Remediation) -> str:
    steps = "".join(f"H{left.days}V{100 * (1 - left.share):g}" for left in each.left)
    return f"M0,0{steps}H{each.longest_days}"


def _allowed(days: int | None, width: int) -> Label | None:
    return None if days is None else Label(_share(days, width), f"{days:,}")


def scale(most: int) -> tuple[int, int]:
    """Return the step between the lines of a chart, and the smallest multiple of it that is at least `most`."""
    wanted, power = max(most / _TICKS, 1), 1
    while wanted > _STEPS[-1] * power:
        power *= 10
    step = next(each * power for each in _STEPS if each * power >= wanted)
    return step, max(-(-most // step) * step, step)


def _lines(bottom: int, top: int, step: int) -> Sequence[Label]:
    return [Label(_share(top - value, top - bottom), f"{abs(value):,}") for value in range(bottom, top + 1, step)]


def _width(days: Sequence[Day]) -> int:
    return max(len(days), _NARROWEST)


def _in_a_row(places: Sequence[int]) -> Sequence[Sequence[int]]:
    """Return the numbers split into ranges of consecutive ones."""
    seams = [0, *(at for at, (one, two) in enumerate(pairwise(places), start=1) if two - one > 1), len(places)]
    return [places[start:end] for start, end in pairwise(seams) if end > start]


def _share(part: float, whole: int) -> float:
    return round(100 * part / whole, 3)
