"""The report of an organization as CSV, for people with a spreadsheet: a row for each account.

After the fixed columns there is one for each rule, with the number of its NON_COMPLIANT findings. A cell is empty if
the number is unknown: a zero means that everything was seen. The file starts with a byte order mark, because Excel
needs one to read UTF-8.
"""

import csv
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from io import TextIOWrapper
from typing import BinaryIO

from auditor.judging.rule import ComplianceType, Severity
from auditor.organization.report import AccountResult, OrganizationReport
from auditor.organization.unaudited import PLACEHOLDER, happened
from auditor.organization.worst import failing
from auditor.report.report import encoded
from auditor.writers.csv import harmless

COLUMNS = (
    *("account_id", "name", "ou", "state", "error_code", "error_message", "iam_actions", "remedy"),
    *ComplianceType,
    "suppressed",
    *(f"NON_COMPLIANT_{severity}" for severity in Severity),
    *("users", "captured_at", "report_generated_at", "report", "tags"),
    *("organization_id", "run", "run_began_at"),
)
"""The columns before those of the rules."""


def write(report: OrganizationReport, stream: BinaryIO) -> None:
    """Write the report as CSV (RFC 4180, UTF-8 with a byte order mark); the same report gives the same bytes."""
    text = TextIOWrapper(stream, "utf-8", errors="backslashreplace", newline="")
    try:
        text.write("\ufeff")
        writer = csv.writer(text)
        rules = [rule.config_rule_name for rule in report.rules]
        writer.writerow([*COLUMNS, *map(harmless, rules)])
        common = _common(report)
        for account in report.accounts:
            cells = _cells(account) | common
            writer.writerow([*(cells[name] for name in COLUMNS), *_of_rules(account, rules)])
    finally:
        text.detach()  # flushes, but does not close the stream


def _common(report: OrganizationReport) -> dict[str, str]:
    return {
        "organization_id": harmless(report.organization.id or ""),
        "run": harmless(report.run.name),
        "run_began_at": _time(report.run.began_at),
    }


def _cells(account: AccountResult) -> dict[str, str]:
    """Return the cells of an account; counts are empty if no rule judged it."""
    return {
        "account_id": harmless(account.id or ""),
        "name": harmless(account.name),
        "ou": harmless(account.ou),
        "state": account.state,
        **_error(account),
        **(_counts(account) if account.judged else dict.fromkeys(_COUNTS, "")),
        "users": "" if account.users is None else str(account.users),
        "captured_at": _time(account.captured_at),
        "report_generated_at": _time(account.report_generated_at),
        "report": harmless(account.report or ""),
        "tags": harmless(encoded(account.tags).decode()) if account.tags else "",
    }


_COUNTS = COLUMNS[COLUMNS.index(ComplianceType.NON_COMPLIANT) : COLUMNS.index("users")]


def _error(account: AccountResult) -> Mapping[str, str]:
    """Return the cells with the errors of an account; if several sources are lacking, those of all of them."""
    found = list(happened(account))
    parts = {
        "error_code": "; ".join(code for code, _, _, _ in found if code),
        "error_message": "; ".join(message for _, message, _, _ in found if message),
        "iam_actions": "; ".join(dict.fromkeys(action for _, _, actions, _ in found for action in actions)),
        "remedy": "; ".join(remedy for _, _, _, remedy in found if remedy),
    }
    return {name: harmless(text.replace(PLACEHOLDER, account.id or PLACEHOLDER)) for name, text in parts.items()}


def _counts(account: AccountResult) -> Mapping[str, str]:
    return {
        **{kind: str(account.counts[kind]) for kind in ComplianceType},
        "suppressed": str(account.suppressed),
        **{f"NON_COMPLIANT_{severity}": str(failing(account, severity)) for severity in Severity},
    }


def _of_rules(account: AccountResult, rules: Sequence[str]) -> list[str]:
    if not account.judged:
        return [""] * len(rules)
    found = (account.rules.get(name, (0, 0)) for name in rules)
    return ["" if undecided and not failing_ones else str(failing_ones) for failing_ones, undecided in found]


def _time(time: datetime | None) -> str:
    return "" if time is None else f"{time.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
