"""Checks that users who sign in at the console hold no active access keys.

Why
    People work at the console; an access key beside the password is a second, long-term way in that no MFA guards by
    itself, and that is easily left behind in a file. Programs should use roles, or users of their own.

COMPLIANT
    The user has no console password, or no active access key.
NON_COMPLIANT
    The user has a console password and an active access key; with countInactive also an inactive one.
INSUFFICIENT_DATA
    The credential report could not be read, does not list the user (created since), does not say clearly whether there
    is a password or an active key, or the user has further keys that the report does not describe.

Parameters
    countInactive (boolean, default false): count inactive keys too, which can be activated again. A key counts if the
    credential report says when it was last rotated.

Fix
    Let people work at the console, in CloudShell, or with roles and IAM Identity Center; `aws login` (AWS CLI 2.32 and
    newer) turns a console sign-in into short-term credentials, where the policies SignInLocalDevelopmentAccess or
    AdministratorAccess allow it. Then `aws iam delete-access-key --user-name USER --access-key-id ID`. AWS makes a new
    credential report at most every four hours, so a fix may show only then.
"""

from functools import partial

from msgspec import Struct

from auditor.model import AccessKey, ResourceType, Source, User
from auditor.rule import (
    Context,
    Evidence,
    Rule,
    RuleOrigin,
    Severity,
    Verdict,
    both,
    compliant,
    non_compliant,
    proofs,
    reported,
)


class Parameters(Struct, frozen=True):
    """Hold the parameters."""

    countInactive: bool = False


def evaluate(user: User, context: Context[Parameters]) -> Verdict:
    """Judge one user by the password and the keys in its row of the credential report."""
    if not both(lambda: user.credentials.password_enabled, lambda: bool(_keys(user, context))):
        return compliant("No access key beside a console password")
    keys = _keys(user, context)
    names = ", ".join(fact.path.split(".")[1].partition("_active")[0].partition("_last")[0] for fact in keys)
    return non_compliant(
        f"The user has a console password and {names}",
        reported(user.credentials, "password_enabled"),
        *keys,
    )


def _keys(user: User, context: Context[Parameters]) -> tuple[Evidence, ...]:
    """Return evidence of each key that counts; raise UnknownFact if none is known, but there may be one."""
    keys = user.credentials.access_keys
    found = proofs(
        *(partial(_counted, user, key, context) for key in keys),
        lambda: user.credentials.additional_credentials_info,
    )
    return tuple(found)


def _counted(user: User, key: AccessKey, context: Context[Parameters]) -> Evidence | None:
    if key.active:
        return reported(user.credentials, key.columns.active)
    if context.parameters.countInactive and key.last_rotated is not None:
        return reported(user.credentials, key.columns.last_rotated)
    return None


RULE = Rule(
    id="iam-console-user-no-access-keys",
    source_identifier="IAM_CONSOLE_USER_NO_ACCESS_KEYS",
    resource_types=(ResourceType.USER,),
    reads=frozenset({Source.USERS, Source.CREDENTIAL_REPORT}),
    severity=Severity.MEDIUM,
    source_url="https://docs.aws.amazon.com/IAM/latest/UserGuide/best-practices.html",
    evaluate=evaluate,
    origin=RuleOrigin.IAM_AUDIT,
    parameters=Parameters,
)
