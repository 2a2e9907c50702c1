"""Overlooked mistakes: statements that name an action but can never allow it, and why, as a policy linter finds them.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsidentityandaccessmanagementiam.html
"""

from collections.abc import Iterator

from auditor.account.unknown import Record
from auditor.policies.access.actions import TARGETS, Target
from auditor.policies.access.answer import DecidingStatement
from auditor.policies.access.documents import CompiledStatement
from auditor.policies.access.globs import fits
from auditor.policies.access.holdings import Holdings
from auditor.policies.access.principals import Principal, Request
from auditor.policies.access.resources import Requested
from auditor.policies.access.variables import text_of
from auditor.policies.statements import Effect

_RESOURCE = 5  # the part of an ARN that names the resource


class Overlooked(Record, frozen=True):
    """Hold a statement that names an action and never allows it, and why."""

    statement: DecidingStatement
    action: str
    reason: str


def overlooked(
    action: str, of: Requested, holdings: Holdings, principal: Principal, request: Request
) -> Iterator[Overlooked]:
    """Yield each statement that allows an action and never applies to what the action acts on."""
    for held in holdings.granting.held:
        for named, statement in zip(held.named, held.document.statements, strict=True):
            if statement.effect is Effect.ALLOW and not statement.all_resources_but and _misses(statement, of, request):
                reason = _reason(statement, of, principal, request)
                if reason is not None:
                    yield Overlooked(named, action, reason)


def _misses(statement: CompiledStatement, of: Requested, request: Request) -> bool:
    named = not statement.conditions.personal and statement.covers_action(of.action) is True
    return named and statement.applies(of, request) is False


def _reason(statement: CompiledStatement, of: Requested, principal: Principal, request: Request) -> str | None:
    if any("${" in piece for template in statement.resources for piece in template if isinstance(piece, str)):
        return "${...} is text, and no variable, in a document whose Version is not 2012-10-17"
    if of.text == "*":
        return 'the resource must be "*", not an ARN'
    patterns = [text_of(template, request)[0] for template in statement.resources]
    target = TARGETS.get(of.action)
    if target and not any(_names(pattern, target) for pattern in patterns):
        return f"the resource must be an ARN such as arn:aws:iam::…:{target}…, and none is named"
    own, name = principal.arn or "", principal.name
    plain = f"{':'.join(own.split(':')[:_RESOURCE])}:{Target.USER}{name}"
    if target is Target.USER and own != plain and any(fits(pattern, plain) for pattern in patterns):
        return "it names a user without a path; for users with one add user/*/${aws:username}"
    return None


def _names(pattern: str, target: Target) -> bool:
    """Return whether a pattern may match resources of a kind."""
    resource = pattern.split(":", _RESOURCE)[-1]
    return "*" in resource[:1] or resource.startswith(target) or fits(resource.partition("/")[0] + "/", target)
