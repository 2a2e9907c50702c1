"""Checks that each console user may register and manage the own MFA device, by policies of groups.

Why
    Who cannot register a device works without MFA until an administrator helps. A policy that denies everything until
    MFA is used must spare what registering a first device takes, or nobody can register one.

COMPLIANT
    Signed in at the console without MFA, the user may do iam:CreateVirtualMFADevice (on a device named like the user),
    iam:EnableMFADevice, iam:ListMFADevices and iam:ResyncMFADevice (on the own user) and iam:ListVirtualMFADevices,
    each by a policy of a group. A note says if only a device named like the user can be created, since the console asks
    for a free name; and if iam:DeactivateMFADevice is allowed without MFA too, so that whoever has the password could
    remove the device (since 2023 AWS refuses that to access keys without MFA, whatever a policy says).
NON_COMPLIANT
    One of these actions is denied or not allowed; such as for a user with a path, whose ARN `user/${aws:username}` does
    not match; or one is allowed by policies on the user itself alone.
NOT_APPLICABLE
    The user has no console password.
INSUFFICIENT_DATA
    A policy, group or boundary that may decide is unknown; a condition leaves it open; iam:ListVirtualMFADevices is
    allowed on `mfa/*` alone, of which AWS's pages contradict each other; or the credential report could not be read, or
    does not list the user.

Parameters
    None.

    Not considered are SCPs, RCPs, session policies and resource-based policies.

Fix
    Attach AWS's documented policy for managing the own MFA device to a group of the user, with the resources
    `arn:aws:iam::*:mfa/*` and `arn:aws:iam::*:user/${aws:username}`, for users with a path also
    `arn:aws:iam::*:user/*/${aws:username}`. `iam-audit can USER iam:EnableMFADevice` shows which statement decides.
"""

from collections.abc import Iterator, Sequence
from functools import partial

from auditor.model import POLICIES_OF_USERS, ResourceType, Source, User
from auditor.policy import Answer, Decision, Effect, PolicyKind, Session
from auditor.rule import (
    Context,
    NoParameters,
    Rule,
    RuleOrigin,
    Severity,
    Verdict,
    compliant,
    decided_by,
    non_compliant,
    not_applicable,
    proofs,
)

_CREATE = "iam:CreateVirtualMFADevice"
_NEEDED = (
    _CREATE,
    "iam:EnableMFADevice",
    "iam:ListMFADevices",
    "iam:ResyncMFADevice",
    "iam:ListVirtualMFADevices",
)
_DEACTIVATE = "iam:DeactivateMFADevice"
_SUFFIX = "-phone"  # makes the name of a device another one than the user's


def evaluate(user: User, context: Context[NoParameters]) -> Verdict:
    """Judge one user by what may be done at the console without MFA."""
    if not user.credentials.password_enabled:
        return not_applicable("The user has no console password")
    answers = [context.access.can(user, action, Session.NO_MFA) for action in _NEEDED]
    lacking = proofs(*(partial(_unless_allowed, answer) for answer in answers))
    if lacking:
        first = lacking[0]
        names = ", ".join(each.action for each in lacking)
        return non_compliant(f"Without MFA the user may not do {names}. {first.reason}", *map(decided_by, lacking))
    own = [each for each in answers if not _through_group(each)]
    if own:
        names = ", ".join(each.action for each in own)
        return non_compliant(f"The user may do {names} by policies of its own, not of a group", *map(decided_by, own))
    note = "; ".join(_notes(user, context, answers))
    return compliant(
        "The user may register and manage the own MFA device", *map(decided_by, answers), note=note or None
    )


def _unless_allowed(answer: Answer) -> Answer | None:
    return None if answer.allows else answer


def _through_group(answer: Answer) -> bool:
    granting = (each for each in answer.statements if each.kind is not PolicyKind.BOUNDARY)
    return any(each.group is not None and each.effect is Effect.ALLOW for each in granting)


def _notes(user: User, context: Context[NoParameters], answers: Sequence[Answer]) -> Iterator[str]:
    device = answers[0].resource + _SUFFIX
    if context.access.can(user, _CREATE, Session.NO_MFA, device).decision is not Decision.ALLOW:
        yield "may create a device named like the user only, and the console asks for a free name"
    if context.access.can(user, _DEACTIVATE, Session.NO_MFA).decision is Decision.ALLOW:
        yield f"may do {_DEACTIVATE} without MFA, so whoever has the password could remove the device"


RULE = Rule(
    id="iam-user-can-self-manage-mfa",
    source_identifier="IAM_USER_CAN_SELF_MANAGE_MFA",
    resource_types=(ResourceType.USER,),
    reads=POLICIES_OF_USERS | {Source.CREDENTIAL_REPORT},
    severity=Severity.MEDIUM,
    source_url="https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_examples_aws_my-sec-creds-self-manage-mfa-only.html",
    evaluate=evaluate,
    origin=RuleOrigin.IAM_AUDIT,
)
