"""The parity report as text for a terminal: the rules, then each cause, then the counts."""

from collections.abc import Iterator
from itertools import islice
from typing import BinaryIO

from auditor.parity.parity import Parity
from auditor.writers.parity.sections import RuleRow, Section, heading, notes, rule_rows, sections, summary
from auditor.writers.visible import visible

_MOST = 50  # rows of a section; the JSON has them all
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
    for row in islice(section.rows, _MOST):
        if row.rule != rule:
            yield f"  {visible(row.rule)}"
        rule = row.rule
        verdicts = f"AWS Config {row.config}, iam-audit {row.ours}"
        yield f"    {visible(row.resource)} ({visible(row.resource_type)}): {verdicts}; {visible(row.text)}"
    if section.total > _MOST:
        yield f"  And {section.total - _MOST:,} more; the JSON report has them all."
