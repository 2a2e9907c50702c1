"""`iam-audit history`: many nights in one file, and what became of each finding."""

from typing import Any

import click

from auditor.console.options import HISTORY_CODES, Commands, files, quiet_option
from auditor.console.requests import HistoryAddRequest, request_of

history_option = click.option(
    "--history", required=True, shell_complete=files, metavar="FILE", help="The file of the history."
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


command = history_group
