"""Checks that each console user may register and manage their own MFA device, by policies of groups.

Why
    Somebody who cannot register a device works without MFA until an administrator helps. A policy that denies
    everything until MFA is used must exempt the actions that register a first device, or nobody can register one.

COMPLIANT
    Signed in at the console without MFA, the user may do iam:CreateVirtualMFADevice (on a device named like the user),
    iam:EnableMFADevice, iam:ListMFADevices and iam:ResyncMFADevice (on their own user) and iam:ListVirtualMFADevices,
    each by a policy of a group. A note says if only a device named like the user can be created, since the console asks
    for a free name; if iam:DeactivateMFADevice is allowed without MFA too, so that whoever has the password could
    remove the device (since 2023 AWS refuses that to access keys without MFA, whatever a policy says); and if an action
    is allowed only by statements about all of IAM, such as those of AdministratorAccess.
NON_COMPLIANT
    One of these actions is denied or not allowed; such as for a user with a path, whose ARN `user/${aws:username}` does
    not match; or one is allowed by policies on the user itself alone. A note names statements that list one of these
    actions and can never allow it.
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
    Attach AWS's documented policy for managing one's own MFA device to a group of the user (`aws iam
    attach-group-policy --group-name GROUP --policy-arn ARN`), with the resources `arn:aws:iam::*:mfa/*` and
    `arn:aws:iam::*:user/${aws:username}`, for users with a path also `arn:aws:iam::*:user/*/${aws:username}`.
    `iam-audit can USER iam:EnableMFADevice` shows which statement decides.
"""

from auditor.model import POLICIES_OF_USERS, ResourceType, Source, User
from auditor.rule import Context, NoParameters, Rule, RuleOrigin, Severity, Verdict, mfa_management


def evaluate(user: User, context: Context[NoParameters]) -> Verdict:
    """Judge one user by what may be done at the console without MFA."""
    return mfa_management(user, context)


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
