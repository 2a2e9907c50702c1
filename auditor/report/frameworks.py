"""Frameworks: findings seen by the controls of CIS, AWS Security Hub, NIST and PCI that the rules support.

frameworks.json names the frameworks and, where they are known for certain, their controls on IAM in our own words,
with what a control asks of a rule's parameters. Its sources are the numbering of the CIS benchmarks and
https://docs.aws.amazon.com/securityhub/latest/userguide/iam-controls.html. controls.json says which rules support
which control.
"""

import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, Protocol

import msgspec
from msgspec import Struct

from auditor.errors import UsageError
from auditor.judging.finding import Finding
from auditor.judging.registry import load_rules
from auditor.judging.rule import ComplianceType, Rule
from auditor.report.controls import controls

PARTLY, NOT_EVALUATED, SET_ASIDE = "partly evaluated", "not evaluated", "suppressed findings"
_NOTE = (
    "Where that names no values, a rule has to ask for those that AWS documents."
    " Other controls of this framework are not listed here."
)
_Aside = Mapping[str, frozenset[ComplianceType]]
"""The verdicts of suppressed findings, by rule."""

_COMMON_WORDS = {"aws", "dss", "foundations", "benchmark"}  # what people leave out of a framework's name, or put in


class RuleSummary(Protocol):
    """What is told here of a configured rule; the report's RuleResult is one."""

    @property
    def config_rule_name(self) -> str:
        """Return the name under which the rule reports."""

    @property
    def source_identifier(self) -> str:
        """Return the rule's identifier."""

    @property
    def parameters(self) -> Mapping[str, Any]:
        """Return the parameters of this run, as JSON."""

    @property
    def compliance_type(self) -> ComplianceType:
        """Return the rule's verdict."""

    @property
    def counts(self) -> Mapping[ComplianceType, int]:
        """Return the number of findings that are not suppressed, by compliance type."""

    @property
    def left_out(self) -> Sequence[str]:
        """Return the resource types that the rule did not judge, though it is made for them."""

    @property
    def suppressed(self) -> int:
        """Return the number of suppressed findings."""


class SupportingRule(Struct, frozen=True):
    """Sum up a rule that supports a control; `counts` and verdict leave out suppressed findings.

    `shortfalls` say which parameters of this run, or its Scope, fall short of what the control asks for.
    """

    config_rule_name: str
    compliance_type: ComplianceType
    counts: dict[ComplianceType, int]
    suppressed: int
    shortfalls: tuple[str, ...]


class ControlResult(Struct, frozen=True):
    """Sum up a control: `complete` if all of its rules ran and asked for as much as the control does.

    The verdict is the worst of the rules' findings, suppressed ones included: an exception is ours, not the
    framework's. `set_aside` says that it would be better without these. What is not complete is never COMPLIANT.
    `not_evaluated` names rules.
    """

    id: str
    title: str | None
    compliance_type: ComplianceType
    complete: bool
    set_aside: bool
    rules: tuple[SupportingRule, ...]
    not_evaluated: tuple[str, ...]


class UncoveredControl(Struct, frozen=True):
    """Name a control that no rule supports."""

    id: str
    title: str


class FrameworkResult(Struct, frozen=True):
    """Sum up a framework control by control; `note` says where the mapping is from and that there are more controls."""

    name: str
    title: str
    controls: tuple[ControlResult, ...]
    uncovered: tuple[UncoveredControl, ...]
    note: str


class Ask(Struct, frozen=True, forbid_unknown_fields=True):
    """Hold what a control asks of a parameter.

    That is a bound, to be true, not to be set (exceptions), or to be a list with AWS's policy or the KMS actions.
    """

    at_most: int | None = None
    at_least: int | None = None
    on: bool = False
    off: bool = False
    policy: str | None = None
    actions: tuple[str, ...] = ()


class Framework(Struct, frozen=True, forbid_unknown_fields=True):
    """Name a framework, and say where the mapping of its controls comes from."""

    name: str
    title: str
    source: str


class KnownControl(Struct, frozen=True, forbid_unknown_fields=True):
    """Hold a control in our words: its ids by framework, and what it asks by rule and parameter."""

    title: str
    ids: dict[str, str]
    asks: dict[str, dict[str, Ask]] = {}


class _Document(Struct, frozen=True, forbid_unknown_fields=True):
    """Hold frameworks.json; `usual` is what is asked by rule where a control names no values: AWS's own ones."""

    frameworks: tuple[Framework, ...]
    usual: dict[str, dict[str, Ask]]
    controls: tuple[KnownControl, ...]


@cache
def _document() -> _Document:
    return msgspec.json.decode((Path(__file__).parent / "frameworks.json").read_bytes(), type=_Document)


def known() -> Mapping[str, Framework]:
    """Return the frameworks that can be asked for, by name."""
    return {framework.name: framework for framework in _document().frameworks}


