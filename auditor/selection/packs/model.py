"""The content of a conformance pack, as far as it concerns IAM."""

from collections.abc import Mapping

from msgspec import Struct

from auditor.selection.packs.summary import OutOfScopeReason
from auditor.templates.values import Table


class PackFile(Struct, frozen=True):
    """Hold the document of a file, the values given to its parameters, and the notes from reading it."""

    path: str
    document: Table
    given: Mapping[str, str]
    notes: tuple[str, ...] = ()


class Doubt(Struct, frozen=True):
    """Hold why something about a rule is unknown, and what a user can do about it, or ""."""

    why: str
    remedy: str = ""


class PackRule(Struct, frozen=True):
    """Hold a managed rule of a pack that concerns IAM, with the parameters that the pack sets and their lines.

    `doubt` says why it is unknown which rule it is, or whether it exists; `unknown` says, by parameter, why its
    value is unknown. An unknown `source_identifier` is empty.
    """

    config_rule_name: str
    source_identifier: str
    parameters: Mapping[str, object]
    resource_types: tuple[str, ...]
    """The resource types in its Scope; empty means no restriction."""
    line: int
    parameter_lines: Mapping[str, int]
    doubt: Doubt | None = None
    unknown: Mapping[str, Doubt] = {}


class OutOfScope(Struct, frozen=True):
    """Hold a rule of a pack that is not judged; the `source_identifier` of a custom rule is its owner."""

    config_rule_name: str
    source_identifier: str
    reason: OutOfScopeReason
    line: int


class Counts(Struct, frozen=True):
    """Hold how many resources a pack has: rules in force, rules that a condition switches off, and remediations.

    `off` are the logical ids of the rules that are switched off.
    """

    config_rules: int
    switched_off: int
    remediations: int
    off: tuple[str, ...] = ()


class Pack(Struct, frozen=True):
    """Hold the part of a conformance pack that concerns IAM, and the names of its other rules.

    `awaited` are the pseudo parameters of the account that it needs and that are unknown so far.
    """

    name: str
    path: str
    rules: tuple[PackRule, ...]
    out_of_scope: tuple[OutOfScope, ...]
    counts: Counts
    parameter_names: frozenset[str]
    notes: tuple[str, ...]
    awaited: frozenset[str] = frozenset()
