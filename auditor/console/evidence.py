"""Evidence packs, made of stored files."""

from collections.abc import Sequence
from datetime import datetime
from io import BytesIO

from auditor import documents
from auditor.collectors import saved
from auditor.console.keys import key_of
from auditor.console.messages import speaker
from auditor.console.requests import EvidenceMakeRequest
from auditor.errors import UsageError
from auditor.evidence.archive import packed
from auditor.evidence.index import HistoryRun, Index
from auditor.evidence.ledger import HistoryRuns
from auditor.evidence.making import Contents, Wish, contents, files_of
from auditor.evidence.stored import StoredReport, stored_report, stored_snapshot
from auditor.writers import files, paths
from auditor.writers.blocks import number
from auditor.writers.evidence import html


def make(request: EvidenceMakeRequest) -> int:
    """Write a pack and return the exit code."""
    _check(request)
    key = None if request.sign is None else key_of(request.sign, "--sign")
    named = [each for each in (request.history, key and key.file) if each is not None]
    sources = [*request.reports, *request.snapshots, *request.timestamps, *named]
    paths.check([request.path], [".zip"], sources=sources)
    reports = [_report(each) for each in request.reports]
    snapshots = dict(_snapshot(each) for each in request.snapshots)
    wish = Wish(request.first, request.last, request.sample, request.seed or 0)
    found = contents(reports, snapshots, wish)
    if request.history is not None:
        found = contents(reports, snapshots, wish, _history(request.history, found.index))
    if request.timestamps:
        from auditor.evidence import time_stamps  # the extra `sign`

        replies = {each: documents.read(each, each) for each in request.timestamps}
        found = time_stamps.with_time_stamps(found, replies)
    archive = packed(files_of(found, page(found.index)))
    path = paths.resolved(request.path, _account(found.index), found.index.accounts[-1].runs[-1].captured_at)
    written = {path: archive}
    if key is not None:
        from auditor.evidence import signing  # the extra `sign`

        written[files.signature_of(path)] = signing.signed(archive, path.name, found.index, key.content, key.place)
    files.write_pack(written, sources=sources)
    summary = _summary(found, len({each.path for each in reports}))
    speaker(quiet=request.quiet)(f"{files.sentence(list(written))}: {summary}")
    return 0


def _check(request: EvidenceMakeRequest) -> None:
    if request.history == "":
        raise UsageError("--history is empty", "Name the file; a variable may not be set.")
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


def page(index: Index) -> bytes:
    """Return an index as an HTML page."""
    stream = BytesIO()
    html.write(index, stream)
    return stream.getvalue()


def _summary(found: Contents, given: int) -> str:
    index = found.index
    runs = sum(len(each.runs) for each in index.accounts)
    gaps = sum(gap.days for each in index.accounts for gap in each.gaps)
    missing = sum(len(each.not_enclosed) for each in index.accounts)
    stamps = len(index.timestamps)
    parts = [
        f"{number(runs, 'run', 'runs')} from {index.first} to {index.last}",
        f"{number(gaps, 'day', 'days')} without a run",
        number(len(index.files) - runs - stamps, "snapshot", "snapshots"),
    ]
    if stamps:
        parts.append(number(stamps, "time stamp", "time stamps"))
    if given > runs:
        parts.append(f"{number(given - runs, 'report', 'reports')} of other days left out")
    if missing:
        parts.append(f"no report of {number(missing, 'run', 'runs')} that the history has")
    return ", ".join(parts)
