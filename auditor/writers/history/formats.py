"""The formats of the results of a history: for standard output, and by the suffixes of files."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, BinaryIO

import msgspec

from auditor.history.aged import OpenFindings
from auditor.history.reported import ReportAges
from auditor.history.sample import Sample
from auditor.history.trend import Trend
from auditor.history.verification import Verification
from auditor.report.report import Report, as_json
from auditor.writers import blocks_html, blocks_markdown
from auditor.writers.blocks import Block, text
from auditor.writers.history import findings, reported, sample, trend, verification
from auditor.writers.json import shown

SUFFIXES = (".json", ".md", ".html")
"""The suffixes of files."""
SUFFIX_OF = {"table": ".txt", "json": ".json", "markdown": ".md"}
"""The suffixes of the formats of standard output."""

_BLOCKS: Mapping[type, tuple[str, Callable[[Any], Iterator[Block]]]] = {
    OpenFindings: ("IAM findings that are not resolved", findings.blocks),
    ReportAges: ("IAM findings with their ages", reported.blocks),
    Sample: ("A sample of IAM findings", sample.blocks),
    Trend: ("IAM findings over time", trend.blocks),
    Verification: ("A verified history", verification.blocks),
}


def write(result: Any, suffix: str, stream: BinaryIO, report: Report | None = None) -> None:
    """Write a result of a history in the format of a suffix; `report` is the report that it is about, if any."""
    if suffix == ".html" and report is not None:
        reported.write_page(report, result, stream)
    elif suffix == ".html" and isinstance(result, Trend):
        from auditor.writers.history import html  # jinja2: 70 ms

        html.write(result, stream)
    elif suffix == ".json":
        stream.writelines(shown(msgspec.json.format(as_json(result), indent=2) + b"\n"))
    else:
        stream.write(_document(result, suffix).encode("utf-8", "backslashreplace"))


def _document(result: Any, suffix: str) -> str:
    title, blocks = _BLOCKS[type(result)]
    if suffix == ".html":
        return blocks_html.document(title, blocks(result))
    if suffix == ".md":
        return blocks_markdown.document(title, blocks(result))
    return "".join(f"{line}\n" for line in text(blocks(result)))
