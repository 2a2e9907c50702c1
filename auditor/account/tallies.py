"""Tallies: compare the lists of a snapshot with the counts of its sources, account summary and policies."""

from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import chain
from typing import Any, NamedTuple

from auditor.account.kinds import listed_kinds
from auditor.account.model import Snapshot
from auditor.account.references import gap_ids_of
from auditor.account.sources import ACCOUNT_FACTS, Source, SourceRecord, SourceStatus
from auditor.account.unknown import Listing, Partial, gaps_of, stored, stored_in

_HOLDERS = ("users", "groups", "roles")
_BOUNDED = ("users", "roles")
_ATTACHED, _USAGE = "attachment_count", "permissions_boundary_usage_count"
_PROVIDERS = ("oidc_providers", "saml_providers")


def misread(snapshot: Snapshot, sources: Mapping[Source, SourceRecord]) -> Iterator[str]:
    """Yield a message for each list and fact where $.sources and its gap differ on whether it is complete."""
    of_source = {gap.id: gap.source for gap in snapshot.gaps}
    for kind, listing, source in listed_kinds():
        records, status = kind.resources(snapshot), sources[source].status
        if records.gap is not None and status is SourceStatus.COMPLETE:
            yield f"$.{listing} has a gap, but {source} is complete by $.sources"
        if records.gap is None and status is SourceStatus.PARTIAL:
            lacking = {of_source.get(gap_id) for gap_id in gap_ids_of(records.known_part)}
            if source not in lacking:  # else the source is partial because of one record
                yield f"$.{listing} is complete, it has no gap, but {source} is partial by $.sources"
    for source, field in ACCOUNT_FACTS.items():
        if field in gaps_of(snapshot.account) and sources[source].status is SourceStatus.COMPLETE:
            yield f"$.account has a gap for {field}, but {source} is complete by $.sources"


def miscounted(snapshot: Snapshot, sources: Mapping[Source, SourceRecord]) -> Iterator[str]:
    """Yield a message for each complete list whose length differs from the account summary or from its source."""
    summary = stored(snapshot.account, "summary") or {}
    for kind, listing, source in listed_kinds():
        records, counted, items = kind.resources(snapshot), summary.get(kind.counted_as), sources[source].items
        holds = f"$.{listing} holds {len(records.known_part):,}"
        if records.gap is not None:
            if len(records.known_part) < items:
                yield f"{holds}, fewer than the {items:,} items of {source} in $.sources"
            continue
        if counted is not None and counted != len(records.known_part):
            yield f"{holds}, and the account summary counts {counted:,}"
        if sources[source].status is not SourceStatus.NOT_REQUESTED and items != len(records.known_part):
            yield f"{holds}, and $.sources counts {items:,} items of {source}"
    yield from _providers(snapshot, summary.get("Providers"))


def _providers(snapshot: Snapshot, counted: int | None) -> Iterator[str]:
    lists = [getattr(snapshot, listing) for listing in _PROVIDERS]
    held = sum(len(each.known_part) for each in lists)
    if counted is not None and all(each.gap is None for each in lists) and held != counted:
        yield f"$.oidc_providers and $.saml_providers hold {held:,}, and the account summary counts {counted:,}"


class Misuse(NamedTuple):
    """Hold a count of a policy that cannot be right, and why."""

    arn: str
    name: str
    field: str
    problem: str


def misused(lists: Mapping[str, Listing[Any]]) -> Iterator[Misuse]:
    """Yield policies that are attached, or used as permissions boundaries, more often than their own counts say.

    `lists` holds the users, groups, roles and policies of an account. The lists may be incomplete, so a count that is
    too high proves nothing, with one exception: if all users and roles are known, and a policy is the permissions
    boundary of none of them, its usage count must be 0.
    """
    attached, boundaries = _attached(lists), _boundaries(lists)
    bounded_known = all(_boundaries_known(lists[listing]) for listing in _BOUNDED)
    policies = lists["policies"].known_part
    columns = (stored_in(policies, field) for field in ("arn", _ATTACHED, _USAGE))
    for policy, arn, count, usage in zip(policies, *columns, strict=True):
        if count is not None and attached[arn] > count:
            problem = f"an {_ATTACHED} of {count:,}, but {attached[arn]:,} have it attached"
            yield Misuse(arn, stored(policy, "name"), _ATTACHED, problem)
        if usage is None:
            continue
        if boundaries[arn] > usage or (usage and bounded_known and not boundaries[arn]):
            problem = f"a {_USAGE} of {usage:,}, but {boundaries[arn]:,} have it attached as permissions boundary"
            yield Misuse(arn, stored(policy, "name"), _USAGE, problem)


def _attached(lists: Mapping[str, Listing[Any]]) -> Counter[str]:
    records = [stored_in(lists[listing].known_part, "attached_policies") for listing in _HOLDERS]
    held = (each.known_part for of_kind in records for each in of_kind)
    return Counter(chain.from_iterable({each.arn for each in attached} for attached in held if attached))


def _boundaries(lists: Mapping[str, Listing[Any]]) -> Counter[str | None]:
    records = [stored_in(lists[listing].known_part, "permissions_boundary") for listing in _BOUNDED]
    return Counter(boundary for of_kind in records for boundary in of_kind if boundary is not None)


def _boundaries_known(records: Any) -> bool:
    partial = [each for each in records.known_part if isinstance(each, Partial)]
    return records.gap is None and not any("permissions_boundary" in gaps_of(each) for each in partial)
