"""The report of an organization as Markdown, for a comment or a step summary: limited in length, gaps first.

Texts from the organization are in code spans, where nothing is markup, a mention or a link.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import BinaryIO

from auditor.judging.rule import OPEN, ComplianceType, Severity
from auditor.organization.places import Place, places, unfolded
from auditor.organization.report import AccountResult, CommonCause, OrganizationReport
from auditor.organization.unaudited import Unaudited, unaudited
from auditor.organization.wording import denominator, shortfall
from auditor.organization.worst import failing, worst_first
from auditor.writers.markdown import MOST_BYTES, Page, code

_CLOSING = 1_500  # bytes for titles, notes on rows that are left out, and the last line
_PLACES = 20
_CAUSES = 20
_NAMED = 20  # accounts of a group or a cause
_WARNINGS = 20
_SEVERITY_HEADS = tuple(severity.capitalize() for severity in Severity)


def write(report: OrganizationReport, stream: BinaryIO) -> None:
    """Write the report as Markdown of at most 65,000 bytes; the same report gives the same bytes."""
    page = Page(MOST_BYTES - _CLOSING)
    page.add(*_head(report))
    for warning in report.warnings[:_WARNINGS]:
        page.add(f"- Warning: {code(warning)}")
    tree = places(report)
    _add_table(page, "Rules", _RULES, _rules(report, tree[0]), len(report.rules))
    _add_table(page, "Organizational units", _PLACE, map(_place, unfolded(tree, _PLACES)[0]), len(tree))
    _add_table(
        page, "The same cause in many accounts", _CAUSE, map(_cause, report.causes[:_CAUSES]), len(report.causes)
    )
    groups = unaudited(report)
    _add_table(page, "Accounts that were not fully audited", _UNAUDITED, map(_unaudited, groups), len(groups))
    worst = worst_first(report.accounts)
    _add_table(page, "Accounts, the worst first", _ACCOUNT, map(_account, worst), len(worst))
    page.lines += _closing(report)
    stream.write("\n".join(page.lines).encode("utf-8", "backslashreplace"))


def _head(report: OrganizationReport) -> Iterator[str]:
    summary, missing = report.summary, shortfall(report.summary)
    yield f"# IAM audit of an organization: {summary.compliance_type}{', incomplete' if missing else ''}\n"
    yield f"**{denominator(summary)}**\n"
    if missing:
        yield f"**{missing}.** What is not listed here is not necessarily in order.\n"
    numbers = [f"{summary.counts[kind]:,} {kind}" for kind in ComplianceType]
    yield f"- Findings: {', '.join(numbers)}; {summary.suppressed:,} suppressed, counted apart"
    known = code(report.organization.id) if report.organization.id else "unknown"
    yield f"- Organization {known}, accounts listed by {code(report.organization.listed_by)}"
    yield f"- Run {code(report.run.name)}, began {_time(report.run.began_at)}"
    yield f"- Oldest credential report: {_time(summary.oldest_credential_report)}"


_RULES = ("Rule", "Severity", "Accounts NON_COMPLIANT", "Accounts not known", *(f"Findings {kind}" for kind in OPEN))
_PLACE = ("Organizational unit", "Audited", "Active", *_SEVERITY_HEADS, "Undecided")
_CAUSE = ("Accounts", "Severity", "Rule", "Resource", "Type", "Document", "First accounts")
_UNAUDITED = ("State", "Accounts", "Error", "Message", "Grant", "What to do", "First accounts")
_ACCOUNT = ("Account", "Name", "Organizational unit", "State", *_SEVERITY_HEADS, "Undecided")


def _add_table(page: Page, title: str, heads: Sequence[str], rows: Iterable[Sequence[str]], total: int) -> None:
    """Add as many rows as fit, and a note on how many more there are."""
    page.lines += ["", f"## {title} ({total:,})"]
    opening = ["", f"| {' | '.join(heads)} |", f"|{' --- |' * len(heads)}"]
    added = 0
    for row in rows:
        if not page.add(*opening, f"| {' | '.join(row)} |"):
            break
        opening, added = [], added + 1
    if added < total:
        page.lines += ["", f"And {total - added:,} more; the JSON report has them all."]


def _cell(text: str) -> str:
    """Return a text as a code span that does not end the table cell."""
    return code(text).replace("|", r"\x7c")


def _rules(report: OrganizationReport, top: Place) -> Iterator[Sequence[str]]:
    for rule, accounts, unknown in zip(report.rules, top.failing, top.unknown, strict=True):
        findings = (f"{rule.counts[kind]:,}" for kind in OPEN)
        yield _cell(rule.config_rule_name), rule.severity, f"{accounts:,}", f"{unknown:,}", *findings


def _place(place: Place) -> Sequence[str]:
    counts = (place.audited, place.active, *place.severities, place.undecided)
    return _cell(place.ou or place.name), *(f"{count:,}" for count in counts)


def _cause(cause: CommonCause) -> Sequence[str]:
    digest = _cell(cause.digest[:12]) if cause.digest else ""
    named = _first(cause.first, cause.accounts)
    resource = _cell(cause.resource_name) if cause.resource_name else "the account itself"
    rule = _cell(cause.config_rule_name)
    return f"{cause.accounts:,}", cause.severity, rule, resource, _cell(cause.resource_type), digest, named


def _unaudited(group: Unaudited) -> Sequence[str]:
    named = _first([account.id or account.name for account in group.accounts], len(group.accounts))
    texts = (group.code or "", group.message, ", ".join(group.actions), group.remedy)
    return group.state.text, f"{len(group.accounts):,}", *(_cell(text) if text else "" for text in texts), named


def _first(names: Sequence[str], total: int) -> str:
    shown = ", ".join(map(_cell, names[:_NAMED]))
    more = total - len(names[:_NAMED])
    return f"{shown} and {more:,} more" if more else shown


def _account(account: AccountResult) -> Sequence[str]:
    counts = (*(failing(account, severity) for severity in Severity), account.counts[OPEN[1]])
    unit = _cell(account.ou) if account.ou else ""
    known = (f"{count:,}" if account.judged else "?" for count in counts)
    return _cell(account.id or "unknown"), _cell(account.name), unit, account.state.text, *known


def _closing(report: OrganizationReport) -> Iterator[str]:
    yield ""
    yield f"`?` means that nothing is known about an account. Made by iam-audit {code(report.tool.version, 40)}.\n"


def _time(time: datetime | None) -> str:
    return "unknown" if time is None else f"{time.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
