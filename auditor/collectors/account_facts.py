"""Facts of the account as a whole: AWS's types for the password policy, the account summary and virtual MFA devices.

https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetAccountPasswordPolicy.html
https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetAccountSummary.html
https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListVirtualMFADevices.html
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import msgspec
from msgspec import UNSET, Struct, UnsetType

from auditor.account.model import PasswordPolicy, VirtualMfaDevice
from auditor.account.sources import Source
from auditor.account.unknown import Gap, with_gaps
from auditor.collectors.answers import gap, utc


class PasswordPolicyDetail(Struct, rename="pascal"):
    """AWS's PasswordPolicy: MaxPasswordAge, PasswordReusePrevention and HardExpiry are left out when not set."""

    minimum_password_length: int | UnsetType = UNSET
    require_symbols: bool | UnsetType = UNSET
    require_numbers: bool | UnsetType = UNSET
    require_uppercase_characters: bool | UnsetType = UNSET
    require_lowercase_characters: bool | UnsetType = UNSET
    allow_users_to_change_password: bool | UnsetType = UNSET
    expire_passwords: bool | UnsetType = UNSET
    max_password_age: int | None = None
    password_reuse_prevention: int | None = None
    hard_expiry: bool | None = None


class PasswordPolicyAnswer(Struct, rename="pascal"):
    """AWS's response to GetAccountPasswordPolicy."""

    password_policy: PasswordPolicyDetail


class AccountSummaryAnswer(Struct, rename="pascal"):
    """AWS's response to GetAccountSummary."""

    summary_map: dict[str, int]


class DeviceUser(Struct, rename="pascal"):
    """The user of a device; only the ARN is kept."""

    arn: str


class DeviceDetail(Struct, rename="pascal"):
    """AWS's VirtualMFADevice; if a response contains seeds and QR codes, they are not read."""

    serial_number: str
    user: DeviceUser | None = None
    enable_date: datetime | None = None


class DevicesAnswer(Struct):
    """AWS's response to ListVirtualMFADevices; NextToken is what the AWS CLI writes when it stops early."""

    devices: list[DeviceDetail] = msgspec.field(name="VirtualMFADevices")
    is_truncated: bool | UnsetType = msgspec.field(name="IsTruncated", default=UNSET)
    marker: str | None = msgspec.field(name="Marker", default=None)
    next_token: str | None = msgspec.field(name="NextToken", default=None)


def password_policy(detail: PasswordPolicyDetail) -> tuple[PasswordPolicy, tuple[Gap, ...]]:
    """Return the record of a password policy, and the gaps of its missing fields."""
    values: dict[str, Any] = {}
    gaps: dict[str, Gap] = {}
    for field in PasswordPolicy.__struct_fields__:
        value = getattr(detail, field)
        values[field] = None if value is UNSET else value
        if value is UNSET:
            message = f"The password policy lacks {field}, which AWS always sends"
            gaps[field] = gap(Source.PASSWORD_POLICY, f"MissingKey:{field}", message)
    record = with_gaps(PasswordPolicy(**values), {field: found.id for field, found in gaps.items()})
    return record, tuple(gaps.values())


def virtual_mfa_devices(details: Iterable[DeviceDetail]) -> tuple[VirtualMfaDevice, ...]:
    """Return the records of virtual MFA devices, sorted by serial number."""
    devices = (
        VirtualMfaDevice(
            serial_number=detail.serial_number,
            user_arn=detail.user.arn if detail.user else None,
            enabled_at=utc(detail.enable_date) if detail.enable_date else None,
        )
        for detail in details
    )
    return tuple(sorted(devices, key=lambda device: device.serial_number))
