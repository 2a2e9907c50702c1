"""The parity report as JSON, which other programs read; its fields are those of parity/parity."""

from typing import BinaryIO

from auditor.parity.parity import Parity
from auditor.report.report import encoded
from auditor.writers.json import shown


def write(parity: Parity, stream: BinaryIO) -> None:
    """Write the parity report as one JSON document."""
    for piece in shown(encoded(parity) + b"\n"):
        stream.write(piece)
