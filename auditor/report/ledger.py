"""The ledger: how far each source was read, and how many resources each rule could judge.

Its numbers add up: the resources that exist are seen or unseen, and each one that was seen is judged
(COMPLIANT or NON_COMPLIANT), not applicable, or undecided.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

from msgspec import Struct, structs

from auditor.account.kinds import ResourceType, kind_of
from auditor.account.model import Snapshot
from auditor.account.sources import SourceRecord, SourceStatus
from auditor.account.unknown import stored
from auditor.judging.engine import cut, explanation
from auditor.judging.finding import Finding, Subject
from auditor.judging.rule import ComplianceType, EvidenceGap, Rule


class SourceReading(SourceRecord, frozen=True):
    """Hold how far one source was read, and which IAM actions to grant to read the rest."""

    iam_actions: tuple[str, ...]


class Reason(Struct, frozen=True):
    """Hold why resources are undecided or were not seen, how many (None: unknown), and the IAM action to grant."""

    message: str
    iam_action: str | None
    resources: int | None


class Coverage(Struct, frozen=True):
    """Hold the counts of a rule: seen = judged + not_applicable + undecided, resources = seen + unseen.

    `resources` exist and `unseen` were not read; both are None if a list is incomplete and AWS's count is unknown.
    `reasons` says why resources are undecided or unseen.
    """

    resources: int | None
    seen: int
    unseen: int | None
    judged: int
    not_applicable: int
    undecided: int
    reasons: tuple[Reason, ...]


class Totals(Struct, frozen=True):
    """Hold the totals of the ledger: sources requested and complete, and the coverage; `unseen` is None if unknown."""

    sources: int
    complete: int
    evaluations: int
    judged: int
    not_applicable: int
    undecided: int
    unseen: int | None


def source_readings(snapshot: Snapshot) -> Iterator[SourceReading]:
    """Yield the sources of a snapshot with the actions that would fill their gaps."""
    for source in snapshot.sources:
        actions = {gap.iam_action for gap in snapshot.gaps if gap.source == source.name and gap.iam_action}
        yield SourceReading(**structs.asdict(source), iam_actions=tuple(sorted(actions)))


def coverage(snapshot: Snapshot, rule: Rule, findings: Sequence[Finding]) -> Coverage:
    """Return the coverage of a rule by its findings, suppressed ones included."""
    verdicts, conclusions = _parted(snapshot, rule, findings)
    counts = Counter(finding.compliance_type for finding in verdicts)
    existing = [_existing(snapshot, resource_type) for resource_type in _concerned(snapshot, rule)]
    resources = None if None in existing else sum(filter(None, existing))
    unseen = None if resources is None else resources - len(verdicts)
    unknown = ComplianceType.INSUFFICIENT_DATA
    undecided = [finding for finding in verdicts if finding.compliance_type is unknown]
    unread = [finding for finding in conclusions if finding.compliance_type is unknown]
    return Coverage(
        resources=resources,
        seen=len(verdicts),
        unseen=unseen,
        judged=counts[ComplianceType.COMPLIANT] + counts[ComplianceType.NON_COMPLIANT],
        not_applicable=counts[ComplianceType.NOT_APPLICABLE],
        undecided=len(undecided),
        reasons=(*_reasons(undecided), *_unseen(unread, unseen)),
    )


def _parted(snapshot: Snapshot, rule: Rule, findings: Sequence[Finding]) -> tuple[list[Finding], list[Finding]]:
    """Return the verdicts on resources, and the engine's own findings on the account if a list is empty or unread."""
    account = ResourceType.ACCOUNT
    conclusions = [each for each in findings if each.resource_type is account and _is_conclusion(snapshot, rule, each)]
    known = set(map(id, conclusions))
    return [each for each in findings if id(each) not in known] if known else list(findings), conclusions


def _is_conclusion(snapshot: Snapshot, rule: Rule, finding: Finding) -> bool:
    """Return whether a finding on the account is what the engine concludes, and no verdict of the rule."""
    if ResourceType.ACCOUNT not in rule.resource_types:
        return True
    subject = Subject(snapshot.account.id, finding.region, finding.config_rule_name, ResourceType.ACCOUNT, unseen=True)
    return finding.fingerprint == subject.fingerprint(finding.resource_arn or finding.resource_name)


def _concerned(snapshot: Snapshot, rule: Rule) -> Iterable[ResourceType]:
    """Return the resource types of a rule; only the account if AWS does not offer the rule in the partition."""
    offered = snapshot.account.partition not in rule.not_offered_in
    return (kind for kind in rule.resource_types if offered or kind is ResourceType.ACCOUNT)


def _existing(snapshot: Snapshot, resource_type: ResourceType) -> int | None:
    """Return how many resources of a type exist: AWS's count if the list is incomplete, None if that is unknown."""
    kind = kind_of(resource_type)
    listing = kind.resources(snapshot)
    if listing.gap is None:
        return len(listing.known_part)
    summary: Mapping[str, int] = stored(snapshot.account, "summary") or {}
    counted = summary.get(kind.counted_as) if kind.counted_as else None
    return counted if counted is not None and counted >= len(listing.known_part) else None


def _reasons(findings: Iterable[Finding]) -> Iterator[Reason]:
    """Yield why findings are undecided, the most frequent reason first: their gap, or else their annotation."""
    counts = Counter(_gap(finding) or finding.annotation for finding in findings)
    for why, count in counts.most_common():
        if isinstance(why, str):
            yield Reason(why, None, count)
        else:
            yield Reason(cut(explanation(why)), why.iam_action, count)


def _gap(finding: Finding) -> EvidenceGap | None:
    return next((fact.gap for fact in finding.evidence if fact.gap is not None), None)


def _unseen(unread: Sequence[Finding], unseen: int | None) -> Iterator[Reason]:
    for finding in unread:  # the engine adds one for each rule
        actions = sorted({fact.gap.iam_action for fact in finding.evidence if fact.gap and fact.gap.iam_action})
        yield Reason(finding.annotation, ", ".join(actions) or None, unseen)


def totals(sources: Iterable[SourceRecord], coverages: Iterable[Coverage]) -> Totals:
    """Return the totals of the ledger; an evaluation is the verdict of a rule on one resource."""
    requested = [source for source in sources if source.status is not SourceStatus.NOT_REQUESTED]
    rules = list(coverages)
    unseen = [each.unseen for each in rules]
    return Totals(
        sources=len(requested),
        complete=sum(source.status is SourceStatus.COMPLETE for source in requested),
        evaluations=sum(each.seen for each in rules),
        judged=sum(each.judged for each in rules),
        not_applicable=sum(each.not_applicable for each in rules),
        undecided=sum(each.undecided for each in rules),
        unseen=None if None in unseen else sum(filter(None, unseen)),
    )
