"""The rules that conformance packs select, under unique names, and the reasons why the others are left out."""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from auditor.account.kinds import ResourceType
from auditor.account.sources import Source
from auditor.account.unknown import undecided
from auditor.errors import UsageError, nearest
from auditor.judging.catalogue import CHANGE_TRIGGERED, MANAGED_RULES
from auditor.judging.parameters import GivenBy, ParameterError, configure, configure_undecided
from auditor.judging.rule import ConfiguredRule, Context, Rule, Severity, Verdict
from auditor.selection.packs.model import Doubt, Pack, PackFile, PackRule
from auditor.selection.packs.shapes import pack_file
from auditor.selection.packs.summary import OutOfScopeReason, OutOfScopeRule, PackSummary, sentence
from auditor.selection.settings import Parameters, Sourced, plain
from auditor.templates.errors import TemplateError
from auditor.templates.parameters import parameter_names

UNIDENTIFIED = "UNKNOWN"
"""The source identifier of a rule whose real source identifier is unknown."""


class Chosen(Struct, frozen=True):
    """Hold the configured rules of all packs, and a summary of each pack for the report."""

    rules: tuple[ConfiguredRule, ...]
    packs: tuple[PackSummary, ...]


def read_files(
    paths: Sequence[str], settings: Sequence[str], usual: Mapping[str, Mapping[str, str]] = MappingProxyType({})
) -> tuple[PackFile, ...]:
    """Return the documents of packs, each with the values of its parameters.

    A setting is NAME=VALUE, for every pack with that parameter, or PACK:NAME=VALUE.
    `usual` has values by path and name, which the settings override. Raises UsageError for two packs with one name, for
    a parameter that no pack has or that is set twice, and TemplateError for a file that cannot be read.
    """
    names = [Path(path).stem for path in paths]
    for name, number in Counter(names).items():
        if number > 1:
            alike = ", ".join(path for path in paths if Path(path).stem == name)
            raise UsageError(f"{number} conformance packs are called {name}: {alike}", "Rename or leave out one.")
    files = {name: pack_file(path) for name, path in zip(names, paths, strict=True)}
    known = {name: parameter_names(file.document) for name, file in files.items()}
    given: dict[str, dict[str, str]] = {name: {} for name in names}
    for setting in settings:
        _give(setting, known, given)
    return tuple(replace(file, given={**usual.get(file.path, {}), **given[name]}) for name, file in files.items())


def _give(setting: str, known: Mapping[str, frozenset[str]], given: Mapping[str, dict[str, str]]) -> None:
    """Add a setting to the values of the packs that it applies to."""
    target, equals, value = setting.partition("=")
    pack, colon, name = target.rpartition(":")
    place = f"--pack-parameter {setting}"
    if not equals or not name:
        raise UsageError(place, "Write it as NAME=VALUE or PACK:NAME=VALUE.")
    if not known:
        raise UsageError("there is no pack", "Give one with --conformance-pack.", place=place)
    if colon and pack not in known:
        hint = nearest(pack, known, f"There is {', '.join(known)}.")
        raise UsageError(f"there is no pack {pack!r}", hint, place=place)
    takers = [each for each in ([pack] if colon else known) if name in known[each]]
    if not takers:
        names = frozenset[str]().union(*([known[pack]] if colon else known.values()))
        hint = nearest(name, names, f"There is {', '.join(sorted(names)) or 'none'}.")
        raise UsageError(f"no pack has a parameter {name!r}", hint, place=place)
    for taker in takers:
        if name in given[taker]:
            raise UsageError(f"{name} is given twice", "Give each parameter once.", place=place)
        given[taker][name] = value


def configured(pack: Pack, rules: Mapping[str, Rule], overrides: Parameters) -> list[ConfiguredRule]:
    """Return the rules of a pack that this release has, under their own names and with the pack's parameters.

    `overrides` has values by rule id and name, which override the pack's. Raises UsageError with file and line for
    a parameter that a rule does not accept.
    """
    known = {rule.source_identifier: rule for rule in rules.values()}
    found: list[ConfiguredRule] = []
    for each in pack.rules:
        rule = known.get(each.source_identifier)
        if rule is not None:
            found.append(_configured(pack, each, rule, overrides.get(rule.id, {})))
        elif not each.source_identifier:
            found.append(_unidentified(each, rules))
    return found


