"""`iam-audit history`: many nights in one file, with the age and the end of each finding."""

from collections.abc import Callable
from typing import Any

import click

from auditor.console.groups import Commands
from auditor.console.options import (
    HISTORY_CODES,
    SEVERITIES,
    VERIFY_CODES,
    C,
    config_options,
    files_option,
    quiet_option,
    showing,
)
from auditor.console.requests import (
    HistoryAddRequest,
    HistoryPruneRequest,
    HistoryReportRequest,
    HistorySampleRequest,
    HistoryShowRequest,
    HistoryTrendRequest,
    HistoryVerifyRequest,
    request_of,
)
from auditor.console.values import day, files, rule_names, without_signatures


def history_option(command: C) -> C:
    """Add the options that name the history, directly or through the configuration file."""
    named = click.option(
        "--history",
        shell_complete=files,
        metavar="FILE",
        help="The file of the history [`history.file` of --config].",
    )
    return named(config_options(command))


_FORMATS = click.Choice(["table", "json", "markdown"])
_format = showing(
    "--format", "output_format", type=_FORMATS, default="table", help="What standard output shows [table]."
)


def _filters(command: C) -> C:
    """Add the options that select findings."""
    for option in (
        click.option(
            "--severity", "severities", multiple=True, type=SEVERITIES, help="Only this severity; repeatable."
        ),
        click.option(
            "--rule",
            "rules",
            multiple=True,
            metavar="NAME",
            shell_complete=rule_names,
            help="Only this rule; repeatable.",
        ),
        click.option("--account", "accounts", multiple=True, metavar="ID", help="Only this account; repeatable."),
    ):
        command = option(command)
    return command


def _period(command: C) -> C:
    """Add the options that name a period."""
    for name, text in (("--until", "The last day (UTC) of interest."), ("--since", "The first day (UTC) of interest.")):
        command = click.option(name, type=day, metavar="DATE", help=text)(command)
    return command


def _output(text: str) -> Callable[[C], C]:
    """Return a decorator for the options of commands that print or write files; `text` is the help of -o."""
    path = files_option(text)
    form = showing(
        "--format", "output_format", type=_FORMATS, help="What standard output shows, also beside -o [table]."
    )
    return lambda command: form(path(quiet_option(command)))


@click.group("history", cls=Commands)
def history_group() -> None:
    """Keep many nights in one file, and show how old findings are."""


@history_group.command("add", epilog=HISTORY_CODES)
@click.argument(
    "reports", nargs=-1, required=True, callback=without_signatures, shell_complete=files, metavar="REPORT.json|RUNS..."
)
@history_option
@quiet_option
def history_add(**options: Any) -> int:
    """Add stored JSON reports to a history.

    The file is made if it is not there. The order in which reports are named or added does not matter, and one that is
    there already is passed over. RUNS is the folder or s3:// address in which `organization scan` keeps its runs, or
    that of one run: the reports of all accounts are added, and those that are missing are counted.

    \b
    Examples:
      iam-audit history add --history iam-history.db reports/*.json
      iam-audit history add --history iam-history.db iam-audit-runs
      iam-audit scan --profile audit --history iam-history.db
    """
    from auditor.console.recording import add_reports

    return add_reports(request_of(HistoryAddRequest, options))


@history_group.command("show", epilog=HISTORY_CODES)
@history_option
@_filters
@_format
def history_show(**options: Any) -> int:
    """Show the findings that are not resolved, with their ages.

    Ages are those at the newest run of the account. An age is "at least" so many days if no run of the day before
    proves that the finding was not there yet; a night that proves nothing neither begins nor ends a finding. The table
    [sla] of iam-audit.toml decides what is overdue.

    \b
    Examples:
      iam-audit history show --history iam-history.db
      iam-audit history show --history iam-history.db --severity critical
    """
    from auditor.console.history import show

    return show(request_of(HistoryShowRequest, options))


