"""Checks that no active access key of an IAM user is older than allowed.

Why
    A key works from anywhere until somebody deactivates it, and copies of it stay in files, logs and backups. The
    older a key, the more of them there are.

COMPLIANT
    The user has no active access key, or each of them was made or activated at most maxAccessKeyAge days before the
    credential report. A day is 86,400 seconds and the limit itself passes, which is our decision.
NON_COMPLIANT
    An active key is older. Inactive keys do not count, however old.
INSUFFICIENT_DATA
    The credential report could not be read, is older than allowed, of unknown time, does not list the user (created
    since), or does not say clearly whether a key is active and when it was rotated (a time later than that of the
    report is not clear); or the user has further keys that the report does not describe.

Parameters
    maxAccessKeyAge (int, required; AWS prints the default 90): days, 1 to 36500; the range is our decision.

Fix
    `aws iam list-access-keys --user-name USER` shows which key it is by its date; the credential report does not name
    keys. Make a new one, put it in use, and then `aws iam delete-access-key --user-name USER --access-key-id ID`. A
    role needs no key. AWS makes a new credential report at most every four hours, so a fix may show only then.
"""

from datetime import timedelta
from functools import partial
from typing import Annotated

from msgspec import Meta, Struct

from auditor.model import AccessKey, ResourceType, Source, User
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

    maxAccessKeyAge: Annotated[int, Meta(ge=1, le=36_500, extra={"printed_default": "90"})]  # days


def evaluate(user: User, context: Context[Parameters]) -> Verdict:
    """Judge one user by the active keys in its row of the credential report."""
    row, limit = user.credentials, context.parameters.maxAccessKeyAge
    keys = row.access_keys
    old = proofs(*(partial(_old, key, context) for key in keys), lambda: row.additional_credentials_info)
    if old:
        keys_text = ", ".join(text for text, _ in old)
        return non_compliant(
            f"Not rotated for more than {limit} days: {keys_text}",
            *(rotation for _, rotation in old),
        )
    active = [reported(row, key.columns.active) for key in keys]
    rotations = [reported(row, key.columns.last_rotated) for key in keys if key.active]
    text = f"Every active key was rotated within {limit} days" if rotations else "The user has no active access key"
    return compliant(text, *active, *rotations)


def _old(key: AccessKey, context: Context[Parameters]) -> tuple[str, Evidence] | None:
    """Return the text for the key, and its last rotation, if it is active and too old."""
    if not key.active:
        return None
    column, rotated_at = key.columns.last_rotated, key.last_rotated
    rotation = reported(key.row, column)
    if rotated_at is None:
        raise undecided(f"the credential report says {rotation.value!r} in {column} of an active key")
    age = context.age_at_report(rotated_at, column)
    too_old = age > timedelta(days=context.parameters.maxAccessKeyAge)
    return (f"{key.columns.name} since {time_text(rotated_at)}", rotation) if too_old else None


RULE = Rule(
    id="access-keys-rotated",
    source_identifier="ACCESS_KEYS_ROTATED",
    resource_types=(ResourceType.USER,),
    reads=frozenset({Source.USERS, Source.CREDENTIAL_REPORT}),
    severity=Severity.MEDIUM,  # Security Hub IAM.3
    source_url="https://docs.aws.amazon.com/config/latest/developerguide/access-keys-rotated.html",
    evaluate=evaluate,
    origin=RuleOrigin.AWS_CONFIG,
    parameters=Parameters,
)
