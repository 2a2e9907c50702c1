"""`iam-audit scan`: audit an account."""

from typing import Any

import click

from auditor.console.groups import ORDER, Command
from auditor.console.options import (
    SCAN_CODES,
    place_options,
    planned_options,
    quiet_option,
    scan_options,
    selection_options,
    snapshot_option,
    verbose_option,
)
from auditor.console.requests import ScanRequest, request_of


@click.command(cls=Command, epilog=SCAN_CODES)
@snapshot_option
@place_options
@planned_options
@selection_options
@scan_options
@quiet_option
@verbose_option
def scan(**options: Any) -> int:
    """Audit an account and show what is not in order.

    --severity and --resource narrow what standard output shows; counts, files and the exit code always rest on
    every finding.

    \b
    Examples:
      iam-audit scan --profile audit
      iam-audit scan --exports exports/ -o report.html
      iam-audit scan --snapshot monday.json.gz --fail-on noncompliant
      iam-audit scan --parameter iam-password-policy.MinimumPasswordLength=16
      iam-audit scan --conformance-pack Operational-Best-Practices-for-CIS.yaml
      iam-audit scan --terraform-plan plan.json --snapshot today.json.gz
      iam-audit scan --cloudformation template.yaml --stack-parameter Team=ops
      iam-audit scan --query "findings[?suppression].[resource_name, suppression]"
    """
    from auditor.console.scanning import run  # other commands start faster without the engine

    order = click.get_current_context().meta.get(ORDER, ())
    return run(request_of(ScanRequest, {**options, "order": order}))


command = scan
