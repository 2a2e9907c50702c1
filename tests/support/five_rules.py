"""The rules of the first release, for tests that count findings, so that new rules do not change their numbers."""

from rule_parameters import configured

IDS = (
    "iam-group-has-users-check",
    "iam-password-policy",
    "iam-user-group-membership-check",
    "iam-user-no-policies-check",
    "mfa-enabled-for-iam-console-access",
)
FIVE = [configured(name) for name in IDS]
OPTIONS = tuple(option for name in IDS for option in ("--rule", name))
"""The same for the command line."""
