"""`iam-audit permissions`: the least IAM policy for reading what rules need."""

from functools import partial
from typing import Any

import click
import msgspec

from auditor.account.sources import VERIFYING, Source
from auditor.console.groups import Command, Headed
from auditor.console.options import reading, selection_options
from auditor.console.requests import PermissionsRequest, request_of
from auditor.errors import UsageError

_organization = partial(click.option, cls=Headed, heading="Organization")


@click.command(cls=Command)
@selection_options
@reading("--verify", is_flag=True, help="Include what `scan --verify` calls.")
@reading("--parity", is_flag=True, help="Include what `parity --live` calls.")
@reading("--publish", is_flag=True, help="Include what `publish security-hub` calls.")
@_organization(
    "--organization",
    is_flag=True,
    help="Print the policy that running `organization scan --organization` needs instead.",
)
@_organization(
    "--template",
    type=click.Choice(["cloudformation-stackset", "terraform"]),
    help="Print a template of the role that each account needs for `organization scan`.",
)
@_organization(
    "--role-name",
    metavar="NAME",
    help="The role in each account [OrganizationAccountAccessRole; --template: iam-audit].",
)
@_organization(
    "--principal", metavar="ID|ARN", help="With --template: the account, role or user that may assume the role."
)
@_organization("--external-id", metavar="ID", help="With --template: the external id that the role demands.")
@_organization(
    "--partition",
    type=click.Choice(["aws", "aws-cn", "aws-us-gov"]),
    help="With --organization: the partition of the accounts [aws].",
)
def permissions(**options: Any) -> None:
    """Print the least IAM policy for reading what rules need.

    It covers the selected rules, and by default all rules.

    \b
    Examples:
      iam-audit permissions > policy.json
      iam-audit permissions --rules core --verify
      iam-audit permissions --organization --role-name iam-audit
      iam-audit permissions --template terraform --principal 111122223333
    """
    from auditor.selection.plan import current, sources_wanted

    request = request_of(PermissionsRequest, options)
    _check(request)
    wanted = sources_wanted(current(request.selection))
    sources = wanted | (VERIFYING if request.verify else frozenset[Source]())
    click.echo(_printed(request, sources).rstrip("\n"))


def _check(request: PermissionsRequest) -> None:
    """Raise UsageError for options that need another one, or exclude each other."""
    if request.organization and request.template:
        raise UsageError("--organization and --template exclude each other", "Print one after the other.")
    template, either = request.template is not None, request.organization or request.template is not None
    needs = (
        ("--principal", request.principal, template, "--template"),
        ("--external-id", request.external_id, template, "--template"),
        ("--partition", request.partition, request.organization, "--organization"),
        ("--role-name", request.role_name, either, "--organization or --template"),
    )
    for name, value, met, needed in needs:
        if value is not None and not met:
            raise UsageError(f"{name} needs {needed}", f"Give {needed} too.")


def _printed(request: PermissionsRequest, sources: frozenset[Source]) -> str:
    from auditor import parity, publish
    from auditor.collectors.live.permissions import permissions_policy
    from auditor.organization.rights import audit_role, caller_policy

    if request.template is not None:
        from auditor.writers.audit_role import cloudformation_stackset, terraform  # PyYAML: 25 ms

        role = audit_role(sources, request.role_name, request.principal, request.external_id)
        return cloudformation_stackset(role) if request.template == "cloudformation-stackset" else terraform(role)
    if request.organization:
        return _json(caller_policy(sources, request.role_name, request.partition or "aws"))
    more = [*(parity.ACTIONS if request.parity else ()), *(publish.ACTIONS if request.publish else ())]
    return _json(permissions_policy(sources, more))


def _json(policy: dict[str, Any]) -> str:
    return msgspec.json.format(msgspec.json.encode(policy), indent=2).decode()


command = permissions
