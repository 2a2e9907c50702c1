"""Checks that root needs hardware MFA to sign in, and that root has no virtual MFA device.

Why
    The secret of a virtual device can be copied, with a backup of the phone for one. The secret of a hardware device
    never leaves it, which is what the one identity that can do everything should rest on.

COMPLIANT
    Root has MFA, and no device of root is virtual. Passkeys that are synchronised between devices cannot be told from
    security keys, so all of them count as hardware, which is our decision.
NON_COMPLIANT
    Root has credentials, and no MFA device; or it has a virtual one, even next to a hardware device. The user of a
    device says whose it is; a device without user and date is assigned to nobody. Only where the list names no user at
    all is a device root's by its serial number, mfa/root-account-mfa-device, which is our decision.
INSUFFICIENT_DATA
    Neither the account summary nor the credential report says whether root has credentials and MFA; or they contradict
    each other, as the report may be four hours old; or no virtual device of root is known and the list of virtual
    devices could not be read completely, or says of a device that it is enabled and not whose it is.
NOT_APPLICABLE
    Root has no credentials: neither a password nor an active access key. Or the partition is aws-cn or aws-us-gov,
    where AWS Config does not offer the rule; not to judge root there is our decision.

Parameters
    None.

Fix
    Sign in as root, register a security key under "Security credentials", and then remove the virtual device there.
"""

import re
from functools import partial

from auditor.model import Account, Listing, ResourceType, Source, VirtualMfaDevice
from auditor.rule import (
    Context,
    Evidence,
    NoParameters,
    Rule,
    RuleOrigin,
    Severity,
    Verdict,
    compliant,
    non_compliant,
    not_applicable,
    proofs,
    root_credentials,
    root_mfa,
    undecided,
)


def evaluate(account: Account, context: Context[NoParameters]) -> Verdict:
    """Judge root by whether it has MFA, and by the list of virtual devices, because all others are hardware."""
    credentials = root_credentials(account)
    if not credentials.holds:
        return not_applicable("Root has neither a password nor an active access key", *credentials.evidence)
    faults = proofs(partial(_without_mfa, account), partial(_virtual, account, context))
    if not faults:
        evidence = (*credentials.evidence, *root_mfa(account).evidence)
        return compliant("Root has MFA, and no virtual device", *evidence)
    evidence = (*credentials.evidence, *(fact for _, facts in faults for fact in facts))
    details = ", ".join(text for text, _ in faults)
    return non_compliant(f"Root has {details}", *evidence)


def _without_mfa(account: Account) -> tuple[str, tuple[Evidence, ...]] | None:
    mfa = root_mfa(account)
    return None if mfa.holds else ("no MFA", mfa.evidence)


def _virtual(account: Account, context: Context[NoParameters]) -> tuple[str, tuple[Evidence, ...]] | None:
    devices = context.snapshot.virtual_mfa_devices
    found = proofs(partial(_by_user, devices, account), partial(_by_serial_number, devices, account))
    if not found:
        return None
    fact = Evidence("virtual_mfa_devices", found[0].serial_number, Source.VIRTUAL_MFA_DEVICES)
    return f"the virtual device {found[0].serial_number}", (fact,)


def _by_user(devices: Listing[VirtualMfaDevice], account: Account) -> VirtualMfaDevice | None:
    return next((each for each in devices if _is(account, "root", each.user_arn)), None)


def _by_serial_number(devices: Listing[VirtualMfaDevice], account: Account) -> VirtualMfaDevice | None:
    """Return root's device in a list that names no users, such as an export with other fields, None without one."""
    if any(each.user_arn is not None for each in devices):
        _check_owners(devices)
        return None
    return next((each for each in devices if _is(account, "mfa/root-account-mfa-device", each.serial_number)), None)


def _check_owners(devices: Listing[VirtualMfaDevice]) -> None:
    """Raise UnknownFact for an enabled device without a user, in a list that names the users of other devices."""
    for device in devices:
        if device.user_arn is None and device.enabled_at is not None:
            raise undecided(f"the virtual device {device.serial_number} is enabled, and its user is not known")


def _is(account: Account, resource: str, arn: str | None) -> bool:
    """Return whether an ARN is exactly this resource of the account; users may have names such as root-ops.

    If the account number is unknown any number matches, because all devices are those of one account.
    """
    own = rf"arn:{re.escape(account.partition)}:iam::{re.escape(account.id) if account.id else '[0-9]{12}'}:"
    return arn is not None and re.fullmatch(own + re.escape(resource), arn) is not None


RULE = Rule(
    id="root-account-hardware-mfa-enabled",
    source_identifier="ROOT_ACCOUNT_HARDWARE_MFA_ENABLED",
    resource_types=(ResourceType.ACCOUNT,),
    reads=frozenset({Source.ACCOUNT_SUMMARY, Source.CREDENTIAL_REPORT, Source.VIRTUAL_MFA_DEVICES}),
    severity=Severity.CRITICAL,  # Security Hub IAM.6
    source_url="https://docs.aws.amazon.com/config/latest/developerguide/root-account-hardware-mfa-enabled.html",
    evaluate=evaluate,
    origin=RuleOrigin.AWS_CONFIG,
    not_offered_in=frozenset({"aws-cn", "aws-us-gov"}),
)
