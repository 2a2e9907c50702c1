"""The steps of a planned change: what it creates, updates, deletes, connects, and makes unknown."""

from collections.abc import Callable, Mapping
from enum import IntEnum, StrEnum
from typing import Any

from msgspec import Struct

from auditor.account.model import Snapshot
from auditor.change.values import Target, Text, Unknown


class Action(StrEnum):
    """Name what happens to a resource; KEEP: the change contains it and does not modify it."""

    CREATE = "create"
    UPDATE = "update"
    DELETE = "delete"
    KEEP = "keep"


class Phase(IntEnum):
    """Order the steps of a change: removals are first, exclusive lists are near the end."""

    REMOVE = 0
    DELETE = 1
    UPDATE = 2
    CREATE = 3
    SETTLE = 4
    CONNECT = 5
    EXCLUDE = 6
    DOUBT = 7


class Step(Struct, frozen=True, kw_only=True):
    """Hold one step; `address` names its resource in the plan or template, `line` is its line number.

    `file` is the file with that line, None for the file of the change. `maybe` is the reason why it is unknown whether
    the step happens, None if it certainly happens.
    """

    address: str
    file: str | None = None
    line: int | None = None
    maybe: str | None = None

    @property
    def phase(self) -> Phase:
        """Return when the step is applied."""
        return Phase.CONNECT


class Entity(Step, frozen=True, kw_only=True):
    """Create, update or delete a resource that a snapshot lists.

    `fields` has fields of its record; an update does not change the others. `old_name` is the name before the change.
    `may_exist`: if the account has a resource of this name, that one is updated.
    """

    action: Action
    listing: str
    name: Text
    old_name: str | None = None
    fields: Mapping[str, Any] = {}
    may_exist: bool = False

    @property
    def phase(self) -> Phase:
        """Return when the step is applied."""
        return {Action.CREATE: Phase.CREATE, Action.DELETE: Phase.DELETE}.get(self.action, Phase.UPDATE)


class Link(Step, frozen=True, kw_only=True):
    """Add an item to a list of a user, group or role, or remove it.

    `field` is group_names, attached_policies, inline_policies or instance_profile_names; the item is the name of a
    group or inline policy, or the ARN of a managed policy. `document` is the text of an inline policy. An inline policy
    that is known only by its document has no name.
    """

    field: str
    holder: Target
    item: Text
    adds: bool = True
    document: Any = None

    @property
    def phase(self) -> Phase:
        """Return when the step is applied."""
        return Phase.CONNECT if self.adds else Phase.REMOVE


class Exclusive(Step, frozen=True, kw_only=True):
    """Remove all other items from a list of a user, group or role; `completes`: items that are missing are added.

    `early`: applied when a role is created or updated, before other resources add items.
    """

    field: str
    holder: Target
    items: tuple[Text, ...] | Unknown
    completes: bool
    early: bool = False

    @property
    def phase(self) -> Phase:
        """Return when the step is applied."""
        return Phase.SETTLE if self.early else Phase.EXCLUDE


class Credential(Step, frozen=True, kw_only=True):
    """Set columns of a user's credentials; the value None makes a column unknown."""

    holder: Target
    columns: Mapping[str, Any]
    what: str


class ServiceCredentials(Step, frozen=True, kw_only=True):
    """Make the service-specific credentials of a user unknown until the change is applied."""

    holder: Target


class AccountFact(Step, frozen=True, kw_only=True):
    """Set a fact of the account: its password policy, as a mapping of fields, or None if it is deleted."""

    field: str
    value: Any


class Doubt(Step, frozen=True, kw_only=True):
    """Make unknown what a resource may change: these lists of these holders, or whole lists of the snapshot.

    `keep`: the items of a holder's lists are still there, and there may be more.
    """

    why: str
    holders: tuple[Target, ...] = ()
    fields: tuple[str, ...] = ("group_names", "inline_policies", "attached_policies")
    listings: tuple[str, ...] = ()
    facts: tuple[str, ...] = ()
    keep: bool = False

    @property
    def phase(self) -> Phase:
        """Return when the step is applied."""
        return Phase.DOUBT


class Change(Struct, frozen=True, kw_only=True):
    """Hold what one plan or template does: its steps, its warnings, and its sensitive texts.

    `by_default`: only the default of a parameter makes it leave out a resource of IAM; another value may include it.
    """

    file: str
    steps: tuple[Step, ...]
    notes: tuple[str, ...] = ()
    secrets: frozenset[str] = frozenset()
    by_default: bool = False


Opened = Callable[[Snapshot], Change]
"""A function that returns the change that a file makes to the given account."""
