"""Blocks as one HTML page in the style of the report, which opens from disk, runs no script and makes no request."""

from collections.abc import Iterable, Iterator
from typing import Any

from auditor import __version__
from auditor.writers.blocks import Block, Items

MAX_ROWS = 1_000  # of a table; browsers take seconds for more


def document(title: str, blocks: Iterable[Block]) -> str:
    """Return blocks as HTML; the same blocks give the same text."""
    from auditor.writers.html import asset, csp_hash, page_environment  # jinja2: 70 ms

    style = asset("report.css", "blocks.css")
    page: str = (
        page_environment()
        .get_template("blocks.html.jinja")
        .render(
            title=title,
            blocks=list(_shown(blocks)),
            max_rows=MAX_ROWS,
            version=__version__,
            style=style,
            style_hash=csp_hash(style),
        )
    )
    return page


def _shown(blocks: Iterable[Block]) -> Iterator[tuple[str, Any]]:
    for block in blocks:
        yield "text" if isinstance(block, str) else "items" if isinstance(block, Items) else "table", block
