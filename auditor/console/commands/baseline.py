"""`iam-audit baseline`: the findings of a report that the gate lets pass."""

from typing import Any

import click

from auditor.console.groups import Command
from auditor.console.options import WRITTEN_CODES, quiet_option, showing
from auditor.console.requests import BaselineRequest, request_of
from auditor.console.values import files


@click.command(cls=Command, epilog=WRITTEN_CODES)
@click.argument("report_file", shell_complete=files, metavar="REPORT.json")
@showing(
    "-o",
    "--output",
    "path",
    shell_complete=files,
    required=True,
    metavar="FILE",
    help="The file to write: .json.",
)
@click.option(
    "--keep",
    shell_complete=files,
    metavar="FILE",
    help="Keep the entries of this earlier baseline of which REPORT.json proves nothing.",
)
@quiet_option
def baseline(**options: Any) -> int:
    """Write the baseline of a stored report.

    It contains the NON_COMPLIANT findings. `scan --baseline` lets them pass the gate as long as they are the same.
    Suppressed findings are not in it, and neither are those with INSUFFICIENT_DATA.

    \b
    Examples:
      iam-audit baseline monday.json -o iam-baseline.json
      iam-audit baseline tuesday.json --keep known.json -o known.json
      iam-audit scan --baseline iam-baseline.json --fail-on new
    """
    from auditor.console.known import write_baseline

    return write_baseline(request_of(BaselineRequest, options))


command = baseline
