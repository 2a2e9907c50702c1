"""Checks that no customer-managed policy repeats one of AWS's, and optionally how many attached policies are AWS's.

Why
    AWS keeps its managed policies up to date with new services and actions. A copy under a name of one's own goes stale
    without anybody noticing, and reviewers have to read it. AWS's own guidance starts with AWS-managed policies and
    then moves on to least privilege: a policy that allows less than AWS's is no fault.

COMPLIANT
    The policy's default version differs from every AWS-managed policy that was read; the annotation says how many these
    were. Of the account: at least minAwsManagedPercent of the managed policies attached to groups and roles are AWS's.
NON_COMPLIANT
    The default version says the same as that of an AWS-managed policy: the order of statements and lists, repetitions,
    the case of actions, Sid and Version do not count, which is our decision. Of the account: the percentage is smaller.
NOT_APPLICABLE
    Of the account: minAwsManagedPercent is not given, or no managed policy is attached to a group or role. Of a policy:
    duplicates is off.
INSUFFICIENT_DATA
    The document could not be read; or no AWS-managed policy that was read says the same, and not all that were asked
    about could be read, or none was. Of the account: the groups or roles, or their policies, are not completely known.

Parameters
    duplicates (boolean, default true): whether policies are compared with the AWS-managed ones that were read: those
    that console users have, by themselves, through groups or as their boundary; no list of AWS's policies comes with
    iam-audit.

    minAwsManagedPercent (int, default none): 0 to 100, the least share of AWS-managed policies among the managed
    policies attached to groups and roles. Each attachment counts.

Fix
    Attach the AWS-managed policy in place of the copy: `aws iam attach-group-policy --group-name GROUP --policy-arn
    ARN`, `aws iam detach-group-policy` with the copy's ARN (likewise for roles and users), and then `aws iam
    delete-policy --policy-arn ARN`.
"""

from collections.abc import Iterator
from functools import partial
from typing import Annotated

from msgspec import Meta, Struct

from auditor.model import POLICIES_OF_USERS, Account, AttachedPolicy, AwsManagedPolicy, Policy, ResourceType, Source
from auditor.policy import UnreadableDocumentError, default_meaning, is_aws_managed, meaning
from auditor.rule import (
    Context,
    Evidence,
    Rule,
    RuleOrigin,
    Severity,
    UnknownFact,
    Verdict,
    compliant,
    non_compliant,
    not_applicable,
    proofs,
    undecided,
)

_PERCENT = 100
_HELP = "an export of all authorization details holds those in use"


class Parameters(Struct, frozen=True):
    """Hold the parameters."""

    duplicates: bool = True
    minAwsManagedPercent: Annotated[int, Meta(ge=0, le=_PERCENT)] | None = None


def evaluate(resource: Policy | Account, context: Context[Parameters]) -> Verdict:
    """Judge a policy by what it repeats, and the account by its share of AWS-managed policies."""
    if isinstance(resource, Policy):
        return _of_policy(resource, context)
    return _of_account(context)


def _of_policy(policy: Policy, context: Context[Parameters]) -> Verdict:
    if not context.parameters.duplicates:
        return not_applicable("duplicates is off")
    own, others = default_meaning(policy), context.snapshot.aws_managed_policies
    same = proofs(*(partial(_same, own, each) for each in others))
    if same:
        fact = Evidence("aws_managed_policies", [each.arn for each in same], Source.AWS_MANAGED_POLICIES)
        name = same[0].arn.rpartition("/")[2]
        return non_compliant(f"The policy repeats the AWS-managed policy {name}", _own_version(policy), fact)
    if not others:
        list(context.snapshot.users)  # raises if unknown users or groups may have some
        list(context.snapshot.groups)
        gap = context.index.unread(Source.AWS_MANAGED_POLICIES)
        raise UnknownFact(gap, f"no AWS-managed policy was read to compare with; {_HELP}")
    number = f"{len(others)} AWS-managed {'policy' if len(others) == 1 else 'policies'} that {_were(len(others))} read"
    return compliant(f"The policy repeats none of the {number}", _own_version(policy))


def _were(count: int) -> str:
    return "was" if count == 1 else "were"


def _same(own: frozenset[object], other: AwsManagedPolicy) -> AwsManagedPolicy | None:
    try:
        return other if meaning(other.document) == own else None
    except UnreadableDocumentError as error:
        raise undecided(f"the document of {other.arn} cannot be read: {error}") from error


def _own_version(policy: Policy) -> Evidence:
    return Evidence("default_version_id", policy.default_version_id, Source.POLICIES)


def _of_account(context: Context[Parameters]) -> Verdict:
    least = context.parameters.minAwsManagedPercent
    if least is None:
        return not_applicable("minAwsManagedPercent is not given, so the share of AWS-managed policies does not matter")
    attached = list(_attached(context))
    if not attached:
        return not_applicable("No managed policy is attached to a group or role")
    of_aws = sum(is_aws_managed(each.arn) for each in attached)
    text = f"{of_aws} of {len(attached)} policies attached to groups and roles are AWS-managed"
    facts = [
        Evidence(kind, {"attached": len(attached), "aws_managed": of_aws}, source)
        for kind, source in (("groups", Source.GROUPS), ("roles", Source.ROLES))
    ]
    if of_aws * _PERCENT < least * len(attached):
        return non_compliant(f"{text}, less than {least} %", *facts)
    return compliant(f"{text}, at least {least} %", *facts)


def _attached(context: Context[Parameters]) -> Iterator[AttachedPolicy]:
    """Yield each attachment of a managed policy to a group or role; raise UnknownFact if there may be others."""
    for holder in (*context.snapshot.groups, *context.snapshot.roles):
        yield from holder.attached_policies


RULE = Rule(
    id="iam-prefer-aws-managed-policies",
    source_identifier="IAM_PREFER_AWS_MANAGED_POLICIES",
    resource_types=(ResourceType.POLICY, ResourceType.ACCOUNT),
    reads=POLICIES_OF_USERS | {Source.ROLES},
    severity=Severity.LOW,
    source_url="https://docs.aws.amazon.com/IAM/latest/UserGuide/best-practices.html#bp-use-aws-defined-policies",
    evaluate=evaluate,
    origin=RuleOrigin.IAM_AUDIT,
    parameters=Parameters,
)
