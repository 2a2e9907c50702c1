"""Verification of a pack: its checksums, its index against its reports, and its findings against its snapshots."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from hashlib import sha256
from typing import Literal, TypeVar

import msgspec
from msgspec import Struct, structs

from auditor import __version__, documents
from auditor.account.model import Snapshot
from auditor.account.snapshot import load
from auditor.errors import AuditError, SourceError
from auditor.evidence import archive
from auditor.evidence.archive import INDEX, PAGE, SUMS
from auditor.evidence.authorities import CheckedTimeStamp, Roots
from auditor.evidence.index import Index
from auditor.evidence.ledger import HistoryRuns
from auditor.evidence.making import PackOptions, contents, sums, written
from auditor.evidence.rerunning import decides, judged_again
from auditor.evidence.stored import StoredReport, reply_path, snapshot_path, stored_report, stored_snapshot
from auditor.report.report import Tool

T = TypeVar("T")
Page = Callable[[Index], bytes]
"""Return the index as HTML."""


class Fault(Struct, frozen=True):
    """Hold what does not agree, and in which file of the pack, or "the archive"."""

    place: str
    problem: str


class Rerun(Struct, frozen=True):
    """Hold how many findings of a report were judged again from its snapshot; `not_judged` are rules, each with why."""

    report: str
    findings: int
    not_judged: tuple[str, ...]


class PackVerification(Struct, frozen=True, kw_only=True):
    """Hold what a verification found; the fields are those of the JSON.

    `kind` is what was verified: a pack, one report, or a file of which nothing was read.
    `reports` counts the reports that were read, `reruns` are those judged again, and `without_snapshot` counts the
    others: nobody can judge these again. `made_by` is the release that made the pack, None where the index cannot be
    read, `verified_by` this one. `signed` says whether the signature is by the key that was given, None where none was.
    """

    format: Literal["iam-audit-evidence-verification"] = "iam-audit-evidence-verification"
    version: Literal[1] = 1
    sha256: str
    made_by: str | None
    verified_by: str
    signed: bool | None = None
    files: int
    reports: int
    without_snapshot: int
    reruns: tuple[Rerun, ...]
    faults: tuple[Fault, ...]
    kind: Literal["pack", "report", "file"] = "pack"
    timestamps: tuple[CheckedTimeStamp, ...] = ()


def verified(content: bytes, place: str, page: Page, roots: Roots | None = None) -> PackVerification:
    """Return what in a pack does not agree; `page` writes its index as HTML, `roots` are of trusted authorities.

    Raises SourceError, naming `place`, for what cannot be read as a pack at all.
    """
    files, problems = archive.unpacked(content, place)
    faults = [Fault(name, problem) for name, problem in problems]
    faults += _of_sums(files)
    index = _read(files, INDEX, faults, _index)
    reports = [found for path in _under(files, "reports/") if (found := _read(files, path, faults, _report))]
    snapshots = {path: document for path in _under(files, "snapshots/") if (document := _snapshot(files, path, faults))}
    if PAGE not in files:
        faults.append(Fault(PAGE, "is missing"))
    if index is not None and not reports:
        faults.append(Fault("reports", "none can be read"))
    stamps = tuple(_time_stamps(files, {**{each.path: each.content for each in reports}, **snapshots}, roots, faults))
    if index is not None and reports:
        replies = {each.reply: files[each.reply] for each in stamps}
        faults += _of_index(index, reports, snapshots, replies, files, page)
    reruns = tuple(_reruns(reports, snapshots, faults))
    if not faults and archive.packed(files) != content:
        faults.append(Fault("the archive", "was written again: its order or times are not those of a pack"))
    return PackVerification(
        sha256=sha256(content).hexdigest(),
        made_by=None if index is None else index.tool.version,
        verified_by=__version__,
        files=len(files),
        reports=len(reports),
        without_snapshot=len(reports) - len(reruns),
        reruns=reruns,
        faults=tuple(faults),
        timestamps=stamps,
    )


def _under(files: Mapping[str, bytes], folder: str) -> list[str]:
    return sorted(path for path in files if path.startswith(folder))


def _of_sums(files: Mapping[str, bytes]) -> Iterator[Fault]:
    """Yield the files whose checksum is another one, and those that are missing or not listed."""
    if SUMS not in files:
        yield Fault(SUMS, "is missing")
        return
    listed = {}
    for line in files[SUMS].decode("utf-8", "replace").splitlines():
        digest, _, path = line.partition("  ")
        listed[path] = digest
    others = {path: content for path, content in files.items() if path != SUMS}
    for path in sorted(listed.keys() - others.keys()):
        yield Fault(path, f"is listed in {SUMS}, and not in the pack")
    for path in sorted(others.keys() - listed.keys()):
        yield Fault(path, f"is not listed in {SUMS}")
    changed = [path for path in listed.keys() & others.keys() if sha256(others[path]).hexdigest() != listed[path]]
    yield from (Fault(path, f"has another checksum than in {SUMS}") for path in sorted(changed))
    if listed.keys() == others.keys() and not changed and files[SUMS] != sums(others):
        yield Fault(SUMS, "is not written as a pack has it")


def _read(files: Mapping[str, bytes], path: str, faults: list[Fault], read: Callable[[bytes, str], T]) -> T | None:
    """Return what a file holds, None with a fault where it cannot be read."""
    if path not in files:
        faults.append(Fault(path, "is missing"))
        return None
    try:
        return read(files[path], path)
    except AuditError as error:
        faults.append(Fault(path, error.message.removeprefix(f"{path} ")))
        return None


def index_of(content: bytes, place: str) -> Index:
    """Return the index of a pack in which nothing is wrong."""
    files, _ = archive.unpacked(content, place)
    return _index(files[INDEX], INDEX)


def _index(content: bytes, place: str) -> Index:
    try:
        documents.check_strings(content)
        documents.check_keys(content)
        return msgspec.json.decode(content, type=Index)
    except documents.FAULTS as error:
        raise SourceError(f"cannot be read: {documents.reason(error)}", subject=place) from error


def _report(content: bytes, place: str) -> StoredReport:
    found = stored_report(content, place)
    if found.path != place:
        raise SourceError(f"has a name that is not of its content, which would be {found.path}", subject=place)
    return found


def _snapshot(files: Mapping[str, bytes], path: str, faults: list[Fault]) -> bytes | None:
    found = _read(files, path, faults, stored_snapshot)
    if found is None:
        return None
    digest, document = found
    if snapshot_path(digest) != path or document != files[path]:
        faults.append(Fault(path, "has a name that is not of its content"))
        return None
    return document


def _time_stamps(
    files: Mapping[str, bytes], stamped: Mapping[str, bytes], roots: Roots | None, faults: list[Fault]
) -> Iterator[CheckedTimeStamp]:
    """Yield the enclosed time stamps that are on a file of the pack, and add what is wrong with any to the faults."""
    paths = _under(files, "timestamps/")
    if not paths:
        return
    from auditor.evidence import time_stamps  # the extra `sign`

    for path in paths:
        found = _read(files, path, faults, lambda content, place: time_stamps.checked(content, place, stamped, roots))
        stamp, problem = found or (None, None)
        if reply_path(files[path]) != path:
            faults.append(Fault(path, "has a name that is not of its content"))
        elif problem is not None:
            faults.append(Fault(path, problem if stamp else "is on no report or snapshot of the pack"))
        if stamp is not None:
            yield stamp


def _of_index(
    index: Index,
    reports: list[StoredReport],
    snapshots: Mapping[str, bytes],
    replies: Mapping[str, bytes],
    files: Mapping[str, bytes],
    page: Page,
) -> Iterator[Fault]:
    """Yield the parts of the index that the reports contradict."""
    sample = index.sample
    options = PackOptions(index.first, index.last, *((sample.size, sample.seed) if sample else ()))
    history: HistoryRuns = {(each.account, each.partition): each.history for each in index.accounts if each.history}
    by_digest = {sha256(document).hexdigest(): document for document in snapshots.values()}
    try:
        found = contents(reports, by_digest, options, history)
        if replies:
            from auditor.evidence import time_stamps  # the extra `sign`

            found = time_stamps.with_time_stamps(found, replies)
    except AuditError as error:
        yield Fault(INDEX, error.message)
        return
    remade = structs.replace(found.index, tool=Tool("iam-audit", index.tool.version))
    parts = [
        part for part in Index.__struct_fields__ if _encoded(getattr(remade, part)) != _encoded(getattr(index, part))
    ]
    yield from (Fault(INDEX, f"`{part}` is not what the reports and snapshots say") for part in parts)
    if not parts and files[INDEX] != written(remade):
        yield Fault(INDEX, "says more than the reports and snapshots do, or is not written as a pack has it")
    if PAGE in files and files[PAGE] != page(index):
        yield Fault(PAGE, f"does not show what {INDEX} says, as this release shows it")


def _encoded(value: object) -> bytes:
    return msgspec.json.encode(value, order="sorted")


def _reruns(reports: list[StoredReport], snapshots: Mapping[str, bytes], faults: list[Fault]) -> Iterator[Rerun]:
    """Yield the reports whose snapshot is enclosed, judged again, and add what differs to the faults."""
    for stored in reports:
        path = snapshot_path(stored.report.snapshot.sha256)
        if path not in snapshots:
            continue
        rerun, found = rerun_of(stored.path, stored, load(snapshots[path], path))
        faults += found
        yield rerun


def rerun_of(place: str, stored: StoredReport, snapshot: Snapshot) -> tuple[Rerun, Sequence[Fault]]:
    """Return what the rules of a report say of its snapshot now, and where they differ; `place` names the report."""
    problems = []
    if (snapshot.account.id, snapshot.captured_at) != (stored.account, stored.captured_at):
        problems.append("is of another account or time than its snapshot")
    again = judged_again(stored.report, snapshot)
    problems += (f"judged again, {each}" for each in again.differences)
    if not again.findings and any(decides(each) for each in stored.report.findings):
        problems.append("cannot be judged again, because none of its rules is installed here")
    return Rerun(place, again.findings, tuple(again.not_judged)), [Fault(place, each) for each in problems]
