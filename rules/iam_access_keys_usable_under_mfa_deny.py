"""Checks whether the access keys of console users work under a policy that denies everything until MFA is used.

Why
    The documented policies that deny everything until MFA is used are written for the console. With the condition
    BoolIfExists they stop long-term access keys too: every call of the AWS CLI is denied until it uses an MFA session.
    With plain Bool they never stop access keys, which is easily overlooked: a request signed with a long-term access
    key does not carry aws:MultiFactorAuthPresent at all.

COMPLIANT
    No statement denies until MFA is used; a note says that nothing stops the access keys.
NON_COMPLIANT
    A statement denies to access keys, until MFA is used, something that is allowed: they work in MFA sessions alone, or
    not at all while the user has no device, or none but a FIDO device. Or such a statement stops the console only. AWS
    lists virtual devices only, so it is not known which kind of device a user with MFA and no virtual device has.
NOT_APPLICABLE
    The user has no console password, or no active access key.
INSUFFICIENT_DATA
    No statement surely stops access keys, and a policy, group or boundary is unknown, or a condition or resource leaves
    it open; or the credential report could not be read, does not list the user, or does not say clearly what is active.

Parameters
    None.

    Not considered are SCPs, RCPs, session policies and resource-based policies.

Fix
    Let people work at the console, with roles and IAM Identity Center, or with `aws login` (AWS CLI 2.32 and newer,
    where the policies SignInLocalDevelopmentAccess or AdministratorAccess allow it), and delete their access keys: `aws
    iam delete-access-key --user-name USER --access-key-id ID`. Else use an MFA session: `aws sts get-session-token
    --serial-number ARN --token-code CODE`; a FIDO device cannot be used for it. Write BoolIfExists where Bool was meant
    to stop access keys.
"""

from msgspec import to_builtins

from auditor.model import POLICIES_OF_USERS, ResourceType, Source, User
from auditor.policy import DecidingStatement, key_guards
from auditor.rule import (
    Context,
    Device,
    Evidence,
    NoParameters,
    Rule,
    RuleOrigin,
    Severity,
    Verdict,
    both,
    compliant,
    mfa_device,
    non_compliant,
    not_applicable,
    proofs,
    reported,
)

_WORK = {
    Device.VIRTUAL: "work in an MFA session only (aws sts get-session-token)",
    Device.OTHER: "need an MFA session, and a FIDO device cannot be used for get-session-token",
    Device.NONE: "cannot be used at all until the user has an MFA device",
    Device.UNSEEN: "work in an MFA session only (aws sts get-session-token, not with a FIDO device)",
}


def evaluate(user: User, context: Context[NoParameters]) -> Verdict:
    """Judge one user by the statements that deny until MFA is used."""
    if not both(lambda: user.credentials.password_enabled, lambda: bool(_active_keys(user))):
        return not_applicable("No access key beside a console password")
    keys = _active_keys(user)
    guards = key_guards(context.access.holdings(user))
    if guards.stopping:
        works = _WORK[mfa_device(user, context)]
        text = f"The access keys {works}. {_start(guards.stopping[0])} denies until MFA is used"
        return non_compliant(text, *keys, _guards(guards.stopping))
    if guards.console_only:
        first = _start(guards.console_only[0])
        text = f"The access keys work without MFA: a plain Bool never stops them; use BoolIfExists. {first} denies"
        return non_compliant(f"{text} at the console only", *keys, _guards(guards.console_only))
    note = "access keys work without MFA wherever a statement allows that"
    return compliant("No statement denies until MFA is used", *keys, note=note)


def _start(statement: DecidingStatement) -> str:
    return f"{statement.text[:1].upper()}{statement.text[1:]}"


def _guards(statements: tuple[DecidingStatement, ...]) -> Evidence:
    return Evidence("policies", to_builtins(statements), Source.POLICIES)


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
    reads=POLICIES_OF_USERS | {Source.CREDENTIAL_REPORT, Source.VIRTUAL_MFA_DEVICES},
    severity=Severity.MEDIUM,
    source_url="https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_mfa_configure-api-require.html",
    evaluate=evaluate,
    origin=RuleOrigin.IAM_AUDIT,
)
