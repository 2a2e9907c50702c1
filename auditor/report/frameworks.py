"""Frameworks: findings seen by the controls of CIS, AWS Security Hub, NIST and PCI that the rules support."""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any, Protocol

import msgspec
from msgspec import Struct

from auditor.judging.finding import Finding
from auditor.judging.registry import load_rules
from auditor.judging.rule import ComplianceType, Rule
from auditor.selection.frameworks import (
    Framework,
    KnownControl,
    Requirement,
    UncoveredControl,
    is_number,
    known,
    lacking,
    listed,
    requirements,
    supported,
    uncovered,
)

PARTLY, NOT_EVALUATED, SET_ASIDE = "partly evaluated", "not evaluated", "suppressed findings"
_NOTE = (
    "Where that names no values, a rule has to ask for those that AWS documents."
    " Other controls of this framework are not listed here."
)
_Aside = Mapping[str, frozenset[ComplianceType]]
"""The verdicts of suppressed findings, by rule."""


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
    `not_evaluated` names rules. `partial` says why the rules can break the control, and never meet it.
    """

    id: str
    title: str | None
    compliance_type: ComplianceType
    complete: bool
    set_aside: bool
    rules: tuple[SupportingRule, ...]
    not_evaluated: tuple[str, ...]
    partial: str | None = None


class FrameworkResult(Struct, frozen=True):
    """Sum up a framework control by control; `note` says where the mapping is from and that there are more controls."""

    name: str
    title: str
    controls: tuple[ControlResult, ...]
    uncovered: tuple[UncoveredControl, ...]
    note: str


def by_framework(
    names: Iterable[str], rules: Sequence[RuleSummary], findings: Sequence[Finding], partition: str
) -> tuple[FrameworkResult, ...]:
    """Return the named frameworks with the verdicts of their controls, by the rules and findings of a report.

    A policy of another partition than the account's meets no control.
    """
    aside = {rule.config_rule_name: _aside(rule, findings) for rule in rules if rule.suppressed}
    return tuple(_framework(known()[name], rules, aside, partition) for name in dict.fromkeys(names))


def _aside(rule: RuleSummary, findings: Sequence[Finding]) -> frozenset[ComplianceType]:
    """Return the verdicts of a rule's suppressed findings; INSUFFICIENT_DATA where the report does not list all."""
    name = rule.config_rule_name
    seen = [each.compliance_type for each in findings if each.suppression is not None and each.config_rule_name == name]
    return frozenset(seen) if len(seen) == rule.suppressed else frozenset({*seen, ComplianceType.INSUFFICIENT_DATA})


def _framework(framework: Framework, rules: Sequence[RuleSummary], aside: _Aside, partition: str) -> FrameworkResult:
    known_rules = load_rules()
    titled = listed(framework.name)
    results = []
    for control_id, rule_ids in supported(framework.name).items():
        asks = requirements(framework.name, control_id)
        judged = {
            rule_id: [_judged(asks.get(rule_id, {}), rule, aside, partition) for rule in ran]
            for rule_id, ran in _ran(rule_ids, known_rules, rules)
        }
        results.append(_control(control_id, titled.get(control_id), judged))
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


def _judged(asks: Mapping[str, Requirement], rule: RuleSummary, aside: _Aside, partition: str) -> _Judged:
    short = dict(_shortfalls(asks, rule.parameters, partition))
    texts = [*short.values(), *([f"Its Scope leaves out {', '.join(rule.left_out)}"] if rule.left_out else [])]
    verdicts, verdicts_aside = frozenset({rule.compliance_type}), aside.get(rule.config_rule_name, frozenset())
    if texts:  # then only a broken check says something: what breaks a looser one breaks the control's too
        looser = all(asks[name].off or is_number(rule.parameters.get(name)) for name in short)
        still = frozenset({ComplianceType.NON_COMPLIANT} if looser else ())
        verdicts, verdicts_aside = verdicts & still, verdicts_aside & still
    return _Judged(rule, tuple(texts), verdicts, verdicts_aside)


def _control(control_id: str, control: KnownControl | None, judged: Mapping[str, Sequence[_Judged]]) -> ControlResult:
    supporting = [each for of_rule in judged.values() for each in _telling(of_rule)]
    partial = control.partial if control else None
    whole = all(any(not each.shortfalls for each in of_rule) for of_rule in judged.values())
    complete = whole and partial is None
    unknown = frozenset[ComplianceType]() if complete else frozenset({ComplianceType.INSUFFICIENT_DATA})
    counting = unknown.union(*(each.counting for each in supporting))
    verdict = _worst(counting.union(*(each.aside for each in supporting)))
    return ControlResult(
        id=control_id,
        title=control.title if control else None,
        compliance_type=verdict,
        complete=complete,
        set_aside=verdict is not _worst(counting),
        rules=tuple(_supporting(each) for each in supporting),
        not_evaluated=tuple(rule_id for rule_id, of_rule in judged.items() if not of_rule),
        partial=partial,
    )


def _telling(of_rule: Sequence[_Judged]) -> Sequence[_Judged]:
    """Return the configurations of a rule without those that say nothing beside one that asks for enough."""
    if all(each.shortfalls for each in of_rule):
        return of_rule
    return [each for each in of_rule if not each.shortfalls or each.counting or each.aside]


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
    if control.complete and (control.not_evaluated or control.partial is not None or not full):
        return True
    worst = _worst([*full, *([] if control.complete else [ComplianceType.INSUFFICIENT_DATA])])
    return _worst([worst, control.compliance_type]) is not control.compliance_type


def _shortfalls(
    asks: Mapping[str, Requirement], parameters: Mapping[str, Any], partition: str
) -> Iterator[tuple[str, str]]:
    """Yield the parameters that do not ask for as much as a control does, each with the words that say so."""
    for name, ask in asks.items():
        value = parameters.get(name)
        if (missing := lacking(ask, value, partition)) is not None:
            known = "not set" if value is None else msgspec.json.encode(value).decode()
            shown = known if name in parameters else "unknown"  # of an undecided rule no parameter is shown
            yield name, f"{name} is {shown}; the control asks for {missing}"


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
