"""The parity report as text for a terminal: the rules, then each cause, then the counts."""

from collections.abc import Iterator
from itertools import groupby
from typing import BinaryIO

from auditor.parity.parity import Parity
from auditor.writers.parity.sections import Row, RuleRow, Section, heading, notes, rule_rows, sections, summary
from auditor.writers.visible import visible

_MOST = 10  # resources of which the same is said; the JSON has them all
_HEADS = ("rule", "agree", "differ", "not comparable")


def write(parity: Parity, stream: BinaryIO) -> None:
    """Write the parity report as lines of text."""
    stream.write("".join(f"{line}\n" for line in _lines(parity)).encode("utf-8", "backslashreplace"))


def _lines(parity: Parity) -> Iterator[str]:
    yield from heading(parity)
    yield ""
    yield from _table(list(rule_rows(parity)))
    for section in sections(parity):
        yield from _section(section)
    if said := list(notes(parity)):
        yield ""
        yield from said
    yield ""
    yield summary(parity)


def _table(rows: list[RuleRow]) -> Iterator[str]:
    names = [visible(row.name) for row in rows]
    width = max(map(len, [*names, _HEADS[0]]), default=0)
    yield f"{_HEADS[0]:<{width}}  {_HEADS[1]:>6}  {_HEADS[2]:>6}  {_HEADS[3]:>14}"
    for row, name in zip(rows, names, strict=True):
        counts = f"{_number(row.agree):>6}  {_number(row.differ):>6}  {_number(row.incomparable):>14}"
        yield f"{name:<{width}}  {counts}  {visible(row.text)}".rstrip()


def _number(count: int | None) -> str:
    return "-" if count is None else f"{count:,}"


def _section(section: Section) -> Iterator[str]:
    yield ""
    yield f"{section.title} ({section.total:,}): {section.meaning}"
    rule = None
    for key, rows in groupby(section.rows, key=lambda row: (row.rule, row.config, row.ours, row.text)):
        if key[0] != rule:
            yield f"  {visible(key[0])}"
        rule = key[0]
        yield f"    AWS Config {key[1]}, iam-audit {key[2]}: {visible(key[3])}"
        yield f"      {_names(list(rows))}"


def _names(rows: list[Row]) -> str:
    """Return the resources of which the same is said, each with its type; a few of many."""
    named = ", ".join(f"{visible(row.resource)} ({visible(row.resource_type)})" for row in rows[:_MOST])
    return named if len(rows) <= _MOST else f"{named}, and {len(rows) - _MOST:,} more"
