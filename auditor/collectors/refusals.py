"""Refusals: everything by which one answer of AWS can fail, and the gap that it leaves."""

import msgspec
from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError
from msgspec import structs

from auditor.collectors.answers import DENIED_CODES, gap, refused
from auditor.errors import SourceError
from auditor.facts import Gap
from auditor.model import Source

_UNREADABLE = (msgspec.ValidationError, SourceError, ValueError)  # the last is botocore's word on bad numbers and times
FAULTS = (ClientError, BotoCoreError, ResponseParserError, *_UNREADABLE)
"""The errors by which one answer can fail, whatever becomes of the others."""

EXPIRED_CODES = frozenset({"ExpiredToken", "ExpiredTokenException", "RequestExpired", "TokenRefreshRequired"})


def error_code(error: Exception) -> str:
    """Give AWS's error code, or the name of a fault that botocore or we found."""
    if isinstance(error, ClientError):
        return str(error.response.get("Error", {}).get("Code") or "Unknown")
    return "UnreadableAnswer" if isinstance(error, _UNREADABLE) else type(error).__name__


def gap_of(source: Source, error: Exception, action: str, *, mfa: bool) -> Gap:
    """Give the gap that a failed call leaves; `mfa` says whether the caller has shown a second factor."""
    found = refused(source, error_code(error), action)
    hint = _hint(found.error_code, str(error), mfa=mfa)
    return structs.replace(found, message=f"{found.message}: {hint}") if hint else found


def _hint(code: str, text: str, *, mfa: bool) -> str | None:
    if code in DENIED_CODES and "explicit deny" in text and not mfa:
        return "a policy denies it explicitly; if it does so without MFA, give --mfa-serial"
    if code in EXPIRED_CODES:
        return "the credentials ended during the run; get new ones and collect again"
    return None


def timed_out(source: Source, timeout_s: float) -> Gap:
    """Give the gap of a source that was not read to its end in time."""
    words = source.replace("-", " ").capitalize()
    return gap(source, "Timeout", f"{words} could not be read completely within {timeout_s:,g} s (--timeout)")
