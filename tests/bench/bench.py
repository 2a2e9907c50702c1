"""Measure speed and size, and print a table: `make bench`.

Ratios are of the medians of runs taken in turn, or of the fastest of some runs, to which other work on the machine adds
least. What the other parts measure is described in bench_startup.py,
bench_growth.py, bench_history.py, bench_latency.py, bench_organization.py, bench_organization_runs.py, bench_planned.py
and bench_practices.py.
"""

import json
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

import bench_growth
import bench_history
import bench_latency
import bench_organization
import bench_organization_runs
import bench_planned
import bench_practices
import bench_startup
from bench_scripts import ALL_KINDS, AUDITED_KINDS
from browser import NAMES, chromium
from grown_account import Size, grown
from measure import IAM_AUDIT, SCRIPTS, Row, at_most, calls, compared, least, served, spent, worth_row
from playwright.sync_api import Page
from rule_parameters import configured

from auditor.account.kinds import ResourceType
from auditor.account.model import Snapshot
from auditor.account.snapshot import dump, load
from auditor.judging.engine import evaluate
from auditor.judging.finding import Finding
from auditor.judging.registry import load_rules
from auditor.judging.rule import ComplianceType, ConfiguredRule, Severity
from auditor.judging.suppressions import Limits, Suppression, suppressed
from auditor.selection.sets import CORE
from auditor.testing import account

ENTITIES = {"users": 5_000, "groups": 300, "roles": 1_000, "policies": 1_500}
NAIVE_USERS, NAIVE_GROUPS = 200, 12  # a twenty-fifth of the account
HTML_USERS = 8_233  # with 300 groups and one account: 25,000 findings
LARGE = Size(users=40_000, groups=300, roles=8_000, policies=12_000)  # 120,301 findings
FINDINGS, SUPPRESSIONS = 120_000, 500
RUNS = 15
LIVE_RUNS = 5
DIFF_RUNS = 3
GONE_USERS = 200


def main() -> int:
    """Print the table and return 1 if a figure is out of its limit."""
    good = True
    with tempfile.TemporaryDirectory() as name:
        for section in _sections(Path(name)):
            for row in section:
                good &= row.good is not False
                mark = {True: "ok", False: "MISSED", None: ""}[row.good]
                print(f"{row.what:<96} {row.figure:>12} {row.limit:>12} {mark}".rstrip(), flush=True)
    return 0 if good else 1


def _sections(folder: Path) -> Iterator[Iterator[Row]]:
    yield bench_startup.rows(folder)
    yield live_rows(folder)
    yield bench_latency.rows(ENTITIES)
    yield naive_rows()
    yield offline_rows(folder)
    yield bench_practices.rows()
    yield suppression_rows()
    yield html_rows(folder)
    yield large_html_rows(folder)
    yield diff_rows(folder)
    yield bench_planned.rows(folder)
    yield bench_history.rows(folder)
    yield bench_organization.rows(folder)
    yield bench_organization_runs.rows(folder)
    yield bench_growth.live_rows()
    yield bench_growth.offline_rows(folder)


def live_rows(folder: Path) -> Iterator[Row]:
    """Measure reading an account of AWS's page size against the same calls made by a bare script."""
    users = f"{ENTITIES['users']:,} users"
    snapshot = [*IAM_AUDIT, "snapshot", "--quiet", "-o", str(folder / "snapshot.json")]
    scan = [*IAM_AUDIT, "scan", "--quiet", "--format", "json"]
    with served(**ENTITIES) as url:
        five = [*scan, "--rules", "core"]
        for name, command, kinds in (
            ("snapshot", snapshot, ALL_KINDS),
            ("scan", scan, ALL_KINDS),
            ("scan by the first five rules", five, AUDITED_KINDS),
        ):
            calls(url)
            spent(command)
            counts = dict(calls(url))
            descriptions = counts.pop("GetPolicy", 0)
            made = sum(counts.values())
            beside = f" beside {descriptions:,} for descriptions of policies" if descriptions else ""
            yield Row(f"live: {name} of {users}, API calls{beside}", str(made), "< 100", made < 100)
            spent([*SCRIPTS, "bare", *kinds])
            theirs = sum(calls(url).values())
            ratio, ours = compared(command, [*SCRIPTS, "bare", *kinds], LIVE_RUNS)
            what = f"live: {name} / a bare script making the same {theirs} calls, wall time"
            yield Row(what, f"{ratio:.2f}", "<= 1.3", ratio <= 1.3)
            yield Row(f"live: {name}, wall time", f"{ours.seconds:.2f} s")
        yield worth_row("live: scan by the first five rules", five, "gc", LIVE_RUNS)


