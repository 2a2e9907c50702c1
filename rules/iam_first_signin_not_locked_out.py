"""Checks that users who must set a new password at the next sign-in are able to.

Why
    AWS's documented policy denies everything until MFA is used, and so iam:ChangePassword too. A user without MFA whose
    password must be reset, or has expired, then cannot sign in at all: the password cannot be changed before MFA is set
    up, and MFA cannot be set up before the password is changed. An administrator has to help.

COMPLIANT
    The user may do iam:ChangePassword on their own user, or need not change the password now. A user with an MFA device
    signs in with MFA, and is judged so; that is our decision. A note says if a deny will lock the user out at the next
    forced reset, or if iam:GetAccountPasswordPolicy is not allowed, which AWS documents as needed too.
NON_COMPLIANT
    The user must change the password and may not: a statement denies it, no policy allows it, or the boundary does not.
    Or the password has expired and the account's password policy has HardExpiry: only an administrator can reset it.
    With strict, also a user whom a deny will lock out at the next forced reset.
NOT_APPLICABLE
    The user has no console password.
INSUFFICIENT_DATA
    The user may not change the password, or that is undecided, and it is not known whether it must be changed; or it
    must be, and a policy, group, boundary or the password policy that decides is unknown; or the credential report
    could not be read, or does not list the user.

Parameters
    strict (boolean, default false): whether a deny counts before a reset is forced.

    Not considered are SCPs, RCPs, session policies and resource-based policies.

Fix
    One of the two: exempt iam:ChangePassword and iam:GetAccountPasswordPolicy in the NotAction of the statement that
    denies, and grant both (`aws iam create-policy-version --policy-arn ARN --policy-document file://policy.json
    --set-as-default`). Or lift the forced reset (`aws iam update-login-profile --user-name USER
    --no-password-reset-required`), have the user set up MFA, and force the reset then; AWS advises to grant rights only
    after the user has set up MFA. An expired password needs a new one: `aws iam update-login-profile --user-name USER
    --password PASSWORD`. `aws iam get-login-profile --user-name USER` says whether a reset is forced; an exports folder
    may hold its answers as login-profiles*.json.
"""

from msgspec import Struct

from auditor.model import POLICIES_OF_USERS, ResourceType, Source, User
from auditor.policy import Answer, Decision, Session
from auditor.rule import (
    CHANGE_PASSWORD,
    READ_PASSWORD_POLICY,
    Context,
    Evidence,
    Rule,
    RuleOrigin,
    Severity,
    Verdict,
    both,
    compliant,
    decided_by,
    never_applying,
    non_compliant,
    not_applicable,
    proofs,
    reported,
    undecided,
)


class Parameters(Struct, frozen=True):
    """Hold the parameters."""

    strict: bool = False


def evaluate(user: User, context: Context[Parameters]) -> Verdict:
    """Judge one user by whether the password must be changed now, and whether the user may change it."""
    if not user.credentials.password_enabled:
        return not_applicable("The user has no console password")
    if both(lambda: _expired(user, context), lambda: _hard_expiry(context)):
        fact = reported(user.credentials, "password_next_rotation")
        return non_compliant("The password has expired, and by HardExpiry only an administrator can reset it", fact)
    session = Session.MFA if user.credentials.mfa_active else Session.NO_MFA
    change = context.access.can(user, CHANGE_PASSWORD, session)
    if change.decision is Decision.ALLOW:
        note = _unread(user, context, session)
        return compliant(f"The user may change their own password. {change.reason}", decided_by(change), note=note)
    denied = change.decision is Decision.EXPLICIT_DENY
    if context.parameters.strict and not change.allows and denied:  # `allows` raises if that is undecided
        return non_compliant(f"The next forced reset will lock the user out. {change.reason}", decided_by(change))
    forced = _forced(user, context, change)
    if not forced:
        note = "will be locked out at the next forced reset of the password" if denied else None
        return compliant("The user need not change the password now", decided_by(change), note=note)
    return _locked_out(user, context, change, forced)


def _locked_out(user: User, context: Context[Parameters], change: Answer, forced: tuple[Evidence, ...]) -> Verdict:
    if change.allows:  # raises, as above
        return compliant("The user may change their own password", decided_by(change))
    denied = change.decision is Decision.EXPLICIT_DENY
    fix = f"Exempt {CHANGE_PASSWORD} there" if denied else f"Allow {CHANGE_PASSWORD} through a group"
    return non_compliant(
        f"Locked out: must change the password, and may not. {change.reason}. {fix}, or lift the forced reset",
        decided_by(change),
        *forced,
        note=never_applying(user, context, [change]),
    )


def _unread(user: User, context: Context[Parameters], session: Session) -> str | None:
    answer = context.access.can(user, READ_PASSWORD_POLICY, session)
    if answer.decision in (Decision.ALLOW, Decision.UNDECIDED):
        return None
    return f"may not do {READ_PASSWORD_POLICY}, which AWS documents as needed together with {CHANGE_PASSWORD}"


def _forced(user: User, context: Context[Parameters], change: Answer) -> tuple[Evidence, ...]:
    """Return evidence that the password must be changed at the next sign-in: it has expired, or a reset is forced."""
    return proofs(
        lambda: reported(user.credentials, "password_next_rotation") if _expired(user, context) else None,
        lambda: _reset(user) if _reset_required(user, context, change) else None,
    )


def _reset(user: User) -> Evidence:
    place = f"login_profiles[{user.name}].password_reset_required"
    return Evidence(place, value=True, source=Source.PASSWORD_RESETS)


def _expired(user: User, context: Context[Parameters]) -> bool:
    due = user.credentials.password_next_rotation
    return due is not None and due <= context.report_generated_at


def _hard_expiry(context: Context[Parameters]) -> bool:
    policy = context.snapshot.account.password_policy
    return policy is not None and bool(policy.hard_expiry)


def _reset_required(user: User, context: Context[Parameters], change: Answer) -> bool:
    profile = context.index.login_profile(user.name)
    if profile is not None:
        return profile.password_reset_required
    if change.decision is Decision.UNDECIDED:
        return change.allows  # raises: the gap in the policies explains more than a login profile that was not read
    denied = change.decision is Decision.EXPLICIT_DENY
    likely = "likely locked out: " if denied and user.credentials.password_last_used is None else ""
    command = f"aws iam get-login-profile --user-name {user.name}"
    raise undecided(f"{likely}whether the password must be reset at the next sign-in is not known; {command} says so")


RULE = Rule(
    id="iam-first-signin-not-locked-out",
    source_identifier="IAM_FIRST_SIGNIN_NOT_LOCKED_OUT",
    resource_types=(ResourceType.USER,),
    reads=POLICIES_OF_USERS | {Source.PASSWORD_POLICY, Source.PASSWORD_RESETS, Source.CREDENTIAL_REPORT},
    severity=Severity.HIGH,
    source_url="https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_examples_aws_my-sec-creds-self-manage.html",
    evaluate=evaluate,
    origin=RuleOrigin.IAM_AUDIT,
    parameters=Parameters,
)