def listed(name: str) -> Mapping[str, KnownControl]:
    """Return the controls of a framework that are known for certain, by id: for many frameworks none, for none all."""
    return {control.ids[name]: control for control in _document().controls if name in control.ids}


def supported(name: str) -> Mapping[str, Sequence[str]]:
    """Return the controls of a framework that rules support, in their natural order, with the ids of the rules."""
    by_control: dict[str, list[str]] = {}
    for rule_id, frameworks in sorted(controls().items()):
        for control in frameworks.get(name, ()):
            by_control.setdefault(control, []).append(rule_id)
    return {control: by_control[control] for control in sorted(by_control, key=natural)}


def uncovered(name: str) -> tuple[UncoveredControl, ...]:
    """Return the known controls of a framework that no rule supports, in their natural order."""
    ids = sorted(listed(name).keys() - supported(name).keys(), key=natural)
    return tuple(UncoveredControl(each, listed(name)[each].title) for each in ids)


def find(name: str) -> str:
    """Return the full name of a framework, whatever the case and the separators; raise UsageError for none."""
    names = {_plain(each): each for each in known()}
    if (plain := _plain(name)) in names:
        return names[plain]
    from difflib import get_close_matches  # imported late: for mistakes only

    begun = [each for each in names if plain and each.startswith(plain)]
    close = [names[each] for each in begun or get_close_matches(plain, names, n=1)]
    hint = f"Did you mean {' or '.join(close)}?" if close else "`iam-audit frameworks` lists them."
    raise UsageError(f"--framework {name}: there is no such framework", hint)


def _plain(name: str) -> str:
    """Return what tells one framework from another: letters and digits, without the words that all of a kind share."""
    words = re.findall(r"[a-z]+|[0-9]+", re.sub(r"\bv(?=[0-9])", "", name.casefold()))
    return "".join(word for word in words if word not in _COMMON_WORDS)


def natural(control_id: str) -> tuple[list[tuple[int, int, str]], str]:
    """Return a key that orders ids as people do: 1.9 before 1.10, IAM.2 before IAM.10, AC-2 before AC-2(1)."""
    pieces = re.findall(r"[0-9]+|[A-Za-z]+", control_id)
    return [(0, int(piece), "") if piece.isdigit() else (1, 0, piece) for piece in pieces], control_id


def by_framework(
    names: Iterable[str], rules: Sequence[RuleSummary], findings: Sequence[Finding]
) -> tuple[FrameworkResult, ...]:
    """Return the named frameworks with the verdicts of their controls, by the rules and findings of a report."""
    aside = {rule.config_rule_name: _aside(rule, findings) for rule in rules if rule.suppressed}
    return tuple(_framework(known()[name], rules, aside) for name in dict.fromkeys(names))


def _aside(rule: RuleSummary, findings: Sequence[Finding]) -> frozenset[ComplianceType]:
    """Return the verdicts of a rule's suppressed findings; INSUFFICIENT_DATA where the report does not list all."""
    name = rule.config_rule_name
    seen = [each.compliance_type for each in findings if each.suppression is not None and each.config_rule_name == name]
    return frozenset(seen) if len(seen) == rule.suppressed else frozenset({*seen, ComplianceType.INSUFFICIENT_DATA})


def _framework(framework: Framework, rules: Sequence[RuleSummary], aside: _Aside) -> FrameworkResult:
    known_rules = load_rules()
    titled = listed(framework.name)
    results = []
    for control_id, rule_ids in supported(framework.name).items():
        control = titled.get(control_id)
        asks = {**_document().usual, **(control.asks if control else {})}
        judged = {
            rule_id: [_judged(asks.get(rule_id, {}), rule, aside) for rule in ran]
            for rule_id, ran in _ran(rule_ids, known_rules, rules)
        }
        results.append(_control(control_id, control.title if control else None, judged))
    note = f"{framework.source} {_NOTE}"
    return FrameworkResult(framework.name, framework.title, tuple(results), uncovered(framework.name), note)


def _ran(
    rule_ids: Iterable[str], known_rules: Mapping[str, Rule], rules: Sequence[RuleSummary]
) -> Iterator[tuple[str, list[RuleSummary]]]:
    """Yield with each id the configured rules of this run that are of it."""
    for rule_id in rule_ids:
        identifier = known_rules[rule_id].source_identifier
        yield rule_id, [rule for rule in rules if rule.source_identifier == identifier]


class _Judged(Struct, frozen=True):
    """Hold what a configured rule says on a control: by the findings that count, and by those that are suppressed."""

    rule: RuleSummary
    shortfalls: tuple[str, ...]
    counting: frozenset[ComplianceType]
    aside: frozenset[ComplianceType]


