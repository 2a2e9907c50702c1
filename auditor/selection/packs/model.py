"""What a conformance pack holds, as far as it concerns IAM."""

from collections.abc import Mapping

from msgspec import Struct

from auditor.selection.packs.summary import OutOfScopeReason
from auditor.templates.values import Table


class PackFile(Struct, frozen=True):
    """Hold the document of a file with what its parameters are given; `notes` are those of reading it."""

    path: str
    document: Table
    given: Mapping[str, str]
    notes: tuple[str, ...] = ()


class Doubt(Struct, frozen=True):
    """Hold why something of a rule is not known, and what a user can do about it, where that is known."""

    why: str
    remedy: str = ""


class PackRule(Struct, frozen=True):
    """Hold a managed rule of a pack that concerns IAM, with what the pack gives it and where that is written.

    `doubt` says why it is not known which rule it is, or whether it is there; `unknown` says by parameter why nobody
    knows its value. A `source_identifier` that is not known is empty.
    """

    config_rule_name: str
    source_identifier: str
    parameters: Mapping[str, object]
    resource_types: tuple[str, ...]
    """What its Scope names; empty is no restriction."""
    line: int
    parameter_lines: Mapping[str, int]
    doubt: Doubt | None = None
    unknown: Mapping[str, Doubt] = {}


class OutOfScope(Struct, frozen=True):
    """Hold a rule of a pack that is not judged; a custom rule's owner stands for its source identifier."""

    config_rule_name: str
    source_identifier: str
    reason: OutOfScopeReason
    line: int


class Counts(Struct, frozen=True):
    """Count the resources of a pack: rules that are there, rules that a condition switches off, remediations.

    `off` are the logical ids of the rules that are switched off.
    """

    config_rules: int
    switched_off: int
    remediations: int
    off: tuple[str, ...] = ()


class Pack(Struct, frozen=True):
    """Hold a conformance pack as far as it concerns IAM, and the names of the rest.

    `awaited` are the pseudo parameters of the account that it needs, and that were not known.
    """

    name: str
    path: str
    rules: tuple[PackRule, ...]
    out_of_scope: tuple[OutOfScope, ...]
    counts: Counts
    parameter_names: frozenset[str]
    notes: tuple[str, ...]
    awaited: frozenset[str] = frozenset()
