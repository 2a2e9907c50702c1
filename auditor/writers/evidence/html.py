"""The index of an evidence pack as one HTML page, which runs nothing and links to the files of the pack."""

from collections.abc import Iterator, Sequence
from io import BytesIO
from itertools import pairwise
from typing import Any, BinaryIO, NamedTuple

from auditor.evidence.index import AccountLedger, Gap, Index, Run, SuppressionRecord
from auditor.judging.rule import ComplianceType
from auditor.writers.blocks import number
from auditor.writers.html import asset, csp_hash, page_environment

MAX_ROWS = 2_000  # of a table; index.json has them all
_PATTERNS = ("resource", "path", "tag", "type", "account", "ou")
_SHOWN = ("reason", "ticket", "owner", "until")


class _Account(NamedTuple):
    name: str
    ledger: AccountLedger
    incomplete: int
    without: int
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
    """Hold a suppression, and what it says; a field that it does not have, such as the ticket, is empty."""

    record: SuppressionRecord
    about: str
    fields: dict[str, Any]


def write(index: Index, stream: BinaryIO) -> None:
    """Write the index as one HTML document; the same index gives the same bytes."""
    style = asset("report.css", "evidence/evidence.css")
    accounts = [_account(each) for each in index.accounts]
    page = page_environment().get_template("evidence/evidence.html.jinja")
    text = page.render(
        index=index,
        accounts=accounts,
        totals=list(_totals(index, accounts)),
        exceptions=[_Exception(each, _about(each), _fields(each)) for each in index.suppressions[:MAX_ROWS]],
        most=MAX_ROWS,
        style=style,
        style_hash=csp_hash(style),
    )
    stream.write(text.encode("utf-8", "backslashreplace"))


def page_of(index: Index) -> bytes:
    """Return the index as one HTML document."""
    stream = BytesIO()
    write(index, stream)
    return stream.getvalue()


def _account(ledger: AccountLedger) -> _Account:
    return _Account(
        name=ledger.account if ledger.partition == "aws" else f"{ledger.account}, {ledger.partition}",
        ledger=ledger,
        incomplete=sum(each.incomplete is not None for each in ledger.runs),
        without=sum(gap.days for gap in ledger.gaps),
        facts=list(_facts(ledger)),
        gaps=list(_gaps(ledger)),
        rows=list(_rows(ledger)),
    )


def _totals(index: Index, accounts: Sequence[_Account]) -> Iterator[tuple[str, str]]:
    """Yield the counts of the whole pack."""
    yield "Days of the period", f"{(index.last - index.first).days + 1:,}"
    yield "Accounts", f"{len(accounts):,}"
    yield "Runs", f"{sum(len(each.ledger.runs) for each in accounts):,}"
    yield "Incomplete runs", f"{sum(each.incomplete for each in accounts):,}"
    yield "Days without a run", f"{sum(each.without for each in accounts):,}"
    yield "Suppressions", f"{len(index.suppressions):,}"


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
        yield "rules or parameters"
    if before.configuration_sha256 != run.configuration_sha256:
        yield "configuration"
    if before.tool != run.tool:
        yield f"release {run.tool.version}"


def _about(record: SuppressionRecord) -> str:
    """Return what a suppression is about, as it is written."""
    given = record.suppression
    return ", ".join(f"{name} {given[name]}" for name in _PATTERNS if given.get(name) is not None)


def _fields(record: SuppressionRecord) -> dict[str, Any]:
    return {name: record.suppression.get(name) or "" for name in _SHOWN}
