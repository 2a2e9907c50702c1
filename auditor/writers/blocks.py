"""Blocks: sentences, lists and tables, independent of the format; this module writes them as plain text."""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from auditor.writers.visible import visible

_GAP = "  "


class Items(NamedTuple):
    """Hold the lines of a list."""

    lines: Sequence[str]


class Table(NamedTuple):
    """Hold a table; the columns whose numbers are in `right` are aligned to the right."""

    heads: Sequence[str]
    rows: Sequence[Sequence[str]]
    right: Sequence[int] = ()


Block = str | Items | Table


def number(count: int, one: str, many: str) -> str:
    """Return a count with its noun."""
    return f"{count:,} {one if count == 1 else many}"


def text(blocks: Iterable[Block]) -> Iterator[str]:
    """Yield blocks as lines of plain text."""
    for block in blocks:
        if isinstance(block, str):
            yield visible(block)
        elif isinstance(block, Items):
            yield from (f"{_GAP}{visible(line)}" for line in block.lines)
        else:
            yield from _table(block)


def _table(table: Table) -> Iterator[str]:
    """Yield the lines of a table; columns are as wide as their longest cell."""
    shown = [table.heads, *([visible(cell) for cell in row] for row in table.rows)]
    widths = [max(len(row[column]) for row in shown) for column in range(len(table.heads))]
    for row in shown:
        cells = (
            cell.rjust(width) if column in table.right else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        yield f"{_GAP}{_GAP.join(cells)}".rstrip()
