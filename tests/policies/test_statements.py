"""Policy documents as they are judged: their statements, and what IAM cannot hold."""

import json
from urllib.parse import quote

import pytest
from msgspec import Raw

from auditor.policies.decoding import UnreadableDocumentError, raw_document
from auditor.policies.statements import Effect, statements, trust_statements
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
        pytest.param(Raw(b"[]"), "Expected `object`, got `array`", id="a list"),
        pytest.param(Raw(b"{"), "truncated", id="cut"),
        pytest.param(Raw(b"{}"), "`Statement`", id="no Statement"),
        pytest.param(Raw(b'{"statement":[]}'), "unknown field `statement`", id="statement in lower case"),
        pytest.param(Raw(b'{"Statement":[],"Statement":[]}'), "key 'Statement' stands twice", id="Statement twice"),
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
        pytest.param(Raw(b'{"Statement":' + b"[" * 100_000), "`$.Statement[0]`", id="deep nesting"),
        pytest.param(Raw(b'{"Statement":' + b"[" * 500 + b"]" * 500 + b"}"), "Statement", id="nesting"),
        pytest.param(
            Raw(b'{"Statement":[{"Effect":"Allow","Effect":"Deny","Action":"*","Resource":"*"}]}'),
            "key 'Effect' stands twice",
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
