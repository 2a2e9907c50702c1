"""Markdown for $GITHUB_STEP_SUMMARY, which can be longer than a comment: GitHub shows at most 1 MiB."""

from typing import BinaryIO

from auditor.report.report import Report
from auditor.writers import markdown

MOST_BYTES = 1_000_000  # of 1,048,576, because other commands of the step may add text


def write(report: Report, stream: BinaryIO) -> None:
    """Write the report as Markdown that fits in a step summary; the same report gives the same bytes."""
    stream.write(markdown.within(report, MOST_BYTES))
