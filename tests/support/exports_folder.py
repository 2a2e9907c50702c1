"""A folder of AWS CLI output, complete and small, for tests to damage."""

import json
from base64 import b64encode
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

ACCOUNT = "111122223333"
GENERATED_AT = "2026-11-24T01:00:00+00:00"
CREATED_AT = "2025-01-01T00:00:00+00:00"
GOLDEN_REPORT = (Path(__file__).parent / "golden_credential_report.csv").read_text(encoding="utf-8")

DETAILS = "account-authorization-details.json"
REPORT = "credential-report.json"
PASSWORD_POLICY = "account-password-policy.json"
SUMMARY = "account-summary.json"
DEVICES = "virtual-mfa-devices.json"
CERTIFICATES, CERTIFICATE_TAGS = "server-certificates.json", "server-certificate-tags-web.json"
OIDC_PROVIDERS, OIDC_PROVIDER = "open-id-connect-providers.json", "open-id-connect-provider-1.json"
SAML_PROVIDERS, SAML_TAGS = "saml-providers.json", "saml-provider-tags-directory.json"
ANALYZERS, ORGANIZATION, POLICY = "access-analyzers.json", "organization.json", "policy-Boundary.json"
FILES = (
    DETAILS,
    REPORT,
    PASSWORD_POLICY,
    SUMMARY,
    DEVICES,
    CERTIFICATES,
    CERTIFICATE_TAGS,
    OIDC_PROVIDERS,
    OIDC_PROVIDER,
    SAML_PROVIDERS,
    SAML_TAGS,
    ANALYZERS,
    ORGANIZATION,
    POLICY,
)
TAGS = [{"Key": "owner", "Value": "web"}]


def user(name: str, *, groups: Sequence[str] = (), path: str = "/", **keys: Any) -> dict[str, Any]:
    return {
        "Path": path,
        "UserName": name,
        "UserId": f"AIDA{name.encode().hex().upper()}",
        "Arn": f"arn:aws:iam::{ACCOUNT}:user{path}{name}",
        "CreateDate": CREATED_AT,
        "GroupList": list(groups),
        "AttachedManagedPolicies": [],
        **keys,
    }


def group(name: str) -> dict[str, Any]:
    return {
        "Path": "/",
        "GroupName": name,
        "GroupId": f"AGPA{name.encode().hex().upper()}",
        "Arn": f"arn:aws:iam::{ACCOUNT}:group/{name}",
        "CreateDate": CREATED_AT,
        "GroupPolicyList": [],
        "AttachedManagedPolicies": [],
    }


def role(name: str) -> dict[str, Any]:
    return {
        "Path": "/",
        "RoleName": name,
        "RoleId": f"AROA{name.encode().hex().upper()}",
        "Arn": f"arn:aws:iam::{ACCOUNT}:role/{name}",
        "CreateDate": CREATED_AT,
        "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": []},
        "InstanceProfileList": [],
        "RolePolicyList": [],
        "AttachedManagedPolicies": [],
        "RoleLastUsed": {},
    }


def policy(name: str, account: str = ACCOUNT) -> dict[str, Any]:
    document = {"Version": "2012-10-17", "Statement": []}
    return {
        "PolicyName": name,
        "PolicyId": f"ANPA{name.encode().hex().upper()}",
        "Arn": f"arn:aws:iam::{account}:policy/{name}",
        "Path": "/",
        "DefaultVersionId": "v1",
        "AttachmentCount": 0,
        "PermissionsBoundaryUsageCount": 0,
        "IsAttachable": True,
        "CreateDate": CREATED_AT,
        "UpdateDate": CREATED_AT,
        "PolicyVersionList": [
            {"Document": document, "VersionId": "v1", "IsDefaultVersion": True, "CreateDate": CREATED_AT}
        ],
    }


def details() -> dict[str, Any]:
    """Return the authorization details of the golden report's users."""
    ses = {"PolicyName": "ses", "PolicyDocument": "%7B%22Statement%22%3A%5B%5D%2C%22Id%22%3A%22a%2Bb%22%7D"}
    return {
        "UserDetailList": [
            user("alice", groups=["Admins"]),
            user("ci", path="/bots/", groups=["Admins"]),
            user("=cmd()", UserPolicyList=[ses]),
            user("a,b"),
        ],
        "GroupDetailList": [group("Admins"), group("Empty")],
        "RoleDetailList": [role("Deploy")],
        "Policies": [policy("Boundary"), policy("ReadOnlyAccess", account="aws")],
    }


