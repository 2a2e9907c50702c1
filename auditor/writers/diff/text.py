"""The diff as text for a terminal: differences between the reports first, then the sections, then the counts."""

from collections.abc import Iterator
from typing import BinaryIO

from auditor.report.comparison import Comparison
from auditor.writers.diff.sections import Row, Section, differing, heading, sections, summary
from auditor.writers.visible import visible

_LINES = 1_000  # written at once


def write(comparison: Comparison, stream: BinaryIO) -> None:
    """Write the comparison as lines of text."""
    piece: list[str] = []
    for line in _lines(comparison):
        piece.append(line)
        if len(piece) >= _LINES:
            stream.write("".join(piece).encode("utf-8", "backslashreplace"))
            piece.clear()
    stream.write("".join(piece).encode("utf-8", "backslashreplace"))


def _lines(comparison: Comparison) -> Iterator[str]:
    for line in heading(comparison):
        yield f"{line}\n"
    if unlike := differing(comparison):
        yield "\nThe reports differ apart from their findings:\n"
        yield from (f"  {line}\n" for line in unlike)
    for section in sections(comparison):
        yield from _section(section)
    yield f"\n{summary(comparison)}\n"


def _section(section: Section) -> Iterator[str]:
    yield f"\n{section.title} ({section.total:,}): {section.meaning}\n"
    rule = None
    for row in section.rows:
        if row.rule != rule and row.rule:
            yield f"  {visible(row.rule)}{f', severity {row.severity}' if row.severity else ''}\n"
        rule = row.rule
        yield f"    {_named(row)}\n"


def _named(row: Row) -> str:
    return f"{visible(row.resource)} ({row.resource_type}): {visible(row.text)}"
