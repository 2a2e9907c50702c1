"""The report of an organization for a terminal: limited in length for any number of accounts; files list them all."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from itertools import groupby
from typing import TextIO

from rich.console import RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from auditor.judging.rule import OPEN, ComplianceType, Severity
from auditor.organization.places import Place, places, unfolded
from auditor.organization.report import AccountResult, CommonCause, OrganizationReport
from auditor.organization.unaudited import Unaudited, unaudited
from auditor.organization.wording import denominator, shortfall
from auditor.organization.worst import failing, worst_first
from auditor.writers.organization.numbers import compact
from auditor.writers.table import STYLES, TRAILING_BLANKS, broken, console_for
from auditor.writers.visible import visible

SHOWN = 25  # accounts
_PLACES, _CAUSES, _GROUPS = 10, 10, 20
_NAMED = 5  # accounts of a group
_BESIDE_NAME = 62  # width of the table of accounts without the names
_HEADS = (*(severity.capitalize() for severity in Severity), "Undecided")
_HTML = "the HTML report has them all"
_OTHERS = "the CSV and HTML reports list every account"


def write(report: OrganizationReport, stream: TextIO, *, every_account: bool = False) -> None:
    """Write the report for a terminal; in colour only if the stream is a terminal and NO_COLOR is not set.

    Lines are not wrapped if the stream is not a terminal and COLUMNS is not set. Only the worst accounts are listed,
    unless `every_account` is set.
    """
    console = console_for(stream)
    with console.capture() as captured:
        for part in _parts(report, console.width, every_account=every_account):
            console.print(part)
    stream.write(TRAILING_BLANKS.sub("", captured.get()))


def _parts(report: OrganizationReport, width: int, *, every_account: bool) -> Iterator[RenderableType]:
    tree = places(report)
    upper, _ = unfolded(tree, _PLACES)
    yield _heading(report)
    yield from _rules(report, tree[0])
    title = "Organizational units, with everything below them"
    yield from _section(title, _place_table(upper), len(tree) - len(upper), _HTML)
    causes = report.causes
    yield from _section("The same cause in many accounts", _cause_table(causes[:_CAUSES]), len(causes) - _CAUSES, _HTML)
    yield from _unaudited(unaudited(report))
    shown = len(report.accounts) if every_account else SHOWN
    worst = _account_table(worst_first(report.accounts)[:shown], width - _BESIDE_NAME)
    yield from _section("Accounts, the worst first", worst, len(report.accounts) - shown, _OTHERS)
    yield _verdict(report)


def _heading(report: OrganizationReport) -> Text:
    missing = shortfall(report.summary)
    text = Text(f"{denominator(report.summary)}\n", style="bold yellow" if missing else "bold")
    lines = [f"{missing}; accounts that are missing here may still have findings"] if missing else []
    known = report.organization.id or "unknown"
    lines += [f"Organization {known}, {report.organization.partition}, listed by {report.organization.listed_by}"]
    oldest = report.summary.oldest_credential_report
    lines += [f"Run {report.run.name}, began {_time(report.run.began_at)}; oldest credential report {_time(oldest)}"]
    lines += [f"Warning: {warning}" for warning in report.warnings]
    return text.append("\n".join(map(visible, lines)), style="not bold default")


def _rules(report: OrganizationReport, top: Place) -> Iterator[RenderableType]:
    """Yield the rules, the most urgent first, with their numbers of accounts and findings."""
    if not report.rules:
        yield Text("\nNo rule judged any account", style="yellow")
        return
    yield Text("\nRules: accounts that are NON_COMPLIANT or not known, and NON_COMPLIANT findings", style="bold")
    table = _table("Rule", "Accounts", "Not known", "Findings")
    rows = list(zip(report.rules, top.failing, top.unknown, strict=True))
    settled = [rule.config_rule_name for rule in report.rules if not any(rule.counts[kind] for kind in OPEN)]
    for severity, group in groupby(rows[: len(rows) - len(settled)], key=lambda row: row[0].severity):
        table.add_row(Text(severity, style="bold"))
        for rule, accounts, unknown in group:
            style = STYLES[OPEN[0]] if accounts else STYLES[OPEN[1]] if unknown else ""
            numbers = (accounts, unknown, rule.counts[OPEN[0]])
            table.add_row(Text(visible(rule.config_rule_name), style=style), *(f"{number:,}" for number in numbers))
    if table.row_count:
        yield _indented(table)
    if settled:
        yield _line(f"Nothing open where they ran: {', '.join(settled)}", 2, "dim")


def _section(title: str, table: Table, more: int, where: str) -> Iterator[RenderableType]:
    if table.row_count:
        yield Text(f"\n{title}", style="bold")
        yield _indented(table)
    if more > 0:
        yield Text(f"  and {more:,} more; {where}", style="dim")


def _place_table(tree: Iterable[Place]) -> Table:
    table = _table("Organizational unit", "Audited", *_HEADS)
    for place in tree:
        counts = (compact(count) for count in (*place.severities, place.undecided))
        audited = Text(f"{place.audited:,} of {place.active:,}", style="yellow" if place.audited < place.active else "")
        table.add_row(Text(f"{'  ' * min(place.depth, 5)}{visible(place.name)}"), audited, *counts)
    return table


def _cause_table(causes: Iterable[CommonCause]) -> Table:
    table = _table("Rule and resource", "Accounts")
    for cause in causes:
        resource = f"{visible(cause.resource_name) or 'the account itself'} ({visible(cause.resource_type)})"
        table.add_row(Text(f"{visible(cause.config_rule_name)}: {resource}"), f"{cause.accounts:,}")
    return table


def _unaudited(groups: Sequence[Unaudited]) -> Iterator[RenderableType]:
    """Yield why accounts were not fully audited, with what to grant and what to do."""
    if groups:
        yield Text("\nAccounts that were not fully audited", style="bold")
    for group in groups[:_GROUPS]:
        yield _line(f"{group.state.text}, {_counted(group)}: {': '.join(filter(None, (group.code, group.message)))}", 2)
        grant = f"grant {', '.join(group.actions)}" if group.actions else ""
        if advice := "; ".join(filter(None, (grant, group.remedy))):
            yield _line(advice, 4)
        named = ", ".join(account.id or account.name for account in group.accounts[:_NAMED])
        more = len(group.accounts) - _NAMED
        yield _line(f"{named} and {more:,} more" if more > 0 else named, 4, "dim")
    if len(groups) > _GROUPS:
        yield Text(f"  and {len(groups) - _GROUPS:,} more; {_HTML}", style="dim")


def _counted(group: Unaudited) -> str:
    count = len(group.accounts)
    return f"{count:,} {'account' if count == 1 else 'accounts'}"


def _line(text: str, indent: int, style: str = "") -> Padding:
    return Padding(Text(visible(text), style=style), (0, 0, 0, indent), expand=False)


def _account_table(accounts: Iterable[AccountResult], name_width: int) -> Table:
    table = _table("Account", "Name", "State", *_HEADS)
    for column in table.columns[1:3]:
        column.justify = "left"
    for account in accounts:
        counts = (*(failing(account, severity) for severity in Severity), account.counts[OPEN[1]])
        known = (compact(count) if account.judged else "?" for count in counts)
        name = Text(broken(visible(account.name), name_width))
        table.add_row(Text(visible(account.id or "unknown")), name, account.state.text, *known)
    return table


def _table(*heads: str) -> Table:
    """Return a table whose first column is text; the other columns are numbers."""
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 1, 0, 0))
    table.add_column(heads[0], overflow="fold")
    for head in heads[1:]:
        table.add_column(head, justify="right", overflow="fold")
    return table


def _indented(table: Table) -> Padding:
    return Padding(table, (0, 0, 0, 2), expand=False)


def _verdict(report: OrganizationReport) -> Text:
    summary = report.summary
    text = Text("\nVerdict: ").append(summary.compliance_type, style=STYLES[summary.compliance_type])
    text.append(", incomplete" if shortfall(summary) else "", style="yellow")
    numbers = ", ".join(_by_severity(report, kind) for kind in ComplianceType if summary.counts[kind])
    return text.append(f": {numbers or 'no findings'}; {summary.suppressed:,} suppressed, counted apart")


def _by_severity(report: OrganizationReport, kind: ComplianceType) -> str:
    found = report.summary.by_severity.items()
    parts = [f"{counts[kind]:,} {severity}" for severity, counts in found if counts[kind]]
    return f"{report.summary.counts[kind]:,} {kind}" + (f" ({', '.join(parts)})" if kind in OPEN else "")


def _time(time: datetime | None) -> str:
    return "unknown" if time is None else f"{time.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
