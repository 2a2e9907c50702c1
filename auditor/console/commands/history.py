"""`iam-audit history`: many nights in one file, and what became of each finding."""

from typing import Any

import click

from auditor.console.options import HISTORY_CODES, VERIFY_CODES, Commands, files, quiet_option, showing
from auditor.console.requests import HistoryAddRequest, HistoryVerifyRequest, request_of

history_option = click.option(
    "--history", required=True, shell_complete=files, metavar="FILE", help="The file of the history."
)

_format = showing(
    "--format",
    "output_format",
    type=click.Choice(["table", "json"]),
    default="table",
    show_default=True,
    help="What is shown.",
)


@click.group("history", cls=Commands)
def history_group() -> None:
    """Keep many nights in one file, and show how old findings are."""


@history_group.command("add", epilog=HISTORY_CODES)
@click.argument("reports", nargs=-1, required=True, shell_complete=files, metavar="REPORT.json...")
@history_option
@quiet_option
def history_add(**options: Any) -> int:
    """Add stored JSON reports to a history, in whatever order they are named.

    The file is made if it is not there. A report that it has already is passed over.

    \b
    Examples:
      iam-audit history add --history iam-history.db reports/*.json
      iam-audit scan --profile audit --history iam-history.db
    """
    from auditor.console.recording import add_reports

    return add_reports(request_of(HistoryAddRequest, options))


@history_group.command("verify", epilog=VERIFY_CODES)
@click.argument("reports", nargs=-1, shell_complete=files, metavar="[REPORT.json...]")
@history_option
@click.option(
    "--head",
    "heads",
    multiple=True,
    metavar="LINK",
    help="A link of the chain that you noted earlier; it must still be there; repeatable.",
)
@_format
def history_verify(**options: Any) -> int:
    """Check that nothing in a history was removed or changed.

    Every run is held against the one before, its verdicts against their digest, and what became of each finding is
    concluded again. With reports, each must be in the history as it stands, and each run must have its report.

    \b
    Examples:
      iam-audit history verify --history iam-history.db
      iam-audit history verify --history iam-history.db reports/*.json
    """
    from auditor.console.history import verify

    return verify(request_of(HistoryVerifyRequest, options))


command = history_group
