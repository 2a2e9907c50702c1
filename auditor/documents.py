"""Documents from outside: read within limits, and checked for faults that JSON decoders accept silently."""

import gzip
import os
import stat
import sys
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO

from auditor.errors import SourceError

MAX_SIZE = 512 * 2**20  # bytes, unpacked; a snapshot of 100,000 users has 110 to 180 MB
MAX_STRING = 2**20  # bytes; AWS accepts policy documents up to 131,072 characters, and no other string is as long:
# https://docs.aws.amazon.com/IAM/latest/APIReference/API_PutUserPolicy.html
MAX_DEPTH = 100  # nested lists and objects; the conditions of a policy document have eight
FAULTS = (ValueError, RecursionError)
"""What decoders and the checks of this module raise; msgspec's errors are ValueErrors too."""

_CONTAINERS = (dict, list, tuple)
_PIECE = 2**18  # bytes
_GZIP_MAGIC = b"\x1f\x8b"
_SMALL = 64 * 2**20  # bytes; unpacking this much does no harm
_MAX_RATIO = 250  # unpacked size over packed size; snapshots have about 20, deflate can reach about 1,030
_UTF_8_MARK = b"\xef\xbb\xbf"
_UTF_16_MARKS = (b"\xff\xfe", b"\xfe\xff")


def read(path: str, place: str) -> bytes:
    """Return the content of a file or, for "-", of standard input; `place` names it in messages.

    Raises SourceError if it cannot be read, or is larger than MAX_SIZE; no more than that is held in memory.
    """
    try:
        with _opened(path) as stream:
            return _joined(_pieces(stream.read), place)
    except OSError as error:
        why = error.strerror or str(error)
        raise SourceError(f"{place} cannot be read: {why}", remedy_of(error, path)) from error


def remedy_of(error: OSError, path: str | os.PathLike[str], otherwise: str = "Check the path.") -> str:
    """Return what to do about a file or folder that cannot be read: whose it is, where permissions are the cause."""
    refusing = _refusing(Path(path).absolute()) if isinstance(error, PermissionError) and os.name == "posix" else None
    if refusing is None:
        return otherwise
    place, found = refusing
    mode, owner, user = stat.S_IMODE(found.st_mode), _user(found.st_uid), _user(os.geteuid())
    if found.st_uid == os.geteuid():
        return f"Change the permissions of {place}: it is your own, with mode {mode:04o}."
    return (
        f"{place} belongs to user {owner}, with mode {mode:04o}, and this is user {user}. Run the command as its owner "
        '(docker run --user "$(id -u):$(id -g)"), or change its permissions.'
    )


def _refusing(path: Path) -> tuple[Path, os.stat_result] | None:
    """Return the file, or the folder on the way to it that may not be entered; None for one that is gone."""
    try:
        return path, path.stat()
    except PermissionError:
        return _refusing(path.parent)
    except OSError:
        return None


def _user(number: int) -> str:
    """Return the name and number of a user; many containers know no names."""
    import pwd  # not on Windows

    try:
        return f"{pwd.getpwuid(number).pw_name} ({number})"
    except KeyError:
        return str(number)


def unpacked(content: bytes, place: str) -> bytes:
    """Return the content, unpacked if it is gzip data.

    Raises SourceError for packed data that is damaged, larger than MAX_SIZE, or made to exhaust the memory.
    """
    if not content.startswith(_GZIP_MAGIC):
        return content
    try:
        return _joined(_unpacked_pieces(content, place), place)
    except (OSError, EOFError, zlib.error) as error:
        raise SourceError(f"{place} is damaged: {error}", "Write it again; it may have been cut.") from error


def in_utf_8(content: bytes, place: str) -> bytes:
    """Return a text as UTF-8 without a byte order mark; PowerShell's redirection writes UTF-16 with one.

    Raises SourceError for UTF-16 that is damaged.
    """
    if not content.startswith(_UTF_16_MARKS):
        return content.removeprefix(_UTF_8_MARK)
    try:
        return content.decode("utf-16").encode()
    except UnicodeError as error:
        raise SourceError(f"{place} is not text: {error}", "Write it again; it may have been cut.") from error


