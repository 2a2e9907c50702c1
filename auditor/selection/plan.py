"""The plan of a run: which rules run, by options, configuration file and packs, and where each setting comes from."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import UTC, datetime

from msgspec import Struct, structs, to_builtins

from auditor.account.sources import Source
from auditor.errors import UsageError
from auditor.judging.registry import load_rules
from auditor.judging.rule import ConfiguredRule, Rule
from auditor.selection import config
from auditor.selection.config import Loaded
from auditor.selection.packs.summary import PackSummary
from auditor.selection.selection import (
    DEFAULT,
    OPTION,
    Choice,
    Given,
    RuleSet,
    Setting,
    chosen,
    deciding,
    excluded,
    laid_over,
    selected,
    severity_origin,
    with_severities,
)


class Plan(Struct, frozen=True):
    """Hold what a run was asked for: the file, what it and the options say, the rules, and what became of the packs.

    Of `given` the earlier wins over the later. `own` are the rules that are of no pack; `rules` are all.
    `pack_parameters` are those of options.
    """

    loaded: Loaded
    known: Mapping[str, Rule]
    given: Sequence[Given]
    own: Sequence[ConfiguredRule]
    rules: Sequence[ConfiguredRule]
    packs: Sequence[PackSummary]
    pack_parameters: Sequence[str]

    @property
    def decided(self) -> Given | None:
        """Give what decided which rules run, None where nothing did and the default holds."""
        return deciding(self.given)

    @property
    def pack_paths(self) -> Mapping[str, str]:
        """Give the files of the packs that run, by the packs' names."""
        return dict(zip((pack.name for pack in self.packs), self.decided.packs if self.decided else (), strict=False))


def current(choice: Choice) -> Plan:
    """Give the plan that holds today; raise as `planned` and `config.load` do."""
    return planned(choice, config.load(choice.config, datetime.now(UTC).date()))


def planned(choice: Choice, loaded: Loaded) -> Plan:
    """Give the plan that the options and the configuration file ask for.

    What is asked for by options goes before what the file says: rules, a set or packs named there run instead of the
    file's. Raises UsageError for what is not understood or does not exist, and when no rule is left.
    """
    rules = load_rules()
    given = (chosen(choice, rules), config.given(loaded))
    decided, own = deciding(given), selected(rules, given)
    of_packs: Sequence[ConfiguredRule] = ()
    packs: Sequence[PackSummary] = ()
    held: Collection[str] = ()
    if choice.pack_parameters or (decided is not None and decided.packs):
        of_packs, packs, held = _of_packs(choice, loaded, rules, given, own)
    _check_parameters(given[0], {each.rule.id for each in own} | set(held))
    plan = Plan(loaded, rules, given, own, [*of_packs, *own], packs, choice.pack_parameters)
    config.check_names(loaded, rules, {*rules, *(each.config_rule_name for each in plan.rules), *_elsewhere(plan)})
    return plan


def _of_packs(
    choice: Choice, loaded: Loaded, rules: Mapping[str, Rule], given: Sequence[Given], own: Sequence[ConfiguredRule]
) -> tuple[Sequence[ConfiguredRule], Sequence[PackSummary], Collection[str]]:
    """Give the rules of the packs, what became of the packs, and the ids of the rules that they hold."""
    from auditor.selection.packs.selection import choose, read_packs  # PyYAML: 25 ms

    decided = deciding(given)
    packs = read_packs(decided.packs if decided else (), choice.pack_parameters, config.pack_parameters(loaded))
    overrides, _ = laid_over(rules, _over_packs(given))
    unwanted = excluded(rules, given)
    of_packs = choose(packs, with_severities(rules, given), overrides=overrides, excluded=unwanted, beside=own)
    identifiers = {each.source_identifier for pack in packs for each in pack.rules}
    return of_packs.rules, of_packs.packs, {each.id for each in rules.values() if each.source_identifier in identifiers}


