"""Merging settings: options override the configuration file, which overrides defaults; every value keeps its origin."""

from collections.abc import Mapping, Sequence

from msgspec import Struct

from auditor.errors import UsageError
from auditor.judging.registry import find
from auditor.judging.rule import Rule, Severity
from auditor.selection.layers import Layer
from auditor.selection.sets import RuleSet
from auditor.selection.settings import DEFAULT, OPTION, Origin, Parameters, Sourced
from auditor.selection.tables import Pack


class Which(Struct, frozen=True):
    """Hold which rules run in addition to those of packs: those of `include`, or else those of a set, or none."""

    include: Sequence[str]
    rule_set: RuleSet | None


class SelectionSettings(Struct, frozen=True, kw_only=True):
    """Hold the settings that select and configure rules; mappings by rule use the rule's id.

    `excluded` has the exclusions of each origin, which add up. `over_packs` are the parameters that override those of
    the packs: they come from the origin that named the packs, or from one that overrides it. `pack_parameters` override
    those that the configuration file sets for its packs.
    """

    which: Sourced[Which]
    excluded: Sequence[Sourced[Sequence[str]]]
    excluded_ids: frozenset[str]
    packs: Sourced[Sequence[Pack]]
    pack_parameters: Sourced[Sequence[str]]
    severities: Mapping[str, Sourced[Severity]]
    parameters: Parameters
    over_packs: Parameters


def merged(layers: Sequence[Layer], rules: Mapping[str, Rule]) -> SelectionSettings:
    """Return the merged selection of several layers; an earlier layer overrides a later one.

    Raises UsageError for a rule that does not exist.
    """
    excluded = [Sourced(names, layer.origin) for layer in layers if (names := _exclusions(layer, layers, rules))]
    decisive = next((layer for layer in layers if layer.decides), None)
    over_packs = layers if decisive is None else layers[: layers.index(decisive) + 1]
    return SelectionSettings(
        which=_which(decisive),
        excluded=excluded,
        excluded_ids=frozenset(found(rules, name, each.origin).id for each in excluded for name in each.value),
        packs=_packs(decisive),
        pack_parameters=_pack_parameters(layers),
        severities=_severities(layers, rules),
        parameters=_parameters(layers, rules),
        over_packs=_parameters(over_packs, rules),
    )


def _exclusions(layer: Layer, layers: Sequence[Layer], rules: Mapping[str, Rule]) -> Sequence[str]:
    """Return the rules that a layer excludes, without those that an earlier layer includes, which overrides it."""
    earlier = layers[: layers.index(layer)]
    named = {found(rules, name, each.origin).id for each in earlier for name in each.include}
    return [name for name in layer.exclude if found(rules, name, layer.origin).id not in named]


def _which(decisive: Layer | None) -> Sourced[Which]:
    if decisive is None:
        return Sourced(Which((), RuleSet.DEFAULT), DEFAULT)
    return Sourced(Which(decisive.include, decisive.rule_set), decisive.origin)


def _packs(decisive: Layer | None) -> Sourced[Sequence[Pack]]:
    if decisive is None or not (decisive.packs or decisive.origin == OPTION):
        return Sourced((), DEFAULT)
    return Sourced(decisive.packs, decisive.origin)


def _pack_parameters(layers: Sequence[Layer]) -> Sourced[Sequence[str]]:
    given = (Sourced(layer.pack_parameters, layer.origin) for layer in layers if layer.pack_parameters)
    return next(given, Sourced((), DEFAULT))


def _severities(layers: Sequence[Layer], rules: Mapping[str, Rule]) -> Mapping[str, Sourced[Severity]]:
    return {
        found(rules, name, layer.origin).id: Sourced(severity, layer.origin)
        for layer in reversed(layers)
        for name, severity in layer.severities.items()
    }


def _parameters(layers: Sequence[Layer], rules: Mapping[str, Rule]) -> Parameters:
    values: dict[str, dict[str, Sourced[object]]] = {}
    for layer in reversed(layers):
        for name, given in layer.parameters.items():
            of_rule = values.setdefault(found(rules, name, layer.origin).id, {})
            of_rule.update({key: Sourced(value, layer.origin) for key, value in given.items()})
    return values


def found(rules: Mapping[str, Rule], name: str, origin: Origin) -> Rule:
    """Return the rule with a name from an origin; raise UsageError with the origin's file if there is none."""
    try:
        return find(rules, name)
    except UsageError as error:
        raise UsageError(error.problem, error.remedy, subject=error.subject, place=origin.file) from error
