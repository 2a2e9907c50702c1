"""The documents of a pack: reports and snapshots, checked, and the paths under which they are enclosed."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from hashlib import sha256
from typing import NamedTuple

from auditor.account.snapshot import dump, load
from auditor.errors import SourceError
from auditor.report.completeness import narrowing
from auditor.report.reading import load_report
from auditor.report.report import Report


class StoredReport(NamedTuple):
    """Hold a stored report as it was written, with its digest, account and time."""

    content: bytes
    report: Report
    sha256: str
    account: str
    captured_at: datetime

    @property
    def path(self) -> str:
        """Return the path in the pack: of the account, the time and the digest."""
        return f"reports/{self.account}-{self.captured_at:%Y%m%dT%H%M%SZ}-{self.sha256[:12]}.json"

    @property
    def day(self) -> date:
        """Return the day (UTC) on which the account was captured."""
        return self.captured_at.date()


def stored_report(content: bytes, place: str) -> StoredReport:
    """Return a report that can be evidence; raise SourceError, naming `place`, for any other."""
    report = load_report(content, place)
    captured_at, account = report.snapshot.captured_at, report.account.id
    if report.planned is not None:
        hint = "Give reports of the account as it was."
        raise SourceError("judges a planned change, which is no evidence of what was", hint, subject=place)
    if narrowing(report) is not None:
        raise SourceError("lists a part of its findings only", "Give the whole report.", subject=place)
    if account is None or not (account.isascii() and account.isdigit()):
        hint = "Scan with credentials, or with sts get-caller-identity in the folder of --exports."
        raise SourceError("does not name its account", hint, subject=place)
    if captured_at is None:
        raise SourceError("does not say when the account was captured", "Scan with --captured-at TIME.", subject=place)
    return StoredReport(content, report, sha256(content).hexdigest(), account, captured_at)


def stored_snapshot(content: bytes, place: str) -> tuple[str, bytes]:
    """Return the digest and the canonical document of a snapshot: the digest is that which reports on it name."""
    document = dump(load(content, place))
    return sha256(document).hexdigest(), document


def snapshot_path(digest: str) -> str:
    """Return the path of a snapshot in the pack."""
    return f"snapshots/{digest}.json"


def reply_path(content: bytes) -> str:
    """Return the path in the pack of the reply of a time stamp authority."""
    return f"timestamps/{sha256(content).hexdigest()}.tsr"


def in_order(reports: Iterable[StoredReport]) -> Sequence[StoredReport]:
    """Return reports by account and time, each once."""
    by_path = {each.path: each for each in reports}
    return sorted(by_path.values(), key=_order)


def _order(stored: StoredReport) -> tuple[str, str, datetime, datetime, str]:
    account = stored.report.account
    return stored.account, account.partition, stored.captured_at, stored.report.evaluated_at, stored.path
