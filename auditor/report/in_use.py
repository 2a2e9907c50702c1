"""Summarizing the effects of the configuration file on a run, for its report."""

from collections.abc import Iterator, Sequence
from typing import TypeVar

from msgspec import structs, to_builtins

from auditor.account.model import Snapshot
from auditor.report.configuration import ConfigurationSummary
from auditor.report.owners import owners
from auditor.report.report import Report
from auditor.selection.plan import Plan
from auditor.selection.settings import OriginKind, Sourced

T = TypeVar("T")
_LONGEST = 80  # characters of a parameter's value


def summary(plan: Plan, suppressed: int) -> ConfigurationSummary | None:
    """Return the settings that come from the configuration file, not from options; None if there is no file.

    `suppressed` is the number of findings that its suppressions set aside.
    """
    if plan.loaded.path is None:
        return None
    return ConfigurationSummary(
        file=str(plan.loaded.path),
        excluded=tuple(sorted({name for names in _excluded(plan) for name in names})),
        suppressed=suppressed,
        fail_on=_of_file(plan.run.fail_on),
        min_severity=_of_file(plan.run.min_severity),
        allow_incomplete=_of_file(plan.run.allow_incomplete),
        max_report_age=_of_file(plan.run.max_report_age),
        max_snapshot_age=_of_file(plan.run.max_snapshot_age),
        baseline=plan.run.baseline_path if plan.run.baseline.origin.kind is OriginKind.FILE else None,
        selected=tuple(_selected(plan)),
        parameters=tuple(sorted(_parameters(plan))),
        severities=tuple(sorted(_severities(plan))),
    )


def completed(report: Report, plan: Plan, snapshot: Snapshot) -> Report:
    """Return the report with what the configuration file decided, and with the owners of its resources."""
    tag = plan.run.owner_tag.value
    named = None if tag is None else owners(snapshot, report.findings, tag)
    return structs.replace(report, configuration=summary(plan, report.summary.suppressed), owners=named)


def _selected(plan: Plan) -> Iterator[str]:
    """Yield the set, the rules and the packs that run instead of the usual rules because of the file."""
    which, packs = plan.selection.which, plan.selection.packs
    if which.origin.kind is OriginKind.FILE:
        yield from ([f"the set {which.value.rule_set}"] if which.value.rule_set else [])
        yield from which.value.include
    if packs.origin.kind is OriginKind.FILE:
        yield from (f"the pack {path}" for path in plan.pack_paths)


def _parameters(plan: Plan) -> Iterator[str]:
    for each in (*plan.own, *plan.of_packs):
        values = to_builtins(each.configured.parameters)
        for name, origin in each.parameters.items():
            if origin.kind is OriginKind.FILE:
                yield f"{each.configured.config_rule_name}.{name}={_shown(values.get(name))}"


def _shown(value: object) -> str:
    text = ",".join(map(str, value)) if isinstance(value, list) else str(value)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."


def _severities(plan: Plan) -> Iterator[str]:
    for each in (*plan.own, *plan.of_packs):
        if each.severity.kind is OriginKind.FILE:
            yield f"{each.configured.config_rule_name}={each.configured.rule.severity}"


def _excluded(plan: Plan) -> list[Sequence[str]]:
    return [each.value for each in plan.selection.excluded if each.origin.kind is OriginKind.FILE]


def _of_file(setting: Sourced[T]) -> T | None:
    return setting.value if setting.origin.kind is OriginKind.FILE else None
