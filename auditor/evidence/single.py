"""Verification of a file that is no pack: a JSON report, or anything of which only a signature can be checked."""

from hashlib import sha256
from typing import Literal

from auditor import __version__
from auditor.account.snapshot import load
from auditor.evidence.stored import stored_report, stored_snapshot
from auditor.evidence.verification import Fault, PackVerification, Rerun, rerun_of
from auditor.report.reading import load_report

Kind = Literal["pack", "report", "file"]
_HEAD = 200  # bytes, in which a JSON report says what it is
_ZIP = b"PK"


def kind_of(content: bytes) -> Kind:
    """Return whether a content looks like a pack, like a JSON report, or like neither."""
    if content.startswith(_ZIP):
        return "pack"
    return "report" if content.lstrip()[:1] == b"{" and b'"iam-audit-report"' in content[:_HEAD] else "file"


def verified_file(content: bytes) -> PackVerification:
    """Return the verification of a file of which nothing is read: its digest."""
    return PackVerification(
        kind="file",
        sha256=sha256(content).hexdigest(),
        made_by=None,
        verified_by=__version__,
        files=1,
        reports=0,
        without_snapshot=0,
        reruns=(),
        faults=(),
    )


def verified_report(content: bytes, place: str, snapshot: tuple[bytes, str] | None = None) -> PackVerification:
    """Return what in a JSON report does not agree with its snapshot, which is given with its place.

    Raises SourceError, naming the place, for what cannot be read, and for a report that cannot be judged again.
    """
    report = load_report(content, place)
    reruns: tuple[Rerun, ...] = ()
    faults: list[Fault] = []
    if snapshot is not None:
        digest, document = stored_snapshot(*snapshot)
        stored = stored_report(content, place)
        if digest == report.snapshot.sha256:
            rerun, found = rerun_of(place, stored, load(document, snapshot[1]))
            reruns, faults = (rerun,), [*found]
        else:
            faults.append(Fault(place, f"was not made of the snapshot {snapshot[1]}, but of another one"))
    return PackVerification(
        kind="report",
        sha256=sha256(content).hexdigest(),
        made_by=report.tool.version,
        verified_by=__version__,
        files=1,
        reports=1,
        without_snapshot=1 - len(reruns),
        reruns=reruns,
        faults=tuple(faults),
    )
