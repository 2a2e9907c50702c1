"""Stored accounts: finds the snapshots and folders of exports in a folder, each of which is an account of the run.

Only the first bytes of a file are read to recognize it: the workers read the ten thousand snapshots themselves.
"""

import gzip
import re
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase
from pathlib import Path

import msgspec
from msgspec import structs

from auditor.account.snapshot import FORMAT
from auditor.collectors import saved
from auditor.collectors.cli_output.names import FILES
from auditor.documents import FAULTS, remedy_of
from auditor.errors import SourceError
from auditor.organization.accounts import Listed
from auditor.organization.names import MANIFEST, SNAPSHOT, folder_of
from auditor.organization.records import Account, Manifest

_DEPTH = 8  # levels of folders that are searched; runs keep accounts as org=/date=/account=
_SUFFIXES = (".json", ".json.gz")
_HEAD = 8192  # bytes; a snapshot starts with its format, account and partition
_GZIP_MAGIC = b"\x1f\x8b"
_FORMAT = re.compile(rb'"format"\s*:\s*"(?P<format>iam-audit-[\w-]+)"')
_NUMBER = re.compile(rb'"account"\s*:\s*\{\s*(?:"record"\s*:\s*"\w+"\s*,\s*)?"id"\s*:\s*"(?P<id>\d{12})"')
_PARTITION = re.compile(rb'"partition"\s*:\s*"(?P<partition>aws[\w-]*)"')
_SHOWN = 5  # names in one warning


def read_stored(folder: str) -> Listed:
    """Return the accounts that are stored in a folder and in the folders below it.

    A file that cannot be read is listed as an account too, so that the work on it reports the error; a warning names
    all other files. If the folder is that of an earlier live run, all its accounts are listed, stored or not.
    Raises SourceError if this is not a folder, holds no account, or has folders too deep to be searched, because
    accounts in these would be missing.
    """
    top = Path(folder)
    if not top.is_dir():
        problem = "is not a folder" if top.exists() else "is not there"
        raise SourceError(problem, "Give the folder that holds the snapshots or exports.", subject=folder)
    found = _Found(top)
    try:
        found.search(top, _DEPTH)
    except OSError as error:
        place = str(error.filename or folder)
        problem, remedy = f"cannot be read: {error.strerror or error}", remedy_of(error, place)
        raise SourceError(problem, remedy, subject=place) from error
    if found.too_deep:
        problem = f"has folders that are too deep to be searched: {_shown(found.too_deep)}"
        raise SourceError(problem, "Give a folder nearer to the snapshots, or move them up.", subject=folder)
    if not found.accounts:
        remedy = "`iam-audit snapshot -o FILE.json.gz` writes snapshots; the README has the commands for exports."
        raise SourceError("holds neither snapshots nor exports of the AWS CLI", remedy, subject=folder)
    return Listed(
        accounts=_with_own_keys(found.accounts, top),
        listed_by=f"the folder {folder}",
        partition=found.partition,
        warnings=tuple(found.warnings()),
    )


