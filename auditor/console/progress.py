"""The progress display: one line on a terminal for each source that is being read."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol, TextIO

from auditor.account.sources import Source


class Progressed(Protocol):
    """Describe how far a source is read; the live collector's ProgressEvent is one."""

    @property
    def source(self) -> Source:
        """Return the source."""

    @property
    def items(self) -> int:
        """Return how many items were read so far."""

    @property
    def pages(self) -> int:
        """Return how many pages were read so far."""

    @property
    def done(self) -> bool:
        """Return whether the source has been read to its end."""


@contextmanager
def show(stream: TextIO) -> Iterator[Callable[[Progressed], None]]:
    """Show progress on a terminal while the block runs, and clear it afterwards.

    Yields a function to call with each event; several threads may call it.
    """
    from rich.console import Console  # 70 ms, only with a terminal
    from rich.progress import Progress, SpinnerColumn, TaskID, TextColumn

    columns = (
        SpinnerColumn(finished_text="*"),
        TextColumn("{task.description:<22}"),
        TextColumn("{task.fields[so_far]}"),
    )
    with Progress(*columns, console=Console(file=stream), transient=True) as progress:
        tasks: dict[Source, TaskID] = {
            source: progress.add_task(source, total=1, so_far="", visible=False) for source in Source
        }

        def update(event: Progressed) -> None:
            so_far = f"{event.items:,}" if event.items or event.done else "waiting"
            progress.update(tasks[event.source], visible=True, so_far=so_far, completed=int(event.done))

        yield update
