"""What a run has stored is read side by side, and comes in the order of the accounts whatever answers first."""

from collections.abc import Iterator, Sequence
from itertools import count
from pathlib import Path
from threading import Barrier, Event

import pytest
from msgspec import Struct
from organization_runs import begun, nothing, work_of

from auditor.errors import SourceError
from auditor.organization import runs
from auditor.organization.executors.threads import Threads
from auditor.organization.names import RECEIPT
from auditor.organization.reading_ahead import read_ahead
from auditor.organization.records import State
from auditor.organization.storage import Folder


class Meeting(Struct, frozen=True):
    """Keep files as another storage does; a receipt is given only when another one is asked for at the same time."""

    inner: Folder
    barrier: Barrier

    @property
    def place(self) -> str:
        """Return the place of the other storage."""
        return self.inner.place

    def read(self, name: str) -> bytes | None:
        """Read a file, a receipt together with another one."""
        if name.endswith(RECEIPT):
            self.barrier.wait(timeout=10)
        return self.inner.read(name)

    def folders(self, name: str) -> Sequence[str]:
        """Return the names of folders."""
        return self.inner.folders(name)

    def write(self, name: str, content: bytes) -> None:
        """Write a file."""
        self.inner.write(name, content)

    def add(self, name: str, content: bytes) -> bool:
        """Write a file unless it is there."""
        return self.inner.add(name, content)

    def remove(self, name: str) -> None:
        """Remove a file."""
        self.inner.remove(name)


def test_receipts_are_read_side_by_side(tmp_path: Path) -> None:
    inner, manifest = begun(tmp_path, 4)
    assert isinstance(inner, Folder)
    runs.carry_out(manifest.accounts, work_of(manifest, inner), Threads(2), nothing, live=False)
    meeting = Meeting(inner, Barrier(2))
    assert runs.report_of(meeting, manifest) == runs.report_of(inner, manifest)
    work = work_of(manifest, meeting)
    assert list(runs.unfinished(manifest, work)) == []
    assert list(runs.differences(meeting, manifest)) == []
    assert runs.forget(manifest, work, [State.AUDITED]) == 4
    assert runs.report_of(inner, manifest).summary.states[State.UNFINISHED] == 4


def test_what_is_read_comes_in_order_though_the_first_answers_last() -> None:
    last = Event()

    def read(number: int) -> int:
        if number == 0:
            assert last.wait(timeout=10)
        if number == 3:
            last.set()
        return number

    assert list(read_ahead(read, range(40), readers=4)) == list(range(40))


def test_only_so_much_is_read_ahead() -> None:
    begun_with = count()
    wanted: Iterator[int] = (next(begun_with) for _ in range(100))
    assert next(read_ahead(lambda number: number, wanted, readers=3)) == 0
    assert next(begun_with) == 6


def test_the_first_failure_in_order_is_raised() -> None:
    def read(number: int) -> int:
        if number > 1:
            raise SourceError(f"cannot be read: {number}", "")
        return number

    found = []
    with pytest.raises(SourceError, match="read: 2"):
        found += list(read_ahead(read, range(100), readers=8))
    assert found == []
