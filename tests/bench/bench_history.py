"""What a history costs: its size, a night that is added, and the trend, with 4,600 findings an account and 90 nights.

Fewer accounts are written than an organization has, and the size is scaled up: accounts share nothing but rules.
"""

import shutil
from collections.abc import Iterator
from pathlib import Path

from grown_history import fill, nights
from measure import IAM_AUDIT, Row, at_most, least

from auditor.history import store
from auditor.history.runs import Run
from auditor.report.report import dump_report

ACCOUNTS, OF = 4, 100
NIGHTS = 90
RUNS = 3


_COPY = """
INSERT INTO account SELECT id + :by, number + :by, partition FROM account WHERE id <= :held;
INSERT INTO run (id, account, {columns})
    SELECT id + :by * 1000000, account + :by, {columns} FROM run WHERE account <= :held;
INSERT INTO tally SELECT account + :by, rule, identifier, content FROM tally WHERE account <= :held
"""
"""Copies what the trend of all findings reads of accounts."""


def copied(path: Path, folder: Path) -> Path:
    """Return a history of a hundred accounts, in which those of another one are there again and again."""
    copy = Path(shutil.copy(path, folder / "copied.db"))
    columns = ", ".join(name for name in Run.__struct_fields__ if name != "account")
    with store.writing(str(copy)) as connection:
        for by in range(ACCOUNTS, OF, ACCOUNTS):
            for statement in _COPY.format(columns=columns).split(";"):
                connection.execute(statement, {"by": by, "held": ACCOUNTS})
    return copy


def rows(folder: Path) -> Iterator[Row]:
    """Measure a history of 90 nights."""
    path, report = folder / "history.db", folder / "newest-night.json"
    for day, night in enumerate(nights(NIGHTS + 1)):
        if day == NIGHTS:
            report.write_bytes(dump_report(night))
        else:
            with store.writing(str(path)) as connection:
                fill(connection, night, ACCOUNTS)
    megabytes = path.stat().st_size / 1e6 / ACCOUNTS * OF
    what = f"history: {NIGHTS} nights of 4,600 findings"
    yield at_most(f"{what}, size in MB for {OF} accounts (measured with {ACCOUNTS})", megabytes, 150, "{:,.0f}")
    history = ["--history", str(path)]
    for name in ("trend", "show"):
        cost = least([*IAM_AUDIT, "history", name, *history], RUNS)
        yield at_most(f"{what} and {ACCOUNTS} accounts, {name}, whole process, in s", cost.seconds, 1)
    of_many = ["--history", str(copied(path, folder))]
    page = ["--quiet", "-o", str(folder / "trend.html")]
    for how, options in {"": [], " of a severity": ["--severity", "MEDIUM"], ", as a page": page}.items():
        cost = least([*IAM_AUDIT, "history", "trend", *of_many, *options], RUNS)
        yield at_most(f"{what} and {OF} accounts (copied), trend{how}, whole process, in s", cost.seconds, 1)
    cost = least([*IAM_AUDIT, "history", "add", "--quiet", *history, str(report)], 1)
    yield at_most(f"{what}, a night added for one account, whole process, in s", cost.seconds, 1)
