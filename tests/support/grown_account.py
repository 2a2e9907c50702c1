"""An account of any size with the variety of a real one, built in this process: for the benchmark and large reports.

It is always the same for the same numbers. It has people and services, in paths of several depths, and random unique
ids, which do not compress. One user in twenty has policies of its own, some so many that the annotation is shortened.
"""

import json
from random import Random
from typing import Any, NamedTuple

from msgspec import Raw

from auditor.account.model import Role, Snapshot, User
from auditor.testing import account, credentials, group, password_policy, policy, role, user

_FIRST = ("aiko", "amara", "anna", "carlos", "chen", "dmitri", "elena", "fatima", "giulia", "hiroshi", "jamal", "lena")
_LAST = ("abe", "costa", "diallo", "fischer", "garcia", "haddad", "ito", "jensen", "kim", "lopez", "novak", "okafor")
_TEAMS = ("billing", "checkout", "data-platform", "identity", "ledger", "mobile", "payments", "search", "security")
_PATHS = ("/", "/", "/people/", "/people/emea/", "/people/apac/engineering/", f"/{'deeply/' * 12}")
_MANAGED = ("AdministratorAccess", "ReadOnlyAccess", "IAMUserChangePassword", "AmazonS3FullAccess", "PowerUserAccess")
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"


class Size(NamedTuple):
    """Hold the numbers of entities in an account."""

    users: int
    groups: int
    roles: int
    policies: int


def of_users(users: int) -> Size:
    """Return the size of an account with this many users, in the proportions of a large one."""
    return Size(users, users * 6 // 100, users // 5, users * 3 // 10)


def grown(size: Size) -> Snapshot:
    """Return the snapshot of an account of this size."""
    chance = Random(20261124)
    teams = [f"{_TEAMS[number % len(_TEAMS)]}-{number:04}" for number in range(size.groups)]
    users = [_user(chance, number, teams) for number in range(size.users)]
    return account(
        users=sorted(users, key=lambda user: user.name),
        groups=[group(name) for name in sorted(teams)],
        roles=[_role(chance, number) for number in range(size.roles)],
        policies=[policy(f"policy-{number:06}", document=_DOCUMENT) for number in range(size.policies)],
        password=password_policy(),
    )


def _user(chance: Random, number: int, teams: list[str]) -> User:
    person = number % 5 > 0
    called = f"{chance.choice(_FIRST)}.{chance.choice(_LAST)}" if person else f"svc-{chance.choice(_TEAMS)}-"
    name = f"{called}{number}"
    attached = [*chance.sample(_MANAGED, 2), *(f"{team}-deploy" for team in chance.sample(teams, 9))]
    own = number % 20 == 0
    return user(
        name,
        id=f"AIDA{''.join(chance.choices(_LETTERS, k=17))}",
        path=chance.choice(_PATHS),
        groups=chance.sample(teams, chance.randrange(4)),
        attached=attached[: chance.randrange(1, 12)] if own else [],
        inline=[f"{name}-bucket"] if own and number % 3 == 0 else [],
        tags={"team": chance.choice(_TEAMS)},
        credentials=_KEYS if not person else _PASSWORD if number % 20 == 4 else _PASSWORD_AND_MFA,
        unknown=["credentials"] if number % 500 == 3 else [],
    )


def _role(chance: Random, number: int) -> Role:
    return role(f"role-{number:06}", id=f"AROA{''.join(chance.choices(_LETTERS, k=17))}", attached_policies=_READ_ONLY)


def _document(statements: int) -> Raw:
    """Return a policy document; eight statements are about 1 kB."""
    actions = ["s3:GetObject", "s3:PutObject", "s3:DeleteObject"]
    listed: list[dict[str, Any]] = [
        {"Sid": f"S{number}", "Effect": "Allow", "Action": actions, "Resource": f"arn:aws:s3:::bucket-{number}/*"}
        for number in range(statements)
    ]
    return Raw(json.dumps({"Version": "2012-10-17", "Statement": listed}, separators=(",", ":")).encode())


_DOCUMENT = _document(8)
_READ_ONLY = user("", attached=["ReadOnlyAccess"]).attached_policies
_KEYS = credentials(access_key_1_active=True, access_key_1_last_rotated="2026-01-01T00:00:00Z")
_PASSWORD = credentials(password_enabled=True, mfa_active=False, password_last_used="2026-11-20T08:00:00Z")
_PASSWORD_AND_MFA = credentials(password_enabled=True, mfa_active=True, password_last_used="2026-11-23T08:00:00Z")
