"""Checks whether an IAM group has at least one IAM user.

Why
    Rights are granted through groups. A group without users grants nothing today and everything to whoever is put
    into it tomorrow, unnoticed: its policies are rarely reviewed.

COMPLIANT
    The group has at least one user; what the user can do or when it last signed in does not matter.
NON_COMPLIANT
    The group has no users. Root is never a member of a group.
INSUFFICIENT_DATA
    No member is known, and users or their groups could not be read completely.

Parameters
    None.

Fix
    Delete the group if nobody needs it: `aws iam delete-group --group-name NAME`, after detaching its policies.
    Otherwise put its users in: `aws iam add-user-to-group --group-name NAME --user-name USER`.
"""

from auditor.model import Group, ResourceType, Source
from auditor.rule import Context, Evidence, NoParameters, Rule, RuleOrigin, Severity, Verdict, compliant, non_compliant


def evaluate(group: Group, context: Context[NoParameters]) -> Verdict:
    """Judge one group by the users that list its exact name."""
    for member in context.members(group):
        return compliant("The group has users", Evidence("members", member, Source.USERS))
    return non_compliant("The group has no users", Evidence("members", [], Source.USERS))


RULE = Rule(
    id="iam-group-has-users-check",
    source_identifier="IAM_GROUP_HAS_USERS_CHECK",
    resource_types=(ResourceType.GROUP,),
    reads=frozenset({Source.GROUPS, Source.USERS}),
    severity=Severity.MEDIUM,  # ours: Security Hub has no control for this rule
    source_url="https://docs.aws.amazon.com/config/latest/developerguide/iam-group-has-users-check.html",
    evaluate=evaluate,
    origin=RuleOrigin.AWS_CONFIG,
)
