"""Contents of files of an export: one JSON document, with noise around it, or what the AWS CLI said instead of data.

The forms of its errors: https://docs.aws.amazon.com/cli/latest/userguide/cli-usage-error-format.html
"""

import json
import re
from typing import Any, NamedTuple

from auditor.redaction import redacted

MAX_ERROR = 8_000  # characters; the AWS CLI's messages are far shorter
_MAX_QUOTED = 160  # characters of what a file says, in a message

_NAMED = re.compile(
    r"An error occurred \((?P<code>[\w.]+)\)(?: when calling the (?P<call>\w+) operation)?[^:\n]*:\s*(?P<message>.*)",
    re.DOTALL,
)
_LISTED = (
    re.compile(r"\A\s*(?P<code>[A-Z]\w*[a-z][\w.]*)\t(?P<message>[^\t\n]*)"),  # --cli-error-format text
    re.compile(r"^Code:\s*(?P<code>[\w.]+)\s*$(?:.*?^Message:\s*(?P<message>.*?)$)?", re.DOTALL | re.MULTILINE),  # yaml
    re.compile(r"\|\s*Code\s*\|\s*(?P<code>[\w.]+)\s*\|(?:.*?\|\s*Message\s*\|(?P<message>[^|]*)\|)?", re.DOTALL),
)
_FAILED = re.compile(r"^aws: \[ERROR\]: (?P<message>.+)", re.MULTILINE)
_POWERSHELL = re.compile(r"\A(?:aws(?:\.exe)?\s*:\s*$|At (?:line|.*\.ps1):\d+|\+ )")
"""Lines that PowerShell writes around what a command says on standard error."""


class CliError(NamedTuple):
    """Hold what the AWS CLI said instead of data; `code` and `call` are None where it did not name them."""

    code: str | None
    call: str | None
    message: str


class Contents(NamedTuple):
    """Hold what a file holds: a JSON document, or an error; `noise` is what stands around the document."""

    document: str | None
    error: CliError | None
    noise: str | None


def contents(text: str) -> Contents:
    """Return what a text holds. What begins as JSON and is none counts as a document, for its decoder to refuse."""
    start = text.lstrip()
    if start.startswith("{"):
        return _document(start) or _broken_off(start)
    if start.startswith("["):
        return Contents(start, None, None)
    noise, brace, _ = text.partition("\n{")
    found = _document(text[len(noise) + 1 :]) if brace else None
    if found is None or found.document is None:
        return found or Contents(None, cli_error(text), None)
    error = named_error(noise)
    return Contents(None, error, None) if error else found._replace(noise=quoted(noise))


def csv_contents(text: str) -> Contents:
    """Return what a text holds that should be a credential report in CSV."""
    error = None
    if not text.lstrip().startswith("user,"):
        error = named_error(text) or (None if "," in text else CliError(None, None, quoted(text)))
    return Contents(None, error, None) if error else Contents(text, None, None)


def cli_error(text: str) -> CliError:
    """Return what a text that holds no data says."""
    return named_error(text) or CliError(None, None, quoted(text))


def named_error(text: str) -> CliError | None:
    """Return the error whose code a text names, in any of the AWS CLI's formats; None if there is none.

    PowerShell breaks lines at the width of its window, within words too.
    """
    start = text[:MAX_ERROR]
    for spelt in (re.sub(r"\r?\n", "", start), re.sub(r"\s+", " ", start)):
        if match := _NAMED.search(spelt):
            return CliError(match["code"], match["call"], quoted(match["message"]))
    for form in _LISTED:
        if match := form.search(start):
            return CliError(match["code"], None, quoted(match["message"] or ""))
    return None


def quoted(text: str) -> str:
    """Return the first line of a text that says something, without secrets, on one line."""
    lines = (line.strip() for line in text[:MAX_ERROR].splitlines())
    said = next((line for line in lines if line and not _POWERSHELL.match(line)), "")
    return redacted(" ".join(said.split()))[:_MAX_QUOTED]


def _document(text: str) -> Contents | None:
    """Return what a text that begins with a brace holds, None if that is no JSON; what stands after it is noise."""
    if len(text) > MAX_ERROR and text.endswith(("}", "}\n")):
        return Contents(text, None, None)  # no error is as long, and nothing stands after it
    try:
        value, end = json.JSONDecoder().raw_decode(text)
    except (ValueError, RecursionError):
        return None
    rest = text[end:].strip()
    if rest.startswith("{"):  # a second document: which of them is meant, nobody knows
        return None
    error = _error_of(value) or (named_error(rest) if rest else None)
    if error is not None:
        return Contents(None, error, None)
    return Contents(text[:end], None, quoted(rest) if rest else None)


def _broken_off(text: str) -> Contents:
    """Return the error that the AWS CLI wrote when it failed within its answer, else the text for its decoder."""
    failure = _FAILED.search(text, max(0, len(text) - MAX_ERROR))
    error = CliError(None, None, quoted(failure["message"])) if failure else None
    return Contents(None, error, None) if error else Contents(text, None, None)


def _error_of(answer: Any) -> CliError | None:
    """Return the error that a JSON object describes; None for an answer with data, none of which has these keys."""
    keys = answer.get("Error", answer)
    if not isinstance(keys, dict):
        return None
    code, message = keys.get("Code"), keys.get("Message", keys.get("message"))
    if not isinstance(code, str) or not isinstance(message, str):
        return None
    return CliError(code, None, quoted(message))
