"""AWS's types for certificates, providers, analyzers, service credentials, organization and policy descriptions.

https://docs.aws.amazon.com/IAM/latest/APIReference/API_ServerCertificateMetadata.html
https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetOpenIDConnectProvider.html
https://docs.aws.amazon.com/IAM/latest/APIReference/API_SAMLProviderListEntry.html
https://docs.aws.amazon.com/access-analyzer/latest/APIReference/API_AnalyzerSummary.html
https://docs.aws.amazon.com/IAM/latest/APIReference/API_ServiceSpecificCredentialMetadata.html
https://docs.aws.amazon.com/organizations/latest/APIReference/API_Organization.html
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Protocol

from msgspec import UNSET, Struct, UnsetType, field

from auditor.account.model import AccessAnalyzer, OidcProvider, SamlProvider, ServerCertificate, ServiceCredential
from auditor.account.unknown import Listing, with_gaps
from auditor.collectors.answers import same_time, utc

NO_ORGANIZATION = "AWSOrganizationsNotInUseException"
"""The error code of DescribeOrganization for an account that is in no organization."""

Tags = Mapping[str, str]


class Tag(Struct, rename="pascal"):
    """AWS's Tag."""

    key: str
    value: str


class IamPage(Struct, rename="pascal"):
    """The keys for paging in IAM's lists; NextToken is what the AWS CLI writes when it stops early."""

    is_truncated: bool | UnsetType = UNSET
    marker: str | None = None
    next_token: str | None = None


class TagsPage(IamPage, rename="pascal", kw_only=True):
    """A page of ListServerCertificateTags or ListSAMLProviderTags."""

    tags: list[Tag]


class CertificateMetadata(Struct, rename="pascal"):
    """AWS's ServerCertificateMetadata."""

    path: str
    server_certificate_name: str
    server_certificate_id: str
    arn: str
    upload_date: datetime
    expiration: datetime

    @property
    def name(self) -> str:
        """Return the name that calls about the certificate use."""
        return self.server_certificate_name


class CertificatesPage(IamPage, rename="pascal", kw_only=True):
    """A page of ListServerCertificates."""

    entries: list[CertificateMetadata] = field(name="ServerCertificateMetadataList")


class OidcEntry(Struct, rename="pascal"):
    """AWS's OpenIDConnectProviderListEntry."""

    arn: str

    @property
    def name(self) -> str:
        """Return the ARN, which calls about the provider use."""
        return self.arn


class OidcList(Struct):
    """AWS's response to ListOpenIDConnectProviders, which has no pages."""

    entries: list[OidcEntry] = field(name="OpenIDConnectProviderList")


class OidcDetail(Struct):
    """AWS's response to GetOpenIDConnectProvider; Tags may be left out if there are none."""

    url: str = field(name="Url")
    client_ids: list[str] = field(name="ClientIDList")
    tags: list[Tag] = field(name="Tags", default=[])


class SamlEntry(Struct, rename="pascal"):
    """AWS's SAMLProviderListEntry."""

    arn: str
    create_date: datetime
    valid_until: datetime | None = None

    @property
    def name(self) -> str:
        """Return the ARN, which calls about the provider use."""
        return self.arn


class SamlList(Struct):
    """AWS's response to ListSAMLProviders, which has no pages."""

    entries: list[SamlEntry] = field(name="SAMLProviderList")


class AnalyzersPage(Struct):
    """A page of ListAnalyzers; `cli_token` is what the AWS CLI writes when it stops early."""

    entries: list[AccessAnalyzer] = field(name="analyzers")
    next_token: str | None = field(name="nextToken", default=None)
    cli_token: str | None = field(name="NextToken", default=None)


SERVICES_WITH_CREDENTIALS = (
    "bedrock.amazonaws.com",
    "cassandra.amazonaws.com",
    "codecommit.amazonaws.com",
    "logs.amazonaws.com",
)
"""The services with service-specific credentials: Bedrock, Keyspaces, CodeCommit, CloudWatch Logs.

https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_service-specific-creds.html
"""
NOT_SUPPORTED = frozenset({"NotSupportedService", "ServiceNotSupported"})
"""The error codes of ListServiceSpecificCredentials for a service without such credentials in the partition."""


class ServiceCredentialEntry(Struct, rename="pascal"):
    """AWS's ServiceSpecificCredentialMetadata; other keys are not kept."""

    service_specific_credential_id: str
    user_name: str
    service_name: str
    status: str
    create_date: datetime
    expiration_date: datetime | None = None

    @property
    def name(self) -> str:
        """Return the id of the credential."""
        return self.service_specific_credential_id


class ServiceCredentialsPage(IamPage, rename="pascal", kw_only=True):
    """A page of ListServiceSpecificCredentials."""

    entries: list[ServiceCredentialEntry] = field(name="ServiceSpecificCredentials")


