"""The commands of the command line, by name."""

import click

from auditor.console.cli import iam_audit


def command_of(name: str) -> click.Command:
    """Return a command, imported as the command line does it."""
    command = iam_audit.get_command(click.Context(iam_audit), name)
    assert command is not None
    return command
