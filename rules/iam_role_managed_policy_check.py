"""Checks that all of the given managed policies are attached to the IAM role.

Why
    A policy that every role must carry, such as one that denies leaving the organization's Regions, protects only
    the roles to which it is attached.

COMPLIANT
    Every policy of managedPolicyArns is attached to the role itself.
NON_COMPLIANT
    At least one of them is not. Every role is judged, those of AWS services too: AWS Config narrows that by the scope
    of a rule, here a suppression sets the other roles aside. A permissions boundary is no attached policy, which is our
    decision.
INSUFFICIENT_DATA
    Not all of them are known to be attached, and the role's policies could not be read completely.

Parameters
    managedPolicyArns (CSV, required): ARNs of managed policies. AWS's page speaks of AWS-managed ones; those of a
    customer are accepted as well, which is our decision. A warning names those that can be no policy of the
    account, such as those of another partition.

Fix
    `aws iam attach-role-policy --role-name ROLE --policy-arn ARN`
"""

from collections.abc import Iterator

from msgspec import Struct

from auditor.model import ResourceType, Role, Source
from auditor.policy import not_arns
from auditor.rule import Context, Evidence, Rule, RuleOrigin, Severity, Verdict, compliant, non_compliant


class Parameters(Struct, frozen=True):
    """Hold the parameters in AWS's spelling."""

    managedPolicyArns: tuple[str, ...]


def evaluate(role: Role, context: Context[Parameters]) -> Verdict:
    """Judge one role by the managed policies that are attached to it."""
    missing = dict.fromkeys(context.parameters.managedPolicyArns)
    for policy in role.attached_policies:
        missing.pop(policy.arn, None)
        if not missing:
            break
    evidence = Evidence("attached_policies", [policy.arn for policy in role.attached_policies.known_part], Source.ROLES)
    if missing:
        return non_compliant(f"Not attached: {', '.join(missing)}", evidence)
    return compliant("Every required policy is attached", evidence)


def notes(context: Context[Parameters]) -> Iterator[str]:
    """Yield a warning for values that name no policy of the account."""
    return not_arns("managedPolicyArns", context.parameters.managedPolicyArns, context.snapshot.account.partition)


RULE = Rule(
    id="iam-role-managed-policy-check",
    source_identifier="IAM_ROLE_MANAGED_POLICY_CHECK",
    resource_types=(ResourceType.ROLE,),
    reads=frozenset({Source.ROLES}),
    severity=Severity.MEDIUM,  # ours: Security Hub has no control for this rule
    source_url="https://docs.aws.amazon.com/config/latest/developerguide/iam-role-managed-policy-check.html",
    evaluate=evaluate,
    origin=RuleOrigin.AWS_CONFIG,
    parameters=Parameters,
    notes=notes,
)
