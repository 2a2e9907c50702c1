"""`iam-audit snapshot`: saves what rules read from an account."""

from typing import Any

import click

from auditor.console.groups import Command
from auditor.console.options import (
    SNAPSHOT_CODES,
    place_options,
    quiet_option,
    selection_options,
    showing,
    verbose_option,
)
from auditor.console.requests import SnapshotRequest, request_of
from auditor.console.values import files


@click.command(cls=Command, epilog=SNAPSHOT_CODES)
@place_options
@selection_options
@showing(
    "-o",
    "--output",
    "path",
    shell_complete=files,
    required=True,
    metavar="FILE",
    help="The file to write: .json or .json.gz.",
)
@quiet_option
@verbose_option
def snapshot(**options: Any) -> int:
    """Save what rules read of an account, to be audited later.

    That is what the selected rules read. By default it is what any rule reads, but not the
    descriptions of policies, which take a call for each policy: --rules all reads them too.

    The file is readable by its owner only. It holds names, policies and the state of credentials, but no secrets.

    \b
    Examples:
      iam-audit snapshot --profile audit -o 111122223333.json.gz
      iam-audit snapshot -o "{account_id}-{captured_at:%Y%m%d}.json"
      iam-audit snapshot -o monday.json && iam-audit scan --snapshot monday.json
    """
    from auditor.console.saving import save

    return save(request_of(SnapshotRequest, options))


command = snapshot
