"""Conditions by IAM's pages: operator, key present, absent or unknown, IfExists, quantifier, values, negation."""

from collections.abc import Iterator
from typing import Any

import pytest
from permissions import ALLOW, ALLOW_ALL, EXPLICIT, IMPLICIT, KEY, MFA, NO_MFA, OBJECT, UNDECIDED, alice, decided, deny

from auditor.policies.access.sessions import Session
from auditor.testing import allow

GET = "s3:GetObject"
TAGS = {"Team": "blue", "empty": ""}


def check(condition: Any, session: Session, expected: bool | None) -> None:
    """Check a condition in an Allow, and in a Deny beside an Allow of everything."""
    granted = alice(allow(GET, Condition=condition), tags=TAGS)
    denied = alice(ALLOW_ALL, deny(GET, Condition=condition), tags=TAGS)
    assert decided(granted, GET, session, OBJECT) is {True: ALLOW, False: IMPLICIT, None: UNDECIDED}[expected]
    assert decided(denied, GET, session, OBJECT) is {True: EXPLICIT, False: ALLOW, None: UNDECIDED}[expected]


PRESENT = "aws:multifactorauthpresent"
AGE = "aws:MultiFactorAuthAge"
BY_SESSION: dict[str, tuple[Any, tuple[bool | None, bool | None, bool | None]]] = {
    "BoolIfExists false": ({"BoolIfExists": {PRESENT: "false"}}, (True, False, True)),
    "Bool false": ({"Bool": {PRESENT: "false"}}, (True, False, False)),
    "BoolIfExists true": ({"BoolIfExists": {PRESENT: "true"}}, (False, True, True)),
    "Bool true": ({"Bool": {PRESENT: "true"}}, (False, True, False)),
    "Bool of both values": ({"Bool": {PRESENT: ["true", "false"]}}, (True, True, False)),
    "Null true": ({"Null": {PRESENT: "true"}}, (False, False, True)),
    "Null false": ({"Null": {PRESENT: "false"}}, (True, True, False)),
    "Null of both values": ({"Null": {PRESENT: ["true", "false"]}}, (True, True, True)),
    "a JSON false": ({"BoolIfExists": {PRESENT: False}}, (True, False, True)),
    "a JSON true under Null": ({"Null": {PRESENT: True}}, (False, False, True)),
    "a JSON list of booleans": ({"Bool": {PRESENT: [True]}}, (False, True, False)),
    "Bool of what is no Boolean": ({"Bool": {PRESENT: "no"}}, (None, None, False)),
    "BoolIfExists of what is no Boolean": ({"BoolIfExists": {PRESENT: "no"}}, (None, None, True)),
    "Bool of a Boolean in capitals": ({"Bool": {PRESENT: "True"}}, (None, None, False)),
    "Bool of true, or of what is no Boolean": ({"Bool": {PRESENT: ["true", "no"]}}, (None, True, False)),
    "Null of what is no Boolean": ({"Null": {PRESENT: "no"}}, (None, None, None)),
    "a string operator on the Boolean key": ({"StringEquals": {PRESENT: "true"}}, (None, None, False)),
    "a negated one": ({"StringNotEquals": {PRESENT: "true"}}, (None, None, True)),
    "a negated one with IfExists": ({"StringNotEqualsIfExists": {PRESENT: "true"}}, (None, None, True)),
    "an unknown operator": ({"BoolIs": {PRESENT: "true"}}, (None, None, None)),
    "NullIfExists, which does not exist": ({"NullIfExists": {PRESENT: "true"}}, (None, None, None)),
    "IfExists twice": ({"BoolIfExistsIfExists": {PRESENT: "true"}}, (None, None, None)),
    "a quantifier that does not exist": ({"ForSomeValues:Bool": {PRESENT: "true"}}, (None, None, None)),
    "a quantifier of Null": ({"ForAnyValue:Null": {PRESENT: "true"}}, (None, None, None)),
    "an operator in lower case": ({"bool": {PRESENT: "true"}}, (None, None, None)),
    "ForAllValues:Bool true": ({"ForAllValues:Bool": {PRESENT: "true"}}, (False, True, True)),
    "ForAnyValue:Bool true": ({"ForAnyValue:Bool": {PRESENT: "true"}}, (False, True, False)),
    "ForAnyValue:BoolIfExists false": ({"ForAnyValue:BoolIfExists": {PRESENT: "false"}}, (True, False, False)),
    "the age under a plain operator": ({"NumericLessThan": {AGE: "3600"}}, (False, None, False)),
    "the age under a plain operator, JSON": ({"NumericLessThan": {AGE: 3600}}, (False, None, False)),
    "the age with IfExists": ({"NumericGreaterThanIfExists": {AGE: "3600"}}, (True, None, True)),
    "the age negated": ({"NumericNotEquals": {AGE: "0"}}, (True, None, True)),
    "Null true of the age": ({"Null": {AGE: "true"}}, (True, False, True)),
    "Null false of the age": ({"Null": {AGE: "false"}}, (False, True, False)),
    "the presence of the time of issue": ({"Null": {"aws:TokenIssueTime": "true"}}, (False, False, True)),
    "its value": ({"DateGreaterThan": {"aws:TokenIssueTime": "2026-01-01T00:00:00Z"}}, (None, None, False)),
    "not through a service": ({"Bool": {"aws:ViaAWSService": "false"}}, (True, True, True)),
    "through a service": ({"Bool": {"aws:ViaAWSService": "true"}}, (False, False, False)),
    "no condition": ({}, (True, True, True)),
    "an operator without a key": ({"Bool": {}}, (None, None, None)),
    "a key without a value": ({"Bool": {PRESENT: []}}, (None, None, False)),
    "a key twice, in agreement": ({"Bool": {PRESENT: "true", PRESENT.upper(): "true"}}, (False, True, False)),
    "a key twice, in contradiction": ({"Bool": {PRESENT: "true", PRESENT.upper(): "false"}}, (None, None, False)),
    "two operators, one false": (
        {"Bool": {PRESENT: "true"}, "StringEquals": {"aws:SourceVpc": "v"}},
        (False, None, False),
    ),
    "two keys, both true": ({"Bool": {PRESENT: "true", "aws:ViaAWSService": "false"}}, (False, True, False)),
    "two keys, one false": ({"Bool": {PRESENT: "true", "aws:ViaAWSService": "true"}}, (False, False, False)),
}


