"""GetAccountAuthorizationDetails: AWS's types for users, groups, roles and policies, and their conversion to records.

https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetAccountAuthorizationDetails.html
AWS leaves out UserPolicyList, PermissionsBoundary, Tags and RoleLastUsed if they are empty. If any other key is
missing, the data is incomplete, and the fact is unknown.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any, Literal, NamedTuple, TypeVar

from msgspec import UNSET, Raw, Struct, UnsetType

from auditor.account.model import (
    AttachedPolicies,
    AttachedPolicy,
    Group,
    InlinePolicies,
    InlinePolicy,
    Policy,
    PolicyVersion,
    Role,
    User,
)
from auditor.account.sources import Source
from auditor.account.unknown import Gap, Listing, with_gaps
from auditor.collectors.answers import gap, utc
from auditor.policies.decoding import UnreadableDocumentError, raw_document

T = TypeVar("T")
FilterType = Literal["User", "Group", "Role", "LocalManagedPolicy"]


class Tag(Struct, rename="pascal"):
    """AWS's Tag."""

    key: str
    value: str


class PolicyDetail(Struct, rename="pascal"):
    """AWS's PolicyDetail: an inline policy."""

    policy_name: str
    policy_document: Any


class AttachedManagedPolicy(Struct, rename="pascal"):
    """AWS's AttachedPolicy."""

    policy_name: str
    policy_arn: str


class Boundary(Struct, rename="pascal"):
    """AWS's AttachedPermissionsBoundary."""

    permissions_boundary_arn: str


class UserDetail(Struct, rename="pascal"):
    """AWS's UserDetail."""

    user_name: str
    arn: str
    path: str | UnsetType = UNSET
    user_id: str | UnsetType = UNSET
    create_date: datetime | UnsetType = UNSET
    group_list: list[str] | UnsetType = UNSET
    user_policy_list: list[PolicyDetail] = []
    attached_managed_policies: list[AttachedManagedPolicy] | UnsetType = UNSET
    permissions_boundary: Boundary | None = None
    tags: list[Tag] = []


class GroupDetail(Struct, rename="pascal"):
    """AWS's GroupDetail."""

    group_name: str
    arn: str
    path: str | UnsetType = UNSET
    group_id: str | UnsetType = UNSET
    create_date: datetime | UnsetType = UNSET
    group_policy_list: list[PolicyDetail] | UnsetType = UNSET
    attached_managed_policies: list[AttachedManagedPolicy] | UnsetType = UNSET


class InstanceProfile(Struct, rename="pascal"):
    """AWS's InstanceProfile; only the name is kept."""

    instance_profile_name: str


class RoleLastUsed(Struct, rename="pascal"):
    """AWS's RoleLastUsed: empty for a role without recorded use."""

    last_used_date: datetime | None = None


class RoleDetail(Struct, rename="pascal"):
    """AWS's RoleDetail."""

    role_name: str
    arn: str
    path: str | UnsetType = UNSET
    role_id: str | UnsetType = UNSET
    create_date: datetime | UnsetType = UNSET
    assume_role_policy_document: Any = None
    instance_profile_list: list[InstanceProfile] | UnsetType = UNSET
    role_policy_list: list[PolicyDetail] | UnsetType = UNSET
    attached_managed_policies: list[AttachedManagedPolicy] | UnsetType = UNSET
    permissions_boundary: Boundary | None = None
    tags: list[Tag] = []
    role_last_used: RoleLastUsed | None = None


class PolicyVersionDetail(Struct, rename="pascal"):
    """AWS's PolicyVersion."""

    version_id: str
    document: Any = None
    is_default_version: bool = False


class ManagedPolicyDetail(Struct, rename="pascal"):
    """AWS's ManagedPolicyDetail."""

    arn: str
    policy_name: str | UnsetType = UNSET
    policy_id: str | UnsetType = UNSET
    path: str | UnsetType = UNSET
    create_date: datetime | UnsetType = UNSET
    update_date: datetime | UnsetType = UNSET
    default_version_id: str | UnsetType = UNSET
    attachment_count: int | UnsetType = UNSET
    permissions_boundary_usage_count: int | UnsetType = UNSET
    policy_version_list: list[PolicyVersionDetail] | UnsetType = UNSET


class Page(Struct, rename="pascal"):
    """One response to GetAccountAuthorizationDetails; NextToken is what the AWS CLI writes when it stops early."""

    user_detail_list: list[UserDetail] | UnsetType = UNSET
    group_detail_list: list[GroupDetail] | UnsetType = UNSET
    role_detail_list: list[RoleDetail] | UnsetType = UNSET
    policies: list[ManagedPolicyDetail] | UnsetType = UNSET
    is_truncated: bool | UnsetType = UNSET
    marker: str | None = None
    next_token: str | None = None


