"""Planned changes for programs: one function to read a plan or template, and one to audit it."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from os import PathLike, fspath

from auditor.account.model import Snapshot
from auditor.change.applying import applied
from auditor.change.cloudformation import files
from auditor.change.cloudformation import reading as templates
from auditor.change.empty import nothing_read
from auditor.change.judging import judged
from auditor.change.steps import Opened
from auditor.change.terraform import reading as plans
from auditor.errors import UsageError
from auditor.judging.suppressions import Suppression
from auditor.report.audit import audit
from auditor.report.report import Report
from auditor.selection.named import Rules, configured_rules


def read_terraform_plan(path: str | PathLike[str], *, source_dir: str | PathLike[str] | None = None) -> Opened:
    """Return the planned change of a Terraform plan that `terraform show -json` wrote.

    `source_dir` is the folder of its root module, which is searched for the file and line of each address. Raises
    AuditError if the file is not a complete plan, or `source_dir` is not a folder.
    """
    return plans.opened(fspath(path), None if source_dir is None else fspath(source_dir))


def read_cloudformation_template(
    path: str | PathLike[str],
    *,
    parameters: Mapping[str, str] | None = None,
    change_set: str | PathLike[str] | None = None,
) -> Opened:
    """Return the planned change of a CloudFormation template in YAML or JSON, or of a change set.

    `path` may also name a change set, as `aws cloudformation describe-change-set --include-property-values` writes it.
    `change_set` is a change set that deploys the template. `parameters` has values of the template's parameters by
    name; a parameter without a value or default is unknown. Raises AuditError if the file is neither a template nor a
    complete change set, and for a parameter that the template does not declare.
    """
    read = [files.read(fspath(each)) for each in (path, change_set) if each is not None]
    if change_set is not None and not files.belongs(*read):
        raise UsageError(
            "does not deploy the template", "Name the template that it was created with.", subject=fspath(change_set)
        )
    for each in read[:1]:
        if each.document is not None:
            templates.check_parameters(each.path, each.document, parameters or {})
    return files.opened(read, {read[0].path: parameters or {}})[-1]


def audit_change(
    changes: Opened | Sequence[Opened],
    snapshot: Snapshot | None = None,
    rules: Rules = None,
    parameters: Mapping[str, Mapping[str, object]] | None = None,
    *,
    suppressions: Sequence[Suppression] = (),
    frameworks: Sequence[str] = (),
    as_of: datetime | None = None,
    max_report_age: timedelta | None = None,
) -> Report:
    """Return the report of an account after planned changes, which are applied in the given order.

    Each finding has in `change` what the changes do to it; `planned` is the summary. Without a snapshot the changes are
    judged alone. The other arguments are those of `audit`.
    """
    base = nothing_read() if snapshot is None else snapshot
    configured = configured_rules(rules, parameters)
    after = applied(base, [change(base) for change in ([changes] if callable(changes) else changes)])
    return judged(
        base,
        after,
        lambda account, engine: audit(
            account,
            configured,
            suppressions=suppressions,
            frameworks=frameworks,
            as_of=as_of,
            max_report_age=max_report_age,
            engine=engine,
        ),
    )
