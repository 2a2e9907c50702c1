"""Verification: whether a history is unchanged since it was written, and matches the stored reports."""

import sqlite3
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Literal

from msgspec import Struct

from auditor.errors import SourceError
from auditor.history.accounts import Account, accounts
from auditor.history.calendar import Calendar
from auditor.history.episodes import FAILING
from auditor.history.ledger import Ledger, spans_of
from auditor.history.runs import Run, findings_digest, link_of, owners_digest, stored_runs, unpruned
from auditor.history.tally import stored_tallies, tallied
from auditor.history.timeline import Span, since
from auditor.history.tracking import failures, proofs_of, states, tracked


class Fault(Struct, frozen=True):
    """Hold one inconsistency, with its account and run; None if it does not belong to one."""

    account: str | None
    captured_at: str | None
    problem: str


class Head(Struct, frozen=True):
    """Hold the newest link of an account's chain: whoever writes it down can check later that no run was changed.

    `pruned` runs have lost their verdicts, so these were not checked.
    """

    account: str
    partition: str
    runs: int
    pruned: int
    captured_at: str
    link: str


class Verification(Struct, frozen=True, kw_only=True):
    """Hold the result of a verification, and the heads of the chains; the fields are those of the JSON."""

    format: Literal["iam-audit-history-verification"] = "iam-audit-history-verification"
    version: Literal[1] = 1
    runs: int
    faults: tuple[Fault, ...]
    heads: tuple[Head, ...]


def verified(
    connection: sqlite3.Connection, reports: Mapping[str, str] | None = None, heads: Collection[str] = ()
) -> Verification:
    """Return the inconsistencies of a history; `reports` has the places of stored reports by digest, None: not checked.

    `heads` are links that were written down earlier.
    """
    faults = list(_of_the_file(connection))
    if faults:
        return Verification(runs=0, faults=tuple(faults), heads=())
    runs = {account: stored_runs(connection, account.id) for account in accounts(connection)}
    for account, of_account in runs.items():
        faults += _of_account(connection, account, of_account)
    every = [run for of_account in runs.values() for run in of_account]
    faults += _of_heads(every, heads)
    if reports is not None:
        faults += _of_reports(runs, reports)
    newest = (
        Head(
            account=account.number,
            partition=account.partition,
            runs=len(of_account),
            pruned=sum(run.pruned for run in of_account),
            captured_at=of_account[-1].captured_at,
            link=of_account[-1].link,
        )
        for account, of_account in runs.items()
        if of_account
    )
    return Verification(runs=len(every), faults=tuple(faults), heads=tuple(newest))


def _of_the_file(connection: sqlite3.Connection) -> Iterator[Fault]:
    for (line,) in connection.execute("PRAGMA integrity_check(10)"):
        if line != "ok":
            yield Fault(None, None, f"SQLite finds the file damaged: {line}")
    for table, *_ in connection.execute("PRAGMA foreign_key_check"):
        yield Fault(None, None, f"a row of the table {table} points to a row that is not there")


def _of_account(connection: sqlite3.Connection, account: Account, runs: Sequence[Run]) -> Iterator[Fault]:
    yield from _of_chain(account, runs)
    try:
        ledger = Ledger(connection, account.id)
        for run in unpruned(runs):
            for digest in (run.asked, run.configuration, run.proof):
                ledger.documents.content(digest)
            if findings_digest(ledger.keys(run.time)) != run.findings_sha256:
                yield Fault(account.number, run.captured_at, "its verdicts were changed: they do not match its digest")
            if owners_digest(ledger.owners_at(run.time)) != run.owners_sha256:
                yield Fault(account.number, run.captured_at, "the owners of its resources were changed")
        yield from _of_states(connection, account, ledger, runs)
        yield from _of_tally(connection, Calendar(connection, account, ledger.documents))
    except SourceError as error:
        yield Fault(account.number, None, error.message)


def _of_chain(account: Account, runs: Sequence[Run]) -> Iterator[Fault]:
    for previous, run in zip([None, *runs], runs, strict=False):
        before = None if previous is None else previous.report_sha256
        if run.previous_sha256 != before:
            problem = "its previous report is missing or different: a run was removed, added or changed there"
            yield Fault(account.number, run.captured_at, problem)
        elif run.link != link_of(run, previous):
            yield Fault(account.number, run.captured_at, "its link does not match its row: the run was changed")


def _of_states(
    connection: sqlite3.Connection, account: Account, ledger: Ledger, runs: Sequence[Run]
) -> Iterator[Fault]:
    known, spans = tracked(connection, account.id), spans_of(connection, "state", account.id)
    proofs = proofs_of(ledger, unpruned(runs))
    first = min(proofs, default=0)
    failed = {
        key for key, number in known.items() if any(_failed_before(span, first) for span in spans.get(number, ()))
    }
    for key in sorted(({*failures(ledger)} ^ {*known}) - failed, key=str):
        yield Fault(
            account.number,
            None,
            f"the tracking of {_name(ledger, key[0])} does not match its verdicts",
        )
    for key, number in known.items():
        if list(since(spans.get(number, ()), first)) != list(states(ledger, key, proofs)):
            yield Fault(
                account.number, None, f"{_name(ledger, key[0])} has states that differ from what its verdicts prove"
            )


def _failed_before(span: Span[str], time: int) -> bool:
    """Return whether a span has a NON_COMPLIANT state in a run before a time, that is in a pruned run."""
    return span.value in FAILING and span.first < time


def _of_tally(connection: sqlite3.Connection, calendar: Calendar) -> Iterator[Fault]:
    if calendar.runs and stored_tallies(connection, calendar) != tallied(connection, calendar):
        yield Fault(calendar.account.number, None, "the counts for its trend do not match its states")


def _name(ledger: Ledger, item: int) -> str:
    found = ledger.items[item]
    return f"{found.config_rule_name} on {found.resource_name}"


def _of_heads(runs: Sequence[Run], heads: Collection[str]) -> Iterator[Fault]:
    links = {run.link for run in runs}
    for head in heads:
        if head not in links:
            problem = f"no run has the link {head}: a run of that time or earlier was removed, changed, or added later"
            yield Fault(None, None, problem)


def _of_reports(runs: Mapping[Account, Sequence[Run]], reports: Mapping[str, str]) -> Iterator[Fault]:
    kept = {run.report_sha256 for of_account in runs.values() for run in of_account}
    for digest, place in reports.items():
        if digest not in kept:
            yield Fault(None, None, f"{place} is not in the history, or was changed since it was added")
    for account, of_account in runs.items():
        for run in unpruned(of_account):
            if run.report_sha256 not in reports:
                yield Fault(account.number, run.captured_at, "its report was not given, or was changed")