def _judged(asks: Mapping[str, Ask], rule: RuleSummary, aside: _Aside) -> _Judged:
    short = dict(_shortfalls(asks, rule.parameters))
    texts = [*short.values(), *([f"Its Scope leaves out {', '.join(rule.left_out)}"] if rule.left_out else [])]
    verdicts, verdicts_aside = frozenset({rule.compliance_type}), aside.get(rule.config_rule_name, frozenset())
    if texts:  # then only a broken check says something: what breaks a looser one breaks the control's too
        looser = all(asks[name].off or _is_number(rule.parameters.get(name)) for name in short)
        still = frozenset({ComplianceType.NON_COMPLIANT} if looser else ())
        verdicts, verdicts_aside = verdicts & still, verdicts_aside & still
    return _Judged(rule, tuple(texts), verdicts, verdicts_aside)


def _control(control_id: str, title: str | None, judged: Mapping[str, Sequence[_Judged]]) -> ControlResult:
    supporting = [each for of_rule in judged.values() for each in of_rule]
    complete = all(any(not each.shortfalls for each in of_rule) for of_rule in judged.values())
    unknown = frozenset[ComplianceType]() if complete else frozenset({ComplianceType.INSUFFICIENT_DATA})
    counting = unknown.union(*(each.counting for each in supporting))
    verdict = _worst(counting.union(*(each.aside for each in supporting)))
    return ControlResult(
        id=control_id,
        title=title,
        compliance_type=verdict,
        complete=complete,
        set_aside=verdict is not _worst(counting),
        rules=tuple(_supporting(each) for each in supporting),
        not_evaluated=tuple(rule_id for rule_id, of_rule in judged.items() if not of_rule),
    )


def _worst(kinds: Collection[ComplianceType]) -> ComplianceType:
    return next(kind for kind in ComplianceType if kind in kinds)


def _supporting(judged: _Judged) -> SupportingRule:
    rule = judged.rule
    counts = dict(rule.counts)
    return SupportingRule(rule.config_rule_name, rule.compliance_type, counts, rule.suppressed, judged.shortfalls)


def contradicts(control: ControlResult, rules: Mapping[str, RuleSummary]) -> bool:
    """Return whether the rules of a report, by name, speak against what it tells of a control."""
    for each in control.rules:
        rule = rules.get(each.config_rule_name)
        verdicts = each.compliance_type, each.counts, each.suppressed
        if rule is None or verdicts != (rule.compliance_type, rule.counts, rule.suppressed):
            return True
    full = [each.compliance_type for each in control.rules if not each.shortfalls]
    if control.complete and (control.not_evaluated or not full):
        return True
    worst = _worst([*full, *([] if control.complete else [ComplianceType.INSUFFICIENT_DATA])])
    return _worst([worst, control.compliance_type]) is not control.compliance_type


def _shortfalls(asks: Mapping[str, Ask], parameters: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield the parameters that do not ask for as much as a control does, each with the words that say so."""
    for name, ask in asks.items():
        value = parameters.get(name)
        if (missing := lacking(ask, value)) is not None:
            shown = "not set" if value is None else msgspec.json.encode(value).decode()
            yield name, f"{name} is {shown}; the control asks for {missing}"


def lacking(ask: Ask, value: Any) -> str | None:
    """Return what a control asks for, if the value does not give it."""
    if ask.at_most is not None:
        return None if _is_number(value) and value <= ask.at_most else f"at most {ask.at_most}"
    if ask.at_least is not None:
        return None if _is_number(value) and value >= ask.at_least else f"at least {ask.at_least}"
    if ask.on:
        return None if value is True else "true"
    if ask.off:
        return ("false" if value is True else "none") if value else None
    given = [value] if isinstance(value, str) else list(map(str, value)) if isinstance(value, (list, tuple)) else []
    if ask.policy is not None:  # AWS's own policies have the same name in every partition
        return None if any(arn.endswith(f":iam::aws:policy/{ask.policy}") for arn in given) else ask.policy
    lower = {each.lower() for each in given}
    return None if all(action.lower() in lower for action in ask.actions) else ", ".join(ask.actions)


def _is_number(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def tally(framework: FrameworkResult) -> str:
    """Return the text that counts the controls of a framework by verdict."""
    counts = Counter(control.compliance_type for control in framework.controls)
    verdicts = ", ".join(f"{counts[kind]} {kind}" for kind in ComplianceType if counts[kind])
    number = len(framework.controls)
    text = f"{number} {'control' if number == 1 else 'controls'} with rules: {verdicts}" if number else "no rules"
    aside = sum(control.set_aside for control in framework.controls)
    text += f"; of {aside} the verdict is that of suppressed findings" if aside else ""
    return text + (f"; {len(framework.uncovered)} that no rule covers" if framework.uncovered else "")


def extent(control: ControlResult) -> tuple[str, ...]:
    """Return the words beside a control's verdict: that not every rule decided, that only suppressed findings did."""
    evaluated = () if control.complete else (PARTLY if control.rules else NOT_EVALUATED,)
    return (*evaluated, SET_ASIDE) if control.set_aside else evaluated
