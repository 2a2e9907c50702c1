"""The result of a verification of a history."""

from collections.abc import Iterator

from auditor.history.verification import Fault, Verification
from auditor.writers.blocks import Block


def blocks(found: Verification) -> Iterator[Block]:
    """Yield the faults, then the heads of the chains, then the result."""
    for fault in found.faults:
        yield _line(fault)
    for head in found.heads:
        runs = f"{head.runs:,} {'run' if head.runs == 1 else 'runs'}"
        pruned = (
            f", {head.pruned:,} of them pruned, whose verdicts are gone and were not checked" if head.pruned else ""
        )
        yield f"Account {head.account}: {runs}{pruned}, the newest of {head.captured_at}, link {head.link}"
    count = len(found.faults)
    faults = f"{count:,} {'fault' if count == 1 else 'faults'}"
    yield f"Verified {found.runs:,} {'run' if found.runs == 1 else 'runs'}: {faults if count else 'everything agrees'}"


def _line(fault: Fault) -> str:
    place = ", ".join(part for part in (fault.account and f"account {fault.account}", fault.captured_at) if part)
    return f"Fault{f' in {place}' if place else ''}: {fault.problem}"