def _over_packs(given: Sequence[Given]) -> Sequence[Given]:
    """Give whose parameters go before those of the packs: who named the packs, and who goes before that."""
    decided = deciding(given)
    return given if decided is None else given[: given.index(decided) + 1]


def _check_parameters(options: Given, ids: Collection[str]) -> None:
    for rule_id in options.parameters:
        if rule_id not in ids:
            raise UsageError(f"--parameter: {rule_id} is not selected", "Select it with --rule.")


def _elsewhere(plan: Plan) -> Iterator[str]:
    """Yield the names of rules of the file's packs where something else runs this time: their suppressions stay."""
    paths = plan.given[-1].packs
    if not paths or not plan.loaded.config.suppressions or (plan.decided and plan.decided.packs == paths):
        return
    from auditor.selection.packs.selection import read_packs

    for pack in read_packs(paths, (), config.pack_parameters(plan.loaded)):
        for each in pack.rules:
            yield from (each.config_rule_name, f"{pack.name}/{each.config_rule_name}")


def sources_read(plan: Plan) -> frozenset[Source]:
    """Give the sources that the rules of a plan read."""
    return frozenset[Source]().union(*(each.rule.reads for each in plan.rules))


def sources_wanted(plan: Plan) -> frozenset[Source]:
    """Give the sources that the rules of a plan read, or all known rules if nothing selects among them."""
    if any(each.include or each.rule_set or each.exclude or each.packs for each in plan.given):
        return sources_read(plan)
    return frozenset[Source]().union(*(rule.reads for rule in plan.known.values()))


def settings(plan: Plan) -> Iterator[Setting]:
    """Yield every effective setting of the selection."""
    yield from _selection(plan)
    _, origins = laid_over(plan.known, plan.given)
    for configured in plan.own:
        yield from _rule(plan, configured, origins.get(configured.rule.id, {}))
    if plan.packs:
        _, origins = laid_over(plan.known, _over_packs(plan.given))
    by_name = {each.config_rule_name: each for each in plan.rules}
    for pack in plan.packs:
        for configured in (by_name[name] for name in pack.rules):
            of_pack = _of_pack(configured, plan.pack_paths[pack.name])
            yield from _rule(plan, configured, {**of_pack, **origins.get(configured.rule.id, {})})


def _selection(plan: Plan) -> Iterator[Setting]:
    decided = plan.decided
    origin = decided.origin if decided else DEFAULT
    if decided and decided.include:
        yield Setting("selection.include", list(decided.include), origin)
    elif decided is None or decided.rule_set:
        yield Setting("selection.set", decided.rule_set if decided else RuleSet.AWS_CONFIG, origin)
    for each in plan.given:
        if each.exclude:
            yield Setting("selection.exclude", list(each.exclude), each.origin)
    if decided and decided.origin == OPTION:
        yield Setting("conformance_packs", list(decided.packs), OPTION)
    else:
        packs = to_builtins(plan.loaded.config.conformance_packs)
        yield Setting("conformance_packs", packs, str(plan.loaded.path) if packs else DEFAULT)
    if plan.pack_parameters:
        yield Setting("pack_parameters", list(plan.pack_parameters), OPTION)


def _of_pack(configured: ConfiguredRule, path: str) -> Mapping[str, str]:
    """Give the origins of the parameters that a pack decides: it drops what it does not give if it gives any."""
    values = structs.asdict(configured.parameters)
    decided = (name for name, value in values.items() if name in configured.given or value is None)
    return dict.fromkeys(decided, path) if configured.given else {}


def _rule(plan: Plan, configured: ConfiguredRule, origins: Mapping[str, str]) -> Iterator[Setting]:
    key, rule = f"rules.{configured.config_rule_name}", configured.rule
    yield Setting(f"{key}.severity", rule.severity, severity_origin(plan.known, plan.given, rule.id))
    for name, value in to_builtins(configured.parameters).items():
        yield Setting(f"{key}.parameters.{name}", value, origins.get(name, DEFAULT))
