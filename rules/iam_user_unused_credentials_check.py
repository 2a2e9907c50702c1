"""Checks that every password and active access key of an IAM user was used lately.

Why
    What nobody uses, nobody misses when it is stolen. Somebody who left, or a program that was switched off, keeps its
    way in until the credentials are removed.

COMPLIANT
    The user has neither a password nor an active access key, which is our decision; or each of them was used at most
    maxCredentialUsageAge days before the credential report. A day is 86,400 seconds and the limit itself passes, which
    is our decision.
NON_COMPLIANT
    A password or an active key was not used for longer, even if another one was. One that was never used counts from
    its own start, which is our decision: a password from its last change, else from the creation of the user, a key
    from its last rotation. Changing a password or activating a key again does not count as use. SSH keys, certificates
    and service-specific credentials are not looked at.
INSUFFICIENT_DATA
    The credential report could not be read, is older than allowed, of unknown time, does not list the user (created
    since), or does not say clearly what is active and when it was used (a time later than that of the report is not
    clear); or the user has further keys that the report does not describe.

Parameters
    maxCredentialUsageAge (int, required; AWS prints the default 90): days, 1 to 36500; the range is our decision.

Fix
    `aws iam delete-login-profile --user-name USER` removes the password, `aws iam list-access-keys --user-name USER`
    shows the keys and `aws iam update-access-key --user-name USER --access-key-id ID --status Inactive` deactivates
    one. AWS makes a new credential report at most every four hours, so a fix may show only then.
"""

from datetime import datetime, timedelta
from functools import partial
from typing import Annotated

from msgspec import Meta, Struct

from auditor.model import ResourceType, Source, User
from auditor.rule import (
    Context,
    Evidence,
    Rule,
    RuleOrigin,
    Severity,
    Verdict,
    compliant,
    non_compliant,
    proofs,
    reported,
    time_text,
    undecided,
)


class Parameters(Struct, frozen=True):
    """Hold the parameters in AWS's spelling."""

    maxCredentialUsageAge: Annotated[int, Meta(ge=1, le=36_500, extra={"printed_default": "90"})]  # days


class _Credential(Struct, frozen=True):
    """Name the columns of the credential report about one credential."""

    name: str
    active: str
    used: str
    started: str


_CREDENTIALS = (
    _Credential("password", "password_enabled", "password_last_used", "password_last_changed"),
    *(
        _Credential(key, f"{key}_active", f"{key}_last_used_date", f"{key}_last_rotated")
        for key in ("access_key_1", "access_key_2")
    ),
)


def evaluate(user: User, context: Context[Parameters]) -> Verdict:
    """Judge one user by the password and the active keys in its row of the credential report."""
    limit = context.parameters.maxCredentialUsageAge
    idle = proofs(
        *(partial(_idle, user, credential, context) for credential in _CREDENTIALS),
        lambda: user.credentials.additional_credentials_info,
    )
    if idle:
        credentials = ", ".join(text for text, _ in idle)
        uses = (use for _, use in idle)
        return non_compliant(f"Not used for more than {limit} days: {credentials}", *uses)
    active = [reported(user.credentials, credential.active) for credential in _CREDENTIALS]
    used = [_last_use(user, each)[1] for each, fact in zip(_CREDENTIALS, active, strict=True) if fact.value]
    text = f"Everything active was used within {limit} days" if used else "The user has no password and no active key"
    return compliant(text, *active, *used)


def _idle(user: User, credential: _Credential, context: Context[Parameters]) -> tuple[str, Evidence] | None:
    """Return the text for the credential, and evidence of its last use, if it is active and not used for too long."""
    if not getattr(user.credentials, credential.active):
        return None
    time, use = _last_use(user, credential)
    age = context.age_at_report(time, use.path.rpartition(".")[2])
    too_long = age > timedelta(days=context.parameters.maxCredentialUsageAge)
    return (f"{credential.name} since {time_text(time)}", use) if too_long else None


def _last_use(user: User, credential: _Credential) -> tuple[datetime, Evidence]:
    """Return when an active credential was last used, or when it was made or changed if it was never used."""
    for column in (credential.used, credential.started):
        time: datetime | None = getattr(user.credentials, column)
        if time is not None:
            return time, reported(user.credentials, column)
    if credential.started != "password_last_changed":
        raise undecided(f"the credential report says neither {credential.used} nor {credential.started}")
    return user.created_at, Evidence("created_at", time_text(user.created_at), Source.USERS)


RULE = Rule(
    id="iam-user-unused-credentials-check",
    source_identifier="IAM_USER_UNUSED_CREDENTIALS_CHECK",
    resource_types=(ResourceType.USER,),
    reads=frozenset({Source.USERS, Source.CREDENTIAL_REPORT}),
    severity=Severity.MEDIUM,  # Security Hub IAM.8, IAM.22
    source_url="https://docs.aws.amazon.com/config/latest/developerguide/iam-user-unused-credentials-check.html",
    evaluate=evaluate,
    origin=RuleOrigin.AWS_CONFIG,
    parameters=Parameters,
)
