"""Requests: what a command line asks for, typed, one Struct for each command that has options."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, TypeVar

from msgspec import Struct, structs

from auditor.console.places import Inputs
from auditor.selection.options import Choice, RunOptions

R = TypeVar("R", bound=Struct)


class Shown(Struct, frozen=True, kw_only=True):
    """Hold the options that say what of a report is shown; counts, files and the exit code rest on all of it."""

    query: str | None
    every_finding: bool
    severities: Sequence[str]
    resources: Sequence[str]


class PlannedFiles(Struct, frozen=True, kw_only=True):
    """Hold the options that name planned changes; `live`: over the account of the credentials.

    `order` names the options as they were given, one for each file. `only` narrows the gate to what they introduce.
    """

    terraform_plans: Sequence[str] = ()
    templates: Sequence[str] = ()
    order: Sequence[str] = ()
    source_dirs: Sequence[str] = ()
    stack_parameters: Sequence[str] = ()
    live: bool = False
    only: str | None = None


class ScanRequest(Struct, frozen=True, kw_only=True):
    """Ask for a scan: where the account is read from, what is selected, what goes before the file, what is shown."""

    account: Inputs
    planned: PlannedFiles
    selection: Choice
    run: RunOptions
    shown: Shown
    frameworks: Sequence[str]
    security_hub_region: str | None
    sign: str | None = None
    as_of: datetime | None
    verify: bool
    quiet: bool
    verbose: bool


class SnapshotRequest(Struct, frozen=True, kw_only=True):
    """Ask for a snapshot of what the selected rules read."""

    account: Inputs
    selection: Choice
    path: str
    quiet: bool
    verbose: bool


class CanRequest(Struct, frozen=True, kw_only=True):
    """Ask what a user may do, in one session or, where that is None, in each."""

    account: Inputs
    user: str
    action: str
    resource: str | None
    session: str | None
    output_format: str
    quiet: bool


class ExplainRequest(Struct, frozen=True, kw_only=True):
    """Ask for everything that is known of a resource; `kind` is what the name is of, None for whatever has it."""

    account: Inputs
    selection: Choice
    name: str
    kind: str | None
    paths: Sequence[str]
    output_format: str | None
    quiet: bool


class ReportRequest(Struct, frozen=True, kw_only=True):
    """Ask for a stored report in other formats, or as a table, and for the exit code of a gate."""

    report_file: str
    paths: Sequence[str]
    output_format: str | None
    shown: Shown
    fail_on: str | None
    min_severity: str | None
    allow_incomplete: bool | None
    only: str | None
    frameworks: Sequence[str]
    security_hub_region: str | None
    sign: str | None
    quiet: bool


class BaselineRequest(Struct, frozen=True, kw_only=True):
    """Ask for the baseline of a stored report, with what it does not prove of an earlier one."""

    report_file: str
    path: str
    keep: str | None
    quiet: bool


class DiffRequest(Struct, frozen=True, kw_only=True):
    """Ask what changed between two reports, or two snapshots; `selection` is of the rules that judge snapshots."""

    old: str
    new: str
    selection: Choice
    paths: Sequence[str]
    output_format: str
    fail_on: str
    allow_incomplete: bool
    as_of: datetime | None
    quiet: bool


class ParityRequest(Struct, frozen=True, kw_only=True):
    """Ask how far AWS Config's results, in a folder or live, agree with the account; `max_time_apart` is in hours."""

    account: Inputs
    config_results: str | None
    live: bool
    selection: Choice
    max_time_apart: float | None
    paths: Sequence[str]
    output_format: str
    allow_incomplete: bool
    quiet: bool


class ForecastRequest(Struct, frozen=True, kw_only=True):
    """Ask which findings will open by the calendar alone."""

    account: Inputs
    selection: Choice
    days: int
    max_report_age: float | None
    paths: Sequence[str]
    output_format: str | None
    fail_on: str
    min_severity: str
    allow_incomplete: bool
    quiet: bool


class PublishRequest(Struct, frozen=True, kw_only=True):
    """Ask for a stored report to be imported into Security Hub; without `apply` it is only shown what would be."""

    account: Inputs
    report_file: str
    apply: bool
    output_format: str
    quiet: bool


class EvidenceMakeRequest(Struct, frozen=True, kw_only=True):
    """Ask for an evidence pack of stored reports; days are in UTC."""

    reports: Sequence[str]
    snapshots: Sequence[str]
    history: str | None
    first: date | None
    last: date | None
    sample: int | None
    seed: int | None
    timestamps: Sequence[str]
    sign: str | None
    path: str
    quiet: bool


class EvidenceVerifyRequest(Struct, frozen=True, kw_only=True):
    """Ask whether a file is evidence as it was made; `timestamps` are replies on it or on its signature."""

    file: str
    key: str | None
    signature: str | None
    snapshot: str | None
    timestamps: Sequence[str]
    tsa_roots: str | None
    output_format: str
    quiet: bool


