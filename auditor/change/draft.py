"""The draft: the lists of an account while changes are applied, with the gaps and warnings of each step."""

import re
from collections import Counter
from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from auditor.account.kinds import Kind, listed_kinds
from auditor.account.model import Account, Notice, PartialAccount, Snapshot
from auditor.account.unknown import Gap, Listing, stored
from auditor.change.causes import Cause, Causes, Key
from auditor.change.empty import was_read
from auditor.change.index import MARK
from auditor.change.records import TYPES, Missing, edited, touched
from auditor.change.values import ACCOUNT_ID, Hidden, Target, Text, Unknown
from auditor.judging.finding import Location

_POLICY = re.compile(r"arn:(?P<partition>[\w-]+):iam::(?P<owner>[^:]+):policy/")
SOURCE = "planned-change"
KNOWN_AFTER_APPLY = "KnownAfterApply"
KIND: Mapping[str, Kind] = {listing: kind for kind, listing, _ in listed_kinds()}


class Draft:
    """Hold the lists of an account by name, changed step by step; no name in them is sensitive."""

    def __init__(self, base: Snapshot) -> None:
        self.base = base
        self.alone = not was_read(base)
        self.account: Account | PartialAccount = base.account
        self.lists: dict[str, dict[str, Any]] = {
            listing: {stored(each, kind.name): each for each in kind.resources(base).known_part}
            for listing, kind in KIND.items()
        }
        self.listing_gaps = {listing: kind.resources(base).gap for listing, kind in KIND.items()}
        self.gaps: dict[str, Gap] = {}
        self.notices: list[Notice] = []
        self.counts: Counter[str] = Counter()
        self.places: dict[Key, Location] = {}
        self.causes: dict[Key, dict[str, Cause]] = {}
        """The causes for each resource, by sentence: a dictionary, since a group can get thousands of members."""
        self.at = Location(None, None, None)
        """The position of the current step."""
        self.sources: dict[str, Location] = {}
        """The positions of addresses in other files than that of the change."""
        self.created: set[Key] = set()
        self.deleted: set[Key] = set()
        self.renamed: dict[Key, str] = {}
        self.renaming: frozenset[Key] = frozenset()
        """The users and groups that the current change renames, by their old names."""
        self.by_address: dict[str, Key] = {}
        self.member_doubts: dict[str, str] = {}
        self.stand_ins: dict[str, str | None] = {}
        """Placeholders for the unknown ARNs of planned policies, each with its path and name if these are known."""
        self.partly: dict[str, Any] = {}
        """The documents with unknown parts, by the id of their gap."""
        self.maybe: dict[Key, str] = {}
        """The resources that the change may create, with the reason why this is unknown."""
        self.unsure: dict[Key, str] = {}
        """The resources of the account that the change may update, with the reason why this is unknown."""
        self.added: set[tuple[Key, str, str]] = set()
        """The items that the change adds to lists: the resource, the field and the item."""
        self.conflicts: list[tuple[Key, str | None, str]] = []
        """Resources that still have what the current change deletes: the resource, the gap of its list, the warning."""
        self.taken: dict[tuple[Key, str, str], str] = {}
        """The items that the current change removes, with the address; field and item are "" for a deleted resource."""
        self.service_credentials = base.service_credentials
        self.login_profiles = {profile.user_name: profile for profile in base.login_profiles}
        self.doubtful_counts: dict[str, str] = {}
        """The counts of policies that the change makes unknown, with the gap."""
        self._gap_ids: dict[str, str] = {}
        self._shown: dict[Key, str] = {}
        self._folded: dict[str, dict[str, str]] = {}

    def forget(self, user_name: str) -> None:
        """Remove what the snapshot holds elsewhere about a deleted user, because a new user may get the same name."""
        self.login_profiles.pop(user_name, None)
        listed = self.service_credentials
        if listed is not None:
            kept = tuple(each for each in listed.known_part if each.user_name != user_name)
            self.service_credentials = Listing(kept, listed.gap)

    def gap(self, why: str) -> str:
        """Return the id of the gap for a fact that the change does not show."""
        if why not in self._gap_ids:
            gap_id = f"{MARK}{len(self.gaps) + 1}"
            self.gaps[gap_id] = Gap(gap_id, SOURCE, KNOWN_AFTER_APPLY, None, why)
            self._gap_ids[why] = gap_id
        return self._gap_ids[why]

    def gap_of(self, address: str, why: str) -> str:
        """Return the gap for a fact that a step makes unknown; its message begins with the address of the step."""
        return self.gap(why if why.startswith((f"{address}:", f"{address}.")) else f"{address}: {why}")

    def missing(self, unknown: Unknown) -> Missing:
        """Return the marker for an unknown value in a record."""
        return Missing(self.gap(unknown.why))

    def refused(self, arn: str, address: str) -> str | None:
        """Return the gap for a policy of another account, which AWS does not attach, and record a warning.

        Return None for a policy of this account or of AWS:
        https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies.html
        """
        found, account = _POLICY.match(arn), self.base.account
        if found is None or account.id is None:
            return None
        if found["partition"] == account.partition and found["owner"] in (account.id, "aws", ACCOUNT_ID):
            return None
        why = f"{address} uses {arn}, which is not a policy of this account or of AWS; applying the change will fail"
        self.note(why)
        return self.gap(why)

    def note(self, message: str, name: str | None = None) -> None:
        """Record a warning."""
        self.notices.append(Notice("planned-change", name, message))

    def cause(self, key: Key, address: str, text: str, field: str | None = None) -> None:
        """Record why the findings of a resource may change; `field` is the changed field, None for the resource."""
        place = self.sources.get(address)
        label = address if place is None else f"{address} ({place.file}:{place.line})"
        cause = Cause(label, text, field, place or self.at)
        self.causes.setdefault(key, {}).setdefault(cause.sentence, cause)

    def show_as(self, key: Key, shown: str) -> None:
        """Show a resource under another name, because its own is sensitive or already used."""
        self._shown[key] = shown

    def found(self, listing: str, name: Text) -> str | None:
        """Return the name of a resource in the draft; None if it is unknown or not there."""
        if isinstance(name, Unknown):
            key = self.by_address.get(name.entity or "")
            return key[1] if key is not None and key[0] == listing and key[1] in self.lists[listing] else None
        held = self.lists[listing]
        shown = self._shown.get((listing, str(name)), str(name))
        if shown in held or not KIND[listing].case_insensitive:
            return shown if shown in held else None
        if listing not in self._folded:
            self._folded[listing] = {each.casefold(): each for each in held}
        other = self._folded[listing].get(shown.casefold())
        return other if other in held else None

    def found_or_added(self, target: Target, address: str, *, adds: bool = True) -> str | None:
        """Return the name of a resource in the draft, which is added if it is missing; None if unknown or deleted.

        If a complete list lacks the resource, it is added with a warning, because the list may be older than the
        resource. `adds` is False for a step that only removes something; then such a resource is not added.
        """
        found = self.found(target.listing, target.name)
        if found is not None or isinstance(target.name, Unknown):
            return found
        gap = self.listing_gaps[target.listing]
        if gap is None and self._is_deleted_or_renamed(target):
            return None
        if gap is None:
            self.note(f"{address} changes {_one(target.listing)} that the account does not have", None)
            if not adds:
                return None
            gap = self.gap(f"{address} changes {_one(target.listing)} that the account does not have")
        name = f"(sensitive, {address})" if isinstance(target.name, Hidden) else str(target.name)
        self.put(target.listing, name, touched(target.listing, name, gap))
        if name != target.name:
            self.show_as((target.listing, str(target.name)), name)
        return name

    def _is_deleted_or_renamed(self, target: Target) -> bool:
        """Return whether the change deletes or renames a resource."""
        key = (target.listing, str(target.name))
        return key in self.deleted or key in self.renaming or key[1] in self._old_names(key[0])

    def _old_names(self, listing: str) -> set[str]:
        return {old for (kind, _), old in self.renamed.items() if kind == listing}

    def put(self, listing: str, name: str, record: Any) -> None:
        """Add a record under its name."""
        self.lists[listing][name] = record
        if listing in self._folded:
            self._folded[listing][name.casefold()] = name

    def edit(self, key: Key, **values: Any) -> None:
        """Change fields of a record."""
        listing, name = key
        self.lists[listing][name] = edited(self.lists[listing][name], values)

    def listing_of(self, key: Key, field: str) -> Listing[Any]:
        """Return a list within a record, as it is stored."""
        found: Listing[Any] = stored(self.lists[key[0]][key[1]], field)
        return found

    def doubt_lists(self, key: Key, fields: tuple[str, ...], gap: str, *, keep: bool) -> None:
        """Mark lists of a record as unknown; `keep`: their items are still there."""
        kind = TYPES[key[0]]
        if "attached_policies" in fields:
            self.doubtful_counts["attachment_count"] = gap
        values = {
            field: Listing(self.listing_of(key, field).known_part if keep else (), gap)
            for field in fields
            if field in kind.__struct_fields__
        }
        self.edit(key, **values)

    def arn(self, listing: str, path: object, name: object) -> str | None:
        """Return the ARN of a resource, None if a part of it is unknown or sensitive."""
        account, kind = self.base.account, KIND[listing]
        if account.id is None or not isinstance(path, str) or not isinstance(name, str) or isinstance(name, Hidden):
            return None
        region = (self.base.region or "") if kind.regional else ""
        return f"arn:{account.partition}:{kind.service}:{region}:{account.id}:{kind.resource}{path}{name}"


class Applied(Struct, frozen=True, kw_only=True):
    """Hold an account after a change, and what its evaluation needs.

    `renamed` has the old name by list and new name. `maybe` has the reason why it is unknown whether a resource is
    created, and `perhaps` the gap for it.
    """

    snapshot: Snapshot
    alone: bool
    new_groups: frozenset[str]
    member_doubts: Mapping[str, str]
    stand_ins: Mapping[str, str | None]
    causes: Causes
    partly: Mapping[str, Any]
    maybe: Mapping[Key, str]
    perhaps: Mapping[Key, str]
    created: frozenset[Key]
    deleted: frozenset[Key]
    renamed: Mapping[Key, str]
    secrets: frozenset[str]
    files: tuple[str, ...]
    touches_iam: bool


def _one(listing: str) -> str:
    return {"policies": "a policy"}.get(listing, f"a {listing.rstrip('s').replace('_', ' ')}")
