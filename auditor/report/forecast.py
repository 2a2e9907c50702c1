"""The forecast: which findings will appear only because time passes, if nobody uses, rotates or changes anything.

Each later day is judged like an audit of the same account at that time.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import timedelta
from enum import StrEnum
from functools import cached_property
from typing import Any, Literal

from msgspec import Struct

from auditor import __version__
from auditor.account.model import Snapshot
from auditor.account.report_age import without_old_report
from auditor.account.sources import Time
from auditor.errors import SourceError, UsageError
from auditor.judging.finding import Finding
from auditor.judging.rule import ComplianceType, ConfiguredRule, Severity
from auditor.judging.suppressions import Limits, Suppression, suppressed
from auditor.report.later import Findings, Later, moved
from auditor.report.report import AccountHeader, Tool
from auditor.selection.named import Rules, configured_rules

DAYS = 30
MOST_DAYS = 3_650
ASSUMPTION = "if nobody uses, rotates or changes anything, and the rules stay as they are"
_LIMITS = Limits()


class Becoming(StrEnum):
    """List what can happen to a finding: it opens, is no longer open, or can no longer be decided."""

    OPEN = "open"
    RESOLVED = "resolved"
    UNDECIDED = "undecided"


class Expected(Struct, frozen=True, kw_only=True):
    """Hold a finding that will change because time passes, as it will be on the first day after the change.

    `after_days` is counted from the capture time. `ended` is the suppression that ends then, or None.
    """

    at: Time
    after_days: int
    becomes: Becoming
    finding: Finding
    ended: dict[str, Any] | None


class Forecast(Struct, frozen=True, kw_only=True):
    """Hold a forecast; the fields are those of the JSON, whose format has the number `version`.

    `expected` is sorted by time. `undecided` are the findings that have INSUFFICIENT_DATA at the capture time: it is
    unknown when they will fail. `timed_rules` are the rules whose verdicts depend on the time, `failed_rules` those
    that raised an error.
    """

    format: Literal["iam-audit-forecast"] = "iam-audit-forecast"
    version: Literal[1] = 1
    tool: Tool
    account: AccountHeader
    captured_at: Time
    until: Time
    days: int
    assumption: str = ASSUMPTION
    open_now: int
    timed_rules: tuple[str, ...]
    failed_rules: tuple[str, ...]
    expected: tuple[Expected, ...]
    undecided: tuple[Finding, ...]


def forecast(
    snapshot: Snapshot,
    rules: Rules = None,
    parameters: Mapping[str, Mapping[str, object]] | None = None,
    *,
    days: int = DAYS,
    suppressions: Sequence[Suppression] = (),
    suppression_limits: Limits = _LIMITS,
    max_report_age: timedelta | None = None,
) -> Forecast:
    """Return how the findings of a snapshot will change in the days after its capture, only because time passes.

    The arguments are those of `audit`; suppressions end on their dates. Raises SourceError for a snapshot
    of unknown time, UsageError for a number of days that is not 1 to 3,650, and the errors of `audit`.
    """
    if not 1 <= days <= MOST_DAYS:
        raise UsageError(f"a forecast is of 1 to {MOST_DAYS:,} days, not {days:,}", "Ask for fewer days.")
    moved(snapshot, days)  # raises if the time is too far ahead, also if no rule reads a time
    believed = snapshot if max_report_age is None else without_old_report(snapshot, max_report_age)
    return _Forecaster(believed, configured_rules(rules, parameters), suppressions, suppression_limits).over(days)


class _Forecaster:
    """Judge a snapshot at later times."""

    def __init__(
        self, snapshot: Snapshot, rules: Sequence[ConfiguredRule], suppressions: Sequence[Suppression], limits: Limits
    ) -> None:
        if snapshot.captured_at is None:
            hint = "Give --captured-at TIME with --exports; a snapshot without a capture time must be read again."
            raise SourceError("the capture time of the account is unknown, from which a forecast counts", hint)
        self._snapshot, self._captured_at = snapshot, snapshot.captured_at
        self._suppressions, self._limits = suppressions, limits
        self._ids = {each.config_rule_name: each.rule.id for each in rules}
        self._later = Later(snapshot, rules)
        names = {each.config_rule_name for each in self._later.timed}
        watched = names | {name for name, rule in self._ids.items() if self._is_suppressed(name, rule)}
        self._watched = {key: each for key, each in self._later.now.items() if each.config_rule_name in watched}

    def _is_suppressed(self, name: str, rule_id: str) -> bool:
        return any(each.rule in (name, rule_id) for each in self._suppressions)

    def over(self, days: int) -> Forecast:
        every = self._marked(self._later.now, 0).values()
        expected = list(self._expected(days))
        account = self._snapshot.account
        return Forecast(
            tool=Tool("iam-audit", __version__),
            account=AccountHeader(account.id, account.alias, account.partition),
            captured_at=self._captured_at,
            until=self._captured_at + timedelta(days=days),
            days=days,
            open_now=sum(_standing(each) is Becoming.OPEN for each in every),
            timed_rules=tuple(each.config_rule_name for each in self._later.timed),
            failed_rules=tuple(self._later.failed),
            expected=tuple(expected),
            undecided=tuple(each for each in every if _standing(each) is Becoming.UNDECIDED),
        )

    def _expected(self, days: int) -> Iterator[Expected]:
        """Yield the changes day by day, the most severe of each day first."""
        changes = self._later.changes(days)
        raw, before = self._watched, self._marked(self._watched, 0)
        for day in range(1, days + 1):
            if day not in changes and day not in self._ending:
                continue
            raw = {**raw, **changes.get(day, {})}
            after = self._marked(raw, day)
            keys = [key for key, each in after.items() if _standing(each) is not _standing(before.get(key))]
            exact = self._marked(self._later.on(day, [raw[key] for key in keys]), day)
            yield from sorted((self._change(day, exact[key], before.get(key)) for key in keys), key=_severity)
            before = after

    @cached_property
    def _ending(self) -> Collection[int]:
        """Return the days on which a suppression has ended."""
        first = self._captured_at.date()
        return {(each.until - first).days + 1 for each in self._suppressions}

    def _change(self, day: int, now: Finding, before: Finding | None) -> Expected:
        ended = before.suppression if before is not None and now.suppression is None else None
        at = self._captured_at + timedelta(days=day)
        return Expected(at=at, after_days=day, becomes=_standing(now), finding=now, ended=ended)

    def _marked(self, findings: Findings, day: int) -> Findings:
        """Return findings with the suppressions that are in force on a day."""
        if not self._suppressions:
            return findings
        today = (self._captured_at + timedelta(days=day)).date()
        found, _ = suppressed(findings.values(), self._suppressions, self._snapshot, self._ids, self._limits, today)
        return {each.fingerprint: each for each in found}


def _standing(finding: Finding | None) -> Becoming:
    if finding is None or finding.suppression is not None:
        return Becoming.RESOLVED
    if finding.compliance_type is ComplianceType.NON_COMPLIANT:
        return Becoming.OPEN
    return Becoming.UNDECIDED if finding.compliance_type is ComplianceType.INSUFFICIENT_DATA else Becoming.RESOLVED


_SEVERITIES = list(Severity)


def _severity(expected: Expected) -> int:
    return _SEVERITIES.index(expected.finding.severity or Severity.LOW)
