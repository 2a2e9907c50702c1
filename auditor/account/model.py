"""The model of an account's IAM: what a snapshot holds and rules read.

Records have no defaults, so that a collector cannot forget a field. Each record has a partial form for
facts that are unknown (see auditor.account.unknown). Field names are AWS's in snake_case:
https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetAccountAuthorizationDetails.html
"""

from typing import ClassVar

from msgspec import Raw
from msgspec.json import encode

from auditor.account.credentials import Credentials, PartialCredentials
from auditor.account.sources import SourceRecord, Time
from auditor.account.unknown import Gap, Listing, Partial, Record


class Notice(Record, frozen=True):
    """Hold an oddity in the collected facts, which is not a verdict; it becomes a warning in the report."""

    code: str
    resource_name: str | None
    message: str


class Verified(Record, frozen=True):
    """Hold facts of a user that were read from AWS at `read_at`, because the credential report was older."""

    read_at: Time
    password_enabled: bool
    mfa_active: bool


class InlinePolicy(Record, frozen=True, tag_field="record", tag="inline_policy"):
    """Hold a policy that is embedded in a user, group or role."""

    name: str
    document: Raw


class PartialInlinePolicy(Partial, InlinePolicy, frozen=True, tag="partial_inline_policy"):
    """Hold an inline policy whose document cannot be read."""


class AttachedPolicy(Record, frozen=True):
    """Name a managed policy that is attached to a user, group or role."""

    name: str
    arn: str


InlinePolicies = Listing[InlinePolicy | PartialInlinePolicy]
AttachedPolicies = Listing[AttachedPolicy]


class User(Record, frozen=True, tag_field="record", tag="user"):
    """Hold an IAM user; `id` is the unique id (AIDA...), `permissions_boundary` the ARN of a policy or None.

    `credentials` is the user's row of the credential report, `verified` what AWS returned when read again, or None.
    """

    name: str
    id: str
    arn: str
    path: str
    created_at: Time
    group_names: Listing[str]
    inline_policies: InlinePolicies
    attached_policies: AttachedPolicies
    permissions_boundary: str | None
    tags: dict[str, str]
    credentials: Credentials | PartialCredentials
    verified: Verified | None


class PartialUser(Partial, User, frozen=True, tag="partial_user"):
    """Hold a user with unknown facts, such as the credentials of a user that the credential report does not list."""


class Group(Record, frozen=True, tag_field="record", tag="group"):
    """Hold an IAM group; Context.members returns its members, which AWS lists with the users only."""

    name: str
    id: str
    arn: str
    path: str
    created_at: Time
    inline_policies: InlinePolicies
    attached_policies: AttachedPolicies


class PartialGroup(Partial, Group, frozen=True, tag="partial_group"):
    """Hold a group with unknown facts."""


class Role(Record, frozen=True, tag_field="record", tag="role"):
    """Hold an IAM role; `last_used_at` is None when AWS recorded no use in its tracking period (400 days)."""

    name: str
    id: str
    arn: str
    path: str
    created_at: Time
    trust_policy: Raw
    instance_profile_names: Listing[str]
    inline_policies: InlinePolicies
    attached_policies: AttachedPolicies
    permissions_boundary: str | None
    tags: dict[str, str]
    last_used_at: Time | None


class PartialRole(Partial, Role, frozen=True, tag="partial_role"):
    """Hold a role with unknown facts."""


class PolicyVersion(Record, frozen=True, tag_field="record", tag="policy_version"):
    """Hold one version of a managed policy."""

    id: str
    is_default: bool
    document: Raw


class PartialPolicyVersion(Partial, PolicyVersion, frozen=True, tag="partial_policy_version"):
    """Hold a version of a managed policy whose document cannot be read."""


class Policy(Record, frozen=True, tag_field="record", tag="policy"):
    """Hold a customer-managed policy with its versions.

    `description` is None if there is none; GetAccountAuthorizationDetails never contains it, GetPolicy does.
    """

    name: str
    id: str
    arn: str
    path: str
    created_at: Time
    updated_at: Time
    default_version_id: str
    attachment_count: int
    permissions_boundary_usage_count: int
    versions: Listing[PolicyVersion | PartialPolicyVersion]
    description: str | None


