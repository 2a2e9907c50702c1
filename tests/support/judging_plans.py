"""Judging plans in tests: the verdict and effect by rule and resource, alone or over a built account."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from plans import Json, written

from auditor.account.model import Snapshot
from auditor.change.applying import applied
from auditor.change.draft import Applied
from auditor.change.empty import nothing_read
from auditor.change.judging import judged
from auditor.change.steps import Opened
from auditor.change.terraform import reading
from auditor.report.audit import audit
from auditor.report.report import Report

AS_OF = datetime(2026, 11, 25, tzinfo=UTC)
Answers = dict[tuple[str, str], tuple[str, str | None]]
"""Verdict and effect by rule and resource, under both the resource's name and its address."""


def report_of(changes: list[Opened], over: Snapshot | None = None, rules: Any = "all") -> Report:
    """Return the report of changes, over an account if there is one."""
    base = over if over is not None else nothing_read()
    after = applied(base, [change(base) for change in changes])
    return judged(base, after, lambda snapshot, engine: audit(snapshot, rules, as_of=AS_OF, engine=engine))


def report_of_plan(folder: Path, made: Json, over: Snapshot | None = None) -> Report:
    """Return the report of one plan."""
    return report_of([reading.opened(written(folder, made))], over)


def after(folder: Path, made: Json, over: Snapshot) -> Applied:
    """Return an account after a plan."""
    return applied(over, [reading.opened(written(folder, made))(over)])


def answers(report: Report) -> Answers:
    """Return the verdict and effect of each finding."""
    found: Answers = {}
    for each in report.findings:
        answer = str(each.compliance_type), str(each.change) if each.change is not None else None
        names = {each.resource_name, each.location.address if each.location is not None else None}
        found.update({(each.config_rule_name, name): answer for name in names if name is not None})
    return found
