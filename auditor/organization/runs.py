"""Runs: begin one, resume it as often as needed, and make the report from what is stored."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from hashlib import sha256
from typing import TypeVar

import msgspec
from msgspec import structs

from auditor import documents
from auditor.collectors import saved
from auditor.errors import OutputError, SourceError
from auditor.organization.executors.base import Dead, Executor, Task
from auditor.organization.names import CAUSES, FOLDER, MANIFEST, RECEIPT, REPORT, folder_of
from auditor.organization.reading_ahead import read_ahead
from auditor.organization.receipts import read_receipt
from auditor.organization.records import Account, Cause, Failure, Manifest, Receipt, State
from auditor.organization.report import OrganizationReport
from auditor.organization.storage import Storage, Store
from auditor.organization.summing import summed_up
from auditor.organization.work import Work, lost
from auditor.report.reading import load_report

T = TypeVar("T")
Done = Callable[[Account, Receipt], object]
"""Receive each account that is done, with its receipt."""
StateNow = Callable[[str], tuple[State, str] | None]
"""Return the state of an account that is no longer active, and AWS's own name for it, by the account's number."""


def name_of(organization_id: str | None, began_at: datetime) -> str:
    """Return the folder of a run within the storage; its parts are partition columns for DuckDB and Athena."""
    return f"org={organization_id or 'none'}/date={began_at.astimezone(UTC):%Y%m%dT%H%M%SZ}"


def begin(storage: Storage, manifest: Manifest) -> None:
    """Store the manifest of a new run; raise OutputError if the run exists, SourceError for a name not in UTF-8."""
    name = f"{manifest.run}/{MANIFEST}"
    try:
        content = msgspec.json.encode(manifest)
    except UnicodeEncodeError as error:
        place = error.object.encode("utf-8", "backslashreplace").decode()
        raise SourceError("has a name that is not UTF-8", "Rename the file or the folder.", subject=place) from error
    if not storage.add(name, content):
        raise OutputError("is there", "Wait a second, or choose another --store.", subject=f"{storage.place}/{name}")


def opened(storage: Storage, run: str) -> Manifest:
    """Return the manifest of a run; raise SourceError if there is none, or it is damaged."""
    name = f"{run}/{MANIFEST}"
    content = storage.read(name)
    place = f"{storage.place}/{run}"
    if content is None:
        remedy = "Give the folder that holds run.json, as `iam-audit organization scan` named it."
        raise SourceError("is not a run", remedy, subject=place)
    try:
        manifest = msgspec.json.decode(content, type=Manifest)
    except msgspec.DecodeError as error:
        raise SourceError(f"is damaged: {error}", "Begin a new run.", subject=f"{place}/{MANIFEST}") from error
    return structs.replace(manifest, run=run)


def wanted(manifest: Manifest) -> list[Account]:
    """Return the accounts that a run reads; others, such as suspended ones, have a state from the beginning."""
    return [account for account in manifest.accounts if account.state is None]


def unfinished(manifest: Manifest, work: Work) -> Iterator[Account]:
    """Return the accounts of a run that have no receipt yet."""
    accounts = wanted(manifest)
    receipts = read_ahead(work.receipt_of, accounts)
    return (account for account, receipt in zip(accounts, receipts, strict=True) if receipt is None)


def forget(manifest: Manifest, work: Work, states: Sequence[State]) -> int:
    """Remove the receipts of accounts in these states, so that they are worked on again; return how many."""

    def forgotten(account: Account) -> bool:
        receipt = work.receipt_of(account)
        if receipt is None or receipt.state not in states:
            return False
        work.storage.remove(f"{manifest.run}/{folder_of(account)}/{RECEIPT}")
        return True

    return sum(read_ahead(forgotten, wanted(manifest)))


def carry_out(accounts: Iterable[Account], work: Work, executor: Executor, done: Done, *, live: bool) -> None:
    """Work on the accounts, and call `done` for each; raise OutputError if the storage fails.

    If they are read live, all credential reports are requested first, so that AWS makes them at the same time.
    """
    left = list(accounts)
    if live:
        out_of_reach = dict(_mapped(executor, work.request, left, work, done))
        left = [account for account in left if account.key not in out_of_reach]
    for _ in _mapped(executor, work, left, work, done):
        pass


def _mapped(
    executor: Executor, task: Task[Receipt | None], accounts: Sequence[Account], work: Work, done: Done
) -> Iterator[tuple[str, Receipt]]:
    """Yield the key and the receipt of each account that is done."""
    for account, found in executor.map(task, accounts):
        receipt = (
            work.keep_receipt(account, lost(account, work.as_of, found.tries)) if isinstance(found, Dead) else found
        )
        if receipt is not None:
            done(account, receipt)
            yield account.key, receipt


def recheck(accounts: Iterable[Account], work: Work, state_now: StateNow) -> None:
    """Update the receipts of those `accounts`, not fully audited, that were suspended or closed during the run."""
    for account in accounts:
        now = state_now(account.id) if account.id is not None else None
        receipt = work.receipt_of(account) if now is not None else None
        if now is not None and receipt is not None:
            why = Failure(code=now[1], message="It was active when the run began", remedy="")
            work.keep_receipt(account, structs.replace(receipt, state=now[0], error=why))


def differences(storage: Store, manifest: Manifest) -> Iterator[str]:
    """Yield each difference between the stored files of a run and its list of accounts and receipts.

    Files are compared with their digests, and the counts of reports with those of receipts.
    """
    listed = set(map(folder_of, manifest.accounts))
    for folder in storage.folders(manifest.run):
        if folder.startswith(FOLDER) and folder not in listed:
            yield f"{storage.place}/{manifest.run}/{folder} is of no account in {MANIFEST}"

    def read(account: Account) -> Sequence[str]:
        receipt = read_receipt(storage, manifest.run, account)
        return () if receipt is None else list(_differences(storage, manifest.run, account, receipt))

    for found in read_ahead(read, wanted(manifest), _VERIFIERS):
        yield from found


_VERIFIERS = 8  # at a time: each may hold a snapshot and a report


def _differences(storage: Storage, run: str, account: Account, receipt: Receipt) -> Iterator[str]:
    for name, expected in receipt.digests.items():
        file = f"{run}/{folder_of(account)}/{name}"
        content = storage.read(file)
        if content is None:
            yield f"{storage.place}/{file} is not there"
        elif sha256(content).hexdigest() != expected:
            yield f"{storage.place}/{file} is not what was stored: its digest differs"
        elif name == REPORT:
            summary = load_report(*saved.read(content, f"{storage.place}/{file}")).summary
            if (summary.counts, summary.suppressed) != (receipt.counts, receipt.suppressed):
                yield f"{storage.place}/{file} has other counts than the receipt of account {account.key}"


def report_of(storage: Storage, manifest: Manifest) -> OrganizationReport:
    """Return the report of a run, finished or not; raise SourceError if a file of it is damaged."""
    by_key = {account.key: account for account in manifest.accounts}

    def receipt_of(key: str) -> Receipt | None:
        return read_receipt(storage, manifest.run, by_key[key])

    def causes_of(key: str) -> Sequence[Cause]:
        return _causes(storage, f"{manifest.run}/{folder_of(by_key[key])}/{CAUSES}")

    return summed_up(manifest, receipt_of, causes_of)


def _causes(storage: Storage, name: str) -> Sequence[Cause]:
    content = storage.read(name)
    try:
        return msgspec.json.decode(content or b"", type=list[Cause])
    except documents.FAULTS as error:
        problem = "is not there" if content is None else f"is damaged: {error}"
        hint = "Restore it from a copy, or remove the receipt beside it: then --resume reads the account again."
        raise SourceError(problem, hint, subject=f"{storage.place}/{name}") from error
