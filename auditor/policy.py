"""IAM policy documents: one reader for the forms in which AWS hands them out; they stay raw JSON until read.

The API sends a document percent-encoded (RFC 3986, so "+" is a plus sign), boto3 and the AWS CLI decode it, and some
tools wrap it in a list: https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetAccountAuthorizationDetails.html
"""

from binascii import a2b_qp
from urllib.parse import unquote

import msgspec
from msgspec import Raw


class UnreadableDocumentError(Exception):
    """Tell that a policy document is not a JSON object in any form that AWS uses."""


def raw_document(value: object) -> Raw:
    """Give the document of a policy as raw JSON text of one object.

    Raises UnreadableDocumentError for anything that is not a JSON object.
    """
    document = _decoded(value) if isinstance(value, str) else value
    if isinstance(document, list) and len(document) == 1:
        document = document[0]
    if not isinstance(document, dict):
        raise UnreadableDocumentError("the policy document is not a JSON object")
    return Raw(msgspec.json.encode(document))


def _decoded(text: str) -> object:
    try:
        plain = text if text.lstrip().startswith(("{", "[")) else _unquoted(text)
        return msgspec.json.decode(plain)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise UnreadableDocumentError("the policy document is not JSON") from error


def _unquoted(text: str) -> str:
    """Undo percent-encoding.

    With "=" for "%" it is quoted-printable, which is decoded in C thirty times as fast as urllib does it. That holds
    where each "%" begins an escape, so that three characters become one; anything else is urllib's.
    """
    if text.isascii() and not any(character in text for character in "=\r\n"):
        decoded = a2b_qp(text.replace("%", "="))
        if len(decoded) == len(text) - 2 * text.count("%"):
            return decoded.decode()
    return unquote(text, errors="strict")