def naive_rows() -> Iterator[Row]:
    """Measure the same five questions asked user by user, on fewer users, and scale the figures up."""
    factor = ENTITIES["users"] // NAIVE_USERS
    with served(users=NAIVE_USERS, groups=NAIVE_GROUPS, roles=40, policies=60) as url:
        calls(url)
        cost = spent([*SCRIPTS, "naive"])
        made = sum(calls(url).values())
    yield Row(f"naive: a call per question and user, {NAIVE_USERS} users, API calls", f"{made:,}")
    yield Row(f"naive: scaled by {factor} to {ENTITIES['users']:,} users, API calls", f"{made * factor:,}")
    yield Row(f"naive: scaled by {factor}, wall time without any network latency", f"{cost.seconds * factor:.0f} s")


def offline_rows(folder: Path) -> Iterator[Row]:
    """Measure a scan of the saved snapshot against loading the same file, and the engine alone."""
    path = folder / "snapshot.json"
    scan = [*IAM_AUDIT, "scan", "--quiet", "--snapshot", str(path), "--format", "json", "--rules", "core"]
    bare = [sys.executable, "-c", f"import json; json.load(open({str(path)!r}))"]
    ratio, ours = compared(scan, bare, RUNS)
    size = path.stat().st_size / 1e6
    yield Row(
        f"offline: scan of the snapshot ({size:.1f} MB) by five rules to JSON / json.load of it",
        f"{ratio:.2f}",
        "<= 2.0",
        ratio <= 2,
    )
    yield Row("offline: scan, wall time", f"{ours.seconds * 1000:.0f} ms")
    yield Row("offline: scan, peak memory", f"{ours.peak_mb:.0f} MB", "< 120 MB", ours.peak_mb < 120)
    yield worth_row("offline: scan", scan, "gc", RUNS)
    yield worth_row("offline: scan", scan, "plugin-search", RUNS)
    whole = spent(scan[:-2])
    yield Row("offline: scan by all rules that need no value, wall time", f"{whole.seconds * 1000:.0f} ms")
    yield Row("offline: scan by all rules that need no value, peak memory", f"{whole.peak_mb:.0f} MB")
    yield from engine_rows(path)


def suppression_rows() -> Iterator[Row]:
    """Measure hundreds of suppressions with wildcards within over as many findings as a large account has."""
    arn = "arn:aws:iam::111122223333:user/x/"
    names = [f"team-{number % 97}-user-{number:06}-prod" for number in range(FINDINGS)]
    kind = ComplianceType.NON_COMPLIANT
    findings = [
        Finding("f", "rule", kind, ResourceType.USER, None, name, arn + name, None, None, "", (), None, Severity.LOW)
        for name in names
    ]
    until, today = date(2027, 1, 1), date(2026, 11, 24)
    for what, pattern, limit in (
        ("with wildcards within", "team-*-user-{0:06}*-p?od", 1),
        ("without three letters in a row", "*{1}{2}?{3}*r?d", 4),
    ):
        texts = (pattern.format(7 * number, *f"{number:03}") for number in range(SUPPRESSIONS))
        aside = [Suppression(rule="rule", resource=each, reason="r", owner="o", until=until) for each in texts]
        seconds = processor_seconds(partial(suppressed, findings, aside, account(), {"rule": "rule"}, Limits(), today))
        yield at_most(
            f"suppressions: {SUPPRESSIONS} {what} over {FINDINGS:,} findings, processor time in s", seconds, limit
        )


def engine_rows(path: Path) -> Iterator[Row]:
    """Measure the engine alone: how fast users are judged, and what all rules cost against the first five."""
    snapshot = load(path.read_bytes(), "bench")
    everything = [configured(name) for name in load_rules()]
    five = [each for each in everything if each.rule.id in CORE]
    of_users = [each for each in five if each.rule.resource_types == (ResourceType.USER,)]
    rate = ENTITIES["users"] / evaluation_seconds(snapshot, of_users)
    yield Row("engine: users a second and core, three rules each", f"{rate:,.0f}", ">= 150,000", rate >= 150_000)
    seconds, seconds_of_five = (evaluation_seconds(snapshot, rules) for rules in (everything, five))
    judged = ", ".join(f"{ENTITIES[kind]:,} {kind}" for kind in ("users", "roles", "policies"))
    yield Row(f"engine: all {len(everything)} rules over {judged}, processor time", f"{seconds * 1000:.0f} ms")
    yield Row(f"engine: all {len(everything)} rules / the first five", f"{seconds / seconds_of_five:.1f}")


