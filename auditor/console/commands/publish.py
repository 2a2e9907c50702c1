"""`iam-audit publish`: findings given to other services of AWS."""

from typing import Any

import click

from auditor.console.groups import Command, Commands
from auditor.console.options import PUBLISH_CODES, aws_options_for, quiet_option, text_or_json
from auditor.console.requests import PublishRequest, request_of
from auditor.console.values import files


@click.group(cls=Commands)
def publish() -> None:
    """Send the findings of a report to another service."""


@publish.command("security-hub", cls=Command, epilog=PUBLISH_CODES)
@click.argument("report_file", metavar="REPORT.json", shell_complete=files)
@click.option("--apply", is_flag=True, help="Import the findings; without it, only show what would be done.")
@aws_options_for(
    region="AWS Region of the Security Hub.", timeout="Stop after this time [1800]; what was imported by then stays."
)
@text_or_json
@quiet_option
def security_hub(**options: Any) -> int:
    """Import a report's findings into Security Hub.

    The Security Hub is that of the report's own account, in one Region. A finding that failed is taken back only where
    the report proves it. If a source could not be read, the findings that rest on it stay as they are.

    \b
    Examples:
      iam-audit publish security-hub report.json --region eu-central-1
      iam-audit publish security-hub report.json --region eu-central-1 --apply
    """
    from auditor.console.publishing import run

    return run(request_of(PublishRequest, options))


command = publish
"""The group, under the name by which the command line finds it."""
