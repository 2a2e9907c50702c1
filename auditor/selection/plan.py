"""The plan of a run: the rules that options, configuration file and packs select, with the origin of each setting."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime

from msgspec import Struct, structs

from auditor.account.model import Snapshot
from auditor.account.sources import Source
from auditor.errors import UsageError
from auditor.judging.parameters import GivenBy, ParameterError, configure, needed
from auditor.judging.registry import load_rules
from auditor.judging.rule import ConfiguredRule, Rule, Severity
from auditor.selection import config
from auditor.selection.config import Loaded
from auditor.selection.frameworks import variants
from auditor.selection.layers import Layer, layer_of_file, layer_of_options
from auditor.selection.merging import SelectionSettings, found, merged
from auditor.selection.options import Choice, RunOptions
from auditor.selection.packs.model import Pack, PackFile
from auditor.selection.packs.summary import PackSummary
from auditor.selection.run_settings import RunSettings, run_settings
from auditor.selection.sets import sets_of
from auditor.selection.settings import DEFAULT, Origin, OriginKind, Sourced, from_framework, from_pack, plain
from auditor.templates.pseudo import pseudo_parameters


class SourcedRule(Struct, frozen=True):
    """Hold a configured rule, the pack that it comes from or None, and the origins of its severity and parameters."""

    configured: ConfiguredRule
    severity: Origin
    parameters: Mapping[str, Origin]
    pack: Origin | None = None


class Plan(Struct, frozen=True, kw_only=True):
    """Hold what a run does: the configuration file, the merged settings, the rules, and the summaries of the packs.

    `own` are the rules that do not come from a pack. A plan that `awaits_account` has rules of packs that depend on the
    account or its Region; `settled` completes them.
    """

    loaded: Loaded
    known: Mapping[str, Rule]
    selection: SelectionSettings
    run: RunSettings
    own: Sequence[SourcedRule]
    of_packs: Sequence[SourcedRule] = ()
    packs: Sequence[PackSummary] = ()
    pack_files: Sequence[PackFile] = ()
    pack_rule_ids: frozenset[str] = frozenset()
    awaits_account: bool = False

    @property
    def rules(self) -> Sequence[ConfiguredRule]:
        """Return all rules that run."""
        return [each.configured for each in (*self.of_packs, *self.own)]

    @property
    def pack_paths(self) -> Sequence[str]:
        """Return the paths of the packs that run, relative to the working folder."""
        return _paths(self.selection)


def current(choice: Choice) -> Plan:
    """Return the plan for a run today; raise as `planned` and `config.load` do."""
    today = datetime.now(UTC).date()
    return planned(choice, config.load(choice.config, today, ignored=choice.no_config))


def planned(choice: Choice, loaded: Loaded, run: RunSettings | None = None) -> Plan:
    """Return the plan for the options and the configuration file; without `run`, the file's settings are used.

    Options override the file: rules, a set or packs that options name run instead of the file's. Raises UsageError for
    settings that are invalid or name something that does not exist, and if no rule is left.
    """
    rules = load_rules()
    by_options = layer_of_options(choice, rules)
    settings = merged([by_options, layer_of_file(loaded)], rules)
    plan = Plan(
        loaded=loaded,
        known=rules,
        selection=settings,
        run=run or run_settings(RunOptions(), loaded),
        own=selected(rules, settings),
        pack_files=_pack_files(loaded, settings),
    )
    plan = _with_packs(plan, {})
    _check_parameters(by_options, plan)
    if not plan.awaits_account:
        _check_names(plan)
    return plan


def settled(plan: Plan, snapshot: Snapshot) -> Plan:
    """Return the plan with the values that depend on the account; raise UsageError as `planned` does.

    The files of the packs are not read again: a file may be a pipe, or may have changed.
    """
    if not plan.awaits_account:
        return plan
    account = snapshot.account
    again = _with_packs(plan, pseudo_parameters(account.id, account.partition, snapshot.region))
    _check_names(again)
    return again


def _check_names(plan: Plan) -> None:
    """Raise UsageError for a suppression in the configuration file whose rule or resource type does not exist."""
    rules = plan.known
    names = {*rules, *(each.config_rule_name for each in plan.rules), *_elsewhere(plan)}
    config.check_names(plan.loaded, rules, names)
    types = {name: rule.resource_types for name, rule in rules.items()}
    own = {each.config_rule_name: each.rule.resource_types for each in plan.rules}
    config.check_types(plan.loaded, {**types, **own})


def selected(rules: Mapping[str, Rule], settings: SelectionSettings) -> list[SourcedRule]:
    """Return the rules that run in addition to those of conformance packs.

    Raises UsageError for a rule or parameter that does not exist, and if neither a rule nor a pack is left.
    """
    named = {rule.id for rule in _chosen(rules, settings)}
    chosen = named - settings.excluded_ids
    if not chosen and not settings.packs.value:
        by = "; ".join(f"{', '.join(each.value)} ({_place(each.origin)})" for each in settings.excluded)
        why = f"every selected rule is excluded: {by}" if named else "nothing selects one"
        remedy = "Exclude fewer rules; `iam-audit rules list` shows them."
        raise UsageError(f"no rule is left to evaluate, because {why}", remedy)
    severe = _with_severities(rules, settings.severities)
    framework = _framework(settings)
    if framework is not None:
        return [each for rule_id in sorted(chosen) for each in _of_framework(severe[rule_id], settings, framework)]
    return [_configured(severe[rule_id], settings) for rule_id in sorted(chosen)]


def _place(origin: Origin) -> str:
    return "--exclude-rule" if origin.kind is OriginKind.OPTION else str(origin)


def _framework(settings: SelectionSettings) -> str | None:
    """Return the framework whose rules run, if a set of one is selected."""
    rule_set = settings.which.value.rule_set
    return rule_set.value if rule_set is not None and rule_set.is_framework else None


def _of_framework(rule: Rule, settings: SelectionSettings, framework: str) -> Iterator[SourcedRule]:
    """Yield the rule once for each distinct set of values that the framework requires; settings override these values.

    If there are several sets, each rule has the name of the first control that requires its values.
    """
    sets = variants(framework, rule.id)
    for control_id, values in sets:
        name = rule.id if len(sets) == 1 else f"{framework}/{control_id}"
        yield _configured(rule, settings, FrameworkValues(framework, name, values))


class FrameworkValues(Struct, frozen=True):
    """Hold the values that a framework requires for a rule, and the name under which the rule reports with them."""

    framework: str
    config_rule_name: str
    values: Mapping[str, str]


def _chosen(rules: Mapping[str, Rule], settings: SelectionSettings) -> Iterator[Rule]:
    which, origin = settings.which.value, settings.which.origin
    if which.include:
        yield from (found(rules, name, origin) for name in which.include)
        return
    framework = _framework(settings)
    for rule in rules.values():
        given = set(settings.parameters.get(rule.id, {}))
        sets = variants(framework, rule.id) if framework is not None else []
        given.update(*(values for _, values in sets[:1]))
        if (sets or which.rule_set in sets_of(rule)) and set(needed(rule)) <= given:
            yield rule


def _with_severities(rules: Mapping[str, Rule], severities: Mapping[str, Sourced[Severity]]) -> dict[str, Rule]:
    """Return the rules with the severities under which they report."""
    severe = {rule_id: structs.replace(rules[rule_id], severity=each.value) for rule_id, each in severities.items()}
    return {**rules, **severe}


def _configured(rule: Rule, settings: SelectionSettings, required: FrameworkValues | None = None) -> SourcedRule:
    given = settings.parameters.get(rule.id, {})
    try:
        configured = configure(rule, plain(given)) if required is None else _as_required(rule, plain(given), required)
    except ParameterError as error:
        wrong = given.get(error.parameter or "")
        raise (error if wrong is None else error.at(wrong.origin.file)) from error
    of_framework = dict.fromkeys(required.values, from_framework(required.framework)) if required is not None else {}
    return _sourced(configured, {**of_framework, **{name: each.origin for name, each in given.items()}}, settings)


def _as_required(rule: Rule, given: Mapping[str, object], required: FrameworkValues) -> ConfiguredRule:
    """Return the rule with a framework's values: as with a conformance pack, it only checks what is required.

    The values count as defaults, so that AWS-managed policies among them are moved to the account's own partition.
    """
    values = {**required.values, **given}
    origin = GivenBy.PACK if required.values else GivenBy.OPTION
    configured = configure(rule, values, origin=origin, config_rule_name=required.config_rule_name)
    return structs.replace(configured, given=configured.given & set(given))


def _sourced(configured: ConfiguredRule, origins: Mapping[str, Origin], settings: SelectionSettings) -> SourcedRule:
    severity = settings.severities.get(configured.rule.id)
    parameters = {name: origins.get(name, DEFAULT) for name in configured.parameters.__struct_fields__}
    return SourcedRule(configured, DEFAULT if severity is None else severity.origin, parameters)


def _pack_files(loaded: Loaded, settings: SelectionSettings) -> Sequence[PackFile]:
    parameters = settings.pack_parameters.value
    if not (parameters or settings.packs.value):
        return ()
    from auditor.selection.packs.selection import read_files  # PyYAML: 25 ms

    return read_files(_paths(settings), parameters, _pack_parameters(loaded))


def _with_packs(plan: Plan, known: Mapping[str, str]) -> Plan:
    """Return the plan with the rules of its packs; `known` are the known pseudo parameters of the account."""
    if not plan.pack_files:
        return plan
    from auditor.selection.packs.pack import packs_of  # PyYAML: 25 ms
    from auditor.selection.packs.selection import choose

    settings, own = plan.selection, [each.configured for each in plan.own]
    packs = [pack for file in plan.pack_files for pack in packs_of(file, known)]
    severe = _with_severities(plan.known, settings.severities)
    chosen = choose(packs, severe, overrides=settings.over_packs, excluded=settings.excluded_ids, beside=own)
    by_name = {each.config_rule_name: each for each in chosen.rules}
    sourced = [
        structs.replace(
            _sourced(by_name[name], _origins_in_pack(by_name[name], pack.path, settings), settings),
            pack=from_pack(pack.path),
        )
        for pack, summary in zip(packs, chosen.packs, strict=True)
        for name in summary.rules
    ]
    return structs.replace(
        plan,
        of_packs=sourced,
        packs=chosen.packs,
        pack_rule_ids=_rule_ids(plan.known, packs),
        awaits_account=any(pack.awaited for pack in packs),
    )


def _rule_ids(rules: Mapping[str, Rule], packs: Sequence[Pack]) -> frozenset[str]:
    """Return the ids of the rules in packs, also of excluded ones; all ids if the identifier of one is unknown."""
    identifiers = {each.source_identifier for pack in packs for each in pack.rules}
    return frozenset(rule.id for rule in rules.values() if "" in identifiers or rule.source_identifier in identifiers)


def _origins_in_pack(configured: ConfiguredRule, path: str, settings: SelectionSettings) -> Mapping[str, Origin]:
    """Return the origins of parameters that are not defaults; a pack that sets any parameter drops all the others."""
    values = structs.asdict(configured.parameters)
    decided = [name for name, value in values.items() if name in configured.given or value is None]
    of_pack = dict.fromkeys(decided, from_pack(path)) if configured.given else {}
    over = settings.over_packs.get(configured.rule.id, {})
    return {**of_pack, **{name: each.origin for name, each in over.items()}}


def _paths(settings: SelectionSettings) -> Sequence[str]:
    return [settings.packs.origin.located(pack.file) for pack in settings.packs.value]


def _pack_parameters(loaded: Loaded) -> dict[str, dict[str, str]]:
    """Return the parameters of the file's conformance packs, by the path of the pack."""
    return {
        loaded.origin.located(pack.file): {name: _text_of(value) for name, value in pack.parameters.items()}
        for pack in loaded.config.conformance_packs
    }


