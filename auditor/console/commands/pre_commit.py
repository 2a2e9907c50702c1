"""`iam-audit pre-commit`: judges the CloudFormation templates among files, each by itself."""

from typing import Any

import click

from auditor.console.groups import Command
from auditor.console.options import HOOK_CODES, SEVERITIES, gate_option, selection_options
from auditor.console.values import files


@click.command("pre-commit", cls=Command, epilog=HOOK_CODES)
@click.argument("paths", nargs=-1, shell_complete=files, metavar="[FILE]...")
@selection_options
@gate_option("--min-severity", type=SEVERITIES, help="Let findings below this severity pass [low].")
def pre_commit(**options: Any) -> int:
    """Judge the CloudFormation templates among files, each alone.

    It is the entry of the hook for pre-commit: it reads no account and uses no network. A file that is no template, or
    has no resource of IAM, passes silently. A template fails if it introduces a NON_COMPLIANT finding. What the
    template alone does not decide passes; a scan over the account judges it.

    \b
    Examples:
      iam-audit pre-commit template.yaml
      iam-audit pre-commit --exclude-rule iam-group-has-users-check *.yaml
    """
    from auditor.console.hooking import run

    return run(options)


command = pre_commit
