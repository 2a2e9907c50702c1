"""Statements: which actions and resources they cover, how statements combine, and each correction as a named case."""

from typing import Any, NamedTuple

import pytest
from permissions import (
    ALICE,
    ALLOW,
    ALLOW_ALL,
    EXPLICIT,
    IMPLICIT,
    KEY,
    MFA,
    NO_MFA,
    OBJECT,
    UNDECIDED,
    Statements,
    alice,
    attached,
    bounded,
    decided,
    deny,
    managed,
)

from auditor.account.model import Snapshot, User
from auditor.policies.access.answer import Decision
from auditor.policies.access.sessions import Session
from auditor.testing import account, allow, password_policy

CHANGE, LIST_USERS, CREATE = "iam:ChangePassword", "iam:ListUsers", "iam:CreateVirtualMFADevice"
OWN = "arn:aws:iam::*:user/${aws:username}"
DEVICES = "iam:ListVirtualMFADevices"

ACTIONS: dict[str, tuple[Any, bool]] = {
    "the action": ({"Action": "iam:ChangePassword"}, True),
    "in another case": ({"Action": "IAM:CHANGEPASSWORD"}, True),
    "one of several": ({"Action": ["s3:*", "iam:ChangePassword"]}, True),
    "a star at the end": ({"Action": "iam:Change*"}, True),
    "a star within": ({"Action": "iam:*Password"}, True),
    "stars around": ({"Action": "iam:*gepass*"}, True),
    "a question mark": ({"Action": "iam:ChangePasswor?"}, True),
    "a question mark for nothing": ({"Action": "iam:ChangePassword?"}, False),
    "everything": ({"Action": "*"}, True),
    "everything, with a colon": ({"Action": "*:*"}, True),
    "another service": ({"Action": "s3:*"}, False),
    "the start of its name": ({"Action": "iam:Change"}, False),
    "a name that goes on": ({"Action": "iam:ChangePassword2"}, False),
    "parts that would overlap": ({"Action": "iam:ChangePass*Password"}, False),
    "NotAction of another": ({"NotAction": "iam:GetUser"}, True),
    "NotAction of it": ({"NotAction": ["iam:GetUser", "iam:changepassword"]}, False),
    "NotAction of its service": ({"NotAction": "iam:*"}, False),
    "NotAction of everything": ({"NotAction": "*"}, False),
}


@pytest.mark.parametrize(("element", "covered"), ACTIONS.values(), ids=list(ACTIONS))
def test_an_action_is_covered(element: Any, covered: bool) -> None:
    statement = {"Resource": "*", **element}
    assert decided(alice({"Effect": "Allow", **statement}), CHANGE) is (ALLOW if covered else IMPLICIT)
    assert decided(alice(ALLOW_ALL, {"Effect": "Deny", **statement}), CHANGE) is (EXPLICIT if covered else ALLOW)


class OnResource(NamedTuple):
    """A pattern of a resource, and whether it covers the resource of the question: alice's own by default."""

    pattern: Any
    covers: bool | None
    action: str = CHANGE
    resource: str | None = None
    fields: dict[str, Any] = {}  # noqa: RUF012 - of a tuple that nobody changes


