"""Checks that MFA is enabled for every IAM user, with or without a console password.

Why
    A password or an access key alone can be stolen. With a device registered, policies can ask for the second factor
    whatever the user does.

COMPLIANT
    The user has an MFA device of any kind.
NON_COMPLIANT
    The user has no MFA device, also if it has only access keys, or no credentials at all. A virtual device that was
    created and not assigned does not count.
INSUFFICIENT_DATA
    The credential report could not be read, is older than allowed, does not list the user (created since), or says
    neither true nor false.

Parameters
    None.

Fix
    The user registers a device under "Security credentials" in the console. Programs should use a role rather than a
    user. AWS makes a new credential report at most every four hours, so a fix may show only then, or at once with
    `iam-audit scan --verify`.
"""

from auditor.model import ResourceType, Source, User
from auditor.rule import (
    Context,
    Evidence,
    NoParameters,
    Rule,
    RuleOrigin,
    Severity,
    Verdict,
    compliant,
    non_compliant,
    time_text,
)


def evaluate(user: User, context: Context[NoParameters]) -> Verdict:
    """Judge one user by its row of the credential report, or by what was read again from AWS."""
    if user.verified is not None:
        origin = f" (read from AWS again at {time_text(user.verified.read_at)})"
        return _judged(Evidence("verified.mfa_active", user.verified.mfa_active, Source.MFA_DEVICES), origin)
    return _judged(Evidence("credentials.mfa_active", user.credentials.mfa_active, Source.CREDENTIAL_REPORT), "")


def _judged(active: Evidence, origin: str) -> Verdict:
    if active.value:
        return compliant(f"The user has MFA{origin}", active)
    return non_compliant(f"The user has no MFA{origin}", active)


RULE = Rule(
    id="iam-user-mfa-enabled",
    source_identifier="IAM_USER_MFA_ENABLED",
    resource_types=(ResourceType.USER,),
    reads=frozenset({Source.USERS, Source.CREDENTIAL_REPORT}),
    severity=Severity.MEDIUM,  # Security Hub IAM.19
    source_url="https://docs.aws.amazon.com/config/latest/developerguide/iam-user-mfa-enabled.html",
    evaluate=evaluate,
    origin=RuleOrigin.AWS_CONFIG,
    verifiable=True,
)
