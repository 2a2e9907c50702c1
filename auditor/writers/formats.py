"""The formats of reports and snapshots: their names and file suffixes."""

import os
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from importlib import import_module
from typing import BinaryIO

from msgspec import Struct

from auditor.errors import UsageError
from auditor.report.report import Report

Write = Callable[[Report, BinaryIO], object]
"""A function that writes a report to a stream in one format."""

_REGION = re.compile("[a-z]{2,4}(-[a-z]{2,12}){1,3}-[0-9]{1,2}")
REGION_VARIABLES = ("AWS_REGION", "AWS_DEFAULT_REGION")


class Format(Struct, frozen=True):
    """Hold the module that writes a format, and its file suffixes; `regional` formats contain an AWS Region."""

    module: str
    suffixes: tuple[str, ...] = ()
    regional: bool = False


_FORMATS: Mapping[str, Format] = {
    "json": Format("auditor.writers.json", (".json",)),
    "html": Format("auditor.writers.html", (".html",)),
    "csv": Format("auditor.writers.csv", (".csv",)),
    "jsonl": Format("auditor.writers.jsonl", (".jsonl",)),
    "junit": Format("auditor.writers.junit", (".xml",)),
    "markdown": Format("auditor.writers.markdown", (".md",)),
    "step-summary": Format("auditor.writers.step_summary", (".summary.md",)),
    "github": Format("auditor.writers.github"),
    "gitlab": Format("auditor.writers.gitlab", (".gitlab.json",)),
    "asff": Format("auditor.writers.asff", (".asff.jsonl",), regional=True),
    "ocsf": Format("auditor.writers.ocsf", (".ocsf.json",)),
    "sarif": Format("auditor.writers.sarif", (".sarif",)),
}
_BY_SUFFIX = {suffix: name for name, each in _FORMATS.items() for suffix in each.suffixes}
REPORT_SUFFIXES = tuple(_BY_SUFFIX)
SNAPSHOT_SUFFIXES = (".json", ".json.gz")


def format_of(name: str) -> str:
    """Return the format of a file name, by its longest known suffix."""
    return _BY_SUFFIX[max((suffix for suffix in REPORT_SUFFIXES if name.endswith(suffix)), key=len)]


def writer_of(output_format: str, region: str | None = None) -> Write:
    """Return the function that writes a report in a format; it imports only this format.

    Raises UsageError if the format needs a Region and neither `region` nor the environment sets one.
    """
    chosen = _FORMATS[output_format]
    write: Callable[..., object] = import_module(chosen.module).write
    return partial(write, region=region_of(region)) if chosen.regional else write


def check_region(paths: Sequence[str], output_format: str, region: str | None) -> None:
    """Raise UsageError if a report needs a Region that is not set; called before the work begins."""
    if any(_FORMATS[name].regional for name in _requested(paths, output_format)):
        region_of(region)


def _requested(paths: Sequence[str], output_format: str) -> Iterable[str]:
    return [*map(format_of, paths), *([output_format] if output_format in _FORMATS else [])]


def region_of(region: str | None) -> str:
    """Return the Region of Security Hub, given or from the environment; raise UsageError if there is none."""
    found = region or next((os.environ[name] for name in REGION_VARIABLES if os.environ.get(name)), None)
    if found is None:
        hint = "Give it with --security-hub-region REGION, or set AWS_REGION."
        raise UsageError("the format asff needs the AWS Region of Security Hub, which is not known", hint)
    if not _REGION.fullmatch(found):
        raise UsageError(f"{found!r} is no AWS Region", "Give one such as eu-central-1, with --security-hub-region.")
    return found
