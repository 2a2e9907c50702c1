"""Users, groups and roles in explanations: their policies, members and trust, and the credentials of users."""

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

from auditor.account.credentials import Credentials as Row
from auditor.account.index import Index
from auditor.account.kinds import ResourceType
from auditor.account.model import Group, Role, Snapshot, User
from auditor.account.unknown import UnknownFact, evaluate_quietly, stored, undecided
from auditor.explaining.documents import Documents, joined
from auditor.explaining.explanation import (
    AccessKey,
    Credentials,
    Device,
    HeldPolicy,
    OfGroup,
    OfRole,
    OfUser,
    Question,
    SigningCertificate,
    Trust,
)
from auditor.explaining.facts import Fact, Listed, Reader
from auditor.policies.at_large import AtLarge, condition_keys
from auditor.policies.statements import Statement, trust_statements

_NUMBERS = (1, 2)  # of access keys and signing certificates: a user has two of each at most


class Identities:
    """Read the users, groups and roles of a snapshot."""

    def __init__(self, snapshot: Snapshot, index: Index) -> None:
        self._snapshot = snapshot
        self._index = index
        self._reader = Reader(snapshot)
        self._documents = Documents(snapshot, self._reader)

    def user(self, user: User, questions: Sequence[Question]) -> OfUser:
        """Return what is known about a user."""
        boundary = self._boundary(user)
        return OfUser(
            groups=self._reader.listed(lambda: user.group_names, str),
            policies=joined(self._documents.held(user), *self._of_groups(user)),
            boundary=boundary,
            boundary_contents=self._contents(boundary),
            credentials=self._credentials(user),
            verified=stored(user, "verified"),
            reset_required=self._reader.fact(lambda: self._reset_required(user)),
            mfa_devices=self._devices(user),
            questions=tuple(questions),
        )

    def group(self, group: Group) -> OfGroup:
        """Return what is known about a group."""
        members = self._reader.listed(lambda: self._index.members(group.name), str)
        return OfGroup(members=members, policies=self._documents.held(group))

    def role(self, role: Role) -> OfRole:
        """Return what is known about a role."""
        boundary = self._boundary(role)
        return OfRole(
            trust=self._trust(role),
            policies=self._documents.held(role),
            boundary=boundary,
            boundary_contents=self._contents(boundary),
            last_used=self._reader.fact(lambda: role.last_used_at),
            instance_profiles=self._reader.listed(lambda: role.instance_profile_names, str),
        )

    def _trust(self, role: Role) -> Listed[Trust]:
        read = self._reader.fact(lambda: trust_statements(role.trust_policy))
        return Listed(tuple(map(_trust, read.value or ())), read.unknown)

    def _of_groups(self, user: User) -> Iterator[Listed[HeldPolicy]]:
        if user.group_names.gap is not None:
            reason = self._reader.of_gap(user.group_names.gap)
            yield Listed((), f"which groups the user is in is not known: {reason}")
        for name in user.group_names.known_part:
            group = evaluate_quietly(partial(self._index.by_name, ResourceType.GROUP, name))
            if isinstance(group, UnknownFact):
                yield Listed((), f"the group {name} is not known: {self._reader.reason(group)}")
            elif group is None:
                yield Listed((), f"the user is in the group {name}, which is not listed")
            else:
                yield self._documents.held(group, name)

    def _boundary(self, holder: User | Role) -> Fact[str]:
        return self._reader.fact(lambda: holder.permissions_boundary)

    def _contents(self, boundary: Fact[str]) -> Fact[AtLarge] | None:
        return None if boundary.value is None else self._documents.contents(boundary.value)

    def _reset_required(self, user: User) -> bool | None:
        profile = self._index.login_profile(user.name)
        if profile is None and evaluate_quietly(lambda: user.credentials.password_enabled) is False:
            return None
        if profile is None:
            raise undecided(f"not read; `aws iam get-login-profile --user-name {user.name}` says so")
        return profile.password_reset_required

    def _devices(self, user: User) -> Listed[Device]:
        listing, arn = self._snapshot.virtual_mfa_devices, stored(user, "arn")
        if arn is None:
            return Listed((), "the user's ARN, by which devices are assigned, is not known")
        own = (each for each in listing.known_part if each.user_arn == arn)
        devices = tuple(Device(each.serial_number, each.enabled_at) for each in own)
        return Listed(devices, self._reader.of_gap(listing.gap))

    def _credentials(self, user: User) -> Fact[Credentials]:
        row = self._reader.fact(lambda: user.credentials)
        return Fact(None, row.unknown) if row.value is None else Fact(self._columns(row.value))

    def _columns(self, row: Row) -> Credentials:
        def column(name: str) -> Fact[Any]:
            return self._reader.fact(partial(getattr, row, name))

        return Credentials(
            password_enabled=column("password_enabled"),
            password_last_used=column("password_last_used"),
            password_last_changed=column("password_last_changed"),
            password_next_rotation=column("password_next_rotation"),
            mfa_active=column("mfa_active"),
            access_keys=tuple(
                AccessKey(
                    number=number,
                    active=column(f"access_key_{number}_active"),
                    last_rotated=column(f"access_key_{number}_last_rotated"),
                    last_used=column(f"access_key_{number}_last_used_date"),
                    last_used_region=column(f"access_key_{number}_last_used_region"),
                    last_used_service=column(f"access_key_{number}_last_used_service"),
                )
                for number in _NUMBERS
            ),
            signing_certificates=tuple(
                SigningCertificate(number, column(f"cert_{number}_active"), column(f"cert_{number}_last_rotated"))
                for number in _NUMBERS
            ),
            other_keys=column("additional_credentials_info"),
        )


def _trust(statement: Statement) -> Trust:
    named = statement.not_principals if statement.principals is None else statement.principals
    return Trust(
        effect=statement.effect,
        principals=tuple(f"{kind}: {name}" for kind, names in (named or {}).items() for name in names),
        all_but=statement.principals is None,
        actions=statement.actions or tuple(f"all but {action}" for action in statement.not_actions or ()),
        condition_keys=condition_keys(statement),
    )
