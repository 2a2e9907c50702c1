"""Measure speed and size, and print a table: `make bench`. Ratios are of the medians of runs taken in turn."""

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple
from urllib.request import urlopen

from bench_scripts import ALL_KINDS, AUDITED_KINDS
from browser import NAMES, chromium

from auditor.engine import evaluate
from auditor.parameters import configure
from auditor.registry import load_rules
from auditor.snapshot import load

HERE = Path(__file__).parent
ENTITIES = {"users": 5_000, "groups": 300, "roles": 1_000, "policies": 1_500}
NAIVE_USERS, NAIVE_GROUPS = 200, 12  # a twenty-fifth of the account
HTML_USERS = 8_233  # with 300 groups and one account: 25,000 findings
RUNS = 15
LIVE_RUNS = 5
IAM_AUDIT = [sys.executable, "-m", "auditor"]
SCRIPTS = [sys.executable, str(HERE / "bench_scripts.py")]
EXPECTED_EXITS = (0, 4)


class Row(NamedTuple):
    """One line of the table; `good` is None for a figure that has no limit."""

    what: str
    figure: str
    limit: str = ""
    good: bool | None = None


class Cost(NamedTuple):
    """What a process cost: wall-clock seconds and peak memory in MB."""

    seconds: float
    peak_mb: float


def main() -> int:
    """Print the table and give 1 if a figure is out of its limit."""
    good = True
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for section in (live_rows(folder), naive_rows(), offline_rows(folder), html_rows(folder)):
            for row in section:
                good &= row.good is not False
                mark = {True: "ok", False: "MISSED", None: ""}[row.good]
                print(f"{row.what:<78} {row.figure:>12} {row.limit:>12} {mark}".rstrip(), flush=True)
    return 0 if good else 1


@contextmanager
def account(**entities: int) -> Iterator[str]:
    """Serve an account of that many entities from another process, and lead AWS's settings there; gives the URL."""
    command = [sys.executable, str(HERE / "big_account.py"), *map(str, entities.values())]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdin is not None
        assert server.stdout is not None
        url = server.stdout.readline().strip()
        os.environ |= {
            "AWS_ENDPOINT_URL": url,
            "AWS_ACCESS_KEY_ID": "bench",
            "AWS_SECRET_ACCESS_KEY": "bench",
            "AWS_DEFAULT_REGION": "us-east-1",
            "no_proxy": "127.0.0.1",
        }
        yield url
        server.stdin.close()


def calls(url: str) -> Mapping[str, int]:
    """Give how often each action was called since the last time that this was asked."""
    counts: Mapping[str, int] = json.loads(urlopen(f"{url}/calls").read())
    return counts


def live_rows(folder: Path) -> Iterator[Row]:
    """Measure reading an account of AWS's page size against the same calls made by a bare script."""
    users = f"{ENTITIES['users']:,} users"
    snapshot = [*IAM_AUDIT, "snapshot", "--quiet", "-o", str(folder / "snapshot.json")]
    scan = [*IAM_AUDIT, "scan", "--quiet", "--format", "json"]
    with account(**ENTITIES) as url:
        for name, command, kinds in (("snapshot", snapshot, ALL_KINDS), ("scan", scan, AUDITED_KINDS)):
            calls(url)
            spent(command)
            made = sum(calls(url).values())
            yield Row(f"live: {name} of {users}, API calls", str(made), "<= 20", made <= 20)
            spent([*SCRIPTS, "bare", *kinds])
            theirs = sum(calls(url).values())
            ratio, ours = compared(command, [*SCRIPTS, "bare", *kinds], LIVE_RUNS)
            what = f"live: {name} / a bare script making the same {theirs} calls, wall time"
            yield Row(what, f"{ratio:.2f}", "<= 1.3", ratio <= 1.3)
            yield Row(f"live: {name}, wall time", f"{ours.seconds:.2f} s")


def naive_rows() -> Iterator[Row]:
    """Measure the same five questions asked user by user, on fewer users, and say what it scales to."""
    factor = ENTITIES["users"] // NAIVE_USERS
    with account(users=NAIVE_USERS, groups=NAIVE_GROUPS, roles=40, policies=60) as url:
        calls(url)
        cost = spent([*SCRIPTS, "naive"])
        made = sum(calls(url).values())
    yield Row(f"naive: a call per question and user, {NAIVE_USERS} users, API calls", f"{made:,}")
    yield Row(f"naive: scaled by {factor} to {ENTITIES['users']:,} users, API calls", f"{made * factor:,}")
    yield Row(f"naive: scaled by {factor}, wall time without any network latency", f"{cost.seconds * factor:.0f} s")


