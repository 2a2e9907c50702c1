"""MFA devices of users: whether one is virtual, which decides whether access keys can get an MFA session."""

from enum import StrEnum
from typing import Any

from auditor.account.model import User
from auditor.account.unknown import UnknownFact, evaluate_quietly
from auditor.judging.rule import Context


class Device(StrEnum):
    """List what can be known of a user's MFA device; UNSEEN if it is unknown whether there is one, or of which kind."""

    VIRTUAL = "virtual"
    OTHER = "FIDO or hardware"
    NONE = "none"
    UNSEEN = "unseen"


def mfa_device(user: User, context: Context[Any]) -> Device:
    """Return which MFA device a user has; AWS lists only virtual ones, and the credential report counts all kinds.

    If that is unknown, it returns UNSEEN and does not raise: rules use the device only for notes.
    """
    active = evaluate_quietly(lambda: user.credentials.mfa_active)
    virtual = evaluate_quietly(lambda: any(each.user_arn == user.arn for each in context.snapshot.virtual_mfa_devices))
    if active is False:
        return Device.NONE
    if virtual is True:
        return Device.VIRTUAL
    return Device.UNSEEN if isinstance(active, UnknownFact) or isinstance(virtual, UnknownFact) else Device.OTHER
