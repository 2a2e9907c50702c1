"""Checks that MFA is enabled for every IAM user with a console password.

Why
    A password alone can be guessed, phished or reused. A second factor stops whoever holds only the password.

COMPLIANT
    The user has a console password and an MFA device of any kind; or no console password, which is our decision.
NON_COMPLIANT
    The user has a console password and no MFA device, also if the password was never used. A virtual device that was
    created and not assigned does not count.
INSUFFICIENT_DATA
    The credential report could not be read, is older than allowed, does not list the user (created since), or says
    neither true nor false.

Parameters
    None.

Fix
    The user registers a device under "Security credentials" in the console; or remove the password:
    `aws iam delete-login-profile --user-name USER`. AWS makes a new credential report at most every four hours, so a
    fix may show only then, or at once with `iam-audit scan --verify`. If a policy denies everything without MFA, let
    it allow what registering a device needs.
"""

from auditor.model import Credentials, ResourceType, Source, User, Verified
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

# The paths of the two facts in the user's record, and their sources.
_Place = tuple[str, Source]
_REPORTED = (
    ("credentials.password_enabled", Source.CREDENTIAL_REPORT),
    ("credentials.mfa_active", Source.CREDENTIAL_REPORT),
)
_VERIFIED = (("verified.password_enabled", Source.LOGIN_PROFILES), ("verified.mfa_active", Source.MFA_DEVICES))


def evaluate(user: User, context: Context[NoParameters]) -> Verdict:
    """Judge one user by its row of the credential report, or by what was read again from AWS."""
    if user.verified is not None:
        return _judged(user.verified, f" (read from AWS again at {time_text(user.verified.read_at)})", _VERIFIED)
    return _judged(user.credentials, "", _REPORTED)


def _judged(facts: Credentials | Verified, origin: str, places: tuple[_Place, _Place]) -> Verdict:
    (password_path, password_source), (mfa_path, mfa_source) = places
    console = facts.password_enabled
    password = Evidence(password_path, console, password_source)
    if not console:
        return compliant(f"The user has no console password{origin}", password)
    mfa_active = facts.mfa_active
    mfa = Evidence(mfa_path, mfa_active, mfa_source)
    if mfa_active:
        return compliant(f"The user has MFA{origin}", password, mfa)
    return non_compliant(f"The user has a console password and no MFA{origin}", password, mfa)


RULE = Rule(
    id="mfa-enabled-for-iam-console-access",
    source_identifier="MFA_ENABLED_FOR_IAM_CONSOLE_ACCESS",
    resource_types=(ResourceType.USER,),
    reads=frozenset({Source.USERS, Source.CREDENTIAL_REPORT}),
    severity=Severity.MEDIUM,  # Security Hub IAM.5
    source_url="https://docs.aws.amazon.com/config/latest/developerguide/mfa-enabled-for-iam-console-access.html",
    evaluate=evaluate,
    origin=RuleOrigin.AWS_CONFIG,
    verifiable=True,
)
