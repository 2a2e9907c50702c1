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
    The credential report could not be read, is older than asked for, of unknown time, does not list the user (created
    since), or does not say clearly whether a key is active and when it was rotated, such as by a time after its own;
    or it tells of further keys that it does not describe.

Parameters
    maxAccessKeyAge (int, required; AWS prints the default 90): days, 1 to 36500; the range is our decision.

Fix
    `aws iam list-access-keys --user-name USER` shows which key it is by its date; the report does not name keys. Make
    a new one, put it in use, and then `aws iam delete-access-key --user-name USER --access-key-id ID`. A role needs no
    key. AWS makes a new credential report at most every four hours, so a fix may show only then.
"""

from datetime import timedelta
from functools import partial
from typing import Annotated

from msgspec import Meta, Struct

from auditor.model import Credentials, ResourceType, Source, User
from auditor.rule import (
    Context,
    Evidence,
    Rule,
    Severity,
    Verdict,
    compliant,
    decided,
    no_further_credentials,
    non_compliant,
    proofs,
    reported_time,
    undecided,
    written,
)

_KEYS = ("access_key_1", "access_key_2")


class Parameters(Struct, frozen=True):
    """Hold the parameters in AWS's spelling."""

    maxAccessKeyAge: Annotated[int, Meta(ge=1, le=36_500, extra={"printed_default": "90"})]  # days


def evaluate(user: User, context: Context[Parameters]) -> Verdict:
    """Judge one user by the active keys in its row of the credential report."""
    row, limit = user.credentials, context.parameters.maxAccessKeyAge
    old = proofs(*(partial(_old, row, key, context) for key in _KEYS), partial(no_further_credentials, row))
    if old:
        said = ", ".join(told for told, _ in old)
        return non_compliant(
            f"Not rotated for more than {limit} days: {said} ({context.report_words})",
            *(rotation for _, rotation in old),
        )
    active = [_reported(row, f"{key}_active") for key in _KEYS]
    rotations = [_reported(row, f"{key}_last_rotated") for key, fact in zip(_KEYS, active, strict=True) if fact.value]
    said = f"Every active key was rotated within {limit} days" if rotations else "The user has no active access key"
    return compliant(f"{said} ({context.report_words})", *active, *rotations)


def _old(row: Credentials, key: str, context: Context[Parameters]) -> tuple[str, Evidence] | None:
    """Give the words for the key and its last rotation if it is active and too old."""
    if not decided(getattr(row, f"{key}_active"), f"{key}_active"):
        return None
    rotation = _reported(row, f"{key}_last_rotated")
    rotated_at = reported_time(rotation.value, f"{key}_last_rotated")
    if rotated_at is None:
        raise undecided(f"the credential report says {rotation.value!r} in {key}_last_rotated of an active key")
    age = context.age_at_report(rotated_at, f"{key}_last_rotated")
    too_old = age > timedelta(days=context.parameters.maxAccessKeyAge)
    return (f"{key} since {written(rotated_at)}", rotation) if too_old else None


def _reported(row: Credentials, column: str) -> Evidence:
    return Evidence(f"credentials.{column}", getattr(row, column), Source.CREDENTIAL_REPORT)


RULE = Rule(
    id="access-keys-rotated",
    source_identifier="ACCESS_KEYS_ROTATED",
    resource_types=(ResourceType.USER,),
    reads=frozenset({Source.USERS, Source.CREDENTIAL_REPORT}),
    severity=Severity.MEDIUM,  # Security Hub IAM.3
    source_url="https://docs.aws.amazon.com/config/latest/developerguide/access-keys-rotated.html",
    evaluate=evaluate,
    parameters=Parameters,
)
