"""Policy documents: every form in which AWS and its tools return them."""

import json
from urllib.parse import quote, unquote

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from auditor.policies.decoding import UnreadableDocumentError, raw_document

DOCUMENT = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "a+b é"}]}


@pytest.mark.parametrize(
    "form",
    [
        pytest.param(DOCUMENT, id="decoded"),
        pytest.param(json.dumps(DOCUMENT), id="JSON text"),
        pytest.param(quote(json.dumps(DOCUMENT), safe=""), id="percent-encoded"),
        pytest.param(quote(json.dumps(DOCUMENT), safe="+"), id="percent-encoded, with a plus as it is"),
        pytest.param([DOCUMENT], id="wrapped in a list"),
        pytest.param(json.dumps([DOCUMENT]), id="text of a list"),
    ],
)
def test_every_form_gives_the_same_document(form: object) -> None:
    assert json.loads(bytes(raw_document(form))) == DOCUMENT


@pytest.mark.parametrize(
    "value",
    [None, 7, "", "hello", "%7B", "[]", [], [DOCUMENT, DOCUMENT], '"text"', "%FF%FE", "[" * 100_000, "{" * 100_000],
)
def test_what_is_no_document_is_refused(value: object) -> None:
    with pytest.raises(UnreadableDocumentError):
        raw_document(value)


ESCAPED = st.text(st.sampled_from("%%%0123456789abcdefADF=\r\n\t~+é "))


@given(between=ESCAPED, inside=ESCAPED)
@example(between="%0A ", inside="%41%c3%A9%0A%3D%3d")
@example(between="%\n", inside="")
@example(between="", inside="%%3D")
@example(between="", inside="=41%zz")
def test_escapes_are_undone_as_urllib_does_it(between: str, inside: str) -> None:
    form = f"%7B{between}%22a%22%3A%22{inside}%22%7D"
    try:
        expected = json.loads(unquote(form, errors="strict"))
    except ValueError:
        with pytest.raises(UnreadableDocumentError):
            raw_document(form)
    else:
        assert json.loads(bytes(raw_document(form))) == expected
