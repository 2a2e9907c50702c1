"""The hook for pre-commit: which files are templates with resources of IAM, and judging each alone."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from auditor import documents
from auditor.console import scanning
from auditor.console.commands.scan import command as scan
from auditor.console.requests import ScanRequest, request_of

_RESOURCES = re.compile(rb"\bResources[\"']?\s*:")
_OF_IAM = re.compile(rb"\bAWS::(IAM|AccessAnalyzer)::")
_GATE = ("--fail-on", "noncompliant", "--only", "introduced", "--allow-incomplete")
_UNDECIDED = 4
_WORST_FIRST = (2, 3, 1)


def run(options: Mapping[str, Any]) -> int:
    """Judge each template among the files, and return the worst exit code; what stays undecided passes."""
    paths: Sequence[str] = options["paths"]
    given = {name: value for name, value in options.items() if name != "paths"}
    codes = {scanning.run(_request(path, given)) for path in paths if _is_template(path)} - {_UNDECIDED}
    return next((code for code in _WORST_FIRST if code in codes), 0)


def _is_template(path: str) -> bool:
    """Return whether a file looks like a template with resources of IAM; its reader says what is wrong with it."""
    content = documents.read(path, path)
    return _RESOURCES.search(content) is not None and _OF_IAM.search(content) is not None


def _request(path: str, given: Mapping[str, Any]) -> ScanRequest:
    """Return what `scan` is asked with only a template and the gate, and with the options of the hook."""
    params = scan.make_context("scan", ["--cloudformation", path, *_GATE]).params
    return request_of(ScanRequest, {**params, **given})