class PartialPolicy(Partial, Policy, frozen=True, tag="partial_policy"):
    """Hold a managed policy with unknown facts."""


class AwsManagedPolicy(Record, frozen=True, tag_field="record", tag="aws_managed_policy"):
    """Hold the default version of an AWS-managed policy."""

    _never_unknown: ClassVar[frozenset[str]] = frozenset({"arn"})  # holders refer to it by its ARN

    arn: str
    version_id: str
    document: Raw


class PartialAwsManagedPolicy(Partial, AwsManagedPolicy, frozen=True, tag="partial_aws_managed_policy"):
    """Hold an AWS-managed policy whose document could not be read."""


class LoginProfile(Record, frozen=True, tag_field="record", tag="login_profile"):
    """Hold whether a user must set a new password at the next sign-in, which only GetLoginProfile returns."""

    _never_unknown: ClassVar[frozenset[str]] = frozenset({"user_name"})  # it is requested by name

    user_name: str
    password_reset_required: bool


class PartialLoginProfile(Partial, LoginProfile, frozen=True, tag="partial_login_profile"):
    """Hold a login profile that could not be read."""


class ServiceCredential(Record, frozen=True):
    """Hold a service-specific credential: a user's secret for one service, such as codecommit.amazonaws.com.

    `status` is in AWS's words (Active, Inactive, Expired); `expires_at` is None for one that never expires.
    https://docs.aws.amazon.com/IAM/latest/APIReference/API_ServiceSpecificCredentialMetadata.html
    """

    id: str
    user_name: str
    service_name: str
    status: str
    created_at: Time
    expires_at: Time | None

    @property
    def name(self) -> str:
        """Return what names the credential."""
        return self.id


class PasswordPolicy(Record, frozen=True, tag_field="record", tag="password_policy"):
    """Hold the account's custom password policy; ages in days, None where AWS leaves the field out (not set).

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_PasswordPolicy.html
    """

    minimum_password_length: int
    require_symbols: bool
    require_numbers: bool
    require_uppercase_characters: bool
    require_lowercase_characters: bool
    allow_users_to_change_password: bool
    expire_passwords: bool
    max_password_age: int | None  # days
    password_reuse_prevention: int | None  # number of passwords remembered
    hard_expiry: bool | None


class PartialPasswordPolicy(Partial, PasswordPolicy, frozen=True, tag="partial_password_policy"):
    """Hold a password policy with unknown facts."""


class VirtualMfaDevice(Record, frozen=True):
    """Hold a virtual MFA device; `user_arn` is None while it is unassigned. Its seed is never kept."""

    serial_number: str
    user_arn: str | None
    enabled_at: Time | None


class ServerCertificate(Record, frozen=True, tag_field="record", tag="server_certificate"):
    """Hold a server certificate that was uploaded to IAM."""

    name: str
    id: str
    arn: str
    path: str
    uploaded_at: Time
    expires_at: Time
    tags: dict[str, str]


class PartialServerCertificate(Partial, ServerCertificate, frozen=True, tag="partial_server_certificate"):
    """Hold a server certificate with unknown facts."""


class OidcProvider(Record, frozen=True, tag_field="record", tag="oidc_provider"):
    """Hold an OpenID Connect provider; its name is its URL without the scheme, as AWS writes it in the ARN."""

    _never_unknown: ClassVar[frozenset[str]] = frozenset({"name", "arn"})  # AWS lists providers by ARN

    name: str
    arn: str
    client_ids: Listing[str]
    tags: dict[str, str]

    @property
    def id(self) -> str:
        """Return the resource id, which is the ARN in AWS Config."""
        return self.arn


class PartialOidcProvider(Partial, OidcProvider, frozen=True, tag="partial_oidc_provider"):
    """Hold an OpenID Connect provider with unknown facts."""


