"""The formats of reports of an organization, by the suffixes of their files."""

from collections.abc import Callable, Mapping
from functools import partial
from importlib import import_module
from typing import Any, BinaryIO

from auditor.organization.report import OrganizationReport
from auditor.writers.organization.links import Link, no_link

Write = Callable[[OrganizationReport, BinaryIO], Any]
"""Write a report of an organization to a stream in one format."""

_WRITERS: Mapping[str, str] = {
    ".html": "auditor.writers.organization.html",
    ".json": "auditor.writers.organization.json",
    ".jsonl": "auditor.writers.organization.jsonl",
    ".csv": "auditor.writers.organization.csv",
    ".md": "auditor.writers.organization.markdown",
}
_LINKING = (".html",)
ORGANIZATION_SUFFIXES = tuple(_WRITERS)
SUFFIX_OF = {"json": ".json", "jsonl": ".jsonl", "csv": ".csv", "markdown": ".md", "html": ".html"}
"""The suffixes of the formats of standard output; `table.write` writes the table."""


def writer_of(suffix: str, link: Link = no_link) -> Write:
    """Return the function that writes a report in the format of a suffix; only this format is imported.

    `link` returns the address of the page of an account, for formats with links.
    """
    write: Callable[..., Any] = import_module(_WRITERS[suffix]).write
    return partial(write, link=link) if suffix in _LINKING else write
