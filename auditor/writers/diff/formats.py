"""The formats of diffs, by the suffixes of their files."""

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any, BinaryIO

from auditor.report.comparison import Comparison

_WRITERS: Mapping[str, str] = {
    ".json": "auditor.writers.diff.json",
    ".md": "auditor.writers.diff.markdown",
    ".html": "auditor.writers.diff.html",
    ".txt": "auditor.writers.diff.text",
}
DIFF_SUFFIXES = (".json", ".md", ".html")
SUFFIX_OF = {"table": ".txt", "json": ".json", "markdown": ".md"}
"""The suffixes of the formats for standard output."""


def writer_of(suffix: str) -> Callable[[Comparison, BinaryIO], Any]:
    """Return the function that writes a comparison in the format of a suffix; it imports only this format."""
    write: Callable[[Comparison, BinaryIO], Any] = import_module(_WRITERS[suffix]).write
    return write
