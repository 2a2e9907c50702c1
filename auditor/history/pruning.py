"""Pruning: dropping what old runs said of each resource, while episodes, digests and the chain stay."""

import sqlite3
from collections.abc import Collection, Sequence
from datetime import date

from msgspec import Struct

from auditor.history.accounts import Account, accounts
from auditor.history.calendar import day_number, day_of
from auditor.history.ledger import spans_of, write_spans
from auditor.history.runs import Run, stored_runs, whole
from auditor.history.tally import keep_missing
from auditor.history.timeline import since


class Pruned(Struct, frozen=True, kw_only=True):
    """Hold how much was dropped: runs that lost their verdicts, and rows that are gone."""

    runs: int
    verdicts: int
    resources: int
    documents: int


def prune(connection: sqlite3.Connection, before: date, numbers: Collection[str] = ()) -> Pruned:
    """Drop the verdicts of runs before a day, within the transaction of the connection, and what only they need.

    The newest run of an account stays whole, and every finding that was ever NON_COMPLIANT keeps its name and states.
    `numbers` are of the accounts that are meant, all if empty; raises UsageError for one that is not there.
    """
    keep_missing(connection)
    runs = verdicts = 0
    for account in accounts(connection, numbers):
        old = _old(whole(stored_runs(connection, account.id)), day_number(before))
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
    """Cut the verdicts of an account at its first run that stays whole; return how many are gone."""
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
    """Delete what nothing needs any more, and return how many rows the last statement deletes."""
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
