"""`iam-audit explain`: everything that is known about a user, group, role or policy."""

from typing import Any

import click

from auditor.console.groups import Command
from auditor.console.options import (
    EXPLAIN_CODES,
    files_option,
    place_options,
    quiet_option,
    reading,
    selection_options,
    showing,
    snapshot_option,
)
from auditor.console.requests import ExplainRequest, request_of
from auditor.console.values import explained_names
from auditor.explaining.subject import Explained


@click.command(cls=Command, epilog=EXPLAIN_CODES)
@click.argument("name", metavar="NAME", shell_complete=explained_names)
@reading(
    "--type",
    "kind",
    type=click.Choice([each.value for each in Explained]),
    help="What NAME is, where several have the name.",
)
@snapshot_option
@place_options
@selection_options
@showing("--format", "output_format", type=click.Choice(["text", "json"]), help="What standard output shows [text].")
@files_option("Write a file in the format of the suffix: .html or .json; repeatable.")
@quiet_option
def explain(**options: Any) -> int:
    """Show all that is known of a user, group, role or policy.

    What is not known is shown too, with the reason.

    NAME is a name or an ARN. Of a user it shows the groups, each policy and where it comes from, the boundary, the
    credentials with their ages, what the user may do about their own password and MFA device, and the verdict of each
    rule with its evidence. Of a policy it shows who has it and what it allows.

    Every rule runs that judges such a resource, unless options or the configuration file select others.

    \b
    Examples:
      iam-audit explain alice --profile audit
      iam-audit explain Deploy --type role --snapshot monday.json.gz
      iam-audit explain arn:aws:iam::aws:policy/PowerUserAccess --exports exports/
      iam-audit explain alice --snapshot monday.json.gz -o alice.html
    """
    from auditor.console.explaining import explain as explain_request

    return explain_request(request_of(ExplainRequest, options))


command = explain
