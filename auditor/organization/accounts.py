"""The accounts of a run, from the list of an organization, with the role that reads each of them.

A run keeps the whole list: an account that is not read stays in it, with the reason.
"""

import re
from collections.abc import Iterable, Mapping, Sequence

from msgspec import Struct, structs

from auditor.collectors.organizations import ACTIVE, Member, Organization
from auditor.errors import UsageError
from auditor.organization.records import Account, State

DEFAULT_ROLE = "OrganizationAccountAccessRole"
"""The role that AWS Organizations creates in every account that it creates; it trusts the management account.

https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_accounts_access.html
"""
EXTERNAL_ID = re.compile(r"[\w+=,.@:/-]{2,1224}", re.ASCII)
"""An external id: https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html"""
EXTERNAL_IDS = "It has 2 to 1,224 letters, digits and +=,.@:/_-."
_PARTITIONS = {"cn": "aws-cn", "us-gov": "aws-us-gov"}
_STATES = {
    "SUSPENDED": State.SUSPENDED,
    "PENDING_ACTIVATION": State.SUSPENDED,
    "PENDING_CLOSURE": State.CLOSED,
    "CLOSED": State.CLOSED,
}
_ROLE = re.compile(r"/?(?:[\x21-\x7e]+/)?(?P<name>[\w+=,.@-]{1,64})", re.ASCII)
_LONGEST_PATH = 512  # characters: https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateRole.html


class Listed(Struct, frozen=True, kw_only=True):
    """Hold the accounts of a run; `listed_by` says in words where the list of them comes from.

    The ids of organization and management account are None unless the list comes from AWS Organizations.
    """

    accounts: tuple[Account, ...]
    listed_by: str
    organization_id: str | None = None
    management_account_id: str | None = None
    partition: str = "aws"
    warnings: tuple[str, ...] = ()


def of_organization(organization: Organization) -> Listed:
    """Return the accounts of an organization; the suspended and closed ones have that state."""
    return Listed(
        accounts=tuple(map(_account, organization.members)),
        listed_by=f"AWS Organizations ({organization.id})",
        organization_id=organization.id,
        management_account_id=organization.management_account_id,
        partition=organization.partition,
        warnings=organization.warnings,
    )


def _account(member: Member) -> Account:
    return Account(
        id=member.id,
        name=member.name,
        email=member.email,
        ou=member.ou,
        tags=dict(member.tags),
        state=state_of(member.state),
        detail=None if member.state == ACTIVE else member.state,
    )


def state_of(aws_state: str | None) -> State | None:
    """Return our state for AWS's state of an account; None for an active account and for an unknown state."""
    return _STATES.get(aws_state or ACTIVE)


def with_roles(
    accounts: Iterable[Account],
    role: str | None,
    partition: str,
    *,
    external_id: str | None = None,
    read_as: Mapping[str, str | None] | None = None,
) -> Sequence[Account]:
    """Return the accounts with the role that reads each of them; roles and external ids in the list take precedence.

    `role` is a name, by default DEFAULT_ROLE, and may have a path ("audit/iam-audit"). `read_as` maps account ids to
    other role ARNs, or to None to use the caller's own credentials. Raises UsageError for an invalid role name.
    """
    path = role_path(role if role is not None else DEFAULT_ROLE)
    others = read_as or {}

    def completed(account: Account) -> Account:
        if account.state is not None or account.source is not None or account.id is None:
            return account
        arn = account.role_arn or others.get(account.id, role_arn(account.id, path, partition))
        own_id = account.external_id or external_id
        return structs.replace(account, role_arn=arn, external_id=own_id if arn else None)

    return [completed(account) for account in accounts]


def partition_of(region: str | None) -> str:
    """Return the partition of an AWS Region; without a Region "aws", where most accounts are."""
    return next((name for start, name in _PARTITIONS.items() if (region or "").startswith(f"{start}-")), "aws")


def role_arn(account_id: str, path: str, partition: str) -> str:
    """Return the ARN of a role in an account; `path` is the name of the role, or its path and name."""
    return f"arn:{partition}:iam::{account_id}:role/{path}"


def role_path(role: str) -> str:
    """Return the path and name of a role as they stand in its ARN; raise UsageError for an invalid role name."""
    path = role.removeprefix("/")
    if role.startswith("arn:"):
        problem = f"--role-name {role!r} is an ARN"
        raise UsageError(problem, "Give the name alone: it is the same in every account. --accounts may hold ARNs.")
    if _ROLE.fullmatch(role) is None or "//" in role or len(path) > _LONGEST_PATH:
        problem = f"--role-name {role!r} is no name of a role"
        raise UsageError(problem, "A name has up to 64 letters, digits and +=,.@_-, and may follow a path: audit/NAME.")
    return path
