"""Accounts for questions about access: a user alice with policies, and decisions about her."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from msgspec import Raw
from msgspec.structs import replace

from auditor import can
from auditor.account.model import AttachedPolicy, AwsManagedPolicy, Group, InlinePolicy, Policy, Snapshot, User
from auditor.policies.access.answer import Decision
from auditor.policies.access.sessions import Session
from auditor.testing import account, allow, group, listing, policy, user

NO_MFA, MFA, KEY = Session.NO_MFA, Session.MFA, Session.ACCESS_KEY
ALLOW, EXPLICIT, IMPLICIT, UNDECIDED = (
    Decision.ALLOW,
    Decision.EXPLICIT_DENY,
    Decision.IMPLICIT_DENY,
    Decision.UNDECIDED,
)
ALICE = "arn:aws:iam::111122223333:user/alice"
OBJECT = "arn:aws:s3:::reports/2026.csv"
ALLOW_ALL = allow()

Statements = Sequence[Mapping[str, Any]]


def deny(action: object = "*", resource: object = "*", **elements: object) -> dict[str, object]:
    """Return a Deny statement; elements that are None are left out, so that NotAction can replace Action."""
    return allow(action, resource, **{"Effect": "Deny", **elements})


def written(statements: Statements, version: str | None = "2012-10-17") -> Raw:
    """Return a policy document of a Version, or without one."""
    head = {} if version is None else {"Version": version}
    return Raw(msgspec.json.encode({**head, "Statement": list(statements)}))


def alice(*statements: Mapping[str, Any], version: str | None = "2012-10-17", **fields: Any) -> User:
    """Return alice with these statements in an inline policy."""
    inline = listing([InlinePolicy("own", written(statements, version))])
    return user("alice", **{"inline_policies": inline, **fields})


def managed(name: str, *statements: Mapping[str, Any], version: str | None = "2012-10-17", **fields: Any) -> Policy:
    """Return a customer-managed policy with these statements."""
    return policy(name, document=written(statements, version), **fields)


def of_aws(name: str, *statements: Mapping[str, Any]) -> AwsManagedPolicy:
    """Return an AWS-managed policy with these statements."""
    return AwsManagedPolicy(f"arn:aws:iam::aws:policy/{name}", "v1", written(statements))


def attached(*policies: Policy) -> Any:
    """Return a list of attached policies."""
    return listing(AttachedPolicy(each.name, each.arn) for each in policies)


def group_of(name: str, *policies: Policy, **fields: Any) -> Group:
    """Return a group with these policies attached."""
    return replace(group(name), attached_policies=attached(*policies), **fields)


def bounded(*statements: Mapping[str, Any], by: Statements, **facts: Any) -> Snapshot:
    """Return the account of alice with these statements and a permissions boundary of others."""
    boundary = managed("boundary", *by)
    return account(users=[alice(*statements, permissions_boundary=boundary.arn)], policies=[boundary], **facts)


def decided(
    snapshot: Snapshot | User, action: str, session: Session = MFA, resource: str | None = None, name: str = "alice"
) -> Decision:
    """Return the decision on a question; a user alone becomes an account."""
    known = account(users=[snapshot]) if isinstance(snapshot, User) else snapshot
    return can(known, user=name, action=action, session=session, resource=resource).decision
