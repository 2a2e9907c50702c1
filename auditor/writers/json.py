"""The JSON report, which other programs read; its fields are those of report/report and judging/finding."""

import re
from collections.abc import Iterator
from typing import BinaryIO

from auditor.report.report import Report, encoded
from auditor.writers.visible import marked_hidden

_PIECE = 65_536  # bytes; to look through what is not ASCII is slow, so most of a document is passed over
_UNUSUAL = rb"[\x7f-\xff]+"


def write(report: Report, stream: BinaryIO) -> None:
    """Write the report as one JSON document."""
    for piece in shown(encoded(report)):
        stream.write(piece)
    stream.write(b"\n")


def document_of(report: Report) -> bytes:
    """Return the report as JSON on one line, which `shown` makes fit to be seen."""
    return encoded(report) + b"\n"


def shown(document: bytes) -> Iterator[bytes]:
    """Yield a JSON document in which what a terminal might obey, were it shown on one, is a JSON escape."""
    if _is_plain(document):
        yield document
        return
    for piece in _pieces(document):
        plain = _is_plain(piece)
        yield piece if plain else re.sub(_UNUSUAL, lambda found: _escaped(found[0].decode()), piece)


def _is_plain(text: bytes) -> bool:
    return text.isascii() and b"\x7f" not in text


def _pieces(document: bytes) -> Iterator[bytes]:
    """Cut the document after quotation marks, which never are part of another character."""
    start = 0
    while start < len(document):
        end = document.find(b'"', start + _PIECE) + 1 or len(document)
        yield document[start:end]
        start = end


def _escaped(text: str) -> bytes:
    return "".join(_escape(character) if hidden else character for character, hidden in marked_hidden(text)).encode()


def _escape(character: str) -> str:
    return re.sub("....", r"\\u\g<0>", character.encode("utf-16-be").hex())
