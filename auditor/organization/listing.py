"""The list of an organization's accounts as a run needs it: read, filtered, each with the role that opens it."""

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

    The account that the connection is in may lack the role: service-managed StackSets deploy nothing to the management
    account. It is read by `management_role` where that was assumed to list, and otherwise by the caller's own
    credentials if the role there cannot be assumed. Raises SourceError as `read_organization` does, and UsageError for
    a wrong filter or role.
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
    """Return by what the account of the connection is read, if that is not the role."""
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
    """Return the state of an account that is not active any more, with AWS's word for it.

    None for an active account, and where AWS does not say.
    """
    from auditor.collectors.live.organization import account_state

    word = account_state(connection, account_id)
    state = state_of(word)
    return None if state is None or word is None else (state, word)
