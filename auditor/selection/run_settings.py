"""The settings of a run: output, gate and suppressions, each with its origin."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from msgspec import Struct

from auditor.judging.rule import Severity
from auditor.judging.suppressions import Limits, Suppression
from auditor.selection.config import Loaded
from auditor.selection.options import RunOptions
from auditor.selection.settings import OPTION, Sourced


class RunSettings(Struct, frozen=True, kw_only=True):
    """Hold the settings of output, gate and suppressions; ages in hours."""

    files: Sourced[Sequence[str]]
    output_format: Sourced[str]
    fail_on: Sourced[str]
    min_severity: Sourced[str]
    allow_incomplete: Sourced[bool]
    max_report_age: Sourced[float | None]
    max_snapshot_age: Sourced[float | None]
    baseline: Sourced[str | None]
    sla: Mapping[Severity, Sourced[int | None]]
    history: Sourced[str | None]
    owner_tag: Sourced[str | None]
    max_days: Sourced[int]
    max_findings: Sourced[int]
    suppressions: Sourced[Sequence[Suppression]]

    @property
    def paths(self) -> Sequence[str]:
        """Return the files to write, relative to the working folder."""
        return [self.files.origin.located(path) for path in self.files.value]

    @property
    def baseline_path(self) -> str | None:
        """Return the file of the baseline, relative to the working folder."""
        path = self.baseline.value
        return None if path is None else self.baseline.origin.located(path)

    @property
    def history_path(self) -> str | None:
        """Return the file of the history, relative to the working folder."""
        path = self.history.value
        return None if path is None else self.history.origin.located(path)

    @property
    def oldest_report(self) -> timedelta | None:
        """Return the age above which the facts of a credential report are treated as unknown."""
        return _age(self.max_report_age)

    @property
    def oldest_snapshot(self) -> timedelta | None:
        """Return the age above which a stored snapshot or an export is rejected."""
        return _age(self.max_snapshot_age)

    @property
    def days_allowed(self) -> Mapping[Severity, int]:
        """Return how many days findings may stay open, by severity, for those that have a limit."""
        return {severity: days.value for severity, days in self.sla.items() if days.value is not None}

    @property
    def suppression_limits(self) -> Limits:
        """Return the limits of suppressions."""
        return Limits(max_days=self.max_days.value, max_findings=self.max_findings.value)


def _age(hours: Sourced[float | None]) -> timedelta | None:
    return None if hours.value is None else timedelta(hours=hours.value)


def run_settings(options: RunOptions, loaded: Loaded) -> RunSettings:
    """Return the settings of a run, except those that select rules."""

    def either(given: object, table: str, key: str) -> Sourced[Any]:
        return loaded.setting(table, key) if given is None else Sourced(given, OPTION)

    return RunSettings(
        files=either(options.paths or None, "output", "files"),
        output_format=either(options.output_format, "output", "format"),
        fail_on=either(options.fail_on, "gate", "fail_on"),
        min_severity=either(options.min_severity, "gate", "min_severity"),
        allow_incomplete=either(options.allow_incomplete, "gate", "allow_incomplete"),
        max_report_age=either(options.max_report_age, "gate", "max_report_age"),
        max_snapshot_age=either(options.max_snapshot_age, "gate", "max_snapshot_age"),
        baseline=either(options.baseline, "gate", "baseline"),
        sla={severity: loaded.setting("sla", severity.lower()) for severity in Severity},
        history=either(options.history, "history", "file"),
        owner_tag=loaded.setting("history", "owner_tag"),
        max_days=loaded.setting("suppression_limits", "max_days"),
        max_findings=loaded.setting("suppression_limits", "max_findings"),
        suppressions=loaded.setting("suppressions"),
    )
