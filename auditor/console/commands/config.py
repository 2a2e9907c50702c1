"""`iam-audit config`: the effective settings, the schema of the file, and pinning."""

from pathlib import Path
from typing import Any

import click
import msgspec

from auditor.console.groups import Commands
from auditor.console.options import selection_options
from auditor.console.requests import request_of
from auditor.selection.options import Choice
from auditor.writers.visible import visible


@click.group("config", cls=Commands)
def config_group() -> None:
    """Show the settings, pin the selection, or print the schema."""


@config_group.command("show")
@selection_options
def config_show(**options: Any) -> None:
    """Print every effective setting and where it comes from.

    That is the default, the configuration file, a conformance pack or an option.

    \b
    Examples:
      iam-audit config show
      iam-audit config show --config ci/iam-audit.toml --rules core
    """
    from auditor.selection.effective import effective
    from auditor.selection.plan import current

    for setting in effective(current(request_of(Choice, options))):
        value = msgspec.json.encode(setting.value).decode()
        click.echo(f"{visible(setting.key)} = {visible(value)}  # {visible(str(setting.origin))}")


@config_group.command("schema")
def config_schema() -> None:
    """Print the JSON Schema of iam-audit.toml, for editors.

    Editors that know Taplo's directive take it from the first line of iam-audit.toml:
    #:schema ./iam-audit.schema.json

    \b
    Example:
      iam-audit config schema > iam-audit.schema.json
    """
    from auditor.selection import config

    click.echo((Path(config.__file__).parent / "config.schema.json").read_text("utf-8"), nl=False)


@config_group.command("pin")
@selection_options
def config_pin(**options: Any) -> None:
    """Write the selected rules into the configuration file.

    Rules that a later release adds then do not fail your gate. The rest of the file stays as it is; without one,
    iam-audit.toml is made.

    \b
    Examples:
      iam-audit config pin
      iam-audit config pin --rules aws-config
    """
    from auditor.console.pinning import pin

    file, count = pin(request_of(Choice, options))
    click.echo(f"Pinned {count} rules in {file}", err=True)


command = config_group
