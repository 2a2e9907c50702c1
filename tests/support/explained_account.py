"""An account to explain: users in a group, with policies of all kinds, boundaries, a role and an AWS-managed policy."""

from typing import Any

from msgspec import Raw
from msgspec.structs import replace
from permissions import attached, deny, group_of, managed, of_aws

from auditor.account.model import AttachedPolicy, InlinePolicy, LoginProfile, Snapshot, VirtualMfaDevice
from auditor.testing import CREATED_AT, account, allow, credentials, document, listing, password_policy, role, user

ARN = "arn:aws:iam::111122223333"
POWER_USER = "arn:aws:iam::aws:policy/PowerUserAccess"
UNLESS_MFA = deny(
    None,
    NotAction=["iam:EnableMFADevice", "iam:ListMFADevices"],
    Condition={"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}},
    Sid="UnlessMfa",
)
LIMITS = managed("limits", allow(["s3:*", "ec2:Describe*", "iam:*"]), permissions_boundary_usage_count=2)
SELF_MANAGE = managed(
    "self-manage", allow("iam:*MFADevice*", f"{ARN}:user/${{aws:username}}"), UNLESS_MFA, attachment_count=1
)
DEVICE = VirtualMfaDevice(f"{ARN}:mfa/phone", f"{ARN}:user/eng/alice", CREATED_AT)
TRUST = Raw(
    b'{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com",'
    b'"AWS":["arn:aws:iam::444455556666:root"]},"Action":"sts:AssumeRole",'
    b'"Condition":{"StringEquals":{"sts:ExternalId":"42"}}}}'
)
ROW = credentials(
    password_enabled=True,
    mfa_active=True,
    password_last_used="2026-11-20T01:00:00+00:00",
    password_last_changed="2026-10-01T01:00:00+00:00",
    password_next_rotation="2026-12-20T01:00:00+00:00",
    access_key_1_active=True,
    access_key_1_last_rotated="2026-01-01T01:00:00+00:00",
    access_key_1_last_used_date="2026-11-01T01:00:00+00:00",
    access_key_1_last_used_region="eu-central-1",
    access_key_1_last_used_service="s3",
)


def explained_account(**changes: Any) -> Snapshot:
    """Return the account; `changes` are those of `auditor.testing.account`, or fields of alice under "alice"."""
    alice = user(
        "alice",
        groups=["developers"],
        path="/eng/",
        credentials=ROW,
        tags={"team": "web"},
        inline_policies=listing([InlinePolicy("own", document(allow("s3:GetObject")))]),
        attached_policies=listing([AttachedPolicy("PowerUserAccess", POWER_USER)]),
        permissions_boundary=LIMITS.arn,
    )
    people = [replace(alice, **changes.pop("alice", {})), user("bob", groups=["developers"]), user("Deploy")]
    facts: dict[str, Any] = {
        "users": people,
        "groups": [group_of("developers", SELF_MANAGE)],
        "roles": [role("Deploy", trust_policy=TRUST, permissions_boundary=LIMITS.arn, tags={"team": "ops"})],
        "policies": [LIMITS, SELF_MANAGE],
        "aws_managed_policies": (of_aws("PowerUserAccess", allow(None, NotAction=["iam:*", "organizations:*"])),),
        "login_profiles": (LoginProfile("alice", password_reset_required=True),),
        "service_credentials": listing(()),
        "devices": [DEVICE],
        "password": password_policy(),
    }
    return account(**{**facts, **changes})


__all__ = ["ARN", "LIMITS", "POWER_USER", "SELF_MANAGE", "attached", "explained_account"]
