"""The command line: the group of all commands, and the program's entry point."""

import sys
from collections.abc import Sequence

import click

from auditor import __version__, signals
from auditor.console import process
from auditor.console.groups import Commands


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit code; every error ends here, as one message on stderr.

    Without `argv` it uses the program's own arguments, and handles signals and streams of the whole process.
    """
    if argv is not None:
        return process.run(iam_audit, argv)
    with signals.caught():
        process.open_streams()
        return process.run(iam_audit, sys.argv[1:])


_SECTIONS = {
    "Audit an account": ("scan", "explain", "can", "forecast", "report"),
    "Keep and compare": ("snapshot", "baseline", "diff", "history", "parity"),
    "Across accounts and teams": ("organization", "evidence", "publish"),
    "Rules, settings and rights": ("rules", "frameworks", "config", "export", "permissions"),
    "In pipelines": ("pre-commit",),
}
"""The names of the commands under the headings of the help, in its order."""

_BEGIN = """\b
Begin with one of these:
  iam-audit scan --demo                          # a made-up account
  iam-audit permissions                          # the rights to grant
  iam-audit scan --profile NAME -o report.html   # your account
  iam-audit scan --exports DIR -o report.html    # AWS CLI output

`iam-audit COMMAND --help` describes a command and its options."""


def _module(name: str) -> str:
    return f"auditor.console.commands.{name.replace('-', '_')}"


@click.group(
    cls=Commands,
    modules={name: _module(name) for names in _SECTIONS.values() for name in names},
    headings=_SECTIONS,
    epilog=_BEGIN,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, prog_name="iam-audit", message="%(prog)s %(version)s")
def iam_audit() -> None:
    """Audit the IAM of an AWS account with AWS Config's managed rules, without AWS Config."""
