"""Evidence packs for programs: made of stored reports, and verified, each in one call."""

import os
from collections.abc import Sequence
from datetime import date, datetime

from msgspec import Struct

from auditor import documents
from auditor.account.model import Snapshot
from auditor.account.snapshot import dump
from auditor.collectors import saved
from auditor.errors import UsageError
from auditor.evidence.archive import packed
from auditor.evidence.index import HistoryRun, Index
from auditor.evidence.ledger import HistoryRuns
from auditor.evidence.making import PackOptions, contents, files_of
from auditor.evidence.stored import StoredReport, stored_report, stored_snapshot
from auditor.evidence.verification import PackVerification, verified
from auditor.report.report import Report
from auditor.writers.evidence.html import page_of
from auditor.writers.json import document_of, shown

Stored = str | os.PathLike[str] | bytes
"""A stored document: its path, or its content."""
_ONE = (str, os.PathLike, bytes, Report)


class EvidencePack(Struct, frozen=True):
    """Hold an evidence pack: its index, and the archive as bytes, which `auditor.write` writes into a ZIP file.

    `left_out` counts the reports that were given and are not of the period.
    """

    index: Index
    content: bytes
    left_out: int


def make_evidence(
    reports: Stored | Report | Sequence[Stored | Report],
    *,
    snapshots: Sequence[Stored | Snapshot] = (),
    timestamps: Sequence[str | os.PathLike[str]] = (),
    history: str | os.PathLike[str] | None = None,
    first: date | None = None,
    last: date | None = None,
    sample: int | None = None,
    seed: int = 0,
) -> EvidencePack:
    """Return the evidence pack of the reports of a period; the same input gives the same bytes.

    A report that is no stored one is enclosed as `write` writes it. `snapshots` are enclosed, so that their reports can
    be judged again. `timestamps` are replies of authorities (RFC 3161) on reports and enclosed snapshots. `history` is
    the file of a history, whose runs without a report among these are named in the index. `first` and `last` are days
    in UTC, by default those of the reports. `sample` is the number of NON_COMPLIANT findings to draw; the same `seed`
    draws the same ones.

    Raises AuditError for what cannot be read or is no evidence, such as a report of a planned change, for a period
    without a report, and for a snapshot of no report.
    """
    if sample is not None and sample < 1:
        raise UsageError(f"a sample of {sample} findings cannot be drawn", "Draw at least one finding.")
    stored = [_report(each) for each in ([reports] if isinstance(reports, _ONE) else reports)]
    enclosed = dict(_snapshot(each) for each in snapshots)
    options = PackOptions(first, last, sample, seed)
    found = contents(stored, enclosed, options)
    if history is not None:
        found = contents(stored, enclosed, options, _history(os.fspath(history), found.index))
    if timestamps:
        from auditor.evidence import time_stamps  # the extra `sign`

        places = [os.fspath(each) for each in timestamps]
        found = time_stamps.with_time_stamps(found, {each: documents.read(each, each) for each in places})
    runs = sum(len(each.runs) for each in found.index.accounts)
    given = len({each.path for each in stored})
    return EvidencePack(found.index, packed(files_of(found, page_of(found.index))), given - runs)


def verify_evidence(pack: Stored) -> PackVerification:
    """Return what was checked of an evidence pack, and in `faults` what does not agree; `pack` is its path or content.

    Each checksum is compared, the index is made again from the reports, and the rules of each report run again over its
    snapshot, if that is enclosed. Signatures are not checked. Raises AuditError for what cannot be read as a pack at
    all.
    """
    if isinstance(pack, bytes):
        return verified(pack, "the pack", page_of)
    place = os.fspath(pack)
    return verified(documents.read(place, place), place, page_of)


def _report(source: Stored | Report) -> StoredReport:
    if isinstance(source, Report):
        return stored_report(b"".join(shown(document_of(source))), "the report")
    return stored_report(*saved.read(source, "the report"))


def _snapshot(source: Stored | Snapshot) -> tuple[str, bytes]:
    if isinstance(source, Snapshot):
        return stored_snapshot(dump(source), "the snapshot")
    return stored_snapshot(*saved.read(source, "the snapshot"))


def _history(path: str, index: Index) -> HistoryRuns:
    """Return the runs that a history has of the accounts of the pack, in its period."""
    from auditor.history import store  # sqlite3, which packs without a history do not need
    from auditor.history.accounts import accounts
    from auditor.history.runs import stored_runs

    wanted = {(each.account, each.partition) for each in index.accounts}
    found: dict[tuple[str, str], Sequence[HistoryRun]] = {}
    with store.reading(path) as connection:
        for account in accounts(connection):
            if (account.number, account.partition) in wanted:
                runs = stored_runs(connection, account.id)
                found[account.number, account.partition] = [
                    HistoryRun(each.captured_at, each.report_sha256, each.link)
                    for each in runs
                    if index.first <= datetime.fromisoformat(each.captured_at).date() <= index.last
                ]
    return found
