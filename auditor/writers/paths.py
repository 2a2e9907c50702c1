"""Paths of output files, with checks before the work begins that they can be written."""

import os
import re
import stat
import string
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

from msgspec import Struct

from auditor.errors import OutputError, UsageError
from auditor.signals import unfinished

_ACCOUNT_ID = re.compile(r"[0-9]{12}")
_FORM = re.compile(r"(?:[^%/]|%[%aAbBdHIjmMpSuUVwWyYGzZ])*")
"""Formats of times: strftime directives without a width, which every system supports."""
_SAMPLES = (("1", datetime(2026, 1, 1, tzinfo=UTC)), ("2", datetime(1999, 12, 31, 23, 59, 59, 1, tzinfo=UTC)))
_MARKED = {
    ".json": (b'{"format":"iam-audit',),
    ".dsse.json": (b'{"payload":',),
    ".jsonl": (b'{"record":"report","format":"iam-audit',),
    ".csv": (b"\xef\xbb\xbfrecord,",),
    ".html": (b"<!DOCTYPE html>", b"<!doctype html>"),
    ".sarif": (b'{"$schema":"https://docs.oasis-open.org/sarif/',),
    ".xml": (b'<?xml version="1.0" encoding="utf-8"?>\n<testsuites name="iam-audit"',),
    ".md": (b"<!-- iam-audit -->",),
    ".gitlab.json": (b'[{"check_name":', b"[]\n"),
    ".asff.jsonl": (b'{"Findings":[{"SchemaVersion":"2018-10-08","Id":"iam-audit/',),
    ".ocsf.json": (b'[{"metadata":{"version":"1.5.0","product":{"name":"iam-audit"', b"[]\n"),
    ".gz": (b"\x1f\x8b",),
    ".zip": (b"PK\x03\x04",),
}
"""How the files that we write begin."""
_UNMARKED = frozenset({".yaml", ".yml", ".tf", ".toml"})
_MARK_SIZE = 128  # bytes
NEW_FILE = os.O_WRONLY | os.O_CREAT | os.O_EXCL


class Named(Struct, frozen=True):
    """Hold a path and the setting that contains it: -o, or a key of the configuration file with the file's name."""

    path: str
    place: str = "-o"

    def usage_error(self, problem: str, remedy: str) -> UsageError:
        """Return the error for an invalid path."""
        subject, place = self._parts
        return UsageError(problem, remedy, subject=subject, place=place)

    def output_error(self, problem: str, remedy: str) -> OutputError:
        """Return the error for a path that cannot be written."""
        subject, place = self._parts
        return OutputError(problem, remedy, subject=subject, place=place)

    @property
    def _parts(self) -> tuple[str, str]:
        return (f"-o {self.path}", "") if self.place == "-o" else (self.path, self.place)


def check(paths: Sequence[str], suffixes: Sequence[str], *, sources: Sequence[str] = (), place: str = "-o") -> None:
    """Check, before the work begins, that files can be written.

    `sources` are the files that are read and must not be replaced; `place` is the setting that contains the paths.
    Raises UsageError for an unknown suffix, an unknown placeholder, a repeated path or a path to a source, OutputError
    for a place where no file can be created.
    """
    for path in paths:
        named = Named(path, place)
        if "\0" in path:
            raise named.usage_error("holds the character NUL, which no path can", "Choose another name.")
        if not path.endswith(tuple(suffixes)) or Path(path).name in suffixes:
            raise named.usage_error("has an unknown format", f"End the name in {_alternatives(suffixes)}.")
        _check_placeholders(named)
        _check_place(named, sources)
    if len({os.path.realpath(path) for path in paths}) != len(paths):
        raise UsageError("names one file twice", "Give each file once.", subject=place)


def _alternatives(suffixes: Sequence[str]) -> str:
    *others, last = suffixes
    return f"{', '.join(others)} or {last}" if others else last


