"""The formats of parity reports, by the suffixes of their files."""

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any, BinaryIO

from auditor.parity.parity import Parity

_WRITERS: Mapping[str, str] = {
    ".json": "auditor.writers.parity.json",
    ".html": "auditor.writers.parity.html",
    ".txt": "auditor.writers.parity.text",
}
PARITY_SUFFIXES = (".json", ".html")
SUFFIX_OF = {"table": ".txt", "json": ".json"}
"""The suffixes of what standard output shows."""


def writer_of(suffix: str) -> Callable[[Parity, BinaryIO], Any]:
    """Return the function that writes a parity report in the format of a suffix; only this format is imported."""
    write: Callable[[Parity, BinaryIO], Any] = import_module(_WRITERS[suffix]).write
    return write
