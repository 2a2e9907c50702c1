"""Answers that users who hold the same share: they are those that each user gets who is asked about alone."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from permissions import ALLOW, IMPLICIT, NO_MFA, deny, group_of, managed

from auditor.account.model import Snapshot, User
from auditor.policies.access.answer import Answer
from auditor.policies.access.evaluator import Access
from auditor.policies.access.sessions import Session
from auditor.testing import account, allow, password_policy, user

CREATE = "iam:CreateVirtualMFADevice"
ACTIONS = ["iam:ChangePassword", "iam:GetUser", CREATE, "iam:ListUsers", "iam:ListVirtualMFADevices"]
NAMES = ["alice", "bob", "bobby", "ALICE", "user", "mfa", "a"]
PATHS = ["/", "/", "/alice/", "/people/emea/"]
USERS = "arn:aws:iam::*:user/"
RESOURCES = [
    "*",
    "arn:aws:*",
    *(
        f"arn:aws:iam::*:{rest}"
        for rest in (
            "*",
            "user/*",
            "user/a*",
            "user/?ob",
            "user/*alice",
            "user/*/bob",
            "user/people/*",
            "user/${aws:username}",
            "user/*/${aws:username}",
            "user/*${aws:username}",
            "user/a${aws:username}",
            "user/${aws:username}*",
            "user/${aws:username}/${aws:username}",
            "user/${aws:userid}",
            "mfa/*",
            "mfa/${aws:username}",
            "mfa/${aws:username}-phone",
            "mfa/alice*",
            "group/*",
        )
    ),
    "arn:aws:iam::111122223333:user/${aws:username}",
    "arn:aws:iam::*:USER/${aws:username}",
    "arn:aws-cn:iam::*:user/${aws:username}",
    "arn:aws:s3:::home/${aws:username}",
    "arn:aws:*::*:user/${aws:username}",
    "arn:aws:iam::*",
]
CONDITIONS: list[dict[str, Any]] = [
    {},
    {},
    {},
    {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}},
    {"StringLike": {"aws:username": "a*"}},
    {"StringEquals": {"aws:PrincipalTag/team": "blue"}},
]
some = st.lists(st.sampled_from(RESOURCES), min_size=1, max_size=2, unique=True)
statements = st.builds(
    lambda effect, key, resources, condition: {
        "Effect": effect,
        "Action": "iam:*",
        key: resources,
        "Condition": condition,
    },
    st.sampled_from(["Allow", "Allow", "Deny"]),
    st.sampled_from(["Resource", "Resource", "Resource", "NotResource"]),
    some,
    st.sampled_from(CONDITIONS),
)
people = st.lists(
    st.builds(
        lambda name, path: user(name, path=path, groups=["team"]), st.sampled_from(NAMES), st.sampled_from(PATHS)
    ),
    min_size=2,
    max_size=4,
    unique_by=lambda each: each.name.lower(),
)


def of(users: list[User], *held: Any, version: str = "2012-10-17", password: Any = None) -> Snapshot:
    """Return the account of these users, who hold the same through a group."""
    policy = managed("policy", *held, version=version)
    return account(users=users, groups=[group_of("team", policy)], policies=[policy], password=password)


def told(answer: Answer) -> Any:
    return answer.decision, answer.resource, answer.statements, answer.remark, answer.user


@settings(deadline=None, max_examples=300)
@given(
    people,
    st.lists(statements, min_size=1, max_size=3),
    st.sampled_from(["2012-10-17", "2012-10-17", "2008-10-17"]),
    st.sampled_from([None, password_policy()]),
)
def test_each_user_gets_the_answer_that_it_gets_alone(
    users: list[User], held: list[Any], version: str, password: Any
) -> None:
    snapshot = of(users, *held, version=version, password=password)
    together = Access(snapshot)
    for each in users:
        alone = Access(snapshot)
        for action in ACTIONS:
            for session in Session:
                own = alone.can(each, action, session)
                assert told(together.can(each, action, session)) == told(own)
                assert told(alone.can(each, action, session, own.resource)) == told(own)
        other = together.can_with_other_device(each, CREATE, Session.MFA)
        assert told(other) == told(alone.can(each, CREATE, Session.MFA, other.resource))


@pytest.mark.parametrize("first", ["alice", "bob"])
def test_a_statement_that_names_one_user_is_not_of_the_others(first: str) -> None:
    users = {name: user(name, groups=["team"]) for name in ("alice", "bob")}
    access = Access(of(list(users.values()), allow("iam:GetUser", f"{USERS}alice"), deny("s3:*")))
    order = [first, *({*users} - {first})]
    found = {name: access.can(users[name], "iam:GetUser", NO_MFA).decision for name in order}
    assert found == {"alice": ALLOW, "bob": IMPLICIT}
