"""The report of an organization: every account in one state, the rules, the places and the causes that matter most."""

from typing import Literal

from msgspec import Struct

from auditor.account.sources import Time
from auditor.judging.rule import ComplianceType, Severity
from auditor.organization.records import Failure, SourceState, State
from auditor.report.configuration import ConfigurationSummary
from auditor.report.report import Tool

FORMAT = "iam-audit-organization-report"


class OrganizationHeader(Struct, frozen=True):
    """Name the organization and where the list of its accounts comes from; ids are null while unknown."""

    id: str | None
    management_account_id: str | None
    partition: str
    listed_by: str


class RunHeader(Struct, frozen=True):
    """Name the run: its place, when it began (UTC) and when its last account ended, and the settings by digest."""

    name: str
    began_at: Time
    ended_at: Time | None
    settings: str


class OrganizationSummary(Struct, frozen=True):
    """Sum up the accounts by state and the findings that are not suppressed by compliance type and severity.

    `active` counts the accounts that the run is about, `audited` those of them about which everything is known.
    `compliance_type` is that of the worst finding, and no better than INSUFFICIENT_DATA while accounts are missing.
    `oldest_credential_report` is the earliest time at which AWS made the credential report of any account.
    """

    active: int
    audited: int
    states: dict[State, int]
    compliance_type: ComplianceType
    counts: dict[ComplianceType, int]
    by_severity: dict[Severity, dict[ComplianceType, int]]
    suppressed: int
    oldest_credential_report: Time | None


class OrganizationRule(Struct, frozen=True):
    """Sum up a rule over all accounts: in how many it has findings of each type, and how many findings those are."""

    config_rule_name: str
    source_identifier: str
    severity: Severity
    accounts: dict[ComplianceType, int]
    counts: dict[ComplianceType, int]


class AccountResult(Struct, frozen=True, kw_only=True):
    """Hold what became of one account; `id` is null for an input that could not be read, whose `name` is the file's.

    `rules` has, by the name of each rule with open findings, how many are NON_COMPLIANT and INSUFFICIENT_DATA.
    `lacking` are the sources that were not read completely. `rule_failed`: a rule crashed, its verdicts are missing.
    `report` is the place of its own report within the run, null where there is none.
    """

    id: str | None
    name: str
    ou: str
    tags: dict[str, str]
    state: State
    error: Failure | None
    counts: dict[ComplianceType, int]
    by_severity: dict[Severity, dict[ComplianceType, int]]
    suppressed: int
    rules: dict[str, tuple[int, int]]
    users: int | None
    captured_at: Time | None
    report_generated_at: Time | None
    report: str | None
    lacking: tuple[SourceState, ...] = ()
    rule_failed: bool = False

    @property
    def judged(self) -> bool:
        """Return whether rules judged it: where none did, zeros mean that nothing is known."""
        return bool(self.suppressed or any(self.counts.values()))


class CommonCause(Struct, frozen=True):
    """Hold a fault that several accounts share: how many, and the first of them by id."""

    config_rule_name: str
    severity: Severity
    resource_type: str
    resource_name: str
    digest: str | None
    accounts: int
    first: tuple[str, ...]


class OrganizationReport(Struct, frozen=True, kw_only=True):
    """Hold the report of all accounts; its fields are the JSON report's, a stable contract that `version` numbers.

    Accounts stand in the order of their ids, rules the most urgent first, causes by how many accounts they are in.
    """

    format: Literal["iam-audit-organization-report"] = "iam-audit-organization-report"
    version: Literal[1] = 1
    tool: Tool
    organization: OrganizationHeader
    run: RunHeader
    configuration: ConfigurationSummary | None = None
    summary: OrganizationSummary
    rules: tuple[OrganizationRule, ...]
    accounts: tuple[AccountResult, ...]
    causes: tuple[CommonCause, ...]
    warnings: tuple[str, ...] = ()
