"""Reading policy documents in every form that AWS and its tools return, as raw JSON.

The API sends a document percent-encoded (RFC 3986, so "+" is a plus sign), boto3 and the AWS CLI decode it, and some
tools wrap it in a list: https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetAccountAuthorizationDetails.html
"""

from binascii import a2b_qp
from urllib.parse import unquote

import msgspec
from msgspec import Raw

from auditor.documents import FAULTS, MAX_STRING, check_depth, check_keys, may_be_deep, reason


class UnreadableDocumentError(Exception):
    """Raised for a policy document in a form that AWS does not use, or with content that IAM does not accept."""


def raw_document(value: object) -> Raw:
    """Return the document of a policy as the raw JSON text of one object.

    Raises UnreadableDocumentError for anything that is not a JSON object, and for one that repeats a key, or is longer
    or nested deeper than AWS allows.
    """
    try:
        document, text = _read(value) if isinstance(value, str) else (value, msgspec.json.encode(value))
        if isinstance(document, list) and len(document) == 1:
            document = document[0]
            text = msgspec.json.encode(document)
        _check_object(document, text)
        return Raw(_short(text))
    except FAULTS as error:
        raise _unreadable(error) from error


def _read(text: str) -> tuple[object, bytes]:
    """Return the value of a JSON text, percent-encoded or not, and its shortest text."""
    plain = (text if text.lstrip().startswith(("{", "[")) else _unquoted(text)).encode()
    value = msgspec.json.decode(_short(plain))
    shortest = msgspec.json.encode(value)
    if shortest != msgspec.json.format(plain, indent=-1):  # else it repeats no key
        check_keys(plain)
    return value, shortest


def _check_object(value: object, text: bytes) -> None:
    if not isinstance(value, dict):
        raise UnreadableDocumentError("the policy document is not a JSON object")
    if may_be_deep(text):
        check_depth(value)


def _short(text: bytes) -> bytes:
    if len(text) > MAX_STRING:
        raise UnreadableDocumentError(f"the policy document is longer than {MAX_STRING:,} bytes")
    return text


def _unreadable(error: Exception) -> UnreadableDocumentError:
    return UnreadableDocumentError(f"the policy document cannot be read: {reason(error)}")


def _unquoted(text: str) -> str:
    """Undo percent-encoding.

    With "=" for "%" the text is quoted-printable, which is decoded in C, thirty times as fast as urllib does. This is
    right if each "%" begins an escape, so that three characters become one; urllib decodes any other text.
    """
    if text.isascii() and "=" not in text and "\r" not in text and "\n" not in text:
        decoded = a2b_qp(text.replace("%", "="))
        if len(decoded) == len(text) - 2 * text.count("%"):
            return decoded.decode()
    return unquote(text, errors="strict")
