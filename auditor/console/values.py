"""The values of options: functions that parse them, and functions that complete them in a shell."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import click
from click.shell_completion import CompletionItem

from auditor.errors import nearest

_MAX_WAIT_S = 1_000_000


def point_in_time(text: str) -> datetime:
    """Read a time in ISO 8601; without a zone it is UTC."""
    try:
        time = datetime.fromisoformat(text)
        return (time if time.tzinfo else time.replace(tzinfo=UTC)).astimezone(UTC).replace(microsecond=0)
    except (ValueError, OverflowError) as error:
        raise click.BadParameter(f"{text!r} is not a time such as 2026-11-24T03:00:00Z") from error


def day(text: str) -> date:
    """Read a date in ISO 8601."""
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise click.BadParameter(f"{text!r} is not a date such as 2026-11-24") from error


def hours(text: str) -> float:
    """Read a number of hours, from 0 to what a timedelta can hold."""
    try:
        number = float(text)
        timedelta(hours=number)
    except (ValueError, OverflowError) as error:
        raise click.BadParameter(f"{text!r} is not a number of hours such as 4 or 0.5") from error
    if number < 0:
        raise click.BadParameter("an age cannot be negative")
    return number


def seconds(text: str) -> float:
    """Read a number of seconds to wait; unlike click's ranges, reject nan."""
    try:
        number = float(text)
    except ValueError:
        number = 0
    if not 0 < number <= _MAX_WAIT_S:
        raise click.BadParameter(f"{text!r} is not a number of seconds from 0 to {_MAX_WAIT_S:,}")
    return number


class SetName(click.Choice[str]):
    """The name of a set of rules; the error for an unknown one shows the nearest name, not two dozen frameworks."""

    def get_invalid_choice_message(self, value: Any, ctx: click.Context | None) -> str:  # noqa: ARG002 - click's signature
        """Return the message for a value that is no set."""
        own = [name for name in self.choices if name == name.lower()]
        near = nearest(str(value), self.choices, "`iam-audit frameworks` lists the frameworks.")
        return f"{value!r} is not a set of rules. Sets are {', '.join(own)}, and the frameworks. {near}"


class FormatName(click.Choice[str]):
    """A format for standard output; the error for a format that is only for files shows how to write a file."""

    def get_invalid_choice_message(self, value: Any, ctx: click.Context | None) -> str:  # noqa: ARG002 - click's signature
        """Return the message for a value that is no format of standard output."""
        if str(value).lower() == "html":
            return "HTML is written to a file: use -o FILE.html instead"
        return f"{value!r} is not one of {', '.join(self.choices)}"


def files(_context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Let the shell complete the name of a file; click's own type for paths would check them before we do."""
    return [CompletionItem(incomplete, type="file")]


def without_signatures(_context: click.Context, _parameter: click.Parameter, paths: tuple[str, ...]) -> tuple[str, ...]:
    """Return the paths without those of signatures, which are beside reports and also match reports/*.json."""
    return tuple(each for each in paths if not each.endswith(".dsse.json")) or paths


def profile_names(_context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[str]:
    """Return the AWS profiles that begin with a text, for completion; none if AWS's files cannot be read."""
    from auditor.collectors.live.session import profiles

    return [name for name in profiles() if name.startswith(incomplete)]


def rule_names(_context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[str]:
    """Return the names of rules that begin with a text, for completion."""
    from auditor.judging.registry import load_rules  # imported late, so that --help is fast

    return [name for name in load_rules() if name.startswith(incomplete)]


def parameter_names(_context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[str]:
    """Return the parameters that begin with a text, as RULE.NAME=, for completion."""
    from auditor.judging.registry import load_rules

    names = (f"{rule.id}.{name}=" for rule in load_rules().values() for name in rule.parameters.__struct_fields__)
    return [name for name in names if name.startswith(incomplete)]


def explained_names(context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[str]:
    """Return the names in the snapshot of the command line that begin with a text, for completion."""
    from auditor.collectors.saved import load_snapshot
    from auditor.errors import AuditError
    from auditor.explaining.subject import names

    file = context.params.get("snapshot")
    if not file or file == "-":
        return []
    try:
        return [name for name in names(load_snapshot(file)) if name.startswith(incomplete)]
    except AuditError:
        return []


def framework_names(_context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[str]:
    """Return the names of frameworks that begin with a text, in any case, for completion."""
    from auditor.selection.frameworks import known

    return [name for name in known() if name.casefold().startswith(incomplete.casefold())]
