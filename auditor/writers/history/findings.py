"""The open findings of a history with their ages."""

from collections.abc import Iterator, Sequence

from auditor.history.aged import AgedFinding, AuditedAccount, OpenFindings
from auditor.history.episodes import Status
from auditor.report.changes import REASONS
from auditor.writers.blocks import Block, Table, number

_HEADS = ("severity", "age", "rule", "resource", "first seen", "last seen", "owner", "notes")
_OWNER = _HEADS.index("owner")


def blocks(found: OpenFindings) -> Iterator[Block]:
    """Yield the accounts, the findings, and their totals."""
    for account in found.accounts:
        yield _account(account)
    if found.findings:
        several = len(found.accounts) > 1
        rows: list[Sequence[str]] = [_HEADS, *(_row(each, several=several) for each in found.findings)]
        if all(each.owner is None for each in found.findings):
            rows = [(*row[:_OWNER], *row[_OWNER + 1 :]) for row in rows]
        yield Table(rows[0], rows[1:], right=(1,))
    yield _total(found)


def _account(account: AuditedAccount) -> str:
    newest, first = (f"{time:%Y-%m-%d %H:%MZ}" for time in (account.newest_run, account.first_run))
    return f"Account {account.account}: {number(account.runs, 'run', 'runs')} from {first} to {newest}"


def _row(finding: AgedFinding, *, several: bool) -> Sequence[str]:
    resource = f"{finding.account} {finding.resource_name}" if several else finding.resource_name
    seen = (f"{time:%Y-%m-%d}" for time in (finding.first_seen, finding.last_seen))
    texts = owner(finding.owner), "; ".join(notes(finding))
    return finding.severity, age(finding), finding.config_rule_name, resource, *seen, *texts


def owner(name: str | None) -> str:
    """Return the owner as shown to people."""
    return "unknown" if name is None else name or "none"


def age(finding: AgedFinding) -> str:
    """Return the age as shown to people, with "at least" if the beginning was not seen."""
    least = finding.at_least or finding.status is Status.NOT_SEEN
    return f"{'at least ' if least else ''}{number(finding.age_days, 'day', 'days')}"


def notes(finding: AgedFinding) -> Iterator[str]:
    """Yield further notes on a finding's past."""
    if finding.overdue and finding.due is not None:
        yield f"overdue since {finding.due}"
    if finding.status is Status.SUPPRESSED:
        yield "suppressed"
    if finding.reason is not None:
        yield f"not seen: {REASONS[finding.reason]}"
    if finding.reopened:
        yield f"reopened {'once' if finding.reopened == 1 else f'{finding.reopened:,} times'}"
    if finding.unseen_days and finding.reason is None:
        yield f"not seen on {number(finding.unseen_days, 'day', 'days')}"


def _total(found: OpenFindings) -> str:
    counts = ", ".join(f"{count:,} {status.replace('_', ' ')}" for status, count in found.counts.items())
    return f"Not resolved: {counts}{f'; {found.overdue:,} overdue' if found.overdue else ''}"
