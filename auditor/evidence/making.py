"""Making a pack: from stored reports and snapshots to its index and its files."""

from collections.abc import Mapping, Sequence
from datetime import date
from hashlib import sha256
from typing import NamedTuple

from msgspec import Struct

from auditor import __version__
from auditor.errors import SourceError, UsageError
from auditor.evidence.archive import INDEX, PAGE, SUMS
from auditor.evidence.drawing import drawn
from auditor.evidence.index import Enclosed, Index
from auditor.evidence.ledger import HistoryRuns, ledgers, register
from auditor.evidence.stored import StoredReport, in_order, snapshot_path
from auditor.report.report import Tool, as_json


class PackOptions(NamedTuple):
    """Hold the first and last day of a pack (None: those of the reports), and its sample, if any."""

    first: date | None = None
    last: date | None = None
    sample: int | None = None
    seed: int = 0


class Contents(Struct, frozen=True):
    """Hold the index of a pack and the documents by their paths."""

    index: Index
    documents: Mapping[str, bytes]


def contents(
    reports: Sequence[StoredReport],
    snapshots: Mapping[str, bytes],
    options: PackOptions,
    history: HistoryRuns | None = None,
) -> Contents:
    """Return what a pack holds; the same input gives the same index. `snapshots` are documents by their digests.

    Reports of other days are left out. Raises SourceError where no report is of the period, or where a snapshot is of
    no report, UsageError where the period ends before it begins.
    """
    if not reports:
        raise SourceError("no report was given", "Give the JSON reports that `iam-audit scan -o FILE.json` wrote.")
    first, last = _period(reports, options)
    chosen = in_order(each for each in reports if first <= each.day <= last)
    if not chosen:
        raise SourceError(f"no report is of the days from {first} to {last} (UTC)", "Check --from and --to.")
    for digest in snapshots.keys() - {each.report.snapshot.sha256 for each in chosen}:
        hint = "Give the snapshots that the reports of the period were made of."
        raise SourceError(f"the snapshot of the digest {digest[:12]} is of no report of the pack", hint)
    documents = {each.path: each.content for each in chosen}
    documents |= {snapshot_path(digest): content for digest, content in sorted(snapshots.items())}
    index = Index(
        tool=Tool("iam-audit", __version__),
        first=first,
        last=last,
        accounts=tuple(ledgers(chosen, snapshots, first, last, history or {})),
        suppressions=tuple(register(chosen)),
        sample=None if options.sample is None else drawn(chosen, options.sample, options.seed),
        files=tuple(Enclosed(path, sha256(content).hexdigest(), len(content)) for path, content in documents.items()),
    )
    return Contents(index, documents)


def _period(reports: Sequence[StoredReport], options: PackOptions) -> tuple[date, date]:
    days = [each.day for each in reports]
    first = min(days) if options.first is None else options.first
    last = max(days) if options.last is None else options.last
    if options.first is not None and options.last is not None and last < first:
        raise UsageError("the last day (--to) is before the first (--from)", "Exchange the two days.")
    return first, last


def files_of(found: Contents, page: bytes) -> Mapping[str, bytes]:
    """Return every file of the pack; `page` is the index as HTML."""
    files = {PAGE: page, INDEX: written(found.index), **found.documents}
    return {SUMS: sums(files), **files}


def written(index: Index) -> bytes:
    """Return the index as the file of a pack."""
    return as_json(index) + b"\n"


def sums(files: Mapping[str, bytes]) -> bytes:
    """Return the checksums of files as `sha256sum --check` reads them."""
    return "".join(f"{sha256(content).hexdigest()}  {path}\n" for path, content in sorted(files.items())).encode()
