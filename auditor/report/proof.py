"""Proof: what a report proves about a finding that was NON_COMPLIANT in an earlier report.

A finding is resolved only if its rule read everything that it needs and the resource is compliant or not applicable, or
if the resource is no longer in a complete list. Otherwise it is not seen: it is unknown whether it is still there.
"""

from abc import ABC, abstractmethod
from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Generic, NamedTuple, Protocol, TypeVar

from auditor.account.kinds import ResourceType, kind_of
from auditor.account.sources import SourceStatus
from auditor.errors import SourceError
from auditor.judging.finding import Finding, Subject
from auditor.judging.registry import load_rules
from auditor.judging.rule import ComplianceType, Rule
from auditor.report.changes import Entry, Outcome, Unproven
from auditor.report.report import Report, RuleResult


class Verdict(Protocol):
    """Describe a finding of a report, as far as proofs need it."""

    @property
    def config_rule_name(self) -> str:
        """Return the name of the rule that judged the resource."""

    @property
    def resource_id(self) -> str | None:
        """Return the unique id of the resource, None if it is unknown."""

    @property
    def compliance_type(self) -> ComplianceType:
        """Return the verdict of the rule."""

    @property
    def suppression(self) -> Mapping[str, object] | None:
        """Return the suppression that sets the finding aside, or None."""


class RuleRun(Protocol):
    """Describe a rule that ran for a report."""

    @property
    def source_identifier(self) -> str:
        """Return the source identifier of the rule."""

    @property
    def left_out(self) -> Collection[ResourceType]:
        """Return the resource types that it did not judge."""


V = TypeVar("V", bound=Verdict)


class Fate(NamedTuple, Generic[V]):
    """Hold what happened to a finding, its current version if there is one, and why nothing is proven, or None."""

    outcome: Outcome
    now: V | None = None
    reason: Unproven | None = None


ListName = tuple[ResourceType, str | None]
"""A list of resources: their type, and the Region if the kind is regional."""


class Proof(ABC, Generic[V]):
    """Decide from one report what happened to earlier findings; subclasses look up the report's content."""

    @property
    @abstractmethod
    def rules(self) -> Mapping[str, RuleRun]:
        """Return the rules that ran, by name."""

    @property
    @abstractmethod
    def regions(self) -> Mapping[str, Collection[str | None]]:
        """Return the Regions of each rule's findings."""

    @property
    @abstractmethod
    def lists_by_rule(self) -> Mapping[str, Collection[ListName]]:
        """Return the complete lists, by the rule that proves that they are complete."""

    @abstractmethod
    def at_fingerprint(self, fingerprint: str) -> V | None:
        """Return the finding with a fingerprint, or None."""

    @abstractmethod
    def on_resource(self, config_rule_name: str, resource_type: ResourceType, resource_id: str | None) -> V | None:
        """Return the finding of a rule on the resource with a unique id, whatever its name; None for an unknown id."""

    @abstractmethod
    def lacking(self, config_rule_name: str) -> Sequence[str]:
        """Return the sources that a rule reads and that are incomplete; for an unknown rule, all incomplete sources."""

    def fate(self, before: Finding | Entry, source_identifier: str) -> Fate[V]:
        """Return what happened to a finding that was NON_COMPLIANT, of a rule with this source identifier."""
        if (not_judged := self._not_judged(before, source_identifier)) is not None:
            return _not_seen(not_judged)
        at_its_name = self.at_fingerprint(before.fingerprint)
        if at_its_name is not None and at_its_name.resource_id == before.resource_id:
            return self._judged(at_its_name)
        elsewhere = self.on_resource(before.config_rule_name, before.resource_type, before.resource_id)
        if elsewhere is not None:
            fate = self._judged(elsewhere)
            return fate if fate.outcome is Outcome.RESOLVED else _not_seen(Unproven.RENAMED, elsewhere)
        if at_its_name is not None and None in (at_its_name.resource_id, before.resource_id):
            return _not_seen(Unproven.ID_UNKNOWN, at_its_name)
        listed_in = before.resource_type, _region(before)
        complete = listed_in in self.lists_by_rule[before.config_rule_name]
        return Fate(Outcome.RESOLVED) if complete else _not_seen(Unproven.SOURCE_INCOMPLETE)

    def _not_judged(self, before: Finding | Entry, source_identifier: str) -> Unproven | None:
        """Return why the rule of a finding did not judge its resource in this report, None if it did."""
        result = self.rules.get(before.config_rule_name)
        if result is None or result.source_identifier != source_identifier:
            return Unproven.RULE_NOT_RUN
        if before.resource_type in result.left_out:
            return Unproven.TYPE_LEFT_OUT
        return None if before.region in self.regions[before.config_rule_name] else Unproven.OTHER_REGION

    def _judged(self, now: V) -> Fate[V]:
        """Return what the current finding on the same resource proves."""
        if now.compliance_type is ComplianceType.NON_COMPLIANT:
            return Fate(Outcome.UNCHANGED if now.suppression is None else Outcome.SUPPRESSED, now)
        if now.compliance_type is ComplianceType.INSUFFICIENT_DATA:
            return _not_seen(Unproven.UNDECIDED, now)
        if self.lacking(now.config_rule_name):
            return _not_seen(Unproven.SOURCE_INCOMPLETE, now)
        return Fate(Outcome.RESOLVED, now)


