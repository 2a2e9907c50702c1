"""Runs `iam-audit organization`: begins or resumes a run, shows and writes its report, returns the exit code."""

from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial
from importlib.util import find_spec

from msgspec import Struct

from auditor import __version__
from auditor.console.accounts_progress import progress
from auditor.console.messages import Say, speaker, wants_progress
from auditor.console.organization_accounts import check_choice, listed, management
from auditor.console.organization_output import check_output, show_account, shown, written
from auditor.console.requests import OrganizationReportRequest, OrganizationScanRequest
from auditor.errors import AuditError, SourceError, UsageError
from auditor.judging.rule import Severity
from auditor.organization import runs
from auditor.organization.executors.choice import chosen
from auditor.organization.gate import exit_code
from auditor.organization.reading import Reading
from auditor.organization.records import Account, Keep, Manifest, Receipt, State
from auditor.organization.report import OrganizationReport
from auditor.organization.settings import digest_of
from auditor.organization.storage import Storage
from auditor.organization.stores import opened_run, storage_of
from auditor.organization.work import Work
from auditor.report.configuration import effects, sentence
from auditor.report.gate import Gate
from auditor.report.in_use import summary
from auditor.selection import config, frameworks
from auditor.selection.options import Choice, RunOptions
from auditor.selection.plan import Plan, planned
from auditor.selection.run_settings import RunSettings, run_settings

DEFAULT_STORE = "iam-audit-runs"
_OF_RUN = {
    "selection": "the options that select rules",
    "frameworks": "--framework",
    "max_report_age": "--max-report-age",
    "timeout_s": "--timeout",
    "store": "--store",
    "keep": "--keep",
    "pages": "--account-pages",
    "parquet": "--parquet",
}
"""The settings that a run keeps from its beginning, and the names of their options."""
DEFAULT_TIMEOUT_S = 1800.0


class _Run(Struct, frozen=True):
    """Hold a run that is to be begun or resumed."""

    storage: Storage
    manifest: Manifest
    plan: Plan
    resumed: bool

    @property
    def place(self) -> str:
        return f"{self.storage.place}/{self.manifest.run}"


def scan(request: OrganizationScanRequest) -> int:
    """Begin or resume a run, show and write its report, and return the exit code."""
    say = speaker(quiet=request.quiet)
    _check(request)
    check_output(request.paths)
    run = _resumed(request) if request.resume is not None else _begun(request, say)
    work = _work(run)
    if request.retry:
        count = runs.forget(run.manifest, work, [State(each) for each in request.retry])
        say(f"Trying {_accounts(count)} again")
    todo = list(runs.unfinished(run.manifest, work)) if run.resumed else runs.wanted(run.manifest)
    say(f"{'Resuming' if run.resumed else 'Beginning'} {run.place}: {_accounts(len(todo))} to read")
    _recheck(run, work, _carried_out(run, work, todo, request, say))
    return _ended(runs.report_of(run.storage, run.manifest), run, request, say)


def report(request: OrganizationReportRequest) -> int:
    """Show and write the report of a run again, or that of one account, and return the exit code."""
    say = speaker(quiet=request.quiet)
    storage, name = opened_run(request.run)
    manifest = runs.opened(storage, name)
    if request.account is None:
        check_output(request.paths)
    if request.verify and (wrong := list(runs.differences(storage, manifest))):
        for line in wrong:
            say(line)
        remedy = "Remove the receipts of these accounts, and --resume reads them again."
        raise SourceError(f"is not whole: {_differences(len(wrong))}", remedy, subject=request.run)
    if request.account is not None:
        return show_account(storage, manifest, request, say)
    found = runs.report_of(storage, manifest)
    files = written(found, request.paths, storage, manifest)
    if files:
        say(f"{files}.")
    if request.output_format or not files:
        shown(found, request.output_format or "table", every_account=request.every_account)
    options = RunOptions(
        fail_on=request.fail_on, min_severity=request.min_severity, allow_incomplete=request.allow_incomplete
    )
    code, reason = exit_code(
        found, _gate(run_settings(options, config.load(None, manifest.began_at.date(), ignored=True)))
    )
    say(f"Exit code {code}: {reason}")
    return code


def _check(request: OrganizationScanRequest) -> None:
    """Raise UsageError for options that make no sense together."""
    check_choice(request.which, resumed=request.resume is not None)
    if request.resume is None and request.retry:
        raise UsageError("--retry needs --resume", "Give the run with --resume RUN.")
    if request.resume is not None:
        left_out: tuple[object, ...] = (None, False, (), [], Choice())
        given = [text for name, text in _OF_RUN.items() if getattr(request, name) not in left_out]
        given += ["--no-account-pages"] if request.pages is False else []
        if given:
            raise UsageError(f"{given[0]} cannot be used with --resume", "A run keeps the settings that it began with.")
    if request.dask is not None and request.executor is not None:
        raise UsageError("--dask and --executor exclude each other", "Leave one of them out.")


def _check_parquet(*, wanted: bool) -> None:
    """Raise UsageError if Parquet is requested and pyarrow is not installed."""
    if wanted and find_spec("pyarrow") is None:
        remedy = "In a checkout, install the extra `parquet`: `pip install '.[parquet]'`."
        raise UsageError("--parquet needs pyarrow, which is not installed", remedy)


