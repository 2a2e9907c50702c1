"""The sources of facts: their names, the IAM actions that read them, and how far each was read."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Annotated

from msgspec import Meta

from auditor.account.unknown import Record

Time = Annotated[datetime, Meta(tz=True)]
"""A time with its zone; collectors use UTC, in whole seconds."""


class Source(StrEnum):
    """List where facts come from; ACTIONS has the IAM actions that read each."""

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
"""The sources of all policies that decide what users may do: their own, their groups', and managed policies."""
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
"""The sources that are read for single users, only to verify what an older credential report says."""
BULK = frozenset(Source) - VERIFYING
"""The sources that a snapshot of a whole account reads."""


ACCOUNT_FACTS = {
    Source.PASSWORD_POLICY: "password_policy",
    Source.ACCOUNT_SUMMARY: "summary",
    Source.ORGANIZATION: "management_account_id",
}
"""The sources that each provide one fact of the account, with its field."""


class SourceStatus(StrEnum):
    """List how far a source can be read; ABSENT: not in the export, NOT_REQUESTED: no selected rule reads it."""

    COMPLETE = "complete"
    PARTIAL = "partial"
    FAILED = "failed"
    ABSENT = "absent"
    NOT_REQUESTED = "not_requested"


NOTHING_READ = frozenset({SourceStatus.FAILED, SourceStatus.ABSENT, SourceStatus.NOT_REQUESTED})
"""The statuses of sources of which nothing was read."""


class SourceRecord(Record, frozen=True):
    """Hold how far one source was read, when, how many pages and items it had, and a remark or None."""

    name: Source
    status: SourceStatus
    read_at: Time | None
    pages: int
    items: int
    detail: str | None

    @property
    def lacking(self) -> bool:
        """Return whether facts are missing that rules may need; the account alias is for display only."""
        sufficient = (SourceStatus.COMPLETE, SourceStatus.NOT_REQUESTED)
        return self.status not in sufficient and self.name is not Source.ACCOUNT_ALIAS
