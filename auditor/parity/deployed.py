"""AWS Config's rules brought together with ours: by source identifier, and by parameters that mean the same."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import msgspec
from msgspec import Struct, structs

from auditor.judging.parameters import GivenBy, ParameterError, configure
from auditor.judging.rule import ConfiguredRule, Rule
from auditor.parity.answers import ScopeAnswer
from auditor.parity.parity import NotCompared
from auditor.parity.results import Deployed

Key = tuple[str, bytes, ScopeAnswer]
"""What rules have in common that ask the same: source identifier, normalised parameters, and Scope."""


class Group(Struct, frozen=True, kw_only=True):
    """Hold rules of AWS Config that ask the same, in one or several Regions, and our rule beside them.

    `ours` is None where nothing can be compared, and `not_compared` with `explanation` says why. `alike` says whether
    our rule has the same parameters.
    """

    deployed: tuple[Deployed, ...]
    ours: ConfiguredRule | None
    alike: bool = True
    not_compared: NotCompared | None = None
    explanation: str = ""

    @property
    def first(self) -> Deployed:
        """Return the rule that the group is named for."""
        return self.deployed[0]

    @property
    def scope(self) -> ScopeAnswer:
        """Return the Scope that all rules of the group have."""
        return self.first.scope


def grouped(
    deployed: Iterable[Deployed], known: Mapping[str, Rule], own: Sequence[ConfiguredRule] | None
) -> list[Group]:
    """Return the rules in groups, each with ours: judged as AWS Config has them, or, if given, our own configured ones.

    `known` are our rules by source identifier.
    """
    found: dict[Key, list[tuple[Deployed, ConfiguredRule | str]]] = {}
    for each in sorted(deployed, key=lambda rule: (rule.name, rule.place.region or "")):
        configured = _as_config_has_it(each, known)
        found.setdefault(_key(each, configured), []).append((each, configured))
    return [_group([each for each, _ in members], members[0][1], known, own) for members in found.values()]


def _as_config_has_it(deployed: Deployed, known: Mapping[str, Rule]) -> ConfiguredRule | str:
    """Return our rule with AWS Config's parameters, or why there is none."""
    rule = known.get(deployed.source_identifier)
    if rule is None:
        return "this release does not know the rule"
    if deployed.fault is not None:
        return deployed.fault
    try:
        return configure(rule, deployed.parameters, origin=GivenBy.PACK)
    except ParameterError as error:
        return f"its parameters cannot be read: {error.message}"


def _key(deployed: Deployed, configured: ConfiguredRule | str) -> Key:
    values = msgspec.json.encode(deployed.parameters, order="sorted")
    if isinstance(configured, ConfiguredRule):
        values = normalised(configured)
    return deployed.source_identifier, values, deployed.scope


def normalised(configured: ConfiguredRule) -> bytes:
    """Return what the parameters of a rule mean, whatever their spelling; the order of a list means nothing."""
    values = msgspec.to_builtins(configured.parameters)
    plain = {name: sorted(value) if isinstance(value, list | tuple) else value for name, value in values.items()}
    return msgspec.json.encode([plain, sorted(configured.doubts)], order="sorted")


def _group(
    members: Sequence[Deployed],
    as_config: ConfiguredRule | str,
    known: Mapping[str, Rule],
    own: Sequence[ConfiguredRule] | None,
) -> Group:
    deployed = tuple(members)
    if isinstance(as_config, str):
        unknown = members[0].source_identifier not in known
        reason = NotCompared.UNKNOWN_RULE if unknown else NotCompared.PARAMETERS
        return Group(deployed=deployed, ours=None, not_compared=reason, explanation=as_config)
    if own is None:
        return Group(deployed=deployed, ours=as_config)
    ours = [each for each in own if each.rule.source_identifier == members[0].source_identifier]
    same = next((each for each in ours if normalised(each) == normalised(as_config)), None)
    if same is None and not ours:
        why = "it is not among the selected rules"
        return Group(deployed=deployed, ours=None, not_compared=NotCompared.NOT_SELECTED, explanation=why)
    return Group(deployed=deployed, ours=same or ours[0], alike=same is not None)


def named_apart(groups: Sequence[Group]) -> list[Group]:
    """Return the groups, our rule of each under a name of its own, so that each can be judged by itself."""
    return [
        each
        if each.ours is None
        else structs.replace(each, ours=structs.replace(each.ours, config_rule_name=f"{number:04}"))
        for number, each in enumerate(groups)
    ]


def parameters_of(configured: ConfiguredRule) -> dict[str, Any]:
    """Return the parameters of a rule as plain values."""
    values: dict[str, Any] = msgspec.to_builtins(configured.parameters)
    return values


def unmatched(own: Sequence[ConfiguredRule], deployed: Iterable[Deployed]) -> Iterator[str]:
    """Yield the names of our rules that AWS Config does not have."""
    there = {each.source_identifier for each in deployed}
    return (each.config_rule_name for each in own if each.rule.source_identifier not in there)
