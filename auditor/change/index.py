"""The index of an account after a change: a new group has only the members that the change gives it."""

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
"""The prefix of the ids of gaps from a planned change."""


class PlannedIndex(Index):
    """Look up members and holders after a change, with new groups and with lists that the change makes uncertain.

    `perhaps` has, by list and name, the gaps of the resources that may not be created.
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
        """Return the names of the users in a group; gaps of the account do not matter for a group that is new."""
        found = super().members(group_name)
        if found.gap is not None and group_name in self._new_groups:
            found = Listing(found.known_part, self._planned_gap)
        doubt = self._member_doubts.get(group_name)
        return self._certain("users", found if doubt is None else Listing(found.known_part, doubt), str)

    def holders(self, resource_type: ResourceType, policy_arn: str) -> Listing[Any]:
        """Return the resources that have a managed policy attached, without those that may not be created."""
        found = super().holders(resource_type, policy_arn)
        return self._certain(_LISTS[resource_type], found, attrgetter("name"))

    def _certain(self, listing: str, found: Listing[T], name: Callable[[T], str]) -> Listing[T]:
        """Return a list without the resources that may not be created; it is partial if there are any."""
        gap = next((gap for each in found.known_part if (gap := self._perhaps.get((listing, name(each))))), None)
        if gap is None:
            return found
        sure = tuple(each for each in found.known_part if (listing, name(each)) not in self._perhaps)
        return Listing(sure, found.gap or gap)