@pytest.mark.parametrize(("condition", "expected"), BY_SESSION.values(), ids=list(BY_SESSION))
def test_a_condition_by_session(condition: Any, expected: tuple[bool | None, ...]) -> None:
    for session, truth in zip((NO_MFA, MFA, KEY), expected, strict=True):
        check(condition, session, truth)


USER, TEAM, ABSENT, ARN, IP = (
    "aws:username",
    "aws:PrincipalTag/Team",
    "aws:PrincipalTag/Other",
    "aws:PrincipalArn",
    "aws:SourceIp",
)
MATCHING: dict[str, tuple[str, str, str]] = {  # the key, a value that matches, one that does not
    "StringEquals": (USER, "alice", "Alice"),
    "StringEqualsIgnoreCase": (USER, "ALICE", "bob"),
    "StringLike": (TEAM, "b?u*", "B*"),
    "ArnEquals": (ARN, "arn:aws:iam::*:user/al*", "arn:aws:iam:*:user/alice:"),
    "ArnLike": (ARN, "arn:aws:iam::111122223333:user/alice", "arn:aws:iam::111122223333:role/*"),
}
NEGATED = {
    "StringEquals": "StringNotEquals",
    "StringEqualsIgnoreCase": "StringNotEqualsIgnoreCase",
    "StringLike": "StringNotLike",
    "ArnEquals": "ArnNotEquals",
    "ArnLike": "ArnNotLike",
}
ABSENT_KEY = {  # what an absent key gives: by quantifier, and then for plain, negated, either with IfExists
    "": (False, True, True),
    "ForAllValues:": (True, True, True),
    "ForAnyValue:": (False, False, False),
}


def grid() -> Iterator[Any]:
    """Yield the cases of every operator, negation, quantifier, IfExists, state of the key and number of values."""
    for name, (key, match, other) in MATCHING.items():
        for operator, negated in ((name, False), (NEGATED[name], True)):
            for quantifier, (plain, opposite, existing) in ABSENT_KEY.items():
                for suffix in ("", "IfExists"):
                    written = f"{quantifier}{operator}{suffix}"
                    absent = existing if suffix else opposite if negated else plain
                    states = {
                        "one value, which matches": (key, match, not negated),
                        "one value, which does not match": (key, other, negated),
                        "two values, of which one matches": (key, [other, match], not negated),
                        "two values, of which none matches": (key, [other, f"{other}0"], negated),
                        "an absent key": (ABSENT, match, absent),
                        "an absent key, two values": (ABSENT, [match, other], absent),
                        "a key that is not known": (IP, match, None),
                    }
                    for state, (of, value, expected) in states.items():
                        yield pytest.param({written: {of: value}}, expected, id=f"{written} {state}")


