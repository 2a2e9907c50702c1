"""The data for the front page's script: accounts, places and causes in columns, as base64 of zlib of JSON."""

import zlib
from base64 import b64encode
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from auditor.judging.rule import OPEN, ComplianceType, Severity
from auditor.organization.places import Place
from auditor.organization.records import AUDITABLE, State
from auditor.organization.report import AccountResult, CommonCause, OrganizationReport
from auditor.organization.unaudited import PLACEHOLDER, happened
from auditor.organization.worst import failing
from auditor.report.report import encoded
from auditor.writers.html import Column
from auditor.writers.organization.links import Link, checked

DIGEST = 12  # digits of a policy's digest: enough to distinguish policies; the JSON report has all digits


def pack(report: OrganizationReport, tree: Sequence[Place], link: Link, open_rules: int, *, shown: int) -> str:
    """Return the data for the script; base64 cannot end the HTML block that contains it.

    The first `open_rules` rules have a column in the heat map; `shown` is the depth of the unfolded tree.
    """
    payload = {
        "placeholder": PLACEHOLDER,
        "began": report.run.began_at.timestamp(),
        "states": [(state.value, state.text, state in AUDITABLE) for state in State],
        "severities": list(Severity),
        "rules": [(rule.config_rule_name, rule.severity) for rule in report.rules],
        "open_rules": open_rules,
        "accounts": _accounts(report, link),
        "places": _places(tree, open_rules),
        "shown": shown,
        "causes": _causes(report),
    }
    return b64encode(zlib.compress(encoded(payload), 9)).decode()


def _accounts(report: OrganizationReport, link: Link) -> dict[str, Any]:
    accounts = report.accounts
    names = [rule.config_rule_name for rule in report.rules]
    return {
        "id": [account.id or "" for account in accounts],
        "name": [account.name if account.name != account.id else "" for account in accounts],
        "ou": _packed(account.ou for account in accounts),
        "state": _packed((account.state for account in accounts), State),
        "error": _packed(tuple(happened(account)) for account in accounts),
        "link": _packed(_templated(account, checked(link(account))) for account in accounts),
        "judged": _packed(account.judged for account in accounts),
        "failing": [[failing(account, severity) for account in accounts] for severity in Severity],
        "counts": [[account.counts[kind] for account in accounts] for kind in ComplianceType],
        "suppressed": [account.suppressed for account in accounts],
        "users": [account.users for account in accounts],
        "captured": [_minutes(report, account.captured_at) for account in accounts],
        "reported": [_minutes(report, account.report_generated_at) for account in accounts],
        "rules": [
            [[account.rules.get(name, (0, 0))[place] for account in accounts] for place in range(len(OPEN))]
            for name in names
        ],
    }


def _packed(values: Iterable[Any], first: Iterable[Any] = ()) -> dict[str, Any]:
    column = Column(first)
    for value in values:
        column.add(value)
    return column.packed()


def _templated(account: AccountResult, address: str | None) -> str | None:
    """Return the address with a placeholder for the account's number, so that all accounts share one address."""
    return address.replace(account.id, PLACEHOLDER) if address and account.id else address


def _minutes(report: OrganizationReport, time: datetime | None) -> int | None:
    """Return a time in whole minutes since the run began; seconds would take 25 kB more."""
    return None if time is None else int((time - report.run.began_at).total_seconds() // 60)


def _places(tree: Sequence[Place], open_rules: int) -> dict[str, Any]:
    columns: dict[str, Any] = {name: [getattr(place, name) for place in tree] for name in _OF_PLACE}
    columns["severities"] = list(zip(*(place.severities for place in tree), strict=True))
    for name in ("failing", "unknown"):
        columns[name] = [[getattr(place, name)[rule] for place in tree] for rule in range(open_rules)]
    return columns


_OF_PLACE = ("ou", "name", "depth", "inside", "active", "audited", "undecided")


def _causes(report: OrganizationReport) -> dict[str, Any]:
    rules = [rule.config_rule_name for rule in report.rules]
    rows = {account.id or account.name: row for row, account in enumerate(report.accounts)}
    causes = report.causes
    return {
        "rule": _packed(rules.index(cause.config_rule_name) for cause in causes),
        "type": _packed(cause.resource_type for cause in causes),
        "name": [cause.resource_name for cause in causes],
        "digest": [cause.digest and cause.digest[:DIGEST] for cause in causes],
        "accounts": [cause.accounts for cause in causes],
        "first": [_steps(cause, rows) for cause in causes],
    }


def _steps(cause: CommonCause, rows: dict[str, int]) -> list[int]:
    """Return the rows of a cause's first accounts, each as the difference to the one before."""
    at = [rows[account] for account in cause.first if account in rows]
    return [row - before for before, row in zip([0, *at], at, strict=False)]