@history_group.command("trend", epilog=HISTORY_CODES)
@history_option
@_filters
@_period
@_output("Write .html with charts, .json or .md; repeatable.")
def history_trend(**options: Any) -> int:
    """Show what was open and resolved on each day.

    Days without a run are listed. So are the changes of rules, parameters and release, how long findings took to be
    remediated by severity, and how the table [sla] of iam-audit.toml was kept.

    \b
    Examples:
      iam-audit history trend --history iam-history.db
      iam-audit history trend --history iam-history.db -o trend.html
      iam-audit history trend --history iam-history.db --since 2026-09-01
    """
    from auditor.console.history import show_trend

    return show_trend(request_of(HistoryTrendRequest, options))


@history_group.command("report", epilog=HISTORY_CODES)
@click.argument("report_file", shell_complete=files, metavar="REPORT.json")
@history_option
@click.option(
    "--new-since", type=day, metavar="DATE", help="Mark what began on this day (UTC) or later [the run before]."
)
@_output("Write the report as .html with ages, or only the ages as .json or .md; repeatable.")
def history_report(**options: Any) -> int:
    """Show a stored report with the age of each finding.

    The report must be in the history. Ages are those at the time of the report: later runs do not matter. The report
    itself stays as it is; --format json and .json contain the ages by fingerprint.

    \b
    Examples:
      iam-audit history report monday.json --history h.db --new-since 2026-11-01
      iam-audit history report monday.json --history h.db -o monday.html
    """
    from auditor.console.history import show_report

    return show_report(request_of(HistoryReportRequest, options))


@history_group.command("sample", epilog=HISTORY_CODES)
@history_option
@click.option("--size", type=click.IntRange(1, 100_000), default=25, show_default=True, help="How many to draw.")
@click.option("--seed", type=int, required=True, metavar="NUMBER", help="The same seed draws the same findings.")
@_filters
@_period
@_format
def history_sample(**options: Any) -> int:
    """Draw findings at random that were NON_COMPLIANT in a period.

    \b
    Example:
      iam-audit history sample --history iam-history.db --size 25 --seed 20261124
    """
    from auditor.console.history import show_sample

    return show_sample(request_of(HistorySampleRequest, options))


@history_group.command("prune", epilog=HISTORY_CODES)
@history_option
@click.option("--before", type=day, required=True, metavar="DATE", help="The first day (UTC) that stays whole.")
@click.option("--account", "accounts", multiple=True, metavar="ID", help="Only this account; repeatable.")
@click.option("--dry-run", is_flag=True, help="Show what would go, and change nothing.")
@quiet_option
def history_prune(**options: Any) -> int:
    """Delete the verdicts of the runs before a day.

    What stays: every run with its digests and the chain, and every finding that was ever NON_COMPLIANT, with its name
    and when it was open, suppressed or resolved. So ages, the trend and samples stay the same.

    What goes: the verdicts of the runs before DATE, the names of resources that no later run has and that never were
    NON_COMPLIANT, the reasons of old suppressions, and the configuration of old runs. It cannot be undone, and no
    report from before DATE can be added later. The newest run of an account always stays whole.

    \b
    Examples:
      iam-audit history prune --history h.db --before 2026-01-01 --dry-run
      iam-audit history prune --history h.db --before 2026-01-01
    """
    from auditor.console.recording import prune_history

    return prune_history(request_of(HistoryPruneRequest, options))


@history_group.command("verify", epilog=VERIFY_CODES)
@click.argument("reports", nargs=-1, callback=without_signatures, shell_complete=files, metavar="[REPORT.json...]")
@history_option
@click.option(
    "--head",
    "heads",
    multiple=True,
    metavar="LINK",
    help="A link of the chain that you noted earlier; it must still be there; repeatable.",
)
@_format
def history_verify(**options: Any) -> int:
    """Check that nothing in a history was removed or changed.

    Every run is compared with the one before, its verdicts with their digest, and the status of each finding is
    derived again. With reports, each must be in the history unchanged, and each run must have its report.

    \b
    Examples:
      iam-audit history verify --history iam-history.db
      iam-audit history verify --history iam-history.db reports/*.json
    """
    from auditor.console.history import verify

    return verify(request_of(HistoryVerifyRequest, options))


command = history_group
