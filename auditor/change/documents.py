"""Policy documents of a change of which parts are unknown: what rules say of them whatever these parts are.

A rule's verdict holds where it is the same for each way of filling the unknown parts that the rules can tell apart: a
resource may be every one, a key of KMS, or another; of an action only a finding that no value takes away is believed.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice, product
from typing import Any

from msgspec import Raw, structs

from auditor.account.kinds import ResourceType
from auditor.account.model import Snapshot
from auditor.account.sources import Source
from auditor.account.unknown import Listing, gaps_of, stored
from auditor.change.records import edited
from auditor.change.values import Unknown
from auditor.judging.engine import cut
from auditor.judging.finding import Finding
from auditor.judging.rule import ComplianceType, ConfiguredRule

_RESOURCES = ("*", "arn:aws:s3:::unknown", "arn:aws:kms:*:*:key/*")
_FILLS: Mapping[str, tuple[str, ...]] = {
    "Resource": _RESOURCES,
    "NotResource": _RESOURCES,
    "Action": ("*", "unknown:None", "s3:*"),
    "NotAction": ("*", "unknown:None", "s3:*"),
    "Sid": ("unknown",),
}
"""How an unknown text may be filled, by the element of a statement that it stands in."""
_SURE = frozenset({"Resource", "NotResource", "Sid"})
"""The elements whose fillings stand for every value."""
_MAX_VARIANTS = 27
_HOLDERS = ("users", "groups", "roles")


def as_json(value: Any) -> Raw:
    """Return a document that is known as records hold it."""
    return Raw(bytes(value)) if isinstance(value, bytes) else Raw(json.dumps(value, separators=(",", ":")).encode())


def _holes(value: Any, element: str = "") -> Iterator[str]:
    """Yield the element of each unknown part of a document, in order."""
    if isinstance(value, Unknown):
        yield element
    elif isinstance(value, Mapping):
        for key, each in value.items():
            yield from _holes(each, element or (str(key) if key not in ("Statement", "Version", "Id") else ""))
    elif isinstance(value, list | tuple):
        for each in value:
            yield from _holes(each, element)


def _filled(value: Any, texts: Iterator[str]) -> Any:
    if isinstance(value, Unknown):
        return next(texts)
    if isinstance(value, Mapping):
        return {key: _filled(each, texts) for key, each in value.items()}
    return [_filled(each, texts) for each in value] if isinstance(value, list | tuple) else value


def _ways(document: Any) -> list[tuple[str, ...]]:
    """Return the ways of filling a document, none where there are too many or a part is not understood."""
    holes = list(_holes(document))
    if not all(element in _FILLS for element in holes):
        return []
    ways = list(islice(product(*(_FILLS[element] for element in holes)), _MAX_VARIANTS + 1))
    return ways if len(ways) <= _MAX_VARIANTS else []


def _is_sure(document: Any) -> bool:
    return all(element in _SURE for element in _holes(document))


def variants(snapshot: Snapshot, partly: Mapping[str, Any]) -> Iterator[Snapshot]:
    """Yield the snapshot with the documents that are partly known filled in each way that rules may tell apart."""
    ways = {gap: _ways(document) for gap, document in partly.items()}
    for number in range(max(map(len, ways.values()), default=0)):
        texts = {
            gap: as_json(_filled(partly[gap], iter(ways[gap][number % len(ways[gap])]))) for gap in ways if ways[gap]
        }
        yield _with_documents(snapshot, texts)


def _with_documents(snapshot: Snapshot, texts: Mapping[str, Raw]) -> Snapshot:
    policies = _each(snapshot.policies, "versions", texts)
    lists = {listing: _each(getattr(snapshot, listing), "inline_policies", texts) for listing in _HOLDERS}
    return structs.replace(snapshot, policies=policies, **lists)


def _each(records: Listing[Any], field: str, texts: Mapping[str, Raw]) -> Listing[Any]:
    def filled(record: Any) -> Any:
        held = stored(record, field)
        if not any(gaps_of(each).get("document") in texts for each in held.known_part):
            return record
        parts = (
            edited(each, {"document": texts[gap]}) if (gap := gaps_of(each).get("document", "")) in texts else each
            for each in held.known_part
        )
        return edited(record, {field: Listing(tuple(parts), held.gap)})

    return Listing(tuple(map(filled, records.known_part)), records.gap)


def rests_on(finding: Finding, messages: Mapping[str, str]) -> str | None:
    """Return the gap of the partly known document that a finding is undecided for; None for any other finding."""
    if finding.compliance_type is not ComplianceType.INSUFFICIENT_DATA:
        return None
    found = (fact.gap.message for fact in finding.evidence if fact.gap is not None)
    return next((messages[message] for message in found if message in messages), None)


def judges_one_document(configured: ConfiguredRule) -> bool:
    """Return whether a rule judges documents one by one; one that joins those of a user and his groups does not."""
    rule = configured.rule
    return Source.POLICIES not in rule.reads or ResourceType.POLICY in rule.resource_types


def agreed(finding: Finding, answers: Sequence[Finding], document: Any) -> Finding:
    """Return the finding that holds whatever the unknown parts are, else the undecided one."""
    types = {each.compliance_type for each in answers}
    if len(types) != 1 or not answers:
        return finding
    sure = _is_sure(document) or types == {ComplianceType.NON_COMPLIANT}
    if not sure or ComplianceType.INSUFFICIENT_DATA in types:
        return finding
    text = f"{answers[0].annotation} (whatever is known only after apply)"
    return structs.replace(finding, compliance_type=answers[0].compliance_type, annotation=cut(text), evidence=())
