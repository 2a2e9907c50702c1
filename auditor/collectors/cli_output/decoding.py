"""Files of an export: the AWS CLI's output, or the error that it wrote in its place, read strictly."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import msgspec

from auditor import documents
from auditor.account.sources import ACTIONS, Source, SourceStatus
from auditor.account.unknown import Gap
from auditor.collectors.answers import gap, refused
from auditor.errors import SourceError

T = TypeVar("T")

HINT = "It should be the unchanged output of the AWS CLI (--output json); write it again."
_CLI_ERROR = re.compile(r"An error occurred \((?P<code>[\w.]+)\) when calling the (?P<call>\w+) operation")
_MAX_ERROR_TEXT = 4_000  # characters; the AWS CLI's messages are far shorter


class Read(NamedTuple):
    """What files held: decoded answers, with the names of their files, or errors of the AWS CLI's.

    `gap` is that of the first error, `gaps` are those of all by the names of their files.
    """

    answers: list[Any]
    gap: Gap | None
    files: int
    names: list[str]
    gaps: dict[str, Gap]


def status_without(read: Read) -> SourceStatus:
    """Return the status of a source of which nothing was read: FAILED if there were files, else ABSENT."""
    return SourceStatus.FAILED if read.files else SourceStatus.ABSENT


def read_files(folder: Path, pattern: str, source: Source, decoded: Callable[[str], Any]) -> Read:
    """Decode every file of a pattern, in the order of their names.

    Raises SourceError for a file that is not the AWS CLI's output.
    """
    files = sorted(file for file in folder.glob(pattern) if file.is_file())
    if not files:
        missing = gap(source, "NotProvided", f"{pattern} is not in the exports folder")
        return Read([], missing, 0, [], {})
    answers: list[Any] = []
    names: list[str] = []
    gaps: dict[str, Gap] = {}
    for file in files:
        text = _text(file)
        error = _error_in(text, file, source)
        if error is None:
            answers.append(_decode(text, file, decoded))
            names.append(file.name)
        else:
            gaps[file.name] = error
    return Read(answers, next(iter(gaps.values()), None), len(files), names, gaps)


def _decode(text: str, file: Path, decoded: Callable[[str], T]) -> T:
    try:
        return decoded(text)
    except documents.FAULTS as error:
        raise SourceError(f"{file} cannot be read: {documents.reason(error)}", HINT) from error


def decoder(answer_type: type[T], *, any_length: bool = False) -> Callable[[str], T]:
    """Return the strict decoder of a JSON text, by default one without strings longer than any of AWS's."""

    def decoded(text: str) -> T:
        if not any_length:
            documents.check_strings(text.encode())
        answer = msgspec.json.decode(text, type=answer_type)
        documents.check_keys(text)
        return answer

    return decoded


def _error_in(text: str, file: Path, source: Source) -> Gap | None:
    """Return the gap that a file tells of: nothing in it, or the AWS CLI's error message instead of data."""
    if not text or text.isspace():
        return gap(source, "EmptyFile", f"{file.name} is empty: the command that should have written it failed")
    start = text[:_MAX_ERROR_TEXT].lstrip()
    match = None if start.startswith(("{", "user,")) else _CLI_ERROR.search(start)
    if match is None:
        return None
    action = next((each for each in ACTIONS[source] if each.endswith(f":{match['call']}")), None)
    if action is None:
        return gap(source, "OtherCall", f"{file.name} holds the error of another call, {match['call']}")
    return refused(source, match["code"], action)


def _text(file: Path) -> str:
    content = documents.in_utf_8(documents.read(str(file), str(file)), str(file))
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        raise SourceError(f"{file} is not text: {error.reason}", HINT) from error
