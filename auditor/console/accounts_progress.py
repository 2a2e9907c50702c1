"""The progress of a run over many accounts: a bar on a terminal, otherwise a line from time to time."""

import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from auditor.console.messages import Say
from auditor.organization.records import Account, Receipt, State

Done = Callable[[Account, Receipt], None]
_INTERVAL_S = 30.0  # seconds between two lines in a log


@contextmanager
def progress(total: int, *, shown: bool, say: Say) -> Iterator[Done]:
    """Show how many accounts are done while the block runs; yield a function to call for each of them."""
    with _bar(total) if shown else _lines(total, say) as done:
        yield done


@contextmanager
def _bar(total: int) -> Iterator[Done]:
    from rich.console import Console  # 70 ms, only with a terminal
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (
        MofNCompleteColumn(),
        TextColumn("accounts"),
        BarColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(),
        TextColumn("{task.fields[states]}"),
    )
    states: Counter[State] = Counter()
    start = time.monotonic()
    with Progress(*columns, console=Console(file=sys.stderr), transient=True) as bar:
        task = bar.add_task("accounts", total=total, rate="", states="")

        def done(_account: Account, receipt: Receipt) -> None:
            states[receipt.state] += 1
            rate = states.total() / max(time.monotonic() - start, 0.001)
            bar.update(task, advance=1, rate=f"{rate:.1f}/s", states=_text(states))

        yield done


@contextmanager
def _lines(total: int, say: Say) -> Iterator[Done]:
    states: Counter[State] = Counter()
    last_line = time.monotonic()

    def done(_account: Account, receipt: Receipt) -> None:
        nonlocal last_line
        states[receipt.state] += 1
        if time.monotonic() - last_line > _INTERVAL_S:
            last_line = time.monotonic()
            say(f"{states.total():,} of {total:,} accounts are done: {_text(states)}")

    yield done


def _text(states: Counter[State]) -> str:
    return ", ".join(f"{states[state]:,} {state.text}" for state in State if states[state])
