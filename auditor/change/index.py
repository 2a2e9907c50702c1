"""The index of an account after a change: a group that the change creates has only the members that it shows."""

from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet
from operator import attrgetter
from typing import Any, TypeVar

from auditor.account.index import Index
from auditor.account.kinds import ResourceType
from auditor.account.model import Snapshot
from auditor.account.unknown import Listing, stored

T = TypeVar("T")

_LISTS = {ResourceType.USER: "users", ResourceType.GROUP: "groups", ResourceType.ROLE: "roles"}
MARK = "planned-change-"
"""How the ids of gaps begin that a planned change made."""


class PlannedIndex(Index):
    """Answer as an index does, knowing which groups are new and in whose membership the change leaves a doubt.

    `perhaps` has the gaps of the resources of which nobody knows whether the change creates them, by list and name.
    """

    def __init__(
        self,
        snapshot: Snapshot,
        new_groups: AbstractSet[str],
        doubts: Mapping[str, str],
        perhaps: Mapping[tuple[str, str], str],
    ) -> None:
        super().__init__(snapshot)
        self._perhaps = perhaps
        self._new_groups = new_groups
        self._member_doubts = doubts
        lists = [stored(user, "group_names") for user in snapshot.users.known_part]
        gaps = (snapshot.users.gap, *(each.gap for each in lists))
        self._planned_gap = next((gap for gap in gaps if gap is not None and gap.startswith(MARK)), None)

    def members(self, group_name: str) -> Listing[str]:
        """Return the names of the users in a group; what was not read of the account says nothing of a new group."""
        found = super().members(group_name)
        if found.gap is not None and group_name in self._new_groups:
            found = Listing(found.known_part, self._planned_gap)
        doubt = self._member_doubts.get(group_name)
        return self._certain("users", found if doubt is None else Listing(found.known_part, doubt), str)

    def holders(self, resource_type: ResourceType, policy_arn: str) -> Listing[Any]:
        """Return those to which a managed policy is attached; who may not be created is not among them."""
        found = super().holders(resource_type, policy_arn)
        return self._certain(_LISTS[resource_type], found, attrgetter("name"))

    def _certain(self, listing: str, found: Listing[T], name: Callable[[T], str]) -> Listing[T]:
        """Return a list without the resources that may not be created, partial where there are such."""
        gap = next((gap for each in found.known_part if (gap := self._perhaps.get((listing, name(each))))), None)
        if gap is None:
            return found
        sure = tuple(each for each in found.known_part if (listing, name(each)) not in self._perhaps)
        return Listing(sure, found.gap or gap)
