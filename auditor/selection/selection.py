"""The selection: which rules run, with which parameters and severity, and where each of these settings comes from."""

from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from typing import Any

from msgspec import Struct, structs

from auditor.errors import UsageError
from auditor.judging.catalogue import is_managed
from auditor.judging.parameters import configure, named_in, needed
from auditor.judging.registry import find
from auditor.judging.rule import ConfiguredRule, Rule, Severity

CORE = frozenset(
    {
        "iam-group-has-users-check",
        "iam-password-policy",
        "iam-user-group-membership-check",
        "iam-user-no-policies-check",
        "mfa-enabled-for-iam-console-access",
    }
)


DEFAULT, OPTION = "default", "option"
"""Where a setting comes from; one of the configuration file has the file's name."""


class RuleSet(StrEnum):
    """Name the sets of rules: the first five, AWS Config's, and every rule that is installed, plugged in or built in.

    A rule that cannot run without a value from the user is in a set only where the value is given.
    """

    CORE = "core"
    AWS_CONFIG = "aws-config"
    ALL = "all"


class Given(Struct, frozen=True, kw_only=True):
    """Hold what a configuration file or options say of the selection; `parameters` and `severities` by rule id.

    `packs` are the files of conformance packs, whose rules run instead of a set's.
    """

    origin: str
    rule_set: RuleSet | None = None
    include: Sequence[str] = ()
    exclude: Sequence[str] = ()
    packs: Sequence[str] = ()
    parameters: Mapping[str, Mapping[str, object]] = {}
    severities: Mapping[str, Severity] = {}


class Choice(Struct, frozen=True, kw_only=True):
    """Hold the options that select rules; a parameter is RULE.NAME=VALUE, one of a pack [PACK:]NAME=VALUE."""

    config: str | None = None
    rule_set: str | None = None
    include: Sequence[str] = ()
    exclude: Sequence[str] = ()
    parameters: Sequence[str] = ()
    packs: Sequence[str] = ()
    pack_parameters: Sequence[str] = ()


class Setting(Struct, frozen=True):
    """Tell of one effective setting: its dotted key, its value, and where it comes from."""

    key: str
    value: Any
    origin: str


def chosen(choice: Choice, rules: Mapping[str, Rule]) -> Given:
    """Give what the options say; raise UsageError for a set beside rules, and a parameter of no rule or none at all."""
    if choice.rule_set and choice.include:
        raise UsageError("--rules and --rule exclude each other", "Give a set, or the rules one by one.")
    parameters: dict[str, dict[str, object]] = {}
    for setting in choice.parameters:
        target, equals, value = setting.partition("=")
        rule_name, dot, name = target.partition(".")
        if not (equals and dot and name):
            raise UsageError(f"--parameter {setting}", "Write it as RULE.NAME=VALUE; an empty value drops a check.")
        values = parameters.setdefault(find(rules, rule_name).id, {})
        if name in values:
            raise UsageError(f"--parameter {setting}: {name} is given twice", "Give each parameter once.")
        values[name] = value
    return Given(
        origin=OPTION,
        rule_set=RuleSet(choice.rule_set) if choice.rule_set else None,
        include=choice.include,
        exclude=choice.exclude,
        packs=choice.packs,
        parameters=parameters,
    )


def sets_of(rule: Rule) -> tuple[RuleSet, ...]:
    """Give the sets that a rule is in."""
    member_of = {
        RuleSet.CORE: rule.id in CORE,
        RuleSet.AWS_CONFIG: is_managed(rule),
        RuleSet.ALL: True,
    }
    return tuple(name for name, member in member_of.items() if member)


def selected(rules: Mapping[str, Rule], given: Sequence[Given]) -> list[ConfiguredRule]:
    """Give the rules that run beside those of conformance packs; of `given` the earlier wins over the later.

    Raises UsageError for a rule or parameter that does not exist, and when neither a rule nor a pack is left.
    """
    values, origins = laid_over(rules, given)
    unwanted, decided = excluded(rules, given), deciding(given)
    chosen = [rule for rule in _chosen(rules, decided, values) if rule.id not in unwanted]
    if not chosen and (decided is None or not decided.packs):
        raise UsageError("no rule is left to evaluate", "Exclude fewer rules; `iam-audit rules list` shows them.")
    severe = with_severities(rules, given)
    return [
        _configured(severe[rule_id], values.get(rule_id, {}), origins.get(rule_id, {}))
        for rule_id in sorted(rule.id for rule in chosen)
    ]


def _configured(rule: Rule, values: Mapping[str, object], origins: Mapping[str, str]) -> ConfiguredRule:
    try:
        return configure(rule, values)
    except UsageError as error:
        name = named_in(error.message, rule, values)
        raise error if name is None else _told_of(origins[name], error) from error


def deciding(given: Sequence[Given]) -> Given | None:
    """Give what decides which rules run: the first that names rules, a set or packs."""
    return next((each for each in given if each.include or each.rule_set or each.packs), None)


def excluded(rules: Mapping[str, Rule], given: Sequence[Given]) -> frozenset[str]:
    """Give the ids of the rules that shall not run; raise UsageError for one that does not exist."""
    return frozenset(_find(rules, name, each.origin).id for each in given for name in each.exclude)


def _chosen(
    rules: Mapping[str, Rule], decided: Given | None, values: Mapping[str, Mapping[str, object]]
) -> Iterator[Rule]:
    if decided is not None and decided.include:
        yield from {rule.id: rule for rule in (_find(rules, name, decided.origin) for name in decided.include)}.values()
        return
    rule_set = RuleSet.AWS_CONFIG if decided is None else decided.rule_set
    if rule_set is None:
        return
    for rule in rules.values():
        if rule_set in sets_of(rule) and set(needed(rule)) <= set(values.get(rule.id, {})):
            yield rule


def laid_over(
    rules: Mapping[str, Rule], given: Sequence[Given]
) -> tuple[dict[str, dict[str, object]], dict[str, dict[str, str]]]:
    """Lay the given parameters over one another, the earlier on top: values and origins by rule id and name."""
    values: dict[str, dict[str, object]] = {}
    origins: dict[str, dict[str, str]] = {}
    for each in reversed(given):
        for name, parameters in each.parameters.items():
            rule_id = _find(rules, name, each.origin).id
            values.setdefault(rule_id, {}).update(parameters)
            origins.setdefault(rule_id, {}).update(dict.fromkeys(parameters, each.origin))
    return values, origins


def with_severities(rules: Mapping[str, Rule], given: Sequence[Given]) -> dict[str, Rule]:
    """Give the rules with the severities under which they report."""
    severe = dict(rules)
    for each in reversed(given):
        for name, severity in each.severities.items():
            rule_id = _find(rules, name, each.origin).id
            severe[rule_id] = structs.replace(rules[rule_id], severity=severity)
    return severe


def severity_origin(rules: Mapping[str, Rule], given: Sequence[Given], rule_id: str) -> str:
    """Say where the severity of a rule comes from."""
    return next(
        (each.origin for each in given if rule_id in (find(rules, name).id for name in each.severities)), DEFAULT
    )


def _find(rules: Mapping[str, Rule], name: str, origin: str) -> Rule:
    try:
        return find(rules, name)
    except UsageError as error:
        raise _told_of(origin, error) from error


def _told_of(origin: str, error: UsageError) -> UsageError:
    """Give the error with the file in which its cause is; that of an option needs no place."""
    return UsageError(error.message if origin == OPTION else f"{origin}: {error.message}", error.hint)
