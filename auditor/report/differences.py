"""Differences between two reports apart from findings: rules, parameters, tool, configuration. Diffs show them first.

They may be the reason why a finding appears or disappears, and not a change of the account.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

import msgspec

from auditor.account.kinds import ResourceType
from auditor.judging.rule import Severity
from auditor.report.changes import Difference, DifferenceKind
from auditor.report.report import Report, Tool


class RuleAsRun(Protocol):
    """Describe a rule with the settings that it ran with, as reports and baselines contain it."""

    @property
    def config_rule_name(self) -> str:
        """Return the name under which the rule reports."""

    @property
    def source_identifier(self) -> str:
        """Return the source identifier of the rule."""

    @property
    def parameters(self) -> dict[str, Any]:
        """Return its effective parameters."""

    @property
    def severity(self) -> Severity:
        """Return the severity under which it reports."""

    @property
    def left_out(self) -> tuple[ResourceType, ...]:
        """Return the resource types that it did not judge."""


_UNCOMPARED = {"suppressed"}  # the number of suppressed findings follows from the findings


def differences(old: Report, new: Report) -> tuple[Difference, ...]:
    """Return the differences between two reports apart from findings, the most important first."""
    order = _order(old.snapshot.captured_at, new.snapshot.captured_at)
    rules = of_rules(old.rules, new.rules)
    planned = _changed(*({"files": side.planned.files if side.planned else None} for side in (old, new)))
    planned_changes = (_different(DifferenceKind.PLANNED_CHANGE, *each) for each in planned)
    others = (*of_tools(old.tool, new.tool), *rules, *_configuration(old, new), *_sources(old, new))
    return (*order, *planned_changes, *others)


def sentence(difference: Difference) -> str:
    """Return a difference as text."""
    if difference.kind is DifferenceKind.ORDER:
        return f"The old report is the newer one: it was captured {difference.old}, the new one {difference.new}"
    if difference.kind is DifferenceKind.RULE and None in (difference.old, difference.new):
        side = "new" if difference.old is None else "old"
        return f"Rule {difference.subject} is only in the {side} report"
    name = _NAMES[difference.kind].format(difference.subject)
    return f"{name}: {_shown(difference.old)} before, {_shown(difference.new)} now"


_NAMES = {
    DifferenceKind.PLANNED_CHANGE: "Planned change that was judged, {}",
    DifferenceKind.TOOL: "Version of {}",
    DifferenceKind.RULE: "Source identifier of {}",
    DifferenceKind.PARAMETER: "Parameter {}",
    DifferenceKind.SEVERITY: "Severity of {}",
    DifferenceKind.RESOURCE_TYPES: "Resource types left out of {}",
    DifferenceKind.CONFIGURATION: "Configuration, {}",
    DifferenceKind.SOURCE: "Source {}",
}
_NOTHING: tuple[object, ...] = (None, (), [])
_LONGEST = 80  # characters of a value


def _shown(value: Any) -> str:
    if value in _NOTHING:
        return "none"
    text = value if isinstance(value, str) else msgspec.json.encode(value).decode()
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3]}..."


def _order(old: datetime | None, new: datetime | None) -> Iterator[Difference]:
    if old is not None and new is not None and old > new:
        yield _different(DifferenceKind.ORDER, "captured_at", old, new)


def of_tools(old: Tool, new: Tool) -> Iterator[Difference]:
    """Yield the difference between the programs that made two reports, if any."""
    if old != new:
        yield _different(DifferenceKind.TOOL, new.name, old.version, new.version)


def of_rules(old: Sequence[RuleAsRun], new: Sequence[RuleAsRun]) -> Iterator[Difference]:
    """Yield the differences between the rules of two reports: which ran, and with which settings."""
    before, after = ({rule.config_rule_name: rule for rule in side} for side in (old, new))
    for name in sorted({*before, *after}):
        first, second = before.get(name), after.get(name)
        if first is None or second is None or first.source_identifier != second.source_identifier:
            identifiers = (rule and rule.source_identifier for rule in (first, second))
            yield _different(DifferenceKind.RULE, name, *identifiers)
        else:
            yield from _of_rule(first, second)


def _of_rule(old: RuleAsRun, new: RuleAsRun) -> Iterator[Difference]:
    name = new.config_rule_name
    for parameter, before, after in _changed(old.parameters, new.parameters):
        yield _different(DifferenceKind.PARAMETER, f"{name}.{parameter}", before, after)
    if old.severity is not new.severity:
        yield _different(DifferenceKind.SEVERITY, name, old.severity, new.severity)
    if set(old.left_out) != set(new.left_out):
        yield _different(DifferenceKind.RESOURCE_TYPES, name, sorted(old.left_out), sorted(new.left_out))


def _configuration(old: Report, new: Report) -> Iterator[Difference]:
    for name, first, second in _changed(_settings(old), _settings(new)):
        yield _different(DifferenceKind.CONFIGURATION, name, first, second)


def _settings(report: Report) -> Mapping[str, Any]:
    """Return the settings of a report that come from its configuration file."""
    fields = {} if report.configuration is None else _plain(report.configuration)
    return {name: value for name, value in fields.items() if name not in _UNCOMPARED and value not in _NOTHING}


def _sources(old: Report, new: Report) -> Iterator[Difference]:
    """Yield the sources with another status: a report cannot contain what it did not read."""
    before, after = ({str(each.name): each.status for each in side.snapshot.sources} for side in (old, new))
    for name, first, second in _changed(before, after):
        yield _different(DifferenceKind.SOURCE, name, first, second)


def _changed(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[tuple[str, Any, Any]]:
    """Yield the keys whose values differ, as JSON: a stored report has lists where a new one has tuples."""
    for name in sorted({*old, *new}):
        first, second = _plain(old.get(name)), _plain(new.get(name))
        if first != second:
            yield name, first, second


def _different(kind: DifferenceKind, subject: str, old: Any, new: Any) -> Difference:
    return Difference(kind, subject, _plain(old), _plain(new))


def _plain(value: Any) -> Any:
    return msgspec.json.decode(msgspec.json.encode(value))
