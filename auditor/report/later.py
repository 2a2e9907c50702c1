"""Judging an account at later times: which findings change only because time passes, and on which day."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime, timedelta
from typing import Any

from msgspec import structs

from auditor.account.index import Index
from auditor.account.kinds import KINDS
from auditor.account.model import Snapshot
from auditor.account.sources import SourceRecord
from auditor.account.unknown import Listing
from auditor.errors import SourceError
from auditor.judging.engine import RULE_ERROR, Evaluation, evaluate
from auditor.judging.finding import Finding
from auditor.judging.rule import ConfiguredRule, RuleOrigin

Findings = Mapping[str, Finding]
"""Findings by their fingerprints."""


def moved(snapshot: Snapshot, days: int) -> Snapshot:
    """Return a snapshot as if it had been read this many days later; raise SourceError beyond the year 9999."""
    step = timedelta(days=days)

    def later(time: datetime | None) -> datetime | None:
        return None if time is None else time + step

    def read_later(source: SourceRecord) -> SourceRecord:
        return structs.replace(source, read_at=later(source.read_at))

    try:
        return structs.replace(
            snapshot,
            captured_at=later(snapshot.captured_at),
            report_generated_at=later(snapshot.report_generated_at),
            sources=tuple(map(read_later, snapshot.sources)),
        )
    except OverflowError as error:
        raise SourceError("the snapshot is of a time too far ahead", "Forecast fewer days.") from error


_TIMES = frozenset({"captured_at", "report_generated_at"})
_read_times: ContextVar[set[str] | None] = ContextVar("_read_times", default=None)


class _Watched(Snapshot, frozen=True):
    """Hold a snapshot that records which of its times are read inside a _watching block."""

    def __getattribute__(self, name: str) -> Any:
        if name in _TIMES and (read := _read_times.get()) is not None:
            read.add(name)
        return super().__getattribute__(name)


@contextmanager
def _watching() -> Iterator[set[str]]:
    """Yield a set that collects the names of the times that are read from watched snapshots inside the block."""
    read: set[str] = set()
    token = _read_times.set(read)
    try:
        yield read
    finally:
        _read_times.reset(token)


class Later:
    """Judge a snapshot by rules, now and on later days; rules that read no time are evaluated once."""

    def __init__(self, snapshot: Snapshot, rules: Sequence[ConfiguredRule]) -> None:
        self._snapshot, self._index = snapshot, Index(snapshot)
        self.failed: dict[str, None] = {}
        self.now = self._judged(snapshot, rules)
        self.timed = [each for each in rules if self._reads_time(each)]

    def _reads_time(self, rule: ConfiguredRule) -> bool:
        """Return whether a rule reads a time; the verdicts of other rules do not change."""
        watched = _Watched(**{name: getattr(self._snapshot, name) for name in Snapshot.__struct_fields__})
        with _watching() as read:
            evaluate(watched, [rule], self._index)
        return bool(read)

    def _judged(self, snapshot: Snapshot, rules: Sequence[ConfiguredRule]) -> Findings:
        evaluation: Evaluation = evaluate(snapshot, rules, self._index)
        errors = (each for each in evaluation.notices if each.notice.code == RULE_ERROR)
        self.failed |= dict.fromkeys(each.config_rule_name for each in errors)
        return {each.fingerprint: each for each in evaluation.findings}

    def changes(self, days: int) -> Mapping[int, Findings]:
        """Return, by day, the findings whose compliance type differs from the day before, for this many days.

        Verdicts of our own rules and AWS's never change back as time passes, so days between two with equal verdicts
        need not be judged. Rules of plug-ins may change back, so each day is judged.
        """
        found: defaultdict[int, dict[str, Finding]] = defaultdict(dict)
        plugins = [each for each in self.timed if each.rule.origin is RuleOrigin.PLUGIN]
        ours = [each for each in self.timed if each.rule.origin is not RuleOrigin.PLUGIN]
        if ours:
            self._between((0, self.now), (days, self._judged(moved(self._snapshot, days), ours)), ours, found)
        before = self.now
        for day in range(1, days + 1 if plugins else 0):
            after = self._judged(moved(self._snapshot, day), plugins)
            found[day] |= {key: after[key] for key in _differing(before, after)}
            before = after
        return found

    def _between(
        self,
        start: tuple[int, Findings],
        end: tuple[int, Findings],
        rules: Sequence[ConfiguredRule],
        found: Mapping[int, dict[str, Finding]],
    ) -> None:
        """Find, by bisection, the days on which findings change that differ between two days."""
        (first, before), (last, after) = start, end
        differing = _differing(before, after)
        if not differing:
            return
        if last - first == 1:
            found[last].update({key: after[key] for key in differing})
            return
        middle = (first + last) // 2
        seen = self.on(middle, [after[key] for key in differing])
        self._between(start, (middle, seen), rules, found)
        self._between((middle, seen), (last, {key: after[key] for key in seen}), rules, found)

    def on(self, day: int, findings: Iterable[Finding]) -> Findings:
        """Return findings as they are on a later day; only their resources are judged."""
        wanted = {each.fingerprint: each for each in findings}
        names = {each.config_rule_name for each in wanted.values()}
        rules = [each for each in self.timed if each.config_rule_name in names]
        judged = self._judged(_only(moved(self._snapshot, day), wanted.values()), rules)
        return {key: judged.get(key, each) for key, each in wanted.items()}


def _differing(before: Findings, after: Findings) -> Sequence[str]:
    """Return the keys of the later day's findings that are new or have another compliance type."""
    return [
        key
        for key, each in after.items()
        if key not in before or before[key].compliance_type is not each.compliance_type
    ]


def _only(snapshot: Snapshot, findings: Iterable[Finding]) -> Snapshot:
    """Return a snapshot with only the resources of findings, to be judged with the index of the whole snapshot."""
    wanted = {(each.resource_type, each.resource_arn or each.resource_name) for each in findings}
    lists = {}
    for kind in KINDS:
        if kind.listing is not None:
            listing = kind.resources(snapshot)
            pairs = zip(listing.known_part, kind.identities(listing.known_part), strict=True)
            kept = tuple(record for record, each in pairs if (kind.resource_type, each.arn or each.name) in wanted)
            lists[kind.listing] = Listing(kept, listing.gap)
    return structs.replace(snapshot, **lists)
