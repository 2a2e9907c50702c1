"""What publishing a report does: which findings are new, updated, taken back, or left as they are, and what failed."""

from typing import Any, Literal

from msgspec import Struct

from auditor.account.sources import Time


class Held(Struct, frozen=True):
    """Name a finding that stays as it is in Security Hub, because the report does not prove that it is resolved."""

    id: str
    config_rule_name: str
    resource_name: str
    reason: str


class Failed(Struct, frozen=True):
    """Name a finding that AWS did not take, with its error."""

    id: str
    error_code: str
    message: str


class Counts(Struct, frozen=True):
    """Count findings: those new to Security Hub, updated, resolved by proof, set aside by a suppression, archived.

    `resolved` failed before and are in order now; `archived` are not in the report, which proves that they are gone.
    """

    new: int = 0
    updated: int = 0
    resolved: int = 0
    set_aside: int = 0
    archived: int = 0

    @property
    def total(self) -> int:
        """Return how many findings are sent."""
        return self.new + self.updated + self.resolved + self.set_aside + self.archived


class Chosen(Struct, frozen=True):
    """Hold the findings to be imported, in Security Hub's format, and those that are left as they are."""

    findings: tuple[dict[str, Any], ...]
    counts: Counts
    held: tuple[Held, ...]


class Sent(Struct, frozen=True):
    """Hold how many findings AWS took, which it did not, and why sending ended early, if it did."""

    imported: int = 0
    failed: tuple[Failed, ...] = ()
    unsent: int = 0
    stopped: str | None = None


class Publication(Struct, frozen=True, kw_only=True):
    """Hold what was done, or, where `applied` is false, what would be; the fields are those of the JSON.

    `captured_at` is when the report's account was captured. `counts` are of the findings that are sent, `held` those
    that stay as they are, and `sent` says what AWS took of them.
    """

    format: Literal["iam-audit-publication"] = "iam-audit-publication"
    version: Literal[1] = 1
    account_id: str
    region: str
    captured_at: Time | None
    applied: bool
    counts: Counts
    held: tuple[Held, ...]
    sent: Sent
