"""The organization: every account that AWS Organizations lists; an incomplete list is an error.

An audit of the organization is based on this list: an account that is missing in it is missing everywhere.
https://docs.aws.amazon.com/organizations/latest/APIReference/API_ListAccounts.html
https://docs.aws.amazon.com/organizations/latest/APIReference/API_ListTagsForResource.html
"""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, TypeVar

from msgspec import convert

from auditor.collectors.answers import DENIED_CODES, prepare
from auditor.collectors.live.asking_again import answered, holding
from auditor.collectors.live.one_by_one import one_by_one
from auditor.collectors.live.pages import Sleep, pages
from auditor.collectors.live.refusals import FAULTS, NoEndError, OvertimeError, ended, error_code
from auditor.collectors.live.session import SESSION_NAME, Connection
from auditor.collectors.live.side_by_side import Deadline
from auditor.collectors.organizations import (
    STATES,
    AccountAnswer,
    AccountsPage,
    Member,
    Organization,
    OrganizationAnswer,
    OrganizationDetail,
    RootsPage,
    TagsPage,
    UnitAnswer,
    UnitsPage,
    state_of,
)
from auditor.errors import SourceError
from auditor.redaction import first_sentence

P = TypeVar("P")
Say = Callable[[str], object]
"""A function that is called with a message before calls whose number grows with the number of accounts."""

DEFAULT_TIMEOUT_S = 1800.0
_NOT_IN_USE = "AWSOrganizationsNotInUseException"
_WHO_MAY = (
    "Only the management account and delegated administrators may list accounts: use credentials of one, or name a "
    "role there with --management-role."
)
_AGAIN = "Try again later; nothing was audited, because half a list would look like the whole."


def read_organization(
    connection: Connection,
    *,
    tags: bool = False,
    timeout_s: float = DEFAULT_TIMEOUT_S,
    timer: Callable[[], float] = time.monotonic,
    sleep: Sleep = time.sleep,
    say: Say = lambda _: None,
) -> Organization:
    """Return the organization with all its accounts, also closed ones, and their tags only if `tags` is true.

    Raises SourceError if the list could not be read completely; it names the IAM action to grant if access was denied.
    Organizational units whose names cannot be read are named by their ids, with a warning.
    """
    return _Reader(connection, Deadline(timer, timeout_s), sleep, say).organization(tags=tags)


def assumable(connection: Connection, role_arn: str, external_id: str | None = None) -> str | None:
    """Return None if the caller can assume a role, otherwise AWS's error code."""
    more = {} if external_id is None else {"ExternalId": external_id}
    try:
        connection.client("sts").assume_role(RoleArn=role_arn, RoleSessionName=SESSION_NAME, **more)
    except FAULTS as error:
        return error_code(error)
    return None


def account_state(connection: Connection, account_id: str) -> str | None:
    """Return AWS's name for the current state of an account, None if it is unknown."""
    request = holding(connection.client("organizations").describe_account, "Account")
    try:
        return state_of(convert(request(AccountId=account_id)["Account"], AccountAnswer))
    except FAULTS:
        return None


