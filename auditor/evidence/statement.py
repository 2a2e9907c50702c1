"""Statements that signatures are on: in-toto's, with what a pack or a report says of itself.

https://github.com/in-toto/attestation/blob/main/spec/v1/statement.md
"""

from datetime import date
from typing import Literal

import msgspec
from msgspec import Struct

from auditor.account.sources import Time
from auditor.evidence import digests
from auditor.evidence.index import Index
from auditor.judging.rule import ComplianceType
from auditor.report.report import Report, Tool

_TYPE = "predicateType"


class Subject(Struct, frozen=True):
    """Name the file that is signed, and its digests."""

    name: str
    digest: dict[str, str]


class Predicate(Struct, frozen=True, kw_only=True):
    """Hold what a signature says of a pack: its period (days in UTC), its accounts, and how many runs it has."""

    version: Literal[1] = 1
    first: date
    last: date
    accounts: tuple[str, ...]
    runs: int
    days_without_run: int


class ReportPredicate(Struct, frozen=True, kw_only=True):
    """Hold what a signature says of a report, in whichever format: the account, the times, the counts, and digests.

    `rules_sha256` is the digest of its rules with parameters and severities, `configuration_sha256` that of what a
    configuration file decided; the index of a pack has the same. `planned`: it judges a planned change.
    """

    version: Literal[1] = 1
    tool: Tool
    account: str | None
    partition: str
    captured_at: Time | None
    evaluated_at: Time
    planned: bool
    compliance_type: ComplianceType
    counts: dict[ComplianceType, int]
    suppressed: int
    rules_sha256: str
    configuration_sha256: str | None
    snapshot_sha256: str


class AnyStatement(Struct, frozen=True, kw_only=True):
    """Hold the fields that every statement of in-toto has."""

    type_: Literal["https://in-toto.io/Statement/v1"] = msgspec.field(
        name="_type", default="https://in-toto.io/Statement/v1"
    )
    subject: tuple[Subject, ...]


class Statement(AnyStatement, frozen=True, kw_only=True, tag_field=_TYPE, tag="urn:iam-audit:evidence:v1"):
    """Hold the signed statement on a pack; the fields are those of in-toto's Statement v1."""

    predicate: Predicate


class ReportStatement(AnyStatement, frozen=True, kw_only=True, tag_field=_TYPE, tag="urn:iam-audit:report:v1"):
    """Hold the signed statement on a report; the fields are those of in-toto's Statement v1."""

    predicate: ReportPredicate


def predicate_of(index: Index) -> Predicate:
    """Return what a signature says of a pack with this index."""
    return Predicate(
        first=index.first,
        last=index.last,
        accounts=tuple(each.account for each in index.accounts),
        runs=sum(len(each.runs) for each in index.accounts),
        days_without_run=sum(gap.days for each in index.accounts for gap in each.gaps),
    )


def report_predicate_of(report: Report) -> ReportPredicate:
    """Return what a signature says of a report."""
    return ReportPredicate(
        tool=report.tool,
        account=report.account.id,
        partition=report.account.partition,
        captured_at=report.snapshot.captured_at,
        evaluated_at=report.evaluated_at,
        planned=report.planned is not None,
        compliance_type=report.summary.compliance_type,
        counts=report.summary.counts,
        suppressed=report.summary.suppressed,
        rules_sha256=digests.of_rules(report),
        configuration_sha256=digests.of_configuration(report),
        snapshot_sha256=report.snapshot.sha256,
    )
