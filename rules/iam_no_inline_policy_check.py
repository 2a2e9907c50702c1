"""Checks that no IAM user, group or role has an inline policy.

Why
    An inline policy lives and dies with its identity: it has no versions, cannot be reused, and is found only by
    looking at that identity.

COMPLIANT
    The identity has no inline policy. Managed policies do not matter here.
NON_COMPLIANT
    The identity has at least one inline policy, whatever it says. Roles of every path count, those of AWS services
    too, which is our decision.
INSUFFICIENT_DATA
    No inline policy is known, and the inline policies could not be read completely.

Parameters
    None.

Fix
    Create a managed policy with the same document (`aws iam create-policy`), attach it, and delete the inline one:
    `aws iam delete-user-policy`, `aws iam delete-group-policy` or `aws iam delete-role-policy`.
"""

from auditor.model import Group, ResourceType, Role, Source, User
from auditor.policy import source_of
from auditor.rule import Context, Evidence, NoParameters, Rule, RuleOrigin, Severity, Verdict, compliant, non_compliant


def evaluate(identity: User | Group | Role, context: Context[NoParameters]) -> Verdict:
    """Judge one user, group or role by its inline policies."""
    if not any(identity.inline_policies):
        return compliant("No inline policies")
    names = [policy.name for policy in identity.inline_policies.known_part]
    return non_compliant(
        f"Inline policies: {', '.join(names)}", Evidence("inline_policies", names, source_of(identity))
    )


RULE = Rule(
    id="iam-no-inline-policy-check",
    source_identifier="IAM_NO_INLINE_POLICY_CHECK",
    resource_types=(ResourceType.USER, ResourceType.GROUP, ResourceType.ROLE),
    reads=frozenset({Source.USERS, Source.GROUPS, Source.ROLES}),
    severity=Severity.MEDIUM,  # ours: Security Hub has no control for this rule
    source_url="https://docs.aws.amazon.com/config/latest/developerguide/iam-no-inline-policy-check.html",
    evaluate=evaluate,
    origin=RuleOrigin.AWS_CONFIG,
)
