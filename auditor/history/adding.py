"""Adding a report to a history; the result does not depend on the order in which reports are added."""

import sqlite3
from collections.abc import Sequence
from enum import StrEnum

from auditor.errors import SourceError
from auditor.history.accounts import Account
from auditor.history.calendar import Calendar
from auditor.history.ledger import Ledger
from auditor.history.proofs import run_proof
from auditor.history.runs import Run, content_digest, insert, owners_in, relink, run_of, stored_runs, time_of, unpruned
from auditor.history.tally import store_missing_tallies, store_tallies
from auditor.history.timeline import neighbours
from auditor.history.tracking import track
from auditor.report.baseline import baseline_of
from auditor.report.proof import Side
from auditor.report.report import Report, as_json
from auditor.report.same_account import check_as_it_is


class Added(StrEnum):
    """Name the result of adding a report: it is the newest, an earlier one, or was already there."""

    NEWEST = "newest"
    EARLIER = "earlier"
    KNOWN = "known"


def add(connection: sqlite3.Connection, report: Report, digest: str, place: str) -> Added:
    """Add a report to the history, in the current transaction of the connection; `digest` is that of its document.

    Raises SourceError, naming `place`, for a report that is about a planned change, was narrowed, has no account or
    time, differs from the stored report of the same time, or is older than a pruned run.
    """
    check_as_it_is(report, place)
    side = Side(report, place)
    store_missing_tallies(connection)
    account = _account(connection, report, place)
    ledger = Ledger(connection, account.id)
    runs = stored_runs(connection, account.id)
    run = run_of(report, account.id, place, digest, _documents(ledger, report, side))
    if (same := next((each for each in runs if each.time == run.time), None)) is not None:
        _check_same(same, run, report, place)
        return Added.KNOWN
    _check_not_pruned(runs, run, place)
    insert(connection, run)
    moment = neighbours([each.time for each in runs], run.time)
    identifiers = {rule.config_rule_name: rule.source_identifier for rule in report.rules}
    ledger.record(report.findings, identifiers, moment)
    ledger.record_owners(owners_in(report), moment)
    track(connection, ledger, sorted([*unpruned(runs), run], key=lambda each: each.time), moment)
    relink(connection, account.id)
    store_tallies(connection, Calendar(connection, account, ledger.documents))
    return Added.NEWEST if moment.after is None else Added.EARLIER


def _account(connection: sqlite3.Connection, report: Report, place: str) -> Account:
    number, partition = report.account.id, report.account.partition
    if number is None:
        hint = "Scan with sts get-caller-identity in the folder of --exports, or with credentials."
        raise SourceError("does not name its account", hint, subject=place)
    connection.execute("INSERT OR IGNORE INTO account (number, partition) VALUES (?, ?)", (number, partition))
    found = connection.execute("SELECT id FROM account WHERE number = ? AND partition = ?", (number, partition))
    return Account(int(found.fetchone()[0]), number, partition)


def _documents(ledger: Ledger, report: Report, side: Side) -> tuple[str, str, str]:
    rules = baseline_of(report).rules
    texts = [as_json(each).decode() for each in (rules, report.configuration, run_proof(side))]
    first, second, third = map(ledger.documents.stored, texts)
    return first, second, third


def _check_same(known: Run, run: Run, report: Report, place: str) -> None:
    if known.content_sha256 != content_digest(report):
        problem = f"differs from the report of account {report.account.id} captured at {run.captured_at} in the history"
        hint = "A history has one report for each capture time: keep one history for each selection of rules."
        raise SourceError(problem, hint, subject=place)


def _check_not_pruned(runs: Sequence[Run], run: Run, place: str) -> None:
    """Raise SourceError for a run before a pruned one: the proofs and verdicts that it would need are deleted."""
    pruned = next((each for each in reversed(runs) if each.pruned), None)
    if pruned is not None and run.time < pruned.time:
        problem = f"was captured at {run.captured_at}, but the history was pruned up to the run of {pruned.captured_at}"
        raise SourceError(problem, "Build a new history of all your stored reports.", subject=place)


def in_order(reports: Sequence[tuple[Report, str, str]]) -> Sequence[tuple[Report, str, str]]:
    """Return reports, each with its digest and place, ordered by the time when their accounts were captured."""
    return sorted(reports, key=lambda each: time_of(each[0], each[2]))
