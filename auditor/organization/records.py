"""The records of an organization run: its accounts, the state of each at the end, and what is stored about it.

The denominator is the organization's own list of accounts, as it was read when the run began. Each account has
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
    """Name the result of the work on an account.

    AUDITED: all that the rules read is known. PARTIAL: audited, but some facts are unknown. DENIED: AWS refused the
    role or the credentials. TIMED_OUT: not read within the timeout. LOST: the process that worked on it died, twice.
    FAILED: the work ended with another error, or no rule decided anything. UNFINISHED: nothing is known, because the
    run ended before. SUSPENDED and CLOSED are AWS's own states. NOT_ASKED: a filter leaves the account out.
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
        """Return the state as shown to people."""
        return self.value.replace("_", " ")


AUDITABLE = tuple(state for state in State if state not in (State.SUSPENDED, State.CLOSED, State.NOT_ASKED))
"""The states of the accounts that count in the denominator of a run."""
REPORTED = (State.AUDITED, State.PARTIAL, State.TIMED_OUT)
"""The states in which an account may have a report of its own."""


class Account(Struct, frozen=True, kw_only=True):
    """Hold an account as it was listed, and how to read it.

    `ou` is the path of organizational units by name, as in "Root/Production/Payments", empty if unknown.
    `state` is set if the account is not to be read. With `source`, the account is read from that snapshot or folder of
    exports, and `id` may be None until then. Otherwise it is read live through `role_arn`, or with the caller's own
    credentials if that is None. `own_key` is set if another account has the same number or file name.
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
        """Return the unique name of the account in the run: its number, or the name of the file it is read from."""
        return self.own_key or self.id or (self.source or self.name).rstrip("/").rpartition("/")[2]


class Keep(StrEnum):
    """Name what a run keeps of each account besides its receipt: snapshot and report, the report, or nothing."""

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
    """Hold how completely one source of an account was read; `iam_actions` are those to grant if it was denied."""

    name: str
    status: SourceStatus
    detail: str | None
    iam_actions: tuple[str, ...] = ()

    @property
    def lacking(self) -> bool:
        """Return whether facts are missing that rules may need; the account alias is only shown."""
        sufficient = (SourceStatus.COMPLETE, SourceStatus.NOT_REQUESTED)
        return self.status not in sufficient and self.name != Source.ACCOUNT_ALIAS


class RuleCounts(Struct, frozen=True):
    """Hold the counts of one rule's findings in one account that are not suppressed."""

    config_rule_name: str
    source_identifier: str
    severity: Severity
    counts: dict[ComplianceType, int]


class Receipt(Struct, frozen=True, kw_only=True):
    """Hold the result of the work on one account, in about 3 kB; its snapshot and report are stored beside it.

    `report` is the name of the account's own report within the run. `digests` has the SHA-256 of each stored file by
    name. `tries` counts how often the work was begun. `rule_failed`: a rule crashed, so its verdicts are missing.
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
    """Name a fault independently of the account: one template makes the same fault in many accounts.

    `digest` is that of the policy document if the resource is a policy. `resource_name` is empty for the account.
    """

    config_rule_name: str
    resource_type: str
    resource_name: str
    digest: str | None


class Manifest(Struct, frozen=True, kw_only=True):
    """Describe a run: the organization, its accounts as they were listed, and how each is read and judged.

    `listed_by` says in words where the list comes from. `settings` is the digest of the rules and their settings,
    `configuration` what the configuration file changes in them, and `selection` the options that select them.
    `chain_roles`: the credentials of the management role assume the role in each account.
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
