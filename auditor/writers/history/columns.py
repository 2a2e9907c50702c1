"""Tables of plain text: columns as wide as their longest cell."""

from collections.abc import Iterator, Sequence

from auditor.writers.visible import visible

_GAP = "  "


def table(heads: Sequence[str], rows: Sequence[Sequence[str]], *, right: Sequence[int] = ()) -> Iterator[str]:
    """Yield the lines of a table; the columns of the numbers in `right` end at one edge."""
    shown = [heads, *([visible(cell) for cell in row] for row in rows)]
    widths = [max(len(row[column]) for row in shown) for column in range(len(heads))]
    for row in shown:
        cells = (
            cell.rjust(width) if column in right else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        yield f"  {_GAP.join(cells)}".rstrip()


def number(count: int, one: str, many: str) -> str:
    """Return a count with its noun."""
    return f"{count:,} {one if count == 1 else many}"