def offline_rows(folder: Path) -> Iterator[Row]:
    """Measure a scan of the saved snapshot against loading the same file, and the engine alone."""
    path = folder / "snapshot.json"
    scan = [*IAM_AUDIT, "scan", "--quiet", "--snapshot", str(path), "--format", "json"]
    bare = [sys.executable, "-c", f"import json; json.load(open({str(path)!r}))"]
    ratio, ours = compared(scan, bare, RUNS)
    size = path.stat().st_size / 1e6
    yield Row(
        f"offline: scan of the snapshot ({size:.1f} MB) to JSON / json.load of it", f"{ratio:.2f}", "<= 2.0", ratio <= 2
    )
    yield Row("offline: scan, wall time", f"{ours.seconds * 1000:.0f} ms")
    yield Row("offline: scan, peak memory", f"{ours.peak_mb:.0f} MB", "< 120 MB", ours.peak_mb < 120)
    rate = users_per_second(path)
    yield Row("engine: users a second and core, three rules each", f"{rate:,.0f}", ">= 150,000", rate >= 150_000)


def users_per_second(path: Path) -> float:
    """Give how many users the three user rules judge in a second of processor time (the median of runs)."""
    snapshot = load(path.read_bytes(), "bench")
    rules = [configure(rule, {}) for rule in load_rules().values() if rule.resource_types == ("AWS::IAM::User",)]
    seconds = [processor_seconds(lambda: evaluate(snapshot, rules)) for _ in range(RUNS)]
    return ENTITIES["users"] / statistics.median(seconds)


def processor_seconds(work: Callable[[], object]) -> float:
    """Give the processor time of a piece of work."""
    start = time.process_time()
    work()
    return time.process_time() - start


def html_rows(folder: Path) -> Iterator[Row]:
    """Measure the HTML report of 25,000 findings: its size, and when Chromium is ready to search it."""
    path, document = folder / "report.html", folder / "report.json"
    with account(**{**ENTITIES, "users": HTML_USERS}):
        spent([*IAM_AUDIT, "scan", "--quiet", "-o", str(document)])
    cost = spent([*IAM_AUDIT, "report", "--quiet", str(document), "-o", str(path)])
    count, size = len(json.loads(document.read_bytes())["findings"]), path.stat().st_size
    yield Row(f"html: {count:,} findings, size", f"{size / 1000:,.0f} kB", "< 1,000 kB", size < 1_000_000)
    yield Row("html: written from the stored JSON report, whole process", f"{cost.seconds * 1000:.0f} ms")
    if any(map(shutil.which, NAMES)):
        ready = milliseconds_to_ready(path)
        yield Row("html: ready to search in headless Chromium", f"{ready:.0f} ms", "< 1,000 ms", ready < 1000)
    else:
        yield Row("html: ready to search", "no Chromium", "< 1,000 ms")


def milliseconds_to_ready(path: Path) -> float:
    """Give when the page can be searched, in milliseconds after its navigation began (the median of five loads)."""
    with chromium() as browser:
        times = []
        for _ in range(5):
            page = browser.new_page()
            page.goto(path.as_uri())
            page.wait_for_selector("[data-ready]")
            times.append(float(page.evaluate("document.documentElement.dataset.readyMs")))
            page.close()
    return statistics.median(times)


def compared(first: Sequence[str], second: Sequence[str], runs: int) -> tuple[float, Cost]:
    """Run two commands in turn, once to warm up; give the ratio of their median times, and the first's medians."""
    pairs = [(spent(first), spent(second)) for _ in range(runs + 1)][1:]
    ours, theirs = (statistics.median(pair[side].seconds for pair in pairs) for side in (0, 1))
    return ours / theirs, Cost(ours, statistics.median(pair[0].peak_mb for pair in pairs))


def spent(command: Sequence[str]) -> Cost:
    """Run a command and give what it cost; its output goes nowhere."""
    silent: Any = [(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)]
    start = time.perf_counter()
    child = os.posix_spawn(command[0], list(command), os.environ, file_actions=silent)
    _, status, usage = os.wait4(child, 0)
    seconds = time.perf_counter() - start
    code = os.waitstatus_to_exitcode(status)
    if code not in EXPECTED_EXITS:
        raise SystemExit(f"{' '.join(command)} ended with {code}")
    return Cost(seconds, usage.ru_maxrss / 1024)


if __name__ == "__main__":
    sys.exit(main())
