"""The JSON explanation, for other programs; its fields are those of explaining/explanation.py."""

from typing import BinaryIO

from auditor.explaining.explanation import Explanation
from auditor.report.report import encoded
from auditor.writers.json import shown


def write(explanation: Explanation, stream: BinaryIO) -> None:
    """Write the explanation as one JSON document."""
    for piece in shown(encoded(explanation) + b"\n"):
        stream.write(piece)
