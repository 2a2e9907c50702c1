"""Saved snapshots: read from a file or standard input, plain or gzipped."""

from auditor import documents
from auditor.account.model import Snapshot
from auditor.account.snapshot import load
from auditor.errors import SourceError


def collect(path: str) -> Snapshot:
    """Give the snapshot in a file; "-" reads standard input. Raise SourceError if there is none to read."""
    place = "standard input" if path == "-" else path
    return load(read(path, place), place)


def read(path: str, place: str) -> bytes:
    """Give the text in a file or, for "-", on standard input, unpacked if it is gzipped; `place` names it in messages.

    Raises SourceError if it cannot be read or is empty.
    """
    content = documents.in_utf_8(documents.unpacked(documents.read(path, place), place), place)
    if not content:
        raise SourceError(f"{place} is empty", "Write it again; a file that was being written when it was read is cut.")
    return content
