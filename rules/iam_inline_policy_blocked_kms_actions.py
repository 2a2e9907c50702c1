"""Checks that no inline policy of an IAM user, group or role allows blocked actions on all AWS KMS keys.

Why
    Whoever may use every key to decrypt can read all encrypted data of the account. Name the keys instead.

COMPLIANT
    No inline policy allows a blocked action on more than single keys. All keys of one account and Region
    (arn:aws:kms:eu-west-1:111122223333:key/*) are compliant too, which is our decision after the advice of Security
    Hub's KMS.1: a warning names them.
NON_COMPLIANT
    A statement of an inline policy allows one on every key: on "*"; on an ARN of KMS whose account, or whose Region and
    key, are missing or hold a wildcard or a policy variable; or by a NotResource that does not leave out every key. A
    NotAction allows what it does not wholly exclude. A Condition excuses nothing. Only a Deny without conditions of the
    same action on "*" in the same document takes an Allow back. All but the "*" is our decision where AWS's page speaks
    of fixed resources.
NOT_APPLICABLE
    excludeRoleByManagementAccount is true, and nobody but principals of the organization's management account may
    assume the role.
INSUFFICIENT_DATA
    Nothing is known to be blocked, and an inline policy is unknown or its document cannot be read; or a role is to be
    left out, and its trust policy or the management account is unknown.

Parameters
    blockedActionsPatterns (CSV, required): actions of KMS, "*" stands for any text: `kms:Decrypt, kms:ReEncrypt*`.
    Case does not matter; a warning names those that are no action of KMS.
    excludeRoleByManagementAccount (boolean, default false, which is our decision): true leaves out roles that only the
    organization's management account may assume. An account that is in no organization has no such role. With `True`,
    `TRUE`, `1` and the like it is undecided whether they are left out.

Fix
    Name the keys in the policy: `aws iam put-user-policy`, `aws iam put-group-policy` or `aws iam put-role-policy`.
"""

from collections.abc import Iterator

from msgspec import Struct

from auditor.model import Group, ResourceType, Role, Source, User
from auditor.policy import KeyAccess, accesses, inline_statements, not_actions, source_of, trusts_only
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
    excludeRoleByManagementAccount: bool = False


def evaluate(identity: User | Group | Role, context: Context[Parameters]) -> Verdict:
    """Judge one user, group or role by the statements of its inline policies."""
    if isinstance(identity, Role) and both(
        lambda: context.parameters.excludeRoleByManagementAccount, lambda: _is_of_management(identity, context)
    ):
        return not_applicable("Only the organization's management account may assume the role")
    blocked, partition = context.parameters.blockedActionsPatterns, context.snapshot.account.partition
    many_keys = ""
    for policy, statements in inline_statements(identity.inline_policies):
        for access in accesses(statements, blocked, partition):
            if access.every_key:
                return _blocked(identity, policy.name, access)
            many_keys = many_keys or f"in {policy.name}, {access.said}: all keys of one account and Region pass"
    return compliant("No inline policy allows a blocked action on all keys", note=many_keys or None)


def _is_of_management(role: Role, context: Context[Parameters]) -> bool:
    management = context.snapshot.account.management_account_id
    return management is not None and trusts_only(role, management)


def _blocked(identity: User | Group | Role, policy_name: str, access: KeyAccess) -> Verdict:
    place = f"inline_policies[{policy_name}].document.Statement[{access.statement}]"
    return non_compliant(f"In {policy_name}, {access.said}", Evidence(place, access.resource, source_of(identity)))


def notes(context: Context[Parameters]) -> Iterator[str]:
    """Yield a warning for values that are not actions of KMS."""
    return not_actions(context.parameters.blockedActionsPatterns)


RULE = Rule(
    id="iam-inline-policy-blocked-kms-actions",
    source_identifier="IAM_INLINE_POLICY_BLOCKED_KMS_ACTIONS",
    resource_types=(ResourceType.USER, ResourceType.GROUP, ResourceType.ROLE),
    reads=frozenset({Source.USERS, Source.GROUPS, Source.ROLES, Source.ORGANIZATION}),
    severity=Severity.MEDIUM,  # Security Hub KMS.2
    source_url="https://docs.aws.amazon.com/config/latest/developerguide/iam-inline-policy-blocked-kms-actions.html",
    evaluate=evaluate,
    origin=RuleOrigin.AWS_CONFIG,
    parameters=Parameters,
    notes=notes,
)
