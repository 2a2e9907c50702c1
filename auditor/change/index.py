"""The index of an account after a change: a group that the change creates has only the members that it shows."""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet

from auditor.account.index import Index
from auditor.account.model import Snapshot
from auditor.account.unknown import Listing, stored

MARK = "planned-change-"
"""How the ids of gaps begin that a planned change made."""


class PlannedIndex(Index):
    """Answer as an index does, knowing which groups are new and in whose membership the change leaves a doubt."""

    def __init__(self, snapshot: Snapshot, new_groups: AbstractSet[str], doubts: Mapping[str, str]) -> None:
        super().__init__(snapshot)
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
        return found if doubt is None else Listing(found.known_part, doubt)
