"""Messages to the person at the terminal, beside the findings: on standard error, if they want any."""

import os
import sys
from collections.abc import Callable

import click

from auditor.writers.visible import visible

Say = Callable[[str], None]
"""Show a message."""


def speaker(*, quiet: bool) -> Say:
    """Return what shows messages, or does nothing if they are not wanted."""
    return (lambda _: None) if quiet else _shown


def _shown(message: str) -> None:
    """Show a message on stderr; one that nobody reads any more ends nothing, as with `2>&1 | head`."""
    try:
        click.echo(visible(message), err=True)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stderr.fileno())


def wants_progress(*, quiet: bool) -> bool:
    """Return whether to show progress: only to somebody at a terminal."""
    return not quiet and sys.stderr.isatty()
