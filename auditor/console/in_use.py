"""What the configuration file in use decides of a run, for its report."""

from collections.abc import Sequence
from typing import TypeVar

from auditor.report.configuration import ConfigurationSummary
from auditor.report.report import Report
from auditor.selection.plan import Plan
from auditor.selection.settings import OriginKind, Sourced

T = TypeVar("T")


def summary(plan: Plan, report: Report) -> ConfigurationSummary | None:
    """Return what the file decides; None where no file is in use. What an option decides is not the file's."""
    if plan.loaded.path is None:
        return None
    return ConfigurationSummary(
        file=str(plan.loaded.path),
        excluded=tuple(sorted({name for names in _excluded(plan) for name in names})),
        suppressed=report.summary.suppressed,
        fail_on=_of_file(plan.run.fail_on),
        min_severity=_of_file(plan.run.min_severity),
        allow_incomplete=_of_file(plan.run.allow_incomplete),
        max_report_age=_of_file(plan.run.max_report_age),
    )


def _excluded(plan: Plan) -> list[Sequence[str]]:
    return [each.value for each in plan.selection.excluded if each.origin.kind is OriginKind.FILE]


def _of_file(setting: Sourced[T]) -> T | None:
    return setting.value if setting.origin.kind is OriginKind.FILE else None
