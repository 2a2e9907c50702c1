"""The JSON report: the contract that other programs read."""

from typing import BinaryIO

from auditor.report import Report, dump_report


def write(report: Report, stream: BinaryIO) -> None:
    """Write the report as one JSON document."""
    stream.write(dump_report(report))