class SamlProvider(Record, frozen=True, tag_field="record", tag="saml_provider"):
    """Hold a SAML provider; `valid_until` is None where AWS returns none."""

    _never_unknown: ClassVar[frozenset[str]] = frozenset({"name", "arn"})  # AWS lists providers by ARN

    name: str
    arn: str
    created_at: Time
    valid_until: Time | None
    tags: dict[str, str]

    @property
    def id(self) -> str:
        """Return the resource id, which is the ARN in AWS Config."""
        return self.arn


class PartialSamlProvider(Partial, SamlProvider, frozen=True, tag="partial_saml_provider"):
    """Hold a SAML provider with unknown facts."""


class AccessAnalyzer(Record, frozen=True):
    """Hold an analyzer of IAM Access Analyzer; `type` and `status` in AWS's words (ACCOUNT, ACTIVE ...).

    https://docs.aws.amazon.com/access-analyzer/latest/APIReference/API_AnalyzerSummary.html
    """

    name: str
    arn: str
    type: str
    status: str


class Account(Record, frozen=True, tag_field="record", tag="account"):
    """Hold the account itself.

    `id` and `alias` are for display, and None while unknown. `password_policy` is None if the account uses
    AWS's default policy. `summary` holds the counts of GetAccountSummary, `root_credentials` root's row of the
    credential report. `management_account_id` is None for an account that is in no organization.
    """

    _never_unknown: ClassVar[frozenset[str]] = frozenset({"id", "alias", "partition"})

    id: str | None
    alias: str | None
    partition: str
    password_policy: PasswordPolicy | PartialPasswordPolicy | None
    summary: dict[str, int]
    root_credentials: Credentials | PartialCredentials
    management_account_id: str | None

    @property
    def name(self) -> str:
        """Return the account number, or "account" while it is unknown."""
        return self.id or "account"

    @property
    def arn(self) -> str | None:
        """Return the ARN of the account's root, or None while the account number is unknown."""
        return f"arn:{self.partition}:iam::{self.id}:root" if self.id else None


class PartialAccount(Partial, Account, frozen=True, tag="partial_account"):
    """Hold an account with unknown facts."""


class Snapshot(Record, frozen=True, eq=False, kw_only=True, omit_defaults=True, gc=True, weakref=True):
    """Hold everything that was read from one account, so that an audit can be repeated from it.

    `region` is the Region that Regional sources were read in, `captured_at` (UTC) when the account was read,
    `report_generated_at` the GeneratedTime of the credential report; each is None while unknown.
    `aws_managed_policies` contains those that were requested, not all of the account: what is not in it is unknown,
    so it may be left out, as in snapshots of earlier releases. The same is true of `login_profiles`, which are only
    read for users whose verdict depends on them. `service_credentials` is the account's list, None if it was not read.
    """

    format: str
    schema_version: str
    kind: str
    region: str | None
    captured_at: Time | None
    report_generated_at: Time | None
    account: Account | PartialAccount
    sources: tuple[SourceRecord, ...]
    gaps: tuple[Gap, ...]
    notices: tuple[Notice, ...]
    users: Listing[User | PartialUser]
    groups: Listing[Group | PartialGroup]
    roles: Listing[Role | PartialRole]
    policies: Listing[Policy | PartialPolicy]
    virtual_mfa_devices: Listing[VirtualMfaDevice]
    server_certificates: Listing[ServerCertificate | PartialServerCertificate]
    oidc_providers: Listing[OidcProvider | PartialOidcProvider]
    saml_providers: Listing[SamlProvider | PartialSamlProvider]
    access_analyzers: Listing[AccessAnalyzer]
    aws_managed_policies: tuple[AwsManagedPolicy | PartialAwsManagedPolicy, ...] = ()
    login_profiles: tuple[LoginProfile | PartialLoginProfile, ...] = ()
    service_credentials: Listing[ServiceCredential] | None = None

    def __eq__(self, other: object) -> bool:
        """Return whether two snapshots have the same JSON; comparing a partial listing would raise."""
        return isinstance(other, Snapshot) and encode(self) == encode(other)

    __hash__ = None  # type: ignore[assignment]  # a snapshot is never a key
