"""Shows a report on standard output: narrowed, in a format or as the result of a query."""

from collections.abc import Iterator

from auditor.console.messages import Say
from auditor.console.requests import Shown
from auditor.errors import UsageError
from auditor.judging.rule import Severity
from auditor.report.narrowing import narrowed
from auditor.report.report import Report
from auditor.writers import printing
from auditor.writers.printing import Query


def check_shown(shown: Shown, output_format: str | None) -> None:
    """Raise UsageError for a query together with a format that is not JSON."""
    if shown.query is not None and output_format not in (None, "json"):
        raise UsageError(f"--query prints JSON, not {output_format}", "Leave --format out.")


def show(
    report: Report,
    output_format: str,
    shown: Shown,
    query: Query | None,
    say: Say,
    *,
    region: str | None = None,
    only: str | None = None,
) -> None:
    """Show a report, narrowed by `shown`; `region` is Security Hub's, for the format asff.

    `only` narrows the report of a planned change to findings that the change introduces or may introduce.
    A reader that leaves early, such as head, is no error: the exit code is still that of the audit.
    """
    narrow = narrowed(
        report, [Severity(name) for name in shown.severities], shown.resources, only_introduced=only is not None
    )
    with printing.reader_may_leave():
        if query is None:
            brief = only is not None
            printing.print_report(narrow, output_format, every_finding=shown.every_finding, brief=brief, region=region)
            return
        for warning in _unknown_fields(narrow, shown.query or ""):
            say(f"Warning: {warning}")
        printing.print_query(narrow, query)


def _unknown_fields(report: Report, expression: str) -> Iterator[str]:
    """Yield a warning for each field of a query that the report does not have, which gives null and no error."""
    for name, near in printing.unknown_fields(report, expression):
        guess = f"; did you mean {near}?" if near else ""
        yield f"--query: the JSON report has no field {name!r}{guess}"
