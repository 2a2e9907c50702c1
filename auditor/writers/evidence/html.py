"""The index of an evidence pack as one HTML page, which runs nothing and links to the files of the pack."""

from collections.abc import Iterator
from itertools import pairwise
from typing import Any, BinaryIO, NamedTuple

from auditor.evidence.index import AccountLedger, Gap, Index, Run, SuppressionRecord
from auditor.judging.rule import ComplianceType
from auditor.writers.blocks import number
from auditor.writers.html import asset, csp_hash, page_environment

MAX_ROWS = 2_000  # of a table; index.json has them all
_PATTERNS = ("resource", "path", "tag")


class _Account(NamedTuple):
    ledger: AccountLedger
    facts: list[tuple[str, str]]
    gaps: list[str]
    rows: list["_Row"]


class _Row(NamedTuple):
    """Hold a run, and what was not as in the run before: the rules, the configuration or the release."""

    run: Run
    failed: int
    unknown: int
    changed: str


class _Exception(NamedTuple):
    record: SuppressionRecord
    about: str
    fields: dict[str, Any]


def write(index: Index, stream: BinaryIO) -> None:
    """Write the index as one HTML document; the same index gives the same bytes."""
    style = asset("report.css")
    page = page_environment().get_template("evidence/evidence.html.jinja")
    text = page.render(
        index=index,
        accounts=[_Account(each, list(_facts(each)), list(_gaps(each)), list(_rows(each))) for each in index.accounts],
        exceptions=[_Exception(each, _about(each), each.suppression) for each in index.suppressions[:MAX_ROWS]],
        most=MAX_ROWS,
        style=style,
        style_hash=csp_hash(style),
    )
    stream.write(text.encode("utf-8", "backslashreplace"))


def _facts(ledger: AccountLedger) -> Iterator[tuple[str, str]]:
    without = sum(gap.days for gap in ledger.gaps)
    yield "Days with a run", f"{ledger.days_with_run:,} of {ledger.days_with_run + without:,}"
    yield "Runs", f"{len(ledger.runs):,}"
    yield "Incomplete runs", f"{sum(each.incomplete is not None for each in ledger.runs):,}"
    yield "Runs with their snapshot", f"{sum(each.snapshot is not None for each in ledger.runs):,}"
    if ledger.history:
        missing = len(ledger.not_enclosed)
        yield "Runs of the history", f"{len(ledger.history):,}, {missing or 'none'} without a report here"


def _gaps(ledger: AccountLedger) -> Iterator[str]:
    if ledger.gaps:
        yield f"Days without a run: {', '.join(map(_gap, ledger.gaps))}"
    if ledger.not_enclosed:
        times = ", ".join(each.captured_at for each in ledger.not_enclosed)
        yield f"Runs that the history has and whose report is not in this pack: {times}"


def _gap(gap: Gap) -> str:
    return str(gap.first) if gap.days == 1 else f"{gap.first} to {gap.last} ({number(gap.days, 'day', 'days')})"


def _rows(ledger: AccountLedger) -> Iterator[_Row]:
    for before, run in pairwise((None, *ledger.runs[:MAX_ROWS])):
        if run is not None:
            counts = run.counts
            failed, unknown = counts[ComplianceType.NON_COMPLIANT], counts[ComplianceType.INSUFFICIENT_DATA]
            yield _Row(run, failed, unknown, ", ".join(_changes(before, run)) if before is not None else "")


def _changes(before: Run, run: Run) -> Iterator[str]:
    if before.rules_sha256 != run.rules_sha256:
        yield "rules or values"
    if before.configuration_sha256 != run.configuration_sha256:
        yield "configuration"
    if before.tool != run.tool:
        yield f"release {run.tool.version}"


def _about(record: SuppressionRecord) -> str:
    """Return what a suppression is about, as it is written."""
    given = record.suppression
    return ", ".join(f"{name} {given[name]}" for name in _PATTERNS if name in given)
