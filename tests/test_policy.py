"""Policy documents: every form in which AWS and its tools hand them out."""

import json
from urllib.parse import quote

import pytest

from auditor.policy import UnreadableDocumentError, raw_document

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
