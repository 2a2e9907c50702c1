"""Checks that the account's password policy lets users change their own password.

Why
    Whoever suspects that a password is known to others should change it at once, without asking an administrator.
    With "Allow users to change their own password" nobody needs a policy for it.

COMPLIANT
    The account has a password policy of its own, and AllowUsersToChangePassword is on.
NON_COMPLIANT
    AllowUsersToChangePassword is off; or the account is on AWS's default password policy, under which users cannot
    change their password unless an identity policy lets them. That such policies do not count is our decision;
    iam-user-can-change-own-password checks each user.
INSUFFICIENT_DATA
    The password policy could not be read.

Parameters
    None.

Fix
    In the console: IAM, Account settings, Password policy, "Allow users to change their own password". With the AWS
    CLI, `aws iam update-account-password-policy --allow-users-to-change-password` sets every option that is not given
    to its default, so give all of them.
"""

from auditor.model import Account, ResourceType, Source
from auditor.rule import Context, Evidence, NoParameters, Rule, RuleOrigin, Severity, Verdict, compliant, non_compliant


def evaluate(account: Account, context: Context[NoParameters]) -> Verdict:
    """Judge the account by its password policy."""
    policy = account.password_policy
    if policy is None:
        fact = Evidence("password_policy", None, Source.PASSWORD_POLICY)
        return non_compliant("The account is on the default password policy: users cannot change their password", fact)
    allowed = policy.allow_users_to_change_password
    fact = Evidence("password_policy.allow_users_to_change_password", allowed, Source.PASSWORD_POLICY)
    if allowed:
        return compliant("The password policy lets users change their own password", fact)
    return non_compliant("The password policy does not let users change their own password", fact)


RULE = Rule(
    id="iam-password-policy-allows-user-change",
    source_identifier="IAM_PASSWORD_POLICY_ALLOWS_USER_CHANGE",
    resource_types=(ResourceType.ACCOUNT,),
    reads=frozenset({Source.PASSWORD_POLICY}),
    severity=Severity.MEDIUM,
    source_url="https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_passwords_enable-user-change.html",
    evaluate=evaluate,
    origin=RuleOrigin.IAM_AUDIT,
)
