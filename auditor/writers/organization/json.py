"""The JSON report of an organization, for other programs; its fields are those of `organization/report.py`."""

from typing import BinaryIO

from auditor.organization.report import OrganizationReport
from auditor.report.report import encoded
from auditor.writers.json import shown


def write(report: OrganizationReport, stream: BinaryIO) -> None:
    """Write the report as one JSON document; the same report gives the same bytes."""
    for piece in shown(encoded(report) + b"\n"):
        stream.write(piece)
