"""Checks that each user with a console password may change it without help.

Why
    Whoever suspects that a password is known to others should change it at once. Without the right, an administrator
    sets passwords for others, and then knows them.

COMPLIANT
    The user may do iam:ChangePassword on their own user, signed in with MFA; or, without an MFA device, signed in
    without it. The right may come from the account's password policy, from AWS's policy IAMUserChangePassword or from
    any other one, attached to the user or to a group. Without iam:GetAccountPasswordPolicy the console cannot show the
    rules for passwords; then a note says so.
NON_COMPLIANT
    A statement denies it, no statement allows it, or the permissions boundary does not.
NOT_APPLICABLE
    The user has no console password.
INSUFFICIENT_DATA
    A policy, group, boundary or the account's password policy that may decide is unknown; a condition leaves it open;
    or the credential report could not be read, or does not list the user.

Parameters
    None.

    Not considered are SCPs, RCPs, session policies and resource-based policies.

Fix
    Let the account's password policy allow users to change their own password, or attach IAMUserChangePassword to a
    group of the user: `aws iam attach-group-policy --group-name GROUP --policy-arn
    arn:aws:iam::aws:policy/IAMUserChangePassword`. Where a statement denies it until MFA is used, add
    iam:ChangePassword and iam:GetAccountPasswordPolicy to its exceptions. `iam-audit can USER iam:ChangePassword` shows
    which statement decides.
"""

from auditor.model import POLICIES_OF_USERS, ResourceType, Source, User
from auditor.rule import Context, NoParameters, Rule, RuleOrigin, Severity, Verdict, password_change


def evaluate(user: User, context: Context[NoParameters]) -> Verdict:
    """Judge one user by identity policies, permissions boundary and password policy."""
    return password_change(user, context)


RULE = Rule(
    id="iam-user-can-change-own-password",
    source_identifier="IAM_USER_CAN_CHANGE_OWN_PASSWORD",
    resource_types=(ResourceType.USER,),
    reads=POLICIES_OF_USERS | {Source.PASSWORD_POLICY, Source.CREDENTIAL_REPORT},
    severity=Severity.MEDIUM,
    source_url="https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_passwords_enable-user-change.html",
    evaluate=evaluate,
    origin=RuleOrigin.IAM_AUDIT,
)
