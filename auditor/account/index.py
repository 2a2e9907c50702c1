"""The index of a snapshot: members, holders, and resources by name or ARN; what is unknown stays unknown."""

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from operator import attrgetter
from typing import Any, Generic, TypeVar

from auditor.account.kinds import Kind, ResourceType, kind_of, listed_kinds
from auditor.account.model import Group, LoginProfile, ServiceCredential, Snapshot, User
from auditor.account.sources import NOTHING_READ, Source
from auditor.account.unknown import MISCOUNTED, OVERCOUNTED, Listing, UnknownFact, gaps_of, stored, undecided

T = TypeVar("T")

_HOLDERS = (ResourceType.USER, ResourceType.GROUP, ResourceType.ROLE)


class _Inverse(Generic[T]):
    """Map each value to the records whose list contains it, and keep the records whose list is partial."""

    def __init__(self, records: Listing[T], field: str, key: str | None = None) -> None:
        self._gap = records.gap
        self._holding: dict[str, list[T]] = {}
        self._partial: list[tuple[T, str]] = []
        for record in records.known_part:
            listing: Listing[Any] = getattr(record, field)
            for value in listing.known_part:
                self._holding.setdefault(getattr(value, key) if key else value, []).append(record)
            if listing.gap is not None:
                self._partial.append((record, listing.gap))

    def of(self, value: str) -> Listing[T]:
        """Return the records whose list contains the value; partial while further records may contain it."""
        found = self._holding.get(value, ())
        if self._gap is not None or not self._partial:
            return Listing(tuple(found), self._gap)
        known = set(map(id, found))
        gap = next((gap for record, gap in self._partial if id(record) not in known), None)
        return Listing(tuple(found), gap)


def _overcounted(snapshot: Snapshot) -> Iterator[str]:
    """Yield the gaps of lists that hold more than AWS counts: it is unknown which of their items exist."""
    yield from (gap.id for gap in snapshot.gaps if gap.error_code == OVERCOUNTED)
    summary = stored(snapshot.account, "summary") or {}
    for kind, _, _ in listed_kinds():
        records, counted = kind.resources(snapshot), summary.get(kind.counted_as)
        if records.gap is not None and counted is not None and len(records.known_part) > counted:
            yield records.gap


class Index:
    """Answer who is in a group, who holds a policy, and which resource has a name or an ARN.

    Each answer is computed from an inverse that is made when it is first needed and kept.
    """

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        self._overcounted = frozenset(_overcounted(snapshot))
        self._names: dict[ResourceType, Mapping[str, Any]] = {}

    def members(self, group_name: str) -> Listing[str]:
        """Return the names of the users in the group of exactly this name.

        AWS lists no members with a group: they are those whose list of groups has it. The list is partial while
        users, or the groups of some user, are unknown.
        """
        users = self._memberships.of(group_name)
        return Listing(tuple(map(attrgetter("name"), users.known_part)), users.gap)

    def holders(self, resource_type: ResourceType, policy_arn: str) -> Listing[Any]:
        """Return the users, groups or roles to which a managed policy is attached; partial while others may be.

        If more holders were read than the policy's attachment count says, one of the two is wrong, so none is known.
        """
        doubt = self._miscounted.get(policy_arn)
        return self._attachments[resource_type].of(policy_arn) if doubt is None else Listing((), doubt)

    def populated(self, groups: Listing[Group]) -> Listing[Group]:
        """Return the groups that have a member; partial while further groups may have one."""
        known, gap = [], groups.gap
        for group in groups.known_part:
            members = self.members(group.name)
            if members.known_part:
                known.append(group)
            elif gap is None:
                gap = members.gap
        return Listing(tuple(known), gap)

    def by_name(self, resource_type: ResourceType, name: str) -> Any | None:
        """Return the resource of exactly this name, None if there is none.

        Raises UnknownFact if it is not in a list that is partial.
        """
        kind = kind_of(resource_type)
        if resource_type not in self._names:
            records = kind.resources(self._snapshot).known_part
            names = (identity.name for identity in kind.identities(records))
            self._names[resource_type] = dict(zip(names, records, strict=True))
        return self._found(self._names[resource_type].get(name), (kind,))

    def by_arn(self, arn: str) -> Any | None:
        """Return the resource of this ARN that the account lists, None if there is none; raise as by_name does."""
        return self._found(self._arns.get(arn), [kind for kind, _, _ in listed_kinds()])

    def unread(self, source: Source) -> str | None:
        """Return the id of the gap of a source that was not read at all, None if it was read or has no gap."""
        unread = any(each.name is source and each.status in NOTHING_READ for each in self._snapshot.sources)
        return next((gap.id for gap in self._snapshot.gaps if unread and gap.source == source), None)

    def login_profile(self, user_name: str) -> LoginProfile | None:
        """Return the login profile of a user, None if it was not requested."""
        return self._login_profiles.get(user_name)

    def service_credentials(self, user_name: str) -> Listing[ServiceCredential]:
        """Return the service-specific credentials of a user; partial while others may exist.

        Raises UnknownFact if the account's list was not read.
        """
        listed = self._snapshot.service_credentials
        if listed is None:
            raise undecided(
                "the service-specific credentials were not read; aws iam list-service-specific-credentials"
                " --all-users shows them"
            )
        return Listing(tuple(self._service_credentials.get(user_name, ())), listed.gap)

    def _proving(self, records: Listing[T]) -> Listing[T]:
        """Return a list, or an empty partial one if it holds more than AWS counts: some of its items do not exist."""
        return Listing((), records.gap) if records.gap in self._overcounted else records

    def _found(self, record: Any | None, kinds: Sequence[Kind]) -> Any | None:
        if record is None:
            for kind in kinds:
                gap = kind.resources(self._snapshot).gap
                if gap is not None:
                    raise UnknownFact(gap, "items")
        return record

    @cached_property
    def _memberships(self) -> _Inverse[User]:
        return _Inverse(self._proving(self._snapshot.users), "group_names")

    @cached_property
    def _attachments(self) -> Mapping[ResourceType, _Inverse[Any]]:
        return {
            each: _Inverse(self._proving(kind_of(each).resources(self._snapshot)), "attached_policies", "arn")
            for each in _HOLDERS
        }

    @cached_property
    def _login_profiles(self) -> Mapping[str, LoginProfile]:
        return {profile.user_name: profile for profile in self._snapshot.login_profiles}

    @cached_property
    def _service_credentials(self) -> Mapping[str, Sequence[ServiceCredential]]:
        found: dict[str, list[ServiceCredential]] = {}
        listed = self._snapshot.service_credentials
        for each in () if listed is None else listed.known_part:
            found.setdefault(each.user_name, []).append(each)
        return found

    @cached_property
    def _miscounted(self) -> Mapping[str, str]:
        """Return the gap, by ARN, of each policy whose attachment count is contradicted by other lists."""
        contradicted = {gap.id for gap in self._snapshot.gaps if gap.error_code == MISCOUNTED}
        policies = self._snapshot.policies.known_part if contradicted else ()
        gaps = ((stored(policy, "arn"), gaps_of(policy).get("attachment_count")) for policy in policies)
        return {arn: gap_id for arn, gap_id in gaps if gap_id in contradicted}

    @cached_property
    def _arns(self) -> Mapping[str, Any]:
        found: dict[str, Any] = {}
        for kind, _, _ in listed_kinds():
            for record in kind.resources(self._snapshot).known_part:
                arn = kind.identity(record).arn
                if arn is not None and "arn" not in gaps_of(record):
                    found[arn] = record
        return found
