"""The report of an organization: the state of every account, the rules, and the causes that most accounts share."""

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
    """Name the run: its folder, when it began and when its last account was done (UTC), and its settings' digest."""

    name: str
    began_at: Time
    ended_at: Time | None
    settings: str


class OrganizationSummary(Struct, frozen=True):
    """Sum up the accounts by state and the findings that are not suppressed by compliance type and severity.

    `active` counts the accounts of the denominator, `audited` those of them about which everything is known.
    `compliance_type` is that of the worst finding, and no better than INSUFFICIENT_DATA while accounts are missing.
    `oldest_credential_report` is the time at which AWS made the oldest credential report.
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
    """Sum up a rule over all accounts: how many accounts have findings of each type, and how many findings."""

    config_rule_name: str
    source_identifier: str
    severity: Severity
    accounts: dict[ComplianceType, int]
    counts: dict[ComplianceType, int]


class AccountResult(Struct, frozen=True, kw_only=True):
    """Hold the result of one account; for a file that could not be read `id` is null and `name` is the file's name.

    `rules` has, by the name of each rule with open findings, how many are NON_COMPLIANT and INSUFFICIENT_DATA.
    `lacking` are the sources that were not read completely. `rule_failed`: a rule crashed, its verdicts are missing.
    `report` is the name of its own report within the run, null if there is none.
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
        """Return whether rules judged the account; if none did, counts of zero mean that nothing is known."""
        return bool(self.suppressed or any(self.counts.values()))


class CommonCause(Struct, frozen=True):
    """Hold a fault that several accounts share: the number of these accounts, and the first of them by id."""

    config_rule_name: str
    severity: Severity
    resource_type: str
    resource_name: str
    digest: str | None
    accounts: int
    first: tuple[str, ...]


class OrganizationReport(Struct, frozen=True, kw_only=True):
    """Hold the report of all accounts; its fields are those of the JSON report, a stable contract with a `version`.

    Accounts are sorted by id, rules by urgency, causes by the number of accounts that have them.
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
