"""The JSON report, for other programs; its fields are those of report/report.py and judging/finding.py."""

import re
from collections.abc import Iterator
from typing import BinaryIO

from auditor.report.report import Report, encoded
from auditor.writers.visible import marked_hidden

_PIECE = 65_536  # bytes; searching text that is not ASCII is slow, so pieces of plain ASCII are skipped
_UNUSUAL = rb"[\x7f-\xff]+"


def write(report: Report, stream: BinaryIO) -> None:
    """Write the report as one JSON document."""
    for piece in shown(encoded(report)):
        stream.write(piece)
    stream.write(b"\n")


def document_of(report: Report) -> bytes:
    """Return the report as JSON on one line; `shown` makes it safe to show."""
    return encoded(report) + b"\n"


def shown(document: bytes) -> Iterator[bytes]:
    """Yield a JSON document in pieces, with JSON escapes for characters that could control a terminal."""
    if _is_plain(document):
        yield document
        return
    for piece in _pieces(document):
        plain = _is_plain(piece)
        yield piece if plain else re.sub(_UNUSUAL, lambda found: _escaped(found[0].decode()), piece)


def _is_plain(text: bytes) -> bool:
    return text.isascii() and b"\x7f" not in text


def _pieces(document: bytes) -> Iterator[bytes]:
    """Split the document after quotation marks, which are never part of another character."""
    start = 0
    while start < len(document):
        end = document.find(b'"', start + _PIECE) + 1 or len(document)
        yield document[start:end]
        start = end


def _escaped(text: str) -> bytes:
    return "".join(_escape(character) if hidden else character for character, hidden in marked_hidden(text)).encode()


def _escape(character: str) -> str:
    return re.sub("....", r"\\u\g<0>", character.encode("utf-16-be").hex())
