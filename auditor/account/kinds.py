"""The table of kinds of resources. Code that handles resources reads this table instead of naming kinds.

A new kind is a row here, a record in the model, a list in the snapshot, and the shape that it is read from.
"""

from collections.abc import Iterator, Sequence
from enum import StrEnum
from typing import Any

from msgspec import Struct

from auditor.account.sources import Source
from auditor.account.unknown import Listing, Record, stored_in


class ResourceType(StrEnum):
    """List the resource types of findings, in AWS Config's spelling, or else in CloudFormation's."""

    ACCOUNT = "AWS::::Account"
    ACCESS_ANALYZER = "AWS::AccessAnalyzer::Analyzer"
    GROUP = "AWS::IAM::Group"
    OIDC_PROVIDER = "AWS::IAM::OIDCProvider"
    POLICY = "AWS::IAM::Policy"
    ROLE = "AWS::IAM::Role"
    SAML_PROVIDER = "AWS::IAM::SAMLProvider"
    SERVER_CERTIFICATE = "AWS::IAM::ServerCertificate"
    USER = "AWS::IAM::User"
    VIRTUAL_MFA_DEVICE = "AWS::IAM::VirtualMFADevice"


class Pattern(StrEnum):
    """List what a suppression may match: a resource's name or ARN, its path, or one of its tags."""

    RESOURCE = "resource"
    PATH = "path"
    TAG = "tag"


class Identity(Record, frozen=True):
    """Hold the names of one resource; `id` and `arn` are None where they are unknown."""

    id: str | None
    name: str
    arn: str | None


class Kind(Struct, frozen=True, kw_only=True):
    """Describe one kind of resource.

    `listing` is the field of the snapshot that holds the resources; the account itself has none. `source` is where
    the list comes from, `described_by` the source that needs one call for each resource, and `counted_as` the key of
    their number in the account summary, each None if there is none. `id`, `name` and `arn` are fields of the record.
    `service` and `resource` are those parts of its ARNs, such as "iam" and "user".
    `patterns` is what a suppression may match, `unique` the fields that no two records share. Resources of a
    `regional` kind are those of one Region, the snapshot's. Names of `case_insensitive` kinds are unique ignoring
    case, which AWS promises of users, groups, roles and policies alone:
    https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateUser.html
    """

    resource_type: ResourceType
    listing: str | None
    source: Source | None
    counted_as: str | None = None
    described_by: Source | None = None
    case_insensitive: bool = False
    id: str = "id"
    name: str = "name"
    arn: str = "arn"
    service: str = "iam"
    resource: str = ""
    patterns: frozenset[Pattern] = frozenset(Pattern)
    unique: tuple[str, ...] = ("name", "arn", "id")
    regional: bool = False

    def resources(self, snapshot: Any) -> Listing[Any]:
        """Return the resources of this kind in a snapshot; the account is the only one of its kind."""
        if self.listing is None:
            return Listing((snapshot.account,), None)
        listing: Listing[Any] = getattr(snapshot, self.listing)
        return listing

    def identity(self, record: Any) -> Identity:
        """Return the names of a record, as they are stored."""
        return self.identities((record,))[0]

    def identities(self, records: Sequence[Any]) -> list[Identity]:
        """Return the names of each record, as they are stored."""
        return list(map(Identity, *(stored_in(records, field) for field in (self.id, self.name, self.arn))))


_NAME_AND_PATH = frozenset({Pattern.RESOURCE, Pattern.PATH})

KINDS: tuple[Kind, ...] = (
    Kind(
        resource_type=ResourceType.ACCOUNT,
        listing=None,
        source=None,
        patterns=frozenset({Pattern.RESOURCE}),
    ),
    Kind(
        resource_type=ResourceType.USER,
        listing="users",
        resource="user",
        source=Source.USERS,
        counted_as="Users",
        case_insensitive=True,
    ),
    Kind(
        resource_type=ResourceType.GROUP,
        listing="groups",
        resource="group",
        source=Source.GROUPS,
        counted_as="Groups",
        case_insensitive=True,
        patterns=_NAME_AND_PATH,
    ),
    Kind(
        resource_type=ResourceType.ROLE,
        listing="roles",
        resource="role",
        source=Source.ROLES,
        counted_as="Roles",
        case_insensitive=True,
    ),
    Kind(
        resource_type=ResourceType.POLICY,
        listing="policies",
        resource="policy",
        source=Source.POLICIES,
        counted_as="Policies",
        described_by=Source.POLICY_DESCRIPTIONS,
        case_insensitive=True,
        patterns=_NAME_AND_PATH,
    ),
    Kind(
        resource_type=ResourceType.VIRTUAL_MFA_DEVICE,
        listing="virtual_mfa_devices",
        resource="mfa",
        source=Source.VIRTUAL_MFA_DEVICES,
        id="serial_number",
        name="serial_number",
        arn="serial_number",
        patterns=_NAME_AND_PATH,
        unique=(),
    ),
    Kind(
        resource_type=ResourceType.SERVER_CERTIFICATE,
        listing="server_certificates",
        resource="server-certificate",
        source=Source.SERVER_CERTIFICATES,
        counted_as="ServerCertificates",
        described_by=Source.SERVER_CERTIFICATES,
    ),
    Kind(
        resource_type=ResourceType.OIDC_PROVIDER,
        listing="oidc_providers",
        resource="oidc-provider",
        source=Source.OIDC_PROVIDERS,
        described_by=Source.OIDC_PROVIDERS,
        id="arn",
    ),
    Kind(
        resource_type=ResourceType.SAML_PROVIDER,
        listing="saml_providers",
        resource="saml-provider",
        source=Source.SAML_PROVIDERS,
        described_by=Source.SAML_PROVIDERS,
        id="arn",
    ),
    Kind(
        resource_type=ResourceType.ACCESS_ANALYZER,
        listing="access_analyzers",
        service="access-analyzer",
        resource="analyzer",
        source=Source.ACCESS_ANALYZERS,
        id="arn",
        patterns=_NAME_AND_PATH,
        regional=True,
    ),
)


def kind_of(resource_type: str) -> Kind:
    """Return the kind of a resource type; raise KeyError if there is none."""
    for kind in KINDS:
        if kind.resource_type == resource_type:
            return kind
    raise KeyError(resource_type)


def listed_kinds() -> Iterator[tuple[Kind, str, Source]]:
    """Yield the kinds that a snapshot lists, each with the name of its list and its source."""
    for kind in KINDS:
        if kind.listing is not None and kind.source is not None:
            yield kind, kind.listing, kind.source


def kind_listed_by(source: Source) -> Kind | None:
    """Return the kind whose list comes from a source, None if the source lists none."""
    return next((kind for kind, _, own in listed_kinds() if own is source), None)
