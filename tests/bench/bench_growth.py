"""How time and memory grow with the account: the same command on accounts of every size.

Flat means that a user costs at most 1.5 times as much in the largest account as in a middling one: in processor time,
which other work on the machine hardly touches, and in peak memory. From each figure the cost of an empty account is
taken away, since starting Python and importing are no growth.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path

from grown_account import grown, of_users
from measure import IAM_AUDIT, Cost, Row, at_most, least, served

from auditor.account.snapshot import dump

OFFLINE = {0: 5, 1_000: 5, 5_000: 5, 20_000: 3, 100_000: 2}
LIVE = {0: 5, 100: 5, 1_000: 5, 5_000: 5}
"""How many runs are made at each number of users."""
FLAT = 1.5
_FORMATS = {
    "JSON": ["--format", "json"],
    "HTML": ["--severity", "CRITICAL", "-o", "{folder}/report.html"],  # the table on standard output stays empty
    "a table": ["--format", "table"],
}


def offline_rows(folder: Path) -> Iterator[Row]:
    """Measure `scan --snapshot` into each format."""
    for users in OFFLINE:
        (folder / f"{users}.json").write_bytes(dump(grown(of_users(users))))
    for name, options in _FORMATS.items():
        scan = [*IAM_AUDIT, "scan", "--quiet", *(option.format(folder=folder) for option in options), "--snapshot"]
        costs = {users: least([*scan, str(folder / f"{users}.json")], runs) for users, runs in OFFLINE.items()}
        yield from _rows(f"growth: scan of a snapshot to {name}", costs, (5_000, 100_000))


def live_rows() -> Iterator[Row]:
    """Measure `scan` of a served account without latency."""
    costs: dict[int, Cost] = {}
    for users, runs in LIVE.items():
        with served(**of_users(users)._asdict()):
            costs[users] = least([*IAM_AUDIT, "scan", "--quiet", "--format", "json"], runs)
    yield from _rows("growth: live scan to JSON", costs, (1_000, 5_000))


def _rows(what: str, costs: Mapping[int, Cost], compared: tuple[int, int]) -> Iterator[Row]:
    start = costs[0]
    each = {
        users: Cost(*((figure - fixed) / users for figure, fixed in zip(cost, start, strict=True)))
        for users, cost in costs.items()
        if users
    }
    for users, cost in costs.items():
        more = f": {each[users].worked * 1e6:.0f} us and {each[users].peak_mb * 1e3:.1f} kB a user" if users else ""
        yield Row(f"{what}, {users:,} users{more}", f"{cost.seconds:.2f} s", f"{cost.peak_mb:.0f} MB")
    few, many = compared
    for name, side in (("processor time", "worked"), ("memory", "peak_mb")):
        ratio = getattr(each[many], side) / getattr(each[few], side)
        yield at_most(f"{what}, {name} a user at {many:,} / at {few:,}", ratio, FLAT)
