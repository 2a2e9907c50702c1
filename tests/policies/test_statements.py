"""Policy documents as they are judged: what they say, what IAM cannot hold, and what their patterns match."""

import json
import re
from itertools import product
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Raw

from auditor.policies.statements import (
    Effect,
    UnreadableDocumentError,
    covers,
    every_action,
    everything,
    overlap,
    raw_document,
    statements,
    trust_statements,
    without_variables,
)
from auditor.testing import allow, document


def test_every_form_that_aws_hands_out_reads_alike() -> None:
    written = json.dumps({"Statement": [allow("s3:Get+*")]})
    for form in (written, quote(written, safe=""), [json.loads(written)]):
        assert statements(raw_document(form)) == statements(document(allow("s3:Get+*")))


def test_a_statement_is_read_with_all_it_has() -> None:
    condition = {
        "StringEquals": {"aws:RequestedRegion": ["eu-west-1", "eu-west-3"]},
        "Null": {"aws:TokenIssueTime": True},
    }
    read, other = statements(
        document(
            allow("s3:Get*", ["a", "b"], Sid="Read", Condition=condition),
            allow(None, None, Effect="Deny", NotAction=["iam:*", "sts:*"], NotResource="c"),
        )
    )
    assert (read.sid, read.effect, read.actions, read.resources) == ("Read", Effect.ALLOW, ("s3:Get*",), ("a", "b"))
    assert (read.not_actions, read.not_resources, read.principals, read.not_principals) == (None,) * 4
    assert read.conditions == condition
    assert (other.sid, other.effect, other.actions, other.resources) == (None, Effect.DENY, None, None)
    assert (other.not_actions, other.not_resources, other.conditions) == (("iam:*", "sts:*"), ("c",), {})


def test_a_trust_policy_is_read_with_its_principals() -> None:
    assume: dict[str, object] = {"Effect": "Allow", "Action": "sts:AssumeRole"}
    everybody, some, others = trust_statements(
        document(
            {**assume, "Principal": "*"},
            {**assume, "Principal": {"AWS": ["1", "2"], "Service": "ec2.amazonaws.com"}},
            {**assume, "NotPrincipal": {"AWS": "1"}},
        )
    )
    assert everybody.principals == {"AWS": ("*",)}
    assert some.principals == {"AWS": ("1", "2"), "Service": ("ec2.amazonaws.com",)}
    assert (others.principals, others.not_principals) == (None, {"AWS": ("1",)})


def test_a_single_statement_is_a_list_of_one() -> None:
    assert statements(Raw(json.dumps({"Statement": allow()}).encode())) == statements(document(allow()))


def test_what_lists_nothing_differs_from_what_is_not_there() -> None:
    (statement,) = statements(document(allow([], [])))
    assert (statement.actions, statement.not_actions, statement.resources) == ((), None, ())


def test_a_document_may_have_no_statement_and_no_version() -> None:
    assert statements(document()) == ()
    assert statements(Raw(b'{"Version":"2008-10-17","Id":"x","Statement":[]}')) == ()


def written(**elements: object) -> Raw:
    return document(allow(**elements))


