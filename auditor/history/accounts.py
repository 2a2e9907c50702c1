"""The accounts of a history, and the selection of those that a command uses."""

import sqlite3
from collections.abc import Collection, Sequence
from typing import NamedTuple

from auditor.errors import UsageError


class Account(NamedTuple):
    """Hold the row of an account."""

    id: int
    number: str
    partition: str


def accounts(connection: sqlite3.Connection, numbers: Collection[str] = ()) -> Sequence[Account]:
    """Return the accounts ordered by number, all or those named; raise UsageError for one not in the history."""
    rows = connection.execute("SELECT id, number, partition FROM account ORDER BY number, partition")
    every = [Account(*row) for row in rows]
    for number in numbers:
        if number not in {each.number for each in every}:
            held = ", ".join(each.number for each in every) or "none"
            raise UsageError("is not in the history", f"It has: {held}.", subject=f"--account {number}")
    return [each for each in every if not numbers or each.number in numbers]
