"""Evidence packs: made of stored files, and verified."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from io import BytesIO

import click
import msgspec
from msgspec import structs

from auditor import documents
from auditor.collectors import saved
from auditor.console.messages import speaker
from auditor.console.requests import EvidenceMakeRequest, EvidenceVerifyRequest
from auditor.errors import UsageError
from auditor.evidence.archive import packed
from auditor.evidence.index import HistoryRun, Index
from auditor.evidence.ledger import HistoryRuns
from auditor.evidence.making import Contents, Wish, contents, files_of
from auditor.evidence.stored import StoredReport, stored_report, stored_snapshot
from auditor.evidence.verification import Fault, PackVerification, verified
from auditor.report.report import encoded
from auditor.writers import files, paths, printing
from auditor.writers.blocks import number
from auditor.writers.evidence import html
from auditor.writers.json import shown
from auditor.writers.visible import visible


def make(request: EvidenceMakeRequest) -> int:
    """Write a pack and return the exit code."""
    _check(request)
    key = None if request.sign is None else documents.read(request.sign, request.sign)
    named = [each for each in (request.history, request.sign) if each is not None]
    sources = [*request.reports, *request.snapshots, *named]
    paths.check([request.path], [".zip"], sources=sources)
    reports = [_report(each) for each in request.reports]
    snapshots = dict(_snapshot(each) for each in request.snapshots)
    wish = Wish(request.first, request.last, request.sample, request.seed or 0)
    found = contents(reports, snapshots, wish)
    if request.history is not None:
        found = contents(reports, snapshots, wish, _history(request.history, found.index))
    archive = packed(files_of(found, _page(found.index)))
    path = paths.resolved(request.path, _account(found.index), found.index.accounts[-1].runs[-1].captured_at)
    written = {path: archive}
    if key is not None:
        from auditor.evidence import signing  # the extra `sign`

        signature = path.with_name(path.name + signing.SUFFIX)
        written[signature] = signing.signed(archive, path.name, found.index, key, str(request.sign))
    files.write_pack(written, sources=sources)
    summary = _summary(found, len({each.path for each in reports}))
    speaker(quiet=request.quiet)(f"{files.sentence(list(written))}: {summary}")
    return 0


def _check(request: EvidenceMakeRequest) -> None:
    if "" in (request.sign, request.history):
        name = "--sign" if request.sign == "" else "--history"
        raise UsageError(f"{name} is empty", "Name the file; a variable may not be set.")
    if (request.sample is None) != (request.seed is None):
        given, missing = ("--sample", "--seed") if request.seed is None else ("--seed", "--sample")
        raise UsageError(f"{given} needs {missing}", "Give both: the same seed draws the same sample.")


def _report(source: str) -> StoredReport:
    return stored_report(*saved.read(source, "the report"))


def _snapshot(source: str) -> tuple[str, bytes]:
    return stored_snapshot(*saved.read(source, "the snapshot"))


def _account(index: Index) -> str | None:
    return index.accounts[0].account if len(index.accounts) == 1 else None


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


def _page(index: Index) -> bytes:
    stream = BytesIO()
    html.write(index, stream)
    return stream.getvalue()


def _summary(found: Contents, given: int) -> str:
    index = found.index
    runs = sum(len(each.runs) for each in index.accounts)
    gaps = sum(gap.days for each in index.accounts for gap in each.gaps)
    missing = sum(len(each.not_enclosed) for each in index.accounts)
    parts = [
        f"{number(runs, 'run', 'runs')} from {index.first} to {index.last}",
        f"{number(gaps, 'day', 'days')} without a run",
        number(len(index.files) - runs, "snapshot", "snapshots"),
    ]
    if given > runs:
        parts.append(f"{number(given - runs, 'report', 'reports')} of other days left out")
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
    found = verified(content, place, _page)
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
