"""Reading exported files strictly: each holds the AWS CLI's output, or an error that it wrote instead."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import msgspec

from auditor import documents
from auditor.account.model import Notice
from auditor.account.sources import ACTIONS, Source, SourceStatus
from auditor.account.unknown import Gap
from auditor.collectors.answers import gap, refused
from auditor.collectors.cli_output.contents import CliError, cli_error, contents, csv_contents
from auditor.collectors.cli_output.lenient import as_meant
from auditor.errors import SourceError

T = TypeVar("T")

HINT = "It should be the unchanged output of the AWS CLI (--output json); write it again."
FILE = "exports-file"
"""The code of notices about files of an export."""
_NO_DATA, _OTHER_CALL, _OTHER_COMMAND = "NoData", "OtherCall", "OtherCommand"
_OF_THE_CLI = frozenset({"NoCredentials", "NoRegion", "ParamValidation", "PartialCredentials", "Configuration"})
"""The error codes of the AWS CLI itself, for faults before it calls AWS."""
_NOTED = frozenset({_NO_DATA, _OTHER_CALL, _OTHER_COMMAND, *_OF_THE_CLI})
_ABOUT = {Source.PASSWORD_POLICY: "password policy"}
"""The text that a NoSuchEntity message of a source contains, to recognize it if the error does not name the call."""
_DENIED_ACTION = re.compile(r"not authorized to perform: (?P<action>[\w-]+:\w+)")
_ERROR_SUFFIXES = (".err", ".stderr", ".error", ".log")
_GENERATED = re.compile(r'\s*\{\s*"State":[^{}]*\}\s*', re.DOTALL)
"""The output of generate-credential-report."""
_GZIP = b"\x1f\x8b"


class Read(NamedTuple):
    """Hold the content of several files: decoded responses with the names of their files, and errors as gaps.

    `gap` is the gap of the first error, `gaps` has all of them by the names of their files.
    """

    answers: list[Any]
    gap: Gap | None
    files: int
    names: list[str]
    gaps: dict[str, Gap]


def status_without(read: Read) -> SourceStatus:
    """Return the status of a source of which nothing could be read: FAILED if there were files, else ABSENT."""
    return SourceStatus.FAILED if read.files else SourceStatus.ABSENT


def _leniently(text: str, answer_type: type[T], error: msgspec.ValidationError) -> T:
    """Return what a text clearly means; if that fails, raise the strict decoder's error, which is clearer."""
    try:
        return as_meant(text, answer_type)
    except msgspec.ValidationError:
        raise error from None


