"""`iam-audit forecast`: the findings that will open only because time passes."""

from typing import Any

import click

from auditor.console.groups import Command
from auditor.console.options import (
    FORECAST_CODES,
    SEVERITIES,
    files_option,
    gate_option,
    max_report_age_option,
    place_options,
    quiet_option,
    selection_options,
    showing,
    snapshot_option,
)
from auditor.console.requests import ForecastRequest, request_of


@click.command(cls=Command, epilog=FORECAST_CODES)
@click.option(
    "--days",
    type=click.IntRange(1, 3650),
    default=30,
    show_default=True,
    help="How many days after the capture to look at.",
)
@snapshot_option
@place_options
@max_report_age_option
@selection_options
@showing(
    "--format",
    "output_format",
    type=click.Choice(["table", "json", "markdown"]),
    help="What standard output shows, also beside -o [table].",
)
@files_option("Write a file in the format of the suffix: .html, .json or .md; repeatable.")
@gate_option(
    "--fail-on", type=click.Choice(["open", "nothing"]), default="nothing", help="Exit with 1 if a finding will open."
)
@gate_option(
    "--min-severity",
    type=SEVERITIES,
    default="LOW",
    help="With --fail-on, let findings below this severity pass [low].",
)
@gate_option(
    "--allow-incomplete",
    is_flag=True,
    help="Exit with 0 instead of 4 when it is unknown when a finding will fail.",
)
@quiet_option
def forecast(**options: Any) -> int:
    """Show which findings will open by the calendar alone.

    Access keys pass their age, credentials stay unused, certificates expire, suppressions end. It assumes that nobody
    uses, rotates or changes anything: the account is judged again for each day, with all its times moved. What is
    unknown stays unknown.

    \b
    Examples:
      iam-audit forecast --profile audit
      iam-audit forecast --snapshot monday.json.gz --days 90 -o forecast.html
      iam-audit forecast --exports exports/ --min-severity high --fail-on open
    """
    from auditor.console.forecasting import run

    return run(request_of(ForecastRequest, options))


command = forecast