def _unidentified(given: PackRule, rules: Mapping[str, Rule]) -> ConfiguredRule:
    """Return a placeholder for a rule whose source identifier is unknown; it reads the sources of all rules."""
    rule = Rule(
        id=given.config_rule_name,
        source_identifier=UNIDENTIFIED,
        resource_types=(ResourceType.ACCOUNT,),
        reads=frozenset[Source]().union(*(each.reads for each in rules.values())),
        severity=Severity.MEDIUM,
        source_url=MANAGED_RULES,
        evaluate=_evaluate_none,
    )
    reason = _reason(given, rule, {})
    return configure_undecided(rule, {}, (), reason, config_rule_name=given.config_rule_name)


def _evaluate_none(_resource: object, _context: Context[Any]) -> Verdict:
    raise undecided("the rule is not known")


def _configured(pack: Pack, given: PackRule, rule: Rule, override: Mapping[str, Sourced[object]]) -> ConfiguredRule:
    values, origin = _values(given, override)
    narrow = replace(rule, resource_types=_resource_types(pack, given, rule))
    left_out = tuple(kind for kind in rule.resource_types if kind not in narrow.resource_types)
    unknown = {name: why for name, why in given.unknown.items() if name not in override}
    reason = _reason(given, rule, unknown)
    name = given.config_rule_name
    try:
        if reason:
            configured = configure_undecided(narrow, values, unknown, reason, config_rule_name=name)
        else:
            configured = configure(narrow, values, origin=origin, config_rule_name=name)
        return replace(configured, left_out=left_out)
    except ParameterError as error:
        wrong = override.get(error.parameter or "")
        raise (_fault(pack, given, error) if wrong is None else error.at(wrong.origin.file)) from error


def _reason(given: PackRule, rule: Rule, unknown: Mapping[str, Doubt]) -> str:
    """Return why the settings of a rule are unknown, and what to do about it; "" if they are known."""
    if given.doubt is not None:
        return "; ".join(filter(None, (given.doubt.why, given.doubt.remedy)))
    for name, doubt in unknown.items():
        return f"{doubt.why}; {doubt.remedy or f'--parameter {rule.id}.{name}=VALUE gives it'}"
    return ""


def _values(given: PackRule, override: Mapping[str, Sourced[object]]) -> tuple[Mapping[str, object], GivenBy]:
    """Return the values of a rule's parameters, and where they count as coming from."""
    gives_nothing = all(value is None or not str(value).strip() for value in given.parameters.values())
    defaults_hold = gives_nothing and override  # loosening one check must not switch off others
    origin, of_pack = (GivenBy.OPTION, {}) if defaults_hold else (GivenBy.PACK, given.parameters)
    return {**of_pack, **plain(override)}, origin


def _fault(pack: Pack, given: PackRule, error: ParameterError) -> TemplateError:
    """Return the error with the line of the parameter that it is about, or else the line of the rule."""
    line, text = given.line, None
    if error.parameter is not None:
        line, text = given.parameter_lines.get(error.parameter, line), given.parameters.get(error.parameter)
    meant = f"{text!r} is the name of a parameter of the pack; write {{Ref: {text}}}."
    return TemplateError(pack.path, line, error.message, meant if text in pack.parameter_names else error.remedy)


def _resource_types(pack: Pack, given: PackRule, rule: Rule) -> tuple[ResourceType, ...]:
    """Return the resource types of a rule within its Scope, which AWS uses only for rules that changes trigger."""
    if not given.resource_types or rule.source_identifier not in CHANGE_TRIGGERED:
        return rule.resource_types
    kept = tuple(kind for kind in rule.resource_types if kind in given.resource_types)
    if not kept:
        message = f"the Scope of {given.config_rule_name} leaves nothing of {', '.join(rule.resource_types)}"
        raise TemplateError(
            pack.path, given.line, message, "Name a resource type that the rule judges, or take Scope out."
        )
    return kept