@pytest.mark.parametrize(("condition", "expected"), list(grid()))
def test_an_operator_by_the_state_of_its_key(condition: Any, expected: bool | None) -> None:
    check(condition, MFA, expected)


OTHERS: dict[str, tuple[Any, bool | None]] = {
    "the type of the principal": ({"StringEquals": {"aws:PrincipalType": "User"}}, True),
    "the account": ({"StringEquals": {"aws:PrincipalAccount": ["444455556666", "111122223333"]}}, True),
    "the account as a JSON number": ({"StringEquals": {"aws:PrincipalAccount": 111122223333}}, True),
    "another account": ({"StringNotEquals": {"aws:PrincipalAccount": "111122223333"}}, False),
    "the user id": ({"StringLike": {"aws:userid": "AIDA*"}}, True),
    "a role's user id": ({"StringLike": {"aws:userid": "AROA*:*"}}, False),
    "the ARN under a string operator": ({"StringLike": {ARN: "arn:aws:iam::*:user/*"}}, True),
    "a star in StringEquals is a star": ({"StringEquals": {USER: "*"}}, False),
    "a short ARN": ({"ArnLike": {ARN: "*"}}, None),
    "an ARN operator on a string": ({"ArnLike": {USER: "alice"}}, None),
    "a numeric operator on a string": ({"NumericEquals": {"aws:PrincipalAccount": "111122223333"}}, None),
    "a Boolean operator on a tag": ({"Bool": {TEAM: "true"}}, None),
    "a date operator on a tag": ({"DateLessThan": {TEAM: "2026-01-01"}}, None),
    "an address operator on a string": ({"IpAddress": {USER: "10.0.0.0/8"}}, None),
    "a binary operator on a string": ({"BinaryEquals": {USER: "YQ=="}}, None),
    "an address operator on an absent key": ({"NotIpAddress": {ABSENT: "10.0.0.0/8"}}, True),
    "an empty tag": ({"StringEquals": {"aws:PrincipalTag/empty": ""}}, True),
    "an empty tag is present": ({"Null": {"aws:PrincipalTag/empty": "true"}}, False),
    "a tag's key in another case": ({"StringEquals": {"AWS:principaltag/tEAM": "blue"}}, True),
    "an absent tag": ({"Null": {ABSENT: "true"}}, True),
    "a key of which nothing is known": ({"Null": {"aws:SourceVpce": "true"}}, None),
    "a variable in a value": ({"StringEquals": {USER: "${aws:username}"}}, True),
    "a variable with a default": ({"StringEquals": {TEAM: "${aws:PrincipalTag/Other, 'blue'}"}}, True),
    "a variable whose default is not needed": ({"StringEquals": {TEAM: "${aws:PrincipalTag/Team, 'red'}"}}, True),
    "an absent variable without default": ({"StringEquals": {TEAM: "${aws:PrincipalTag/Other}"}}, None),
    "a variable of which nothing is known": ({"StringEquals": {USER: "${aws:SourceIp}"}}, None),
    "an escaped star is no wildcard": ({"StringLike": {USER: "${*}"}}, False),
    "a float": ({"StringEquals": {TEAM: 1.5}}, None),
}


@pytest.mark.parametrize(("condition", "expected"), OTHERS.values(), ids=list(OTHERS))
def test_another_condition(condition: Any, expected: bool | None) -> None:
    check(condition, MFA, expected)


def test_tags_that_are_not_known_leave_conditions_on_them_undecided() -> None:
    for operator in ("StringEquals", "StringNotEquals", "StringEqualsIfExists", "ForAllValues:StringEquals", "Null"):
        condition = {operator: {TEAM: "true"}}
        assert decided(alice(allow(Condition=condition), unknown=["tags"]), GET, MFA, OBJECT) is UNDECIDED


def test_two_tags_that_differ_in_case_leave_their_value_undecided() -> None:
    granted = alice(allow(Condition={"StringEquals": {TEAM: "blue"}}), tags={"team": "blue", "TEAM": "red"})
    assert decided(granted, GET, MFA, OBJECT) is UNDECIDED


def test_a_user_id_that_is_not_known_is_there_nevertheless() -> None:
    expected = {"StringLike": UNDECIDED, "Null": ALLOW}
    for operator, value in (("StringLike", "A*"), ("Null", "false")):
        granted = alice(allow(Condition={operator: {"aws:userid": value}}), unknown=["id"])
        assert decided(granted, GET, MFA, OBJECT) is expected[operator]
