"""Evidence packs: made of stored files, and verified."""

from collections.abc import Iterator

import click
import msgspec
from msgspec import structs

from auditor import documents
from auditor.console.messages import speaker
from auditor.console.requests import EvidenceMakeRequest, EvidenceVerifyRequest
from auditor.errors import UsageError
from auditor.evidence.verification import Fault, PackVerification, verified
from auditor.report.report import encoded
from auditor.writers import files, paths, printing
from auditor.writers.blocks import number
from auditor.writers.evidence.door import EvidencePack, make_evidence
from auditor.writers.evidence.html import page_of
from auditor.writers.json import shown
from auditor.writers.visible import visible


def make(request: EvidenceMakeRequest) -> int:
    """Write a pack and return the exit code."""
    _check(request)
    key = None if request.sign is None else documents.read(request.sign, request.sign)
    named = [each for each in (request.history, request.sign) if each is not None]
    sources = [*request.reports, *request.snapshots, *named]
    paths.check([request.path], [".zip"], sources=sources)
    pack = make_evidence(
        request.reports,
        snapshots=request.snapshots,
        history=request.history,
        first=request.first,
        last=request.last,
        sample=request.sample,
        seed=request.seed or 0,
    )
    path = files.path_of(pack, request.path)
    written = {path: pack.content}
    if key is not None:
        from auditor.evidence import signing  # the extra `sign`

        signature = path.with_name(path.name + signing.SUFFIX)
        written[signature] = signing.signed(pack.content, path.name, pack.index, key, str(request.sign))
    files.write_pack(written, sources=sources)
    speaker(quiet=request.quiet)(f"{files.sentence(list(written))}: {_summary(pack)}")
    return 0


def _check(request: EvidenceMakeRequest) -> None:
    if "" in (request.sign, request.history):
        name = "--sign" if request.sign == "" else "--history"
        raise UsageError(f"{name} is empty", "Name the file; a variable may not be set.")
    if (request.sample is None) != (request.seed is None):
        given, missing = ("--sample", "--seed") if request.seed is None else ("--seed", "--sample")
        raise UsageError(f"{given} needs {missing}", "Give both: the same seed draws the same sample.")


def _summary(pack: EvidencePack) -> str:
    index = pack.index
    runs = sum(len(each.runs) for each in index.accounts)
    gaps = sum(gap.days for each in index.accounts for gap in each.gaps)
    missing = sum(len(each.not_enclosed) for each in index.accounts)
    parts = [
        f"{number(runs, 'run', 'runs')} from {index.first} to {index.last}",
        f"{number(gaps, 'day', 'days')} without a run",
        number(len(index.files) - runs, "snapshot", "snapshots"),
    ]
    if pack.left_out:
        parts.append(f"{number(pack.left_out, 'report', 'reports')} of other days left out")
    if missing:
        parts.append(f"no report of {number(missing, 'run', 'runs')} that the history has")
    return ", ".join(parts)


def verify(request: EvidenceVerifyRequest) -> int:
    """Show whether a pack is as it was made, and return the exit code."""
    if request.key == "":
        raise UsageError("--key is empty", "Name the file; a variable may not be set.")
    if request.signature is not None and request.key is None:
        raise UsageError("--signature needs --key", "Give the public key of whoever signed.")
    if request.pack == "-" and request.key is not None and request.signature is None:
        raise UsageError("--key needs --signature for a pack on standard input", "Name the file of the signature.")
    place = "standard input" if request.pack == "-" else request.pack
    content = documents.read(request.pack, place)
    found = verified(content, place, page_of)
    if request.key is not None:
        found = _signature_checked(found, content, request)
    with printing.reader_may_leave():
        if request.output_format == "json":
            click.echo(b"".join(shown(msgspec.json.format(encoded(found), indent=2))))
        else:
            for line in _lines(found):
                click.echo(visible(line))
    code = 1 if found.faults else 0
    reason = "something differs or was changed" if code else "everything agrees"
    speaker(quiet=request.quiet)(f"Exit code {code}: {reason}")
    return code


def _signature_checked(found: PackVerification, content: bytes, request: EvidenceVerifyRequest) -> PackVerification:
    """Return a verification with that of the signature, which lies beside the pack or is named."""
    from auditor.evidence import signing  # the extra `sign`

    path, key = request.signature or f"{request.pack}{signing.SUFFIX}", str(request.key)
    signature = documents.read(path, path)
    problem = signing.complaint(content, signature, path, documents.read(key, key), key)
    faults = (*found.faults, *(() if problem is None else (Fault(path, f"the signature {problem}"),)))
    return structs.replace(found, signed=problem is None, faults=faults)


_MOST = 100  # faults that are shown; the JSON has them all
_SIGNED = {True: "by this key", False: "not by this key on this pack", None: "not checked; --key PUBLIC checks it"}


def _lines(found: PackVerification) -> Iterator[str]:
    for fault in found.faults[:_MOST]:
        yield f"Fault in {fault.place}: {fault.problem}"
    if len(found.faults) > _MOST:
        yield f"And {len(found.faults) - _MOST:,} more faults; --format json has them all"
    judged = sum(each.findings for each in found.reruns)
    yield f"SHA-256 of the pack: {found.sha256}"
    yield f"Signature: {_SIGNED[found.signed]}"
    yield f"Files: {found.files:,}; reports: {found.reports:,}"
    reports = number(len(found.reruns), "report", "reports")
    yield f"Judged again from snapshots: {number(judged, 'finding', 'findings')} of {reports}"
    if found.without_snapshot:
        others = number(found.without_snapshot, "report", "reports")
        yield f"Not judged again, because the snapshot is not enclosed: {others}"
    for rerun in found.reruns:
        yield from (f"Not judged again in {rerun.report}: {each}" for each in rerun.not_judged)
    if found.made_by not in (None, found.verified_by):
        yield (
            f"Note: The pack was made by iam-audit {found.made_by}, and this is {found.verified_by}; "
            "rules may say something else there. Verify it with the release that made it."
        )
