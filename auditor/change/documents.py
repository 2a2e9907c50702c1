"""Policy documents with unknown parts: verdicts that are the same whatever the unknown parts turn out to be.

Each unknown part is filled with every value that rules can tell apart, and a verdict holds if all of them give it. A
resource can be all resources, a KMS key or another one. The fillings of an action or a statement do not cover
every value, so only a NON_COMPLIANT verdict is trusted there.
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
from auditor.change.values import Unknown, unknown_within
from auditor.judging.engine import cut
from auditor.judging.finding import Finding
from auditor.judging.rule import ComplianceType, ConfiguredRule

_RESOURCES = ("*", "arn:aws:s3:::unknown", "arn:aws:kms:*:*:key/*")
_ABSENT: Any = object()
"""The filling that leaves a part out."""
_FILLS: Mapping[str, tuple[Any, ...]] = {
    "Resource": _RESOURCES,
    "NotResource": _RESOURCES,
    "Action": ("*", "unknown:None", "s3:*"),
    "NotAction": ("*", "unknown:None", "s3:*"),
    **dict.fromkeys(("Sid", "Id"), ("unknown",)),
    "Statement": ({"Effect": "Deny", "Action": "*", "Resource": "*"}, _ABSENT),
}
"""The fillings of an unknown part, by the element that contains it; an unknown statement can be a denial."""
_CONDITIONS = ("unknown", "true", "false", _ABSENT)
"""The fillings of the unknown values of all conditions; _ABSENT removes the conditions."""
_COVERED = frozenset({"Resource", "NotResource", "Sid", "Id", "Condition"})
"""The elements whose fillings cover every possible value."""
_MAX_VARIANTS = 64
_HOLDERS = ("users", "groups", "roles")


def as_json(value: Any) -> Raw:
    """Return a document without unknown parts as the raw JSON of a record."""
    return Raw(bytes(value)) if isinstance(value, bytes) else Raw(json.dumps(value, separators=(",", ":")).encode())


def understood(document: Any) -> Any:
    """Return a document in which a statement becomes Unknown if it has an unknown part that cannot be filled."""
    statements = document.get("Statement") if isinstance(document, Mapping) else None
    if not isinstance(statements, list | tuple | Mapping):
        return document
    several = [statements] if isinstance(statements, Mapping) else statements
    return {**document, "Statement": [_statement(each) for each in several]}


def _statement(written: Any) -> Any:
    unknown = unknown_within(written)
    known = isinstance(written, Mapping) and all(each in _FILLS or each == "Condition" for each in _holes(written))
    return written if unknown is None or (known and "Statement" not in written) else unknown


def _holes(value: Any, element: str = "") -> Iterator[str]:
    """Yield the element of each unknown part of a document, in order."""
    if isinstance(value, Unknown):
        yield element
    elif isinstance(value, Mapping):
        for key, each in value.items():
            yield from _holes(each, element if element not in ("", "Statement") else str(key))
    elif isinstance(value, list | tuple):
        for each in value:
            yield from _holes(each, element)


def _filled(value: Any, texts: Iterator[Any]) -> Any:
    if isinstance(value, Unknown):
        return next(texts)
    if isinstance(value, Mapping):
        parts = {key: _filled(each, texts) for key, each in value.items()}
        return {key: each for key, each in parts.items() if key != "Condition" or not _lacks(value[key], each)}
    parts_of = (_filled(part, texts) for part in value) if isinstance(value, list | tuple) else None
    return [each for each in parts_of if each is not _ABSENT] if parts_of is not None else value


def _lacks(written: Any, made: Any) -> bool:
    """Return whether the filling removed a part of a condition."""
    if isinstance(written, Mapping):
        return any(_lacks(each, made[key]) for key, each in written.items())
    if isinstance(written, list | tuple):
        return len(made) < len(written)
    return made is _ABSENT


def _ways(document: Any) -> list[tuple[Any, ...]]:
    """Return the ways to fill a document; none if there are too many or an unknown part has no fillings."""
    holes = list(_holes(document))
    if not all(element in _FILLS or element == "Condition" for element in holes):
        return []
    others = [_FILLS[element] for element in holes if element != "Condition"]
    conditions = _CONDITIONS if "Condition" in holes else (None,)
    ways = list(islice(product(conditions, *others), _MAX_VARIANTS + 1))
    return [_in_order(holes, way) for way in ways] if len(ways) <= _MAX_VARIANTS else []


def _in_order(holes: Sequence[str], way: Sequence[Any]) -> tuple[Any, ...]:
    """Return the filling of each hole; all conditions have the same one."""
    condition, others = way[0], iter(way[1:])
    return tuple(condition if element == "Condition" else next(others) for element in holes)


def _is_covered(document: Any) -> bool:
    return all(element in _COVERED for element in _holes(document))


def variants(snapshot: Snapshot, partly: Mapping[str, Any]) -> Iterator[Snapshot]:
    """Yield snapshots in which the partly known documents are filled in each way that rules can tell apart.

    They contain only the resources that have such documents.
    """
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

    made = (filled(each) for each in records.known_part)
    return Listing(tuple(new for new, old in zip(made, records.known_part, strict=True) if new is not old), None)


def undecided_gap(finding: Finding, messages: Mapping[str, str]) -> str | None:
    """Return the gap of the partly known document that makes a finding undecided; None for any other finding."""
    if finding.compliance_type is not ComplianceType.INSUFFICIENT_DATA:
        return None
    found = (fact.gap.message for fact in finding.evidence if fact.gap is not None)
    return next((messages[message] for message in found if message in messages), None)


def judges_one_document(configured: ConfiguredRule) -> bool:
    """Return whether a rule evaluates each document alone, not all documents of a user and its groups together."""
    rule = configured.rule
    return Source.POLICIES not in rule.reads or ResourceType.POLICY in rule.resource_types


def held_by(record: Any, partly: Mapping[str, Any]) -> list[Any]:
    """Return the partly known documents of a record."""
    field = "versions" if "versions" in record.__struct_fields__ else "inline_policies"
    gaps = (gaps_of(each).get("document", "") for each in stored(record, field).known_part)
    return [partly[gap] for gap in gaps if gap in partly]


def agreed(finding: Finding, answers: Sequence[Finding], documents: Sequence[Any]) -> Finding:
    """Return the finding with a verdict that holds whatever the unknown parts are, else the finding unchanged."""
    types = {each.compliance_type for each in answers}
    if len(types) != 1 or not answers:
        return finding
    trusted = all(map(_is_covered, documents)) or types == {ComplianceType.NON_COMPLIANT}
    if not trusted or ComplianceType.INSUFFICIENT_DATA in types:
        return finding
    text = f"{answers[0].annotation} (regardless of what is known only after deployment)"
    return structs.replace(finding, compliance_type=answers[0].compliance_type, annotation=cut(text), evidence=())
