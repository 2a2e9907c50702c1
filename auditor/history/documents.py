"""Documents: texts that many runs share, stored once by their digests."""

import sqlite3
from hashlib import sha256
from typing import TypeVar

import msgspec

from auditor.history.store import inconsistent

D = TypeVar("D")


class Documents:
    """Store texts in the history and read them back; the same text is stored only once."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._read: dict[str, str] = {}

    def stored(self, text: str) -> str:
        """Store a text in the history if it is not there, and return its digest."""
        digest = sha256(text.encode()).hexdigest()
        if digest not in self._read:
            statement = "INSERT OR IGNORE INTO document (digest, content) VALUES (?, ?)"
            self._connection.execute(statement, (digest, text))
            self._read[digest] = text
        return digest

    def content(self, digest: str) -> str:
        """Return the text with a digest; raise SourceError if it is missing or changed."""
        if digest not in self._read:
            row = self._connection.execute("SELECT content FROM document WHERE digest = ?", (digest,)).fetchone()
            if row is None or sha256(row[0].encode()).hexdigest() != digest:
                why = f"its document {digest[:12]} is {'missing' if row is None else 'changed'}"
                raise inconsistent(self._connection, why)
            self._read[digest] = row[0]
        return self._read[digest]

    def decoded(self, digest: str, kind: type[D]) -> D:
        """Return the decoded value of a document."""
        return msgspec.json.decode(self.content(digest), type=kind)
