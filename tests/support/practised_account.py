"""A large account whose users manage their own credentials by policies of their groups, for the practices benchmark.

Each group has AWS's PowerUserAccess, its own policy that denies everything until MFA is used, and others. One user
in ten has a path, one in twenty policies of its own, one in thirty a boundary, one in four no password.
"""

from collections.abc import Mapping
from typing import Any

from msgspec.structs import replace
from permissions import attached, deny, managed, of_aws

from auditor.account.model import AttachedPolicy, Group, InlinePolicy, LoginProfile, Policy, Snapshot, User
from auditor.testing import account, allow, credentials, document, group, listing, password_policy, user

_NO_MFA = {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}}
_ME, _DEVICES = "arn:aws:iam::*:user/${aws:username}", "arn:aws:iam::*:mfa/*"
_OWN = ["iam:EnableMFADevice", "iam:ListMFADevices", "iam:ResyncMFADevice"]
_SPARED = ["iam:CreateVirtualMFADevice", "iam:ListVirtualMFADevices", "sts:GetSessionToken", *_OWN]
_POWER = AttachedPolicy("PowerUserAccess", "arn:aws:iam::aws:policy/PowerUserAccess")
_ROWS = (
    credentials(password_enabled=True, mfa_active=True),
    credentials(password_enabled=True, mfa_active=True, access_key_1_active=True),
    credentials(password_enabled=True, mfa_active=False),
    credentials(access_key_1_active=True),
)


def practised(users: int, groups: int, policies: int) -> Snapshot:
    """Return the snapshot of an account of this size; all policies differ."""
    teams = [f"team-{number}" for number in range(groups)]
    guards = {name: _guard(name, spared=number % 2 == 0) for number, name in enumerate(teams)}
    rest = [managed(f"policy-{number}", *_work(number)) for number in range(policies - groups)]
    return account(
        users=sorted((_user(number, teams, rest) for number in range(users)), key=lambda each: each.name),
        groups=[_group(name, guards, rest[number % len(rest)]) for number, name in enumerate(teams)],
        policies=[*guards.values(), *rest],
        password=password_policy(),
        aws_managed_policies=(
            of_aws("PowerUserAccess", allow(None, NotAction=["iam:*", "organizations:*", "account:*"])),
        ),
        login_profiles=tuple(LoginProfile(f"user-{number}", number % 3 == 0) for number in range(users)),
        service_credentials=listing(),
    )


def _guard(name: str, *, spared: bool) -> Policy:
    more = ["iam:ChangePassword", "iam:GetAccountPasswordPolicy"] if spared else []
    return managed(
        f"mfa-{name}",
        allow("iam:ListVirtualMFADevices"),
        allow("iam:CreateVirtualMFADevice", _DEVICES),
        allow([*_OWN, "iam:ChangePassword"], [_ME, "arn:aws:iam::*:user/*/${aws:username}"]),
        deny(None, NotAction=[*_SPARED, *more], Condition=_NO_MFA, Sid=name),
    )


def _work(number: int) -> list[Mapping[str, Any]]:
    actions = ["s3:GetObject", "s3:PutObject", "dynamodb:Query", "logs:*"]
    return [allow(actions, f"arn:aws:s3:::bucket-{number}-{part}/*", Sid=f"S{part}") for part in range(8)]


def _group(name: str, guards: Mapping[str, Policy], other: Policy) -> Group:
    held = attached(guards[name], other).known_part
    return replace(group(name), attached_policies=listing([*held, _POWER]))


def _user(number: int, teams: list[str], rest: list[Policy]) -> User:
    own = number % 20 == 0
    inline = [InlinePolicy("own", document(*_work(number), allow("s3:*", f"arn:aws:s3:::home/{number}/*")))]
    return user(
        f"user-{number}",
        path="/people/emea/" if number % 10 == 0 else "/",
        groups=[teams[number % len(teams)], teams[(number * 7 + 1) % len(teams)]],
        attached_policies=attached(rest[number % len(rest)]) if own else listing(),
        inline_policies=listing(inline if own else []),
        permissions_boundary=rest[number % len(rest)].arn if number % 30 == 0 else None,
        credentials=_ROWS[number % len(_ROWS)],
    )
