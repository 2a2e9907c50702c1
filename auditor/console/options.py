"""Command-line options that several commands share, and those of commands with many."""

from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

import click

from auditor.console.groups import Headed
from auditor.console.values import (
    FormatName,
    SetName,
    files,
    framework_names,
    hours,
    parameter_names,
    point_in_time,
    profile_names,
    rule_names,
    seconds,
)
from auditor.judging.rule import Severity
from auditor.selection.sets import RuleSet

_EXIT_CODES = """\b
Exit codes:
  0    {done}
  2    bad usage or configuration
  3    {failed}
  130  interrupted (143: terminated, 129: hung up)"""
SCAN_CODES = _EXIT_CODES.format(
    done="audited, complete; the gate, if any, passed\n  1    the gate that --fail-on sets did not pass",
    failed="the audit could not be done, or a rule failed\n  4    incomplete: a finding has INSUFFICIENT_DATA",
)
SNAPSHOT_CODES = _EXIT_CODES.format(
    done="written, complete", failed="it could not be read or written\n  4    written, but something could not be read"
)
DIFF_CODES = _EXIT_CODES.format(
    done="compared\n  1    --fail-on new, and a finding is new",
    failed="a report could not be read or written, or a rule failed\n"
    "  4    incomplete: NEW has INSUFFICIENT_DATA, or a finding was not seen",
)
PARITY_CODES = _EXIT_CODES.format(
    done="compared; every disagreement is explained\n  1    a disagreement is real",
    failed="the results or the account could not be read, or a rule failed\n"
    "  4    incomplete: nothing was compared, or something could not be compared",
)
PUBLISH_CODES = _EXIT_CODES.format(
    done="published, or shown what would be",
    failed="the report could not be read, or AWS did not take every finding\n"
    "  4    published; findings of which the report proves nothing stay",
)
CAN_CODES = _EXIT_CODES.format(
    done="allow; without --session: nothing is undecided\n  1    --session, and it is denied",
    failed="the account could not be read\n  4    undecided: a fact that decides is unknown",
)
EXPLAIN_CODES = _EXIT_CODES.format(
    done="everything of the resource is known",
    failed="the account could not be read, a file not written, or a rule failed\n"
    "  4    something of it is unknown or undecided",
)
REPORT_CODES = _EXIT_CODES.format(
    done="shown or written; the gate, if any, passed\n  1    --fail-on noncompliant, and a finding is NON_COMPLIANT",
    failed="the report could not be read or written, or a rule failed\n"
    "  4    --fail-on, and incomplete: a finding has INSUFFICIENT_DATA",
)
HOOK_CODES = _EXIT_CODES.format(
    done="no template introduces a NON_COMPLIANT finding\n  1    one does", failed="a template could not be read"
)
FORECAST_CODES = _EXIT_CODES.format(
    done="looked ahead\n  1    --fail-on open, and a finding will open",
    failed="the account could not be read, or a rule failed\n"
    "  4    incomplete: a finding has INSUFFICIENT_DATA, and may fail any day",
)
VERIFY_CODES = _EXIT_CODES.format(
    done="everything agrees\n  1    something was removed or changed",
    failed="the history or a report could not be read",
)
ORGANIZATION_CODES = _EXIT_CODES.format(
    done="all accounts audited, complete; the gate, if any, passed\n  1    the gate that --fail-on sets did not pass",
    failed="no account was audited, the run ended early, or a rule failed\n  4    an account was not fully audited",
)
WRITTEN_CODES = _EXIT_CODES.format(done="written", failed="a file could not be read or written")
PACK_VERIFY_CODES = _EXIT_CODES.format(
    done="what was checked agrees; the output names what was not\n  1    something differs or was changed",
    failed="the file could not be read, or is no evidence",
)
HISTORY_CODES = _EXIT_CODES.format(done="done", failed="the history or a report could not be read or written")

C = TypeVar("C", bound=Callable[..., Any])

STDOUT_FORMATS = [
    "table",
    "json",
    "jsonl",
    "csv",
    "sarif",
    "junit",
    "markdown",
    "step-summary",
    "github",
    "gitlab",
    "asff",
    "ocsf",
]


SEVERITIES = click.Choice([name.value for name in Severity], case_sensitive=False)
"""The severities, in any case."""


reading = partial(click.option, cls=Headed, heading="Account")
_credentials = partial(click.option, cls=Headed, heading="AWS credentials")
_selecting = partial(click.option, cls=Headed, heading="Rules and settings")
showing = partial(click.option, cls=Headed, heading="Output")
gate_option = partial(click.option, cls=Headed, heading="Exit code")
_planning = partial(click.option, cls=Headed, heading="Planned change")


