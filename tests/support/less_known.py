"""Compare two readings of one account: the one that could read less must have no other facts.

Facts are equal or unknown, lists complete or partial; verdicts are equal or become INSUFFICIENT_DATA, and if a finding
is missing, there is one on the account. test_knowledge tests the same with hidden facts; here they were not read.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any

from msgspec import Struct
from rule_parameters import configured

from auditor.account.kinds import ResourceType, listed_kinds
from auditor.account.model import Snapshot
from auditor.account.snapshot import dump
from auditor.account.unknown import Listing, gaps_of, stored
from auditor.judging.engine import evaluate
from auditor.judging.finding import Finding
from auditor.judging.registry import load_rules
from auditor.judging.rule import ConfiguredRule
from auditor.testing import UNKNOWN

Key = tuple[str, str, str]
Findings = Mapping[Key, Finding]

_FACTS = ("format", "kind", "captured_at", "region", "account", *(listing for _, listing, _ in listed_kinds()))
_NONE_IF_UNKNOWN = frozenset({"alias", "verified"})
_NOT_COMPARED = frozenset({"gaps", "read_at"})  # not facts of the account


@cache
def rules() -> Sequence[ConfiguredRule]:
    """Return all rules, with the parameters that they have by default."""
    return [configured(name) for name in load_rules()]


def findings(snapshot: Snapshot) -> Findings:
    """Return the findings of all rules by rule, resource type and resource name."""
    found = evaluate(snapshot, rules()).findings
    return {(each.config_rule_name, each.resource_type, each.resource_name): each for each in found}


def contradictions(whole: Snapshot, less: Snapshot, *, gone: Sequence[str] = ()) -> list[str]:
    """Return all facts of `less` that differ from those of `whole`, apart from unknown ones.

    Users in `gone` may be known only from the credential report, while the list of users is partial.
    """
    found = [complaint for field in _FACTS for complaint in _facts(whole, less, field, field, gone)]
    noticed = {(notice.code, notice.resource_name) for notice in whole.notices}
    found += [f"{each} is new" for each in less.notices if (each.code, each.resource_name) not in noticed]
    if less.report_generated_at not in (None, whole.report_generated_at) and not (_made(whole) and _made(less)):
        found.append(f"the report is of {less.report_generated_at}, not {whole.report_generated_at}")
    return found + list(_verdicts(findings(whole), findings(less), gone))


def _made(snapshot: Snapshot) -> bool:
    """Return whether the credential report was made during the reading, which may have waited for it."""
    made, captured_at = snapshot.report_generated_at, snapshot.captured_at
    return made is not None and captured_at is not None and made >= captured_at


def lost(whole: Snapshot, less: Snapshot) -> list[Finding]:
    """Return the findings that are INSUFFICIENT_DATA in `less` but not in `whole`."""
    before = {key for key, found in findings(whole).items() if found.compliance_type is UNKNOWN}
    return [found for key, found in findings(less).items() if found.compliance_type is UNKNOWN and key not in before]


def comparable(snapshot: Snapshot) -> Any:
    """Return everything in a snapshot except when it was read."""
    return json.loads(
        dump(snapshot), object_pairs_hook=lambda pairs: {name: each for name, each in pairs if name != "read_at"}
    )


def _facts(whole: Struct, less: Struct, field: str, place: str, gone: Sequence[str]) -> Iterator[str]:
    if field in gaps_of(less) or (field in _NONE_IF_UNKNOWN and stored(less, field) is None):
        return
    if field in gaps_of(whole):
        yield f"{place} is known to be {stored(less, field)!r}, which was unknown"
        return
    yield from _values(stored(whole, field), stored(less, field), place, gone)


def _values(whole: Any, less: Any, place: str, gone: Sequence[str]) -> Iterator[str]:
    if isinstance(less, Listing):
        yield from _lists(whole, less, place, gone)
    elif isinstance(less, Struct) and isinstance(whole, Struct):
        for field in less.__struct_fields__:
            if field not in _NOT_COMPARED:
                yield from _facts(whole, less, field, f"{place}.{field}", gone)
    elif less != whole:
        yield f"{place} is {less!r}, not {whole!r}"


def _lists(whole: Listing[Any], less: Listing[Any], place: str, gone: Sequence[str]) -> Iterator[str]:
    before, after = _by_name(whole), _by_name(less)
    extra = after.keys() - before.keys() - (set(gone) if less.gap is not None and place == "users" else set())
    if extra:
        yield f"{place} holds {sorted(extra)}, which there are not"
    if less.gap is None and (whole.gap is not None or before.keys() != after.keys()):
        yield f"{place} is complete, but lacks {sorted(before.keys() - after.keys())}"
    for name in before.keys() & after.keys():
        yield from _values(before[name], after[name], f"{place}[{name}]", gone)


def _by_name(listing: Listing[Any]) -> dict[str, Any]:
    named = {_name(item): item for item in listing.known_part}
    assert len(named) == len(listing.known_part), f"{sorted(named)} holds something twice"
    return named


def _name(item: Any) -> str:
    if isinstance(item, str):
        return item
    return str(next(getattr(item, field) for field in ("name", "serial_number", "id") if hasattr(item, field)))


def _verdicts(before: Findings, after: Findings, gone: Sequence[str]) -> Iterator[str]:
    silent = {rule for rule, _, _ in before} - {key[0] for key, found in after.items() if _about_account(found)}
    for key, found in before.items():
        verdict = found.compliance_type
        if key not in after and key[0] in silent:
            yield f"{key} vanished without a word"
        elif key in after and after[key].compliance_type not in (verdict, UNKNOWN):
            yield f"{key} is {after[key].compliance_type} instead of {verdict}"
    for key in after.keys() - before.keys():
        if key[2] not in gone and not _about_account(after[key]):
            yield f"{key} is new"


def _about_account(found: Finding) -> bool:
    return found.resource_type is ResourceType.ACCOUNT and found.compliance_type is UNKNOWN
