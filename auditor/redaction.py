"""Redaction: what AWS, its library or our own faults say, without the secrets that may stand in it."""

import os
import re
from collections.abc import Iterable
from urllib.parse import quote

MASK = "***"
_VARIABLES = ("AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_SECURITY_TOKEN")
_SHORT = 16  # characters; a shorter secret may by chance be a part of a word or number
_LABELS = "secret_?access_?key|session_?token|security-?token|base32stringseed|qrcodepng"
_PATTERNS = (
    re.compile(rf"((?:{_LABELS})[\"']?\s*[:=>]\s*[\"']?)[^\s\"'<&,]+", re.IGNORECASE),  # INI, JSON, XML, a header
    re.compile(r"(//)[^\s\"'<>]+(?=@)"),  # the user and password of a URL
    re.compile(r"()[\w+/=%-]{100,}", re.ASCII),  # session tokens, which nothing but their length gives away
)
_END_OF_SENTENCE = re.compile(r"(?<=[.!?])\s|[\r\n]")


def redacted(text: str, secrets: Iterable[str] = ()) -> str:
    """Return the text with secrets masked: those given, those of AWS's environment variables, what looks like one."""
    known = {*secrets, *(os.environ.get(name, "") for name in _VARIABLES)} - {""}
    quoted = {quote(secret, safe="", errors="surrogateescape") for secret in known}
    for secret in sorted(known | quoted, key=len, reverse=True):
        edges = ("", "") if len(secret) >= _SHORT else (r"(?<!\w)", r"(?!\w)")
        text = re.sub(re.escape(secret).join(edges), MASK, text)
    for pattern in _PATTERNS:
        text = pattern.sub(rf"\g<1>{MASK}", text)
    return text


def first_sentence(text: str) -> str:
    """Return the first sentence: AWS may go on to quote the whole request, its session token included."""
    return _END_OF_SENTENCE.split(text.strip(), maxsplit=1)[0]
