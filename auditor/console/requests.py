"""Requests: the options of a command line with their types, one Struct for each command that has options."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, TypeVar

from msgspec import Struct, structs

from auditor.console.places import Inputs
from auditor.selection.options import Choice, RunOptions

R = TypeVar("R", bound=Struct)


class Shown(Struct, frozen=True, kw_only=True):
    """Hold the options that narrow what is shown of a report, but never the counts, the files or the exit code."""

    query: str | None
    every_finding: bool
    severities: Sequence[str]
    resources: Sequence[str]


class PlannedFiles(Struct, frozen=True, kw_only=True):
    """Hold the options that name planned changes; with `live` they apply to the account of the credentials.

    `order` has the names of the options in the order given, one for each file. `only` narrows the gate to findings
    that the changes introduce.
    """

    terraform_plans: Sequence[str] = ()
    templates: Sequence[str] = ()
    order: Sequence[str] = ()
    source_dirs: Sequence[str] = ()
    stack_parameters: Sequence[str] = ()
    live: bool = False
    only: str | None = None


class ScanRequest(Struct, frozen=True, kw_only=True):
    """Request a scan: the place of the account, the selection, the settings that override the file, and the output."""

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
    """Request a snapshot of what the selected rules read."""

    account: Inputs
    selection: Choice
    path: str
    quiet: bool
    verbose: bool


class CanRequest(Struct, frozen=True, kw_only=True):
    """Request what a user may do in one session, or in every session if that is None."""

    account: Inputs
    user: str
    action: str
    resource: str | None
    session: str | None
    output_format: str
    quiet: bool


class ExplainRequest(Struct, frozen=True, kw_only=True):
    """Request everything that is known about a resource; `kind` is what it is, None for anything with the name."""

    account: Inputs
    selection: Choice
    name: str
    kind: str | None
    paths: Sequence[str]
    output_format: str | None
    quiet: bool


class ReportRequest(Struct, frozen=True, kw_only=True):
    """Request a stored report in other formats, or as a table, and the exit code of a gate."""

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
    """Request the baseline of a stored report; `keep` is an earlier one whose unproven entries are kept."""

    report_file: str
    path: str
    keep: str | None
    quiet: bool


class DiffRequest(Struct, frozen=True, kw_only=True):
    """Request the changes between two reports or two snapshots; `selection` selects the rules that judge snapshots."""

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
    """Request a comparison of AWS Config's results, in a folder or live, with ours; `max_time_apart` is in hours."""

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
    """Request the findings that will open only because time passes."""

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
    """Request the import of a stored report into Security Hub; without `apply` the import is only shown."""

    account: Inputs
    report_file: str
    apply: bool
    output_format: str
    quiet: bool


class EvidenceMakeRequest(Struct, frozen=True, kw_only=True):
    """Request an evidence pack of stored reports; days are in UTC."""

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
    """Request a check that evidence is unchanged; `timestamps` are replies on the file or on its signature."""

    file: str
    key: str | None
    signature: str | None
    snapshot: str | None
    timestamps: Sequence[str]
    tsa_roots: str | None
    output_format: str
    quiet: bool


class HistoryAddRequest(Struct, frozen=True, kw_only=True):
    """Request that stored reports are added to a history."""

    history: str | None
    config: str | None
    no_config: bool
    reports: Sequence[str]
    quiet: bool


class Filter(Struct, frozen=True, kw_only=True):
    """Hold the accounts, rules and severities that a command on a history selects; empty selects all."""

    accounts: Sequence[str]
    rules: Sequence[str]
    severities: Sequence[str]


class HistoryShowRequest(Struct, frozen=True, kw_only=True):
    """Request the findings that are not resolved, with the SLA of a configuration file."""

    history: str | None
    wanted: Filter
    config: str | None
    no_config: bool
    output_format: str


class HistoryTrendRequest(Struct, frozen=True, kw_only=True):
    """Request the open and resolved findings of each day, with the SLA of a configuration file."""

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
    """Request a stored report with the ages of its findings, and which are new since a day or the run before."""

    report_file: str
    history: str | None
    new_since: date | None
    config: str | None
    no_config: bool
    paths: Sequence[str]
    output_format: str | None
    quiet: bool


class HistorySampleRequest(Struct, frozen=True, kw_only=True):
    """Request findings drawn at random."""

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
    """Request that the verdicts of old runs are deleted, or, with `dry_run`, only their number."""

    history: str | None
    config: str | None
    no_config: bool
    before: date
    accounts: Sequence[str]
    dry_run: bool
    quiet: bool


class HistoryVerifyRequest(Struct, frozen=True, kw_only=True):
    """Request a check that a history is unchanged and made of these reports; `heads` are links noted earlier."""

    history: str | None
    config: str | None
    no_config: bool
    reports: Sequence[str]
    heads: Sequence[str]
    output_format: str


class AccountsChoice(Struct, frozen=True, kw_only=True):
    """Hold the options that choose the accounts of an organization run, and the role that reads them."""

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
    """Request a run over many accounts, or the rest of a run that was begun."""

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
    """Request the report of a stored run, or that of one of its accounts."""

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
    """Request the selected rules as rules of AWS Config."""

    form: str
    selection: Choice
    path: str | None
    quiet: bool


class PermissionsRequest(Struct, frozen=True, kw_only=True):
    """Request the IAM policy that reading needs, that of an organization's auditor, or the role in accounts."""

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
    """Return the request for click's keyword arguments; nested Structs get the options named as their fields."""
    parts: dict[str, Any] = {}
    for field in structs.fields(kind):
        if isinstance(field.type, type) and issubclass(field.type, Struct):
            parts[field.name] = request_of(field.type, options)
        elif field.name in options:
            parts[field.name] = options[field.name]
    return kind(**parts)
