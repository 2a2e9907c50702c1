"""Redaction: mask the secrets that messages of AWS, of its library and of our own errors may contain."""

import json
import os
import re
from base64 import b64encode
from collections.abc import Iterable, Iterator
from urllib.parse import quote_from_bytes, quote_plus

MASK = "***"
_VARIABLES = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_SECURITY_TOKEN")
_SHORT = 16  # characters; a shorter secret may by chance be a part of a word or number
_LABELS = "secret_?access_?key|session_?token|security-?token|base32stringseed|qrcodepng"
_PATTERNS = (
    re.compile(rf"((?:{_LABELS})[\"']?\s*[:=>]\s*[\"']?)[^\s\"'<&,]+", re.IGNORECASE),  # INI, JSON, XML, a header
    re.compile(r"((?:X-Amz-)?Signature\s*[:=]\s*)[\w%+/=]{8,}", re.IGNORECASE),
    re.compile(r"()\b(?:AKIA|ASIA)[A-Z0-9]{12,}\b"),  # the ids of access keys
    re.compile(r"(//)[^\s\"'<>]+(?=@)"),  # the user and password of a URL
    re.compile(r"()[\w+/=%-]{100,}", re.ASCII),  # session tokens, which can only be recognized by their length
)
_FOLD = re.compile(r"(?:\r?\n|(?:\\r)?\\n)[ \t]*")
"""A line break and the indentation after it, literally or as repr writes it."""
_URL_SAFE = str.maketrans("+/", "-_")
_END_OF_SENTENCE = re.compile(r"(?<=[.!?])\s|[\r\n]")


def redacted(text: str, secrets: Iterable[str] = ()) -> str:
    """Return the text with secrets masked: those given, those in AWS's environment variables, and what looks like one.

    A known secret is masked in every encoding that a library may write it in.
    """
    known = {*secrets, *(os.environ.get(name, "") for name in _VARIABLES)} - {""}
    spelt = {each for secret in known for each in _spellings(secret)}
    for each in sorted(spelt, key=len, reverse=True):
        edges = ("", "") if len(each) >= _SHORT else (r"(?<!\w)", r"(?!\w)")
        if each in text:
            text = re.sub(re.escape(each).join(edges), MASK, text)
        if _FOLD.sub("", each) in _FOLD.sub("", text):
            text = re.sub(_folded(each).join(edges), MASK, text)
    for pattern in _PATTERNS:
        text = pattern.sub(rf"\g<1>{MASK}", text)
    return text


def _spellings(secret: str) -> Iterator[str]:
    """Yield a secret literally, as Python and JSON quote it, and as it is encoded in URLs, HTML and base64."""
    from html import escape  # imported late: its table of entities is long

    yield secret
    yield from (repr(secret)[1:-1], ascii(secret)[1:-1], escape(secret))
    yield from (json.dumps(secret, ensure_ascii=every)[1:-1] for every in (True, False))
    raw = secret.encode("utf-8", "surrogateescape")
    yield repr(raw)[2:-1]
    percent = quote_from_bytes(raw, safe="")
    for quoted in (percent, quote_from_bytes(raw), quote_plus(raw), quote_plus(percent)):
        yield from (quoted, re.sub("%[0-9A-F]{2}", lambda found: found[0].lower(), quoted))
    for before in range(3):  # it may begin at any byte of a group of three
        coded = b64encode(b"\0" * before + raw).decode()
        whole = coded[(0, 2, 3)[before] :].rstrip("=")
        whole = whole[: len(whole) - (0 if (before + len(raw)) % 3 == 0 else 1)]  # the last one encodes more
        if len(whole) >= _SHORT:
            yield from (whole, whole.translate(_URL_SAFE))


def _folded(spelt: str) -> str:
    """Return a pattern that matches a spelling on one line, or broken into several."""
    return f"(?:{_FOLD.pattern})?".join(map(re.escape, spelt))


def first_sentence(text: str) -> str:
    """Return the first sentence. After it, AWS may quote the whole request, including its session token."""
    return _END_OF_SENTENCE.split(text.strip(), maxsplit=1)[0]
