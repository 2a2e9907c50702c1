"""Timelines: values that change from run to run, stored as spans in which they stay the same."""

from collections.abc import Iterator, Sequence
from typing import Generic, NamedTuple, TypeVar

V = TypeVar("V")


class Span(NamedTuple, Generic[V]):
    """Hold a value from the run at `first` to the run at `last` (seconds since 1970); None: up to the newest run."""

    first: int
    last: int | None
    value: V

    def covers(self, time: int) -> bool:
        """Return whether the span includes the run of this time."""
        return self.first <= time and (self.last is None or time <= self.last)


class Moment(NamedTuple):
    """Hold the time of a run and of the runs before and after; None: it is the first or the newest."""

    before: int | None
    time: int
    after: int | None


def neighbours(times: Sequence[int], time: int) -> Moment:
    """Return the moment of a run, given the times of the other runs."""
    earlier, later = [each for each in times if each < time], [each for each in times if each > time]
    return Moment(max(earlier, default=None), time, min(later, default=None))


def at(spans: Sequence[Span[V]], time: int) -> V | None:
    """Return the value at a time, None if no span includes it."""
    return next((span.value for span in spans if span.covers(time)), None)


def placed(spans: Sequence[Span[V]], moment: Moment, value: V | None) -> Sequence[Span[V]]:
    """Return the spans with a value added for a new run; None: there is no value at that run.

    The result does not depend on the order in which runs are added: it has the fewest possible spans.
    """
    if at(spans, moment.time) == value:
        return spans
    kept = [part for span in spans for part in _without(span, moment)]
    if value is not None:
        kept.append(Span(moment.time, None if moment.after is None else moment.time, value))
    return _joined(sorted(kept, key=lambda span: span.first), moment)


def _without(span: Span[V], moment: Moment) -> Iterator[Span[V]]:
    """Yield what remains of a span when the run of the moment is removed from it."""
    if not span.covers(moment.time):
        yield span
        return
    if moment.before is not None and span.first <= moment.before:
        yield span._replace(last=moment.before)
    if moment.after is not None and (span.last is None or span.last >= moment.after):
        yield span._replace(first=moment.after)


def _joined(spans: Sequence[Span[V]], moment: Moment) -> Sequence[Span[V]]:
    """Return the spans with equal values at neighbouring runs merged."""
    seams = {(moment.before, moment.time), (moment.time, moment.after)}
    joined: list[Span[V]] = []
    for span in spans:
        if joined and joined[-1].value == span.value and (joined[-1].last, span.first) in seams:
            joined[-1] = joined[-1]._replace(last=span.last)
        else:
            joined.append(span)
    return joined


def until(spans: Sequence[Span[V]], time: int) -> Sequence[Span[V]]:
    """Return the spans as they were when the run of this time was the newest."""
    return [span._replace(last=None) if span.covers(time) else span for span in spans if span.first <= time]


def since(spans: Sequence[Span[V]], time: int) -> Sequence[Span[V]]:
    """Return the parts of spans from the run of this time on."""
    return [span._replace(first=max(span.first, time)) for span in spans if span.last is None or span.last >= time]


def in_sequence(values: Sequence[tuple[int, V | None]]) -> Sequence[Span[V]]:
    """Return spans for the values of all runs, which are ordered by time."""
    spans: Sequence[Span[V]] = ()
    before: int | None = None
    for time, value in values:
        spans = placed(spans, Moment(before, time, None), value)
        before = time
    return spans
