"""Checks that no customer-managed IAM policy has a statement that allows every action on every resource.

Why
    Whoever holds such a policy is an administrator, whatever the policy's name says. Give the rights that are needed.

COMPLIANT
    No Allow statement of the default version has "*" for both its Action and its Resource. Statements count one by one,
    and "service:*" is compliant. NotAction, NotResource and resources such as "arn:aws:*:*:*:*" are compliant by the
    letter of AWS's page, which is our decision: a warning names them.
NON_COMPLIANT
    An Allow statement of the default version has both, alone or among others. That "*:*" counts as "*", and that
    neither a Condition nor a Deny elsewhere excuses it, is our decision. A policy that is attached to nobody counts
    too; inline and AWS-managed policies do not.
NOT_APPLICABLE
    excludePermissionBoundaryPolicy is true and the policy is used as a permissions boundary only, which is our
    decision: one that is attached as well is judged.
INSUFFICIENT_DATA
    The default version is unknown or in doubt, or its document cannot be read.

Parameters
    excludePermissionBoundaryPolicy (boolean, default false): true leaves out permissions boundaries. With `True`,
    `TRUE`, `1` and the like it is undecided whether they are left out.

Fix
    Create a version without the statement: `aws iam create-policy-version --policy-arn ARN --policy-document FILE
    --set-as-default`
"""

from collections.abc import Iterator, Sequence

from msgspec import Struct

from auditor.model import Policy, ResourceType, Source
from auditor.policy import Effect, Statement, boundary_only, default_statements, every_action, everything
from auditor.rule import (
    Context,
    Evidence,
    Rule,
    RuleOrigin,
    Severity,
    Verdict,
    both,
    compliant,
    non_compliant,
    not_applicable,
)


class Parameters(Struct, frozen=True):
    """Hold the parameters in AWS's spelling."""

    excludePermissionBoundaryPolicy: bool = False


def evaluate(policy: Policy, context: Context[Parameters]) -> Verdict:
    """Judge one customer-managed policy by the statements of its default version."""
    if both(lambda: context.parameters.excludePermissionBoundaryPolicy, lambda: boundary_only(policy)):
        return not_applicable("The policy is used as a permissions boundary only")
    statements = default_statements(policy)
    for number, statement in enumerate(statements):
        if _is_admin(statement):
            place = f"versions[{policy.default_version_id}].document.Statement[{number}]"
            value = {"Action": statement.actions, "Resource": statement.resources}
            return non_compliant(
                f"Statement {number + 1} of {policy.default_version_id} allows every action on every resource",
                Evidence(place, value, Source.POLICIES),
            )
    near = "; ".join(_near_admin(statements))
    return compliant("No statement allows every action on every resource", note=near or None)


def _is_admin(statement: Statement) -> bool:
    actions, resources = statement.actions or (), statement.resources or ()
    allows = statement.effect is Effect.ALLOW
    return allows and any(map(every_action, actions)) and any(map(everything, resources))


def _near_admin(statements: Sequence[Statement]) -> Iterator[str]:
    """Yield a note on each statement that allows nearly everything, but is compliant by the letter."""
    for number, statement in enumerate(statements, start=1):
        if statement.effect is Effect.ALLOW and _broad_actions(statement) and _broad_resources(statement):
            action = "NotAction" if statement.actions is None else "every action"
            resource = "NotResource" if statement.resources is None else ", ".join(statement.resources)
            yield f"statement {number} allows {action} on {resource}: compliant by the letter, but near to everything"


def _broad_actions(statement: Statement) -> bool:
    return statement.actions is None or any(not action.strip("*?:") for action in statement.actions)


def _broad_resources(statement: Statement) -> bool:
    return statement.resources is None or any(map(_names_nothing, statement.resources))


def _names_nothing(resource: str) -> bool:
    """Return whether a pattern fixes at most the partition of a resource: "*:*", "*/*", "arn:aws:*:*:*:*"."""
    fixed = resource.split(":", 2)[2:] if resource.startswith("arn:") else [resource]
    return not "".join(fixed).strip("*?:/")


RULE = Rule(
    id="iam-policy-no-statements-with-admin-access",
    source_identifier="IAM_POLICY_NO_STATEMENTS_WITH_ADMIN_ACCESS",
    resource_types=(ResourceType.POLICY,),
    reads=frozenset({Source.POLICIES}),
    severity=Severity.HIGH,  # Security Hub IAM.1
    source_url="https://docs.aws.amazon.com/config/latest/developerguide/iam-policy-no-statements-with-admin-access.html",
    evaluate=evaluate,
    origin=RuleOrigin.AWS_CONFIG,
    parameters=Parameters,
)
