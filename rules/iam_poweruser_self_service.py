"""Checks that users with PowerUserAccess may change their own password and manage their own MFA device.

Why
    PowerUserAccess looks like all rights but those of administrators. It allows nothing of IAM that concerns the own
    user: neither iam:ChangePassword nor an action on MFA devices. Whoever gives it to people has to add both.

COMPLIANT
    The user may do both, by iam-user-can-change-own-password and iam-user-can-self-manage-mfa.
NON_COMPLIANT
    One of the two is NON_COMPLIANT.
NOT_APPLICABLE
    The user has no console password, or does not have PowerUserAccess attached, itself or through a group. As a
    permissions boundary it does not count.
INSUFFICIENT_DATA
    One of the two could not be decided, and neither is NON_COMPLIANT; or it is not known whether the user has
    PowerUserAccess.

Parameters
    None.

Fix
    `aws iam attach-group-policy --group-name GROUP --policy-arn arn:aws:iam::aws:policy/IAMUserChangePassword`, or let
    the account's password policy allow users to change their own password; and attach AWS's documented policy for
    managing one's own MFA device to the group too.
"""

from collections.abc import Iterator
from functools import partial

from auditor.model import POLICIES_OF_USERS, AttachedPolicy, Group, Listing, ResourceType, Source, User
from auditor.rule import (
    ComplianceType,
    Context,
    Evidence,
    NoParameters,
    Rule,
    RuleOrigin,
    Severity,
    Verdict,
    compliant,
    mfa_management,
    non_compliant,
    not_applicable,
    password_change,
    proofs,
    undecided,
)

_POLICY = ":iam::aws:policy/PowerUserAccess"
_PASSWORD = (
    "lacks iam:ChangePassword: attach IAMUserChangePassword to the group or set AllowUsersToChangePassword,"
    " and let no statement deny it"
)
_MFA = "lacks the actions on the user's own MFA device: attach AWS's policy for managing it to the group"


def evaluate(user: User, context: Context[NoParameters]) -> Verdict:
    """Judge one user by the two rules that this one combines."""
    if not user.credentials.password_enabled:
        return not_applicable("The user has no console password")
    holding = proofs(*_checks(user, context))
    if not holding:
        return not_applicable("The user does not have PowerUserAccess")
    failed = proofs(
        partial(_failed, partial(password_change, user, context), _PASSWORD),
        partial(_failed, partial(mfa_management, user, context), _MFA),
    )
    if not failed:
        return compliant("The user may change their own password and manage their own MFA device", holding[0])
    evidence = (fact for verdict, _ in failed for fact in verdict.evidence)
    notes = filter(None, (verdict.note for verdict, _ in failed))
    remedies = "; ".join(remedy for _, remedy in failed)
    return non_compliant(f"PowerUserAccess {remedies}", holding[0], *evidence, note="; ".join(notes) or None)


def _checks(user: User, context: Context[NoParameters]) -> Iterator[partial[Evidence | None]]:
    """Yield checks that the user has the policy: attached itself, through each group, or through unknown groups."""
    yield partial(_attached, user.attached_policies, "attached_policies", Source.USERS)
    for name in user.group_names.known_part:
        yield partial(_through, name, context)
    yield partial(_no_more, user)


def _attached(policies: Listing[AttachedPolicy], path: str, source: Source) -> Evidence | None:
    for policy in policies:
        if policy.arn.endswith(_POLICY):
            return Evidence(path, policy.arn, source)
    return None


def _through(name: str, context: Context[NoParameters]) -> Evidence | None:
    group: Group | None = context.index.by_name(ResourceType.GROUP, name)
    if group is None:
        raise undecided(f"the user is in the group {name}, which is not listed")
    return _attached(group.attached_policies, f"groups[{name}].attached_policies", Source.GROUPS)


def _no_more(user: User) -> Evidence | None:
    """Raise UnknownFact if the user may be in other groups."""
    list(user.group_names)
    return None


def _failed(judge: partial[Verdict], remedy: str) -> tuple[Verdict, str] | None:
    verdict = judge()
    return (verdict, remedy) if verdict.compliance_type is ComplianceType.NON_COMPLIANT else None


RULE = Rule(
    id="iam-poweruser-self-service",
    source_identifier="IAM_POWERUSER_SELF_SERVICE",
    resource_types=(ResourceType.USER,),
    reads=POLICIES_OF_USERS | {Source.PASSWORD_POLICY, Source.CREDENTIAL_REPORT},
    severity=Severity.MEDIUM,
    source_url="https://docs.aws.amazon.com/aws-managed-policy/latest/reference/PowerUserAccess.html",
    evaluate=evaluate,
    origin=RuleOrigin.IAM_AUDIT,
)
