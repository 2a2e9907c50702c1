"""The named sets of rules: the first five, those of AWS Config, and all."""

from enum import StrEnum

from auditor.judging.catalogue import is_managed
from auditor.judging.rule import Rule

CORE = frozenset(
    {
        "iam-group-has-users-check",
        "iam-password-policy",
        "iam-user-group-membership-check",
        "iam-user-no-policies-check",
        "mfa-enabled-for-iam-console-access",
    }
)


class RuleSet(StrEnum):
    """Name the sets of rules: the first five, AWS Config's, and every rule that is installed, plugged in or built in.

    A rule that cannot run without a value from the user is in a set only where the value is given.
    """

    CORE = "core"
    AWS_CONFIG = "aws-config"
    ALL = "all"


def sets_of(rule: Rule) -> tuple[RuleSet, ...]:
    """Return the sets that a rule is in."""
    member_of = {
        RuleSet.CORE: rule.id in CORE,
        RuleSet.AWS_CONFIG: is_managed(rule),
        RuleSet.ALL: True,
    }
    return tuple(name for name, member in member_of.items() if member)