class EntityList(NamedTuple):
    """Hold how to request a kind of entity, by Filter, and which field of a page contains it."""

    filter: FilterType
    field: str


EntityDetail = UserDetail | GroupDetail | RoleDetail | ManagedPolicyDetail
ENTITIES: Mapping[Source, EntityList] = {
    Source.USERS: EntityList("User", "user_detail_list"),
    Source.GROUPS: EntityList("Group", "group_detail_list"),
    Source.ROLES: EntityList("Role", "role_detail_list"),
    Source.POLICIES: EntityList("LocalManagedPolicy", "policies"),
}


def policies_of(detail: UserDetail | GroupDetail | RoleDetail) -> Iterator[str]:
    """Yield the ARNs of the managed policies that are attached to an entity, and of its permissions boundary."""
    if detail.attached_managed_policies is not UNSET:
        yield from (policy.policy_arn for policy in detail.attached_managed_policies)
    boundary = None if isinstance(detail, GroupDetail) else detail.permissions_boundary
    if boundary is not None:
        yield boundary.permissions_boundary_arn


def _documents_of(detail: EntityDetail) -> Iterator[Any]:
    """Yield the policy documents of an entity, as they were received."""
    if isinstance(detail, ManagedPolicyDetail):
        yield from (version.document for version in detail.policy_version_list or ())
        return
    if isinstance(detail, RoleDetail):
        yield detail.assume_role_policy_document
    inline = {UserDetail: "user_policy_list", GroupDetail: "group_policy_list", RoleDetail: "role_policy_list"}
    yield from (policy.policy_document for policy in getattr(detail, inline[type(detail)]) or ())


