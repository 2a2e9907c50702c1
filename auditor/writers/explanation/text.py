"""The explanation as text for a terminal: facts and tables, then the verdict of each rule."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TextIO

from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from auditor.explaining.explanation import Explanation, shortfall
from auditor.judging.rule import Evidence
from auditor.report import configuration
from auditor.writers.explanation.cells import MUTED, UNKNOWN, Cell, Judged, Section, evidence
from auditor.writers.explanation.sections import counted, facts, judged, kind_text, remarks, sections
from auditor.writers.statements import suppression_text
from auditor.writers.table import STYLES, TRAILING_BLANKS, console_for
from auditor.writers.visible import visible

_TONES: Mapping[str, str] = {**{kind.value: style for kind, style in STYLES.items()}, UNKNOWN: "yellow", MUTED: "dim"}
_LONGEST = 200  # characters of a fact's value
_WIDE = 120  # columns; enough for tables with long texts
_INDENT = (0, 0, 0, 2)


def write(explanation: Explanation, stream: TextIO) -> None:
    """Write the explanation for a terminal, in colour only if the stream is one and NO_COLOR is not set."""
    console = console_for(stream)
    with console.capture() as captured:
        for each in _parts(explanation, console):
            console.print(each)
    stream.write(TRAILING_BLANKS.sub("", captured.get()))


def _parts(explanation: Explanation, console: Console) -> Iterator[RenderableType]:
    yield Text(visible(f"{explanation.name} ({kind_text(explanation)})"), style="bold")
    yield Padding(_grid(facts(explanation)), _INDENT)
    if explanation.configuration is not None:
        yield Text(visible(configuration.sentence(explanation.configuration)))
    if explanation.unseen is not None:
        yield Text(f"\n{visible(explanation.unseen)}", style="yellow")
        return
    for section in sections(explanation):
        yield from _section(section, console)
    yield from _verdicts(explanation)
    if (lacking := shortfall(explanation)) is not None:
        yield Text(f"\nIncomplete: {lacking}", style="yellow")
    yield Text(f"\n{explanation.not_considered}", style="dim")


def _section(section: Section, console: Console) -> Iterator[RenderableType]:
    yield Text(f"\n{section.title}", style="bold")
    if section.introduction:
        yield Padding(Text(visible(section.introduction)), _INDENT)
    if not section.rows:
        yield Padding(Text(section.empty, style="dim"), _INDENT)
    elif not section.columns:
        yield Padding(_grid(section.rows), _INDENT)
    elif section.narrow or console.width >= _WIDE:
        yield Padding(_table(section), _INDENT)
    else:
        yield from _stacked(section)
    if section.notes:
        yield Padding(_grid([(Cell(mark), Cell(text)) for mark, text in section.notes]), _INDENT)


def _grid(rows: Sequence[Sequence[Cell]]) -> Table:
    """Return rows without headings; the first of two or more columns is not wrapped."""
    table = Table(box=None, pad_edge=False, show_header=False, padding=(0, 2, 0, 0))
    for place in range(len(rows[0])):
        table.add_column(overflow="fold", no_wrap=place == 0 and len(rows[0]) > 1)
    for row in rows:
        table.add_row(*map(_text, row))
    return table


def _table(section: Section) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    for column in section.columns:
        table.add_column(column, overflow="fold", no_wrap=section.narrow)
    for row in section.rows:
        table.add_row(*map(_text, row))
    return table


def _stacked(section: Section) -> Iterator[RenderableType]:
    """Yield each row as a block, for terminals that are too narrow for the columns."""
    for first, *others in section.rows:
        name = "" if first.tone == UNKNOWN else f"{section.columns[0]} "
        yield Padding(Text(name, style="dim").append_text(_text(first)), _INDENT)
        named = zip(section.columns[1:], others, strict=True)
        rows = [(Cell(column, MUTED), cell) for column, cell in named if cell.text]
        if rows:
            yield Padding(_grid(rows), (0, 0, 0, 4))


def _text(cell: Cell) -> Text:
    text = Text(visible(cell.text), style=_TONES.get(cell.tone, ""))
    return text.append(f" {cell.mark}", style="default not dim") if cell.mark else text


def _verdicts(explanation: Explanation) -> Iterator[RenderableType]:
    yield Text(f"\nVerdicts: {counted(explanation)}", style="bold")
    for remark in remarks(explanation):
        yield Padding(Text(visible(remark), style="yellow"), _INDENT)
    for each in judged(explanation):
        yield Padding(_heading(each), _INDENT)
        for line in _lines(each):
            yield Padding(Text(visible(line)), (0, 0, 0, 4))


def _heading(each: Judged) -> Text:
    finding = each.finding
    text = Text(f"{visible(each.rule)} ")
    text.append(finding.compliance_type, style=STYLES[finding.compliance_type])
    return text.append(f", severity {finding.severity}{' (suppressed)' if finding.suppression is not None else ''}")


def _lines(each: Judged) -> Iterator[str]:
    yield each.finding.annotation
    yield from (f"Note: {remark}" for remark in each.remarks)
    if each.finding.suppression is not None:
        yield suppression_text(each.finding)
    yield from map(_evidence, each.finding.evidence)


def _evidence(fact: Evidence) -> str:
    text = evidence(fact)
    text = text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
    return f"{fact.path} = {text} ({fact.source})"
