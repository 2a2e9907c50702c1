"""`iam-audit frameworks`: the frameworks that --framework knows."""

import click

from auditor.console.groups import Command


@click.command(cls=Command)
def frameworks() -> None:
    """List the frameworks that --framework knows.

    It counts the controls that rules support, and the known ones that no rule supports.
    """
    from auditor.selection.frameworks import known, listed, supported, uncovered

    click.echo(f"{'name':<28} {'supported':>9} {'uncovered':>9}  title")
    for framework in known().values():
        without = len(uncovered(framework.name)) if listed(framework.name) else "unknown"
        click.echo(f"{framework.name:<28} {len(supported(framework.name)):>9} {without:>9}  {framework.title}")
    click.echo("\nUncovered are only those controls on IAM that are known for certain; there may be more.")


command = frameworks
