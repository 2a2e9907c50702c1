"""MFA devices of users: whether one is virtual, which decides whether access keys can get an MFA session."""

from enum import StrEnum
from typing import Any

from auditor.account.model import User
from auditor.account.unknown import UnknownFact, evaluate_quietly
from auditor.judging.rule import Context


class Device(StrEnum):
    """Name what is known of a user's MFA device; UNSEEN where it is not known whether there is one, or which."""

    VIRTUAL = "virtual"
    OTHER = "FIDO or hardware"
    NONE = "none"
    UNSEEN = "unseen"


def mfa_device(user: User, context: Context[Any]) -> Device:
    """Return which MFA device a user has; the account lists virtual ones only, the credential report has them all.

    Nothing is raised where that is unknown: what a rule says of the device must not depend on it.
    """
    active = evaluate_quietly(lambda: user.credentials.mfa_active)
    virtual = evaluate_quietly(lambda: any(each.user_arn == user.arn for each in context.snapshot.virtual_mfa_devices))
    if active is False:
        return Device.NONE
    if virtual is True:
        return Device.VIRTUAL
    return Device.UNSEEN if isinstance(active, UnknownFact) or isinstance(virtual, UnknownFact) else Device.OTHER