class _Reader:
    """Read an organization with calls to AWS Organizations."""

    def __init__(self, connection: Connection, deadline: Deadline, sleep: Sleep, say: Say) -> None:
        self._caller = connection.caller
        self._client: Any = connection.client("organizations")
        self._deadline = deadline
        self._sleep = sleep
        self._say = say
        self._warnings: list[str] = []

    def organization(self, *, tags: bool) -> Organization:
        """Return the organization."""
        described = self._described()
        accounts = self._accounts()
        if described.master_account_id not in accounts:
            problem = f"the list of accounts lacks the management account, {described.master_account_id}"
            raise SourceError(f"{problem}, so that others may be missing too", _AGAIN)
        self._check_states(accounts.values())
        places = self._places(accounts.values())
        tagged = self._tags(_active(accounts.values())) if tags else {}
        members = (_member(each, places.get(each.id, ""), tagged.get(each.id, {})) for each in accounts.values())
        return Organization(
            id=described.id,
            management_account_id=described.master_account_id,
            partition=self._caller.partition,
            members=tuple(sorted(members, key=lambda member: member.id)),
            warnings=tuple(self._warnings),
        )

    def _described(self) -> OrganizationDetail:
        request = holding(self._client.describe_organization, "Organization")
        try:
            return convert(answered(request, self._sleep), OrganizationAnswer).organization
        except FAULTS as error:
            raise self._failed("the organization", "DescribeOrganization", error) from error

    def _accounts(self) -> dict[str, AccountAnswer]:
        """Return all accounts by id; a list that changes while it is read may contain one twice."""
        found: dict[str, AccountAnswer] = {}
        try:
            for page in self._pages("list_accounts", "Accounts", AccountsPage):
                found |= {account.id: account for account in page.accounts}
        except FAULTS as error:
            raise self._failed("the list of accounts", "ListAccounts", error, len(found)) from error
        return found

    def _pages(self, call: str, key: str, page_type: type[P], **given: str) -> Iterator[P]:
        request = partial(holding(getattr(self._client, call), key), **given)
        return pages(
            request, page_type, self._deadline, self._sleep, place="NextToken", next_place=lambda page: page.next_token
        )

    def _failed(self, what: str, call: str, error: Exception, read: int = 0) -> SourceError:
        """Return the error for a list that could not be read completely; the part that was read is not used."""
        action, code = f"organizations:{call}", error_code(error)
        so_far = f" after {read:,} of its accounts" if read else ""
        if code == _NOT_IN_USE:
            problem = f"account {self._caller.account_id} is in no organization"
            return SourceError(problem, "Use credentials of the organization's, or list the accounts in a file.")
        if code in DENIED_CODES:
            problem = f"{what} could not be read{so_far}: AWS refused {action} ({code})"
            return SourceError(problem, f"Grant {action} to {self._caller.arn}. {_WHO_MAY}")
        if ended(error):
            problem = f"{what} could not be read{so_far}: the credentials have ended ({code})"
            return SourceError(problem, "Get new ones, and start again.")
        return SourceError(f"{what} could not be read{so_far}: {action}: {_reason(error, code)}", _AGAIN)

    def _check_states(self, accounts: Iterable[AccountAnswer]) -> None:
        """Add warnings for accounts without a state, with a state in the retired field only, or an unknown state."""
        lacking = [account for account in accounts if account.state is None]
        older = sum(account.status is not None for account in lacking)
        if older:
            self._warnings.append(
                f"AWS gave no State of {_accounts(older)}; the retired Status was used, which knows no closed accounts"
            )
        if len(lacking) > older:
            self._warnings.append(f"AWS gave no state of {_accounts(len(lacking) - older)}, which count as active")
        for word in sorted({state for account in accounts if (state := state_of(account))} - set(STATES)):
            self._warnings.append(f"AWS gave the state {word!r}, which is not known here; it counts as active")

    def _places(self, accounts: Iterable[AccountAnswer]) -> Mapping[str, str]:
        """Return the path of organizational units of each account, by account id; add a warning if it is incomplete."""
        by_ids = {account.id: _ids(account.paths) for account in accounts}
        try:
            if all(by_ids.values()):
                return self._named(by_ids)
            return dict(self._walked())
        except _WalkError as failed:
            self._warnings.append(f"{failed}; organizational units are shown by id or not at all")
            return {account: "/".join(ids) for account, ids in by_ids.items()}

    def _named(self, by_ids: Mapping[str, Sequence[str]]) -> Mapping[str, str]:
        """Return paths by name; units below a unit are read only if there are accounts below them."""
        names = {root.id: root.name for root in self._roots()}
        parents = {parent for ids in by_ids.values() for parent in ids[:-1]}
        for parent in sorted(parents):
            names |= {unit.id: unit.name for unit in self._units(parent)}
        return {account: "/".join(names.get(id_, id_) for id_ in ids) for account, ids in by_ids.items()}

    def _walked(self) -> Iterator[tuple[str, str]]:
        """Yield accounts with their paths, by walking the tree from the root; used if AWS returned no Paths."""
        left = [(root.id, root.name) for root in self._roots()]
        while left:
            parent, path = left.pop()
            yield from ((account, path) for account in self._below(parent))
            left += [(unit.id, f"{path}/{unit.name}") for unit in self._units(parent)]

    def _roots(self) -> list[UnitAnswer]:
        found = self._walk("ListRoots", "list_roots", "Roots", RootsPage)
        return [root for page in found for root in page.roots]

    def _units(self, parent: str) -> list[UnitAnswer]:
        call = "ListOrganizationalUnitsForParent"
        request = "list_organizational_units_for_parent"
        found = self._walk(call, request, "OrganizationalUnits", UnitsPage, ParentId=parent)
        return [unit for page in found for unit in page.organizational_units]

    def _below(self, parent: str) -> list[str]:
        request = "list_accounts_for_parent"
        found = self._walk("ListAccountsForParent", request, "Accounts", AccountsPage, ParentId=parent)
        return [account.id for page in found for account in page.accounts]

    def _walk(self, action: str, call: str, key: str, page_type: type[P], **given: str) -> list[P]:
        try:
            return list(self._pages(call, key, page_type, **given))
        except FAULTS as error:
            code = error_code(error)
            raise _WalkError(f"organizations:{action} failed ({code})") from error

    def _tags(self, accounts: Sequence[str]) -> Mapping[str, Mapping[str, str]]:
        """Return the tags of all accounts, or raise: choosing accounts by tags needs the tags of all."""
        self._say(f"Reading the tags of {_accounts(len(accounts))} ({len(accounts):,} ListTagsForResource calls)")
        prepare((TagsPage,))
        read = one_by_one(accounts, self._tags_of, self._deadline)
        error = next(iter(read.errors.values()), None)
        if error is None and read.unread:
            error = OvertimeError(self._deadline.timeout_s)
        if error is not None:
            raise self._failed("the tags of accounts", "ListTagsForResource", error) from error
        return read.answers

    def _tags_of(self, account: str) -> Mapping[str, str]:
        found = self._pages("list_tags_for_resource", "Tags", TagsPage, ResourceId=account)
        return {tag.key: tag.value for page in found for tag in page.tags}


class _WalkError(Exception):
    """Raised if the tree of organizational units cannot be read."""


def _reason(error: Exception, code: str) -> str:
    if isinstance(error, NoEndError):
        return "AWS does not say how the list goes on"
    if isinstance(error, OvertimeError):
        return f"not within {error.timeout_s:,g} s"
    return f"{code}: {first_sentence(str(error))}"


def _accounts(count: int) -> str:
    return f"{count:,} account{'' if count == 1 else 's'}"


def _active(accounts: Iterable[AccountAnswer]) -> Sequence[str]:
    return [account.id for account in accounts if state_of(account) not in STATES[1:]]


def _ids(paths: Sequence[str]) -> Sequence[str]:
    """Return the ids of root and units in the path of an account: "o-1/r-1/ou-1/123456789012/" has two."""
    return [part for part in (paths[0].split("/") if paths else ()) if part.startswith(("r-", "ou-"))]


def _member(account: AccountAnswer, ou: str, tags: Mapping[str, str]) -> Member:
    return Member(
        id=account.id, name=account.name, email=account.email, state=state_of(account), ou=ou, tags=dict(tags)
    )
