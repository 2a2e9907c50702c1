"""Rule parameters in AWS Config's spelling: strings in, typed values out, with everything doubtful told.

AWS sends all values as strings; where it is silent the conventions are ours:
https://docs.aws.amazon.com/config/latest/developerguide/evaluate-config_develop-rules_nodejs.html
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

import msgspec
from msgspec import Struct

from auditor.errors import UsageError
from auditor.rule import ConfiguredRule, Rule

_MAX_DIGITS = 9  # more than any range of AWS holds, and cheap to convert


class Origin(StrEnum):
    """Say who gave the values.

    A conformance pack (PACK) judges only what it gives; our own OPTIONs are laid over AWS's documented defaults, so
    that loosening one parameter never switches the others off.
    """

    OPTION = "option"
    PACK = "pack"


def configure(
    rule: Rule,
    given: Mapping[str, object],
    *,
    origin: Origin = Origin.OPTION,
    config_rule_name: str | None = None,
) -> ConfiguredRule:
    """Give the rule with its parameters for a run.

    Raises UsageError for an unknown parameter, a missing required one, and a value of the wrong form or range.
    """
    warnings: list[str] = []
    types = {field.name: field for field in msgspec.inspect.type_info(rule.parameters).fields} if given else {}  # type: ignore[attr-defined]  # a Struct's info has fields
    for name in given:
        if name not in types:
            raise _unknown(rule, name, list(types))
    values = {name: _value(f"{rule.id}.{name}", types[name].type, raw, warnings) for name, raw in given.items()}
    if origin is Origin.PACK:
        values = _only_given(types, values)
    return ConfiguredRule(rule, config_rule_name or rule.id, _built(rule, values), tuple(warnings))


def _only_given(types: Mapping[str, Any], values: dict[str, Any]) -> dict[str, Any]:
    given = {name: value for name, value in values.items() if value is not None}
    optional = {name: None for name, field in types.items() if not field.required}
    return {**optional, **given} if given else {}


def _built(rule: Rule, values: Mapping[str, Any]) -> Struct:
    try:
        return rule.parameters(**values)
    except TypeError as error:
        raise UsageError(
            f"{rule.id} needs a parameter that was not given: {error}",
            f"Give it with --parameter {rule.id}.NAME=VALUE; `iam-audit rules show {rule.id}` lists them.",
        ) from error


def _unknown(rule: Rule, name: str, names: list[str]) -> UsageError:
    if not names:
        return UsageError(f"{rule.id} takes no parameters, but {name!r} was given", "Leave it out.")
    return UsageError(
        f"{rule.id} has no parameter {name!r}",
        f"It has {', '.join(names)}; names are case-sensitive, as in AWS Config.",
    )


def _value(place: str, declared: msgspec.inspect.Type, raw: object, warnings: list[str]) -> Any:
    """Give the typed value, or None for a blank one (AWS refuses blanks, so packs use them for "not given")."""
    text = ("true" if raw else "false") if isinstance(raw, bool) else "" if raw is None else str(raw)
    if not text.isprintable():
        raise UsageError(f"{place} is {text!r}", "Leave out what cannot be printed.")
    if not text.strip():
        return None
    kind = _without_none(declared)
    if isinstance(kind, msgspec.inspect.BoolType):
        return _boolean(place, text, warnings)
    if isinstance(kind, msgspec.inspect.IntType):
        return _integer(place, text, kind)
    if isinstance(kind, msgspec.inspect.VarTupleType):
        return _items(place, text)
    return text.strip()


def _without_none(declared: msgspec.inspect.Type) -> msgspec.inspect.Type:
    if not isinstance(declared, msgspec.inspect.UnionType):
        return declared
    return next(kind for kind in declared.types if not isinstance(kind, msgspec.inspect.NoneType))


def _boolean(place: str, text: str, warnings: list[str]) -> bool:
    if text not in ("true", "false"):
        warnings.append(f"{place} is {text!r}, which counts as false: AWS Config knows only 'true' in lower case")
    return text == "true"


def _integer(place: str, text: str, kind: msgspec.inspect.IntType) -> int:
    stripped = text.strip()
    low, high = kind.ge, kind.le
    wanted = f"a whole number from {low} to {high}" if high is not None else "a whole number"
    if not (stripped.isascii() and stripped.isdigit()):
        raise UsageError(f"{place} is {text!r}", f"Give {wanted}; an empty value drops the check.")
    too_long = len(stripped) > _MAX_DIGITS
    if too_long or (low is not None and int(stripped) < low) or (high is not None and int(stripped) > high):
        raise UsageError(f"{place} is {stripped}, out of range", f"Give {wanted}; an empty value drops the check.")
    return int(stripped)


def _items(place: str, text: str) -> tuple[str, ...]:
    items = tuple(dict.fromkeys(item.strip() for item in text.split(",") if item.strip()))
    if not items:
        raise UsageError(
            f"{place} is {text!r}, which names nothing", "Give names separated by commas, or leave it out."
        )
    return items
