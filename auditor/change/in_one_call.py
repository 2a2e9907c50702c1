"""Planned changes for programs: read a plan or template, and audit what it does, each in one call."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from os import PathLike, fspath

from auditor.account.model import Snapshot
from auditor.change.applying import applied
from auditor.change.cloudformation import reading as templates
from auditor.change.empty import nothing_read
from auditor.change.judging import judged
from auditor.change.steps import Opened
from auditor.change.terraform import reading as plans
from auditor.judging.suppressions import Suppression
from auditor.report.audit import audit
from auditor.report.report import Report
from auditor.selection.named import Rules, configured_rules


def read_terraform_plan(path: str | PathLike[str], *, source_dir: str | PathLike[str] | None = None) -> Opened:
    """Return the planned change of a Terraform plan, which `terraform show -json` wrote.

    `source_dir` is the folder of its root module, in which file and line of its addresses are looked for. Raises
    AuditError for what is no plan, or not a whole one, and for what is no folder.
    """
    return plans.opened(fspath(path), None if source_dir is None else fspath(source_dir))


def read_cloudformation_template(path: str | PathLike[str], *, parameters: Mapping[str, str] | None = None) -> Opened:
    """Return the planned change of a CloudFormation template in YAML or JSON.

    `parameters` are values of its parameters by name; one without a value or default stays unknown. Raises AuditError
    for what is no template, and for a parameter that it does not declare.
    """
    name, given = fspath(path), parameters or {}
    document = templates.document_of(name)
    templates.check_parameters(name, document, given)
    return templates.opened(name, document, given)


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
    """Return the report of an account after planned changes, which apply in the order given.

    Each finding says in `change` what the changes do to it; `planned` sums that up. Without a snapshot the changes are
    judged alone. All else is as for `audit`.
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
