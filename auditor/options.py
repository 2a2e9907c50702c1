"""The options that several commands share, and how their values are read."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import click

from auditor.selection import RuleSet

C = TypeVar("C", bound=Callable[..., Any])

STDOUT_FORMATS = ["table", "json", "jsonl", "csv"]


def point_in_time(text: str) -> datetime:
    """Read a time in ISO 8601; without a zone it is UTC."""
    try:
        time = datetime.fromisoformat(text)
        return (time if time.tzinfo else time.replace(tzinfo=UTC)).astimezone(UTC).replace(microsecond=0)
    except (ValueError, OverflowError) as error:
        raise click.BadParameter(f"{text!r} is no time such as 2026-11-24T03:00:00Z") from error


def hours(text: str) -> timedelta:
    """Read a number of hours."""
    try:
        hours = timedelta(hours=float(text))
    except (ValueError, OverflowError) as error:
        raise click.BadParameter(f"{text!r} is no number of hours such as 4 or 0.5") from error
    if hours < timedelta(0):
        raise click.BadParameter("an age is not negative")
    return hours


def _options(*options: Callable[[C], C]) -> Callable[[C], C]:
    def decorated(command: C) -> C:
        for option in reversed(options):
            command = option(command)
        return command

    return decorated


place_options = _options(
    click.option("--exports", metavar="DIR", help="Read a folder of AWS CLI output."),
    click.option(
        "--captured-at", type=point_in_time, metavar="TIME", help="When a bare credential-report.csv was made."
    ),
    click.option("--demo", is_flag=True, help="Read a made-up account in an embedded emulator (needs the extra demo)."),
    click.option("--profile", metavar="NAME", help="AWS profile to use."),
    click.option(
        "--region", metavar="REGION", help="AWS Region; it decides the partition. For exports, the analyzers'."
    ),
    click.option("--role-arn", metavar="ARN", help="Assume this role first."),
    click.option("--external-id", metavar="ID", help="External id for --role-arn."),
    click.option("--mfa-serial", metavar="ARN", help="Your MFA device, where policies deny everything without MFA."),
    click.option("--mfa-code", metavar="CODE", help="The device's code; asked for at a terminal if left out."),
    click.option("--expect-account", metavar="ID", help="Stop with exit code 2 if it is another account."),
    click.option(
        "--timeout",
        "timeout_s",
        type=click.FloatRange(min=0, min_open=True),
        metavar="SECONDS",
        help="Read AWS no longer than this [1800]; what was not read by then is unknown.",
    ),
)
selection_options = _options(
    click.option("--config", metavar="FILE", help="Settings [iam-audit.toml of the working folder, if it is there]."),
    click.option("--rules", "rule_set", type=click.Choice([name.value for name in RuleSet]), help="Select this set."),
    click.option("--rule", "include", multiple=True, metavar="NAME", help="Select only this rule; repeatable."),
    click.option("--exclude-rule", "exclude", multiple=True, metavar="NAME", help="Leave this rule out; repeatable."),
    click.option("--parameter", "parameters", multiple=True, metavar="RULE.NAME=VALUE", help="Set a rule's parameter."),
    click.option(
        "--conformance-pack",
        "packs",
        multiple=True,
        metavar="FILE",
        help="Select the rules of this conformance pack of AWS Config instead, and those of --rule; repeatable.",
    ),
    click.option(
        "--pack-parameter",
        "pack_parameters",
        multiple=True,
        metavar="[PACK:]NAME=VALUE",
        help="Override the default of a pack's parameter; PACK is the file's name without suffix.",
    ),
)
framework_option = click.option(
    "--framework",
    "frameworks",
    multiple=True,
    metavar="NAME",
    help="Show this framework control by control too, such as CIS-AWS-3.0; repeatable.",
)
quiet_option = click.option("-q", "--quiet", is_flag=True, help="Say nothing on stderr but errors.")
verbose_option = click.option("-v", "--verbose", is_flag=True, help="Tell on stderr how each source was read.")
