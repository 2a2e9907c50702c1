"""Checks that users hold no active service-specific credentials that never expire, or only after too long.

Why
    Passwords for CodeCommit and Keyspaces and API keys for Bedrock and CloudWatch Logs are long-term secrets of a user
    that no MFA guards. The credential report does not show them, rotating the access keys does not touch them, and they
    do not expire unless they are made so.

COMPLIANT
    The user has no service-specific credentials for these services, or each of them is Inactive or Expired, or expires
    at most maxDays after it was made.
NON_COMPLIANT
    An Active one never expires, or expires later than that.
INSUFFICIENT_DATA
    The list of the account's service-specific credentials was not read, or not to its end; or AWS reports a status that
    is none of Active, Inactive and Expired.

Parameters
    maxDays (int, default 90): days from creation to expiration, 1 to 36500. A day is 86,400 seconds and the limit
    itself passes.

Fix
    `aws iam update-service-specific-credential --user-name USER --service-specific-credential-id ID --status Inactive`,
    and once nothing misses it `aws iam delete-service-specific-credential` with the same user and id. Use the temporary
    credentials of a role instead: git-remote-codecommit, the SigV4 plug-in of Cassandra drivers, short-term API keys of
    Bedrock. Where a long-term API key must be, make it with `--credential-age-days 90`; CodeCommit and Keyspaces have
    no credentials that expire. An exports folder may hold service-specific-credentials.json (`aws iam
    list-service-specific-credentials --all-users`).
"""

from datetime import timedelta
from functools import partial
from typing import Annotated

from msgspec import Meta, Struct, to_builtins

from auditor.model import Listing, ResourceType, ServiceCredential, Source, User
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
    undecided,
)

_HARMLESS = ("Inactive", "Expired")


class Parameters(Struct, frozen=True):
    """Hold the parameters."""

    maxDays: Annotated[int, Meta(ge=1, le=36_500)] = 90  # days


def evaluate(user: User, context: Context[Parameters]) -> Verdict:
    """Judge one user by the service-specific credentials that are active."""
    listed = context.index.service_credentials(user.name)
    lasting = proofs(
        *(partial(_lasting, each, context.parameters.maxDays) for each in listed.known_part),
        partial(_no_more, listed),
    )
    if not lasting:
        facts = (_evidence(each) for each in listed)
        return compliant("No active service-specific credential lasts longer than allowed", *facts)
    first = lasting[0]
    more = f", and {len(lasting) - 1} more" if len(lasting) > 1 else ""
    text = f"An active credential for {first.service_name} {_age(first, context)} {_end(first)}{more}"
    return non_compliant(text, *map(_evidence, lasting))


def _lasting(credential: ServiceCredential, most_days: int) -> ServiceCredential | None:
    """Return a credential that lasts longer than allowed, None for any other."""
    if credential.status in _HARMLESS:
        return None
    if credential.status != "Active":
        raise undecided(f"the status {credential.status[:64]!r} of a service-specific credential is not known")
    ends = credential.expires_at
    if ends is not None and ends - credential.created_at <= timedelta(days=most_days):
        return None
    return credential


def _no_more(listed: Listing[ServiceCredential]) -> ServiceCredential | None:
    """Raise UnknownFact if the user may have other credentials."""
    list(listed)
    return None


def _age(credential: ServiceCredential, context: Context[Parameters]) -> str:
    made = f"made on {credential.created_at:%Y-%m-%d}"
    captured_at = context.snapshot.captured_at
    return made if captured_at is None else f"{made} ({(captured_at - credential.created_at).days} days ago)"


def _end(credential: ServiceCredential) -> str:
    ends = credential.expires_at
    return "never expires" if ends is None else f"expires {(ends - credential.created_at).days} days after it was made"


def _evidence(credential: ServiceCredential) -> Evidence:
    return Evidence("service_credentials", to_builtins(credential), Source.SERVICE_CREDENTIALS)


RULE = Rule(
    id="iam-user-no-unexpiring-service-credentials",
    source_identifier="IAM_USER_NO_UNEXPIRING_SERVICE_CREDENTIALS",
    resource_types=(ResourceType.USER,),
    reads=frozenset({Source.USERS, Source.SERVICE_CREDENTIALS}),
    severity=Severity.MEDIUM,
    source_url="https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_service-specific-creds.html",
    evaluate=evaluate,
    origin=RuleOrigin.IAM_AUDIT,
    parameters=Parameters,
)
