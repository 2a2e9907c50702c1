"""Checks that no customer-managed IAM policy has a statement that allows all actions of a service.

Why
    "s3:*" gives what nobody asked for: deleting, changing policies, and whatever AWS adds to the service later.

COMPLIANT
    No Allow statement of the default version grants every action of a service. "ec2:Describe*" is compliant, and so, by
    the letter, are "s3:?*" and a NotAction that takes something from every service: a warning names them.
NON_COMPLIANT
    An Allow statement has "service:*" or a bare "*" among its actions, or grants all actions of some service by a
    NotAction. Case does not matter, nor do further "*"; the resource does not either, so "s3:*" on one bucket counts.
    All of this is our decision where AWS's page speaks of "service:*" only. A policy that is attached to nobody counts
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
    Name the actions that are needed in a new version: `aws iam create-policy-version --policy-arn ARN
    --policy-document FILE --set-as-default`
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
        full = _full_access(statement) if statement.effect is Effect.ALLOW else None
        if full is not None:
            place = f"versions[{policy.default_version_id}].document.Statement[{number}]"
            return non_compliant(
                f"Statement {number + 1} of {policy.default_version_id} allows all actions of a service: {full}",
                Evidence(place, full, Source.POLICIES),
            )
    near = "; ".join(_near_full_access(statements))
    return compliant("No statement allows all actions of a service", note=near or None)


def _full_access(statement: Statement) -> str | None:
    """Return the part of a statement that grants all actions of some service, None without one."""
    if statement.actions is not None:
        return next((action for action in statement.actions if _is_whole_service(action)), None)
    excluded = statement.not_actions or ()
    return None if any(map(_of_every_service, excluded)) else f"NotAction {', '.join(excluded) or 'of nothing'}"


def _is_whole_service(action: str) -> bool:
    name = action.partition(":")[2]
    return every_action(action) or (bool(name) and everything(name))


def _is_nearly_whole(action: str) -> bool:
    name = action.partition(":")[2]
    return "*" in name and not name.strip("*?")


def _of_every_service(action: str) -> bool:
    return everything(action.partition(":")[0])


def _near_full_access(statements: Sequence[Statement]) -> Iterator[str]:
    """Yield a note on each statement that allows nearly all actions of a service, but is compliant by the letter."""
    for number, statement in enumerate(statements, start=1):
        if statement.effect is Effect.ALLOW:
            near = [action for action in statement.actions or () if _is_nearly_whole(action)]
            left_out = statement.not_actions or ()
            if left_out and not any(map(every_action, left_out)):
                near.append(f"NotAction {', '.join(left_out)}")
            if near:
                actions = ", ".join(near)
                yield f"statement {number} allows {actions}: compliant by the letter, but near to all of a service"


RULE = Rule(
    id="iam-policy-no-statements-with-full-access",
    source_identifier="IAM_POLICY_NO_STATEMENTS_WITH_FULL_ACCESS",
    resource_types=(ResourceType.POLICY,),
    reads=frozenset({Source.POLICIES}),
    severity=Severity.LOW,  # Security Hub IAM.21
    source_url="https://docs.aws.amazon.com/config/latest/developerguide/iam-policy-no-statements-with-full-access.html",
    evaluate=evaluate,
    origin=RuleOrigin.AWS_CONFIG,
    parameters=Parameters,
)