@pytest.mark.parametrize(
    ("content", "words"),
    [
        pytest.param(Raw(b"[]"), "not a JSON object", id="a list"),
        pytest.param(Raw(b"{"), "", id="cut"),
        pytest.param(Raw(b"{}"), "`Statement`", id="no Statement"),
        pytest.param(Raw(b'{"statement":[]}'), "unknown field `statement`", id="statement in lower case"),
        pytest.param(Raw(b'{"Statement":[],"Statement":[]}'), "stands twice", id="Statement twice"),
        pytest.param(Raw(b'{"Statement":[],"Version":"2026-01-01"}'), "2026-01-01", id="another Version"),
        pytest.param(Raw(b'{"Statement":[],"Other":1}'), "unknown field `Other`", id="another element"),
        pytest.param(document("Allow"), "`$.Statement[0]`", id="a statement that is text"),
        pytest.param(document(None), "`$.Statement[0]`", id="a statement that is null"),
        pytest.param(written(Effect=None), "`Effect`", id="no Effect"),
        pytest.param(written(Effect="allow"), "allow", id="an Effect in lower case"),
        pytest.param(written(Effect=["Allow"]), "Effect", id="an Effect that is a list"),
        pytest.param(written(action=None), "needs one of Action and NotAction", id="no Action"),
        pytest.param(written(NotAction="s3:*"), "needs one of Action and NotAction", id="Action and NotAction"),
        pytest.param(written(resource=None), "needs one of Resource and NotResource", id="no Resource"),
        pytest.param(written(NotResource="*"), "needs one of Resource and NotResource", id="Resource and NotResource"),
        pytest.param(written(Principal="*"), "has Principal", id="a Principal in a policy of an identity"),
        pytest.param(written(NotPrincipal={"AWS": "1"}), "has NotPrincipal", id="a NotPrincipal in such a policy"),
        pytest.param(written(Actions="s3:*"), "unknown field `Actions`", id="another element in a statement"),
        pytest.param(written(action=7), "Action", id="an Action that is a number"),
        pytest.param(written(action=[["*"]]), "Action", id="an Action that is a list of lists"),
        pytest.param(written(action={"s3": "*"}), "Action", id="an Action that is an object"),
        pytest.param(written(action=""), "names no service", id="an empty Action"),
        pytest.param(written(action="s3"), "'s3' names no service", id="an Action without service"),
        pytest.param(written(action="s3:*:*"), "'s3:*:*' has more than one colon", id="an Action with two colons"),
        pytest.param(
            written(action=None, NotAction=["a:b:c"]), "'a:b:c' has more than", id="a NotAction with two colons"
        ),
        pytest.param(written(action=None, NotAction=["s3:*", "x*"]), "'x*' names", id="a NotAction without service"),
        pytest.param(written(resource=None, Resource=True), "Resource", id="a Resource that is true"),
        pytest.param(written(Sid=7), "Sid", id="a Sid that is a number"),
        pytest.param(written(Condition=[]), "Condition", id="a Condition that is a list"),
        pytest.param(written(Condition={"Bool": {"x": {"y": 1}}}), "Condition", id="a Condition that is too deep"),
        pytest.param(written(Condition={"Bool": {"x": None}}), "Condition", id="a Condition on null"),
        pytest.param(Raw(b'{"Statement":' + b"[" * 100_000), "nested too deeply", id="deep nesting"),
        pytest.param(Raw(b'{"Statement":' + b"[" * 500 + b"]" * 500 + b"}"), "Statement", id="nesting"),
        pytest.param(
            Raw(b'{"Statement":[{"Effect":"Allow","Effect":"Deny","Action":"*","Resource":"*"}]}'),
            "twice",
            id="Effect twice",
        ),
        pytest.param(Raw(b'{"Statement":[],"Id":"\xff"}'), "", id="not UTF-8"),
    ],
)
def test_what_iam_cannot_hold_is_refused(content: Raw, words: str) -> None:
    with pytest.raises(UnreadableDocumentError) as raised:
        statements(content)
    assert words in str(raised.value)


@pytest.mark.parametrize(
    "elements", [{}, {"Principal": "*", "NotPrincipal": "*"}, {"Principal": "x"}, {"Principal": 7}]
)
def test_a_trust_policy_needs_principals(elements: dict[str, object]) -> None:
    with pytest.raises(UnreadableDocumentError):
        trust_statements(document({"Effect": "Allow", "Action": "sts:AssumeRole", **elements}))


