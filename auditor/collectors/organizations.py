"""AWS Organizations' responses, and the list of an organization's accounts that is made from them.

https://docs.aws.amazon.com/organizations/latest/APIReference/API_Account.html
https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_accounts_account_state.html
"""

from collections.abc import Mapping

from msgspec import Struct

ACTIVE = "ACTIVE"
STATES = (ACTIVE, "SUSPENDED", "PENDING_CLOSURE", "CLOSED", "PENDING_ACTIVATION")
"""AWS's names for the state of an account; only active accounts are audited."""


READS = (
    "organizations:DescribeAccount",
    "organizations:DescribeOrganization",
    "organizations:ListAccounts",
    "organizations:ListAccountsForParent",
    "organizations:ListOrganizationalUnitsForParent",
    "organizations:ListRoots",
    "organizations:ListTagsForResource",
)
"""The IAM actions that reading the list of an organization needs."""


class AccountAnswer(Struct, rename="pascal"):
    """AWS's Account; `status` is the retired field, `paths` have the ids from the organization down to the account."""

    id: str
    name: str = ""
    email: str | None = None
    state: str | None = None
    status: str | None = None
    paths: tuple[str, ...] = ()


class AccountsPage(Struct, rename="pascal"):
    """A page of ListAccounts or ListAccountsForParent, or the AWS CLI's output of list-accounts."""

    accounts: list[AccountAnswer]
    next_token: str | None = None


class UnitAnswer(Struct, rename="pascal"):
    """AWS's OrganizationalUnit, or Root."""

    id: str
    name: str


class RootsPage(Struct, rename="pascal"):
    """A page of ListRoots."""

    roots: list[UnitAnswer]
    next_token: str | None = None


class UnitsPage(Struct, rename="pascal"):
    """A page of ListOrganizationalUnitsForParent."""

    organizational_units: list[UnitAnswer]
    next_token: str | None = None


class TagAnswer(Struct, rename="pascal"):
    """AWS's Tag."""

    key: str
    value: str


class TagsPage(Struct, rename="pascal"):
    """A page of ListTagsForResource."""

    tags: list[TagAnswer]
    next_token: str | None = None


class OrganizationDetail(Struct, rename="pascal"):
    """AWS's Organization; other keys are not kept."""

    id: str
    master_account_id: str


class OrganizationAnswer(Struct, rename="pascal"):
    """AWS's response to DescribeOrganization."""

    organization: OrganizationDetail


class Member(Struct, frozen=True, kw_only=True):
    """Hold an account as AWS Organizations describes it.

    `state` is AWS's name for it, or None; `ou` is the path of organizational units by name, from the root on, or "" if
    it could not be read; `tags` are empty if they were not requested.
    """

    id: str
    name: str
    email: str | None
    state: str | None
    ou: str
    tags: Mapping[str, str] = {}


class Organization(Struct, frozen=True, kw_only=True):
    """Hold the list of all accounts of an organization, in any state, and the warnings from reading it."""

    id: str
    management_account_id: str
    partition: str
    members: tuple[Member, ...]
    warnings: tuple[str, ...]


def state_of(account: AccountAnswer) -> str | None:
    """Return AWS's name for the state of an account; from the retired field if the current one is missing."""
    return account.state or account.status
