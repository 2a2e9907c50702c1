"""The command line: the group of all commands, and the program's entry."""

import sys
from collections.abc import Sequence

import click

from auditor import __version__, signals
from auditor.console import process
from auditor.console.groups import Commands


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit code; every error ends here, as one message on stderr.

    Without `argv` it takes the program's own, and the whole process is then its business: a signal ends it.
    """
    if argv is not None:
        return process.run(iam_audit, argv)
    with signals.caught():
        process.open_streams()
        return process.run(iam_audit, sys.argv[1:])


_PLACES = {
    name: f"auditor.console.commands.{name.replace('-', '_')}"
    for name in (
        "baseline",
        "can",
        "config",
        "diff",
        "evidence",
        "explain",
        "export",
        "forecast",
        "frameworks",
        "history",
        "organization",
        "parity",
        "permissions",
        "pre-commit",
        "publish",
        "report",
        "rules",
        "scan",
        "snapshot",
    )
}


@click.group(
    cls=Commands, places=_PLACES, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100}
)
@click.version_option(__version__, prog_name="iam-audit", message="%(prog)s %(version)s")
def iam_audit() -> None:
    """Audit the IAM of an AWS account with AWS Config's managed rules, without AWS Config."""