class Folder:
    """A folder of the AWS CLI's output, with notices about files that are ignored or not read as they are."""

    def __init__(self, path: Path, *notices: Notice) -> None:
        self.path = path
        self.notices = list(notices)

    def __str__(self) -> str:
        return str(self.path)

    def reopened(self, *notices: Notice) -> "Folder":
        """Return the folder in its first state, with other notices, to be read again."""
        return Folder(self.path, *notices)

    def files(self, pattern: str) -> list[Path]:
        """Return the files that match a pattern, sorted by name."""
        return sorted(file for file in self.path.glob(pattern) if file.is_file())

    def note(self, file: Path, message: str) -> None:
        """Add a notice about a file."""
        self.notices.append(Notice(FILE, file.name, message))

    def read(self, pattern: str, source: Source, decoded: Callable[[str], Any]) -> Read:
        """Decode every file that matches a pattern; a file with an error message instead of data leaves a gap.

        Raises SourceError for data that is damaged, or not the output of the command that the file is named for.
        """
        files = self.files(pattern)
        if not files:
            missing = gap(source, "NotProvided", f"{pattern} is not in the exports folder")
            return Read([], missing, 0, [], {})
        answers: list[Any] = []
        names: list[str] = []
        gaps: dict[str, Gap] = {}
        for file in files:
            found = self._found(file, source)
            if isinstance(found, Gap):
                gaps[file.name] = found
            else:
                answers.append(_decode(found, file, decoded))
                names.append(file.name)
        return Read(answers, next(iter(gaps.values()), None), len(files), names, gaps)

    def _found(self, file: Path, source: Source) -> str | Gap:
        """Return the data in a file, or the gap for the error in it."""
        text = _text(file)
        if not text or text.isspace():
            return self._of_empty(file, source)
        found = csv_contents(text) if file.suffix == ".csv" else contents(text)
        if found.document is None:
            return self._noted(file, _gap_of(found.error or cli_error(text), file.name, source))
        if source is Source.CREDENTIAL_REPORT and _GENERATED.fullmatch(found.document):
            message = f"{file.name} holds the answer of generate-credential-report, not that of get-credential-report"
            return self._noted(file, gap(source, _OTHER_COMMAND, message))
        if found.noise is not None:
            self.note(file, f"holds more than the answer of AWS, which is passed over: {found.noise!r}")
        return found.document

    def _of_empty(self, file: Path, source: Source) -> Gap:
        """Return the gap of an empty file, with the error from the file of standard error beside it, if any."""
        beside = next((each for each in map(file.with_suffix, _ERROR_SUFFIXES) if each.is_file()), None)
        text = _text(beside) if beside is not None else ""
        if beside is not None and not text.isspace() and (error := contents(text).error or cli_error(text)).message:
            return self._noted(beside, _gap_of(error, beside.name, source))
        return gap(source, "EmptyFile", f"{file.name} is empty: the command that should have written it failed")

    def _noted(self, file: Path, reason: Gap) -> Gap:
        if reason.error_code in _NOTED:
            self.note(file, reason.message)
        return reason


def _gap_of(error: CliError, name: str, source: Source) -> Gap:
    """Return the gap for an error of the AWS CLI; the error of another call does not count as one of this source."""
    if error.code is None:
        return gap(source, _NO_DATA, f"{name} holds no data: the command failed with: {error.message!r}")
    if error.code in _OF_THE_CLI:
        return gap(source, error.code, f"{name} holds no data: the command failed ({error.code}: {error.message})")
    denied = _DENIED_ACTION.search(error.message)
    call = error.call or (denied["action"].partition(":")[2] if denied else None)
    action = next((each for each in ACTIONS[source] if call is None or each.endswith(f":{call}")), None)
    if action is None:
        return gap(source, _OTHER_CALL, f"{name} holds the error of another call, {call}")
    if call is None and error.code == "NoSuchEntity" and _ABOUT.get(source, "") not in error.message.lower():
        return gap(source, _OTHER_CALL, f"{name} holds an error that may be of another call: {error.message!r}")
    return refused(source, error.code, action)


def _decode(text: str, file: Path, decoded: Callable[[str], T]) -> T:
    try:
        return decoded(text)
    except documents.FAULTS as error:
        raise SourceError(f"{file} cannot be read: {documents.reason(error)}", HINT) from error


def decoder(answer_type: type[T], *, any_length: bool = False) -> Callable[[str], T]:
    """Return a strict decoder of JSON text, which by default rejects strings that are longer than any of AWS's."""

    def decoded(text: str) -> T:
        if not any_length:
            documents.check_strings(text.encode())
        try:
            answer = msgspec.json.decode(text, type=answer_type)
        except msgspec.ValidationError as error:
            answer = _leniently(text, answer_type, error)
        documents.check_keys(text)
        return answer

    return decoded


def _text(file: Path) -> str:
    content = documents.read(str(file), str(file))
    if content.startswith(_GZIP):
        remedy = f"Unpack it under the same name: mv {file.name} {file.name}.gz && gunzip {file.name}.gz"
        raise SourceError(f"{file} is packed with gzip", remedy)
    try:
        return documents.in_utf_8(content, str(file)).decode()
    except UnicodeDecodeError as error:
        raise SourceError(
            f"{file} is not text in UTF-8: {error.reason} at byte {error.start:,}",
            "Write it again in UTF-8: on Windows, set AWS_CLI_OUTPUT_ENCODING=UTF-8 (or PYTHONUTF8=1 for version 1).",
        ) from error
