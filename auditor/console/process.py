"""The process around a command: opens its streams, and turns errors into messages and exit codes."""

import os
import sys
from collections.abc import Sequence
from io import TextIOWrapper

import click

from auditor.errors import AuditError, UsageError
from auditor.redaction import redacted
from auditor.writers.visible import visible

INTERRUPTED = 130
NOBODY_READS = 141  # the exit code of a program that the signal SIGPIPE (13) ends
COMPLETE = "_IAM_AUDIT_COMPLETE"
"""The environment variable that a shell sets to request completions."""


def open_streams() -> None:
    """Replace closed standard streams by ones that fail, so that no report file gets the number of a stream."""
    for descriptor, name in enumerate(("stdin", "stdout", "stderr")):
        if getattr(sys, name) is None:
            os.open(os.devnull, os.O_RDONLY)  # gets the lowest free descriptor, which is this stream's
            setattr(sys, name, os.fdopen(descriptor, "w" if descriptor else "r", closefd=False))


def run(command: click.Group, arguments: Sequence[str]) -> int:
    """Run a command and return the exit code; every error ends here, as one message on stderr."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # for characters that the terminal's encoding lacks
    try:
        return _invoked(command, list(arguments))
    except click.ClickException as error:
        return _shown(error)
    except (click.Abort, KeyboardInterrupt):  # the latter if another program called `main`
        return _fail("interrupted", "", INTERRUPTED)
    except BaseException as error:  # noqa: BLE001 - no error may exit with the gate's code 1, no plug-in with 0
        return _explained(error)


def _invoked(command: click.Group, arguments: list[str]) -> int:
    """Run the command without click's main(), which exits with 1, the gate's code, when standard output is closed."""
    if (instruction := os.environ.get(COMPLETE)) and not arguments:  # with arguments, the variable was left set
        return _completed(command, instruction)
    try:
        with command.make_context("iam-audit", arguments) as context:
            code = command.invoke(context)
    except click.exceptions.Exit as ending:
        return ending.exit_code
    return code if isinstance(code, int) else 0


def _completed(command: click.Group, instruction: str) -> int:
    """Print the completions that a shell requests, or the script that sets completion up in the shell."""
    from click.shell_completion import get_completion_class, shell_complete  # only needed here

    shell, _, what = instruction.partition("_")
    has_words = "COMP_WORDS" in os.environ and (shell == "fish" or os.environ.get("COMP_CWORD", "").isdecimal())
    is_request = what == "source" or (what == "complete" and has_words and "COMP_CWORD" in os.environ)
    if get_completion_class(shell) is None or not is_request:
        hint = f"Unset it; the README shows how completion is set up, by {COMPLETE}=bash_source iam-audit."
        raise UsageError(f"the environment variable {COMPLETE} is {instruction!r}, which no shell asks for", hint)
    return shell_complete(command, {}, "iam-audit", COMPLETE, instruction)


def _shown(error: click.ClickException) -> int:
    if isinstance(error, click.exceptions.NoArgsIsHelpError):  # its message is the whole help
        _show_lines(error.format_message().splitlines())
        return UsageError.exit_code
    usage: list[str] = []
    if isinstance(error, click.UsageError) and error.ctx is not None:
        usage = [*error.ctx.get_usage().splitlines(), f"Try '{error.ctx.command_path} --help' for help.", ""]
    text = " ".join(error.format_message().split())  # click breaks a list of choices into lines
    _show_lines([*usage, f"Error: {text}"])
    return UsageError.exit_code


def _explained(error: BaseException) -> int:
    if isinstance(error, AuditError):
        return _fail(error.message, error.hint, error.exit_code)
    if isinstance(error, BrokenPipeError):  # the reader left, as head does
        _give_up_output()
        return NOBODY_READS
    if isinstance(error, OSError):
        _give_up_output()
        from auditor.documents import remedy_of  # --help starts faster without it

        hint = remedy_of(error, error.filename, "") if isinstance(error.filename, str) else ""
        return _fail(f"{error.filename or 'standard output'}: {error.strerror}", hint, AuditError.exit_code)
    import traceback  # imported late: for our own faults only

    _show_lines(redacted("".join(traceback.format_exception(error))).splitlines())
    return _fail("this is a bug in iam-audit", "Please report it with the lines above.", AuditError.exit_code)


def _give_up_output() -> None:
    """Send what is still in the buffers to /dev/null: the interpreter flushes them at its end, and would fail again."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def _fail(message: str, hint: str, code: int) -> int:
    _show_lines([f"iam-audit: {message}", f"  {hint}"] if hint else [f"iam-audit: {message}"])
    return code


def _show_lines(lines: Sequence[str]) -> None:
    try:
        for line in lines:
            click.echo(visible(line), err=True)
    except OSError:
        _give_up_output()  # nobody can read the message, but the exit code still reports the error
