"""Causes: what a change does to a resource, and how that affects a finding."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any

from msgspec import Struct, structs

from auditor.account.kinds import listed_kinds
from auditor.account.model import Snapshot
from auditor.account.unknown import Listing, stored
from auditor.judging.finding import Finding, Location

Key = tuple[str, str]
"""The name of a list in the snapshot, and the name of a resource in it."""

_LISTING_OF = {kind.resource_type: listing for kind, listing, _ in listed_kinds()}
_HOLDERS = ("users", "groups", "roles")
_LISTS = frozenset({"group_names", "attached_policies", "inline_policies", "members"})
_POLICIES = ("attached_policies", "inline_policies")
_ALL_POLICIES = "policies"
"""The evidence path for all policies of a principal, including those of its groups."""
_ROOT = re.compile(r"\w+")


class Cause(Struct, frozen=True):
    """Hold one effect of a change on a resource, with the address that causes it and its place.

    `field` is the list of the resource that changes (group_names, attached_policies, inline_policies, members, or
    credentials), None if the resource itself changes.
    """

    address: str
    text: str
    field: str | None
    place: Location

    @property
    def sentence(self) -> str:
        """Return the cause as text."""
        return f"{self.address}: {self.text}"


def key_of(finding: Finding) -> Key:
    """Return the list and name of the resource that a finding is about."""
    return _LISTING_OF.get(finding.resource_type, "account"), finding.resource_name


class Causes:
    """Look up how a change affects the resource of a finding, directly or through its groups and policies.

    `places` has the positions of resources in the files of the change.
    """

    def __init__(
        self, snapshot: Snapshot, causes: Mapping[Key, tuple[Cause, ...]], places: Mapping[Key, Location]
    ) -> None:
        self._snapshot = snapshot
        self._causes = causes
        self._places = places

    def placed(self, finding: Finding) -> Finding:
        """Return the finding with the position of its resource in the files of the change, if it has one."""
        place = self._places.get(key_of(finding))
        return finding if place is None else structs.replace(finding, location=place)

    def traced(self, finding: Finding, *, now: Key | None = None) -> Finding:
        """Return the finding with the causes from the change: on its resource, or on the groups and policies it has.

        Its location is the place of its resource, else of the first cause. `now` is the key of the resource after the
        change, if the change renames it.
        """
        key, roots = now or key_of(finding), _roots(finding)
        own = _relevant(self._causes.get(key, ()), roots)
        further = [] if own and _ALL_POLICIES not in roots else [*self._by_policies(key, key[1]), *self._by_groups(key)]
        causes = [*own, *further]
        place = self._places.get(key) or next((each.place for each in causes), None)
        return structs.replace(finding, location=place, causes=tuple(dict.fromkeys(each.sentence for each in causes)))

    def _by_groups(self, key: Key) -> Iterator[Cause]:
        for group in self._items(key, "group_names"):
            for cause in self._causes.get(("groups", group), ()):
                if cause.field in _POLICIES:
                    yield structs.replace(cause, text=f"{cause.text} ({key[1]} is in the group {group})")
            yield from self._by_policies(("groups", group), f"{key[1]} is in the group {group}, which")

    def _by_policies(self, key: Key, who: str) -> Iterator[Cause]:
        for attached in self._items(key, "attached_policies"):
            name = self._policy_names.get(attached.arn)
            for cause in self._causes.get(("policies", name), ()) if name is not None else ():
                if cause.field is None:
                    yield structs.replace(cause, text=f"{cause.text} ({who} has the policy {name})")

    def _items(self, key: Key, field: str) -> Iterable[Any]:
        record = self._records.get(key)
        if record is None or field not in type(record).__struct_fields__:
            return ()
        held: Listing[Any] = stored(record, field)
        return held.known_part

    @cached_property
    def _records(self) -> Mapping[Key, Any]:
        return {
            (listing, stored(each, "name")): each
            for listing in _HOLDERS
            for each in getattr(self._snapshot, listing).known_part
        }

    @cached_property
    def _policy_names(self) -> Mapping[str, str]:
        return {stored(each, "arn"): stored(each, "name") for each in self._snapshot.policies.known_part}


def _roots(finding: Finding) -> frozenset[str]:
    """Return the fields of the resource that are in the evidence of a finding."""
    return frozenset(found[0] for fact in finding.evidence if (found := _ROOT.match(fact.path)))


def _relevant(causes: Sequence[Cause], roots: frozenset[str]) -> Sequence[Cause]:
    """Return the causes that change a field of the evidence; if there are none, return all causes."""
    return [each for each in causes if each.field is None or _concerns(each.field, roots)] or causes


def _concerns(field: str, roots: frozenset[str]) -> bool:
    if not roots:
        return True
    if field in _LISTS:
        return field in roots or (_ALL_POLICIES in roots and field != "members")
    return not roots <= _LISTS
