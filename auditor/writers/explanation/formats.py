"""The formats of explanations, by the suffixes of their files."""

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any, BinaryIO

from auditor.explaining.explanation import Explanation

_WRITERS: Mapping[str, str] = {
    ".json": "auditor.writers.explanation.json",
    ".html": "auditor.writers.explanation.html",
}
EXPLANATION_SUFFIXES = tuple(_WRITERS)


def writer_of(suffix: str) -> Callable[[Explanation, BinaryIO], Any]:
    """Return the function that writes an explanation in the format of a suffix; it imports only this format."""
    write: Callable[[Explanation, BinaryIO], Any] = import_module(_WRITERS[suffix]).write
    return write
