"""Storage: where the files of a run are kept; each is written completely or not at all.

A name is a path with slashes below the root, as in "org=o-a1/date=20261124T020000Z/account=111122223333/receipt.json";
query engines read all runs with one pattern over such names.
"""

import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from secrets import token_hex
from typing import Protocol

from msgspec import Struct

from auditor.documents import remedy_of
from auditor.errors import OutputError, SourceError
from auditor.signals import unfinished

_PRIVATE = 0o600  # the files contain details of accounts
_HINT = "Check the path, its permissions and the space that is left."


class Storage(Protocol):
    """Keep files by name; a storage can be pickled, and many processes write to it at the same time.

    `place` is the root as people write it. `read` returns None for a name that does not exist. If the file exists,
    `write` replaces it, and `add` returns False and writes nothing. All raise SourceError or OutputError if the storage
    itself fails.
    """

    @property
    def place(self) -> str:
        """Return the root as people write it."""

    def read(self, name: str) -> bytes | None:
        """Return the content of a file, None if it does not exist."""

    def write(self, name: str, content: bytes) -> None:
        """Write or replace a file."""

    def add(self, name: str, content: bytes) -> bool:
        """Write a file unless it exists; return whether it was written."""

    def remove(self, name: str) -> None:
        """Remove a file if it exists."""


class Store(Storage, Protocol):
    """Keep files by name as a storage does, and list folders."""

    def folders(self, name: str) -> Sequence[str]:
        """Return the names of the folders directly below a name, in order; "" is the root.

        Raises SourceError if they cannot be listed.
        """


class Folder(Struct, frozen=True):
    """Keep files in a folder of this machine, readable by its owner only."""

    root: str

    @property
    def place(self) -> str:
        """Return the path of the folder."""
        return self.root

    def read(self, name: str) -> bytes | None:
        """Return the content of a file, None if it is not there; raise SourceError if it cannot be read."""
        try:
            return self._path(name).read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            problem, remedy = f"cannot be read: {error.strerror or error}", remedy_of(error, self._path(name), _HINT)
            raise SourceError(problem, remedy, subject=self._said(name)) from error

    def write(self, name: str, content: bytes) -> None:
        """Write or replace a file completely, never half of it; raise OutputError if that fails."""
        path = self._path(name)
        temporary = path.with_name(f".{path.name}.{token_hex(8)}")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with unfinished(temporary):
                _fill(temporary, content)
                temporary.replace(path)
        except OSError as error:
            raise self._unwritten(name, error) from error

    def add(self, name: str, content: bytes) -> bool:
        """Write a file unless it exists; return whether it was written, raise OutputError if that fails."""
        path = self._path(name)
        temporary = path.with_name(f".{path.name}.{token_hex(8)}")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with unfinished(temporary):
                _fill(temporary, content)
                with suppress(FileExistsError):
                    os.link(temporary, path)  # unlike a rename, it replaces nothing
                    return True
        except OSError as error:
            raise self._unwritten(name, error) from error
        return False

    def remove(self, name: str) -> None:
        """Remove a file if it exists; raise OutputError if that fails."""
        try:
            self._path(name).unlink(missing_ok=True)
        except OSError as error:
            raise self._unwritten(name, error) from error

    def folders(self, name: str) -> Sequence[str]:
        """Return the names of the folders directly below a name, in order; raise SourceError if that fails."""
        try:
            return sorted(entry.name for entry in self._path(name).iterdir() if entry.is_dir())
        except OSError as error:
            raise SourceError(f"cannot be read: {error.strerror or error}", _HINT, subject=self._said(name)) from error

    def _path(self, name: str) -> Path:
        return Path(self.root, *name.split("/"))

    def _said(self, name: str) -> str:
        return str(self._path(name))

    def _unwritten(self, name: str, error: OSError) -> OutputError:
        return OutputError(f"cannot be written: {error.strerror or error}", _HINT, subject=self._said(name))


def _fill(path: Path, content: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _PRIVATE)
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(descriptor)
