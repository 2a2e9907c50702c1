"""Planned changes on the command line: checks their options, reads their files, and judges the account after them."""

from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import TypeVar

from auditor.account.model import Snapshot
from auditor.change.steps import Opened
from auditor.console import places
from auditor.console.messages import Say
from auditor.console.requests import PlannedFiles, ScanRequest
from auditor.errors import UsageError
from auditor.report.audit import Judge
from auditor.report.planned import sentence
from auditor.report.report import Report
from auditor.selection.run_settings import RunSettings

T = TypeVar("T")
_FOR_PEOPLE = frozenset({"table", "markdown", "step-summary"})
"""The formats of standard output that begin with the effect of a planned change."""


def files(request: ScanRequest) -> Sequence[str]:
    """Return the plans and templates that a request names, in the order given."""
    return _in_order(request.planned, request.planned.terraform_plans, request.planned.templates)


def _in_order(planned: PlannedFiles, plans: Iterable[T], templates: Iterable[T]) -> Sequence[T]:
    """Return the items of plans and templates, in the order in which plans and templates were given."""
    given = {"terraform_plans": iter(plans), "templates": iter(templates)}
    made = [next(given[name]) for name in planned.order if name in given]
    return [*made, *given["terraform_plans"], *given["templates"]]


def check(request: ScanRequest) -> None:
    """Raise UsageError for options of planned changes that exclude each other."""
    planned, named = request.planned, files(request)
    if "" in named:
        raise UsageError("--terraform-plan or --cloudformation is empty", "Name the file; a variable may not be set.")
    if planned.only is not None and not named:
        raise UsageError("--only can only be used with a planned change", "Give --terraform-plan or --cloudformation.")
    _check_folders(planned)
    if planned.stack_parameters and not planned.templates:
        raise UsageError(
            "--stack-parameter can only be used with --cloudformation", "Name the template, or leave it out."
        )
    if planned.live and not named:
        raise UsageError("--live can only be used with a planned change", "Leave it out: a scan reads AWS by default.")
    if planned.live and not places.reads_aws(request.account):
        raise UsageError("--live reads AWS, but the account is read from files", "Leave one of them out.")
    if [*named, request.account.snapshot].count("-") > 1:
        raise UsageError("standard input can only be read once", "Name a file for all but one of them.")
    _check_others(request)


def _check_others(request: ScanRequest) -> None:
    """Raise UsageError for other options that cannot be used with planned changes."""
    if is_alone(request) and request.verify:
        raise UsageError("--verify asks AWS, but the account is not read", "Add --live, or leave it out.")


def _check_folders(planned: PlannedFiles) -> None:
    folders, plans = len(planned.source_dirs), len(planned.terraform_plans)
    if folders and not plans:
        raise UsageError("--source-dir can only be used with --terraform-plan", "Name the plan, or leave it out.")
    if folders > 1 and folders != plans:
        problem = f"--source-dir is given {folders} times, and --terraform-plan {plans} times"
        raise UsageError(problem, "Give --source-dir once, or once for each plan.")


def check_gate(request: ScanRequest, settings: RunSettings) -> None:
    """Raise UsageError for --only without a gate."""
    if request.planned.only is not None and settings.fail_on.value == "nothing":
        hint = "Add --fail-on noncompliant. Or narrow a stored report: `iam-audit report FILE.json --only introduced`."
        raise UsageError("--only introduced needs a gate, and --fail-on is nothing", hint)


def is_alone(request: ScanRequest) -> bool:
    """Return whether a planned change is judged without the account."""
    return bool(files(request)) and not (request.planned.live or places.names_account(request.account))


def opened(request: ScanRequest) -> Sequence[Opened]:
    """Return the planned changes of a request, read and checked; raise AuditError for one that cannot be read."""
    return _in_order(request.planned, _plans(request.planned), _templates(request.planned))


def _plans(planned: PlannedFiles) -> Sequence[Opened]:
    if not planned.terraform_plans:
        return []
    from auditor.change.terraform import reading

    folders = dict(enumerate(planned.source_dirs))
    only = folders.get(0) if len(folders) == 1 else None
    return [reading.opened(path, folders.get(number, only)) for number, path in enumerate(planned.terraform_plans)]


def _templates(planned: PlannedFiles) -> Sequence[Opened]:
    if not planned.templates:
        return []
    from auditor.change.cloudformation import files as of_stacks

    read = [of_stacks.read(path) for path in planned.templates]
    given = _given(planned, {each.path: each.parameters for each in read})
    return of_stacks.opened(read, given)


def _given(planned: PlannedFiles, declared: Mapping[str, AbstractSet[str]]) -> Mapping[str, Mapping[str, str]]:
    """Return the parameter values of each template; raise UsageError for a parameter that none of them declares."""
    given: dict[str, dict[str, str]] = {path: {} for path in declared}
    for text in planned.stack_parameters:
        left, equals, value = text.partition("=")
        named = {(each, name) for each, names in declared.items() for name in names if left in (name, f"{each}:{name}")}
        if not equals or not named:
            names = ", ".join(sorted(set().union(*declared.values()))) or "none"
            problem = f"--stack-parameter {left} names no parameter of a template"
            raise UsageError(problem, f"Write [FILE:]NAME=VALUE; the templates have the parameters: {names}.")
        for each, name in named:
            given[each][name] = value
    return given


def unread_account(request: ScanRequest, say: Say) -> Snapshot:
    """Return the snapshot for an account that is not read, in which everything is unknown."""
    from auditor.change.empty import nothing_read

    say("Judging the planned change alone; `iam-audit scan --snapshot FILE` (or --exports, --live) reads the account")
    return nothing_read(request.account.expect_account, region=request.account.region)


def judge(snapshot: Snapshot, changes: Sequence[Opened], by: Judge, say: Say, *, printed: str | None) -> Report:
    """Return the report of an account after planned changes.

    A message shows their effect unless standard output does; `printed` is the format of that, None for a query.
    """
    from auditor.change.applying import applied
    from auditor.change.judging import judged

    after = applied(snapshot, [change(snapshot) for change in changes])
    report = judged(snapshot, after, by)
    if report.planned is not None and printed not in _FOR_PEOPLE:
        say(sentence(report.planned))
    return report
