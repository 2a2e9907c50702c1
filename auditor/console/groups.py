"""Commands and groups of commands: help with headings, and modules that are imported only when needed."""

from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import Any

import click

from auditor.errors import nearest


class Headed(click.Option):
    """An option that the help lists under a heading."""

    def __init__(self, *arguments: Any, heading: str, **settings: Any) -> None:
        super().__init__(*arguments, **settings)
        self.heading = heading


ORDER = "iam-audit.order"
"""The key in a context's `meta` for the names of the given options, in their order and with repetitions."""


class Command(click.Command):
    """A command whose help lists its options under their headings, and options without a heading last."""

    def make_parser(self, ctx: click.Context) -> Any:
        """Return the parser of the command line; it records the order of the options in the context."""
        parser: Any = super().make_parser(ctx)
        parse = parser.parse_args

        def parse_args(args: list[str]) -> Any:
            options, rest, order = parse(args)
            ctx.meta[ORDER] = [parameter.name for parameter in order]
            return options, rest, order

        parser.parse_args = parse_args
        return parser

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options into the help."""
        parts: dict[str, list[tuple[str, str]]] = {}
        others: list[tuple[str, str]] = []
        for option in self.get_params(ctx):
            if isinstance(option, click.Option) and (record := option.get_help_record(ctx)):
                part = parts.setdefault(option.heading, []) if isinstance(option, Headed) else others
                part.append(record)
        for heading, records in {**parts, "Other options" if parts else "Options": others}.items():
            with formatter.section(heading):
                formatter.write_dl(records)


class Commands(click.Group):
    """A group whose commands list their options under headings, and are imported only when needed.

    `modules` maps the names of commands to the modules that define them, as the attribute `command`.
    `headings` maps the headings of the group's help to the names of the commands below them.
    """

    command_class = Command
    group_class = type

    def __init__(
        self,
        *arguments: Any,
        modules: Mapping[str, str] | None = None,
        headings: Mapping[str, Sequence[str]] | None = None,
        **settings: Any,
    ) -> None:
        super().__init__(*arguments, **settings)
        self._modules = modules or {}
        self._headings = headings or {}

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of all commands, whether imported or not."""
        return sorted({*super().list_commands(ctx), *self._modules})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return the command with a name, and import it if needed; None if there is none."""
        if cmd_name in self._modules and cmd_name not in self.commands:
            command: click.Command = import_module(self._modules[cmd_name]).command
            self.add_command(command, cmd_name)
        return super().get_command(ctx, cmd_name)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Return the command that the arguments name; if there is none, raise click's error with the nearest name.

        click itself only suggests names of commands that were imported.
        """
        name = args[0]
        if ctx.resilient_parsing or name.startswith("-") or self.get_command(ctx, name) is not None:
            return super().resolve_command(ctx, args)
        return ctx.fail(f"No such command {name!r}. {nearest(name, self.list_commands(ctx), '')}".rstrip())

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the commands into the help, under their headings if there are any."""
        if not self._headings:
            super().format_commands(ctx, formatter)
            return
        width = max(map(len, self.list_commands(ctx)))
        for heading, names in self._headings.items():
            commands = [(name, self.get_command(ctx, name)) for name in names]
            limit = formatter.width - 6 - width
            rows = [(name.ljust(width), command.get_short_help_str(limit)) for name, command in commands if command]
            with formatter.section(heading):
                formatter.write_dl(rows)
