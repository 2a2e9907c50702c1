"""Reads the list of an organization's accounts, filters it, and adds the role that reads each account."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from msgspec import structs

from auditor.organization.accounts import (
    DEFAULT_ROLE,
    Listed,
    of_organization,
    role_arn,
    role_path,
    state_of,
    with_roles,
)
from auditor.organization.choosing import chosen, needs_tags
from auditor.organization.records import State

Say = Callable[[str], object]


def listed_by_aws(
    connection: Any,
    *,
    role: str | None = None,
    external_id: str | None = None,
    management_role: str | None = None,
    include: Sequence[str] = (),
    exclude: Sequence[str] = (),
    say: Say = lambda _: None,
) -> Listed:
    """Return the accounts of the organization that a connection lists.

    The connection's own account may lack the role, because service-managed StackSets deploy nothing to the management
    account. It is read with `management_role` if that role was assumed for the list, otherwise with the caller's own
    credentials if the role cannot be assumed. `say` receives progress messages.
    Raises SourceError as `read_organization` does, and UsageError for a wrong filter or role.
    """
    from auditor.collectors.live.organization import read_organization  # boto3: 380 ms

    path = role_path(role if role is not None else DEFAULT_ROLE)
    found = of_organization(read_organization(connection, tags=needs_tags([*include, *exclude]), say=say))
    accounts = chosen(found.accounts, include, exclude)
    own = connection.caller.account_id
    read_as: Mapping[str, str | None] = {}
    if any(account.id == own and account.state is None for account in accounts):
        read_as = _own(connection, role_arn(own, path, found.partition), external_id, management_role, say)
    ready = with_roles(accounts, path, found.partition, external_id=external_id, read_as=read_as)
    return structs.replace(found, accounts=tuple(ready))


def _own(
    connection: Any, arn: str, external_id: str | None, management_role: str | None, say: Say
) -> Mapping[str, str | None]:
    """Return the role for the connection's own account, None for no role; empty if the role `arn` is to be used."""
    from auditor.collectors.live.organization import assumable

    own = connection.caller.account_id
    if management_role is not None:
        return {own: management_role}
    code = assumable(connection, arn, external_id)
    if code is None:
        return {}
    say(f"Account {own} is read with the caller's own credentials: {arn} could not be assumed ({code})")
    return {own: None}


def state_now(connection: Any, account_id: str) -> tuple[State, str] | None:
    """Return the state of an account that is no longer active, with AWS's own name for it.

    Returns None for an active account, and if AWS does not report the state.
    """
    from auditor.collectors.live.organization import account_state

    aws_state = account_state(connection, account_id)
    state = state_of(aws_state)
    return None if state is None or aws_state is None else (state, aws_state)