def too_large(place: str) -> SourceError:
    """Return the error for a place that holds more than MAX_SIZE."""
    return SourceError(
        f"{place} is larger than {MAX_SIZE // 2**20} MiB, the most that is read",
        "Check what it is: the snapshot of 100,000 users is a third of that.",
    )


def _opened(path: str) -> AbstractContextManager[BinaryIO]:
    if path != "-":
        return Path(path).open("rb")
    return nullcontext(sys.stdin.buffer)


def _pieces(read_bytes: Callable[[int], bytes]) -> Iterator[bytes]:
    """Yield the stream in pieces, at most one byte more than MAX_SIZE; a pipe's size is not known in advance."""
    left = MAX_SIZE + 1
    while left and (piece := read_bytes(min(_PIECE, left))):
        left -= len(piece)
        yield piece


def _joined(pieces: Iterable[bytes], place: str) -> bytes:
    content = BytesIO()
    for piece in pieces:
        content.write(piece)
    if content.tell() > MAX_SIZE:
        raise too_large(place)
    return content.getvalue()


def _unpacked_pieces(packed: bytes, place: str) -> Iterator[bytes]:
    source, size = BytesIO(packed), 0
    with gzip.open(source) as stream:
        for piece in _pieces(stream.read):
            size += len(piece)
            if size > max(_SMALL, _MAX_RATIO * source.tell()):
                raise SourceError(
                    f"{place} unpacks to more than {_MAX_RATIO} times its size: it is made to exhaust the memory",
                    "Do not trust where it comes from; what `iam-audit snapshot` writes is far from that.",
                )
            yield piece


def check_strings(document: bytes) -> None:
    """Raise ValueError for a JSON document with a string longer than MAX_STRING.

    Searching for a quote once in every half of that length is enough: a longer string covers a whole half.
    """
    if b"\\" in document:  # searching is far cheaper than a replacement that finds nothing
        document = document.replace(rb"\\", b"__").replace(rb"\"", b"__")
    half = MAX_STRING // 2
    for start in range(0, len(document), half):
        end = document.find(b'"', start)
        if end < 0:
            end = len(document)
        if end - start >= half and end - document.rfind(b'"', 0, start) - 1 > MAX_STRING:
            raise ValueError(f"it has more than {MAX_STRING:,} bytes between two quotes, which nothing of AWS's has")


def check_keys(document: bytes | str) -> None:
    """Raise ValueError for a JSON document that repeats a key in one object; decoders silently use the last."""
    import json  # takes 3 ms, and most documents need no such check

    json.loads(document if isinstance(document, str) else document.decode(), object_pairs_hook=_check_pairs)


def _check_pairs(pairs: Sequence[tuple[str, Any]]) -> None:
    """Check the keys of an object, and return None instead of it, so that checking a document takes little memory."""
    if len(dict(pairs)) != len(pairs):
        twice, _ = Counter(key for key, _ in pairs).most_common(1)[0]
        raise ValueError(f"the key {twice[:64]!r} stands twice in one object")


def may_be_deep(text: bytes) -> bool:
    """Return whether a JSON text has enough brackets to be nested deeper than MAX_DEPTH; few have."""
    return text.count(b"[") + text.count(b"{") > MAX_DEPTH


def check_depth(value: object) -> None:
    """Raise ValueError for a decoded value whose lists and objects are nested deeper than MAX_DEPTH.

    Decoders fail at a depth that depends on Python's release and on the caller, and later steps fail earlier.
    """
    level, depth = [value], 0
    while level := [each for each in level if isinstance(each, _CONTAINERS)]:
        depth += 1
        if depth > MAX_DEPTH:
            raise ValueError(f"it is nested deeper than {MAX_DEPTH} levels")
        level = [child for each in level for child in (each.values() if isinstance(each, dict) else each)]


def reason(error: Exception) -> str:
    """Return the text of one of the FAULTS, for messages."""
    return "it is nested too deeply" if isinstance(error, RecursionError) else str(error)
