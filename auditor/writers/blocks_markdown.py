"""Blocks as Markdown, for a ticket or a wiki: limited in length, and no text from the account is markup."""

import re
from collections.abc import Iterable, Iterator, Sequence

from auditor.writers.blocks import Block, Items, Table
from auditor.writers.diff.markdown import code

MAX_ROWS = 400  # of a table or list; 90 days or a page of findings fit well into the 65,536 characters of a comment
_PLAIN = re.compile(r"[A-Za-z0-9 ,.:;/%()-]*")


def document(title: str, blocks: Iterable[Block]) -> str:
    """Return blocks as Markdown."""
    return f"# {title}\n" + "".join(f"\n{text}\n" for block in blocks if (text := _block(block)))


def _block(block: Block) -> str:
    if isinstance(block, str):
        return _cell(block)
    lines = _items(block.lines) if isinstance(block, Items) else _table(block)
    rows = len(block.lines if isinstance(block, Items) else block.rows)
    more = f"\n\nAnd {rows - MAX_ROWS:,} more; the JSON has them all." if rows > MAX_ROWS else ""
    return "\n".join(lines) + more


def _items(lines: Sequence[str]) -> Iterator[str]:
    yield from (f"- {_cell(line)}" for line in lines[:MAX_ROWS])


def _table(table: Table) -> Iterator[str]:
    yield _row(table.heads)
    yield _row(["---:" if column in table.right else "---" for column in range(len(table.heads))])
    yield from (_row([_cell(cell) if cell else "" for cell in row]) for row in table.rows[:MAX_ROWS])


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _cell(text: str) -> str:
    """Return text unchanged if nothing in it can be markup, otherwise as a code span."""
    return text if _PLAIN.fullmatch(text) else code(text)
