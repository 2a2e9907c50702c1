"""The selection of a command: which findings, and which days."""

from collections.abc import Collection
from datetime import date

from msgspec import Struct

from auditor.errors import UsageError
from auditor.history.calendar import day_number
from auditor.judging.rule import Severity


class Wanted(Struct, frozen=True, kw_only=True):
    """Hold the selection of findings; empty: all."""

    accounts: Collection[str] = ()
    rules: Collection[str] = ()
    severities: Collection[str] = ()

    def takes(self, config_rule_name: str, severity: Severity) -> bool:
        """Return whether a finding of a rule is selected."""
        named = not self.rules or config_rule_name in self.rules
        return named and (not self.severities or severity in self.severities)


class Period(Struct, frozen=True):
    """Hold the first and last selected day, None: those of the history."""

    since: date | None = None
    until: date | None = None

    def __post_init__(self) -> None:
        """Raise UsageError if the last day is before the first."""
        if self.since is not None and self.until is not None and self.until < self.since:
            raise UsageError(f"--until {self.until} is before --since {self.since}", "Give the earlier day as --since.")

    def has(self, day: int) -> bool:
        """Return whether a day, in days since 1970, is selected."""
        return self.overlaps(day, day)

    def overlaps(self, first: int, last: int) -> bool:
        """Return whether a day from first to last is selected."""
        after = self.since is None or last >= day_number(self.since)
        return after and (self.until is None or first <= day_number(self.until))
