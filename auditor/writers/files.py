"""Writing files completely or not at all: reports, snapshots and texts are never left half-written."""

import gzip
import os
import stat
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, suppress
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO

from auditor.evidence import SIGNATURE_SUFFIX
from auditor.report.report import Report
from auditor.signals import unfinished
from auditor.writers.formats import format_of, writer_of
from auditor.writers.paths import NEW_FILE, Named, check_folder, place_of, resolved, temporary_file, writing

Fill = Callable[[BinaryIO], Any]
"""A function that writes a file's content to a stream."""
Sign = Callable[[Report, bytes, str], bytes]
"""A function that returns the signature of a report, given its content in a format and the name of the file."""

_NOTHING_WRITTEN = "Nothing was written; what was there is as it was."


def write_reports(
    report: Report,
    paths: Sequence[str],
    *,
    sources: Sequence[str] = (),
    region: str | None = None,
    sign: Sign | None = None,
) -> list[Path]:
    """Write the report to every path, in the format of its suffix, and return the files.

    A file gets the permissions of the one that it replaces, or else those of the umask. `sources` are files that must
    not be replaced, `region` is for ASFF; with `sign`, the signature of each file is written beside it.
    Raises UsageError if one file would be both, and OutputError; no file is replaced before all are ready.
    """
    files = [resolved(path, report.account.id, report.snapshot.captured_at) for path in paths]
    contents: dict[Path, Fill] = {file: partial(writer_of(format_of(file.name), region), report) for file in files}
    if sign is not None:
        contents = dict(_with_signatures(report, contents, sign))
    write_whole(contents, sources, private=False)
    return list(contents)


def _with_signatures(report: Report, contents: Mapping[Path, Fill], sign: Sign) -> Iterator[tuple[Path, Fill]]:
    for file in contents.keys() & {signature_of(each) for each in contents}:
        raise Named(str(file)).usage_error("would be a report and the signature of another", "Choose another name.")
    for file, fill in contents.items():
        stream = BytesIO()
        fill(stream)
        content = stream.getvalue()
        yield file, partial(_copy, content)
        yield signature_of(file), partial(_copy, sign(report, content, file.name))


def signature_of(file: Path) -> Path:
    """Return the path of the signature of a file."""
    return file.with_name(f"{file.name}{SIGNATURE_SUFFIX}")


def sentence(files: Sequence[Path]) -> str:
    """Return the text that says which files were written."""
    return f"Wrote {', '.join(map(str, files))}"


def write_snapshot(document: bytes, path: Path) -> None:
    """Write a snapshot, readable by its owner only; raise OutputError if that fails."""
    content = gzip.compress(document, mtime=0) if path.suffix == ".gz" else document
    write_whole({path: lambda stream: stream.write(content)}, private=True)


def write_pack(contents: Mapping[Path, bytes], *, sources: Sequence[str] = ()) -> None:
    """Write an evidence pack and its signature, readable by their owner only; raise OutputError if that fails."""
    fills: dict[Path, Fill] = {path: partial(_copy, content) for path, content in contents.items()}
    write_whole(fills, sources, private=True)


def _copy(content: bytes, stream: BinaryIO) -> None:
    stream.write(content)


def write_text(text: str, path: Path) -> None:
    """Write a text file; raise OutputError if that fails."""
    write_whole({path: lambda stream: stream.write(text.encode())}, private=False)


def write_whole(contents: Mapping[Path, Fill], sources: Sequence[str] = (), *, private: bool) -> None:
    """Write a temporary file beside each target, then rename all of them, so that no file is left half-written."""
    ready: dict[Path, tuple[Path, Path]] = {}
    with ExitStack() as temporaries:
        for path, fill in contents.items():
            named = Named(str(path))
            with writing(named, _NOTHING_WRITTEN):
                place = place_of(named, sources)
                check_folder(named, place.parent)
                temporary = temporary_file(place.parent)
                temporaries.enter_context(unfinished(temporary))
                _write_beside(place, temporary, fill, private=private)
                ready[path] = temporary, place
        for number, (path, (temporary, place)) in enumerate(ready.items()):
            with writing(Named(str(path)), _outcome(list(ready), number)):
                temporary.replace(place)
            _keep_name(place.parent)


def _outcome(paths: Sequence[Path], count: int) -> str:
    """Return a text that says which files were written (the first `count`) and which were not."""
    if not count:
        return _NOTHING_WRITTEN
    written, others = (", ".join(map(str, part)) for part in (paths[:count], paths[count:]))
    return f"Written: {written}. Not written, and as before: {others}."


def _write_beside(place: Path, temporary: Path, fill: Fill, *, private: bool) -> None:
    mode = 0o600 if private else _mode(place)
    descriptor = os.open(temporary, NEW_FILE, 0o666 if mode is None else 0o600)
    with os.fdopen(descriptor, "wb") as stream:
        if mode is not None:
            with suppress(PermissionError):  # on a file system without permissions
                temporary.chmod(mode)
        fill(stream)
        stream.flush()
        os.fsync(descriptor)


def _mode(place: Path) -> int | None:
    """Return the permissions of the file to replace, None if there is none."""
    return stat.S_IMODE(place.stat().st_mode) & 0o777 if place.exists() else None


def _keep_name(folder: Path) -> None:
    """Make sure that the new name survives a power failure, on systems where a folder can be opened for that."""
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
