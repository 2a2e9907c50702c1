"""The sources of facts: what they are called, the IAM actions behind them, and how far each was read."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Annotated

from msgspec import Meta

from auditor.account.unknown import Record

Time = Annotated[datetime, Meta(tz=True)]
"""A time with its zone; collectors give UTC, to the second."""


class Source(StrEnum):
    """Name where facts come from; ACTIONS says which IAM actions stand behind each."""

    IDENTITY = "identity"
    ACCOUNT_ALIAS = "account-alias"
    USERS = "users"
    GROUPS = "groups"
    ROLES = "roles"
    POLICIES = "policies"
    CREDENTIAL_REPORT = "credential-report"
    PASSWORD_POLICY = "password-policy"
    ACCOUNT_SUMMARY = "account-summary"
    VIRTUAL_MFA_DEVICES = "virtual-mfa-devices"
    SERVER_CERTIFICATES = "server-certificates"
    OIDC_PROVIDERS = "oidc-providers"
    SAML_PROVIDERS = "saml-providers"
    ACCESS_ANALYZERS = "access-analyzers"
    ORGANIZATION = "organization"
    POLICY_DESCRIPTIONS = "policy-descriptions"
    AWS_MANAGED_POLICIES = "aws-managed-policies"
    PASSWORD_RESETS = "password-resets"
    SERVICE_CREDENTIALS = "service-specific-credentials"
    LOGIN_PROFILES = "login-profiles"
    MFA_DEVICES = "mfa-devices"

    @property
    def text(self) -> str:
        """Return the name as messages write it."""
        return _SPELT.get(self) or self.value.replace("-", " ")


_SPELT = {
    Source.AWS_MANAGED_POLICIES: "AWS-managed policies",
    Source.SERVICE_CREDENTIALS: "service-specific credentials",
}


POLICIES_OF_USERS = frozenset({Source.USERS, Source.GROUPS, Source.POLICIES, Source.AWS_MANAGED_POLICIES})
"""The sources of the policies that users have, by whatever way: what they may do rests on these."""
_DETAILS = ("iam:GetAccountAuthorizationDetails",)
ACTIONS: Mapping[Source, tuple[str, ...]] = {
    Source.IDENTITY: (),  # sts:GetCallerIdentity needs no permission
    Source.ACCOUNT_ALIAS: ("iam:ListAccountAliases",),
    Source.USERS: _DETAILS,
    Source.GROUPS: _DETAILS,
    Source.ROLES: _DETAILS,
    Source.POLICIES: _DETAILS,
    Source.CREDENTIAL_REPORT: ("iam:GenerateCredentialReport", "iam:GetCredentialReport"),
    Source.PASSWORD_POLICY: ("iam:GetAccountPasswordPolicy",),
    Source.ACCOUNT_SUMMARY: ("iam:GetAccountSummary",),
    Source.VIRTUAL_MFA_DEVICES: ("iam:ListVirtualMFADevices",),
    Source.SERVER_CERTIFICATES: ("iam:ListServerCertificates", "iam:ListServerCertificateTags"),
    Source.OIDC_PROVIDERS: ("iam:ListOpenIDConnectProviders", "iam:GetOpenIDConnectProvider"),
    Source.SAML_PROVIDERS: ("iam:ListSAMLProviders", "iam:ListSAMLProviderTags"),
    Source.ACCESS_ANALYZERS: ("access-analyzer:ListAnalyzers",),
    Source.ORGANIZATION: ("organizations:DescribeOrganization",),
    Source.POLICY_DESCRIPTIONS: ("iam:GetPolicy",),
    Source.AWS_MANAGED_POLICIES: ("iam:GetPolicy", "iam:GetPolicyVersion"),
    Source.PASSWORD_RESETS: ("iam:GetLoginProfile",),
    Source.SERVICE_CREDENTIALS: ("iam:ListServiceSpecificCredentials",),
    Source.LOGIN_PROFILES: ("iam:GetLoginProfile",),
    Source.MFA_DEVICES: ("iam:ListMFADevices",),
}
VERIFYING = frozenset({Source.LOGIN_PROFILES, Source.MFA_DEVICES})
"""The sources that are asked about single users, and only to verify what an older credential report says."""
BULK = frozenset(Source) - VERIFYING
"""The sources of which a snapshot may be made whole."""


ACCOUNT_FACTS = {
    Source.PASSWORD_POLICY: "password_policy",
    Source.ACCOUNT_SUMMARY: "summary",
    Source.ORGANIZATION: "management_account_id",
}
"""The sources that tell one fact of the account each, with its field."""


class SourceStatus(StrEnum):
    """Name how far a source was read; ABSENT: the export does not hold it, NOT_REQUESTED: no selected rule reads it."""

    COMPLETE = "complete"
    PARTIAL = "partial"
    FAILED = "failed"
    ABSENT = "absent"
    NOT_REQUESTED = "not_requested"


NOTHING_READ = frozenset({SourceStatus.FAILED, SourceStatus.ABSENT, SourceStatus.NOT_REQUESTED})
"""The statuses of sources that told nothing."""


class SourceRecord(Record, frozen=True):
    """Hold of one source how far it was read, when, in how many pages, how many items, and anything worth saying."""

    name: Source
    status: SourceStatus
    read_at: Time | None
    pages: int
    items: int
    detail: str | None

    @property
    def lacking(self) -> bool:
        """Return whether facts are missing that rules may rest on; the alias is only shown."""
        sufficient = (SourceStatus.COMPLETE, SourceStatus.NOT_REQUESTED)
        return self.status not in sufficient and self.name is not Source.ACCOUNT_ALIAS
