"""Verification of evidence: a pack, a JSON report, or the signature and time stamps of any other file."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import click
import msgspec
from msgspec import structs

from auditor import documents
from auditor.collectors import saved
from auditor.console.keys import key_of
from auditor.console.messages import speaker
from auditor.console.requests import EvidenceVerifyRequest
from auditor.errors import SourceError, UsageError
from auditor.evidence import SIGNATURE_SUFFIX
from auditor.evidence.authorities import CheckedTimeStamp, Roots
from auditor.evidence.single import Kind, kind_of, verified_file, verified_report
from auditor.evidence.statement import Predicate, ReportPredicate, predicate_of, report_predicate_of
from auditor.evidence.verification import Fault, PackVerification, index_of, verified
from auditor.report.reading import load_report
from auditor.report.report import encoded
from auditor.writers import printing
from auditor.writers.blocks import number
from auditor.writers.evidence.html import page_of
from auditor.writers.json import shown
from auditor.writers.visible import visible


def verify(request: EvidenceVerifyRequest) -> int:
    """Show whether evidence is as it was made, and return the exit code."""
    _check(request)
    place = "standard input" if request.file == "-" else request.file
    content = documents.read(request.file, place)
    kind = kind_of(content)
    _check_kind(request, kind, place)
    roots = _roots(request.tsa_roots)
    found = _verified(request, kind, content, place, roots)
    stamped = {place: content}
    if request.key is not None:
        path = request.signature or f"{request.file}{SIGNATURE_SUFFIX}"
        stamped[path] = documents.read(path, path)
        found = _with_signature(found, content, place, request.key, (path, stamped[path]))
    if request.timestamps:
        found = _with_time_stamps(found, stamped, place, request, roots)
    if roots is not None and not found.timestamps:
        fault = Fault(place, "has no time stamp that --tsa-roots could check")
        found = structs.replace(found, faults=(*found.faults, fault))
    _show(found, request)
    code = 1 if found.faults else 0
    result = "something differs or was changed" if code else "what was checked agrees"
    speaker(quiet=request.quiet)(f"Exit code {code}: {result}")
    return code


def _check(request: EvidenceVerifyRequest) -> None:
    if request.signature is not None and request.key is None:
        raise UsageError("--signature needs --key", "Give the public key of whoever signed.")
    if request.file == "-" and request.key is not None and request.signature is None:
        raise UsageError("--key needs --signature for standard input", "Name the file of the signature.")
    named = (
        ("FILE", request.file),
        ("--key", request.key),
        ("--signature", request.signature),
        ("--snapshot", request.snapshot),
        ("--tsa-roots", request.tsa_roots),
        *(("--timestamp", each) for each in request.timestamps),
    )
    for option, path in named:
        if path == "":
            raise UsageError(f"{option} is empty", "Name the file; a variable may not be set.")
    piped = [option for option, path in named if path == "-"]
    if len(piped) > 1:
        raise UsageError(f"{' and '.join(piped)} cannot all be standard input", "Name files for all but one.")


def _check_kind(request: EvidenceVerifyRequest, kind: Kind, place: str) -> None:
    """Raise AuditError where the options ask for what a file of this kind cannot prove, or for nothing."""
    if request.snapshot is not None and kind != "report":
        raise UsageError("--snapshot is for a JSON report", "Leave it out: a pack encloses the snapshots that it has.")
    if request.key is not None or request.timestamps:
        return
    if kind == "file":
        hint = "Give --key to check the signature of any other file; packs are written by `iam-audit evidence make`."
        raise SourceError("is no evidence pack and no JSON report", hint, subject=place)
    if kind == "report" and request.snapshot is None:
        hint = "Give --key to check its signature, --snapshot to judge it again, or --timestamp."
        raise UsageError(f"{place} is a report, and nothing of it would be checked", hint)


def _roots(path: str | None) -> Roots | None:
    if path is None:
        return None
    from auditor.evidence import time_stamps  # the extra `sign`

    return time_stamps.roots_of(documents.read(path, path), path)


def _verified(
    request: EvidenceVerifyRequest, kind: Kind, content: bytes, place: str, roots: Roots | None
) -> PackVerification:
    if kind == "pack":
        return verified(content, place, page_of, roots)
    if kind == "file":
        return verified_file(content)
    snapshot = None if request.snapshot is None else saved.read(request.snapshot, "the snapshot")
    return verified_report(content, place, snapshot)


def _with_signature(
    found: PackVerification, content: bytes, place: str, key: str, signature: tuple[str, bytes]
) -> PackVerification:
    """Return a verification with that of the signature, which is given with its place."""
    from auditor.evidence import signing  # the extra `sign`

    path, envelope = signature
    public = key_of(key, "--key")
    said = _said(found, content, place)
    problem = signing.complaint(content, envelope, path, public.content, public.place, said)
    faults = () if problem is None else (Fault(path, f"the signature {problem}"),)
    return structs.replace(found, signed=problem is None, faults=(*found.faults, *faults))


def _said(found: PackVerification, content: bytes, place: str) -> Predicate | ReportPredicate | None:
    """Return what a signature must say of a file; None for a file that was not read, and for a pack with faults."""
    if found.kind == "report":
        return report_predicate_of(load_report(content, place))
    return predicate_of(index_of(content, place)) if found.kind == "pack" and not found.faults else None


def _with_time_stamps(
    found: PackVerification,
    stamped: Mapping[str, bytes],
    place: str,
    request: EvidenceVerifyRequest,
    roots: Roots | None,
) -> PackVerification:
    """Return a verification with that of time stamps on the file at `place`, or on its signature beside it."""
    from auditor.evidence import time_stamps  # the extra `sign`

    captured_at = load_report(stamped[place], place).snapshot.captured_at if found.kind == "report" else None
    stamps: list[CheckedTimeStamp] = []
    faults: list[Fault] = []
    for path in request.timestamps:
        stamp, problem = time_stamps.checked(documents.read(path, path), path, stamped, roots)
        stamps += [] if stamp is None else [stamp]
        if stamp is not None and time_stamps.is_too_early(stamp.time, captured_at):
            faults.append(Fault(path, time_stamps.TOO_EARLY))
        if problem is not None:
            needs_key = stamp is None and request.key is None
            faults.append(Fault(path, f"{problem}{'; one on its signature needs --key' if needs_key else ''}"))
    return structs.replace(found, timestamps=(*found.timestamps, *stamps), faults=(*found.faults, *faults))


def _show(found: PackVerification, request: EvidenceVerifyRequest) -> None:
    with printing.reader_may_leave():
        if request.output_format == "json":
            click.echo(b"".join(shown(msgspec.json.format(encoded(found), indent=2))))
        else:
            for line in _lines(found, request):
                click.echo(visible(line))


_MOST = 100  # faults that are shown; the JSON has them all
_SIGNED = {
    True: "by this key",
    False: "not by this key on this {}",
    None: "not checked; --key PUBLIC checks it",
}
_TRUSTED = {
    True: "by an authority of {}",
    False: "not by an authority of {}",
    None: "not checked against an authority; --tsa-roots ROOTS.pem checks it",
}


def _lines(found: PackVerification, request: EvidenceVerifyRequest) -> Iterator[str]:
    for fault in found.faults[:_MOST]:
        yield f"Fault in {fault.place}: {fault.problem}"
    if len(found.faults) > _MOST:
        yield f"And {len(found.faults) - _MOST:,} more faults; --format json has them all"
    yield f"SHA-256 of the {found.kind}: {found.sha256}"
    yield f"Signature: {_SIGNED[found.signed].format(found.kind)}"
    for stamp in found.timestamps:
        trust = _TRUSTED[stamp.trusted].format(Path(request.tsa_roots or "").name)
        yield f"Time stamp on {stamp.file}: {stamp.time:%Y-%m-%dT%H:%M:%SZ}, {stamp.authority}; {trust}"
    if found.kind == "file":
        yield "Neither an evidence pack nor a JSON report: nothing in it was read"
        return
    if found.kind == "pack":
        yield f"Files: {found.files:,}; reports: {found.reports:,}"
    yield from _judged(found)
    if found.made_by not in (None, found.verified_by):
        yield (
            f"Note: The {found.kind} was made by iam-audit {found.made_by}, and this is {found.verified_by}; "
            "rules may say something else there. Verify it with the release that made it."
        )


def _judged(found: PackVerification) -> Iterator[str]:
    judged = sum(each.findings for each in found.reruns)
    reports = number(len(found.reruns), "report", "reports")
    if found.kind == "pack" or found.reruns:
        yield f"Judged again from snapshots: {number(judged, 'finding', 'findings')} of {reports}"
    if found.without_snapshot:
        others = number(found.without_snapshot, "report", "reports")
        why = "the snapshot is not enclosed" if found.kind == "pack" else "its snapshot was not given"
        yield f"Not judged again, because {why}: {others}"
    for rerun in found.reruns:
        yield from (f"Not judged again in {rerun.report}: {each}" for each in rerun.not_judged)
