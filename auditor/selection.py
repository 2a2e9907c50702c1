"""The selection: which rules run, with which parameters and severity, and where each of these settings comes from."""

from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from typing import Any

from msgspec import Struct, structs, to_builtins

from auditor.errors import UsageError
from auditor.parameters import configure, needed
from auditor.registry import find
from auditor.rule import ConfiguredRule, Rule, Severity

AWS_CONFIG_PAGES = "https://docs.aws.amazon.com/config/"
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
    """Hold what a configuration file or options say of the selection; `parameters` and `severities` by rule id."""

    origin: str
    rule_set: RuleSet | None = None
    include: Sequence[str] = ()
    exclude: Sequence[str] = ()
    parameters: Mapping[str, Mapping[str, object]] = {}
    severities: Mapping[str, Severity] = {}


class Choice(Struct, frozen=True, kw_only=True):
    """Hold the options that select rules; a parameter is RULE.NAME=VALUE."""

    config: str | None = None
    rule_set: str | None = None
    include: Sequence[str] = ()
    exclude: Sequence[str] = ()
    parameters: Sequence[str] = ()


class Setting(Struct, frozen=True):
    """Tell of one effective setting: its dotted key, its value, and where it comes from."""

    key: str
    value: Any
    origin: str


def chosen(choice: Choice, rules: Mapping[str, Rule]) -> Given:
    """Give what the options say; raise UsageError for a parameter that is not written so, or of no rule."""
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
        parameters=parameters,
    )


def sets_of(rule: Rule) -> tuple[RuleSet, ...]:
    """Give the sets that a rule is in."""
    member_of = {
        RuleSet.CORE: rule.id in CORE,
        RuleSet.AWS_CONFIG: rule.source_url.startswith(AWS_CONFIG_PAGES),
        RuleSet.ALL: True,
    }
    return tuple(name for name, member in member_of.items() if member)


def selected(rules: Mapping[str, Rule], given: Sequence[Given]) -> list[ConfiguredRule]:
    """Give the rules that run; of `given` the earlier wins over the later.

    Raises UsageError for a rule or parameter that does not exist, and when no rule is left.
    """
    return [configured for configured, _ in _selected(rules, given)]


def settings(rules: Mapping[str, Rule], given: Sequence[Given]) -> Iterator[Setting]:
    """Give every effective setting of the selection."""
    decided = _deciding(given)
    if decided is not None and decided.include:
        yield Setting("selection.include", list(decided.include), decided.origin)
    else:
        rule_set = RuleSet.AWS_CONFIG if decided is None else decided.rule_set
        yield Setting("selection.set", rule_set, DEFAULT if decided is None else decided.origin)
    for each in given:
        if each.exclude:
            yield Setting("selection.exclude", list(each.exclude), each.origin)
    for configured, origins in _selected(rules, given):
        rule_id = configured.rule.id
        severity = next((each.origin for each in given if rule_id in each.severities), DEFAULT)
        yield Setting(f"rules.{rule_id}.severity", configured.rule.severity, severity)
        for name, value in to_builtins(configured.parameters).items():
            yield Setting(f"rules.{rule_id}.parameters.{name}", value, origins.get(name, DEFAULT))


def _deciding(given: Sequence[Given]) -> Given | None:
    """Give what decides which rules run: the first that names rules or a set."""
    return next((each for each in given if each.include or each.rule_set), None)


def _selected(rules: Mapping[str, Rule], given: Sequence[Given]) -> Iterator[tuple[ConfiguredRule, Mapping[str, str]]]:
    """Yield the rules that run, each with the origins of the parameters that were given."""
    values, origins = _parameters(rules, given)
    severities = _severities(rules, given)
    unwanted = {_find(rules, name, each.origin).id for each in given for name in each.exclude}
    chosen = [rule for rule in _chosen(rules, _deciding(given), values) if rule.id not in unwanted]
    if not chosen:
        raise UsageError("no rule is left to evaluate", "Exclude fewer rules; `iam-audit rules list` shows them.")
    for rule in sorted(chosen, key=lambda rule: rule.id):
        severe = structs.replace(rule, severity=severities.get(rule.id, rule.severity))
        yield configure(severe, values.get(rule.id, {})), origins.get(rule.id, {})
    for each in given[:1]:
        for rule_id in set(each.parameters) - {rule.id for rule in chosen}:
            raise UsageError(f"{each.origin}: {rule_id} is not selected, but has parameters", "Select it with --rule.")


def _chosen(
    rules: Mapping[str, Rule], decided: Given | None, values: Mapping[str, Mapping[str, object]]
) -> Iterator[Rule]:
    if decided is not None and decided.include:
        yield from {rule.id: rule for rule in (_find(rules, name, decided.origin) for name in decided.include)}.values()
        return
    rule_set = RuleSet.AWS_CONFIG if decided is None or decided.rule_set is None else decided.rule_set
    for rule in rules.values():
        if rule_set in sets_of(rule) and set(needed(rule)) <= set(values.get(rule.id, {})):
            yield rule


def _parameters(
    rules: Mapping[str, Rule], given: Sequence[Given]
) -> tuple[dict[str, dict[str, object]], dict[str, dict[str, str]]]:
    """Lay the given parameters over one another: values and origins by rule id and name."""
    values: dict[str, dict[str, object]] = {}
    origins: dict[str, dict[str, str]] = {}
    for each in reversed(given):
        for name, parameters in each.parameters.items():
            rule_id = _find(rules, name, each.origin).id
            values.setdefault(rule_id, {}).update(parameters)
            origins.setdefault(rule_id, {}).update(dict.fromkeys(parameters, each.origin))
    return values, origins


def _severities(rules: Mapping[str, Rule], given: Sequence[Given]) -> dict[str, Severity]:
    return {
        _find(rules, name, each.origin).id: severity
        for each in reversed(given)
        for name, severity in each.severities.items()
    }


def _find(rules: Mapping[str, Rule], name: str, origin: str) -> Rule:
    try:
        return find(rules, name)
    except UsageError as error:
        raise UsageError(f"{origin}: {error.message}", error.hint) from error
