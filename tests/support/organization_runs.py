"""Runs over stored accounts, and storages that kill the process that uses them."""

import multiprocessing
import os
import signal
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from msgspec import Struct, structs
from nights import BOB, FIXED, at_night, night_of, people

from auditor.account.snapshot import dump
from auditor.errors import OutputError
from auditor.organization import runs
from auditor.organization.executors.threads import Threads
from auditor.organization.reading import Reading
from auditor.organization.records import Account, Keep, Manifest, Receipt
from auditor.organization.settings import digest_of
from auditor.organization.storage import Folder, Storage
from auditor.organization.work import Work
from auditor.selection.options import Choice
from auditor.selection.plan import current
from auditor.testing import ACCOUNT_ID, account, console_user, group, password_policy

BEGAN_AT = datetime(2026, 11, 24, 2, tzinfo=UTC)
RUN = "org=none/date=20261124T020000Z"


def stored_accounts(folder: Path, count: int) -> Sequence[Account]:
    """Write `count` snapshots, each of another account, and return the accounts; every second one has MFA."""
    folder.mkdir(exist_ok=True)
    found = []
    for number in range(1, count + 1):
        users = [console_user("bob", mfa=number % 2 == 0)]
        document = dump(account(users=users, groups=[group("admins")], password=password_policy()))
        path = folder / f"{number:04}.json"
        path.write_bytes(document.replace(ACCOUNT_ID.encode(), b"%012d" % number))
        found.append(Account(source=str(path), ou="Root/Even" if number % 2 == 0 else "Root/Odd"))
    return found


def manifest_of(accounts: Sequence[Account], keep: Keep = Keep.REPORTS) -> Manifest:
    """Return the manifest of a run over the accounts by AWS Config's rules."""
    return Manifest(
        tool_version="0",
        run=RUN,
        began_at=BEGAN_AT,
        listed_by="a test",
        organization_id=None,
        management_account_id=None,
        partition="aws",
        accounts=tuple(accounts),
        settings=digest_of(current(Choice(no_config=True))),
        configuration=None,
        selection=Choice(no_config=True),
        frameworks=(),
        max_report_age=None,
        keep=keep,
        pages=False,
        profile=None,
        management_role=None,
        region=None,
        timeout_s=60,
    )


def work_of(manifest: Manifest, storage: Storage) -> Work:
    """Return the work of a run."""
    plan = current(manifest.selection)
    return Work(
        storage=storage,
        run=manifest.run,
        plan=plan,
        reading=Reading(timeout_s=manifest.timeout_s),
        as_of=manifest.began_at,
        keep=manifest.keep,
    )


def begun(folder: Path, count: int) -> tuple[Storage, Manifest]:
    """Begin a run over `count` stored accounts, in a folder of its own."""
    storage = Folder(str(folder / "runs"))
    manifest = manifest_of(stored_accounts(folder / "accounts", count))
    runs.begin(storage, manifest)
    return storage, manifest


def nights_of_runs(storage: Storage, folder: Path, days: int = 3, keep: Keep = Keep.REPORTS) -> Sequence[Manifest]:
    """Carry out a run over the snapshots of two accounts in each of some nights, and return what the runs are about.

    Bob has MFA in the first account from the third night on; the second account never has anything wrong.
    """
    found = []
    folder.mkdir(exist_ok=True)
    for day in range(days):
        accounts = []
        for number in (1, 2):
            seen = people(FIXED if number == 2 or day > 1 else BOB)
            path = folder / f"{day}-{number}.json"
            path.write_bytes(dump(at_night(day, seen)).replace(ACCOUNT_ID.encode(), b"%012d" % number))
            accounts.append(Account(id=f"{number:012}", source=str(path)))
        began_at = night_of(day, 1)
        run = runs.name_of("o-a1", began_at)
        manifest = structs.replace(manifest_of(accounts, keep), run=run, began_at=began_at, organization_id="o-a1")
        runs.begin(storage, manifest)
        runs.carry_out(accounts, work_of(manifest, storage), Threads(2), nothing, live=False)
        found.append(manifest)
    return found


class Deadly(Struct, frozen=True):
    """Pass files to another storage, and kill the process at one of them; `once`: only the first time.

    `where` is the end of the file's name, `after` means after writing it, `at_read` means when a worker
    reads it; `log` gets a line for each death.
    """

    inner: Folder
    where: str
    once: str | None = None
    after: bool = False
    log: str | None = None
    at_read: bool = False

    @property
    def place(self) -> str:
        """Return the place of the other storage."""
        return self.inner.place

    def read(self, name: str) -> bytes | None:
        """Read a file, or die."""
        if self.at_read and multiprocessing.parent_process() is not None:
            self._die(name)
        return self.inner.read(name)

    def write(self, name: str, content: bytes) -> None:
        """Write a file, or die."""
        if not self.after and not self.at_read:
            self._die(name)
        self.inner.write(name, content)
        if self.after:
            self._die(name)

    def add(self, name: str, content: bytes) -> bool:
        """Write a file unless it is there."""
        return self.inner.add(name, content)

    def remove(self, name: str) -> None:
        """Remove a file."""
        self.inner.remove(name)

    def _die(self, name: str) -> None:
        if not name.endswith(self.where):
            return
        if self.once is not None:
            try:
                Path(self.once).touch(exist_ok=False)
            except FileExistsError:
                return
        if self.log is not None:
            with Path(self.log).open("a") as deaths:
                deaths.write(f"{name}\n")
        os.kill(os.getpid(), signal.SIGKILL)


class Full(Struct, frozen=True):
    """Pass files to another storage until there are too many."""

    inner: Folder
    room: int

    @property
    def place(self) -> str:
        """Return the place of the other storage."""
        return self.inner.place

    def read(self, name: str) -> bytes | None:
        """Read a file."""
        return self.inner.read(name)

    def write(self, name: str, content: bytes) -> None:
        """Write a file while there is room."""
        if sum(1 for each in Path(self.inner.root).rglob("*") if each.is_file()) >= self.room:
            raise OutputError("cannot be written: No space left on device", subject=name)
        self.inner.write(name, content)

    def add(self, name: str, content: bytes) -> bool:
        """Write a file unless it is there."""
        return self.inner.add(name, content)

    def remove(self, name: str) -> None:
        """Remove a file."""
        self.inner.remove(name)


def nothing(_account: Account, _receipt: Receipt) -> None:
    """Ignore the progress of a run."""