SALES = {"path": "/sales/"}
TEAM_TAG = {"tags": {"team": "a/b"}}
RESOURCES = {
    "everything": OnResource("*", True),
    "stars": OnResource("**", True),
    "the ARN": OnResource(ALICE, True),
    "any account": OnResource("arn:aws:iam::*:user/alice", True),
    "any partition": OnResource("arn:*:iam::111122223333:user/alice", True),
    "any Region": OnResource("arn:aws:iam:*:*:user/alice", True),
    "any user": OnResource("arn:aws:iam::*:user/*", True),
    "another user": OnResource("arn:aws:iam::*:user/bob", False),
    "another type": OnResource("arn:aws:iam::*:role/*", False),
    "another service": OnResource("arn:aws:s3:::*", False),
    "another account": OnResource("arn:aws:iam::444455556666:user/alice", False),
    "one of several": OnResource(["arn:aws:iam::*:user/bob", ALICE], True),
    "a question mark": OnResource("arn:aws:iam::*:user/alic?", True),
    "too many question marks": OnResource("arn:aws:iam::*:user/alice?", False),
    "the name by a variable": OnResource(OWN, True),
    "the name by a variable in another case": OnResource("arn:aws:iam::*:user/${AWS:UserName}", True),
    "the account by a variable": OnResource("arn:aws:iam::${aws:PrincipalAccount}:user/alice", None),
    "the account by a variable, of another user": OnResource("arn:aws:iam::${aws:PrincipalAccount}:user/bob", False),
    "the account by a variable in the resource": OnResource(
        "arn:aws:s3:::logs-${aws:PrincipalAccount}/*", True, "s3:GetObject", "arn:aws:s3:::logs-111122223333/a"
    ),
    "the whole ARN by a variable": OnResource("${aws:PrincipalArn}", None),
    "a variable with a default": OnResource("arn:aws:iam::*:user/${aws:PrincipalTag/alias, 'alice'}", True),
    "a default with a wildcard": OnResource("arn:aws:iam::*:user/${aws:PrincipalTag/alias, '*'}", None),
    "an absent tag": OnResource("arn:aws:iam::*:user/${aws:PrincipalTag/alias}", None),
    "an absent tag where the rest rules it out": OnResource("arn:aws:iam::*:role/${aws:PrincipalTag/alias}", False),
    "a variable of which nothing is known": OnResource("arn:aws:iam::*:user/${aws:SourceIp}", None),
    "a variable beside everything": OnResource(["*", "arn:aws:iam::*:user/${aws:SourceIp}"], True),
    "a variable that does not end": OnResource("arn:aws:iam::*:user/${aws:username", None),
    "a path that a variable alone does not cover": OnResource(OWN, False, fields=SALES),
    "a path under a star": OnResource("arn:aws:iam::*:user/*/${aws:username}", True, fields=SALES),
    "a star before the name takes longer names": OnResource("arn:aws:iam::*:user/*lice", True),
    "a tag with a slash": OnResource(
        "arn:aws:s3:::reports/${aws:PrincipalTag/Team}/*", True, "s3:GetObject", "arn:aws:s3:::reports/a/b/c", TEAM_TAG
    ),
    "an object of a bucket": OnResource("arn:aws:s3:::reports/*", True, "s3:GetObject", OBJECT),
    "every bucket": OnResource("arn:aws:s3:::*", True, "s3:GetObject", OBJECT),
    "the bucket is not its objects": OnResource("arn:aws:s3:::reports", False, "s3:GetObject", OBJECT),
    "an escaped star": OnResource("arn:aws:iam::*:user/${*}", False),
    "a star crosses slashes": OnResource(
        "arn:aws:s3:::reports*csv", True, "s3:GetObject", "arn:aws:s3:::reports/2026/11/24.csv"
    ),
    "a star crosses colons within the resource": OnResource(
        "arn:aws:logs:*:*:log-group:a*", True, "logs:PutLogEvents", "arn:aws:logs:eu-west-1:1:log-group:a:log-stream:b"
    ),
    "another case": OnResource("arn:aws:iam::*:user/Alice", None),
    "a short ARN": OnResource("arn:aws:iam::111122223333", None),
    "a short ARN of another service": OnResource("arn:aws:s3", False),
    "a star for several parts": OnResource("arn:aws:iam:*:user/alice", None),
    "a star for the start of the ARN": OnResource("*:user/alice", None),
    "a wildcard as type": OnResource("arn:aws:iam::*:*", None),
    "a wildcard in the type": OnResource("arn:aws:iam::*:us*/alice", None),
    "a wildcard as service": OnResource("arn:aws:*:*:*:user/alice", None),
    "no ARN at all": OnResource("alice", None),
    "an empty text": OnResource("", None),
    "no resource": OnResource([], None),
    "a pattern of many users": OnResource("arn:aws:iam::*:user/*", True, resource="arn:aws:iam::1:user/a*"),
    "some of many users": OnResource("arn:aws:iam::*:user/ab*", None, resource="arn:aws:iam::1:user/a*"),
    "none of many users": OnResource("arn:aws:iam::*:user/b*", False, resource="arn:aws:iam::1:user/a*"),
    "actions without resource, everything": OnResource("*", True, LIST_USERS),
    "actions without resource, an ARN is not asked for": OnResource("*", True, LIST_USERS, ALICE),
    "actions without resource, another service": OnResource("arn:aws:s3:::*", False, LIST_USERS),
    "actions without resource, a wildcard as type": OnResource("arn:aws:iam::*:*", None, LIST_USERS),
    "actions without resource, a short ARN": OnResource("arn:aws:iam", None, LIST_USERS),
    "actions without resource, one user": OnResource("arn:aws:iam::*:user/alice", False, LIST_USERS),
    "listing devices on mfa/*": OnResource("arn:aws:iam::*:mfa/*", None, DEVICES),
    "listing devices on one device": OnResource("arn:aws:iam::*:mfa/alice", False, DEVICES),
    "listing devices on users": OnResource("arn:aws:iam::*:user/alice", False, DEVICES),
    "a device named like the user": OnResource("arn:aws:iam::*:mfa/${aws:username}", True, CREATE),
    "any device": OnResource("arn:aws:iam::*:mfa/*", True, CREATE),
    "a device under the name of the user alone, another name": OnResource(
        "arn:aws:iam::*:mfa/${aws:username}", False, CREATE, "arn:aws:iam::111122223333:mfa/phone"
    ),
    "a new device on a user's ARN": OnResource(OWN, False, CREATE),
}


