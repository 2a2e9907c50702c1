"""IAM's own actions by the resource that is meant if none is named: the user itself, its virtual MFA device, or none.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsidentityandaccessmanagementiam.html
"""

from enum import StrEnum


class Target(StrEnum):
    """List what actions act on: the beginning of the resource part of the ARN; NONE accepts only "*"."""

    USER = "user/"
    MFA_DEVICE = "mfa/"
    NONE = "*"


_USER_ACTIONS = """
AttachUserPolicy ChangePassword CreateAccessKey CreateLoginProfile CreateServiceSpecificCredential CreateUser
DeactivateMFADevice DeleteAccessKey DeleteLoginProfile DeleteSSHPublicKey DeleteServiceSpecificCredential
DeleteSigningCertificate DeleteUser DeleteUserPermissionsBoundary DeleteUserPolicy DetachUserPolicy EnableMFADevice
GetAccessKeyLastUsed GetLoginProfile GetMFADevice GetSSHPublicKey GetUser GetUserPolicy ListAccessKeys
ListAttachedUserPolicies ListGroupsForUser ListMFADevices ListSSHPublicKeys ListServiceSpecificCredentials
ListSigningCertificates ListUserPolicies ListUserTags PutUserPermissionsBoundary PutUserPolicy
ResetServiceSpecificCredential ResyncMFADevice TagUser UntagUser UpdateAccessKey UpdateLoginProfile UpdateSSHPublicKey
UpdateServiceSpecificCredential UpdateSigningCertificate UpdateUser UploadSSHPublicKey UploadSigningCertificate
"""
_MFA_DEVICE_ACTIONS = "CreateVirtualMFADevice DeleteVirtualMFADevice ListMFADeviceTags TagMFADevice UntagMFADevice"
_NO_RESOURCE = """
CreateAccountAlias DeleteAccountAlias DeleteAccountPasswordPolicy GenerateCredentialReport
GetAccountAuthorizationDetails GetAccountEmailAddress GetAccountName GetAccountPasswordPolicy GetAccountSummary
GetContextKeysForCustomPolicy GetCredentialReport ListAccountAliases ListCloudFrontPublicKeys ListGroups
ListOpenIDConnectProviders ListOrganizationsFeatures ListPolicies ListRoles ListSAMLProviders
ListSTSRegionalEndpointsStatus ListServerCertificates ListUsers ListVirtualMFADevices SetSTSRegionalEndpointStatus
SetSecurityTokenServicePreferences SimulateCustomPolicy UpdateAccountEmailAddress UpdateAccountName
UpdateAccountPasswordPolicy
"""
_OTHERS_WITHOUT_RESOURCE = (
    "s3:ListAllMyBuckets",
    "sts:DecodeAuthorizationMessage",
    "sts:GetAccessKeyInfo",
    "sts:GetCallerIdentity",
    "sts:GetServiceBearerToken",
    "sts:GetSessionToken",
)
TARGETS = {
    **{f"iam:{name}".lower(): Target.USER for name in _USER_ACTIONS.split()},
    **{f"iam:{name}".lower(): Target.MFA_DEVICE for name in _MFA_DEVICE_ACTIONS.split()},
    **{f"iam:{name}".lower(): Target.NONE for name in _NO_RESOURCE.split()},
    **{name.lower(): Target.NONE for name in _OTHERS_WITHOUT_RESOURCE},
}
"""What an action acts on, by its name in lower case."""
IAM_ACTIONS = tuple(f"iam:{name}" for name in f"{_USER_ACTIONS} {_MFA_DEVICE_ACTIONS} {_NO_RESOURCE}".split())
"""The actions of IAM among them, as AWS spells them."""
CHANGE_PASSWORD = "iam:changepassword"
GET_PASSWORD_POLICY = "iam:getaccountpasswordpolicy"
LIST_VIRTUAL_DEVICES = "iam:listvirtualmfadevices"
ALWAYS_ALLOWED = frozenset({"sts:getcalleridentity", "sts:getsessiontoken"})
"""What needs no permission, and works though a policy denies it.

https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html
https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_temp_control-access_getsessiontoken.html
"""
