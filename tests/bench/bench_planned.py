"""What a planned change costs: a large plan over a large account against the scan of the account alone."""

import json
from collections.abc import Iterator
from pathlib import Path

from grown_account import grown, of_users
from large_plan import large, padded
from measure import IAM_AUDIT, Row, at_most, compared, least

from auditor.account.snapshot import dump

USERS, RESOURCES, RUNS = 5_000, 5_000, 5
LARGE_MB = 50


def rows(folder: Path) -> Iterator[Row]:
    """Measure a plan of thousands of resources over thousands of users, and reading a plan that is large."""
    snapshot = grown(of_users(USERS))
    account, plan = folder / "planned-account.json", folder / "plan.json"
    account.write_bytes(dump(snapshot))
    made = large(snapshot, RESOURCES)
    plan.write_text(json.dumps(made), "utf-8")
    scan = [*IAM_AUDIT, "scan", "--quiet", "--format", "json", "--snapshot", str(account)]
    ratio, ours = compared([*scan, "--terraform-plan", str(plan)], scan, RUNS)
    what = f"planned: {RESOURCES:,} resources over {USERS:,} users"
    yield at_most(f"{what} / the scan of the account alone, wall time", ratio, 3)
    yield Row(f"{what}, wall time", f"{ours.seconds:.2f} s", f"{ours.peak_mb:.0f} MB")
    large_plan = folder / "large-plan.json"
    large_plan.write_text(padded(made, LARGE_MB), "utf-8")
    cost = least([*IAM_AUDIT, "scan", "--quiet", "--format", "json", "--terraform-plan", str(large_plan)], 1)
    yield at_most(f"planned: a plan of {LARGE_MB} MB alone, peak memory in MB", cost.peak_mb, 800, "{:.0f}")
    yield at_most(f"planned: a plan of {LARGE_MB} MB alone, processor time in s", cost.worked, 10)