@pytest.mark.parametrize("case", RESOURCES.values(), ids=list(RESOURCES))
def test_a_resource_is_covered(case: OnResource) -> None:
    allows = {"Effect": "Allow", "Action": case.action, "Resource": case.pattern}
    granted, denied = alice(allows, **case.fields), alice(ALLOW_ALL, {**allows, "Effect": "Deny"}, **case.fields)
    expected = {True: (ALLOW, EXPLICIT), False: (IMPLICIT, ALLOW), None: (UNDECIDED, UNDECIDED)}[case.covers]
    found = tuple(decided(each, case.action, MFA, case.resource) for each in (granted, denied))
    assert found == expected
    opposite = {"Effect": "Deny", "Action": case.action, "NotResource": case.pattern}
    spared = {True: ALLOW, False: EXPLICIT, None: UNDECIDED}[case.covers]
    assert decided(alice(ALLOW_ALL, opposite, **case.fields), case.action, MFA, case.resource) is spared


def test_a_pattern_of_users_may_cover_an_action_without_resource_where_it_denies() -> None:
    users = "arn:aws:iam::*:user/*"
    assert decided(alice(allow(LIST_USERS, users)), LIST_USERS) is IMPLICIT
    assert decided(alice(ALLOW_ALL, deny(LIST_USERS, users)), LIST_USERS) is UNDECIDED
    assert decided(alice(allow(LIST_USERS, None, NotResource=users)), LIST_USERS) is UNDECIDED


def test_a_question_without_resource_is_not_about_each_resource() -> None:
    named = "arn:aws:s3:::reports/*"
    assert decided(alice(allow("s3:GetObject", named)), "s3:GetObject", MFA, "*") is IMPLICIT
    assert decided(alice(ALLOW_ALL, deny("s3:GetObject", named)), "s3:GetObject", MFA, "*") is UNDECIDED


class Combined(NamedTuple):
    """A snapshot or a user, and what is decided of an action in a session."""

    account: Snapshot | User
    expected: Decision
    action: str = CHANGE
    session: Session = MFA
    resource: str | None = None


def old(*statements: Any) -> User:
    """Return alice with a document without Version, whose variables are text."""
    return alice(*statements, version=None)


def switched(*statements: Any, on: bool = True, by: Statements | None = None) -> Snapshot:
    """Return the account of alice whose password policy lets users change their password, or not."""
    policy = password_policy()
    if not on:
        policy = type(policy)(**{f: getattr(policy, f) for f in policy.__struct_fields__} | {SWITCH: False})
    if by is not None:
        return bounded(*statements, by=by, password=policy)
    return account(users=[alice(*statements)], password=policy)


