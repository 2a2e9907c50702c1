"""Differences of two reports beside their findings: rules, parameters, tool, configuration. They are named first.

A finding may come or go because something else was asked, and not because the account changed.
"""

from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Any

import msgspec
from msgspec import Struct

from auditor.report.report import Report, RuleResult


class DifferenceKind(StrEnum):
    """Name what differs between two reports."""

    ORDER = "order"
    TOOL = "tool"
    RULE = "rule"
    PARAMETER = "parameter"
    SEVERITY = "severity"
    RESOURCE_TYPES = "resource_types"
    CONFIGURATION = "configuration"
    SOURCE = "source"


class Difference(Struct, frozen=True):
    """Hold one difference: what it is about, and the value (JSON) on each side, null where there is none."""

    kind: DifferenceKind
    subject: str
    old: Any
    new: Any


_UNCOMPARED = {"suppressed"}  # how many findings a file's suppressions set aside follows from the findings


def differences(old: Report, new: Report) -> tuple[Difference, ...]:
    """Return how two reports differ beside their findings, most telling first."""
    return (*_order(old, new), *_tool(old, new), *_rules(old, new), *_configuration(old, new), *_sources(old, new))


def sentence(difference: Difference) -> str:
    """Return the text that names a difference."""
    if difference.kind is DifferenceKind.ORDER:
        return f"The old report is the newer one: it was captured {difference.old}, the new one {difference.new}"
    if difference.kind is DifferenceKind.RULE and None in (difference.old, difference.new):
        side = "new" if difference.old is None else "old"
        return f"Rule {difference.subject} is only in the {side} report"
    name = _NAMES[difference.kind].format(difference.subject)
    return f"{name}: {_shown(difference.old)} before, {_shown(difference.new)} now"


_NAMES = {
    DifferenceKind.TOOL: "Version of {}",
    DifferenceKind.RULE: "Source identifier of {}",
    DifferenceKind.PARAMETER: "Parameter {}",
    DifferenceKind.SEVERITY: "Severity of {}",
    DifferenceKind.RESOURCE_TYPES: "Resource types left out of {}",
    DifferenceKind.CONFIGURATION: "Configuration, {}",
    DifferenceKind.SOURCE: "Source {}",
}
_LONGEST = 80  # characters of a value


def _shown(value: Any) -> str:
    if value is None or value == []:
        return "none"
    text = value if isinstance(value, str) else msgspec.json.encode(value).decode()
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3]}..."


def _order(old: Report, new: Report) -> Iterator[Difference]:
    before, after = old.snapshot.captured_at, new.snapshot.captured_at
    if before is not None and after is not None and before > after:
        yield _different(DifferenceKind.ORDER, "captured_at", before, after)


def _tool(old: Report, new: Report) -> Iterator[Difference]:
    if old.tool != new.tool:
        yield _different(DifferenceKind.TOOL, new.tool.name, old.tool.version, new.tool.version)


def _rules(old: Report, new: Report) -> Iterator[Difference]:
    before, after = ({rule.config_rule_name: rule for rule in side.rules} for side in (old, new))
    for name in sorted({*before, *after}):
        first, second = before.get(name), after.get(name)
        if first is None or second is None or first.source_identifier != second.source_identifier:
            identifiers = (rule and rule.source_identifier for rule in (first, second))
            yield _different(DifferenceKind.RULE, name, *identifiers)
        else:
            yield from _of_rule(first, second)


def _of_rule(old: RuleResult, new: RuleResult) -> Iterator[Difference]:
    name = new.config_rule_name
    for parameter, before, after in _changed(old.parameters, new.parameters):
        yield _different(DifferenceKind.PARAMETER, f"{name}.{parameter}", before, after)
    if old.severity is not new.severity:
        yield _different(DifferenceKind.SEVERITY, name, old.severity, new.severity)
    if set(old.left_out) != set(new.left_out):
        yield _different(DifferenceKind.RESOURCE_TYPES, name, sorted(old.left_out), sorted(new.left_out))


def _configuration(old: Report, new: Report) -> Iterator[Difference]:
    before, after = ({} if side.configuration is None else _plain(side.configuration) for side in (old, new))
    for name, first, second in _changed(before, after):
        if name not in _UNCOMPARED:
            yield _different(DifferenceKind.CONFIGURATION, name, first, second)


def _sources(old: Report, new: Report) -> Iterator[Difference]:
    """Yield the sources that were read otherwise: what one side did not read it cannot tell."""
    before, after = ({str(each.name): each.status for each in side.snapshot.sources} for side in (old, new))
    for name, first, second in _changed(before, after):
        yield _different(DifferenceKind.SOURCE, name, first, second)


def _changed(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[tuple[str, Any, Any]]:
    for name in sorted({*old, *new}):
        if old.get(name) != new.get(name):
            yield name, old.get(name), new.get(name)


def _different(kind: DifferenceKind, subject: str, old: Any, new: Any) -> Difference:
    return Difference(kind, subject, _plain(old), _plain(new))


def _plain(value: Any) -> Any:
    return msgspec.to_builtins(value)
