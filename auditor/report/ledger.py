"""The ledger: what was read of each source, and of how many resources each rule could say something.

Its numbers add up: of the resources that exist some were seen, and of each of those a rule said that it is judged
(COMPLIANT or NON_COMPLIANT), not applicable, or not decidable.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

from msgspec import Struct, structs

from auditor.account.model import ResourceType, Snapshot
from auditor.account.sources import SourceRecord, SourceStatus
from auditor.account.unknown import Gap, Listing, stored
from auditor.judging.engine import cut, explanation
from auditor.judging.finding import Finding
from auditor.judging.rule import ComplianceType, Rule

_LISTS: Mapping[ResourceType, tuple[str, str | None]] = {
    ResourceType.GROUP: ("groups", "Groups"),
    ResourceType.OIDC_PROVIDER: ("oidc_providers", None),
    ResourceType.POLICY: ("policies", "Policies"),
    ResourceType.ROLE: ("roles", "Roles"),
    ResourceType.SAML_PROVIDER: ("saml_providers", None),
    ResourceType.SERVER_CERTIFICATE: ("server_certificates", "ServerCertificates"),
    ResourceType.USER: ("users", "Users"),
}
"""Where the resources of a type are in a snapshot, and how the account summary names their number."""


class SourceReading(SourceRecord, frozen=True):
    """Tell of one source how far it was read, and which IAM actions to grant to read the rest."""

    iam_actions: tuple[str, ...]


class Reason(Struct, frozen=True):
    """Say why resources are not decidable or were not seen, how many (None: unknown), and the IAM action to grant."""

    message: str
    iam_action: str | None
    resources: int | None


class Coverage(Struct, frozen=True):
    """Count what a rule could say: seen = judged + not_applicable + undecided, resources = seen + unseen.

    `resources` exist and `unseen` were not read; both are None while a list is incomplete and AWS's count is unknown.
    The `reasons` are those of undecided and of unseen resources.
    """

    resources: int | None
    seen: int
    unseen: int | None
    judged: int
    not_applicable: int
    undecided: int
    reasons: tuple[Reason, ...]


class Totals(Struct, frozen=True):
    """Sum up the ledger: sources asked for and read completely, and the rules' coverage; `unseen` None: unknown."""

    sources: int
    complete: int
    evaluations: int
    judged: int
    not_applicable: int
    undecided: int
    unseen: int | None


def source_readings(snapshot: Snapshot) -> Iterator[SourceReading]:
    """Give the sources of a snapshot with the actions that would fill their gaps."""
    for source in snapshot.sources:
        actions = {gap.iam_action for gap in snapshot.gaps if gap.source == source.name and gap.iam_action}
        yield SourceReading(**structs.asdict(source), iam_actions=tuple(sorted(actions)))


def coverage(snapshot: Snapshot, rule: Rule, findings: Sequence[Finding]) -> Coverage:
    """Give the coverage of a rule by its findings, suppressed ones included."""
    verdicts, conclusions = _parted(rule, findings)
    counts = Counter(finding.compliance_type for finding in verdicts)
    existing = [_existing(snapshot, resource_type) for resource_type in _concerned(snapshot, rule)]
    resources = None if None in existing else sum(filter(None, existing))
    unseen = None if resources is None else resources - len(verdicts)
    undecided = [finding for finding in verdicts if finding.compliance_type is ComplianceType.INSUFFICIENT_DATA]
    unread = [finding for finding in conclusions if finding.compliance_type is ComplianceType.INSUFFICIENT_DATA]
    actions = {cut(explanation(gap)): gap for gap in snapshot.gaps}
    return Coverage(
        resources=resources,
        seen=len(verdicts),
        unseen=unseen,
        judged=counts[ComplianceType.COMPLIANT] + counts[ComplianceType.NON_COMPLIANT],
        not_applicable=counts[ComplianceType.NOT_APPLICABLE],
        undecided=len(undecided),
        reasons=(*_reasons(undecided, actions), *_unseen(snapshot, rule, unread, unseen)),
    )


def _parted(rule: Rule, findings: Iterable[Finding]) -> tuple[list[Finding], list[Finding]]:
    """Part verdicts on resources from what the engine concludes of the account when a list is empty or unread."""
    verdicts: list[Finding] = []
    conclusions: list[Finding] = []
    account_judged = ResourceType.ACCOUNT not in rule.resource_types
    for finding in findings:
        on_account = finding.resource_type is ResourceType.ACCOUNT
        (conclusions if on_account and account_judged else verdicts).append(finding)
        account_judged |= on_account
    return verdicts, conclusions


def _concerned(snapshot: Snapshot, rule: Rule) -> Iterable[ResourceType]:
    """Give the types of resources that a rule is about: none, but for the account, where AWS does not offer it."""
    offered = snapshot.account.partition not in rule.not_offered_in
    return (kind for kind in rule.resource_types if offered or kind is ResourceType.ACCOUNT)


def _existing(snapshot: Snapshot, resource_type: ResourceType) -> int | None:
    """Give how many resources of a type exist, None where nobody told: AWS's count if the list is incomplete."""
    if resource_type is ResourceType.ACCOUNT:
        return 1
    field, counted_as = _LISTS[resource_type]
    listing: Listing[object] = getattr(snapshot, field)
    if listing.gap is None:
        return len(listing.known_part)
    summary: Mapping[str, int] = stored(snapshot.account, "summary") or {}
    counted = summary.get(counted_as) if counted_as else None
    return counted if counted is not None and counted >= len(listing.known_part) else None


def _reasons(findings: Iterable[Finding], gaps: dict[str, Gap]) -> Iterator[Reason]:
    for message, count in Counter(finding.annotation for finding in findings).most_common():
        gap = gaps.get(message)
        yield Reason(message, gap.iam_action if gap else None, count)


def _unseen(snapshot: Snapshot, rule: Rule, unread: Sequence[Finding], unseen: int | None) -> Iterator[Reason]:
    for finding in unread[:1]:  # the engine says it once a rule
        listings = (getattr(snapshot, _LISTS[kind][0]) for kind in rule.resource_types if kind in _LISTS)
        cut_short = {listing.gap for listing in listings}
        actions = sorted({gap.iam_action for gap in snapshot.gaps if gap.id in cut_short and gap.iam_action})
        yield Reason(finding.annotation, ", ".join(actions) or None, unseen)


def totals(sources: Iterable[SourceRecord], coverages: Iterable[Coverage]) -> Totals:
    """Sum up the ledger; an evaluation is a rule's answer on one resource."""
    asked = [source for source in sources if source.status is not SourceStatus.NOT_REQUESTED]
    rules = list(coverages)
    unseen = [each.unseen for each in rules]
    return Totals(
        sources=len(asked),
        complete=sum(source.status is SourceStatus.COMPLETE for source in asked),
        evaluations=sum(each.seen for each in rules),
        judged=sum(each.judged for each in rules),
        not_applicable=sum(each.not_applicable for each in rules),
        undecided=sum(each.undecided for each in rules),
        unseen=None if None in unseen else sum(filter(None, unseen)),
    )
