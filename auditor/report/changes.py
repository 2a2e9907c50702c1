"""The terms of comparisons: what may become of a finding, why that is not known, and what else differs.

Reports that were held against a baseline and diffs have them in common.
"""

from enum import StrEnum
from typing import Any

from msgspec import Struct

from auditor.account.kinds import ResourceType
from auditor.account.sources import Time


class Outcome(StrEnum):
    """Name what became of a finding that was NON_COMPLIANT; SUPPRESSED: it still is, and an exception sets it aside."""

    UNCHANGED = "unchanged"
    SUPPRESSED = "suppressed"
    RESOLVED = "resolved"
    NOT_SEEN = "not_seen"


class Unproven(StrEnum):
    """Name why it is not known whether a finding still holds."""

    RULE_NOT_RUN = "rule_not_run"
    TYPE_LEFT_OUT = "type_left_out"
    OTHER_REGION = "other_region"
    UNDECIDED = "undecided"
    SOURCE_INCOMPLETE = "source_incomplete"
    RENAMED = "renamed"
    ID_UNKNOWN = "id_unknown"


REASONS = {
    Unproven.RULE_NOT_RUN: "the rule did not run",
    Unproven.TYPE_LEFT_OUT: "the rule leaves out this type of resource now",
    Unproven.OTHER_REGION: "another Region was read",
    Unproven.UNDECIDED: "the finding has INSUFFICIENT_DATA now",
    Unproven.SOURCE_INCOMPLETE: "what the rule reads was not read completely",
    Unproven.RENAMED: "the resource has another name or path now",
    Unproven.ID_UNKNOWN: "the unique id of the resource is unknown on one side",
}
"""Why it is not known whether a finding still holds, for people."""


class DifferenceKind(StrEnum):
    """Name what differs between two reports."""

    ORDER = "order"
    PLANNED_CHANGE = "planned_change"
    TOOL = "tool"
    RULE = "rule"
    PARAMETER = "parameter"
    SEVERITY = "severity"
    RESOURCE_TYPES = "resource_types"
    CONFIGURATION = "configuration"
    SOURCE = "source"


class Difference(Struct, frozen=True):
    """Hold one difference: what it is about, and the value (JSON) on each side, null where there is none."""

    kind: DifferenceKind
    subject: str
    old: Any
    new: Any


class Entry(Struct, frozen=True):
    """Hold what identifies a NON_COMPLIANT finding: as much as a baseline keeps of it."""

    fingerprint: str
    resource_id: str | None
    config_rule_name: str
    resource_type: ResourceType
    resource_name: str
    region: str | None


class IdleEntry(Struct, frozen=True):
    """Hold an entry of a baseline that forgives nothing, what became of its finding, and why that is not known."""

    entry: Entry
    outcome: Outcome
    reason: Unproven | None


class BaselineSummary(Struct, frozen=True):
    """Hold what a baseline did to a report: how many findings are known from it, and which entries forgive nothing.

    `stale` are the entries whose finding is resolved: they can go. `idle` are the others that match nothing: their
    finding is suppressed, or was not seen. `differences` say what was asked otherwise when the baseline was made.
    """

    file: str
    captured_at: Time | None
    entries: int
    known: int
    stale: tuple[IdleEntry, ...]
    idle: tuple[IdleEntry, ...]
    differences: tuple[Difference, ...]
