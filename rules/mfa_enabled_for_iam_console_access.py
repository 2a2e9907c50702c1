"""Checks that MFA is enabled for every IAM user with a console password.

Why
    A password alone can be guessed, phished or reused. A second factor stops whoever holds only the password.

COMPLIANT
    The user has a console password and an MFA device of any kind; or no console password, which is our decision.
NON_COMPLIANT
    The user has a console password and no MFA device, also if the password was never used. A virtual device that was
    created and not assigned does not count.
INSUFFICIENT_DATA
    The credential report could not be read, does not list the user (created since), or says neither true nor false.

Parameters
    None.

Fix
    The user registers a device under "Security credentials" in the console; or remove the password:
    `aws iam delete-login-profile --user-name USER`. AWS makes a new credential report at most every four hours, so a
    fix may show only then. If a policy denies everything without MFA, let it allow what registering a device needs.
"""

from auditor.model import ResourceType, Source, User
from auditor.rule import (
    Context,
    Evidence,
    NoParameters,
    Rule,
    Severity,
    Verdict,
    compliant,
    decided,
    non_compliant,
)


def evaluate(user: User, context: Context[NoParameters]) -> Verdict:
    """Judge one user by its row of the credential report."""
    credentials = user.credentials
    console = decided(credentials.password_enabled, "password_enabled")
    password = Evidence("credentials.password_enabled", console, Source.CREDENTIAL_REPORT)
    if not console:
        return compliant(f"The user has no console password (credential report {context.report_time})", password)
    mfa_active = decided(credentials.mfa_active, "mfa_active")
    mfa = Evidence("credentials.mfa_active", mfa_active, Source.CREDENTIAL_REPORT)
    if mfa_active:
        return compliant(f"The user has MFA (credential report {context.report_time})", password, mfa)
    return non_compliant(
        f"The user has a console password and no MFA (credential report {context.report_time})", password, mfa
    )


RULE = Rule(
    id="mfa-enabled-for-iam-console-access",
    source_identifier="MFA_ENABLED_FOR_IAM_CONSOLE_ACCESS",
    resource_types=(ResourceType.USER,),
    reads=frozenset({Source.USERS, Source.CREDENTIAL_REPORT}),
    severity=Severity.MEDIUM,  # Security Hub IAM.5
    source_url="https://docs.aws.amazon.com/config/latest/developerguide/mfa-enabled-for-iam-console-access.html",
    evaluate=evaluate,
)
