"""`iam-audit can`: what a user may do, and which statements decide it."""

from typing import Any

import click

from auditor.console.groups import Command
from auditor.console.options import CAN_CODES, place_options, quiet_option, showing, snapshot_option, text_or_json
from auditor.console.requests import CanRequest, request_of
from auditor.policies.access.sessions import Session


@click.command(cls=Command, epilog=CAN_CODES)
@click.argument("user", metavar="USER")
@click.argument("action", metavar="ACTION")
@click.argument("resource", metavar="[RESOURCE]", required=False)
@snapshot_option
@place_options
@showing(
    "--session",
    type=click.Choice([each.value for each in Session]),
    help="How the user signed in: at the console without or with MFA, or by an access key [all three].",
)
@text_or_json
@quiet_option
def can(**options: Any) -> int:
    """Show whether a user may do an action on a resource, and why.

    USER is the name of an IAM user, or root. ACTION is one action. RESOURCE is an ARN; without it, it is the user's own
    ARN, the ARN of its own virtual MFA device, or *, depending on the action.

    Identity policies, the permissions boundary and the account's password policy decide. Service control policies
    (SCPs), resource control policies (RCPs), session policies and resource-based policies are not considered. If a fact
    that matters is unknown, the answer is undecided.

    \b
    Examples:
      iam-audit can alice iam:ChangePassword --profile audit
      iam-audit can alice iam:ChangePassword --session no-mfa --exports exports/
      iam-audit can alice s3:GetObject arn:aws:s3:::a/b --snapshot monday.json
    """
    from auditor.console.asking import ask

    return ask(request_of(CanRequest, options))


command = can
