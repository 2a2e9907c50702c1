"""The archive of a pack: a ZIP file of fixed order, times and permissions, whose bytes follow from its contents.

Nothing in it is compressed: what a compressor writes depends on its release, and the same pack would differ from
machine to machine. Nothing in it can unpack to more than it has, either.
"""

import re
import zipfile
from collections.abc import Iterator, Mapping
from io import BytesIO

from auditor.documents import MAX_SIZE
from auditor.errors import OutputError, SourceError

INDEX, PAGE, SUMS = "index.json", "index.html", "SHA256SUMS"
MAX_FILES = 60_000  # fewer than what a ZIP file of the usual kind can count
_NAME = re.compile(
    r"index\.json|index\.html|SHA256SUMS"
    r"|reports/[0-9]{1,20}-[0-9]{8}T[0-9]{6}Z-[0-9a-f]{12}\.json|snapshots/[0-9a-f]{64}\.json|timestamps/[0-9a-f]{64}\.tsr"
)
_FIRST = (SUMS, PAGE, INDEX)
_TIME = (1980, 1, 1, 0, 0, 0)  # the first that a ZIP file knows
_UNIX, _MODE, _ENCRYPTED = 3, 0o100644 << 16, 0x1
_DAMAGED = (zipfile.BadZipFile, RuntimeError, EOFError, ValueError, OverflowError, OSError)
"""What zipfile raises for archives that are damaged, or of a version or method that it does not know."""


def packed(files: Mapping[str, bytes]) -> bytes:
    """Return the archive of files by their paths; raise OutputError for more than can be read again."""
    if len(files) > MAX_FILES or sum(map(len, files.values())) > MAX_SIZE - len(files) * 2**10:
        problem = f"the pack would have more than {MAX_SIZE // 2**20:,} MB or {MAX_FILES:,} files"
        raise OutputError(problem, "Make several packs of shorter periods, or enclose fewer snapshots.")
    stream = BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED) as archive:
        for path in (*(each for each in _FIRST if each in files), *sorted(files.keys() - set(_FIRST))):
            entry = zipfile.ZipInfo(path, _TIME)
            entry.create_system, entry.external_attr = _UNIX, _MODE
            archive.writestr(entry, files[path])
    return stream.getvalue()


def unpacked(content: bytes, place: str) -> tuple[Mapping[str, bytes], list[tuple[str, str]]]:
    """Return the files of an archive by their paths, and what is wrong with others, by their names.

    Raises SourceError, naming `place`, for what is no ZIP file, or is none with the index of a pack.
    """
    files: dict[str, bytes] = {}
    problems: list[tuple[str, str]] = []
    try:
        with zipfile.ZipFile(BytesIO(content)) as archive:
            for entry, problem in _entries(archive, len(content)):
                found = problem or _read(archive, entry, files)
                if found:
                    problems.append((entry.filename, found))
    except _DAMAGED as error:
        raise SourceError(f"{place} is not a readable ZIP file: {error}", "Get the pack again.") from error
    if not {INDEX, SUMS} & {*files, *(name for name, _ in problems)}:
        hint = "Packs are written by `iam-audit evidence make`."
        raise SourceError(f"{place} is no evidence pack: it has neither {INDEX} nor {SUMS}", hint)
    return files, problems


def _entries(archive: zipfile.ZipFile, size: int) -> Iterator[tuple[zipfile.ZipInfo, str | None]]:
    """Yield what an archive lists, with what keeps it from being read; no more than `size` bytes are read in all."""
    seen: set[str] = set()
    left = size
    for entry in archive.infolist()[:MAX_FILES]:
        left -= max(entry.file_size, entry.compress_size, 0)
        if not _NAME.fullmatch(entry.filename):
            yield entry, "is no file of a pack"
        elif entry.filename in seen:
            yield entry, "is in the archive twice"
        elif entry.compress_type != zipfile.ZIP_STORED or entry.flag_bits & _ENCRYPTED:
            yield entry, "is compressed or encrypted, which nothing in a pack is"
        elif left < 0:
            yield entry, "claims to be larger than the archive"
        else:
            yield entry, None
        seen.add(entry.filename)
    if len(archive.infolist()) > MAX_FILES:
        yield archive.infolist()[MAX_FILES], f"is one of more than {MAX_FILES:,} files"


def _read(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, files: dict[str, bytes]) -> str | None:
    """Read a file into `files`, or return why it cannot be read."""
    try:
        files[entry.filename] = archive.read(entry)
    except _DAMAGED as error:
        return f"cannot be read: {error}"
    return None