class EntityReader:
    """Convert AWS's types to records, and collect a gap for each kind of fact that is missing."""

    def __init__(self) -> None:
        self._gaps: dict[str, Gap] = {}
        self._documents: dict[str, Raw] = {}

    def read_ahead(self, details: Iterable[EntityDetail]) -> None:
        """Read the policy documents of entities while other calls are still running; may be called from any thread."""
        for detail in details:
            for document in _documents_of(detail):
                with suppress(UnreadableDocumentError):  # the record will have a gap for it
                    self._read(document)

    @property
    def gaps(self) -> tuple[Gap, ...]:
        """Return the gaps that the records made so far refer to."""
        return tuple(self._gaps.values())

    def user(self, detail: UserDetail, credentials: Any, credentials_gap: str | None) -> User:
        """Return the record of a user; `credentials` is None if `credentials_gap` says why they are unknown."""
        unknown = {} if credentials_gap is None else {"credentials": credentials_gap}
        fact = self._facts(Source.USERS, unknown)
        user = User(
            name=detail.user_name,
            id=fact("id", "UserId", detail.user_id),
            arn=detail.arn,
            path=fact("path", "Path", detail.path),
            created_at=_utc(fact("created_at", "CreateDate", detail.create_date)),
            group_names=self._listing(Source.USERS, "GroupList", detail.group_list, str),
            inline_policies=self._inline(Source.USERS, "UserPolicyList", detail.user_policy_list),
            attached_policies=self._attached(Source.USERS, detail.attached_managed_policies),
            permissions_boundary=_boundary_arn(detail.permissions_boundary),
            tags=_tags(detail.tags),
            credentials=credentials,
            verified=None,
        )
        return with_gaps(user, unknown)

    def group(self, detail: GroupDetail) -> Group:
        """Return the record of a group."""
        unknown: dict[str, str] = {}
        fact = self._facts(Source.GROUPS, unknown)
        group = Group(
            name=detail.group_name,
            id=fact("id", "GroupId", detail.group_id),
            arn=detail.arn,
            path=fact("path", "Path", detail.path),
            created_at=_utc(fact("created_at", "CreateDate", detail.create_date)),
            inline_policies=self._inline(Source.GROUPS, "GroupPolicyList", detail.group_policy_list),
            attached_policies=self._attached(Source.GROUPS, detail.attached_managed_policies),
        )
        return with_gaps(group, unknown)

    def role(self, detail: RoleDetail) -> Role:
        """Return the record of a role."""
        unknown: dict[str, str] = {}
        fact = self._facts(Source.ROLES, unknown)
        used = detail.role_last_used
        role = Role(
            name=detail.role_name,
            id=fact("id", "RoleId", detail.role_id),
            arn=detail.arn,
            path=fact("path", "Path", detail.path),
            created_at=_utc(fact("created_at", "CreateDate", detail.create_date)),
            trust_policy=self._document(Source.ROLES, "trust_policy", detail.assume_role_policy_document, unknown),
            instance_profile_names=self._listing(
                Source.ROLES,
                "InstanceProfileList",
                detail.instance_profile_list,
                lambda profile: profile.instance_profile_name,
            ),
            inline_policies=self._inline(Source.ROLES, "RolePolicyList", detail.role_policy_list),
            attached_policies=self._attached(Source.ROLES, detail.attached_managed_policies),
            permissions_boundary=_boundary_arn(detail.permissions_boundary),
            tags=_tags(detail.tags),
            last_used_at=_utc(used.last_used_date) if used else None,
        )
        return with_gaps(role, unknown)

    def policy(self, detail: ManagedPolicyDetail, description: str | None, description_gap: str | None) -> Policy:
        """Return the record of a customer-managed policy; a missing name is taken from the ARN.

        `description` is None if there is none, or if `description_gap` says why it is unknown.
        """
        unknown = {} if description_gap is None else {"description": description_gap}
        fact = self._facts(Source.POLICIES, unknown)
        usage = detail.permissions_boundary_usage_count
        policy = Policy(
            name=detail.arn.rsplit("/", 1)[-1] if detail.policy_name is UNSET else detail.policy_name,
            id=fact("id", "PolicyId", detail.policy_id),
            arn=detail.arn,
            path=fact("path", "Path", detail.path),
            created_at=_utc(fact("created_at", "CreateDate", detail.create_date)),
            updated_at=_utc(fact("updated_at", "UpdateDate", detail.update_date)),
            default_version_id=fact("default_version_id", "DefaultVersionId", detail.default_version_id),
            attachment_count=fact("attachment_count", "AttachmentCount", detail.attachment_count),
            permissions_boundary_usage_count=fact(
                "permissions_boundary_usage_count", "PermissionsBoundaryUsageCount", usage
            ),
            versions=self._listing(Source.POLICIES, "PolicyVersionList", detail.policy_version_list, self._version),
            description=description,
        )
        return with_gaps(policy, unknown)

    def _version(self, detail: PolicyVersionDetail) -> PolicyVersion:
        unknown: dict[str, str] = {}
        document = self._document(Source.POLICIES, "document", detail.document, unknown)
        return with_gaps(PolicyVersion(detail.version_id, detail.is_default_version, document), unknown)

    def _facts(self, source: Source, unknown: dict[str, str]) -> Callable[[str, str, Any], Any]:
        """Return a function that returns a value, or records its field as unknown if AWS's key is missing."""

        def fact(field: str, key: str, value: Any) -> Any:
            if value is not UNSET:
                return value
            unknown[field] = self._missing(source, key)
            return None

        return fact

    def _missing(self, source: Source, key: str) -> str:
        return self._gap(
            source,
            f"MissingKey:{key}",
            f"The data of {source} have no readable {key}, which AWS always sends",
        )

    def _gap(self, source: Source, code: str, message: str) -> str:
        found = gap(source, code, message)
        self._gaps[found.id] = found
        return found.id

    def _listing(
        self, source: Source, key: str, values: Sequence[Any] | UnsetType, made: Callable[[Any], T]
    ) -> Listing[T]:
        if isinstance(values, UnsetType):
            return Listing((), self._missing(source, key))
        return Listing(tuple(map(made, values)), None)

    def _attached(self, source: Source, policies: list[AttachedManagedPolicy] | UnsetType) -> AttachedPolicies:
        return self._listing(
            source,
            "AttachedManagedPolicies",
            policies,
            lambda policy: AttachedPolicy(policy.policy_name, policy.policy_arn),
        )

    def _inline(self, source: Source, key: str, policies: list[PolicyDetail] | UnsetType) -> InlinePolicies:
        def inline(policy: PolicyDetail) -> InlinePolicy:
            unknown: dict[str, str] = {}
            document = self._document(source, "document", policy.policy_document, unknown)
            return with_gaps(InlinePolicy(policy.policy_name, document), unknown)

        return self._listing(source, key, policies, inline)

    def _document(self, source: Source, field: str, value: Any, unknown: dict[str, str]) -> Raw:
        try:
            return self._read(value)
        except UnreadableDocumentError as error:
            unknown[field] = self._gap(source, "UnreadableDocument", f"A policy document of {source}: {error}")
            return Raw()

    def _read(self, document: Any) -> Raw:
        """Return a policy document as raw JSON; many roles have the same text, so each text is read only once."""
        if not isinstance(document, str):
            return raw_document(document)
        if document not in self._documents:
            self._documents[document] = raw_document(document)
        return self._documents[document]


def _utc(time: Any) -> Any:
    return None if time is None else utc(time)


def _tags(tags: Sequence[Tag]) -> dict[str, str]:
    return {tag.key: tag.value for tag in tags}


def _boundary_arn(boundary: Boundary | None) -> str | None:
    return boundary.permissions_boundary_arn if boundary else None
