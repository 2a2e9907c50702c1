"""The public module of the model of an account: the records that a snapshot holds and rules read."""

from auditor.account.credentials import AccessKey, Credentials
from auditor.account.kinds import ResourceType
from auditor.account.model import (
    AccessAnalyzer,
    Account,
    AttachedPolicy,
    AwsManagedPolicy,
    Group,
    InlinePolicy,
    LoginProfile,
    OidcProvider,
    PasswordPolicy,
    Policy,
    PolicyVersion,
    Role,
    SamlProvider,
    ServerCertificate,
    ServiceCredential,
    Snapshot,
    User,
    Verified,
    VirtualMfaDevice,
)
from auditor.account.sources import POLICIES_OF_USERS, Source, Time
from auditor.account.unknown import Listing

__all__ = [
    "POLICIES_OF_USERS",
    "AccessAnalyzer",
    "AccessKey",
    "Account",
    "AttachedPolicy",
    "AwsManagedPolicy",
    "Credentials",
    "Group",
    "InlinePolicy",
    "Listing",
    "LoginProfile",
    "OidcProvider",
    "PasswordPolicy",
    "Policy",
    "PolicyVersion",
    "ResourceType",
    "Role",
    "SamlProvider",
    "ServerCertificate",
    "ServiceCredential",
    "Snapshot",
    "Source",
    "Time",
    "User",
    "Verified",
    "VirtualMfaDevice",
]