def test_a_trust_policy_has_no_resource() -> None:
    with pytest.raises(UnreadableDocumentError, match="has Resource"):
        trust_statements(document(allow("sts:AssumeRole", "*", Principal="*")))


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("kms:Decrypt", "KMS:decrypt", True),
        ("kms:Decrypt", "kms:Encrypt", False),
        ("kms:*", "kms:Decrypt", True),
        ("*", "kms:Decrypt", True),
        ("kms:De*", "kms:*pt", True),
        ("kms:De*", "kms:En*", False),
        ("kms:*Key", "kms:List*", True),
        ("kms:???????", "kms:Decrypt", True),
        ("kms:??????", "kms:Decrypt", False),
        ("s3:[a-z]*", "s3:a", False),
        ("s3:[a-z]*", "s3:[A-Z]x", True),
    ],
)
def test_patterns_overlap_if_an_action_matches_both(one: str, other: str, expected: bool) -> None:
    assert overlap(one, other) is overlap(other, one) is expected


def test_resources_do_not_ignore_case() -> None:
    assert overlap("arn:aws:s3:::Bucket*", "arn:aws:s3:::Bucket1", ignore_case=False)
    assert not overlap("arn:aws:s3:::Bucket*", "arn:aws:s3:::bucket1", ignore_case=False)
    assert not covers("A*", "ab", ignore_case=False)


PATTERNS = st.text("ab*?", max_size=4)
TEXTS = ["".join(letters) for length in range(9) for letters in product("ab", repeat=length)]
"""Whatever two patterns of four characters have in common, one of these texts shows it."""
TEXTS_WITH_ANOTHER_LETTER = ["".join(letters) for length in range(6) for letters in product("abz", repeat=length)]


def matched(pattern: str, texts: list[str]) -> set[str]:
    expression = re.compile("".join({"*": ".*", "?": "."}.get(letter, re.escape(letter)) for letter in pattern))
    return {text for text in texts if expression.fullmatch(text)}


@given(PATTERNS, PATTERNS)
def test_overlap_agrees_with_trying_every_text(one: str, other: str) -> None:
    assert overlap(one, other) is bool(matched(one, TEXTS) & matched(other, TEXTS))


@given(PATTERNS, PATTERNS)
def test_covers_is_right_whenever_it_says_so(wide: str, narrow: str) -> None:
    contained = matched(narrow, TEXTS_WITH_ANOTHER_LETTER) <= matched(wide, TEXTS_WITH_ANOTHER_LETTER)
    if covers(wide, narrow):
        assert contained
    if "?" not in wide:
        assert covers(wide, narrow) is contained


@pytest.mark.parametrize(
    ("wide", "narrow", "expected"),
    [
        ("kms:*", "KMS:Decrypt", True),
        ("kms:*", "kms:Re*", True),
        ("kms:Re*", "kms:*", False),
        ("*", "*", True),
        ("*:*", "kms:*", True),
        ("kms:*?", "kms:?*", True),
        ("kms:?*", "kms:*", False),
        ("a*b*c", "aXbYbZc", True),
        ("kms:Decrypt", "kms:Decrypt*", False),
    ],
)
def test_a_pattern_covers_another_if_it_matches_all_that_does(wide: str, narrow: str, expected: bool) -> None:
    assert covers(wide, narrow) is expected


def test_hostile_patterns_do_no_harm() -> None:
    stars = "*a" * 300
    assert not overlap(stars + "b", "a" * 600 + "c")
    assert not covers(stars + "b", "a" * 600 + "c")


@pytest.mark.parametrize(
    ("resource", "pattern"),
    [
        ("arn:aws:s3:::home/${aws:username}/*", "arn:aws:s3:::home/*/*"),
        ("${aws:PrincipalTag/team, 'none'}", "*"),
        ("a${*}b${?}c${$}", "a\0b\0c\0"),
        ("a$b{c}", "a$b{c}"),
        ("${open", "${open"),
    ],
)
def test_variables_of_resources_become_wildcards(resource: str, pattern: str) -> None:
    assert without_variables(resource) == pattern


def test_what_means_everything() -> None:
    patterns = ["*", "**", "*:*", "**:**", "s3:*", "*:Get*", "?", "*?"]
    assert [every_action(pattern) for pattern in patterns] == [True] * 4 + [False] * 4
    assert [everything(pattern) for pattern in patterns] == [True] * 2 + [False] * 6
