"""A stored report with the ages of its findings: as text, and as the report's own page."""

from collections.abc import Iterator, Sequence
from typing import BinaryIO

from auditor.history.reported import ReportAges, ReportedFinding
from auditor.report.report import Report
from auditor.writers.blocks import Block, Table, number
from auditor.writers.history.findings import age, notes

_HEADS = ("severity", "age", "first seen", "", "rule", "resource", "notes")


def blocks(found: ReportAges) -> Iterator[Block]:
    """Yield the report, its findings that are not resolved, and their totals."""
    yield f"Account {found.account}, captured {found.captured_at:%Y-%m-%d %H:%MZ}, report {found.report_sha256}"
    if found.findings:
        yield Table(_HEADS, [_row(each) for each in found.findings], right=(1,))
    yield f"{summary(found)}."


def _row(each: ReportedFinding) -> Sequence[str]:
    finding = each.finding
    first = f"{finding.first_seen:%Y-%m-%d}"
    names = finding.config_rule_name, finding.resource_name
    return finding.severity, age(finding), first, "new" if each.new else "", *names, "; ".join(notes(finding))


def summary(found: ReportAges) -> str:
    """Return a sentence with the numbers of new and overdue findings."""
    count = f"{number(len(found.findings), 'finding is', 'findings are')} not resolved"
    if found.since is None:
        return f"{count}; the history has no earlier run, so it is unknown which are new{_overdue(found)}"
    return f"{count}; {found.new:,} new since the run of {found.since:%Y-%m-%d %H:%MZ}{_overdue(found)}"


def _overdue(found: ReportAges) -> str:
    return f"; {found.overdue:,} overdue by the SLA" if found.overdue else ""


def write_page(report: Report, found: ReportAges, stream: BinaryIO) -> None:
    """Write the report as HTML with the age of each finding, and mark the new ones."""
    from auditor.writers import html  # jinja2: 70 ms

    seen = {each.finding.fingerprint: html.Seen(_text(each), each.new) for each in found.findings}
    html.write(report, stream, html.Past(summary(found), seen))


def _text(each: ReportedFinding) -> str:
    finding = each.finding
    return "; ".join((f"{finding.first_seen:%Y-%m-%d}, {age(finding)}", *notes(finding)))
