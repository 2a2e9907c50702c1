"""`iam-audit organization`: many accounts in one run, with one report."""

from functools import partial
from typing import Any

import click

from auditor.console.groups import Commands, Headed
from auditor.console.options import (
    ORGANIZATION_CODES,
    SEVERITIES,
    C,
    files_option,
    framework_option,
    gate_option,
    max_report_age_option,
    quiet_option,
    reading,
    selection_options,
    showing,
)
from auditor.console.requests import OrganizationReportRequest, OrganizationScanRequest, request_of
from auditor.console.values import files, profile_names, seconds
from auditor.organization.records import Keep

_accounts = partial(click.option, cls=Headed, heading="Accounts")
_running = partial(click.option, cls=Headed, heading="The run")
_FORMATS = ("table", "json", "jsonl", "csv", "markdown", "html")
_RETRY = ("denied", "timed_out", "lost", "failed", "partial")


def _account_options(command: C) -> C:
    """Add the options that choose accounts, and say how they are read."""
    for option in (
        _accounts("--region", metavar="REGION", help="AWS Region to call, whose access analyzers are judged."),
        _accounts(
            "--profile", metavar="NAME", shell_complete=profile_names, help="AWS profile that assumes the roles."
        ),
        _accounts(
            "--chain-roles",
            is_flag=True,
            help="Assume the role in each account with the credentials of --management-role, not with your own.",
        ),
        _accounts("--management-role", metavar="ARN", help="Assume this role first, to list the organization."),
        _accounts("--external-id", metavar="ID", help="External id for the role in each account."),
        _accounts(
            "--role-name", metavar="NAME", help="The role to assume in each account [OrganizationAccountAccessRole]."
        ),
        _accounts(
            "--exclude",
            "left_out",
            multiple=True,
            metavar="FILTER",
            help="Leave these accounts out; they stay in the report as not asked; repeatable.",
        ),
        _accounts(
            "--include",
            "only",
            multiple=True,
            metavar="FILTER",
            help="Only these accounts: a number or name, which may hold *, ou:PATH or tag:KEY=VALUE; repeatable.",
        ),
        _accounts(
            "--snapshots",
            shell_complete=files,
            metavar="DIR",
            help="The accounts are the stored snapshots and export folders in this folder.",
        ),
        _accounts(
            "--accounts",
            "accounts_file",
            shell_complete=files,
            metavar="FILE",
            help="The accounts are listed in this CSV or JSON file: id, name, role, external id, tags, OU.",
        ),
        _accounts("--organization", is_flag=True, help="The accounts are those that AWS Organizations lists."),
    ):
        command = option(command)
    return command


def _output_options(command: C) -> C:
    """Add the options for output and exit code."""
    for option in (
        quiet_option,
        gate_option(
            "--allow-incomplete/--no-allow-incomplete",
            default=None,
            help="Let accounts pass that could be read in part; those that could not be read never do.",
        ),
        gate_option("--min-severity", type=SEVERITIES, help="Let findings below this severity pass [low]."),
        gate_option(
            "--fail-on",
            type=click.Choice(["noncompliant", "nothing"]),
            help="Exit with 1 if a finding in any account is NON_COMPLIANT [nothing].",
        ),
        files_option("Write a report in the format of the suffix: .html, .json, .jsonl, .csv or .md; repeatable."),
        showing("--all", "every_account", is_flag=True, help="List every account in the table."),
        showing(
            "--format",
            "output_format",
            type=click.Choice(_FORMATS),
            metavar="FORMAT",
            help=f"What standard output shows [table]: {', '.join(_FORMATS)}.",
        ),
    ):
        command = option(command)
    return command


@click.group("organization", cls=Commands)
def organization() -> None:
    """Audit many accounts in one run, with one report."""


@organization.command("scan", epilog=ORGANIZATION_CODES)
@_account_options
@selection_options
@framework_option
@max_report_age_option
@reading(
    "--timeout",
    "timeout_s",
    type=seconds,
    metavar="SECONDS",
    help="Stop reading an account after this time [1800]; what was not read by then is unknown.",
)
@_running("--store", metavar="PLACE", help="Keep runs in this folder, or in s3://BUCKET/PREFIX [iam-audit-runs].")
@_running(
    "--keep",
    type=click.Choice([each.value for each in Keep]),
    help="What is kept of each account: all that was read, its report, or neither [snapshots].",
)
@_running(
    "--account-pages/--no-account-pages",
    "pages",
    default=None,
    help="Write the HTML report of each account too [where -o names an .html file].",
)
@_running("--parquet", is_flag=True, help="Keep the findings of each account as Parquet too (needs the extra parquet).")
@_running("--resume", metavar="RUN", help="Go on with a run that was interrupted.")
@_running(
    "--retry",
    multiple=True,
    type=click.Choice(_RETRY),
    help="With --resume, try accounts in this state again; repeatable.",
)
@_running("--workers", type=click.IntRange(1, 1000), metavar="N", help="Work on N accounts at a time.")
@_running(
    "--executor",
    type=click.Choice(["threads", "processes"]),
    help="What works on accounts [threads for AWS, 32 at a time; processes for stored ones, one per processor].",
)
@_running("--dask", metavar="ADDRESS", help="Work on a Dask cluster: its scheduler's address (needs the extra dask).")
@_output_options
def organization_scan(**options: Any) -> int:
    """Audit many accounts and report on all of them.

    Every account of the list is in exactly one state in the report: audited, partial, denied, timed out,
    lost, failed, unfinished, suspended, closed or not asked. What was found is stored account by
    account; a run that was interrupted goes on with --resume.

    \b
    Examples:
      iam-audit organization scan --organization -o organization.html
      iam-audit organization scan --accounts accounts.csv --role-name iam-audit
      iam-audit organization scan --organization --exclude "ou:Root/Sandbox*"
      iam-audit organization scan --snapshots snapshots/ --fail-on noncompliant
      iam-audit organization scan --resume RUN --retry denied
    """
    from auditor.console.organization import scan

    return scan(request_of(OrganizationScanRequest, options))


@organization.command("report", epilog=ORGANIZATION_CODES)
@click.argument("run", metavar="RUN")
@showing("--account", metavar="ID", help="Show the report of this account instead.")
@reading("--verify", is_flag=True, help="First compare every stored file with the digests in the receipts.")
@_output_options
def organization_report(**options: Any) -> int:
    """Show the report of a run again, or write it in other formats.

    RUN is the folder of the run, such as iam-audit-runs/org=o-a1b2c3/date=20261124T020000Z, or its
    address in S3.

    \b
    Examples:
      iam-audit organization report RUN -o organization.html
      iam-audit organization report RUN --account 111122223333
    """
    from auditor.console.organization import report

    return report(request_of(OrganizationReportRequest, options))


command = organization