def choose(
    packs: Sequence[Pack],
    rules: Mapping[str, Rule],
    *,
    overrides: Parameters,
    excluded: Collection[str],
    beside: Sequence[ConfiguredRule],
) -> Chosen:
    """Return the rules of all packs, each under a unique name, without those whose ids are excluded.

    A ConfigRuleName is kept if no other pack and no rule in `beside` has it; otherwise it becomes PACK/NAME. Raises
    UsageError as `configured` does, and if no rule is left.
    """
    everything = {pack.name: configured(pack, rules, overrides) for pack in packs}
    kept = {name: [each for each in of if each.rule.id not in excluded] for name, of in everything.items()}
    number = Counter(each.config_rule_name for of in (*kept.values(), beside) for each in of)
    named = {name: [_named(name, each, number) for each in of] for name, of in kept.items()}
    chosen = tuple(each for of in named.values() for each in of)
    summaries = tuple(_summary(pack, rules, named[pack.name], excluded) for pack in packs)
    if not chosen and not beside:
        notes = "; ".join(text for each in summaries for text in (sentence(each), *each.notes))
        hint = "Select rules with --rule, or give others."
        raise UsageError(f"no rule of the conformance packs is left to judge. {notes}", hint)
    _check_names([*chosen, *beside])
    return Chosen(chosen, summaries)


def _named(pack_name: str, each: ConfiguredRule, number: Mapping[str, int]) -> ConfiguredRule:
    if number[each.config_rule_name] == 1:
        return each
    return replace(each, config_rule_name=f"{pack_name}/{each.config_rule_name}")


def _check_names(rules: Sequence[ConfiguredRule]) -> None:
    for name, number in Counter(each.config_rule_name for each in rules).items():
        if number > 1:
            raise UsageError(f"{number} rules would be reported as {name!r}", "Rename one of the packs' files.")


def _summary(
    pack: Pack, rules: Mapping[str, Rule], named: Sequence[ConfiguredRule], excluded: Collection[str]
) -> PackSummary:
    known = {rule.source_identifier: rule.id for rule in rules.values()}
    unknown = [each for each in pack.rules if each.source_identifier and each.source_identifier not in known]
    left_out = [
        (each, OutOfScopeReason.EXCLUDED) for each in pack.rules if known.get(each.source_identifier) in excluded
    ]
    future = [(each, OutOfScopeReason.UNKNOWN_RULE) for each in unknown]
    listed = [
        *(OutOfScopeRule(each.config_rule_name, each.source_identifier, reason) for each, reason in left_out + future),
        *(OutOfScopeRule(each.config_rule_name, each.source_identifier, each.reason) for each in pack.out_of_scope),
    ]
    return PackSummary(
        pack.name,
        tuple(each.config_rule_name for each in named),
        tuple(listed),
        pack.counts.switched_off,
        pack.counts.remediations,
        (*pack.notes, *_unknown_notes(unknown), *_narrow_notes(pack, named), *_undecided_notes(named)),
        sum(bool(each.left_out) for each in named),
        sum(bool(each.undecided) for each in named),
        pack.counts.off,
    )


def _unknown_notes(unknown: Sequence[PackRule]) -> Iterator[str]:
    for each in unknown:
        about = f"{each.source_identifier}, line {each.line}"
        yield f"{each.config_rule_name} ({about}) concerns IAM, but this release does not know it: it is left out"


def _narrow_notes(pack: Pack, named: Sequence[ConfiguredRule]) -> Iterator[str]:
    """Yield a note for each rule about IAM that its Scope leaves out, completely or for some resource types."""
    for rule in pack.out_of_scope:
        if rule.reason is OutOfScopeReason.NARROW_SCOPE:
            about = f"{rule.config_rule_name} ({rule.source_identifier}, line {rule.line})"
            yield f"{about} is restricted to a tag or one resource by its Scope: it is left out"
    for each in named:
        if each.left_out:
            yield f"{each.config_rule_name} judges no {', '.join(each.left_out)}: its Scope leaves that out"


def _undecided_notes(named: Sequence[ConfiguredRule]) -> Iterator[str]:
    for each in named:
        if each.undecided:
            yield f"{each.config_rule_name} is undecided: {each.undecided}"
