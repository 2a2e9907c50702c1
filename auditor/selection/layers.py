"""Layers of settings: the selection of the command line options, and that of the configuration file."""

from collections.abc import Mapping, Sequence

from msgspec import Struct

from auditor.errors import UsageError
from auditor.judging.registry import find
from auditor.judging.rule import Rule, Severity
from auditor.selection.config import Loaded
from auditor.selection.options import Choice
from auditor.selection.sets import RuleSet
from auditor.selection.settings import OPTION, Origin
from auditor.selection.tables import Pack, Value


class Layer(Struct, frozen=True, kw_only=True):
    """Hold the selection settings of one origin; rules may be named by id or source identifier.

    The rules of `packs` run instead of those of a set; their paths are as they are written in the origin.
    """

    origin: Origin
    rule_set: RuleSet | None = None
    include: Sequence[str] = ()
    exclude: Sequence[str] = ()
    packs: Sequence[Pack] = ()
    pack_parameters: Sequence[str] = ()
    parameters: Mapping[str, Mapping[str, object]] = {}
    severities: Mapping[str, Severity] = {}

    @property
    def decides(self) -> bool:
        """Return whether the layer selects which rules run."""
        return bool(self.include or self.rule_set or self.packs)


def layer_of_options(choice: Choice, rules: Mapping[str, Rule]) -> Layer:
    """Return the layer of the options; raise UsageError for a set together with rules, and for a wrong parameter."""
    if choice.rule_set and choice.include:
        raise UsageError("--rules and --rule exclude each other", "Give a set, or the rules one by one.")
    return Layer(
        origin=OPTION,
        rule_set=RuleSet(choice.rule_set) if choice.rule_set else None,
        include=choice.include,
        exclude=choice.exclude,
        packs=[Pack(file=path) for path in choice.packs],
        pack_parameters=choice.pack_parameters,
        parameters=_parameters(choice.parameters, rules),
    )


def _parameters(settings: Sequence[str], rules: Mapping[str, Rule]) -> dict[str, dict[str, object]]:
    parameters: dict[str, dict[str, object]] = {}
    for setting in settings:
        target, equals, value = setting.partition("=")
        rule_name, dot, name = target.partition(".")
        place = f"--parameter {setting}"
        if not (equals and dot and name):
            problem = f"{place} does not name a rule, a parameter and a value"
            raise UsageError(problem, "Write it as RULE.NAME=VALUE; an empty value drops a check.")
        values = parameters.setdefault(find(rules, rule_name).id, {})
        if name in values:
            raise UsageError(f"{name} is given twice", "Give each parameter once.", place=place)
        values[name] = value
    return parameters


def layer_of_file(loaded: Loaded) -> Layer:
    """Return the layer of the configuration file."""
    config = loaded.config
    return Layer(
        origin=loaded.origin,
        rule_set=config.selection.set,
        include=config.selection.include,
        exclude=config.selection.exclude,
        packs=config.conformance_packs,
        parameters={
            name: {key: _as_aws_sends_it(value) for key, value in rule.parameters.items()}
            for name, rule in config.rules.items()
        },
        severities={name: rule.severity for name, rule in config.rules.items() if rule.severity is not None},
    )


def _as_aws_sends_it(value: Value) -> object:
    """Return a parameter's value; a list becomes text with commas, as AWS sends it."""
    return ",".join(value) if isinstance(value, list) else value
