"""AWS Organizations' answers, and the list of an organization's accounts that they make up.

https://docs.aws.amazon.com/organizations/latest/APIReference/API_Account.html
https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_accounts_account_state.html
"""

from collections.abc import Mapping

from msgspec import Struct

ACTIVE = "ACTIVE"
STATES = (ACTIVE, "SUSPENDED", "PENDING_CLOSURE", "CLOSED", "PENDING_ACTIVATION")
"""AWS's words for the state of an account; audits are of active ones."""


READS = (
    "organizations:DescribeAccount",
    "organizations:DescribeOrganization",
    "organizations:ListAccounts",
    "organizations:ListAccountsForParent",
    "organizations:ListOrganizationalUnitsForParent",
    "organizations:ListRoots",
    "organizations:ListTagsForResource",
)
"""The IAM actions that reading the list of an organization takes."""


class AccountAnswer(Struct, rename="pascal"):
    """AWS's Account; `status` is the retired field, `paths` lead from the organization to the account by ids."""

    id: str
    name: str = ""
    email: str | None = None
    state: str | None = None
    status: str | None = None
    paths: tuple[str, ...] = ()


class AccountsPage(Struct, rename="pascal"):
    """A page of ListAccounts or ListAccountsForParent, and what the AWS CLI writes of the first."""

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
    """AWS's Organization, as far as it is kept."""

    id: str
    master_account_id: str


class OrganizationAnswer(Struct, rename="pascal"):
    """AWS's answer of DescribeOrganization."""

    organization: OrganizationDetail


class Member(Struct, frozen=True, kw_only=True):
    """Hold what AWS Organizations says of an account.

    `state` is AWS's word, None where it said none; `ou` is the path of units by name, from the root on, empty where it
    could not be read; `tags` are empty where they were not asked for.
    """

    id: str
    name: str
    email: str | None
    state: str | None
    ou: str
    tags: Mapping[str, str] = {}


class Organization(Struct, frozen=True, kw_only=True):
    """Hold the list of all accounts of an organization, whatever their state, and what its reader has to say of it."""

    id: str
    management_account_id: str
    partition: str
    members: tuple[Member, ...]
    warnings: tuple[str, ...]


def state_of(account: AccountAnswer) -> str | None:
    """Return AWS's word for the state of an account, from the retired field where the other is not given."""
    return account.state or account.status
