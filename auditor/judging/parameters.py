"""Rule parameters in AWS Config's spelling: strings are converted to typed values, with warnings for doubtful ones.

AWS sends all values as strings; where it documents no convention, we use our own:
https://docs.aws.amazon.com/config/latest/developerguide/evaluate-config_develop-rules_nodejs.html

A rule declares its parameters as the fields of a Struct: bool, int, str, StrEnum or tuple[str, ...]. A field without
a default is required; the default that AWS prints for a required parameter is declared as
`Meta(extra={"printed_default": "90"})`, as text. A value with a grammar of its own is declared as str, and the
Struct's `__post_init__` raises ValueError("NAME is ...") if it is invalid.
"""

import re
from collections.abc import Collection, Iterable, Mapping
from enum import Enum, StrEnum
from typing import Any

import msgspec
from msgspec import Struct, structs

from auditor.account.unknown import undecided
from auditor.errors import AuditError, UsageError
from auditor.judging.rule import ConfiguredRule, NoParameters, Rule

_KINDS = (
    msgspec.inspect.BoolType,
    msgspec.inspect.IntType,
    msgspec.inspect.StrType,
    msgspec.inspect.EnumType,
    msgspec.inspect.VarTupleType,
)
_DECLARED = "A plug-in's parameter is a bool, int, str, StrEnum or tuple[str, ...], or one of these or None."
_NO = {"false", "0", "no", "off", "f", "n"}
"""Texts that cannot mean true, in lower case."""

_AWS_POLICY = "arn:aws:iam::aws:policy/"
"""The beginning of the ARNs that AWS prints as defaults, also on its pages for other partitions."""

_MAX_DIGITS = 9  # more than any number that AWS allows, and cheap to convert


class GivenBy(StrEnum):
    """List where the values come from.

    A conformance pack (PACK) checks only the parameters that it sets. Our own OPTIONs are merged over AWS's documented
    defaults, so that loosening one parameter never switches off the others.
    """

    OPTION = "option"
    PACK = "pack"


class ParameterError(UsageError):
    """Raised for a parameter that a rule does not have, that is missing, or whose value is invalid (exit 2).

    `parameter` is its name, None if several values together are invalid.
    """

    def __init__(
        self, rule_id: str, parameter: str | None, problem: str, remedy: str, *, subject: str = "", place: str = ""
    ) -> None:
        super().__init__(problem, remedy, subject=subject, place=place)
        self.rule_id = rule_id
        self.parameter = parameter

    def at(self, place: str) -> "ParameterError":
        """Return the error with its place, such as the file that contains the value."""
        return ParameterError(
            self.rule_id, self.parameter, self.problem, self.remedy, subject=self.subject, place=place
        )


class _Parameter(Struct, frozen=True):
    """Hold the declaration of a parameter; a `nullable` one may be blank, which drops its check."""

    rule_id: str
    name: str
    kind: msgspec.inspect.Type
    required: bool
    nullable: bool
    printed_default: str | None

    @property
    def qualified_name(self) -> str:
        return f"{self.rule_id}.{self.name}"

    def fault(self, problem: str, remedy: str) -> ParameterError:
        return ParameterError(self.rule_id, self.name, problem, remedy, subject=self.qualified_name)


def configure(
    rule: Rule,
    given: Mapping[str, object],
    *,
    origin: GivenBy = GivenBy.OPTION,
    config_rule_name: str | None = None,
) -> ConfiguredRule:
    """Return the rule with its parameters for a run.

    Raises ParameterError for an unknown parameter, a missing required one, and a value of the wrong form or range. AWS
    rejects a rule without a required parameter even if it prints a default for it, so a pack must set the value;
    our own options fall back to the printed default.
    """
    warnings: list[str] = []
    doubts: dict[str, str] = {}
    declared = _declared(rule)
    for name in given:
        if name not in declared:
            raise _unknown(rule, name, list(declared))
    values = {name: _value(declared[name], raw, warnings, doubts) for name, raw in given.items()}
    values = {name: value for name, value in values.items() if value is not None or declared[name].nullable}
    given_values = frozenset(name for name, value in values.items() if value is not None)
    if origin is GivenBy.PACK:
        values = _only_given(declared, values)
    for name, parameter in declared.items():
        if parameter.required and name not in values:
            values[name] = _defaulted(parameter, origin)
    name, parameters = config_rule_name or rule.id, _built(rule, values)
    return ConfiguredRule(rule, name, parameters, tuple(warnings), given_values, doubts=doubts)


