"""Markdown for $GITHUB_STEP_SUMMARY, which holds more than a comment: GitHub shows nothing of more than 1 MiB."""

from typing import BinaryIO

from auditor.report.report import Report
from auditor.writers import markdown

MOST_BYTES = 1_000_000  # of 1,048,576: other commands of the step may add theirs


def write(report: Report, stream: BinaryIO) -> None:
    """Write the report as Markdown that a step summary can hold; the same report gives the same bytes."""
    stream.write(markdown.within(report, MOST_BYTES))
