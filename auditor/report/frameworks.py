"""Frameworks: the findings by the controls of CIS, AWS Security Hub, NIST and PCI that the rules support."""

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
    """Describe a configured rule as far as it is needed here; the report's RuleResult is one."""

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
        """Return the resource types of the rule that it did not judge in this run."""

    @property
    def suppressed(self) -> int:
        """Return the number of suppressed findings."""


class SupportingRule(Struct, frozen=True):
    """Summarize a rule that supports a control; `counts` and verdict leave out suppressed findings.

    `shortfalls` say which parameters of this run, or its Scope, do not meet the requirements of the control.
    """

    config_rule_name: str
    compliance_type: ComplianceType
    counts: dict[ComplianceType, int]
    suppressed: int
    shortfalls: tuple[str, ...]


class ControlResult(Struct, frozen=True):
    """Summarize a control; it is `complete` if all its rules ran, with parameters that meet its requirements.

    The verdict is the worst of the rules' findings, including suppressed ones, because a suppression is ours, not the
    framework's. `set_aside` means that it would be better without these. An incomplete control is never COMPLIANT.
    `not_evaluated` names rules that did not run. `partial` says why the rules can show that the control fails but never
    that it passes.
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
    """Summarize a framework by control; `note` has the source of the mapping, and says that there are more controls."""

    name: str
    title: str
    controls: tuple[ControlResult, ...]
    uncovered: tuple[UncoveredControl, ...]
    note: str


def by_framework(
    names: Iterable[str], rules: Sequence[RuleSummary], findings: Sequence[Finding], partition: str
) -> tuple[FrameworkResult, ...]:
    """Return the named frameworks with the verdicts of their controls, from the rules and findings of a report.

    A policy of another partition than the account's does not meet a requirement.
    """
    aside = {rule.config_rule_name: _aside(rule, findings) for rule in rules if rule.suppressed}
    return tuple(_framework(known()[name], rules, aside, partition) for name in dict.fromkeys(names))


def _aside(rule: RuleSummary, findings: Sequence[Finding]) -> frozenset[ComplianceType]:
    """Return the verdicts of a rule's suppressed findings, with INSUFFICIENT_DATA if the report does not list all."""
    name = rule.config_rule_name
    seen = [each.compliance_type for each in findings if each.suppression is not None and each.config_rule_name == name]
    return frozenset(seen) if len(seen) == rule.suppressed else frozenset({*seen, ComplianceType.INSUFFICIENT_DATA})


def _framework(framework: Framework, rules: Sequence[RuleSummary], aside: _Aside, partition: str) -> FrameworkResult:
    known_rules = load_rules()
    titled = listed(framework.name)
    results = []
    for control_id, rule_ids in supported(framework.name).items():
        required = requirements(framework.name, control_id)
        judged = {
            rule_id: [_judged(required.get(rule_id, {}), rule, aside, partition) for rule in ran]
            for rule_id, ran in _ran(rule_ids, known_rules, rules)
        }
        results.append(_control(control_id, titled.get(control_id), judged))
    note = f"{framework.source} {_NOTE}"
    return FrameworkResult(framework.name, framework.title, tuple(results), uncovered(framework.name), note)


def _ran(
    rule_ids: Iterable[str], known_rules: Mapping[str, Rule], rules: Sequence[RuleSummary]
) -> Iterator[tuple[str, list[RuleSummary]]]:
    """Yield each rule id with the configured rules of this run that have it."""
    for rule_id in rule_ids:
        identifier = known_rules[rule_id].source_identifier
        yield rule_id, [rule for rule in rules if rule.source_identifier == identifier]


class _Judged(Struct, frozen=True):
    """Hold the verdicts of a configured rule for a control, from findings that count and from suppressed ones."""

    rule: RuleSummary
    shortfalls: tuple[str, ...]
    counting: frozenset[ComplianceType]
    aside: frozenset[ComplianceType]


def _judged(required: Mapping[str, Requirement], rule: RuleSummary, aside: _Aside, partition: str) -> _Judged:
    short = dict(_shortfalls(required, rule.parameters, partition))
    texts = [*short.values(), *([f"Its Scope leaves out {', '.join(rule.left_out)}"] if rule.left_out else [])]
    verdicts, verdicts_aside = frozenset({rule.compliance_type}), aside.get(rule.config_rule_name, frozenset())
    if texts:  # then only NON_COMPLIANT counts: a resource that fails a looser check fails the control's too
        looser = all(required[name].off or is_number(rule.parameters.get(name)) for name in short)
        still = frozenset({ComplianceType.NON_COMPLIANT} if looser else ())
        verdicts, verdicts_aside = verdicts & still, verdicts_aside & still
    return _Judged(rule, tuple(texts), verdicts, verdicts_aside)


def _control(control_id: str, control: KnownControl | None, judged: Mapping[str, Sequence[_Judged]]) -> ControlResult:
    supporting = [each for of_rule in judged.values() for each in _relevant(of_rule)]
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


def _relevant(of_rule: Sequence[_Judged]) -> Sequence[_Judged]:
    """Return the configurations of a rule; if one meets the requirements, without those that have no verdict."""
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
    """Return whether the rules of a report, by name, contradict its result for a control."""
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
    required: Mapping[str, Requirement], parameters: Mapping[str, Any], partition: str
) -> Iterator[tuple[str, str]]:
    """Yield the parameters that do not meet the requirements of a control, each with an explanation."""
    for name, requirement in required.items():
        value = parameters.get(name)
        if (missing := lacking(requirement, value, partition)) is not None:
            known = "not set" if value is None else msgspec.json.encode(value).decode()
            shown = known if name in parameters else "unknown"  # an undecided rule has no parameters
            yield name, f"{name} is {shown}; the control asks for {missing}"


def tally(framework: FrameworkResult) -> str:
    """Return the number of controls of a framework by verdict, as text."""
    counts = Counter(control.compliance_type for control in framework.controls)
    verdicts = ", ".join(f"{counts[kind]} {kind}" for kind in ComplianceType if counts[kind])
    number = len(framework.controls)
    text = f"{number} {'control' if number == 1 else 'controls'} with rules: {verdicts}" if number else "no rules"
    aside = sum(control.set_aside for control in framework.controls)
    text += f"; of {aside} the verdict is that of suppressed findings" if aside else ""
    return text + (f"; {len(framework.uncovered)} that no rule covers" if framework.uncovered else "")


def extent(control: ControlResult) -> tuple[str, ...]:
    """Return the labels of a control's verdict: not every rule decided, or only suppressed findings did."""
    evaluated = () if control.complete else (PARTLY if control.rules else NOT_EVALUATED,)
    return (*evaluated, SET_ASIDE) if control.set_aside else evaluated
