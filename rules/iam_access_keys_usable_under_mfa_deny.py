"""Checks how the access keys of console users fare under a policy that denies until MFA is used.

Why
    The documented policies that deny everything until MFA is used are written for the console. With the condition
    BoolIfExists they stop long-term access keys too: every call of the AWS CLI is denied until it uses an MFA session.
    With plain Bool they never stop access keys, which have no such key in their requests, although everybody believes
    so.

COMPLIANT
    No statement denies until MFA is used; a note says that the access keys work without MFA.
NON_COMPLIANT
    A statement denies to access keys, until MFA is used, something that is allowed: they work in MFA sessions alone, or
    not at all while the user has no device. Or such a statement stops the console only.
NOT_APPLICABLE
    The user has no console password, or no active access key.
INSUFFICIENT_DATA
    No statement surely stops access keys, and a policy, group or boundary is unknown, or a condition or resource leaves
    it open; or the credential report could not be read, does not list the user, or does not say clearly what is active.

Parameters
    None.

    Not considered are SCPs, RCPs, session policies and resource-based policies.

Fix
    Let people work at the console, with roles and IAM Identity Center, or with `aws login` (AWS CLI 2.32 and newer),
    and delete their access keys. Else use an MFA session: `aws sts get-session-token --serial-number ARN --token-code
    CODE`; a FIDO device cannot be used for it. Write BoolIfExists where Bool was meant to stop access keys.
"""

from auditor.model import POLICIES_OF_USERS, ResourceType, Source, User
from auditor.policy import key_guards
from auditor.rule import (
    Context,
    Evidence,
    NoParameters,
    Rule,
    RuleOrigin,
    Severity,
    Verdict,
    both,
    compliant,
    non_compliant,
    not_applicable,
    proofs,
    reported,
)


def evaluate(user: User, context: Context[NoParameters]) -> Verdict:
    """Judge one user by the statements that deny until MFA is used."""
    if not both(lambda: user.credentials.password_enabled, lambda: bool(_active_keys(user))):
        return not_applicable("No access key beside a console password")
    keys = _active_keys(user)
    guards = key_guards(context.access.holdings(user))
    if guards.stopping:
        works = "work in an MFA session only" if user.credentials.mfa_active else "do not work: the user has no device"
        return non_compliant(f"The access keys {works}: {guards.stopping[0].text} denies until MFA is used", *keys)
    if guards.console_only:
        text = guards.console_only[0].text
        return non_compliant(
            f"The access keys work without MFA: {text} stops the console only; use BoolIfExists", *keys
        )
    return compliant("No statement denies until MFA is used", *keys, note="has access keys that work without MFA")


def _active_keys(user: User) -> tuple[Evidence, ...]:
    first, second = user.credentials.access_keys
    return proofs(
        lambda: reported(user.credentials, first.columns.active) if first.active else None,
        lambda: reported(user.credentials, second.columns.active) if second.active else None,
        lambda: user.credentials.additional_credentials_info,
    )


RULE = Rule(
    id="iam-access-keys-usable-under-mfa-deny",
    source_identifier="IAM_ACCESS_KEYS_USABLE_UNDER_MFA_DENY",
    resource_types=(ResourceType.USER,),
    reads=POLICIES_OF_USERS | {Source.CREDENTIAL_REPORT},
    severity=Severity.MEDIUM,
    source_url="https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_mfa_configure-api-require.html",
    evaluate=evaluate,
    origin=RuleOrigin.IAM_AUDIT,
)
