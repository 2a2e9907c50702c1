"""Stored reports: the reports of accounts that runs have kept, checked against their receipts, for a history."""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import partial
from hashlib import sha256

from msgspec import Struct

from auditor.errors import SourceError
from auditor.organization.names import MANIFEST, REPORT, folder_of
from auditor.organization.reading_ahead import read_ahead
from auditor.organization.receipts import read_receipt
from auditor.organization.records import Manifest, Receipt, State
from auditor.organization.runs import opened, wanted
from auditor.organization.storage import Storage, Store
from auditor.organization.stores import opened_run, storage_of

_FOLDERS = ("org=", "date=")
"""How the names of the folders below a store begin, from the outer one to the inner one, which is a run."""


class StoredReport(Struct, frozen=True):
    """Name the stored report of one account: its file, the file's digest, and when the account was captured."""

    storage: Storage
    file: str
    digest: str
    captured_at: datetime

    @property
    def place(self) -> str:
        """Return the place of the report, as messages name it."""
        return f"{self.storage.place}/{self.file}"

    def read(self) -> bytes:
        """Return the compressed content of the file; raise SourceError if it differs from the receipt's digest."""
        content = self.storage.read(self.file)
        if content is None or sha256(content).hexdigest() != self.digest:
            problem = "is not there" if content is None else "is not what was stored: its digest differs"
            hint = "Restore it from a copy, or remove its receipt: then --resume reads the account again."
            raise SourceError(f"{problem}, as the receipt beside it says", hint, subject=self.place)
        return content


class StoredReports(Struct, frozen=True):
    """Hold the reports of some runs; `lacking` counts their other active accounts by the reason for having none."""

    runs: int
    reports: tuple[StoredReport, ...]
    lacking: Counter[str]


def stored_reports(place: str) -> StoredReports:
    """Return the reports below a place: the folder or the S3 address of a run, or of a store that holds runs.

    Every receipt is read. Raises SourceError where there is no run, and for a run or a receipt that is damaged.
    """
    storage, names = _runs_of(place)
    reports: list[StoredReport] = []
    lacking: Counter[str] = Counter()
    for name in names:
        for found in _of_run(storage, opened(storage, name)):
            if isinstance(found, StoredReport):
                reports.append(found)
            else:
                lacking[found] += 1
    return StoredReports(len(names), tuple(reports), lacking)


def _runs_of(place: str) -> tuple[Store, Sequence[str]]:
    storage = storage_of(place, named_by="RUNS")
    if storage.read(MANIFEST) is not None:
        storage, name = opened_run(place)
        return storage, [name]
    names = list(_runs_below(storage, "", _FOLDERS)) or list(_runs_below(storage, "", _FOLDERS[1:]))
    if not names:
        hint = "Give the folder of --store, or that of one run, which holds run.json; reports are named by their files."
        raise SourceError("holds no runs of `iam-audit organization scan`", hint, subject=place)
    return storage, names


def _runs_below(storage: Store, name: str, beginnings: Sequence[str]) -> Iterator[str]:
    """Yield the names of the runs below a name, one level of folders for each of `beginnings`."""
    if not beginnings:
        yield name
        return
    for folder in storage.folders(name):
        if folder.startswith(beginnings[0]):
            yield from _runs_below(storage, f"{name}/{folder}" if name else folder, beginnings[1:])


def _of_run(storage: Storage, manifest: Manifest) -> Iterator[StoredReport | str]:
    """Yield the report of each account that the run reads, or why there is none."""
    accounts = wanted(manifest)
    receipts = read_ahead(partial(read_receipt, storage, manifest.run), accounts)
    for account, receipt in zip(accounts, receipts, strict=True):
        yield _report_of(storage, f"{manifest.run}/{folder_of(account)}/{REPORT}", receipt)


def _report_of(storage: Storage, file: str, receipt: Receipt | None) -> StoredReport | str:
    if receipt is None:
        return State.UNFINISHED.text
    if receipt.captured_at is None and receipt.report is None:
        return receipt.state.text
    if receipt.report is None:
        return "not kept"
    if receipt.account_id is None or receipt.captured_at is None:
        return "without account number" if receipt.account_id is None else "without time of capture"
    return StoredReport(storage, file, receipt.digests[REPORT], receipt.captured_at)
