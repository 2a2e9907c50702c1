"""The steps of a planned change: what it creates, updates, deletes, connects, and leaves in doubt."""

from collections.abc import Callable, Mapping
from enum import IntEnum, StrEnum
from typing import Any

from msgspec import Struct

from auditor.account.model import Snapshot
from auditor.change.values import Target, Text, Unknown


class Action(StrEnum):
    """Name what happens to a resource; KEEP: the change knows it and leaves it as it is."""

    CREATE = "create"
    UPDATE = "update"
    DELETE = "delete"
    KEEP = "keep"


class Phase(IntEnum):
    """Order the steps of a change; what is removed goes first, what excludes others comes last."""

    REMOVE = 0
    DELETE = 1
    UPDATE = 2
    CREATE = 3
    SETTLE = 4
    CONNECT = 5
    EXCLUDE = 6
    DOUBT = 7


class Step(Struct, frozen=True, kw_only=True):
    """Hold one step; `address` names the resource of the plan or template behind it, `line` where it stands.

    `file` is where it stands, None for the file of the change. `maybe` says why nobody knows whether the step is done
    at all; None where it is.
    """

    address: str
    file: str | None = None
    line: int | None = None
    maybe: str | None = None

    @property
    def phase(self) -> Phase:
        """Return when the step is done."""
        return Phase.CONNECT


class Entity(Step, frozen=True, kw_only=True):
    """Create, update or delete a resource that a snapshot lists.

    `fields` are fields of its record; those that are left out of an update stay. `old_name` is the name before.
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
        """Return when the step is done."""
        return {Action.CREATE: Phase.CREATE, Action.DELETE: Phase.DELETE}.get(self.action, Phase.UPDATE)


class Link(Step, frozen=True, kw_only=True):
    """Put an item into a list of a user, group or role, or take it out.

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
        """Return when the step is done."""
        return Phase.CONNECT if self.adds else Phase.REMOVE


class Exclusive(Step, frozen=True, kw_only=True):
    """Leave only these items in a list of a user, group or role; `completes`: those that are missing are added.

    `early`: a role does so when it is made or changed, before other resources add to it.
    """

    field: str
    holder: Target
    items: tuple[Text, ...] | Unknown
    completes: bool
    early: bool = False

    @property
    def phase(self) -> Phase:
        """Return when the step is done."""
        return Phase.SETTLE if self.early else Phase.EXCLUDE


class Credential(Step, frozen=True, kw_only=True):
    """Set columns of a user's credentials; a column of None is not known any more."""

    holder: Target
    columns: Mapping[str, Any]
    what: str


class ServiceCredentials(Step, frozen=True, kw_only=True):
    """Leave the service-specific credentials of a user in doubt: which there are is known only after the change."""

    holder: Target


class AccountFact(Step, frozen=True, kw_only=True):
    """Set a fact of the account: its password policy, as a mapping of fields, or None where it is deleted."""

    field: str
    value: Any


class Doubt(Step, frozen=True, kw_only=True):
    """Leave in doubt what a resource touches: these lists of these holders, or whole lists where nobody is named.

    `keep`: what the lists of a holder hold is still there, and more may come.
    """

    why: str
    holders: tuple[Target, ...] = ()
    fields: tuple[str, ...] = ("group_names", "inline_policies", "attached_policies")
    listings: tuple[str, ...] = ()
    facts: tuple[str, ...] = ()
    keep: bool = False

    @property
    def phase(self) -> Phase:
        """Return when the step is done."""
        return Phase.DOUBT


class Change(Struct, frozen=True, kw_only=True):
    """Hold what one plan or template does: its steps, what is to be said of it, and its sensitive texts.

    `by_default`: it leaves out a resource of IAM only because of a default, which another value may change.
    """

    file: str
    steps: tuple[Step, ...]
    notes: tuple[str, ...] = ()
    secrets: frozenset[str] = frozenset()
    by_default: bool = False


Opened = Callable[[Snapshot], Change]
"""The function from today's account to the change that a file makes to it."""