class Side(Proof[Finding]):
    """Look up one of two reports by fingerprint, resource and rule; raise SourceError if it was narrowed.

    `place` names the report in messages.
    """

    def __init__(self, report: Report, place: str) -> None:
        self.report = report
        self._rules: Mapping[str, RuleResult] = {rule.config_rule_name: rule for rule in report.rules}
        self.by_fingerprint: Mapping[str, Finding] = {each.fingerprint: each for each in report.findings}
        self._check(place)
        self._complete = {each.name for each in report.snapshot.sources if each.status is SourceStatus.COMPLETE}
        self._lacking: dict[str, Sequence[str]] = {}

    @property
    def rules(self) -> Mapping[str, RuleResult]:
        """Return the rules that ran, by name."""
        return self._rules

    def at_fingerprint(self, fingerprint: str) -> Finding | None:
        """Return the finding with a fingerprint, or None."""
        return self.by_fingerprint.get(fingerprint)

    def on_resource(
        self, config_rule_name: str, resource_type: ResourceType, resource_id: str | None
    ) -> Finding | None:
        """Return the finding of a rule on the resource with a unique id; None for an unknown id."""
        return self._by_resource.get((config_rule_name, resource_type, resource_id))

    def _check(self, place: str) -> None:
        summary, listed = self.report.summary, len(self.report.findings)
        every = sum(summary.counts.values()) + summary.suppressed
        if listed != every:
            problem = f"lists {listed:,} of {every:,} findings, because it was narrowed by severity or resource"
            hint = "Compare whole reports: those that `iam-audit scan -o FILE.json` writes."
            raise SourceError(problem, hint, subject=place)
        if len(self.by_fingerprint) != listed:
            raise SourceError("has two findings with one fingerprint", "Scan the account again.", subject=place)

    def lacking(self, config_rule_name: str) -> Sequence[str]:
        """Return the sources that a rule reads and that are incomplete; for an unknown rule, all incomplete sources."""
        if config_rule_name not in self._lacking:
            rule = self._installed(config_rule_name)
            unread = sorted(each.name for each in self.report.snapshot.sources if each.lacking)
            self._lacking[config_rule_name] = unread if rule is None else sorted(rule.reads - self._complete)
        return self._lacking[config_rule_name]

    def _installed(self, config_rule_name: str) -> Rule | None:
        result = self.rules.get(config_rule_name)
        return self._known.get(result.source_identifier) if result is not None else None

    @cached_property
    def _known(self) -> Mapping[str, Rule]:
        return {rule.source_identifier: rule for rule in load_rules().values()}

    @cached_property
    def lists(self) -> frozenset[ListName]:
        """Return the lists that at least one rule proves to be complete: what is not in them does not exist."""
        return frozenset[ListName]().union(*self.lists_by_rule.values())

    @cached_property
    def lists_by_rule(self) -> Mapping[str, frozenset[ListName]]:
        """Return the complete lists, by the rule that proves that they are complete."""
        return {name: frozenset(self._lists_of(result)) for name, result in self.rules.items()}

    def _lists_of(self, result: RuleResult) -> Iterator[ListName]:
        name = result.config_rule_name
        if result.coverage.unseen != 0 or self.lacking(name) or name in self._cut:
            return
        rule = self._installed(name)
        types = {each.resource_type for each in self._by_rule[name]} if rule is None else set(rule.resource_types)
        nameless = {each.resource_type for each in self._by_rule[name] if each.resource_id is None}
        for resource_type in types - nameless - set(result.left_out):  # without an id, it may be another resource
            source = kind_of(resource_type).source
            if source is None or source in self._complete:
                for region in self.regions[name]:
                    yield resource_type, region if kind_of(resource_type).regional else None

    @cached_property
    def _cut(self) -> frozenset[str]:
        """Return the rules for which the engine itself found that not every resource was seen."""
        return frozenset(
            each.config_rule_name
            for each in self.report.findings
            if each.compliance_type is ComplianceType.INSUFFICIENT_DATA and is_conclusion(self.report, each)
        )

    @cached_property
    def _by_rule(self) -> Mapping[str, Sequence[Finding]]:
        found: dict[str, list[Finding]] = {name: [] for name in self.rules}
        for each in self.report.findings:
            found[each.config_rule_name].append(each)
        return found

    @cached_property
    def regions(self) -> Mapping[str, frozenset[str | None]]:
        """Return the Regions of each rule's findings."""
        return {name: frozenset(each.region for each in found) for name, found in self._by_rule.items()}

    @cached_property
    def _by_resource(self) -> Mapping[tuple[str, ResourceType, str | None], Finding]:
        """Return the findings by rule, type and unique id, if that is known; names may be reused."""
        known = (each for each in self.report.findings if each.resource_id is not None)
        return {(each.config_rule_name, each.resource_type, each.resource_id): each for each in known}


def is_conclusion(report: Report, finding: Finding) -> bool:
    """Return whether a finding is the engine's own, for a list that is empty or incomplete."""
    if finding.resource_type is not ResourceType.ACCOUNT:
        return False
    names = report.account.id, finding.region, finding.config_rule_name, finding.resource_type
    address = finding.resource_arn or finding.resource_name
    return finding.fingerprint == Subject(*names, unseen=True).fingerprint(address)


def is_open(finding: Finding) -> bool:
    """Return whether a finding is NON_COMPLIANT and no suppression sets it aside."""
    return finding.compliance_type is ComplianceType.NON_COMPLIANT and finding.suppression is None


def _not_seen(reason: Unproven, now: V | None = None) -> Fate[V]:
    return Fate(Outcome.NOT_SEEN, now, reason)


def _region(finding: Finding | Entry) -> str | None:
    return finding.region if kind_of(finding.resource_type).regional else None