class HistoryAddRequest(Struct, frozen=True, kw_only=True):
    """Ask for stored reports to be added to a history."""

    history: str | None
    config: str | None
    no_config: bool
    reports: Sequence[str]
    quiet: bool


class Filter(Struct, frozen=True, kw_only=True):
    """Hold which accounts, rules and severities a command on a history is about; empty: all."""

    accounts: Sequence[str]
    rules: Sequence[str]
    severities: Sequence[str]


class HistoryShowRequest(Struct, frozen=True, kw_only=True):
    """Ask for the findings that are not resolved, with the SLA of a configuration file."""

    history: str | None
    wanted: Filter
    config: str | None
    no_config: bool
    output_format: str


class HistoryTrendRequest(Struct, frozen=True, kw_only=True):
    """Ask how findings came and went, day by day, with the SLA of a configuration file."""

    history: str | None
    wanted: Filter
    config: str | None
    no_config: bool
    paths: Sequence[str]
    since: date | None
    until: date | None
    output_format: str | None
    quiet: bool


class HistoryReportRequest(Struct, frozen=True, kw_only=True):
    """Ask for a stored report with the ages of its findings, and which are new since a day or the run before."""

    report_file: str
    history: str | None
    new_since: date | None
    config: str | None
    no_config: bool
    paths: Sequence[str]
    output_format: str | None
    quiet: bool


class HistorySampleRequest(Struct, frozen=True, kw_only=True):
    """Ask for findings drawn at random."""

    history: str | None
    config: str | None
    no_config: bool
    wanted: Filter
    since: date | None
    until: date | None
    size: int
    seed: int
    output_format: str


class HistoryPruneRequest(Struct, frozen=True, kw_only=True):
    """Ask for the verdicts of old runs to be dropped, or only how many there are."""

    history: str | None
    config: str | None
    no_config: bool
    before: date
    accounts: Sequence[str]
    dry_run: bool
    quiet: bool


class HistoryVerifyRequest(Struct, frozen=True, kw_only=True):
    """Ask whether a history is whole, and is of these reports; `heads` are links noted earlier."""

    history: str | None
    config: str | None
    no_config: bool
    reports: Sequence[str]
    heads: Sequence[str]
    output_format: str


class AccountsChoice(Struct, frozen=True, kw_only=True):
    """Hold the options that say which accounts an organization run is about, and by which role they are read."""

    organization: bool
    accounts_file: str | None
    snapshots: str | None
    only: Sequence[str]
    left_out: Sequence[str]
    role_name: str | None
    external_id: str | None
    management_role: str | None
    chain_roles: bool
    profile: str | None
    region: str | None


class OrganizationScanRequest(Struct, frozen=True, kw_only=True):
    """Ask for a run over many accounts, or for the rest of one that was begun."""

    which: AccountsChoice
    selection: Choice
    frameworks: Sequence[str]
    max_report_age: float | None
    timeout_s: float | None
    store: str | None
    keep: str | None
    pages: bool | None
    parquet: bool
    resume: str | None
    retry: Sequence[str]
    workers: int | None
    executor: str | None
    dask: str | None
    paths: Sequence[str]
    output_format: str | None
    every_account: bool
    fail_on: str | None
    min_severity: str | None
    allow_incomplete: bool | None
    quiet: bool


class OrganizationReportRequest(Struct, frozen=True, kw_only=True):
    """Ask for the report of a run, or that of one of its accounts, again."""

    run: str
    account: str | None
    verify: bool
    paths: Sequence[str]
    output_format: str | None
    every_account: bool
    fail_on: str | None
    min_severity: str | None
    allow_incomplete: bool | None
    quiet: bool


class ExportRequest(Struct, frozen=True, kw_only=True):
    """Ask for the selected rules as rules of AWS Config."""

    form: str
    selection: Choice
    path: str | None
    quiet: bool


class PermissionsRequest(Struct, frozen=True, kw_only=True):
    """Ask for the IAM policy that reading needs, for that of an organization's auditor, or for the role in accounts."""

    selection: Choice
    verify: bool
    parity: bool = False
    publish: bool = False
    organization: bool = False
    template: str | None = None
    role_name: str | None = None
    principal: str | None = None
    external_id: str | None = None
    partition: str | None = None


def request_of(kind: type[R], options: Mapping[str, Any]) -> R:
    """Return the request that click's keyword arguments make; a Struct within it takes the options of its fields."""
    parts: dict[str, Any] = {}
    for field in structs.fields(kind):
        if isinstance(field.type, type) and issubclass(field.type, Struct):
            parts[field.name] = request_of(field.type, options)
        elif field.name in options:
            parts[field.name] = options[field.name]
    return kind(**parts)
