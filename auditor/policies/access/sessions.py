"""Sessions: how a user signed in, and what is known of the condition keys of its requests.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_mfa_configure-api-require.html
"""

from collections.abc import Mapping
from enum import StrEnum

from auditor.account.unknown import Record


class Session(StrEnum):
    """List how a user can sign in: at the console without or with MFA, or with a long-term access key."""

    NO_MFA = "no-mfa"
    MFA = "mfa"
    ACCESS_KEY = "access-key"


class KeyType(StrEnum):
    """List the types of a condition key's value."""

    ARN = "ARN"
    BOOLEAN = "Boolean"
    DATE = "date"
    NUMBER = "number"
    STRING = "string"


class Key(Record, frozen=True):
    """Hold what is known of a condition key in a request.

    `present` is None if it is unknown whether the request has the key; `value` is None if it is unknown or
    the key is absent.
    """

    type: KeyType | None
    present: bool | None
    value: str | None = None


UNKNOWN = Key(None, present=None)
"""A key of which nothing is known."""


def absent(key_type: KeyType) -> Key:
    """Return a key that the request does not have."""
    return Key(key_type, present=False)


def valued(key_type: KeyType, value: str | None) -> Key:
    """Return a key that the request has, with its value, or None if that is unknown."""
    return Key(key_type, present=True, value=value)


def _keys(mfa: Key, age: Key, issued: Key) -> Mapping[str, Key]:
    return {
        "aws:multifactorauthpresent": mfa,
        "aws:multifactorauthage": age,
        "aws:tokenissuetime": issued,
        "aws:viaawsservice": valued(KeyType.BOOLEAN, "false"),
    }


_TEMPORARY = valued(KeyType.DATE, None)  # the console works with temporary credentials
SESSION_KEYS: Mapping[Session, Mapping[str, Key]] = {
    Session.NO_MFA: _keys(valued(KeyType.BOOLEAN, "false"), absent(KeyType.NUMBER), _TEMPORARY),
    Session.MFA: _keys(valued(KeyType.BOOLEAN, "true"), valued(KeyType.NUMBER, None), _TEMPORARY),
    Session.ACCESS_KEY: _keys(absent(KeyType.BOOLEAN), absent(KeyType.NUMBER), absent(KeyType.DATE)),
}
"""The condition keys that depend on the session, by session and name in lower case."""
PRINCIPAL_KEYS = frozenset(
    {"aws:username", "aws:userid", "aws:principalarn", "aws:principaltype", "aws:principalaccount"}
)
"""The condition keys that describe the principal, apart from its tags, in lower case."""
TAG_KEYS = "aws:principaltag/"
"""The beginning of the condition keys for a principal's tags, in lower case."""


def is_personal(key: str) -> bool:
    """Return whether the value of a key, named in lower case, depends on who makes the request."""
    return key in PRINCIPAL_KEYS or key.startswith(TAG_KEYS)
