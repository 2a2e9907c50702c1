"""Runs the pre-commit hook: finds the templates with IAM resources among files, and judges each by itself."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from auditor import documents
from auditor.console import scanning
from auditor.console.commands.scan import command as scan
from auditor.console.messages import Say, speaker
from auditor.console.requests import ScanRequest, request_of
from auditor.errors import AuditError, SourceError
from auditor.templates.errors import TemplateError

_RESOURCES = re.compile(rb"\bResources[\"']?\s*:")
_OF_IAM = re.compile(rb"\bAWS::(IAM|AccessAnalyzer)::")
_GATE = ("--fail-on", "noncompliant", "--only", "introduced", "--allow-incomplete")
_WORST_FIRST = (3, 1)


def run(options: Mapping[str, Any]) -> int:
    """Judge each template among the files, and return the worst exit code; undecided findings pass.

    If a file cannot be read, the other files are judged first; then the worst AuditError is raised.
    """
    given = {name: value for name, value in options.items() if name != "paths"}
    codes: set[int] = set()
    errors: list[AuditError] = []
    for path in options["paths"]:
        try:
            codes.add(_judged(path, given))
        except (SourceError, TemplateError) as error:
            errors.append(error)
    if errors:
        errors.sort(key=lambda error: error.exit_code, reverse=True)  # the worst, 2, is raised
        _show(errors[:-1], speaker(quiet=False))
        raise errors[-1]
    return next((code for code in _WORST_FIRST if code in codes), 0)


def _judged(path: str, given: Mapping[str, Any]) -> int:
    """Return the exit code for a file; 0 if it is not a template."""
    return scanning.run(_request(path, given), undecided_passes=True) if _is_template(path) else 0


def _show(errors: Sequence[AuditError], say: Say) -> None:
    for error in errors:
        say(f"iam-audit: {error.message}")
        say(f"  {error.hint}")


def _is_template(path: str) -> bool:
    """Return whether a file looks like a template with IAM resources; errors in it are found when it is parsed."""
    content = documents.read(path, path)
    return _RESOURCES.search(content) is not None and _OF_IAM.search(content) is not None


def _request(path: str, given: Mapping[str, Any]) -> ScanRequest:
    """Return the request of a `scan` with only a template and the gate, and with the options of the hook."""
    params = scan.make_context("scan", ["--cloudformation", path, *_GATE]).params
    return request_of(ScanRequest, {**params, **given})
