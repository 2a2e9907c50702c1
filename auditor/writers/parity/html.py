"""The parity report as one HTML page that opens from disk and runs nothing; each section shows its first rows."""

from collections.abc import Sequence
from itertools import islice
from typing import BinaryIO, NamedTuple

from auditor.parity.parity import Parity
from auditor.writers.html import asset, csp_hash, page_environment
from auditor.writers.parity.sections import NO_VERDICT, Row, heading, notes, rule_rows, sections, summary

MAX_ROWS = 1_000  # of a section; a browser needs seconds for more, and the JSON has them all


class _Part(NamedTuple):
    title: str
    meaning: str
    total: int
    rows: Sequence[Row]


def write(parity: Parity, stream: BinaryIO) -> None:
    """Write the parity report as one HTML document; the same report gives the same bytes."""
    style = asset("report.css")
    parts = [
        _Part(each.title, each.meaning, each.total, list(islice(each.rows, MAX_ROWS))) for each in sections(parity)
    ]
    text = (
        page_environment()
        .get_template("parity/parity.html.jinja")
        .render(
            parity=parity,
            subject=parity.account.alias or parity.account.id or "an unknown account",
            heading=list(heading(parity)),
            notes=list(notes(parity)),
            summary=summary(parity),
            rules=list(rule_rows(parity)),
            parts=parts,
            none_said=NO_VERDICT,
            style=style,
            style_hash=csp_hash(style),
        )
    )
    stream.write(text.encode("utf-8", "backslashreplace"))