class OrganizationDetail(Struct, rename="pascal"):
    """AWS's Organization; other keys are not kept."""

    master_account_id: str


class OrganizationAnswer(Struct, rename="pascal"):
    """AWS's response to DescribeOrganization."""

    organization: OrganizationDetail


class PolicyDetail(Struct, rename="pascal"):
    """AWS's Policy; a policy without a description has no such key, and other keys are not kept."""

    arn: str
    policy_id: str | UnsetType = UNSET
    create_date: datetime | UnsetType = UNSET
    description: str | None = None


class PolicyAnswer(Struct, rename="pascal"):
    """AWS's response to GetPolicy."""

    policy: PolicyDetail


class ListedPolicy(Protocol):
    """The fields that distinguish a listed policy from an earlier or later one with the same ARN."""

    policy_id: str | UnsetType
    create_date: datetime | UnsetType


def is_of(detail: PolicyDetail, listed: ListedPolicy) -> bool:
    """Return whether GetPolicy's response can be about the listed policy, not another one with the same ARN."""
    if UNSET not in (detail.policy_id, listed.policy_id) and detail.policy_id != listed.policy_id:
        return False
    made, listed_as = detail.create_date, listed.create_date
    return not isinstance(made, datetime) or not isinstance(listed_as, datetime) or same_time(made, listed_as)


class Descriptions(Struct, frozen=True):
    """Hold the descriptions of policies by ARN, None if there is none, and the gaps of the unknown ones.

    `unlisted` are the ARNs of policies with a description that are not in the list of policies.
    """

    reported: Mapping[str, str | None]
    gaps: Mapping[str, str]
    unlisted: tuple[str, ...] = ()


SHAPES = (
    TagsPage,
    CertificatesPage,
    OidcList,
    OidcDetail,
    SamlList,
    AnalyzersPage,
    ServiceCredentialsPage,
    OrganizationAnswer,
    PolicyAnswer,
)
"""The types of all responses."""


def tags_of(tags: Iterable[Tag]) -> Tags:
    """Return tags by their keys."""
    return {tag.key: tag.value for tag in tags}


def server_certificate(entry: CertificateMetadata, tags: Tags | None, gap_id: str | None) -> ServerCertificate:
    """Return the record of a server certificate; `tags` is None if `gap_id` says why they are unknown."""
    absent: Any = None
    certificate = ServerCertificate(
        name=entry.server_certificate_name,
        id=entry.server_certificate_id,
        arn=entry.arn,
        path=entry.path,
        uploaded_at=utc(entry.upload_date),
        expires_at=utc(entry.expiration),
        tags=absent if tags is None else dict(tags),
    )
    return certificate if gap_id is None else with_gaps(certificate, {"tags": gap_id})


def oidc_name(arn: str) -> str:
    """Return the name of an OpenID Connect provider: its URL without the scheme, which its ARN ends with."""
    return arn.partition(":oidc-provider/")[2] or arn


def url_name(url: str) -> str:
    """Return the name of the OpenID Connect provider that has a URL, with or without the scheme."""
    return url.removeprefix("https://")


def oidc_provider(entry: OidcEntry, detail: OidcDetail | None, gap_id: str | None) -> OidcProvider:
    """Return the record of an OpenID Connect provider; `detail` is None if `gap_id` says why it is unknown."""
    absent: Any = None
    provider = OidcProvider(
        name=oidc_name(entry.arn),
        arn=entry.arn,
        client_ids=Listing(() if detail is None else tuple(detail.client_ids), None),
        tags=absent if detail is None else dict(tags_of(detail.tags)),
    )
    return provider if gap_id is None else with_gaps(provider, {"client_ids": gap_id, "tags": gap_id})


def saml_provider(entry: SamlEntry, tags: Tags | None, gap_id: str | None) -> SamlProvider:
    """Return the record of a SAML provider; `tags` is None if `gap_id` says why they are unknown."""
    absent: Any = None
    provider = SamlProvider(
        name=entry.arn.rpartition("/")[2],
        arn=entry.arn,
        created_at=utc(entry.create_date),
        valid_until=utc(entry.valid_until) if entry.valid_until else None,
        tags=absent if tags is None else dict(tags),
    )
    return provider if gap_id is None else with_gaps(provider, {"tags": gap_id})


def service_credential(entry: ServiceCredentialEntry, _: None, __: str | None) -> ServiceCredential:
    """Return the record of a service-specific credential."""
    return ServiceCredential(
        id=entry.service_specific_credential_id,
        user_name=entry.user_name,
        service_name=entry.service_name,
        status=entry.status,
        created_at=utc(entry.create_date),
        expires_at=utc(entry.expiration_date) if entry.expiration_date else None,
    )


def access_analyzer(entry: AccessAnalyzer, _: None, __: str | None) -> AccessAnalyzer:
    """Return the record of an analyzer, which is the same as AWS's entry."""
    return entry
