"""What a run proves, as the history stores it: enough to derive the fate of any finding in any run.

The conclusions are drawn in report/proof; this module only looks up the facts for them.
"""

from collections.abc import Collection, Mapping, Sequence
from functools import cached_property
from typing import Any, NamedTuple, Protocol

from msgspec import Struct

from auditor.account.kinds import ResourceType
from auditor.judging.rule import ComplianceType
from auditor.report.changes import Outcome
from auditor.report.proof import Fate, ListName, Proof, Side


class RuleProof(Struct, frozen=True):
    """Hold what a rule's run can prove: the lists that it proves complete, and the sources that were incomplete."""

    source_identifier: str
    left_out: tuple[ResourceType, ...]
    regions: tuple[str | None, ...]
    lists: tuple[ListName, ...]
    lacking: tuple[str, ...]


RunProof = Mapping[str, RuleProof]
"""What a run can prove, by rule name."""


def run_proof(side: Side) -> dict[str, RuleProof]:
    """Return what the run of a report can prove; it is equal for two runs that read the same sources."""
    return {
        name: RuleProof(
            source_identifier=result.source_identifier,
            left_out=tuple(sorted(result.left_out)),
            regions=tuple(sorted(side.regions[name], key=lambda region: region or "")),
            lists=tuple(sorted(side.lists_by_rule[name], key=lambda each: (each[0], each[1] or ""))),
            lacking=tuple(side.lacking(name)),
        )
        for name, result in sorted(side.rules.items())
    }


class Observed(NamedTuple):
    """Hold what a run reports for a finding, as far as proofs need it."""

    config_rule_name: str
    resource_id: str | None
    compliance_type: ComplianceType
    suppression: Mapping[str, object] | None


class Lookup(Protocol):
    """Look up the verdicts of a run by fingerprint and by resource; implemented where verdicts are stored."""

    def at_fingerprint(self, fingerprint: str) -> Observed | None:
        """Return the verdict for a fingerprint."""

    def on_resource(self, config_rule_name: str, resource_type: ResourceType, resource_id: str) -> Observed | None:
        """Return the verdict of a rule on the resource with a unique id."""


class StoredProof(Proof[Observed]):
    """Derive the fate of findings from one stored run."""

    def __init__(self, proof: RunProof, lookup: Lookup) -> None:
        self._proof = proof
        self._lookup = lookup

    @property
    def rules(self) -> Mapping[str, RuleProof]:
        """Return the rules of the run, by name."""
        return self._proof

    @cached_property
    def _regions(self) -> Mapping[str, Collection[str | None]]:
        return {name: each.regions for name, each in self._proof.items()}

    @cached_property
    def _lists(self) -> Mapping[str, Collection[ListName]]:
        return {name: each.lists for name, each in self._proof.items()}

    @property
    def regions(self) -> Mapping[str, Collection[str | None]]:
        """Return the Regions in which each rule evaluated something."""
        return self._regions

    @property
    def lists_by_rule(self) -> Mapping[str, Collection[ListName]]:
        """Return the lists that are proven complete, by rule."""
        return self._lists

    def at_fingerprint(self, fingerprint: str) -> Observed | None:
        """Return the verdict for a fingerprint."""
        return self._lookup.at_fingerprint(fingerprint)

    def on_resource(
        self, config_rule_name: str, resource_type: ResourceType, resource_id: str | None
    ) -> Observed | None:
        """Return the verdict of a rule on the resource with a unique id; None for an unknown id."""
        if resource_id is None:
            return None
        return self._lookup.on_resource(config_rule_name, resource_type, resource_id)

    def lacking(self, config_rule_name: str) -> Sequence[str]:
        """Return the sources that a rule needs and that were not read completely."""
        return self._proof[config_rule_name].lacking


OPEN, SUPPRESSED, RESOLVED = "open", "suppressed", "resolved"
"""The states of a finding in a run; any other state is the reason why nothing is proven."""
_STATES = {Outcome.UNCHANGED: OPEN, Outcome.SUPPRESSED: SUPPRESSED, Outcome.RESOLVED: RESOLVED}


def state_of(fate: Fate[Any]) -> str:
    """Return the state for a fate."""
    return _STATES[fate.outcome] if fate.reason is None else str(fate.reason)
