"""Lists the accounts of an organization run: from AWS Organizations, from a file, or from stored snapshots."""

from typing import Any

from msgspec import structs

from auditor.console.messages import Say
from auditor.console.requests import AccountsChoice
from auditor.errors import UsageError
from auditor.organization.accounts import Listed, with_roles
from auditor.organization.accounts_file import read_accounts_file
from auditor.organization.choosing import chosen
from auditor.organization.listing import listed_by_aws
from auditor.organization.stored_accounts import read_stored

_PLACES = {"organization": "--organization", "accounts_file": "--accounts", "snapshots": "--snapshots"}
_ONLY_LIVE = ("role_name", "external_id", "management_role", "chain_roles", "profile")
_OF_THE_LIST = (*_ONLY_LIVE, "region", "only", "left_out")


def check_choice(which: AccountsChoice, *, resumed: bool) -> None:
    """Raise UsageError for options that exclude each other, or that need another one."""
    places = [option for name, option in _PLACES.items() if getattr(which, name)]
    if resumed:
        others = [*places, *(_option(name) for name in _OF_THE_LIST if getattr(which, name))]
        if others:
            raise UsageError(f"{others[0]} cannot be used with --resume", "A run keeps the list that it began with.")
        return
    if len(places) != 1:
        problem = f"{' and '.join(places)} exclude each other" if places else "no accounts are named"
        raise UsageError(problem, "Give one of --organization, --accounts FILE and --snapshots DIR.")
    if which.snapshots and (live := [_option(name) for name in _ONLY_LIVE if getattr(which, name)]):
        raise UsageError(f"{live[0]} is for reading AWS, and --snapshots reads files", "Leave it out.")
    if which.management_role and not which.organization:
        raise UsageError("--management-role can only be used with --organization", "Leave it out.")
    if which.chain_roles and not which.management_role:
        hint = "Name the role with --management-role, or let a profile of ~/.aws/config assume it, and give --profile."
        raise UsageError("--chain-roles needs --management-role", hint)


def listed(which: AccountsChoice, say: Say) -> Listed:
    """Return the accounts that the options name, including those that a filter leaves out.

    Raises SourceError for a list that cannot be read, and UsageError for a wrong filter or role.
    """
    if which.organization:
        return _of_organization(which, say)
    if which.snapshots:
        found = read_stored(which.snapshots)
        return structs.replace(found, accounts=chosen(found.accounts, which.only, which.left_out))
    found = read_accounts_file(str(which.accounts_file), which.region)
    accounts = chosen(found.accounts, which.only, which.left_out)
    ready = with_roles(accounts, which.role_name, found.partition, external_id=which.external_id)
    return structs.replace(found, accounts=tuple(ready))


def _of_organization(which: AccountsChoice, say: Say) -> Listed:
    connection = management(which.profile, which.region, which.management_role)
    say(f"Listing the accounts of the organization as {connection.caller.arn}")
    return listed_by_aws(
        connection,
        role=which.role_name,
        external_id=which.external_id,
        management_role=which.management_role,
        include=which.only,
        exclude=which.left_out,
        say=say,
    )


def management(profile: str | None, region: str | None, role: str | None) -> Any:
    """Return a connection to the account that lists the organization; raise AuditError if it cannot be reached."""
    from auditor.collectors.live.session import LiveOptions, connect  # boto3: 380 ms

    return connect(LiveOptions(profile=profile, region=region, role_arn=role), ask_code=None)


_NAMES = {"only": "--include", "left_out": "--exclude"}


def _option(name: str) -> str:
    return _NAMES.get(name, f"--{name.replace('_', '-')}")
