"""Root: what the account summary and root's row of the credential report tell of it; knowing either suffices.

https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetAccountSummary.html
"""

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

from auditor.account.model import Account, Credentials
from auditor.account.sources import Source
from auditor.account.unknown import Record, UnknownFact, heard, undecided
from auditor.judging.rule import Context, Evidence, decided, most_telling, no_further_credentials, proofs, reported_time

_KEYS = ("access_key_1", "access_key_2")


class Told(Record, frozen=True):
    """Hold whether root has something, and the facts that say so."""

    holds: bool
    evidence: tuple[Evidence, ...]


def mfa_told(account: Account) -> Told:
    """Say whether root has an MFA device; raise UnknownFact if nobody tells, or two tell otherwise."""
    return _agreed("MFA", partial(_counted, account, "AccountMFAEnabled"), partial(_reported_mfa, account))


def access_key_told(account: Account) -> Told:
    """Say whether root has an access key, active or not; raise UnknownFact as mfa_told does."""
    counted = partial(_counted, account, "AccountAccessKeysPresent")
    return _agreed("an access key", counted, partial(_reported_key, account))


def credentials_told(account: Account) -> Told:
    """Say whether root has a password or an active access key; raise UnknownFact as mfa_told does."""
    return _agreed("credentials", partial(_counted_credentials, account), partial(_reported_credentials, account))


def source_words(evidence: Iterable[Evidence], context: Context[Any]) -> str:
    """Give the words that end an annotation whose evidence is of the credential report: its time and age."""
    reported = any(fact.source is Source.CREDENTIAL_REPORT for fact in evidence)
    return f" ({context.report_words})" if reported else ""


def _agreed(what: str, *tellers: Callable[[], Told]) -> Told:
    """Give what the tellers say that know; their evidence is joined."""
    answers = [heard(teller) for teller in tellers]
    told = [answer for answer in answers if not isinstance(answer, UnknownFact)]
    if not told:
        raise most_telling([answer for answer in answers if isinstance(answer, UnknownFact)])
    if any(answer.holds is not told[0].holds for answer in told):
        raise undecided(
            f"the account summary and the credential report contradict each other on whether root has {what}"
        )
    return Told(told[0].holds, tuple(fact for answer in told for fact in answer.evidence))


def _counted(account: Account, key: str) -> Told:
    """Tell by the account summary; a key that is missing is unknown, not 0."""
    count = account.summary.get(key)
    if count is None:
        raise undecided(f"the account summary lacks {key}")
    return Told(count > 0, (Evidence(f"summary.{key}", count, Source.ACCOUNT_SUMMARY),))


def _counted_credentials(account: Account) -> Told:
    password = _counted(account, "AccountPasswordPresent")
    if password.holds:
        return password
    key = _counted(account, "AccountAccessKeysPresent")
    if key.holds:
        raise undecided("the account summary does not tell whether root's access key is active")
    return Told(holds=False, evidence=(*password.evidence, *key.evidence))


def _reported_mfa(account: Account) -> Told:
    active = decided(account.root_credentials.mfa_active, "mfa_active of root")
    return Told(active, (_reported("mfa_active", active),))


def _reported_key(account: Account) -> Told:
    """Tell by root's row: an inactive key keeps the time of its last rotation."""
    return _any_reported(account, *(f"{key}_active" for key in _KEYS), *(f"{key}_last_rotated" for key in _KEYS))


def _reported_credentials(account: Account) -> Told:
    return _any_reported(account, "password_enabled", *(f"{key}_active" for key in _KEYS))


def _any_reported(account: Account, *columns: str) -> Told:
    """Tell whether one of the columns is true or a time; False only if each is known to be neither."""
    row = account.root_credentials
    found = proofs(*(partial(_as_set, row, column) for column in columns), partial(no_further_credentials, row))
    return Told(bool(found), found or tuple(_reported(column, getattr(row, column)) for column in columns))


def _as_set(row: Credentials, column: str) -> Evidence | None:
    value = getattr(row, column)
    is_time = column.endswith("_last_rotated")
    is_set = reported_time(value, column) is not None if is_time else decided(value, column)
    return _reported(column, value) if is_set else None


def _reported(column: str, value: object) -> Evidence:
    return Evidence(f"root_credentials.{column}", value, Source.CREDENTIAL_REPORT)