SWITCH = "allow_users_to_change_password"
BROKEN = {"Effect": "Allow", "Action": "iam", "Resource": "*"}
UNKNOWN_CONDITION = {"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}
OLDER = {"NumericGreaterThan": {"aws:MultiFactorAuthAge": "3600"}}
DENYING = managed("denying", deny())
ELSEWHERE = "arn:aws:iam::111122223333:user/bob"
COMBINED = {
    "no policy": Combined(alice(), IMPLICIT),
    "an allow": Combined(alice(allow(CHANGE)), ALLOW),
    "a deny beats an allow": Combined(alice(allow(CHANGE), deny(CHANGE)), EXPLICIT),
    "a deny without any allow is explicit": Combined(alice(deny(CHANGE)), EXPLICIT),
    "an undecided deny beside an allow": Combined(alice(ALLOW_ALL, deny(Condition=UNKNOWN_CONDITION)), UNDECIDED),
    "an undecided deny without an allow": Combined(alice(deny(Condition=UNKNOWN_CONDITION)), IMPLICIT),
    "an undecided deny beside a certain one": Combined(alice(deny(), deny(Condition=UNKNOWN_CONDITION)), EXPLICIT),
    "an undecided allow": Combined(alice(allow(Condition=UNKNOWN_CONDITION)), UNDECIDED),
    "an undecided allow beside a certain one": Combined(alice(ALLOW_ALL, allow(Condition=UNKNOWN_CONDITION)), ALLOW),
    "an undecided allow beside a certain deny": Combined(alice(allow(Condition=UNKNOWN_CONDITION), deny()), EXPLICIT),
    "a statement without actions": Combined(alice(allow([])), UNDECIDED),
    "a boundary that allows": Combined(bounded(ALLOW_ALL, by=[allow(CHANGE)]), ALLOW),
    "a boundary that does not allow": Combined(bounded(ALLOW_ALL, by=[allow("s3:*")]), IMPLICIT),
    "a boundary that denies": Combined(bounded(ALLOW_ALL, by=[ALLOW_ALL, deny(CHANGE)]), EXPLICIT),
    "a boundary grants nothing": Combined(bounded(by=[ALLOW_ALL]), IMPLICIT),
    "a boundary that may allow": Combined(bounded(ALLOW_ALL, by=[allow(Condition=UNKNOWN_CONDITION)]), UNDECIDED),
    "a boundary that may allow what nobody grants": Combined(
        bounded(by=[allow(Condition=UNKNOWN_CONDITION)]), IMPLICIT
    ),
    # the corrections, in their order
    "1 a variable in an old document is text": Combined(old(allow(CHANGE, OWN)), IMPLICIT),
    "1 so a NotResource in a Deny hits everyone": Combined(
        old(ALLOW_ALL, deny(CHANGE, None, NotResource=OWN)), EXPLICIT
    ),
    "1 in a current document it spares the user": Combined(
        alice(ALLOW_ALL, deny(CHANGE, None, NotResource=OWN)), ALLOW
    ),
    "1 a variable in a condition of an old document": Combined(
        old(allow(Condition={"StringEquals": {"aws:username": "${aws:username}"}})), IMPLICIT
    ),
    "1 a document of Version 2008-10-17": Combined(alice(allow(CHANGE, OWN), version="2008-10-17"), IMPLICIT),
    "2 a JSON boolean": Combined(
        alice(ALLOW_ALL, deny(Condition={"Bool": {"AWS:MULTIFACTORAUTHPRESENT": True}})), EXPLICIT
    ),
    "3 a negated operator on an absent key": Combined(
        alice(ALLOW_ALL, deny(Condition={"StringNotEquals": {"aws:PrincipalTag/mfa": "off"}})), EXPLICIT
    ),
    "3 ForAnyValue with IfExists on an absent key": Combined(
        alice(ALLOW_ALL, deny(Condition={"ForAnyValue:StringEqualsIfExists": {"aws:PrincipalTag/mfa": "off"}})), ALLOW
    ),
    "4 false beats unknown between keys": Combined(
        alice(ALLOW_ALL, deny(Condition={"Bool": {"aws:ViaAWSService": "true"}, **UNKNOWN_CONDITION})), ALLOW
    ),
    "4 true beats unknown between values": Combined(
        alice(allow(Condition={"StringEquals": {"aws:username": ["${aws:SourceIp}", "alice"]}})), ALLOW
    ),
    "5 the age of an MFA session is not known": Combined(alice(ALLOW_ALL, deny(Condition=OLDER)), UNDECIDED),
    "5 without MFA there is none": Combined(
        alice(ALLOW_ALL, deny(Condition=OLDER)),
        ALLOW,
        session=NO_MFA,
    ),
    "5 its absence stops keys": Combined(
        alice(ALLOW_ALL, deny(Condition={"Null": {"aws:MultiFactorAuthAge": "true"}})), EXPLICIT, session=KEY
    ),
    "6 an unknown operator in a Deny does not vanish": Combined(
        alice(ALLOW_ALL, deny(Condition={"BoolIs": {"aws:MultiFactorAuthPresent": "false"}})), UNDECIDED
    ),
    "7 a star that is text": Combined(alice(ALLOW_ALL, deny(CHANGE, "arn:aws:iam::*:user/${*}")), ALLOW),
    "8 a wildcard as type, in a Deny": Combined(alice(ALLOW_ALL, deny(CHANGE, "arn:aws:iam::*:*")), UNDECIDED),
    "9 a user ARN never grants an action without resource": Combined(
        alice(allow("iam:GetAccountPasswordPolicy", [OWN, ALICE])), IMPLICIT, "iam:GetAccountPasswordPolicy"
    ),
    "10 a boundary and the account's password policy": Combined(switched(by=[allow("s3:*")]), UNDECIDED),
    "10 a boundary that allows it too": Combined(switched(by=[allow(CHANGE)]), ALLOW),
    "10 a boundary that denies it": Combined(switched(by=[ALLOW_ALL, deny(CHANGE)]), EXPLICIT),
    "10 GetCallerIdentity despite a Deny": Combined(alice(deny()), ALLOW, "sts:GetCallerIdentity"),
    "10 GetSessionToken without an Allow": Combined(alice(), ALLOW, "sts:GetSessionToken"),
    "10 GetSessionToken despite a Deny": Combined(alice(deny()), ALLOW, "sts:GetSessionToken"),
    "10 GetSessionToken despite a Deny that may apply": Combined(
        alice(deny(Condition=UNKNOWN_CONDITION)), ALLOW, "sts:GetSessionToken"
    ),
    "10 GetSessionToken despite the Deny of a boundary": Combined(switched(by=[deny()]), ALLOW, "sts:GetSessionToken"),
    "10 GetFederationToken needs an Allow": Combined(
        alice(), IMPLICIT, "sts:GetFederationToken", resource="arn:aws:sts::123456789012:federated-user/x"
    ),
    "11 a broken document": Combined(alice(BROKEN), UNDECIDED),
    "11 a broken document beside one that denies": Combined(
        account(users=[alice(BROKEN, attached_policies=attached(DENYING))], policies=[DENYING]), EXPLICIT
    ),
    "13 a device named like the user": Combined(
        alice(allow(CREATE, "arn:aws:iam::*:mfa/${aws:username}")), ALLOW, CREATE
    ),
    "16 NotAction of everything never denies": Combined(alice(ALLOW_ALL, deny(None, NotAction="*")), ALLOW),
    "16 NotAction of IAM leaves all of it open": Combined(alice(ALLOW_ALL, deny(None, NotAction="iam:*")), ALLOW),
    "17 Bool false never stops keys": Combined(
        alice(ALLOW_ALL, deny(Condition={"Bool": {"aws:MultiFactorAuthPresent": "false"}})), ALLOW, session=KEY
    ),
    "the account's password policy": Combined(switched(), ALLOW),
    "the account's password policy, switched off": Combined(switched(on=False), IMPLICIT),
    "the default password policy lets nobody": Combined(account(users=[alice()]), IMPLICIT),
    "the account's password policy, to read it": Combined(switched(), ALLOW, "iam:GetAccountPasswordPolicy"),
    "the account's password policy, of another user": Combined(switched(), IMPLICIT, resource=ELSEWHERE),
    "the account's password policy under a Deny": Combined(switched(deny(CHANGE)), EXPLICIT),
    "a password policy that is not known": Combined(account(users=[alice()], unknown=["password_policy"]), UNDECIDED),
    "a password policy that is not known, and an allow": Combined(
        account(users=[alice(allow(CHANGE))], unknown=["password_policy"]), ALLOW
    ),
    "a question on a resource that AWS never checks": Combined(alice(allow(CREATE)), UNDECIDED, CREATE, MFA, ALICE),
}


@pytest.mark.parametrize("case", COMBINED.values(), ids=list(COMBINED))
def test_statements_combine(case: Combined) -> None:
    assert decided(case.account, case.action, case.session, case.resource) is case.expected
