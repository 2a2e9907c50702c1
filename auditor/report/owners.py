"""Owners: who is responsible for the resources of NON_COMPLIANT findings, by a tag that the configuration names."""

from collections.abc import Collection, Iterator

from msgspec import Struct

from auditor.account.kinds import KINDS, Pattern
from auditor.account.model import Snapshot
from auditor.account.unknown import gaps_of
from auditor.judging.finding import Finding
from auditor.judging.rule import ComplianceType


class Owners(Struct, frozen=True):
    """Hold the values of a tag by the ARNs of resources, None if a resource does not have the tag.

    It contains only resources of NON_COMPLIANT findings whose tags are known.
    """

    tag: str
    by_arn: dict[str, str | None]


def owners(snapshot: Snapshot, findings: Collection[Finding], tag: str) -> Owners:
    """Return the owners of the resources of NON_COMPLIANT findings, suppressed or not, as far as they are known."""
    failed = {each.resource_arn for each in findings if each.compliance_type is ComplianceType.NON_COMPLIANT}
    return Owners(tag, dict(sorted((arn, owner) for arn, owner in _tagged(snapshot, tag) if arn in failed)))


def _tagged(snapshot: Snapshot, tag: str) -> Iterator[tuple[str, str | None]]:
    for kind in KINDS:
        if Pattern.TAG not in kind.patterns:
            continue
        records = kind.resources(snapshot).known_part
        for record, identity in zip(records, kind.identities(records), strict=True):
            if identity.arn is not None and "tags" not in gaps_of(record):
                yield identity.arn, record.tags.get(tag)
