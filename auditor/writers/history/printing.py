"""Standard output of the commands on histories: text for a terminal, or JSON."""

import sys
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import msgspec

from auditor.history.aged import OpenFindings
from auditor.history.sample import Sample
from auditor.history.trend import Trend
from auditor.history.verification import Verification
from auditor.report.report import as_json
from auditor.writers.history import findings, sample, trend, verification
from auditor.writers.json import shown

Lines = Callable[[Any], Iterator[str]]

_TEXTS: Mapping[type, Lines] = {
    OpenFindings: findings.lines,
    Sample: sample.lines,
    Trend: trend.lines,
    Verification: verification.lines,
}


def print_history(result: Any, output_format: str) -> None:
    """Write what was found to standard output, as a table or as JSON."""
    if output_format == "json":
        document = b"".join(shown(msgspec.json.format(as_json(result), indent=2)))
        sys.stdout.buffer.write(document + b"\n")
    else:
        text = "".join(f"{line}\n" for line in _TEXTS[type(result)](result))
        sys.stdout.buffer.write(text.encode("utf-8", "backslashreplace"))
    sys.stdout.buffer.flush()
