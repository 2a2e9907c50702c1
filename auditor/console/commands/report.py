"""`iam-audit report`: shows a stored report again, or writes it in other formats."""

from typing import Any

import click

from auditor.console.groups import Command
from auditor.console.options import (
    REPORT_CODES,
    format_option,
    framework_option,
    gate_option,
    gate_options,
    only_option,
    output_option,
    quiet_option,
    security_hub_option,
    shown_options,
    sign_option,
)
from auditor.console.requests import ReportRequest, request_of
from auditor.console.values import files


@click.command(cls=Command, epilog=REPORT_CODES)
@click.argument("report_file", shell_complete=files, metavar="REPORT.json")
@format_option
@output_option
@shown_options
@framework_option
@sign_option
@security_hub_option
@gate_option(
    "--fail-on",
    type=click.Choice(["noncompliant", "nothing"]),
    help="Exit with 1 if a finding is NON_COMPLIANT, as scan does [nothing].",
)
@gate_options
@only_option
@quiet_option
def report(**options: Any) -> int:
    """Render a stored JSON report again; without -o as a table.

    --format prints another format than the table, also beside -o. --framework shows others than
    those that the report was made with. --severity and --resource narrow what is shown, never the
    counts, the files or the exit code.

    \b
    Examples:
      iam-audit report monday.json -o monday.html
      iam-audit report monday.json --format csv
      iam-audit report monday.json --framework "CIS 3.0" --framework FSBP
      iam-audit report monday.json --severity critical --severity high
      iam-audit report monday.json --query "findings[].resource_name"
      iam-audit report monday.json --fail-on noncompliant --min-severity high
      iam-audit report change.json --only introduced --format markdown
    """
    from auditor.console.rendering import render

    return render(request_of(ReportRequest, options))


command = report