def _options(*options: Callable[[C], C]) -> Callable[[C], C]:
    def decorated(command: C) -> C:
        for option in reversed(options):
            command = option(command)
        return command

    return decorated


def aws_options_for(*, region: str, timeout: str) -> Callable[[C], C]:
    """Return a decorator for the options that lead to an account; `region` and `timeout` are the help of these two."""
    return _options(
        _credentials("--profile", metavar="NAME", shell_complete=profile_names, help="AWS profile to use."),
        _credentials(
            "--region",
            metavar="REGION",
            help=region,
        ),
        _credentials("--role-arn", metavar="ARN", help="Assume this role first."),
        _credentials("--external-id", metavar="ID", help="External id for --role-arn."),
        _credentials(
            "--mfa-serial", metavar="ARN", help="Your MFA device, where policies deny everything without MFA."
        ),
        _credentials("--mfa-code", metavar="CODE", help="The device's code; a terminal prompts for it if left out."),
        reading("--expect-account", metavar="ID", help="Stop with exit code 2 if it is another account."),
        reading(
            "--timeout",
            "timeout_s",
            type=seconds,
            metavar="SECONDS",
            help=timeout,
        ),
    )


aws_options = aws_options_for(
    region="AWS Region to call, whose access analyzers are judged; with --exports, the one they were listed in.",
    timeout="Stop reading AWS after this time [1800]; what was not read by then is unknown.",
)
snapshot_option = reading(
    "--snapshot", shell_complete=files, metavar="FILE", help="Read a saved snapshot; - reads standard input."
)
place_options = _options(
    reading("--exports", shell_complete=files, metavar="DIR", help="Read a folder of AWS CLI output."),
    reading("--captured-at", type=point_in_time, metavar="TIME", help="When the files of --exports were written."),
    reading("--demo", is_flag=True, help="Read a made-up account in an embedded emulator (needs the extra demo)."),
    aws_options,
)
config_options = _options(
    _selecting(
        "--config",
        shell_complete=files,
        metavar="FILE",
        help="Settings [iam-audit.toml of the working folder, if it is there].",
    ),
    _selecting("--no-config", is_flag=True, help="Read no configuration file."),
)
selection_options = _options(
    config_options,
    _selecting(
        "--rules",
        "rule_set",
        type=SetName([name.value for name in RuleSet], case_sensitive=False),
        metavar="SET",
        help="Select this set: default (AWS Config's rules without iam-policy-description), core, aws-config, "
        "practices, all, or a framework's rules with its values, such as CIS-AWS-3.0.",
    ),
    _selecting(
        "--rule",
        "include",
        multiple=True,
        metavar="NAME",
        shell_complete=rule_names,
        help="Select only this rule; repeatable.",
    ),
    _selecting(
        "--exclude-rule",
        "exclude",
        multiple=True,
        metavar="NAME",
        shell_complete=rule_names,
        help="Leave this rule out; repeatable.",
    ),
    _selecting(
        "--parameter",
        "parameters",
        multiple=True,
        metavar="RULE.NAME=VALUE",
        shell_complete=parameter_names,
        help="Set a rule's parameter; repeatable.",
    ),
    _selecting(
        "--conformance-pack",
        "packs",
        shell_complete=files,
        multiple=True,
        metavar="FILE",
        help="Select the rules of this conformance pack of AWS Config instead, and those of --rule; repeatable.",
    ),
    _selecting(
        "--pack-parameter",
        "pack_parameters",
        multiple=True,
        metavar="[PACK:]NAME=VALUE",
        help="Override the default of a pack's parameter; PACK is the file's name without suffix; repeatable.",
    ),
)
framework_option = showing(
    "--framework",
    "frameworks",
    multiple=True,
    metavar="NAME",
    shell_complete=framework_names,
    help="Show this framework control by control too, such as CIS-AWS-3.0; repeatable.",
)
quiet_option = click.option("-q", "--quiet", is_flag=True, help="Show nothing on stderr but errors.")
verbose_option = click.option("-v", "--verbose", is_flag=True, help="Show on stderr how each source was read.")


def files_option(help_text: str) -> Callable[[C], C]:
    """Return a decorator for the option -o of a command that writes any number of files."""
    return showing("-o", "--output", "paths", shell_complete=files, multiple=True, metavar="PATH", help=help_text)


