"""The report of an organization as JSON Lines: one for the whole report, then one for each account and each cause.

The first line ("record": "report") is the JSON report without its accounts and causes. Each of these ("record":
"account" and "cause") is an object of the JSON report on a line of its own.
"""

from collections.abc import Iterator
from typing import BinaryIO

from msgspec import Struct

from auditor.organization.report import OrganizationReport
from auditor.report.report import encoded
from auditor.writers.json import shown

_LISTED = ("accounts", "causes")


def write(report: OrganizationReport, stream: BinaryIO) -> None:
    """Write the report line by line; the same report gives the same bytes."""
    for line in _lines(report):
        for piece in shown(line):
            stream.write(piece)


def _lines(report: OrganizationReport) -> Iterator[bytes]:
    parts = {name: getattr(report, name) for name in report.__struct_fields__ if name not in _LISTED}
    yield encoded({"record": "report", **parts}) + b"\n"
    for account in report.accounts:
        yield _line("account", account)
    for cause in report.causes:
        yield _line("cause", cause)


def _line(record: str, value: Struct) -> bytes:
    return b'{"record":"%b",%b\n' % (record.encode(), encoded(value)[1:])