def configure_undecided(
    rule: Rule, given: Mapping[str, object], unknown: Collection[str], reason: str, *, config_rule_name: str
) -> ConfiguredRule:
    """Return a rule whose settings are not fully known: all its verdicts are undecided, because of `reason`.

    `given` are the known values, `unknown` the names of parameters whose values are unknown.
    Raises ParameterError for an unknown parameter, and for a known value of the wrong form or range.
    """
    declared = _declared(rule)
    for name in (*given, *unknown):
        if name not in declared:
            raise _unknown(rule, name, list(declared))
    warnings: list[str] = []
    for name, raw in given.items():
        _value(declared[name], raw, warnings, {})
    return ConfiguredRule(rule, config_rule_name, NoParameters(), tuple(warnings), undecided=reason)


def readable(configured: ConfiguredRule) -> Struct:
    """Return the parameters in the form that a rule reads: a doubtful value raises UnknownFact when it is read."""
    if not configured.doubts:
        return configured.parameters
    declared = type(configured.parameters)
    doubts: dict[str, str] = {}

    def read(parameters: Struct, name: str) -> Any:
        if name in doubts:
            raise undecided(doubts[name])
        return object.__getattribute__(parameters, name)

    doubtful: Any = msgspec.StructMeta(declared.__name__, (declared,), {"__getattribute__": read}, frozen=True)
    made: Struct = doubtful(**structs.asdict(configured.parameters))
    doubts.update(configured.doubts)  # only now, because __post_init__ above may read values to check them
    return made


def for_partition(configured: ConfiguredRule, partition: str) -> ConfiguredRule:
    """Return the rule with the default ARNs of AWS-managed policies in the account's own partition (our decision).

    AWS prints ARNs of the partition aws on all its pages. Values that were set explicitly are not changed.
    """
    values = structs.asdict(configured.parameters) if partition != "aws" else {}
    defaults = {name: value for name, value in values.items() if name not in configured.given}
    moved = {name: _moved(value, partition) for name, value in defaults.items() if _moved(value, partition) != value}
    if not moved:
        return configured
    return structs.replace(configured, parameters=structs.replace(configured.parameters, **moved))


def _moved(value: Any, partition: str) -> Any:
    if isinstance(value, tuple):
        return tuple(_moved(each, partition) for each in value)
    if isinstance(value, str) and value.startswith(_AWS_POLICY):
        return value.replace("arn:aws:", f"arn:{partition}:", 1)
    return value


def needed(rule: Rule) -> tuple[str, ...]:
    """Return the names of the parameters that must be set, because AWS prints no default for them."""
    declared = _declared(rule).items()
    return tuple(name for name, parameter in declared if parameter.required and parameter.printed_default is None)


def _declared(rule: Rule) -> Mapping[str, _Parameter]:
    if not rule.parameters.__struct_fields__:
        return {}
    fields = msgspec.inspect.type_info(rule.parameters).fields  # type: ignore[attr-defined]  # a Struct's info has fields
    return {field.name: _parameter(rule.id, field) for field in fields}


def _parameter(rule_id: str, field: msgspec.inspect.Field) -> _Parameter:
    kind, printed_default = field.type, None
    if isinstance(kind, msgspec.inspect.Metadata):
        printed_default = (kind.extra or {}).get("printed_default")
        kind = kind.type
    nullable = isinstance(kind, msgspec.inspect.UnionType)
    kind = _without_none(kind)
    if not isinstance(kind, _KINDS):
        problem = "is declared with a type that no parameter can have"
        raise AuditError(problem, _DECLARED, subject=f"{rule_id}.{field.name}")
    return _Parameter(rule_id, field.name, kind, field.required, nullable, printed_default)


def _only_given(declared: Mapping[str, _Parameter], values: dict[str, Any]) -> dict[str, Any]:
    given = {name: value for name, value in values.items() if value is not None}
    dropped = {name: None for name, parameter in declared.items() if parameter.nullable and not parameter.required}
    return {**dropped, **given} if given else {}


def _defaulted(parameter: _Parameter, origin: GivenBy) -> Any:
    default = parameter.printed_default
    if default is None or origin is GivenBy.PACK:
        option = f"--parameter {parameter.qualified_name}=VALUE"
        raise parameter.fault(
            "is required, but was not given",
            f"Give it with {option}, in iam-audit.toml, or in the rule's conformance pack.",
        )
    return _value(parameter, default, [], {})


def _built(rule: Rule, values: Mapping[str, Any]) -> Struct:
    try:
        return rule.parameters(**values)
    except ValueError as error:
        remedy = f"`iam-audit rules show {rule.id}` shows how its parameters are written."
        raise ParameterError(rule.id, _to_blame(rule, values), f"{rule.id}.{error}", remedy) from error


