"""What the parts of the benchmark share: rows of its table, the cost of a command, a large account that is served."""

import json
import os
import statistics
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple
from urllib.request import urlopen

HERE = Path(__file__).parent
SUPPORT = HERE.parent / "support"
IAM_AUDIT = [sys.executable, "-m", "auditor"]
WITHOUT = [sys.executable, str(HERE / "without.py")]
SCRIPTS = [sys.executable, str(HERE / "bench_scripts.py")]
EXPECTED_EXITS = (0, 4)
_SPENT = [sys.executable, "-I", "-S", str(HERE / "spent.py")]


class Row(NamedTuple):
    """One line of the table; `good` is None for a figure that has no limit."""

    what: str
    figure: str
    limit: str = ""
    good: bool | None = None


def at_most(what: str, figure: float, limit: float, form: str = "{:.2f}") -> Row:
    """Return a row whose figure must not exceed the limit."""
    return Row(what, form.format(figure), f"<= {form.format(limit)}", figure <= limit)


class Cost(NamedTuple):
    """What a process cost: wall-clock seconds, processor seconds, and peak memory in MB."""

    seconds: float
    worked: float
    peak_mb: float


def spent(command: Sequence[str]) -> Cost:
    """Run a command and return what it cost; its output goes nowhere."""
    done = subprocess.run([*_SPENT, *command], stdout=subprocess.PIPE, check=True)
    *cost, code = json.loads(done.stdout)
    if code not in EXPECTED_EXITS:
        raise SystemExit(f"{' '.join(command)} ended with {code}")
    return Cost(*cost)


def least(command: Sequence[str], runs: int) -> Cost:
    """Return the least that some runs cost: whatever else the machine does only adds to it."""
    return Cost(*map(min, zip(*(spent(command) for _ in range(runs)), strict=True)))


def compared(first: Sequence[str], second: Sequence[str], runs: int) -> tuple[float, Cost]:
    """Run two commands in turn; return the ratio of their median times, and the first's medians."""
    pairs = _in_turn(first, second, runs)
    ours, theirs = (Cost(*map(statistics.median, zip(*side, strict=True))) for side in zip(*pairs, strict=True))
    return ours.seconds / theirs.seconds, ours


def added_ms(first: Sequence[str], second: Sequence[str], runs: int) -> float:
    """Run two commands in turn; return how many milliseconds of processor time the first takes more, at the least."""
    pairs = _in_turn(first, second, runs)
    return (min(ours.worked for ours, _ in pairs) - min(theirs.worked for _, theirs in pairs)) * 1000


def _in_turn(first: Sequence[str], second: Sequence[str], runs: int) -> Sequence[tuple[Cost, Cost]]:
    """Return what the runs of two commands cost, pair by pair, after a pair that only warms up."""
    return [(spent(first), spent(second)) for _ in range(runs + 1)][1:]


def worth_row(what: str, command: Sequence[str], tuning: str, runs: int) -> Row:
    """Measure a command without something that spares time against the same command as it is; see without.py."""
    ratio, _ = compared([*WITHOUT, tuning, *command[len(IAM_AUDIT) :]], command, runs)
    return Row(f"{what}, without our {tuning} / as it is, wall time", f"{ratio:.2f}")


@contextmanager
def served(delay_ms: int = 0, **entities: int) -> Iterator[str]:
    """Serve an account of that many entities from another process, and lead AWS's settings there; yields the URL."""
    command = [sys.executable, str(SUPPORT / "big_account.py"), *map(str, (delay_ms, *entities.values()))]
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
    """Return how often each action was called since this function was last used."""
    counts: Mapping[str, int] = json.loads(urlopen(f"{url}/calls").read())
    return counts
