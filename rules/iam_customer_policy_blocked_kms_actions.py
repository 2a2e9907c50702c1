"""Checks that no customer-managed IAM policy allows blocked actions on all AWS KMS keys.

Why
    Whoever may use every key to decrypt can read all encrypted data of the account. Name the keys instead.

COMPLIANT
    No Allow statement of the default version allows a blocked action on more than single keys. All keys of one account
    and Region (arn:aws:kms:eu-west-1:111122223333:key/*) are compliant too, which is our decision after the advice of
    Security Hub's KMS.1: a warning names them.
NON_COMPLIANT
    A statement allows one on every key: on "*"; on an ARN of KMS whose account, or whose Region and key, are missing or
    hold a wildcard or a policy variable; or by a NotResource that does not leave out every key. A NotAction allows what
    it does not wholly exclude. A Condition excuses nothing. Only a Deny without conditions of the same action on "*" in
    the same document takes an Allow back. All but the "*" is our decision where AWS's page speaks of fixed resources. A
    policy that is attached to nobody counts too; inline and AWS-managed policies do not.
NOT_APPLICABLE
    excludePermissionBoundaryPolicy is true and the policy is used as a permissions boundary only, which is our
    decision: one that is attached as well is judged.
INSUFFICIENT_DATA
    The default version is unknown or in doubt, or its document cannot be read.

Parameters
    blockedActionsPatterns (CSV, required): actions of KMS, "*" stands for any text: `kms:Decrypt, kms:ReEncrypt*`.
    Case does not matter; a warning names those that are no action of KMS.
    excludePermissionBoundaryPolicy (boolean, default false): true leaves out permissions boundaries. With `True`,
    `TRUE`, `1` and the like it is undecided whether they are left out.

Fix
    Name the keys in a new version: `aws iam create-policy-version --policy-arn ARN --policy-document FILE
    --set-as-default`
"""

from collections.abc import Iterator

from msgspec import Struct

from auditor.model import Policy, ResourceType, Source
from auditor.policy import KeyAccess, accesses, boundary_only, default_statements, not_actions
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

    blockedActionsPatterns: tuple[str, ...]
    excludePermissionBoundaryPolicy: bool = False


def evaluate(policy: Policy, context: Context[Parameters]) -> Verdict:
    """Judge one customer-managed policy by the statements of its default version."""
    if both(lambda: context.parameters.excludePermissionBoundaryPolicy, lambda: boundary_only(policy)):
        return not_applicable("The policy is used as a permissions boundary only")
    many_keys: KeyAccess | None = None
    statements, partition = default_statements(policy), context.snapshot.account.partition
    for access in accesses(statements, context.parameters.blockedActionsPatterns, partition):
        if access.every_key:
            return _blocked(policy.default_version_id, access)
        many_keys = many_keys or access
    note = f"{many_keys.said}: all keys of one account and Region pass" if many_keys else None
    return compliant("No blocked action is allowed on all keys", note=note)


def _blocked(version_id: str, access: KeyAccess) -> Verdict:
    place = f"versions[{version_id}].document.Statement[{access.statement}]"
    return non_compliant(f"In {version_id}, {access.said}", Evidence(place, access.resource, Source.POLICIES))


def notes(context: Context[Parameters]) -> Iterator[str]:
    """Yield a warning for values that are not actions of KMS."""
    return not_actions(context.parameters.blockedActionsPatterns)


RULE = Rule(
    id="iam-customer-policy-blocked-kms-actions",
    source_identifier="IAM_CUSTOMER_POLICY_BLOCKED_KMS_ACTIONS",
    resource_types=(ResourceType.POLICY,),
    reads=frozenset({Source.POLICIES}),
    severity=Severity.MEDIUM,  # Security Hub KMS.1
    source_url="https://docs.aws.amazon.com/config/latest/developerguide/iam-customer-policy-blocked-kms-actions.html",
    evaluate=evaluate,
    origin=RuleOrigin.AWS_CONFIG,
    parameters=Parameters,
    notes=notes,
)
