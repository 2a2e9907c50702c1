"""Types for comparisons: what can happen to a finding, why that may be unknown, and other differences.

Diffs use them, and so do reports with a baseline.
"""

from enum import StrEnum
from typing import Any

from msgspec import Struct

from auditor.account.kinds import ResourceType
from auditor.account.sources import Time


class Outcome(StrEnum):
    """List what can happen to a NON_COMPLIANT finding; SUPPRESSED: it is still there, but suppressed."""

    UNCHANGED = "unchanged"
    SUPPRESSED = "suppressed"
    RESOLVED = "resolved"
    NOT_SEEN = "not_seen"


class Unproven(StrEnum):
    """List why it can be unknown whether a finding is still there."""

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
"""Why it is unknown whether a finding is still there, as text."""


class DifferenceKind(StrEnum):
    """List what can differ between two reports, apart from findings."""

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
    """Hold one difference: what it is about, and the value (JSON) on each side, null if there is none."""

    kind: DifferenceKind
    subject: str
    old: Any
    new: Any


class Entry(Struct, frozen=True):
    """Hold the part of a NON_COMPLIANT finding that identifies it, as a baseline keeps it."""

    fingerprint: str
    resource_id: str | None
    config_rule_name: str
    resource_type: ResourceType
    resource_name: str
    region: str | None


class IdleEntry(Struct, frozen=True):
    """Hold an entry of a baseline that matches no finding, what happened to its finding, and why that is unknown."""

    entry: Entry
    outcome: Outcome
    reason: Unproven | None


class BaselineSummary(Struct, frozen=True):
    """Hold the effect of a baseline on a report: how many findings are known from it, and entries without effect.

    `stale` are the entries whose finding is resolved; they can be removed. `idle` are the others that match nothing:
    their finding is suppressed, or was not seen. `differences` are the settings that differed when the baseline was
    made.
    """

    file: str
    captured_at: Time | None
    entries: int
    known: int
    stale: tuple[IdleEntry, ...]
    idle: tuple[IdleEntry, ...]
    differences: tuple[Difference, ...]
