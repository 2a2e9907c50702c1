"""The formats of report files and snapshots, by the suffixes of their names."""

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any, BinaryIO

from auditor.report.report import Report

_WRITERS: Mapping[str, str] = {
    ".json": "auditor.writers.json",
    ".html": "auditor.writers.html",
    ".csv": "auditor.writers.csv",
    ".jsonl": "auditor.writers.jsonl",
}
REPORT_SUFFIXES = tuple(_WRITERS)
SNAPSHOT_SUFFIXES = (".json", ".json.gz")


def writer_of(suffix: str) -> Callable[[Report, BinaryIO], Any]:
    """Return the function that writes a report in the format of a suffix; only this format is imported."""
    write: Callable[[Report, BinaryIO], Any] = import_module(_WRITERS[suffix]).write
    return write