class _Found:
    """Hold the accounts, and the other files, that were found in a folder."""

    def __init__(self, top: Path) -> None:
        self.accounts: list[Account] = []
        self.partition = "aws"
        self._top = top
        self._others: list[str] = []
        self.too_deep: list[str] = []

    def search(self, folder: Path, depth: int) -> None:
        """Add the accounts in a folder and in the folders below it."""
        if (run := _run_in(folder)) is not None:
            self.accounts += _of_run(run, folder)
            self.partition = run.partition
            return
        entries = sorted(folder.iterdir(), key=lambda entry: entry.name)
        exported = {entry for entry in entries if _is_export(entry.name)}
        if exported:
            self.accounts.append(Account(name=self._name(folder), source=str(folder)))
        for entry in entries:
            if entry.is_dir() and depth:
                self.search(entry, depth - 1)
            elif entry.is_dir():
                self.too_deep.append(self._name(entry))
            elif entry not in exported:
                self._take(entry)

    def _take(self, file: Path) -> None:
        head = _head(file) if file.name.lower().endswith(_SUFFIXES) else None
        if head is None or not _is_input(file, head):
            self._others.append(self._name(file))
            return
        number, partition = _NUMBER.search(head), _PARTITION.search(head)
        if partition is not None:
            self.partition = partition["partition"].decode()
        id_ = number["id"].decode() if number else None
        self.accounts.append(Account(id=id_, name=self._name(file), source=str(file)))

    def _name(self, path: Path) -> str:
        return str(path.relative_to(self._top)) if path != self._top else path.resolve().name

    def warnings(self) -> Iterator[str]:
        """Yield warnings about files that are not read, and accounts that are stored twice."""
        if self._others:
            yield f"{self._top}: neither snapshots nor exports, and not read: {_shown(self._others)}"
        numbers = Counter(account.id for account in self.accounts if account.id is not None)
        twice = sorted(number for number, count in numbers.items() if count > 1)
        if twice:
            yield f"{self._top}: accounts that are stored more than once, and each counts: {_shown(twice)}"


def _run_in(folder: Path) -> Manifest | None:
    """Return the manifest of a run that read its accounts from AWS; None if the folder is not that of such a run."""
    path = folder / MANIFEST
    ours = _FORMAT.search(_head(path)) if path.is_file() else None
    if ours is None or ours["format"] != b"iam-audit-run":
        return None
    try:
        manifest = msgspec.json.decode(path.read_bytes(), type=Manifest)
    except FAULTS as error:
        hint = "Restore it from a copy, or remove it: then only the snapshots that are there count."
        raise SourceError(f"is a damaged list of accounts: {error}", hint, subject=str(path)) from error
    live = any(account.source is None and account.state is None for account in manifest.accounts)
    return manifest if live else None  # a run over files stores no snapshots


def _of_run(run: Manifest, folder: Path) -> Iterator[Account]:
    """Yield all accounts of an earlier run; the work on those without a stored snapshot reports that it is missing."""
    for account in run.accounts:
        if account.state is not None:
            yield account
        else:
            source = str(folder / folder_of(account) / SNAPSHOT)
            yield structs.replace(account, source=source, role_arn=None, external_id=None)


def _is_export(name: str) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in FILES)


def _head(file: Path) -> bytes:
    """Return the first bytes of a file, decompressed; b"" if it is damaged."""
    try:
        with file.open("rb") as stream:
            packed = stream.read(len(_GZIP_MAGIC)) == _GZIP_MAGIC
        with gzip.open(file) if packed else file.open("rb") as stream:
            return stream.read(_HEAD)
    except (OSError, EOFError, zlib.error):
        return b""


def _is_input(file: Path, head: bytes) -> bool:
    """Return whether a file is a snapshot, or cannot be parsed; the work on the latter reports the error."""
    if (ours := _FORMAT.search(head)) is not None:
        return ours["format"].decode() == FORMAT
    try:
        content, _ = saved.read(file, file.name)
        return saved.is_snapshot(content) or not msgspec.json.decode(content, type=msgspec.Raw)
    except (SourceError, *FAULTS):
        return True


def _with_own_keys(accounts: Sequence[Account], top: Path) -> tuple[Account, ...]:
    """Return the accounts with unique keys: those that share a number or file name get their path as key."""
    counts = Counter(account.key for account in accounts)
    taken = {key for key, count in counts.items() if count == 1}
    made: list[Account] = []
    for account in accounts:
        if counts[account.key] == 1:
            made.append(account)
            continue
        place = Path(account.source).relative_to(top) if account.source is not None else Path()
        key = re.sub(r"[\\/]+", "~", str(place) if place.name else account.name or account.key)
        while key in taken:
            key = f"{key}~"
        taken.add(key)
        made.append(structs.replace(account, own_key=key))
    return tuple(made)


def _shown(names: Sequence[str]) -> str:
    more = f" and {len(names) - _SHOWN:,} more" if len(names) > _SHOWN else ""
    return f"{', '.join(names[:_SHOWN])}{more}"
