"""Checks whether an IAM user is a member of at least one IAM group.

Why
    Rights that come through groups are given by role and taken away in one place. A user outside every group has
    either no rights or rights of its own that nobody reviews.

COMPLIANT
    The user is in at least one group, and in at least one of groupNames if that is given. Whether AWS means one or
    all of them is undocumented; one is our decision.
NON_COMPLIANT
    The user is in no group, or in none of groupNames. Policies attached to the user do not help.
INSUFFICIENT_DATA
    The user is not known to be in such a group, and the user's groups could not be read completely.

Parameters
    groupNames (CSV, optional): names of groups, not ARNs or paths. Names compare exactly, which is our decision; a
    group whose name holds a comma cannot be named here.

Fix
    `aws iam add-user-to-group --group-name GROUP --user-name USER`
"""

from collections.abc import Iterator

from msgspec import Struct

from auditor.model import ResourceType, Source, User
from auditor.rule import Context, Evidence, Rule, RuleOrigin, Severity, Verdict, compliant, non_compliant


class Parameters(Struct, frozen=True):
    """Hold the parameters in AWS's spelling."""

    groupNames: tuple[str, ...] | None = None


def evaluate(user: User, context: Context[Parameters]) -> Verdict:
    """Judge one user by the groups it is in."""
    wanted = context.parameters.groupNames
    for name in user.group_names:
        if not wanted or name in wanted:
            return compliant("The user is in a group", Evidence("group_names", name, Source.USERS))
    place = f"none of the groups {', '.join(wanted)}" if wanted else "no group"
    return non_compliant(f"The user is in {place}", Evidence("group_names", user.group_names.known_part, Source.USERS))


def notes(context: Context[Parameters]) -> Iterator[str]:
    """Yield a warning for names in groupNames that cannot match, as far as the groups are known."""
    named = context.parameters.groupNames or ()
    arns = [wanted for wanted in named if wanted.startswith("arn:")]
    yield from (f"groupNames: {arn!r} looks like an ARN; the parameter takes names" for arn in arns)
    names = {group.name for group in context.snapshot.groups}
    for wanted in (each for each in named if each not in arns):
        alike = next((name for name in names if name.casefold() == wanted.casefold()), None)
        if alike is None:
            yield f"groupNames: there is no group {wanted!r} (a name with a comma cannot be given here)"
        elif wanted not in names:
            yield f"groupNames: {wanted!r} differs only in case from the group {alike!r}; names compare exactly"


RULE = Rule(
    id="iam-user-group-membership-check",
    source_identifier="IAM_USER_GROUP_MEMBERSHIP_CHECK",
    resource_types=(ResourceType.USER,),
    reads=frozenset({Source.USERS}),
    severity=Severity.MEDIUM,  # ours: Security Hub has no control for this rule
    source_url="https://docs.aws.amazon.com/config/latest/developerguide/iam-user-group-membership-check.html",
    evaluate=evaluate,
    origin=RuleOrigin.AWS_CONFIG,
    parameters=Parameters,
    notes=notes,
)