def _to_blame(rule: Rule, values: Mapping[str, Any]) -> str | None:
    """Return the name of the invalid parameter: one without which the others are valid, or the only required one."""
    for name in values:
        if _accepted(rule, {other: value for other, value in values.items() if other != name}):
            return name
    required = [name for name, parameter in _declared(rule).items() if parameter.required]
    return required[0] if len(required) == 1 else None


def _accepted(rule: Rule, values: Mapping[str, Any]) -> bool:
    try:
        rule.parameters(**values)
    except (TypeError, ValueError):  # a required one is missing, or a value is wrong
        return False
    return True


def _unknown(rule: Rule, name: str, names: list[str]) -> ParameterError:
    problem, remedy = f"takes no parameters, but {name!r} was given", "Leave it out."
    if names:
        problem = f"has no parameter {name!r}"
        remedy = f"It has {', '.join(names)}; names are case-sensitive, as in AWS Config."
    return ParameterError(rule.id, name, problem, remedy, subject=rule.id)


def _value(parameter: _Parameter, raw: object, warnings: list[str], doubts: dict[str, str]) -> Any:
    """Return the typed value, or None for a blank one (AWS rejects blanks, so packs use them for "not set")."""
    kind = parameter.kind
    text = ("true" if raw else "false") if isinstance(raw, bool) else "" if raw is None else str(raw)
    if not text.isprintable():
        raise parameter.fault(f"is {text!r}", "Leave out what cannot be printed.")
    if not text.strip():
        return None
    if isinstance(kind, msgspec.inspect.BoolType):
        return _boolean(parameter, text, warnings, doubts)
    if isinstance(kind, msgspec.inspect.IntType):
        return _integer(parameter, kind, text.strip())
    if isinstance(kind, msgspec.inspect.VarTupleType):
        return _items(parameter, text)
    if isinstance(kind, msgspec.inspect.EnumType):
        return _member(parameter, kind.cls, text.strip())
    return text.strip()


def _without_none(declared: msgspec.inspect.Type) -> msgspec.inspect.Type:
    if not isinstance(declared, msgspec.inspect.UnionType):
        return declared
    return next(kind for kind in declared.types if not isinstance(kind, msgspec.inspect.NoneType))


def _boolean(parameter: _Parameter, text: str, warnings: list[str], doubts: dict[str, str]) -> bool:
    """Return whether the text is "true" as AWS writes it, and record a doubt for another text that may mean it.

    AWS documents that such a text counts as false, but users report rules that then find correct policies
    NON_COMPLIANT: https://github.com/awslabs/aws-config-rules/issues/434 and 435.
    """
    if text in ("true", "false"):
        return text == "true"
    problem = f"is {text!r}, which counts as false: AWS Config knows only 'true' in lower case"
    if text.strip().lower() not in _NO:
        problem = f"is {text!r}: AWS documents that only 'true' in lower case is true; what it switches is undecided"
        doubts[parameter.name] = _doubt(parameter.name, repr(text))
    warnings.append(f"{parameter.qualified_name} {problem}")
    return False


def _doubt(name: str, value: str) -> str:
    return f"{name} is {value}; write 'true' or 'false' in lower case"


_DOUBTED = re.compile(r"[^ ]+\.(\w+) is (.+): AWS documents that only 'true' in lower case is true")


def doubts_of(warnings: Iterable[str]) -> Mapping[str, str]:
    """Return the doubts about parameters, by parameter name, from the warnings of a rule in a report."""
    found = (_DOUBTED.match(each) for each in warnings)
    return {each[1]: _doubt(each[1], each[2]) for each in found if each}


def _integer(parameter: _Parameter, kind: msgspec.inspect.IntType, text: str) -> int:
    low, high = kind.ge, kind.le
    wanted = f"Give a whole number from {low} to {high}" if high is not None else "Give a whole number"
    hint = f"{wanted}; an empty value drops the check." if parameter.nullable else f"{wanted}."
    if not (text.isascii() and text.isdigit()):
        raise parameter.fault(f"is {text!r}", hint)
    too_long = len(text) > _MAX_DIGITS
    if too_long or (low is not None and int(text) < low) or (high is not None and int(text) > high):
        raise parameter.fault(f"is {text}, out of range", hint)
    return int(text)


def _items(parameter: _Parameter, text: str) -> tuple[str, ...]:
    items = tuple(dict.fromkeys(item.strip() for item in text.split(",") if item.strip()))
    if not items:
        raise parameter.fault(f"is {text!r}, which names nothing", "Give names separated by commas, or leave it out.")
    return items


def _member(parameter: _Parameter, members: type[Enum], text: str) -> Enum:
    values = [member.value for member in members]
    if text not in values:
        raise parameter.fault(f"is {text!r}", f"It is one of {', '.join(values)}, in upper case.")
    return members(text)
