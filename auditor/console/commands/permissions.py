"""`iam-audit permissions`: the least IAM policy for reading what rules need."""

from typing import Any

import click
import msgspec

from auditor.account.sources import VERIFYING, Source
from auditor.console.groups import Command
from auditor.console.options import reading, selection_options
from auditor.console.requests import PermissionsRequest, request_of


@click.command(cls=Command)
@selection_options
@reading("--verify", is_flag=True, help="Include what `scan --verify` calls.")
@reading("--parity", is_flag=True, help="Include what `parity --live` calls.")
@reading("--publish", is_flag=True, help="Include what `publish security-hub` calls.")
def permissions(**options: Any) -> None:
    """Print the least IAM policy for reading what rules need.

    That is what the selected rules need, by default what any needs.

    \b
    Examples:
      iam-audit permissions > policy.json
      iam-audit permissions --rules core --verify
    """
    from auditor import parity, publish
    from auditor.collectors.live.collection import permissions_policy
    from auditor.selection.plan import current, sources_wanted

    request = request_of(PermissionsRequest, options)
    wanted = sources_wanted(current(request.selection))
    sources = wanted | (VERIFYING if request.verify else frozenset[Source]())
    more = [*(parity.ACTIONS if request.parity else ()), *(publish.ACTIONS if request.publish else ())]
    click.echo(msgspec.json.format(msgspec.json.encode(permissions_policy(sources, more)), indent=2))


command = permissions
