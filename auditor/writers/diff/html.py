"""The diff as one HTML file that opens from disk and runs no script; each section shows its first rows."""

from collections.abc import Sequence
from itertools import islice
from typing import BinaryIO, NamedTuple

from auditor.report.comparison import Comparison
from auditor.writers.diff.sections import Row, differing, heading, sections, summary
from auditor.writers.html import asset, csp_hash, page_environment

MAX_ROWS = 1_000  # of a section; browsers take seconds for more, and the JSON diff has all of them


class _Part(NamedTuple):
    title: str
    meaning: str
    total: int
    rows: Sequence[Row]


def write(comparison: Comparison, stream: BinaryIO) -> None:
    """Write the comparison as one HTML document; the same comparison gives the same bytes."""
    style = asset("report.css")
    parts = [
        _Part(each.title, each.meaning, each.total, list(islice(each.rows, MAX_ROWS))) for each in sections(comparison)
    ]
    page = page_environment().get_template("diff/diff.html.jinja")
    text = page.render(
        comparison=comparison,
        subject=comparison.account.alias or comparison.account.id or "an unknown account",
        heading=list(heading(comparison)),
        differences=differing(comparison),
        summary=summary(comparison),
        parts=parts,
        style=style,
        style_hash=csp_hash(style),
    )
    stream.write(text.encode("utf-8", "backslashreplace"))
