"""Messages to the person at the terminal, beside the findings: on standard error, if they want any."""

import sys
from collections.abc import Callable

import click

from auditor.writers.visible import visible

Say = Callable[[str], None]
"""Show a message."""


def speaker(*, quiet: bool) -> Say:
    """Return what shows messages, or does nothing if they are not wanted."""
    return (lambda _: None) if quiet else lambda message: click.echo(visible(message), err=True)


def wants_progress(*, quiet: bool) -> bool:
    """Return whether to show progress: only to somebody at a terminal."""
    return not quiet and sys.stderr.isatty()