def evaluation_seconds(snapshot: Snapshot, rules: Sequence[ConfiguredRule]) -> float:
    """Return the processor time of an evaluation (the median of runs)."""
    return statistics.median(processor_seconds(lambda: evaluate(snapshot, rules)) for _ in range(RUNS))


def processor_seconds(work: Callable[[], object]) -> float:
    """Return the processor time of a piece of work."""
    start = time.process_time()
    work()
    return time.process_time() - start


def html_rows(folder: Path) -> Iterator[Row]:
    """Measure the HTML report of 25,000 findings: its size, and when Chromium is ready to search it."""
    path, document = folder / "report.html", folder / "report.json"
    with served(**{**ENTITIES, "users": HTML_USERS}):
        spent([*IAM_AUDIT, "scan", "--quiet", "--rules", "core", "-o", str(document)])
    cost = spent([*IAM_AUDIT, "report", "--quiet", str(document), "-o", str(path)])
    yield Row("html: written from the stored JSON report, whole process", f"{cost.seconds * 1000:.0f} ms")
    yield from in_browser(document, path, largest_kb=1_000, slowest_ms=1_000)


def large_html_rows(folder: Path) -> Iterator[Row]:
    """Measure the HTML report of 120,000 findings, and how long a search in it takes."""
    snapshot, path, document = folder / "large.json", folder / "large.html", folder / "large-report.json"
    snapshot.write_bytes(dump(grown(LARGE)))
    files = ["-o", str(path), "-o", str(document)]
    spent([*IAM_AUDIT, "scan", "--quiet", "--rules", "core", "--snapshot", str(snapshot), *files])
    yield from in_browser(document, path, largest_kb=3_000, slowest_ms=2_000)


def diff_rows(folder: Path) -> Iterator[Row]:
    """Measure the diff of two stored reports of 120,000 findings; in the second some users are gone."""
    snapshot, old, new = folder / "less.json", folder / "large-report.json", folder / "less-report.json"
    snapshot.write_bytes(dump(grown(LARGE._replace(users=LARGE.users - GONE_USERS))))
    spent([*IAM_AUDIT, "scan", "--quiet", "--rules", "core", "--snapshot", str(snapshot), "-o", str(new)])
    cost = least([*IAM_AUDIT, "diff", "--quiet", str(old), str(new)], DIFF_RUNS)
    what = "diff: two stored reports of 120,000 findings, whole process"
    yield Row(f"{what}, wall time", f"{cost.seconds:.2f} s", "<= 3 s", cost.seconds <= 3)
    yield Row(f"{what}, peak memory", f"{cost.peak_mb:.0f} MB", "<= 400 MB", cost.peak_mb <= 400)


def in_browser(document: Path, path: Path, *, largest_kb: int, slowest_ms: int) -> Iterator[Row]:
    """Measure a page: its size, when it can be searched, and how long a typed word takes to show its result."""
    findings = json.loads(document.read_bytes())["findings"]
    what = f"html: {len(findings):,} findings"
    yield at_most(f"{what}, size in kB", path.stat().st_size / 1000, largest_kb, "{:,.0f}")
    if not any(map(shutil.which, NAMES)):
        yield Row(f"{what}, ready and searched", "no Chromium")
        return
    with chromium() as browser:
        ready, first, next_one = zip(*(times(browser.new_page(), path, findings) for _ in range(5)), strict=True)
    for name, figures in (
        ("from navigation to ready, in ms", ready),
        ("from the first word typed to its result, in ms", first),
        ("from another word typed to its result, in ms", next_one),
    ):
        yield at_most(f"{what}, {name}", statistics.median(figures), slowest_ms, "{:,.0f}")


TYPE = """([word]) => new Promise((resolve) => {
    const box = document.getElementById("search");
    const start = performance.now();
    box.value = word;
    box.dispatchEvent(new Event("input"));
    requestAnimationFrame(() => setTimeout(() => resolve(performance.now() - start)));
})"""
"""Types a word, and returns the milliseconds until its result has been painted."""


def times(page: Page, path: Path, findings: Sequence[Any]) -> tuple[float, float, float]:
    """Return when a page is ready, and how long two searches take, the second for a single user, in milliseconds."""
    page.goto(path.as_uri())
    page.wait_for_selector("[data-ready]")
    ready = float(page.evaluate("document.documentElement.dataset.readyMs"))
    first, next_one = (float(page.evaluate(TYPE, [word])) for word in ("user", findings[-1]["resource_id"]))
    assert page.locator(".finding").first.inner_text().startswith(findings[-1]["resource_name"])
    page.close()
    return ready, first, next_one


if __name__ == "__main__":
    sys.exit(main())
