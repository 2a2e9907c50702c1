"""AWS Config's results joined with our findings, resource by resource."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

from msgspec import Struct, structs

from auditor.account.kinds import KINDS, Identity, ResourceType
from auditor.account.model import Snapshot
from auditor.errors import SourceError
from auditor.judging.finding import Finding, Subject
from auditor.judging.rule import ComplianceType
from auditor.parity.deployed import Group
from auditor.parity.results import Deployed, Evaluation, Form, Place

Address = tuple[str, str]
"""A resource: its type, and its ARN, else its name, else the id that AWS Config has."""

_BY_UNIQUE_ID = frozenset({ResourceType.USER, ResourceType.GROUP, ResourceType.ROLE, ResourceType.POLICY})
"""The types whose ids in AWS Config are unique ids (AIDA, AGPA, AROA, ANPA); of other types it is not documented."""
_ON_THE_ACCOUNT = frozenset({"IAM_POLICY_IN_USE"})
"""Rules whose results AWS lists on the account, and once listed on the policy; we have them on the account."""
_NO_TIME = datetime.min.replace(tzinfo=UTC)
_SEPARATE = "Put the answers of each Region into a folder of its own: DIR/us-east-1/, DIR/eu-west-1/."


class Resources:
    """Find the resources of a snapshot by what AWS Config calls them."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        self.by_address: dict[Address, tuple[Any, Identity]] = {}
        self._known_as: dict[Address, Address] = {}
        for kind in KINDS:
            records = kind.resources(snapshot).known_part
            for record, identity in zip(records, kind.identities(records), strict=True):
                self._add(kind.resource_type, record, identity)
        self.account: Address = address(ResourceType.ACCOUNT, snapshot.account.arn, snapshot.account.name)

    def _add(self, resource_type: ResourceType, record: Any, identity: Identity) -> None:
        own = address(resource_type, identity.arn, identity.name)
        self.by_address[own] = record, identity
        names = [identity.id, identity.arn]
        if resource_type not in _BY_UNIQUE_ID:
            names.append(identity.name)
        for name in names:
            if name is not None:
                self._known_as.setdefault((resource_type, name), own)

    def find(self, evaluation: Evaluation, source_identifier: str) -> Address | None:
        """Return the resource that AWS Config evaluated; None where the snapshot does not hold it."""
        if source_identifier in _ON_THE_ACCOUNT and not self._is_other_account(evaluation):
            return self.account
        return self._known_as.get((evaluation.resource_type, evaluation.resource_id))

    def _is_other_account(self, evaluation: Evaluation) -> bool:
        own = self._snapshot.account.id
        return evaluation.resource_type == ResourceType.ACCOUNT and own not in (None, evaluation.resource_id)

    def with_doubtful_ids(self, answers: Iterable["Answered"]) -> frozenset[str]:
        """Return the types whose ids in AWS Config have a form that is not known: undocumented, and none is found."""
        ids = {(each.evaluation.resource_type, each.evaluation.resource_id) for each in answers}
        found = {resource_type for resource_type, _ in ids & self._known_as.keys()}
        return frozenset({resource_type for resource_type, _ in ids} - found - _BY_UNIQUE_ID - {ResourceType.ACCOUNT})

    def is_listed_whole(self, resource_type: str) -> bool:
        """Return whether the snapshot lists every resource of a type, each with its unique id."""
        return resource_type in self._listed_whole

    @cached_property
    def _listed_whole(self) -> frozenset[str]:
        listings = ((kind, kind.resources(self._snapshot)) for kind in KINDS)
        return frozenset(
            kind.resource_type
            for kind, listing in listings
            if listing.gap is None and all(each.id for each in kind.identities(listing.known_part))
        )


def address(resource_type: str, arn: str | None, name: str) -> Address:
    """Return what stands for a resource."""
    return str(resource_type), arn or name


class Answered(Struct, frozen=True):
    """Hold an answer of AWS Config, and the rule that gave it.

    `contradicting` are the compliance types of several answers of one time that differ, else empty.
    """

    deployed: Deployed
    evaluation: Evaluation
    contradicting: tuple[ComplianceType, ...] = ()