def _text_of(value: str | int) -> str:
    return ("true" if value else "false") if isinstance(value, bool) else str(value)


def _check_parameters(options: Layer, plan: Plan) -> None:
    """Raise UsageError for an option that sets a parameter of a rule which does not run."""
    ids = {each.configured.rule.id for each in plan.own} | plan.pack_rule_ids
    for rule_id in options.parameters:
        if rule_id not in ids:
            raise UsageError(f"{rule_id} is not selected", "Select it with --rule.", place="--parameter")


def _elsewhere(plan: Plan) -> Iterator[str]:
    """Yield the rule names of the file's packs if they do not run this time: their suppressions are still valid."""
    paths = [plan.loaded.origin.located(pack.file) for pack in plan.loaded.config.conformance_packs]
    if not paths or not plan.loaded.config.suppressions or list(plan.pack_paths) == paths:
        return
    from auditor.selection.packs.pack import packs_of
    from auditor.selection.packs.selection import read_files

    for file in read_files(paths, (), _pack_parameters(plan.loaded)):
        for pack in packs_of(file):
            for each in pack.rules:
                yield from (each.config_rule_name, f"{pack.name}/{each.config_rule_name}")


def sources_read(plan: Plan) -> frozenset[Source]:
    """Return the sources that the rules of a plan read."""
    return frozenset[Source]().union(*(each.rule.reads for each in plan.rules))


def sources_wanted(plan: Plan) -> frozenset[Source]:
    """Return the sources that the rules of a plan read; without a selection, those of all known rules.

    Policy descriptions take one call for each policy, so they are read only if a rule that needs them is selected.
    """
    if plan.selection.which.origin.kind is not OriginKind.DEFAULT or plan.selection.excluded:
        return sources_read(plan)
    return frozenset[Source]().union(*(rule.reads for rule in plan.known.values())) - {Source.POLICY_DESCRIPTIONS}
