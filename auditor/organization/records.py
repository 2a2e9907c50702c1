"""The records of an organization run: its accounts, what became of each, and what is stored of it.

The denominator is the organization's own list of accounts, as it was read when the run began: each of them is in
exactly one state, whatever happens to the work on it.
"""

from enum import StrEnum
from typing import Literal

from msgspec import Struct

from auditor.account.sources import Source, SourceStatus, Time
from auditor.judging.rule import ComplianceType, Severity
from auditor.report.configuration import ConfigurationSummary
from auditor.selection.options import Choice


class State(StrEnum):
    """Name what became of an account.

    AUDITED: all that the rules read is known. PARTIAL: audited, and some facts are unknown. DENIED: AWS refused the
    role or the credentials. TIMED_OUT: not read within its time. LOST: the process that worked on it died, twice.
    FAILED: the work ended with an error that is none of these, or no rule decided anything. UNFINISHED: nothing is
    known, as the run was ended before. SUSPENDED and CLOSED are AWS's own states, NOT_ASKED are accounts that a filter
    leaves out.
    """

    FAILED = "failed"
    LOST = "lost"
    DENIED = "denied"
    TIMED_OUT = "timed_out"
    UNFINISHED = "unfinished"
    PARTIAL = "partial"
    AUDITED = "audited"
    SUSPENDED = "suspended"
    CLOSED = "closed"
    NOT_ASKED = "not_asked"

    @property
    def text(self) -> str:
        """Return the state as people read it."""
        return self.value.replace("_", " ")


AUDITABLE = tuple(state for state in State if state not in (State.SUSPENDED, State.CLOSED, State.NOT_ASKED))
"""The states of accounts that the run is about: its denominator."""
REPORTED = (State.AUDITED, State.PARTIAL, State.TIMED_OUT)
"""The states in which an account may have a report of its own."""


class Account(Struct, frozen=True, kw_only=True):
    """Hold what the list says of an account, and how to read it.

    `ou` is the path of organizational units by name, as in "Root/Production/Payments", empty where it is not known.
    `state` is set where no work is to be done. An account is read from `source`, a stored snapshot or a folder of
    exports; then `id` may be None until that was read. Otherwise it is read live by way of `role_arn`, and by the
    caller's own credentials where there is none. `own_key` is set where number and file name are another's too.
    """

    id: str | None = None
    name: str = ""
    email: str | None = None
    ou: str = ""
    tags: dict[str, str] = {}
    state: State | None = None
    detail: str | None = None
    role_arn: str | None = None
    external_id: str | None = None
    source: str | None = None
    own_key: str | None = None

    @property
    def key(self) -> str:
        """Return the name of the account in the run: its number, or the name of the file that it is read from."""
        return self.own_key or self.id or (self.source or self.name).rstrip("/").rpartition("/")[2]


class Keep(StrEnum):
    """Name what a run keeps of each account beside its receipt: all that was read, its report, or nothing."""

    SNAPSHOTS = "snapshots"
    REPORTS = "reports"
    NONE = "none"


class Failure(Struct, frozen=True, kw_only=True):
    """Say why an account was not audited: AWS's error code, what happened, the action to grant, and what to do."""

    code: str | None
    message: str
    action: str | None = None
    remedy: str = ""


class SourceState(Struct, frozen=True):
    """Hold how far one source of an account was read; `iam_actions` are those to grant where it was refused."""

    name: str
    status: SourceStatus
    detail: str | None
    iam_actions: tuple[str, ...] = ()

    @property
    def lacking(self) -> bool:
        """Return whether facts are missing that rules may rest on; the alias is only shown."""
        sufficient = (SourceStatus.COMPLETE, SourceStatus.NOT_REQUESTED)
        return self.status not in sufficient and self.name != Source.ACCOUNT_ALIAS


class RuleCounts(Struct, frozen=True):
    """Hold the counts of one rule's findings in one account that are not suppressed."""

    config_rule_name: str
    source_identifier: str
    severity: Severity
    counts: dict[ComplianceType, int]


class Receipt(Struct, frozen=True, kw_only=True):
    """Hold what became of the work on one account, in about 3 kB; what it produced is stored beside it.

    `report` is the name of the account's own report within the run. `digests` are the SHA-256 of the stored files by
    name. `tries` counts how often the work was begun. `rule_failed`: a rule crashed, so that its verdicts are missing.
    """

    format: Literal["iam-audit-receipt"] = "iam-audit-receipt"
    version: Literal[1] = 1
    key: str
    account_id: str | None
    alias: str | None = None
    state: State
    error: Failure | None = None
    counts: dict[ComplianceType, int] = {}
    by_severity: dict[Severity, dict[ComplianceType, int]] = {}
    suppressed: int = 0
    rules: tuple[RuleCounts, ...] = ()
    sources: tuple[SourceState, ...] = ()
    users: int | None = None
    rule_failed: bool = False
    report: str | None = None
    captured_at: Time | None = None
    report_generated_at: Time | None = None
    digests: dict[str, str] = {}
    began_at: Time
    ended_at: Time
    tries: int = 1


class Cause(Struct, frozen=True):
    """Name what is wrong independently of the account: the same template makes the same fault in many accounts.

    `digest` is of the policy document, where the resource is a policy; `resource_name` is empty for the account itself.
    """

    config_rule_name: str
    resource_type: str
    resource_name: str
    digest: str | None


class Manifest(Struct, frozen=True, kw_only=True):
    """Hold what a run is about: the organization, its accounts as they were listed, and how each is read and judged.

    `listed_by` says where the list comes from, in words. `settings` is the digest of the rules and all that goes with
    them, `configuration` what the configuration file does to these, and `selection` the options that they follow from.
    `chain_roles`: the role in each account is taken with the credentials of the management role.
    """

    format: Literal["iam-audit-run"] = "iam-audit-run"
    version: Literal[1] = 1
    tool_version: str
    run: str
    began_at: Time
    listed_by: str
    organization_id: str | None
    management_account_id: str | None
    partition: str
    accounts: tuple[Account, ...]
    warnings: tuple[str, ...] = ()
    settings: str
    configuration: ConfigurationSummary | None
    selection: Choice
    frameworks: tuple[str, ...]
    max_report_age: float | None
    keep: Keep
    pages: bool
    parquet: bool = False
    profile: str | None
    management_role: str | None
    chain_roles: bool = False
    region: str | None
    timeout_s: float
