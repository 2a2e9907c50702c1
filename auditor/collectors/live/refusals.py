"""Refusals: all errors that one call to AWS can raise, and the gap that each leaves."""

from typing import TypeVar

import msgspec
from botocore import exceptions as aws
from botocore.parsers import ResponseParserError
from msgspec import Struct, structs

from auditor.account.sources import Source
from auditor.account.unknown import Gap
from auditor.collectors.answers import DENIED_CODES, gap, refused, sentence_start
from auditor.errors import AuditError, SourceError

T = TypeVar("T")


class NoEndError(Exception):
    """Raised if AWS does not say whether or where a list continues."""


class OvertimeError(Exception):
    """Raised if no time is left; `timeout_s` is the time there was."""

    def __init__(self, timeout_s: float) -> None:
        super().__init__(timeout_s)
        self.timeout_s = timeout_s


_UNREADABLE = (msgspec.ValidationError, SourceError, ValueError)  # botocore raises ValueError for bad numbers and times
FAULTS = (aws.ClientError, aws.BotoCoreError, ResponseParserError, NoEndError, OvertimeError, *_UNREADABLE)
"""The errors that one call can raise, independently of other calls."""


NO_LOGIN = (
    aws.SSOError,
    aws.TokenRetrievalError,
    aws.NoAuthTokenError,
    aws.LoginError,
    aws.CredentialRetrievalError,
    aws.MetadataRetrievalError,
    aws.RefreshWithMFAUnsupportedError,
)
"""The errors of botocore if it cannot get credentials, or cannot renew expired ones."""
_BUSY_CODES = frozenset({"Throttling", "ThrottlingException", "TooManyRequestsException", "ServiceUnavailable"})
_EXPIRED_CODES = frozenset({"ExpiredToken", "ExpiredTokenException", "RequestExpired", "TokenRefreshRequired"})


def error_code(error: Exception) -> str:
    """Return AWS's error code, or the name of an error of botocore or of ours."""
    if isinstance(error, aws.ClientError):
        return str(error.response.get("Error", {}).get("Code") or "Unknown")
    return "UnreadableAnswer" if isinstance(error, _UNREADABLE) else type(error).__name__


def ended(error: Exception) -> bool:
    """Return whether a call failed because the credentials have expired, so that every other call will fail too."""
    return isinstance(error, NO_LOGIN) or error_code(error) in _EXPIRED_CODES


def gap_of(source: Source, error: Exception, action: str, *, mfa: bool) -> Gap:
    """Return the gap that a failed call leaves; `mfa` says whether --mfa-serial was used."""
    if isinstance(error, OvertimeError):
        return timed_out(source, error.timeout_s)
    if isinstance(error, NoEndError):
        return gap(source, "BadMarker", f"AWS does not say whether, or where, more {source} follow ({action})")
    found = refused(source, error_code(error), action)
    hint = _hint(error, mfa=mfa)
    return structs.replace(found, message=f"{found.message}: {hint}") if hint else found


def _hint(error: Exception, *, mfa: bool) -> str | None:
    if error_code(error) in DENIED_CODES and "explicit deny" in str(error) and not mfa:
        return "a policy denies it explicitly; if it does so without MFA, give --mfa-serial"
    if ended(error):
        return "the credentials ended during the run; get new ones and collect again"
    return None


def timed_out(source: Source, timeout_s: float) -> Gap:
    """Return the gap of a source that was not read completely in time."""
    name = sentence_start(source.text)
    return gap(source, "Timeout", f"{name} could not be read completely within {timeout_s:,g} s (--timeout)")


class Refusal(Struct, frozen=True):
    """Hold why an account could not be reached: AWS's error code, and whether it was refused or took too long."""

    code: str | None
    denied: bool
    timed_out: bool


def refusal_of(error: AuditError) -> Refusal:
    """Return the refusal behind an error of `connect`, from botocore's error, which is its cause."""
    cause = error.__cause__
    if not isinstance(cause, Exception):
        return Refusal(None, denied=False, timed_out=False)
    if isinstance(cause, aws.ClientError):
        code = error_code(cause)
        assumed = cause.operation_name.startswith("AssumeRole") and code not in _BUSY_CODES
        return Refusal(code, denied=assumed or code in DENIED_CODES or ended(cause), timed_out=False)
    slow = isinstance(cause, aws.ConnectTimeoutError | aws.ReadTimeoutError)
    return Refusal(type(cause).__name__, denied=isinstance(cause, NO_LOGIN), timed_out=slow)
