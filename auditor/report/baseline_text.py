"""The effect of a baseline on a report, as text: the line in the table and the warnings of the run."""

from collections.abc import Iterator, Mapping, Sequence

from auditor.report.changes import REASONS, BaselineSummary, Difference, IdleEntry, Outcome
from auditor.report.differences import sentence

NAMED = 10  # entries of a kind and differences that are listed; the JSON report has all of them


def line(summary: BaselineSummary) -> str:
    """Return a line with the name of the baseline and its effect."""
    parts = [f"{summary.known:,} of {summary.entries:,} known findings still there"]
    if summary.stale:
        parts.append(f"{len(summary.stale):,} resolved")
    for outcome, text in ((Outcome.SUPPRESSED, "suppressed"), (Outcome.NOT_SEEN, "not seen")):
        count = sum(each.outcome is outcome for each in summary.idle)
        parts += [f"{count:,} {text}"] if count else []
    return f"Baseline {summary.file}: {', '.join(parts)}"


def baseline_warnings(summary: BaselineSummary, names: Mapping[str, str]) -> Iterator[str]:
    """Yield warnings about the baseline of a run: other settings than when it was made, and entries without effect.

    `names` are the names of the rules for display.
    """
    place = f"baseline {summary.file}"
    yield from _listed(
        [f"{place}: {sentence(each)}" for each in summary.differences], f"{place}: {{}} more differences"
    )
    stale = [f"{place}: {_named(each, names)} is resolved; write the baseline again" for each in summary.stale]
    yield from _listed(stale, f"{place}: {{}} more entries are resolved")
    idle = [f"{place}: {_named(each, names)} forgives nothing: {_why(each)}" for each in summary.idle]
    yield from _listed(idle, f"{place}: {{}} more entries forgive nothing")


def _listed(lines: Sequence[str], more: str) -> Iterator[str]:
    yield from lines[:NAMED]
    if len(lines) > NAMED:
        yield f"{more.format(f'{len(lines) - NAMED:,}')} (the JSON report names them all)"


def _named(idle: IdleEntry, names: Mapping[str, str]) -> str:
    entry = idle.entry
    return f"{names.get(entry.config_rule_name, entry.config_rule_name)} on {entry.resource_name}"


def _why(idle: IdleEntry) -> str:
    return REASONS[idle.reason] if idle.reason is not None else "it is suppressed"


def differing(differences: Sequence[Difference]) -> Iterator[str]:
    """Yield the first differences as text, and the number of the others."""
    yield from _listed([sentence(each) for each in differences], "{} more differences")
