"""Rules in the form that AWS Config accepts: valid names, values as text, and the same meaning when read back."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import Enum
from typing import Any

import msgspec
from msgspec import Struct

from auditor.errors import UsageError
from auditor.judging.catalogue import CHANGE_TRIGGERED
from auditor.judging.parameters import GivenBy, configure
from auditor.judging.registry import page, sections
from auditor.judging.rule import ConfiguredRule

_MAX_INPUT, _MAX_NAME, _MAX_DESCRIPTION = 1024, 128, 256  # characters; AWS: ConfigRule
_ODD = re.compile(r"[^A-Za-z0-9_-]+")


class ExportedRule(Struct, frozen=True):
    """Hold a rule in the form that AWS Config accepts: all values are text, and unset parameters are left out."""

    name: str
    source_identifier: str
    description: str
    input_parameters: Mapping[str, str]
    resource_types: tuple[str, ...]
    """The Scope; empty for a periodic rule, which has none."""


def exported(rules: Sequence[ConfiguredRule]) -> list[ExportedRule]:
    """Return rules that mirror AWS Config's in the form that AWS accepts.

    Raises UsageError for settings that AWS Config cannot express: if a rule drops every check, AWS would use
    its defaults.
    """
    names = unique(map(_name, rules))
    return [_exported(each, name) for each, name in zip(rules, names, strict=True)]


def _name(configured: ConfiguredRule) -> str:
    """Return a valid name for AWS; the rule's id if no valid character is left, as in a Japanese name."""
    name = _ODD.sub("-", configured.config_rule_name)[:_MAX_NAME]
    return name if name.strip("-_") else configured.rule.id


def _exported(configured: ConfiguredRule, name: str) -> ExportedRule:
    rule = configured.rule
    values = {key: _text(value) for key, value in _fields(configured.parameters) if value is not None}
    if configure(rule, values, origin=GivenBy.PACK).parameters != configured.parameters:
        message = f"{configured.config_rule_name} checks nothing, but without parameters AWS's defaults hold"
        raise UsageError(message, f"Keep one check, or leave the rule out: --exclude-rule {rule.id}.")
    if len(msgspec.json.encode(values).decode()) > _MAX_INPUT:
        message = f"{configured.config_rule_name}: its parameters are longer than {_MAX_INPUT:,} characters as JSON"
        raise UsageError(message, "AWS Config takes no more; shorten them.")
    types = rule.resource_types if rule.source_identifier in CHANGE_TRIGGERED else ()
    summary = " ".join(sections(page(rule))[""].split())[:_MAX_DESCRIPTION]
    return ExportedRule(name, rule.source_identifier, summary, values, tuple(str(kind) for kind in types))


def _fields(parameters: Struct) -> Iterator[tuple[str, Any]]:
    return ((name, getattr(parameters, name)) for name in parameters.__struct_fields__)


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Enum):
        return str(value.value)
    return ",".join(value) if isinstance(value, tuple) else str(value)


def unique(names: Iterable[str], between: str = "-") -> Iterator[str]:
    """Yield the names, with a number after a repeated one; names that differ only in case count as the same."""
    taken: set[str] = set()
    numbers: dict[str, int] = {}  # the last number of each name, for speed: thousands may be alike
    for name in names:
        candidate, number = name, numbers.get(name.lower(), 1)
        while candidate.lower() in taken:
            number += 1
            behind = f"{between}{number}"
            candidate = f"{name[: _MAX_NAME - len(behind)]}{behind}"
        numbers[name.lower()] = number
        taken.add(candidate.lower())
        yield candidate
