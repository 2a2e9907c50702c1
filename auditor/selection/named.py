"""Rules by name, for programs: configured as the command line does."""

from collections.abc import Mapping, Sequence

from auditor.errors import UsageError
from auditor.judging.registry import load_rules
from auditor.judging.rule import ConfiguredRule
from auditor.selection.layers import Layer
from auditor.selection.merging import merged
from auditor.selection.plan import selected
from auditor.selection.sets import RuleSet
from auditor.selection.settings import OPTION

Rules = str | Sequence[str | ConfiguredRule] | None
"""The name of a set of rules, or rules by id, by source identifier or configured; None is AWS Config's set."""


def configured_rules(
    rules: Rules, parameters: Mapping[str, Mapping[str, object]] | None = None
) -> list[ConfiguredRule]:
    """Return the configured rules; `parameters` are by rule and name, in AWS's spelling.

    Raises UsageError for a set, rule or parameter that does not exist or is invalid, for parameters of a rule that is
    not named, for an empty list of rules, and for two rules that would report under one name.
    """
    listed = [] if rules is None or isinstance(rules, str) else list(rules)
    if not listed and not (rules is None or isinstance(rules, str)):
        raise UsageError("no rule was given", "Give rules, the name of a set, or None for those of AWS Config.")
    names = [each for each in listed if isinstance(each, str)]
    found = [each for each in listed if isinstance(each, ConfiguredRule)]
    if names or not listed:
        rule_set = _rule_set(rules) if isinstance(rules, str) else None
        found += _by_name(Layer(origin=OPTION, rule_set=rule_set, include=names, parameters=parameters or {}))
    elif parameters:
        raise UsageError("parameters were given, but every rule is configured already", "Give the rules by name.")
    _check_names(found)
    return found


def _by_name(layer: Layer) -> list[ConfiguredRule]:
    known = load_rules()
    settings = merged([layer], known)
    found = [each.configured for each in selected(known, settings)]
    for rule_id in settings.parameters.keys() - {each.rule.id for each in found}:
        raise UsageError("has parameters, but is not among the rules", "Name it too.", subject=rule_id)
    return found


def _rule_set(name: str) -> RuleSet:
    names = [each.value for each in RuleSet]
    if name not in names:
        raise UsageError(f"there is no set of rules {name!r}", f"There is {', '.join(names)}; a list names rules.")
    return RuleSet(name)


def _check_names(configured: Sequence[ConfiguredRule]) -> None:
    seen: set[str] = set()
    for each in configured:
        if each.config_rule_name in seen:
            raise UsageError(f"two rules would report as {each.config_rule_name!r}", "Give each rule once.")
        seen.add(each.config_rule_name)