def summary() -> dict[str, Any]:
    counts = {"Users": 4, "Groups": 2, "Roles": 1, "Policies": 1, "MFADevices": 1, "AccountMFAEnabled": 1}
    counts["ServerCertificates"] = 1
    return {"SummaryMap": counts}


def credential_report(text: str = GOLDEN_REPORT) -> dict[str, Any]:
    return {"Content": b64encode(text.encode()).decode(), "ReportFormat": "text/csv", "GeneratedTime": GENERATED_AT}


def password_policy(**keys: Any) -> dict[str, Any]:
    properties = ("Symbols", "Numbers", "UppercaseCharacters", "LowercaseCharacters")
    strong = {
        "MinimumPasswordLength": 14,
        **{f"Require{name}": True for name in properties},
        "AllowUsersToChangePassword": True,
        "ExpirePasswords": True,
        "MaxPasswordAge": 90,
        "PasswordReusePrevention": 24,
    }
    return {"PasswordPolicy": {**strong, **keys}}


def devices() -> dict[str, Any]:
    serial = f"arn:aws:iam::{ACCOUNT}:mfa/alice"
    return {"VirtualMFADevices": [{"SerialNumber": serial, "User": {"Arn": f"arn:aws:iam::{ACCOUNT}:user/alice"}}]}


def certificate(name: str) -> dict[str, Any]:
    return {
        "Path": "/",
        "ServerCertificateName": name,
        "ServerCertificateId": f"ASCA{name.encode().hex().upper()}",
        "Arn": f"arn:aws:iam::{ACCOUNT}:server-certificate/{name}",
        "UploadDate": CREATED_AT,
        "Expiration": "2027-01-01T00:00:00+00:00",
    }


def oidc_entry(name: str) -> dict[str, Any]:
    return {"Arn": f"arn:aws:iam::{ACCOUNT}:oidc-provider/{name}"}


def saml_entry(name: str) -> dict[str, Any]:
    return {"Arn": f"arn:aws:iam::{ACCOUNT}:saml-provider/{name}", "CreateDate": CREATED_AT}


def analyzer(name: str, region: str = "eu-central-1") -> dict[str, Any]:
    arn = f"arn:aws:access-analyzer:{region}:{ACCOUNT}:analyzer/{name}"
    return {"arn": arn, "name": name, "type": "ACCOUNT", "createdAt": CREATED_AT, "status": "ACTIVE"}


def single_entities() -> dict[str, Any]:
    """Return the files of entities that need a call each."""
    policy_of = {"PolicyName": "Boundary", "Arn": f"arn:aws:iam::{ACCOUNT}:policy/Boundary", "Description": "What for"}
    return {
        CERTIFICATES: {"ServerCertificateMetadataList": [certificate("web")]},
        CERTIFICATE_TAGS: {"Tags": TAGS},
        OIDC_PROVIDERS: {"OpenIDConnectProviderList": [oidc_entry("id.example.com/x")]},
        OIDC_PROVIDER: {"Url": "id.example.com/x", "ClientIDList": ["sts"], "ThumbprintList": [], "Tags": TAGS},
        SAML_PROVIDERS: {"SAMLProviderList": [saml_entry("directory")]},
        SAML_TAGS: {"Tags": TAGS},
        ANALYZERS: {"analyzers": [analyzer("external")]},
        ORGANIZATION: {"Organization": {"Id": "o-exampleorgid", "MasterAccountId": "444455556666"}},
        POLICY: {"Policy": policy_of},
    }


def write(folder: Path, changes: Mapping[str, Any] | None = None) -> Path:
    """Write the folder; `changes` maps a file to other content (JSON, text or bytes), or to None to leave it out."""
    contents: dict[str, Any] = {
        DETAILS: details(),
        REPORT: credential_report(),
        PASSWORD_POLICY: password_policy(),
        SUMMARY: summary(),
        DEVICES: devices(),
        **single_entities(),
        **(changes or {}),
    }
    folder.mkdir(exist_ok=True)
    for name, content in contents.items():
        if isinstance(content, bytes):
            (folder / name).write_bytes(content)
        elif content is not None:
            text = content if isinstance(content, str) else json.dumps(content)
            (folder / name).write_text(text, encoding="utf-8")
    return folder
