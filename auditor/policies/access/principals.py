"""Principals: the facts of an IAM user that condition keys and policy variables in its requests contain."""

from collections.abc import Mapping

from auditor.account.model import Account, User
from auditor.account.unknown import gaps_of
from auditor.policies.access.sessions import SESSION_KEYS, TAG_KEYS, UNKNOWN, Key, KeyType, Session, absent, valued
from auditor.policies.access.truth import Truth

_ACCOUNT = 4  # the part of an ARN that holds the account's number


class Principal:
    """Hold a user's facts by condition key, its ARN, and the ARN of the virtual MFA device with its name."""

    def __init__(self, user: User, account: Account) -> None:
        self.name = user.name
        self.arn: str | None = None if "arn" in gaps_of(user) else user.arn
        self.account_id = account.id or (self.arn.split(":")[_ACCOUNT] if self.arn else None)
        self.device_arn = _device_arn(self.arn, self.account_id, user.name)
        self._keys: Mapping[str, Key] = {
            "aws:username": valued(KeyType.STRING, user.name),
            "aws:userid": valued(KeyType.STRING, None if "id" in gaps_of(user) else user.id),
            "aws:principalarn": valued(KeyType.ARN, self.arn),
            "aws:principaltype": valued(KeyType.STRING, "User"),
            "aws:principalaccount": valued(KeyType.STRING, self.account_id),
        }
        self.remembered: dict[tuple[int, str], Truth] = {}
        self._tags = None if "tags" in gaps_of(user) else _tags(user.tags)

    def key(self, name: str) -> Key:
        """Return what is known of a key, named in lower case."""
        if name in self._keys:
            return self._keys[name]
        if not name.startswith(TAG_KEYS):
            return UNKNOWN
        if self._tags is None:
            return Key(KeyType.STRING, present=None)
        return self._tags.get(name.removeprefix(TAG_KEYS), absent(KeyType.STRING))


def _device_arn(arn: str | None, account_id: str | None, name: str) -> str | None:
    """Return the ARN of the virtual MFA device with the user's name."""
    return f"arn:{arn.split(':')[1]}:iam::{account_id}:mfa/{name}" if arn else None


def _tags(tags: Mapping[str, str]) -> Mapping[str, Key]:
    """Return tags by their keys in lower case; if two keys differ only in case, the value is unknown."""
    found: dict[str, Key] = {}
    for name, value in tags.items():
        twice = name.lower() in found
        found[name.lower()] = valued(KeyType.STRING, None if twice else value)
    return found


class Request:
    """Hold what is known of a request: its session, and its principal, or None for what is true of every principal."""

    def __init__(self, session: Session, principal: Principal | None = None) -> None:
        self._of_session = SESSION_KEYS[session]
        self._principal = principal
        self.remembered: dict[tuple[int, str], Truth] = {} if principal is None else principal.remembered
        """Whether the resources of statements match; this never depends on the session."""

    def key(self, name: str) -> Key:
        """Return what is known of a condition key, named in lower case."""
        found = self._of_session.get(name)
        if found is not None:
            return found
        return UNKNOWN if self._principal is None else self._principal.key(name)
