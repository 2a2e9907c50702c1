"""`iam-audit parity`: AWS Config's own results compared with ours."""

from typing import Any

import click

from auditor.console.groups import Command
from auditor.console.options import (
    PARITY_CODES,
    files_option,
    gate_option,
    place_options,
    quiet_option,
    reading,
    selection_options,
    showing,
    snapshot_option,
)
from auditor.console.requests import ParityRequest, request_of
from auditor.console.values import files, hours


@click.command(cls=Command, epilog=PARITY_CODES)
@reading(
    "--config-results",
    shell_complete=files,
    metavar="DIR",
    help="Read AWS Config's results from this folder of AWS CLI output.",
)
@reading("--live", is_flag=True, help="Read AWS Config's results from AWS, with the credentials at hand.")
@snapshot_option
@place_options
@selection_options
@reading(
    "--max-time-apart",
    type=hours,
    metavar="HOURS",
    help="Treat evaluations of AWS Config made within this time of the snapshot as of the same state [1].",
)
@showing(
    "--format",
    "output_format",
    type=click.Choice(["table", "json"]),
    default="table",
    help="What standard output shows [table].",
)
@files_option("Write a file in the format of the suffix: .html or .json; repeatable.")
@gate_option("--allow-incomplete", is_flag=True, help="Exit with 0 instead of 4 when something could not be compared.")
@quiet_option
def parity(**options: Any) -> int:
    """Compare AWS Config's results with the verdicts of iam-audit.

    Rules are matched by source identifier and parameters, resources by type and id. Each disagreement gets one cause,
    and only those that nothing explains are called real.

    By default the account is judged with the parameters of AWS Config's own rules. If you select rules or name a
    configuration file, it is judged with yours.

    \b
    Examples:
      iam-audit parity --config-results config/ --snapshot today.json.gz
      iam-audit parity --live --profile audit -o parity.html
    """
    from auditor.console.comparing_config import run

    return run(request_of(ParityRequest, options))


command = parity