def _check_placeholders(named: Named) -> None:
    try:
        for _, name, form, conversion in string.Formatter().parse(named.path):
            if name is not None and (conversion or "{" in (form or "") or not _known_placeholder(name, form)):
                raise ValueError(f"there is no placeholder {{{name}{f':{form}' if form else ''}}}")  # noqa: TRY301 - all faults get the message below
        if Path(_filled(named.path, *_SAMPLES[0])).name.startswith("."):
            raise ValueError("the name would begin with a dot")  # noqa: TRY301 - all faults get the message below
    except (ValueError, IndexError, KeyError) as error:
        hint = "Use {account_id} and {captured_at:%Y%m%d}; braces that are part of the name are written twice."
        raise named.usage_error(f"cannot be filled in: {error}", hint) from error


def _known_placeholder(name: str, form: str | None) -> bool:
    return (name == "account_id" and not form) or (name == "captured_at" and _FORM.fullmatch(form or "") is not None)


def _check_place(named: Named, sources: Sequence[str]) -> None:
    """Create a file at the place and remove it, if the path is known, because permissions alone are not reliable."""
    first, second = (Path(_filled(named.path, *sample)) for sample in _SAMPLES)
    if first.parent != second.parent:
        return
    with writing(named, "Choose another place, or change its permissions."):
        place = place_of(Named(str(first), named.place), sources) if first == second else first
        check_folder(named, place.parent)
        temporary = temporary_file(place.parent)
        with unfinished(temporary):
            os.close(os.open(temporary, NEW_FILE, 0o600))


def check_folder(named: Named, folder: Path) -> None:
    """Raise OutputError if the folder of a path does not exist."""
    if not folder.is_dir():
        raise named.output_error(f"cannot be written: the folder {folder} does not exist", "Make it first.")


def _filled(path: str, account_id: str, captured_at: datetime | None) -> str:
    return path.format(account_id=account_id, captured_at=captured_at)


def resolved(path: str, account_id: str | None, captured_at: datetime | None) -> Path:
    """Return the path with its placeholders replaced; raise UsageError if a time is needed but unknown."""
    if captured_at is None and "{captured_at" in path:
        problem = "cannot be filled in: the capture time is not known"
        raise Named(path).usage_error(problem, "Give it with --captured-at TIME.")
    number = account_id if account_id and _ACCOUNT_ID.fullmatch(account_id) else "unknown"
    return Path(_filled(path, number, captured_at and captured_at.astimezone(UTC)))


def temporary_file(folder: Path) -> Path:
    """Return the name of a temporary file: hidden, with a suffix that is never read, and always short."""
    return folder / f".iam-audit-{os.urandom(8).hex()}.tmp"


def place_of(named: Named, sources: Sequence[str]) -> Path:
    """Return the real path behind links, so that the links are kept.

    Raises UsageError for a source, OutputError for anything but a regular file, and for a link to a file that we did
    not write: none of them may be replaced.
    """
    place = Path(os.path.realpath(named.path))
    if any(os.path.realpath(source) == str(place) for source in sources):
        raise named.usage_error("is a file that is read", "Choose another name: it would be lost.")
    with suppress(FileNotFoundError):
        mode = Path(named.path).stat().st_mode
        if not stat.S_ISREG(mode):
            kind = "a folder" if stat.S_ISDIR(mode) else "a device, pipe or socket"
            raise named.output_error(f"cannot be written: it is {kind}", "Choose another place.")
        if Path(named.path).is_symlink() and not _is_ours(place):
            problem = f"cannot be written: it is a link to {place}, which is no report"
            raise named.output_error(problem, "Remove the link, or choose another place.")
    return place


def _is_ours(file: Path) -> bool:
    """Return whether a file is empty, begins like a file that we write, or has a format that cannot be recognized."""
    suffix = max((suffix for suffix in _MARKED if file.name.endswith(suffix)), key=len, default="")
    if not suffix:
        return file.suffix in _UNMARKED
    with file.open("rb") as stream:
        start = stream.read(_MARK_SIZE)
    return not start or start.startswith(_MARKED[suffix])


@contextmanager
def writing(named: Named, remedy: str) -> Iterator[None]:
    """Convert an OSError inside the block to an OutputError about a path."""
    try:
        yield
    except OSError as error:
        raise named.output_error(f"cannot be written: {error.strerror or error}", remedy) from error