output_option = files_option("Write a report in the format of the suffix, such as .html, .json or .sarif; repeatable.")
format_option = showing(
    "--format",
    "output_format",
    type=FormatName(STDOUT_FORMATS),
    metavar="FORMAT",
    help=f"What standard output shows [table]: {', '.join(STDOUT_FORMATS)}.",
)
text_or_json = showing(
    "--format",
    "output_format",
    type=click.Choice(["text", "json"]),
    default="text",
    help="What standard output shows [text].",
)
security_hub_option = showing(
    "--security-hub-region",
    metavar="REGION",
    help="AWS Region of the Security Hub that the format asff is for [AWS_REGION].",
)
sign_option = click.option(
    "--sign",
    shell_complete=files,
    metavar="KEY",
    help="Sign each file of -o with this key, a file or env:NAME; the signature is FILE.dsse.json (needs the extra "
    "sign).",
)
only_option = _planning(
    "--only",
    type=click.Choice(["introduced"]),
    help="With --fail-on: fail only on findings that the change introduces. Standard output shows only these and the "
    "undetermined ones.",
)
planned_options = _options(
    _planning(
        "--terraform-plan",
        "terraform_plans",
        shell_complete=files,
        multiple=True,
        metavar="FILE",
        help="Judge what this plan changes, as `terraform show -json` writes it; repeatable.",
    ),
    _planning(
        "--source-dir",
        "source_dirs",
        shell_complete=files,
        multiple=True,
        metavar="DIR",
        help="The folder of the plan's root module: findings name file and line; repeatable, one for each plan.",
    ),
    _planning(
        "--cloudformation",
        "templates",
        shell_complete=files,
        multiple=True,
        metavar="FILE",
        help="Judge what this template or change set does; repeatable. Plans and templates apply in the order given.",
    ),
    _planning(
        "--stack-parameter",
        "stack_parameters",
        multiple=True,
        metavar="[FILE:]NAME=VALUE",
        help="Give a value to a parameter of the templates, or of one; repeatable.",
    ),
    _planning(
        "--live",
        is_flag=True,
        help="Judge the change over the account of the credentials at hand; without an account it is judged alone.",
    ),
    only_option,
)
shown_options = _options(
    showing("--query", metavar="EXPRESSION", help="Print the result of this JMESPath over the JSON report instead."),
    showing("--all", "every_finding", is_flag=True, help="Show every finding in the table."),
    showing(
        "--severity",
        "severities",
        multiple=True,
        type=SEVERITIES,
        help="Show findings of this severity only; repeatable.",
    ),
    showing(
        "--resource",
        "resources",
        multiple=True,
        metavar="PATTERN",
        help="Show only resources whose name, id or ARN matches; * stands for any text; repeatable.",
    ),
)
gate_options = _options(
    gate_option(
        "--min-severity",
        type=SEVERITIES,
        help="Let findings below this severity pass, NON_COMPLIANT and undecided ones [low].",
    ),
    gate_option(
        "--allow-incomplete/--no-allow-incomplete",
        default=None,
        help="Exit with 0 instead of 4 when facts are unknown, unless nothing was decided.",
    ),
)
max_report_age_option = reading(
    "--max-report-age",
    type=hours,
    metavar="HOURS",
    help="Treat what rests on a credential report older than this as unknown.",
)
scan_options = _options(
    format_option,
    output_option,
    shown_options,
    framework_option,
    sign_option,
    security_hub_option,
    gate_option(
        "--fail-on",
        type=click.Choice(["noncompliant", "new", "overdue", "nothing"]),
        help="Exit with 1 if a finding is NON_COMPLIANT; `new` needs --baseline, `overdue` --history and [sla] "
        "[nothing].",
    ),
    gate_option(
        "--baseline",
        shell_complete=files,
        metavar="FILE",
        help="Let findings pass that are NON_COMPLIANT in this earlier report or baseline too.",
    ),
    gate_options,
    max_report_age_option,
    gate_option(
        "--max-snapshot-age",
        type=hours,
        metavar="HOURS",
        help="Refuse a snapshot or export that was captured longer ago.",
    ),
    reading(
        "--verify",
        is_flag=True,
        help="Read users again whose MFA finding rests on an older credential report.",
    ),
    click.option(
        "--history",
        shell_complete=files,
        metavar="FILE",
        help="Add the report to this history, which `iam-audit history` shows [history.file of --config].",
    ),
    click.option(
        "--as-of",
        type=point_in_time,
        metavar="TIME",
        help="Take this as the time of the run, for the end dates of suppressions too.",
    ),
)
