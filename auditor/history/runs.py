"""Runs: what the history stores of each report besides its findings, and the hash chain of the runs."""

import sqlite3
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

import msgspec
from msgspec import Struct, structs

from auditor.errors import SourceError
from auditor.judging.finding import Finding
from auditor.report.completeness import shortfall
from auditor.report.report import Report, as_json, encoded

Key = tuple[str, str | None, str, str | None]
"""A verdict: its fingerprint, the unique id of its resource, its compliance type, and its suppression as JSON."""


class Run(Struct, frozen=True, kw_only=True):
    """Hold a row of the table of runs; times are ISO 8601 in UTC, and `time` is the capture in seconds since 1970.

    `asked` (the rules), `configuration` and `proof` are digests of documents. `previous_sha256` is the digest of the
    report before, `link` is the digest of this row and of the link before. A `pruned` run has lost its verdicts.
    """

    account: int
    time: int
    captured_at: str
    evaluated_at: str
    report_generated_at: str | None
    tool: str
    version: str
    report_sha256: str
    content_sha256: str
    snapshot_sha256: str
    findings_sha256: str
    owners_sha256: str
    asked: str
    configuration: str
    proof: str
    sources: str
    summary: str
    complete: int
    previous_sha256: str | None = None
    link: str = ""
    pruned: int = 0


_COLUMNS = Run.__struct_fields__
_SELECT = f"SELECT {', '.join(_COLUMNS)} FROM run"  # noqa: S608 - the names of our own fields
_PLACES = ", ".join("?" * len(_COLUMNS))
_INSERT = f"INSERT INTO run ({', '.join(_COLUMNS)}) VALUES ({_PLACES})"  # noqa: S608 - as above
_NOT_LINKED = ("previous_sha256", "link", "pruned", "account")


def time_of(report: Report, place: str) -> int:
    """Return when the account of a report was captured, in seconds since 1970; raise SourceError if that is unknown."""
    captured_at = report.snapshot.captured_at
    if captured_at is None:
        hint = "Scan with --captured-at, so that the report contains the time."
        raise SourceError("does not say when the account was captured", hint, subject=place)
    return int(captured_at.timestamp())


def run_of(report: Report, account: int, place: str, digest: str, documents: tuple[str, str, str]) -> Run:
    """Return the row of a report, not yet linked; `documents` are the digests of its rules, configuration and proof."""
    asked, configuration, proof = documents
    snapshot = report.snapshot
    time = time_of(report, place)
    return Run(
        account=account,
        time=time,
        captured_at=_text(snapshot.captured_at) or "",
        evaluated_at=_text(report.evaluated_at) or "",
        report_generated_at=_text(snapshot.report_generated_at),
        tool=report.tool.name,
        version=report.tool.version,
        report_sha256=digest,
        content_sha256=content_digest(report),
        snapshot_sha256=snapshot.sha256,
        findings_sha256=findings_digest(map(key_of, report.findings)),
        owners_sha256=owners_digest(owners_in(report)),
        asked=asked,
        configuration=configuration,
        proof=proof,
        sources=as_json({str(each.name): [each.status, each.items] for each in snapshot.sources}).decode(),
        summary=as_json(report.summary).decode(),
        complete=int(shortfall(report) is None),
    )


def _text(time: datetime | None) -> str | None:
    return None if time is None else time.astimezone(UTC).isoformat().replace("+00:00", "Z")


def content_digest(report: Report) -> str:
    """Return the digest of a report without the time of its run, so that judging the same snapshot again is equal."""
    timeless = structs.replace(report, evaluated_at=datetime.fromtimestamp(0, UTC))
    return sha256(encoded(timeless)).hexdigest()


def key_of(finding: Finding) -> Key:
    """Return what the history stores of a finding in a run."""
    return finding.fingerprint, finding.resource_id, finding.compliance_type.value, suppression_text(finding)


def suppression_text(finding: Finding) -> str | None:
    """Return the suppression of a finding as JSON, the same for equal ones."""
    if finding.suppression is None:
        return None
    return msgspec.json.encode(finding.suppression, order="sorted").decode("utf-8")


def findings_digest(keys: Iterable[Key]) -> str:
    """Return the digest of the verdicts of a run, regardless of their order."""
    return sha256(msgspec.json.encode(sorted(keys, key=lambda key: key[0]))).hexdigest()


def owners_in(report: Report) -> Mapping[str, str]:
    """Return the owners in a report by ARN, empty if a resource has none; unknown owners are left out."""
    arns = {each.resource_arn for each in report.findings}
    named = {} if report.owners is None else report.owners.by_arn
    return {arn: owner or "" for arn, owner in named.items() if arn in arns}


def owners_digest(owners: Mapping[str, str]) -> str:
    """Return the digest of the owners of a run."""
    return sha256(msgspec.json.encode(dict(sorted(owners.items())))).hexdigest()


def stored_runs(connection: sqlite3.Connection, account: int) -> Sequence[Run]:
    """Return the runs of an account ordered by time."""
    rows = connection.execute(f"{_SELECT} WHERE account = ? ORDER BY time", (account,))
    return [_run(row) for row in rows]


def report_digests(connection: sqlite3.Connection) -> Collection[str]:
    """Return the digests of the documents of all reports in the history."""
    return {digest for (digest,) in connection.execute("SELECT report_sha256 FROM run")}


def _run(row: Sequence[Any]) -> Run:
    return Run(**dict(zip(_COLUMNS, row, strict=True)))


def unpruned(runs: Sequence[Run]) -> Sequence[Run]:
    """Return the runs that have verdicts: all that were not pruned."""
    return [run for run in runs if not run.pruned]


def insert(connection: sqlite3.Connection, run: Run) -> None:
    """Add the row of a run."""
    connection.execute(_INSERT, structs.astuple(run))


def link_of(run: Run, previous: Run | None) -> str:
    """Return the link of a run to the one before: a digest of its whole row and of the link before."""
    facts = {name: value for name, value in structs.asdict(run).items() if name not in _NOT_LINKED}
    before = ("", "") if previous is None else (previous.report_sha256, previous.link)
    return sha256(msgspec.json.encode([*before, facts])).hexdigest()


def chained(runs: Sequence[Run]) -> Sequence[Run]:
    """Return the runs of an account, ordered by time, with the links that they should have."""
    joined: list[Run] = []
    for run in runs:
        previous = joined[-1] if joined else None
        sha = previous.report_sha256 if previous else None
        joined.append(structs.replace(run, previous_sha256=sha, link=link_of(run, previous)))
    return joined


def relink(connection: sqlite3.Connection, account: int) -> None:
    """Set the links of the runs of an account again, because a run may have been added before others."""
    stored = stored_runs(connection, account)
    for old, new in zip(stored, chained(stored), strict=True):
        if old != new:
            connection.execute(
                "UPDATE run SET previous_sha256 = ?, link = ? WHERE account = ? AND time = ?",
                (new.previous_sha256, new.link, account, new.time),
            )
