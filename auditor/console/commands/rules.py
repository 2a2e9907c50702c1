"""`iam-audit rules`: the rules and their pages."""

import shutil
import sys

import click
import msgspec

from auditor.console.groups import Commands
from auditor.console.values import rule_names
from auditor.judging.parameters import needed
from auditor.judging.registry import described, find, load_rules, page, sections
from auditor.selection.sets import sets_of


@click.group(cls=Commands)
def rules() -> None:
    """Show the rules: what they ask and how to fix what they find."""


@rules.command("list")
@click.option(
    "--format",
    "output_format",
    type=click.Choice(["table", "json"]),
    default="table",
    help="What standard output shows [table].",
)
def rules_list(*, output_format: str) -> None:
    """List every rule, with its severity and its smallest set.

    Rules are built in or come from plug-ins.

    The set core is a part of default, which runs if nothing is selected, and default is a part of aws-config. The set
    practices holds rules that AWS Config does not have, and all holds every rule. A rule that needs a value runs only
    where the value is given.
    """
    known = load_rules().values()
    if output_format == "json":
        listed = [{**described(rule), "sets": sets_of(rule), "needs": needed(rule)} for rule in known]
        click.echo(msgspec.json.format(msgspec.json.encode(listed), indent=2))
        return
    click.echo(f"{'rule':<42} {'severity':<8} {'set':<10} what it checks")
    for rule in known:
        needs = f" (needs {', '.join(needed(rule))})" if needed(rule) else ""
        head, question = f"{rule.id:<42} {rule.severity:<8} {sets_of(rule)[0]}", f"{sections(page(rule))['']}{needs}"
        click.echo(_on_terminal(head, question) if sys.stdout.isatty() else f"{head:<62} {question}")


def _on_terminal(head: str, question: str) -> str:
    """Return a rule with its question below its name, for a terminal; a pipe gets one line for each rule."""
    width = shutil.get_terminal_size().columns
    return f"{head}\n{click.wrap_text(question, width, initial_indent='  ', subsequent_indent='  ')}\n"


@rules.command("show")
@click.argument("name", shell_complete=rule_names)
def rules_show(*, name: str) -> None:
    """Show a rule's page; NAME is its name or its source identifier.

    \b
    Example:
      iam-audit rules show iam-password-policy
    """
    rule = find(load_rules(), name)
    click.echo(f"{rule.id} ({rule.source_identifier}), severity {rule.severity}\n\n{page(rule)}\n")
    click.echo(f"Reads: {', '.join(sorted(rule.reads))}\nSee: {rule.source_url}")


command = rules
