"""Checks that the given IAM policy is attached to a user, to a group with users, or to a role that can be assumed.

Why
    Some policies must be attached to an identity that is in use: without AWSSupportAccess, for example, nobody can
    open a case with AWS when there is an incident.

COMPLIANT
    The policy is attached to a user, to a group with at least one user, or to a role that trusts somebody: its trust
    policy has an Allow statement that names a principal, which is our decision. policyUsageType says which of these
    count.
NON_COMPLIANT
    It is not. A policy that does not exist, or that serves only as a permissions boundary, is not in use; both are our
    decision.
INSUFFICIENT_DATA
    No such use is known, and not everything that may be one could be read.

Parameters
    policyARN (String, required): the ARN of one policy, AWS-managed or customer-managed.
    policyUsageType (String, default ANY): IAM_USER, IAM_GROUP or IAM_ROLE lets only this use count, ANY all of them.

Fix
    Attach it where it belongs: `aws iam attach-role-policy --role-name ROLE --policy-arn ARN`
"""

from collections.abc import Iterator
from enum import StrEnum

from msgspec import Struct

from auditor.model import Account, Group, ResourceType, Role, Source, User
from auditor.policy import not_arns, source_of, trusts, trusts_somebody
from auditor.rule import Context, Evidence, Rule, RuleOrigin, Severity, Verdict, compliant, non_compliant


class UsageType(StrEnum):
    """Name the uses that may count."""

    ANY = "ANY"
    IAM_USER = "IAM_USER"
    IAM_GROUP = "IAM_GROUP"
    IAM_ROLE = "IAM_ROLE"


_UNUSED_TEXT = {
    UsageType.ANY: "no user, group with users, or role that trusts somebody",
    UsageType.IAM_USER: "no user",
    UsageType.IAM_GROUP: "no group with users",
    UsageType.IAM_ROLE: "no role that trusts somebody",
}


_SINGLE = (UsageType.IAM_USER, UsageType.IAM_GROUP, UsageType.IAM_ROLE)


class Parameters(Struct, frozen=True):
    """Hold the parameters in AWS's spelling."""

    policyARN: str
    policyUsageType: UsageType = UsageType.ANY


def evaluate(account: Account, context: Context[Parameters]) -> Verdict:
    """Judge the account by the users, groups and roles that have the policy."""
    parameters = context.parameters
    for holder in _uses(context):
        source = source_of(holder)
        evidence = Evidence(f"{source}[{holder.name}].attached_policies", parameters.policyARN, source)
        return compliant(f"{parameters.policyARN} is in use: {holder.name} ({source}) has it", evidence)
    return non_compliant(f"{parameters.policyARN} is attached to {_UNUSED_TEXT[parameters.policyUsageType]}")


def _uses(context: Context[Parameters]) -> Iterator[User | Group | Role]:
    """Yield every known use that counts; then raise UnknownFact if there may be others."""
    arn, counted = context.parameters.policyARN, context.parameters.policyUsageType
    by_users, by_groups, by_roles = (counted in (UsageType.ANY, kind) for kind in _SINGLE)
    users = context.index.holders(ResourceType.USER, arn)
    groups = context.index.populated(context.index.holders(ResourceType.GROUP, arn))
    roles = context.index.holders(ResourceType.ROLE, arn)
    if by_users:
        yield from users.known_part
    if by_groups:
        yield from groups.known_part
    if by_roles:
        yield from (role for role, trust in trusts(roles) if trusts_somebody(trust))
    if by_users:
        yield from users
    if by_groups:
        yield from groups


def notes(context: Context[Parameters]) -> Iterator[str]:
    """Yield a warning for a value that names no policy of the account."""
    return not_arns("policyARN", (context.parameters.policyARN,), context.snapshot.account.partition)


RULE = Rule(
    id="iam-policy-in-use",
    source_identifier="IAM_POLICY_IN_USE",
    resource_types=(ResourceType.ACCOUNT,),
    reads=frozenset({Source.USERS, Source.GROUPS, Source.ROLES}),
    severity=Severity.LOW,  # Security Hub IAM.18
    source_url="https://docs.aws.amazon.com/config/latest/developerguide/iam-policy-in-use.html",
    evaluate=evaluate,
    origin=RuleOrigin.AWS_CONFIG,
    parameters=Parameters,
    notes=notes,
)
