"""Pruning: deleting the verdicts of old runs, while episodes, digests and the chain stay."""

import sqlite3
from collections.abc import Collection, Sequence
from datetime import date

from msgspec import Struct

from auditor.history.accounts import Account, accounts
from auditor.history.calendar import day_number, day_of
from auditor.history.ledger import spans_of, write_spans
from auditor.history.runs import Run, stored_runs, unpruned
from auditor.history.tally import store_missing_tallies
from auditor.history.timeline import since


class Pruned(Struct, frozen=True, kw_only=True):
    """Hold how much was deleted: runs that lost their verdicts, and rows."""

    runs: int
    verdicts: int
    resources: int
    documents: int


def prune(connection: sqlite3.Connection, before: date, numbers: Collection[str] = ()) -> Pruned:
    """Delete the verdicts of runs before a day, in the current transaction, and rows that only they need.

    The newest run of an account keeps its verdicts, and findings that were ever NON_COMPLIANT keep names and states.
    `numbers` selects accounts, all if empty. Raises UsageError for an account that is not in the history.
    """
    store_missing_tallies(connection)
    runs = verdicts = 0
    for account in accounts(connection, numbers):
        old = _old(unpruned(stored_runs(connection, account.id)), day_number(before))
        runs += len(old)
        if old:
            verdicts += _drop_verdicts(connection, account, old)
    return Pruned(
        runs=runs,
        verdicts=verdicts,
        resources=_deleted(connection, _UNNAMED),
        documents=_deleted(connection, _UNREAD),
    )


def _old(runs: Sequence[Run], before: int) -> Sequence[Run]:
    return [run for run in runs[:-1] if day_of(run.time) < before]


def _drop_verdicts(connection: sqlite3.Connection, account: Account, old: Sequence[Run]) -> int:
    """Delete the verdicts of an account before the first run that keeps its own; return how many were deleted."""
    (first,) = connection.execute(
        "SELECT min(time) FROM run WHERE account = ? AND time > ?", (account.id, max(run.time for run in old))
    ).fetchone()
    gone = 0
    for item, spans in spans_of(connection, "verdict", account.id).items():
        left = since(spans, first)
        write_spans(connection, "verdict", account.id, item, spans, left)
        gone += len(spans) - len(left)
    for item, spans in spans_of(connection, "owner", account.id).items():
        write_spans(connection, "owner", account.id, item, spans, since(spans, first) or spans[-1:])
    connection.execute("UPDATE run SET pruned = 1 WHERE account = ? AND time < ?", (account.id, first))
    return gone


def _deleted(connection: sqlite3.Connection, statements: Sequence[str]) -> int:
    """Delete rows that are no longer needed, and return how many the last statement deleted."""
    return [connection.execute(statement).rowcount for statement in statements][-1]


_UNNAMED = (
    "DELETE FROM finding WHERE id NOT IN (SELECT item FROM verdict) AND id NOT IN (SELECT finding FROM tracked)",
    "DELETE FROM owner WHERE item NOT IN (SELECT resource FROM finding)",
    "DELETE FROM resource WHERE id NOT IN (SELECT resource FROM finding)",
)
_UNREAD = (
    "DELETE FROM observation WHERE id NOT IN (SELECT value FROM verdict)",
    """
    DELETE FROM document WHERE digest NOT IN (
        SELECT asked FROM run
        UNION SELECT configuration FROM run WHERE NOT pruned
        UNION SELECT proof FROM run WHERE NOT pruned
        UNION SELECT suppression FROM observation WHERE suppression IS NOT NULL)
    """,
)