def _begun(request: OrganizationScanRequest, say: Say) -> _Run:
    _check_parquet(wanted=request.parquet)
    plan = _plan(request.selection, request.max_report_age, request)
    _gate(plan.run)
    wanted = [frameworks.find(name) for name in request.frameworks]
    which = request.which
    storage = storage_of(request.store or DEFAULT_STORE, profile=which.profile, region=which.region)
    found = listed(which, say)
    began_at = datetime.now(UTC).replace(microsecond=0)
    manifest = Manifest(
        tool_version=__version__,
        run=runs.name_of(found.organization_id, began_at),
        began_at=began_at,
        listed_by=found.listed_by,
        organization_id=found.organization_id,
        management_account_id=found.management_account_id,
        partition=found.partition,
        accounts=found.accounts,
        warnings=found.warnings,
        settings=digest_of(plan),
        configuration=summary(plan, 0),
        selection=request.selection,
        frameworks=tuple(wanted),
        max_report_age=request.max_report_age,
        keep=Keep(request.keep or Keep.SNAPSHOTS),
        parquet=request.parquet,
        pages=request.pages or any(path.endswith(".html") for path in request.paths),
        profile=which.profile,
        management_role=which.management_role,
        chain_roles=which.chain_roles,
        region=which.region,
        timeout_s=request.timeout_s or DEFAULT_TIMEOUT_S,
    )
    runs.begin(storage, manifest)
    return _Run(storage, manifest, plan, resumed=False)


def _resumed(request: OrganizationScanRequest) -> _Run:
    storage, name = opened_run(str(request.resume))
    manifest = runs.opened(storage, name)
    _check_parquet(wanted=manifest.parquet)
    plan = _plan(manifest.selection, manifest.max_report_age, request)
    _gate(plan.run)
    if digest_of(plan) != manifest.settings:
        problem = "was begun with other rules, parameters or suppressions than these files and this release give"
        raise UsageError(problem, "Use the same files and release, or begin a new run.", subject=str(request.resume))
    return _Run(storage, manifest, plan, resumed=True)


def _plan(selection: Choice, max_report_age: float | None, request: OrganizationScanRequest) -> Plan:
    loaded = config.load(selection.config, datetime.now(UTC).date(), ignored=selection.no_config)
    options = RunOptions(
        fail_on=request.fail_on,
        min_severity=request.min_severity,
        allow_incomplete=request.allow_incomplete,
        max_report_age=max_report_age,
    )
    return planned(selection, loaded, run_settings(options, loaded))


def _work(run: _Run) -> Work:
    from auditor.writers.html import write

    manifest = run.manifest
    return Work(
        storage=run.storage,
        run=manifest.run,
        plan=run.plan,
        frameworks=manifest.frameworks,
        reading=Reading(
            profile=manifest.profile,
            region=manifest.region,
            through=manifest.management_role if manifest.chain_roles else None,
            timeout_s=manifest.timeout_s,
        ),
        as_of=manifest.began_at,
        keep=manifest.keep,
        parquet=manifest.parquet,
        page=write if manifest.pages else None,
    )


def _carried_out(
    run: _Run, work: Work, todo: Sequence[Account], request: OrganizationScanRequest, say: Say
) -> list[Account]:
    """Do the work on the accounts, and return those that were not fully audited."""
    troubled: list[Account] = []

    live = any(account.source is None for account in todo)
    name = request.executor or ("threads" if live else "processes")
    executor = chosen(name, request.workers, request.dask, work)
    try:
        with progress(len(todo), shown=wants_progress(quiet=request.quiet), say=say) as show:

            def done(account: Account, receipt: Receipt) -> None:
                show(account, receipt)
                if receipt.state is not State.AUDITED:
                    troubled.append(account)

            runs.carry_out(todo, work, executor, done, live=live)
    except AuditError as error:
        remedy = f"{error.hint} Then go on with: iam-audit organization scan --resume {run.place}"
        raise type(error)(error.problem, remedy.strip(), subject=error.subject, place=error.place) from error
    return troubled


def _recheck(run: _Run, work: Work, troubled: Sequence[Account]) -> None:
    """Check whether these accounts were suspended or closed during the run, if AWS Organizations listed them."""
    manifest = run.manifest
    if manifest.organization_id is None or not troubled:
        return
    from auditor.organization.listing import state_now

    connection = management(manifest.profile, manifest.region, manifest.management_role)
    runs.recheck(troubled, work, partial(state_now, connection))


def _ended(found: OrganizationReport, run: _Run, request: OrganizationScanRequest, say: Say) -> int:
    """Write and show the report, and return the exit code with the reason for it."""
    files = written(found, request.paths, run.storage, run.manifest)
    shown(found, request.output_format or "table", every_account=request.every_account)
    code, reason = exit_code(found, _gate(run.plan.run))
    by_file = f". {sentence(found.configuration)}" if found.configuration and effects(found.configuration) else ""
    go_on = f". Go on with: iam-audit organization scan --resume {run.place}" if _has_more(found) else ""
    say(f"{f'{files}. ' if files else ''}Exit code {code}: {reason}{by_file}{go_on}")
    return code


def _has_more(found: OrganizationReport) -> bool:
    return found.summary.states[State.UNFINISHED] > 0


def _gate(settings: RunSettings) -> Gate:
    """Return the gate of the options and the file; raise UsageError for a gate that organizations do not have."""
    wanted = settings.fail_on.value
    if wanted in ("new", "overdue"):
        remedy = "Use --fail-on noncompliant; `iam-audit scan` has this gate, for one account."
        raise UsageError(f"--fail-on {wanted} is not for organizations", remedy)
    return Gate(wanted == "noncompliant", settings.allow_incomplete.value, Severity(settings.min_severity.value))


def _differences(count: int) -> str:
    return f"{count:,} {'difference' if count == 1 else 'differences'} from the list of accounts and the receipts"


def _accounts(count: int) -> str:
    return f"{count:,} {'account' if count == 1 else 'accounts'}"
