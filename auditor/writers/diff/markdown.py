"""The diff as Markdown, for a comment on a pull request or a step summary: limited in length, new findings first.

GitHub accepts 65,536 characters in a comment. Texts from the account are in code spans, where nothing is markup,
a mention or a link.
"""

import re
from collections.abc import Iterator
from typing import BinaryIO

from auditor.report.comparison import Comparison
from auditor.writers.diff.sections import Row, Section, differing, heading, sections, summary
from auditor.writers.visible import visible

MAX_CHARACTERS = 60_000  # of 65,536, to leave room for text around it
_MOST_DIFFERENCES = 20
_MORE = "\nAnd {:,} more; the JSON diff has them all.\n"
_RESERVE = 2_000  # characters for the titles and counts of the following sections


def write(comparison: Comparison, stream: BinaryIO) -> None:
    """Write the comparison as Markdown."""
    stream.write(document(comparison).encode("utf-8", "backslashreplace"))


def document(comparison: Comparison) -> str:
    """Return the comparison as Markdown of at most MAX_CHARACTERS."""
    text = "".join(_head(comparison))
    for section in sections(comparison):
        text += _section(section, MAX_CHARACTERS - _RESERVE - len(text))
    return text


def _head(comparison: Comparison) -> Iterator[str]:
    yield "# Changes in IAM\n\n"
    yield from (f"- {code(line)}\n" for line in heading(comparison))
    if unlike := differing(comparison):
        yield "\n**The reports differ apart from their findings:**\n\n"
        yield from (f"- {code(line)}\n" for line in unlike[:_MOST_DIFFERENCES])
        if len(unlike) > _MOST_DIFFERENCES:
            yield _MORE.format(len(unlike) - _MOST_DIFFERENCES)
    yield f"\n**{summary(comparison)}**\n"


def _section(section: Section, room: int) -> str:
    """Return a section with as many rows as fit, always with its title and count."""
    text = f"\n## {section.title} ({section.total:,})\n\n{section.meaning}\n"
    lines: list[str] = []
    for row in section.rows:
        line = _line(row)
        room -= len(line)
        if room < 0:
            break
        lines.append(line)
    if lines:
        text += f"\n{_HEADS[section.title in _OF_RESOURCES]}{''.join(lines)}"
    return text if len(lines) == section.total else text + _MORE.format(section.total - len(lines))


_OF_RESOURCES = ("Appeared", "Vanished")
_HEADS = (
    "| rule | severity | resource | type | annotation |\n| --- | --- | --- | --- | --- |\n",
    "| resource | type | unique id |\n| --- | --- | --- |\n",
)


def _line(row: Row) -> str:
    cells = [code(row.resource), code(row.resource_type), code(row.text)]
    if row.rule:
        cells = [code(row.rule), row.severity, *cells]
    return f"| {' | '.join(cells)} |\n"


def code(text: str) -> str:
    """Return text as a code span that is safe in a table, in which nothing is markup."""
    shown = visible(text)
    if not shown.strip():
        return "` `"
    shown = shown.replace("|", r"\x7c" if "\\" in shown else r"\|")
    fence = "`" * (max(map(len, re.findall("`+", shown)), default=0) + 1)
    pad = " " if shown.startswith("`") or shown.endswith("`") else ""
    return f"{fence}{pad}{shown}{pad}{fence}"
