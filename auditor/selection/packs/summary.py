"""The summary of a conformance pack in a report: which of its rules were judged, and which were not and why."""

from collections import Counter
from collections.abc import Mapping
from enum import StrEnum

from msgspec import Struct


class OutOfScopeReason(StrEnum):
    """List the reasons why a rule of a pack is not judged."""

    NOT_IAM = "not-iam"
    CUSTOM = "custom"
    NARROW_SCOPE = "narrow-scope"
    UNKNOWN_RULE = "unknown-rule"
    EXCLUDED = "excluded"


REASONS: Mapping[OutOfScopeReason, str] = {
    OutOfScopeReason.NOT_IAM: "not about IAM",
    OutOfScopeReason.CUSTOM: "custom (Lambda or Guard)",
    OutOfScopeReason.NARROW_SCOPE: "restricted to a tag or one resource",
    OutOfScopeReason.UNKNOWN_RULE: "about IAM, but unknown to this release",
    OutOfScopeReason.EXCLUDED: "excluded",
}
"""The reasons as text after a number."""


class OutOfScopeRule(Struct, frozen=True):
    """Hold a rule of a pack that was not judged; the `source_identifier` of a custom rule is its owner."""

    config_rule_name: str
    source_identifier: str
    reason: OutOfScopeReason


class PackSummary(Struct, frozen=True):
    """Summarize a conformance pack, to show how much of it was judged.

    `rules` are the names under which its rules are reported; `narrowed` counts those whose Scope leaves out some of
    their resource types, `undecided` those whose settings are unknown. `switched_off` counts the rules that a
    condition of the pack switches off, `off` has their logical ids.
    """

    name: str
    rules: tuple[str, ...]
    out_of_scope: tuple[OutOfScopeRule, ...]
    switched_off: int
    remediations: int
    notes: tuple[str, ...]
    narrowed: int = 0
    undecided: int = 0
    off: tuple[str, ...] = ()


def sentence(pack: PackSummary, done: str = "judged") -> str:
    """Return a line that says how many rules of a pack were judged (`done`), and why the others were not."""
    everything, others = len(pack.rules) + len(pack.out_of_scope), len(pack.out_of_scope)
    ours = len(pack.rules) - pack.undecided
    text = f"Pack {pack.name}: {ours:,} of {everything:,} rules {done}, {others:,} out of scope"
    if not everything:
        text = f"Pack {pack.name}: no rule {done}, because it holds none{' that is there' if pack.switched_off else ''}"
    counts = Counter(rule.reason for rule in pack.out_of_scope)
    if counts:
        text += (
            f" ({'; '.join(f'{counts[reason]:,} {REASONS[reason]}' for reason in OutOfScopeReason if counts[reason])})"
        )
    if pack.undecided:
        text += (
            f"; {pack.undecided:,} undecided, because what the pack asks of {_them(pack.undecided)} is not all known"
        )
    if pack.narrowed:
        text += f"; {pack.narrowed:,} {done} for some of the resource types only"
    if pack.switched_off:
        text += f"; {pack.switched_off:,} switched off by conditions of the pack"
        text += f": {', '.join(pack.off)}" if pack.off else ""
    if pack.remediations:
        text += f"; {pack.remediations:,} {'remediation' if pack.remediations == 1 else 'remediations'} passed over"
    return text


def _them(number: int) -> str:
    return "it" if number == 1 else "them"
