"""The JSON diff, for other programs; its fields are those of report/comparison.py."""

from typing import BinaryIO

from auditor.report.comparison import Comparison
from auditor.report.report import encoded
from auditor.writers.json import shown


def write(comparison: Comparison, stream: BinaryIO) -> None:
    """Write the comparison as one JSON document."""
    for piece in shown(encoded(comparison) + b"\n"):
        stream.write(piece)
