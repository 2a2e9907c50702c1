"""Checks that no policy is attached to an IAM user itself: rights come from groups or roles.

Why
    A policy on a user is seen only by looking at that user. Rights through groups can be reviewed, changed and taken
    away for all who do the same work.

COMPLIANT
    The user has neither inline nor managed policies. A permissions boundary grants nothing and does not count, which
    is our decision.
NON_COMPLIANT
    The user has at least one inline or managed policy, whatever it says. Ticking "must create a new password at next
    sign-in" in the console attaches IAMUserChangePassword to the user: such a user is NON_COMPLIANT.
INSUFFICIENT_DATA
    No policy is known, and the user's policies could not be read completely.

Parameters
    None.

Fix
    Attach the policy to a group that the user is in, then take it from the user:
    `aws iam detach-user-policy --user-name USER --policy-arn ARN` or
    `aws iam delete-user-policy --user-name USER --policy-name NAME`. For password changes, let the account's
    password policy allow users to change their own password instead of attaching IAMUserChangePassword.
"""

from auditor.model import ResourceType, Source, User
from auditor.rule import Context, Evidence, NoParameters, Rule, RuleOrigin, Severity, Verdict, compliant, non_compliant


def evaluate(user: User, context: Context[NoParameters]) -> Verdict:
    """Judge one user by the policies on the user itself."""
    known = user.inline_policies.known_part or user.attached_policies.known_part
    if not (known or any(user.inline_policies) or any(user.attached_policies)):
        return compliant("The user has no policies of its own")
    inline = [policy.name for policy in user.inline_policies.known_part]
    managed = [policy.name for policy in user.attached_policies.known_part]
    return non_compliant(
        f"The user has policies of its own: {', '.join(managed + [f'{name} (inline)' for name in inline])}",
        Evidence("inline_policies", inline, Source.USERS),
        Evidence("attached_policies", managed, Source.USERS),
    )


RULE = Rule(
    id="iam-user-no-policies-check",
    source_identifier="IAM_USER_NO_POLICIES_CHECK",
    resource_types=(ResourceType.USER,),
    reads=frozenset({Source.USERS}),
    severity=Severity.LOW,  # Security Hub IAM.2
    source_url="https://docs.aws.amazon.com/config/latest/developerguide/iam-user-no-policies-check.html",
    evaluate=evaluate,
    origin=RuleOrigin.AWS_CONFIG,
)
