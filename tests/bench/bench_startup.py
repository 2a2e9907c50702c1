"""What starting costs: the imports of programs, in processor time over a bare interpreter, and a scan of few users."""

import sys
from collections.abc import Iterator
from pathlib import Path

from grown_account import Size, grown
from measure import IAM_AUDIT, Row, added_ms, at_most, least, worth_row

import auditor
from auditor.account.snapshot import dump

RUNS = 31
PACKAGE_LIMIT_MS = 5
DOOR_LIMIT_MS = 100
DOOR = ("audit", "load_snapshot")
SMALL = Size(users=20, groups=12, roles=10, policies=10)


def rows(folder: Path) -> Iterator[Row]:
    """Measure `import auditor`, the names that programs import from it, and a scan of a small snapshot."""
    yield _row("import auditor", PACKAGE_LIMIT_MS)
    missing = [name for name in DOOR if not hasattr(auditor, name)]
    statement = f"from auditor import {', '.join(DOOR)}"
    if missing:
        yield Row(f"startup: {statement}", f"not measured: auditor has no {' and no '.join(missing)}")
    else:
        yield _row(statement, DOOR_LIMIT_MS)
    path = folder / "small.json"
    path.write_bytes(dump(grown(SMALL)))
    scan = [*IAM_AUDIT, "scan", "--quiet", "--format", "json", "--snapshot", str(path)]
    what = f"startup: scan of a snapshot of {SMALL.users} users"
    yield Row(f"{what}, wall time", f"{least(scan, RUNS).seconds * 1000:.0f} ms")
    yield worth_row(what, scan, "plugin-search", RUNS)


def _row(statement: str, limit_ms: int) -> Row:
    python = [sys.executable, "-c"]
    added = added_ms([*python, statement], [*python, "pass"], RUNS)
    return at_most(f"startup: {statement}, over a bare interpreter, in ms", added, limit_ms, "{:.1f}")
