"""The command line: its commands parse options and wire the parts together."""

import shutil
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import click
import msgspec

from auditor import __version__, signals
from auditor.account.sources import VERIFYING, Source
from auditor.console import process
from auditor.console.options import (
    REPORT_CODES,
    SCAN_CODES,
    SNAPSHOT_CODES,
    Commands,
    files,
    framework_option,
    output_option,
    place_options,
    quiet_option,
    reading,
    rule_names,
    scan_options,
    selection_options,
    showing,
    verbose_option,
)
from auditor.console.places import Inputs
from auditor.judging.parameters import needed
from auditor.judging.registry import described, find, load_rules, page, sections
from auditor.selection.selection import Choice, sets_of
from auditor.writers.visible import visible


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and give the exit code; every error ends here, as one message on stderr.

    Without `argv` it takes the program's own, and the whole process is then its business: a signal ends it.
    """
    if argv is not None:
        return process.run(iam_audit, argv)
    with signals.caught():
        process.open_streams()
        return process.run(iam_audit, sys.argv[1:])


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="iam-audit", message="%(prog)s %(version)s")
def iam_audit() -> None:
    """Audit the IAM of an AWS account with AWS Config's managed rules, without AWS Config."""


@iam_audit.command(epilog=SCAN_CODES)
@reading("--snapshot", shell_complete=files, metavar="FILE", help="Read a saved snapshot; - reads standard input.")
@place_options
@selection_options
@scan_options
@quiet_option
@verbose_option
def scan(**options: Any) -> int:
    """Audit an account and show what is not in order.

    --severity and --resource narrow what standard output shows; counts, files and the exit code always rest on
    every finding.

    \b
    Examples:
      iam-audit scan --profile audit
      iam-audit scan --exports exports/ -o report.html
      iam-audit scan --snapshot monday.json.gz --fail-on noncompliant
      iam-audit scan --parameter iam-password-policy.MinimumPasswordLength=16
      iam-audit scan --conformance-pack Operational-Best-Practices-for-CIS.yaml
      iam-audit scan --query "findings[?suppression].[resource_name, suppression]"
    """
    from auditor.console.scan import Options, run  # other commands start faster without the engine

    place, choice = _place(options), _choice(options)
    return run(place, choice, Options(**options), _speaker(quiet=options["quiet"]))


@iam_audit.command(epilog=SNAPSHOT_CODES)
@place_options
@selection_options
@showing(
    "-o",
    "--output",
    "path",
    shell_complete=files,
    required=True,
    metavar="FILE",
    help="Where to write it: .json or .json.gz.",
)
@quiet_option
@verbose_option
def snapshot(*, path: str, quiet: bool, verbose: bool, **options: Any) -> int:
    """Save what rules read of an account, to be audited later.

    That is what the selected rules read, by default all that any reads.

    The file is readable by its owner only. It holds names, policies and the state of credentials, but no secrets.

    \b
    Examples:
      iam-audit snapshot --profile audit -o 111122223333.json.gz
      iam-audit snapshot -o "{account_id}-{captured_at:%Y%m%d}.json"
      iam-audit snapshot -o monday.json && iam-audit scan --snapshot monday.json
    """
    from auditor.console.scan import save

    place, choice = _place(options), _choice(options)
    return save(place, choice, path, _speaker(quiet=quiet), quiet=quiet, verbose=verbose)


@iam_audit.command(epilog=REPORT_CODES)
@click.argument("report_file", shell_complete=files, metavar="REPORT.json")
@output_option
@showing("--all", "every_finding", is_flag=True, help="Show every finding in the table.")
@framework_option
@quiet_option
def report(
    *, report_file: str, paths: tuple[str, ...], every_finding: bool, frameworks: tuple[str, ...], quiet: bool
) -> int:
    """Render a stored JSON report again; without -o as a table.

    --framework shows others than those that the report was made with.

    \b
    Examples:
      iam-audit report monday.json -o monday.html
      iam-audit report monday.json --framework "CIS 3.0" --framework FSBP
    """
    from auditor.console.scan import render

    return render(report_file, paths, frameworks, _speaker(quiet=quiet), every_finding=every_finding)


@iam_audit.command("frameworks")
def frameworks_list() -> None:
    """List the frameworks that --framework knows.

    It counts the controls that rules support, and the known ones that no rule does.
    """
    from auditor.report.frameworks import known, listed, supported, uncovered

    click.echo(f"{'name':<28} {'supported':>9} {'uncovered':>9}  title")
    for framework in known().values():
        without = len(uncovered(framework.name)) if listed(framework.name) else "unknown"
        click.echo(f"{framework.name:<28} {len(supported(framework.name)):>9} {without:>9}  {framework.title}")
    click.echo("\nUncovered are only those controls on IAM that are known for certain; there may be more.")


