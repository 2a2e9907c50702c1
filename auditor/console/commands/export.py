"""`iam-audit export`: the selected rules as rules of AWS Config."""

from typing import Any

import click

from auditor.console.groups import Command
from auditor.console.messages import speaker
from auditor.console.options import quiet_option, selection_options, showing
from auditor.console.requests import ExportRequest, request_of
from auditor.console.values import files


@click.command(cls=Command)
@click.argument("form", metavar="FORMAT", type=click.Choice(["conformance-pack", "terraform", "cloudformation"]))
@selection_options
@showing(
    "-o",
    "--output",
    "path",
    shell_complete=files,
    metavar="FILE",
    help="Write to this file, not to standard output: .yaml, .yml or .tf.",
)
@quiet_option
def export(**options: Any) -> None:
    """Write the selected rules as real AWS Config rules.

    FORMAT is conformance-pack, terraform or cloudformation. Every parameter is written out with its effective value.

    \b
    Examples:
      iam-audit export conformance-pack -o iam.yaml
      iam-audit export terraform --rule iam-password-policy -o password-policy.tf
      iam-audit export cloudformation --conformance-pack CIS.yaml > stack.yaml
    """
    from auditor.selection.plan import current
    from auditor.writers.config_rules.exporting import check  # PyYAML: 25 ms
    from auditor.writers.config_rules.exporting import export as write_export

    request = request_of(ExportRequest, options)
    plan = current(request.selection)
    check(request.form, request.path, plan.pack_paths)
    write_export(request.form, plan.rules, request.path, speaker(quiet=request.quiet), plan.packs)


command = export
