"""Saved snapshots: read from a file or standard input, plain or gzipped."""

import gzip
import sys
import zlib
from pathlib import Path

from auditor.errors import SourceError
from auditor.model import Snapshot
from auditor.snapshot import load

_GZIP_MAGIC = b"\x1f\x8b"


def collect(path: str) -> Snapshot:
    """Give the snapshot in a file; "-" reads standard input. Raise SourceError if there is none to read."""
    place = "standard input" if path == "-" else path
    return load(read(path, place), place)


def read(path: str, place: str) -> bytes:
    """Give the content of a file or, for "-", of standard input, unpacked if it is gzipped."""
    try:
        content = sys.stdin.buffer.read() if path == "-" else Path(path).read_bytes()
    except OSError as error:
        raise SourceError(f"{place} cannot be read: {error.strerror}", "Check the path and its permissions.") from error
    if not content:
        raise SourceError(f"{place} is empty", "Write it again; a file that was being written when it was read is cut.")
    return _unpacked(content, place) if content.startswith(_GZIP_MAGIC) else content


def _unpacked(content: bytes, place: str) -> bytes:
    try:
        return gzip.decompress(content)
    except (OSError, EOFError, zlib.error) as error:
        raise SourceError(f"{place} is damaged: {error}", "Write it again; it may have been cut.") from error