@iam_audit.command()
@click.argument("form", metavar="FORMAT", type=click.Choice(["conformance-pack", "terraform", "cloudformation"]))
@selection_options
@showing(
    "-o",
    "--output",
    "path",
    shell_complete=files,
    metavar="FILE",
    help="Write to this file instead: .yaml, .yml or .tf.",
)
@quiet_option
def export(*, form: str, path: str | None, quiet: bool, **options: Any) -> None:
    """Write the selected rules as real AWS Config rules.

    FORMAT is conformance-pack, terraform or cloudformation. Every parameter is written out with its effective value.

    \b
    Examples:
      iam-audit export conformance-pack -o iam.yaml
      iam-audit export terraform --rule iam-password-policy -o password-policy.tf
      iam-audit export cloudformation --conformance-pack CIS.yaml > stack.yaml
    """
    from auditor.selection.plan import current
    from auditor.writers.config_rules.exporting import check  # PyYAML: 25 ms
    from auditor.writers.config_rules.exporting import export as write_export

    plan = current(_choice(options))
    check(form, path, plan.pack_paths.values())
    write_export(form, plan.rules, path, _speaker(quiet=quiet), plan.packs)


@iam_audit.group()
def rules() -> None:
    """Show the rules: what they ask and how to fix what they find."""


@rules.command("list")
@click.option("--format", "output_format", type=click.Choice(["table", "json"]), default="table", show_default=True)
def rules_list(*, output_format: str) -> None:
    """List every rule, with its severity and its smallest set.

    Rules are built in or plugged in.

    Of the sets core, aws-config (the default) and all each holds the one before. A rule that needs a value runs only
    where the value is given.
    """
    known = load_rules().values()
    if output_format == "json":
        listed = [{**described(rule), "sets": sets_of(rule), "needs": needed(rule)} for rule in known]
        click.echo(msgspec.json.format(msgspec.json.encode(listed), indent=2))
        return
    for rule in known:
        needs = f" (needs {', '.join(needed(rule))})" if needed(rule) else ""
        head, asks = f"{rule.id:<42} {rule.severity:<8} {sets_of(rule)[0]}", f"{sections(page(rule))['']}{needs}"
        click.echo(_unfolded(head, asks) if sys.stdout.isatty() else f"{head:<62} {asks}")


def _unfolded(head: str, asks: str) -> str:
    """Set what a rule asks under its name, for a terminal; a pipe gets a rule a line."""
    width = shutil.get_terminal_size().columns
    return f"{head}\n{click.wrap_text(asks, width, initial_indent='  ', subsequent_indent='  ')}\n"


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


@iam_audit.command()
@selection_options
@reading("--verify", is_flag=True, help="Allow what `scan --verify` asks too.")
def permissions(*, verify: bool, **options: Any) -> None:
    """Print the least IAM policy for reading what rules need.

    That is what the selected rules need, by default what any needs.

    \b
    Examples:
      iam-audit permissions > policy.json
      iam-audit permissions --rules core --verify
    """
    from auditor.collectors.live.collection import permissions_policy
    from auditor.selection.plan import current, sources_wanted

    wanted = sources_wanted(current(_choice(options)))
    sources = wanted | (VERIFYING if verify else frozenset[Source]())
    click.echo(msgspec.json.format(msgspec.json.encode(permissions_policy(sources)), indent=2))


@iam_audit.group("config")
def config_group() -> None:
    """Show the settings, pin the selection, or print the schema."""


@config_group.command("show")
@selection_options
def config_show(**options: Any) -> None:
    """Print every effective setting and where it comes from.

    That is default, the configuration file, a conformance pack, or option.

    \b
    Examples:
      iam-audit config show
      iam-audit config show --config ci/iam-audit.toml --rules core
    """
    from auditor.console.pinning import effective

    for setting in effective(_choice(options)):
        value = msgspec.json.encode(setting.value).decode()
        click.echo(f"{visible(setting.key)} = {visible(value)}  # {visible(setting.origin)}")


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

    So the rules of a new release do not turn a gate red. The rest of the file stays as it is; without one,
    iam-audit.toml is made.

    \b
    Examples:
      iam-audit config pin
      iam-audit config pin --rules aws-config
    """
    from auditor.console.pinning import pin

    file, count = pin(_choice(options))
    click.echo(f"Pinned {count} rules in {file}", err=True)


def _place(options: dict[str, Any]) -> Inputs:
    """Take the options out that say where the account is read from."""
    return Inputs(**{name: options.pop(name) for name in Inputs.__struct_fields__ if name in options})


def _choice(options: dict[str, Any]) -> Choice:
    """Take the options out that say which rules are selected."""
    return Choice(**{name: options.pop(name) for name in Choice.__struct_fields__})


def _speaker(*, quiet: bool) -> Callable[[str], None]:
    return (lambda _: None) if quiet else lambda message: click.echo(visible(message), err=True)
