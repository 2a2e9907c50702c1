"""`iam-audit diff`: what changed between two reports or two snapshots."""

from typing import Any

import click

from auditor.console.groups import Command
from auditor.console.options import DIFF_CODES, files_option, gate_option, quiet_option, selection_options, showing
from auditor.console.requests import DiffRequest, request_of
from auditor.console.values import files, point_in_time


@click.command(cls=Command, epilog=DIFF_CODES)
@click.argument("old", shell_complete=files, metavar="OLD")
@click.argument("new", shell_complete=files, metavar="NEW")
@selection_options
@showing(
    "--format",
    "output_format",
    type=click.Choice(["table", "json", "markdown"]),
    default="table",
    help="What standard output shows [table].",
)
@files_option("Write a file in the format of the suffix: .html, .json or .md; repeatable.")
@gate_option(
    "--fail-on", type=click.Choice(["new", "nothing"]), default="nothing", help="Exit with 1 if a finding is new."
)
@gate_option(
    "--allow-incomplete", is_flag=True, help="Exit with 0 instead of 4 when the new report does not prove everything."
)
@click.option(
    "--as-of",
    type=point_in_time,
    metavar="TIME",
    help="For snapshots: the time of the run, for the end dates of suppressions.",
)
@quiet_option
def diff(**options: Any) -> int:
    """Show what changed between two reports of an account.

    OLD and NEW are JSON reports, or snapshots: these are judged now, both by the same rules. A finding is resolved only
    where NEW proves it; what its sources do not prove is listed as not seen.

    \b
    Examples:
      iam-audit diff monday.json tuesday.json
      iam-audit diff monday.json.gz tuesday.json.gz --rules core -o changes.md
      iam-audit diff monday.json tuesday.json --fail-on new --format json
    """
    from auditor.console.diffing import run

    return run(request_of(DiffRequest, options))


command = diff