class Joined(Struct, frozen=True):
    """Hold one resource with our finding and every answer of AWS Config, one for each Region at most."""

    address: Address
    finding: Finding | None
    answers: tuple[Answered, ...]


class Answers:
    """Sort AWS Config's evaluations by group of rules; `undescribed` are rules of which only results are known."""

    def __init__(self, groups: Sequence[Group], evaluations: Iterable[Evaluation], described: frozenset[str]) -> None:
        self._of_group: dict[int, list[Answered]] = {number: [] for number in range(len(groups))}
        self._named: dict[str, list[tuple[int, Deployed]]] = {}
        self.undescribed: set[str] = set()
        self._groups = groups
        for number, group in enumerate(groups):
            for each in group.deployed:
                self._named.setdefault(each.name, []).append((number, each))
        for evaluation in evaluations:
            self._take(evaluation, described)

    def of(self, number: int) -> Sequence[Answered]:
        """Return the answers of a group, by its number."""
        return self._of_group[number]

    def _is_regional(self, number: int) -> bool:
        ours = self._groups[number].ours
        return ours is not None and ours.rule.regional

    def _take(self, evaluation: Evaluation, described: frozenset[str]) -> None:
        found = [each for each in self._named.get(evaluation.rule, ()) if each[1].place.may_be(evaluation.place)]
        if len({number for number, _ in found}) > 1:
            problem = f"{evaluation.rule} is deployed in several Regions with other settings, and its results name none"
            raise SourceError(problem, _SEPARATE)
        if len({each.place.region for _, each in found}) > 1 and self._is_regional(found[0][0]):
            problem = f"{evaluation.rule} is about one Region, is deployed in several, and its results name none"
            raise SourceError(problem, _SEPARATE)
        if found:
            number, deployed = found[0]
            self._of_group[number].append(Answered(deployed, evaluation))
        elif evaluation.rule not in described and evaluation.resource_type.startswith("AWS::IAM::"):
            self.undescribed.add(evaluation.rule)


def joined(
    group: Group, answers: Sequence[Answered], findings: Sequence[Finding], resources: Resources, account_id: str | None
) -> Iterator[Joined]:
    """Yield each resource that either side has a verdict on, those of our findings first."""
    by_resource: dict[Address, dict[Place, list[Answered]]] = {}
    for each in answers:
        evaluation = each.evaluation
        found = resources.find(evaluation, group.first.source_identifier)
        where = found or (evaluation.resource_type, evaluation.resource_id)
        by_resource.setdefault(where, {}).setdefault(each.deployed.place, []).append(each)
    ours = _verdicts(findings, account_id)
    for where, finding in ours.items():
        yield Joined(where, finding, tuple(map(_best, by_resource.get(where, {}).values())))
    for where, places in by_resource.items():
        if where not in ours:
            yield Joined(where, None, tuple(map(_best, places.values())))


def _verdicts(findings: Iterable[Finding], account_id: str | None) -> Mapping[Address, Finding]:
    """Return our verdicts on resources, without what the engine concludes of an empty or unread list."""
    return {
        address(each.resource_type, each.resource_arn, each.resource_name): each
        for each in findings
        if not _is_conclusion(each, account_id)
    }


def _is_conclusion(finding: Finding, account_id: str | None) -> bool:
    if finding.resource_type is not ResourceType.ACCOUNT:
        return False
    subject = Subject(account_id, finding.region, finding.config_rule_name, finding.resource_type, unseen=True)
    return finding.fingerprint == subject.fingerprint(finding.resource_arn or finding.resource_name)


def _best(answers: Sequence[Answered]) -> Answered:
    """Return the answer that says most: that of the rule itself, else the latest; those of one rank may contradict."""
    best = max(map(_rank, answers))
    first, *others = [each for each in answers if _rank(each) == best]
    types = sorted({each.evaluation.compliance_type for each in (first, *others)})
    return structs.replace(first, contradicting=tuple(types)) if len(types) > 1 else first


def _rank(answered: Answered) -> tuple[bool, datetime]:
    """Return how much an answer says; one without a time ranks below all that have one."""
    evaluation = answered.evaluation
    return evaluation.form is Form.RULE, evaluation.at or _NO_TIME
