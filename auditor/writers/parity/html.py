"""The parity report as one HTML page that opens from disk and runs nothing; each section shows its first rows."""

from typing import BinaryIO

from auditor.parity.gate import shortfalls
from auditor.parity.parity import Parity
from auditor.writers.html import asset, csp_hash, page_environment
from auditor.writers.parity.sections import NO_VERDICT, alike, heading, notes, rule_rows, sections, summary

MAX_ROWS = 1_000  # of a section; a browser needs seconds for more, and the JSON has them all


def write(parity: Parity, stream: BinaryIO) -> None:
    """Write the parity report as one HTML document; the same report gives the same bytes."""
    style = asset("report.css")
    parts = [(each, list(alike(each.rows[:MAX_ROWS]))) for each in sections(parity)]
    text = (
        page_environment()
        .get_template("parity/parity.html.jinja")
        .render(
            parity=parity,
            subject=parity.account.alias or parity.account.id or "an unknown account",
            heading=list(heading(parity)),
            notes=list(notes(parity)),
            incomplete=bool(shortfalls(parity) or parity.failed_rules),
            summary=summary(parity),
            rules=list(rule_rows(parity)),
            parts=parts,
            none_said=NO_VERDICT,
            most=MAX_ROWS,
            style=style,
            style_hash=csp_hash(style),
        )
    )
    stream.write(text.encode("utf-8", "backslashreplace"))
