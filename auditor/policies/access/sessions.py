"""Sessions: how a user signed in, and what is known of the condition keys of its requests.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_mfa_configure-api-require.html
"""

from collections.abc import Mapping
from enum import StrEnum

from auditor.account.unknown import Record


class Session(StrEnum):
    """Name how a user signed in: at the console without or with MFA, or by a long-term access key."""

    NO_MFA = "no-mfa"
    MFA = "mfa"
    ACCESS_KEY = "access-key"


class KeyType(StrEnum):
    """Name the type of a condition key's value."""

    ARN = "ARN"
    BOOLEAN = "Boolean"
    DATE = "date"
    NUMBER = "number"
    STRING = "string"


class Key(Record, frozen=True):
    """Hold what is known of a condition key in a request.

    `present` is None while it is not known whether the request has the key; `value` is None while it is not known, or
    where the key is absent.
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
    """Return a key that the request has, with its value, or None while that is not known."""
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
"""What a session tells of the keys that depend on it, by the keys' names in lower case."""
PRINCIPAL_KEYS = frozenset(
    {"aws:username", "aws:userid", "aws:principalarn", "aws:principaltype", "aws:principalaccount"}
)
"""The keys that tell of the principal, in lower case, beside its tags."""
TAG_KEYS = "aws:principaltag/"
"""How the keys of a principal's tags begin, in lower case."""


def is_personal(key: str) -> bool:
    """Return whether the value of a key, named in lower case, depends on who makes the request."""
    return key in PRINCIPAL_KEYS or key.startswith(TAG_KEYS)
