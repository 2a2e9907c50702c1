"""The effective settings that `config show` prints, each with its key, its value and its origin."""

from collections.abc import Iterator, Sequence
from typing import Any

from msgspec import to_builtins

from auditor.selection.merging import SelectionSettings
from auditor.selection.plan import Plan, SourcedRule
from auditor.selection.run_settings import RunSettings
from auditor.selection.settings import OriginKind, Setting, Sourced
from auditor.selection.tables import Pack


def effective(plan: Plan) -> Iterator[Setting]:
    """Yield every effective setting of a plan."""
    yield from _selection(plan.selection)
    for each in (*plan.own, *plan.of_packs):
        yield from _rule(each)
    yield from _run(plan.run)


def _selection(settings: SelectionSettings) -> Iterator[Setting]:
    which, origin = settings.which.value, settings.which.origin
    if which.include:
        yield Setting("selection.include", list(which.include), origin)
    elif which.rule_set:
        yield Setting("selection.set", which.rule_set, origin)
    for excluded in settings.excluded:
        yield _setting("selection.exclude", excluded)
    yield Setting("conformance_packs", _packs(settings.packs), settings.packs.origin)
    if settings.pack_parameters.value:
        yield _setting("pack_parameters", settings.pack_parameters)


def _packs(packs: Sourced[Sequence[Pack]]) -> Any:
    if packs.origin.kind is OriginKind.OPTION:
        return [pack.file for pack in packs.value]
    return to_builtins(packs.value)


def _rule(each: SourcedRule) -> Iterator[Setting]:
    key = f"rules.{each.configured.config_rule_name}"
    yield Setting(f"{key}.severity", each.configured.rule.severity, each.severity)
    if each.configured.undecided and each.pack is not None:
        yield Setting(f"{key}.undecided", each.configured.undecided, each.pack)
    for name, value in to_builtins(each.configured.parameters).items():
        yield Setting(f"{key}.parameters.{name}", value, each.parameters[name])


def _run(settings: RunSettings) -> Iterator[Setting]:
    yield _setting("output.files", settings.files)
    yield _setting("output.format", settings.output_format)
    yield _setting("gate.fail_on", settings.fail_on)
    yield _setting("gate.min_severity", settings.min_severity)
    yield _setting("gate.allow_incomplete", settings.allow_incomplete)
    yield _setting("gate.max_report_age", settings.max_report_age)
    yield _setting("gate.max_snapshot_age", settings.max_snapshot_age)
    yield _setting("gate.baseline", settings.baseline)
    for severity, days in settings.sla.items():
        if days.value is not None:
            yield _setting(f"sla.{severity.lower()}", days)
    yield _setting("history.file", settings.history)
    yield _setting("history.owner_tag", settings.owner_tag)
    yield _setting("suppression_limits.max_days", settings.max_days)
    yield _setting("suppression_limits.max_findings", settings.max_findings)
    yield _setting("suppressions", settings.suppressions)


def _setting(key: str, sourced: Sourced[Any]) -> Setting:
    return Setting(key, to_builtins(sourced.value), sourced.origin)
