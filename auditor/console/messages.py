"""Messages to people, apart from the findings: on standard error, unless --quiet is given."""

import os
import sys
from collections.abc import Callable

import click

from auditor.writers.visible import visible

Say = Callable[[str], None]
"""Show a message."""


def speaker(*, quiet: bool) -> Say:
    """Return a function that shows messages, or does nothing if `quiet`."""
    return (lambda _: None) if quiet else _shown


def _shown(message: str) -> None:
    """Show a message on stderr; go on if the reader has left, as with `2>&1 | head`."""
    try:
        click.echo(visible(message), err=True)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stderr.fileno())


def wants_progress(*, quiet: bool) -> bool:
    """Return whether to show progress, which is only done on a terminal."""
    return not quiet and sys.stderr.isatty()
