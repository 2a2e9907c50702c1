"""Contents of exported files: a JSON document, possibly with other text around it, or the AWS CLI's error message.

The forms of its errors: https://docs.aws.amazon.com/cli/latest/userguide/cli-usage-error-format.html
"""

import json
import re
from typing import Any, NamedTuple

from auditor.redaction import redacted

MAX_ERROR = 8_000  # characters; the AWS CLI's messages are far shorter
_MAX_QUOTED = 160  # characters of a file that a message quotes

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
"""Lines that PowerShell adds around a command's standard error."""


class CliError(NamedTuple):
    """Hold an error message of the AWS CLI; `code` and `call` are None if it does not name them."""

    code: str | None
    call: str | None
    message: str


class Contents(NamedTuple):
    """Hold the content of a file: a JSON document or an error; `noise` is other text around the document."""

    document: str | None
    error: CliError | None
    noise: str | None


def contents(text: str) -> Contents:
    """Return the contents of a text. Broken JSON counts as a document, so that its decoder reports the fault."""
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
    """Return the contents of a text that should be a credential report in CSV."""
    error = None
    if not text.lstrip().startswith("user,"):
        error = named_error(text) or (None if "," in text else CliError(None, None, quoted(text)))
    return Contents(None, error, None) if error else Contents(text, None, None)


def cli_error(text: str) -> CliError:
    """Return the error in a text without data."""
    return named_error(text) or CliError(None, None, quoted(text))


def named_error(text: str) -> CliError | None:
    """Return the error with a code in a text, in any of the AWS CLI's formats; None if there is none.

    PowerShell breaks lines at the width of its window, also within words.
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
    """Return the first meaningful line of a text, shortened and without secrets."""
    lines = (line.strip() for line in text[:MAX_ERROR].splitlines())
    first = next((line for line in lines if line and not _POWERSHELL.match(line)), "")
    return redacted(" ".join(first.split()))[:_MAX_QUOTED]


def _document(text: str) -> Contents | None:
    """Return the contents of a text that begins with a brace, None if it is not JSON; the rest after it is noise."""
    if len(text) > MAX_ERROR and text.endswith(("}", "}\n")):
        return Contents(text, None, None)  # too long for an error, and without noise after it
    try:
        value, end = json.JSONDecoder().raw_decode(text)
    except (ValueError, RecursionError):
        return None
    rest = text[end:].strip()
    if rest.startswith("{"):  # a second document: it is unclear which of them is meant
        return None
    error = _error_of(value) or (named_error(rest) if rest else None)
    if error is not None:
        return Contents(None, error, None)
    return Contents(text[:end], None, quoted(rest) if rest else None)


def _broken_off(text: str) -> Contents:
    """Return the error that the AWS CLI wrote when it failed while writing output, else the text for its decoder."""
    failure = _FAILED.search(text, max(0, len(text) - MAX_ERROR))
    error = CliError(None, None, quoted(failure["message"])) if failure else None
    return Contents(None, error, None) if error else Contents(text, None, None)


def _error_of(answer: Any) -> CliError | None:
    """Return the error in a JSON object; None for data, which never has these keys."""
    keys = answer.get("Error", answer)
    if not isinstance(keys, dict):
        return None
    code, message = keys.get("Code"), keys.get("Message", keys.get("message"))
    if not isinstance(code, str) or not isinstance(message, str):
        return None
    return CliError(code, None, quoted(message))
