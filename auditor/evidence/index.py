"""The index of an evidence pack: what ran, what did not, what was set aside, and which files prove it."""

from datetime import date
from typing import Any, Literal

from msgspec import Struct

from auditor.account.kinds import ResourceType
from auditor.account.sources import Time
from auditor.judging.rule import ComplianceType, Severity
from auditor.report.report import Tool


class Run(Struct, frozen=True, kw_only=True):
    """Hold one run by its report, which is the file `report`; `snapshot` is the file that it judged, if enclosed.

    `incomplete` says what the run could not decide, None where it decided everything. `rules_sha256` is the digest of
    its rules with parameters and severities, `configuration_sha256` that of what a configuration file decided.
    """

    captured_at: Time
    evaluated_at: Time
    report_generated_at: Time | None
    tool: Tool
    incomplete: str | None
    counts: dict[ComplianceType, int]
    suppressed: int
    rules_sha256: str
    configuration_sha256: str | None
    snapshot_sha256: str
    report_sha256: str
    report: str
    snapshot: str | None


class Gap(Struct, frozen=True):
    """Hold days without a run (UTC), from the first to the last."""

    first: date
    last: date
    days: int


class HistoryRun(Struct, frozen=True):
    """Hold a run that a history has, and its link in the chain."""

    captured_at: str
    report_sha256: str
    link: str


class AccountLedger(Struct, frozen=True, kw_only=True):
    """Hold the runs of one account in the period, in order of their capture, and the days without one.

    `history` are the runs of the period that the history has (empty without a history), `not_enclosed` those of them
    whose report is not in the pack.
    """

    account: str
    partition: str
    days_with_run: int
    runs: tuple[Run, ...]
    gaps: tuple[Gap, ...]
    history: tuple[HistoryRun, ...] = ()
    not_enclosed: tuple[HistoryRun, ...] = ()


class SuppressionRecord(Struct, frozen=True, kw_only=True):
    """Hold a suppression that set findings aside: in which runs, and of how many findings at most in one of them."""

    account: str
    config_rule_name: str
    suppression: dict[str, Any]
    first_run: Time
    last_run: Time
    runs: int
    findings: int


class SampledFinding(Struct, frozen=True, kw_only=True):
    """Hold a finding of the sample, with the runs in which it was NON_COMPLIANT; `report` is the file of the last."""

    account: str
    config_rule_name: str
    severity: Severity | None
    resource_type: ResourceType
    resource_name: str
    resource_id: str | None
    resource_arn: str | None
    fingerprint: str
    first_seen: Time
    last_seen: Time
    runs: int
    report: str


class Sample(Struct, frozen=True, kw_only=True):
    """Hold findings drawn at random, and of how many they were drawn, with the digest of what identifies these."""

    seed: int
    size: int
    population: int
    population_sha256: str
    findings: tuple[SampledFinding, ...]


class Enclosed(Struct, frozen=True):
    """Hold a report, snapshot or time stamp of the pack: its path, SHA-256 and size (bytes)."""

    path: str
    sha256: str
    size: int


class TimeStamp(Struct, frozen=True, kw_only=True):
    """Hold a time stamp (RFC 3161): the file of the authority's reply, the file that it is on, and what it says.

    `authority` is the name in the certificate that signed it, `serial` a number in hexadecimal, `policy` an OID.
    """

    reply: str
    file: str
    time: Time
    authority: str
    policy: str
    serial: str
    hash_algorithm: str


class Index(Struct, frozen=True, kw_only=True):
    """Hold the index; its fields are those of index.json, which `version` numbers.

    Days are in UTC, from `first` to `last`. `sample` is None where none was requested.
    """

    format: Literal["iam-audit-evidence"] = "iam-audit-evidence"
    version: Literal[1] = 1
    tool: Tool
    first: date
    last: date
    accounts: tuple[AccountLedger, ...]
    suppressions: tuple[SuppressionRecord, ...]
    sample: Sample | None
    files: tuple[Enclosed, ...]
    timestamps: tuple[TimeStamp, ...] = ()
