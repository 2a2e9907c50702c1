"""`iam-audit report`: render a stored report again."""

from typing import Any

import click

from auditor.console.options import (
    REPORT_CODES,
    Command,
    files,
    format_option,
    framework_option,
    output_option,
    quiet_option,
    security_hub_option,
    showing,
)
from auditor.console.requests import ReportRequest, request_of


@click.command(cls=Command, epilog=REPORT_CODES)
@click.argument("report_file", shell_complete=files, metavar="REPORT.json")
@format_option
@output_option
@showing("--all", "every_finding", is_flag=True, help="Show every finding in the table.")
@framework_option
@security_hub_option
@quiet_option
def report(**options: Any) -> int:
    """Render a stored JSON report again; without -o as a table.

    --format prints another format than the table, also beside -o. --framework shows others than
    those that the report was made with.

    \b
    Examples:
      iam-audit report monday.json -o monday.html
      iam-audit report monday.json --format csv
      iam-audit report monday.json --framework "CIS 3.0" --framework FSBP
    """
    from auditor.console.rendering import render

    return render(request_of(ReportRequest, options))


command = report
