"""Root: its MFA and credentials, from the account summary or from root's row of the credential report.

https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetAccountSummary.html
"""

from collections.abc import Callable
from datetime import datetime
from functools import partial

from auditor.account.model import Account
from auditor.account.sources import Source
from auditor.account.unknown import Record, UnknownFact, evaluate_quietly, undecided
from auditor.judging.rule import Evidence, most_helpful, proofs, reported


class RootFact(Record, frozen=True):
    """Hold whether root has something, and the evidence for it."""

    holds: bool
    evidence: tuple[Evidence, ...]


def root_mfa(account: Account) -> RootFact:
    """Return whether root has an MFA device; raise UnknownFact if both sources are unknown or contradict each other."""
    return _agreed("MFA", partial(_counted, account, "AccountMFAEnabled"), partial(_reported_mfa, account))


def root_access_key(account: Account) -> RootFact:
    """Return whether root has an access key, active or not; raise UnknownFact as root_mfa does."""
    counted = partial(_counted, account, "AccountAccessKeysPresent")
    return _agreed("an access key", counted, partial(_reported_key, account))


def root_credentials(account: Account) -> RootFact:
    """Return whether root has a password or an active access key; raise UnknownFact as root_mfa does."""
    return _agreed("credentials", partial(_counted_credentials, account), partial(_reported_credentials, account))


def _agreed(what: str, *sources: Callable[[], RootFact]) -> RootFact:
    """Return what the known sources agree on, with the evidence of all of them."""
    answers = [evaluate_quietly(source) for source in sources]
    known = [answer for answer in answers if not isinstance(answer, UnknownFact)]
    if not known:
        raise most_helpful([answer for answer in answers if isinstance(answer, UnknownFact)])
    if any(answer.holds is not known[0].holds for answer in known):
        raise undecided(
            f"the account summary and the credential report contradict each other on whether root has {what}"
        )
    return RootFact(known[0].holds, tuple(fact for answer in known for fact in answer.evidence))


def _counted(account: Account, key: str) -> RootFact:
    """Return whether a count of the account summary is above 0; a missing count is unknown, not 0."""
    count = account.summary.get(key)
    if count is None:
        raise undecided(f"the account summary lacks {key}")
    return RootFact(count > 0, (Evidence(f"summary.{key}", count, Source.ACCOUNT_SUMMARY),))


def _counted_credentials(account: Account) -> RootFact:
    password = _counted(account, "AccountPasswordPresent")
    if password.holds:
        return password
    key = _counted(account, "AccountAccessKeysPresent")
    if key.holds:
        raise undecided("the account summary does not say whether root's access key is active")
    return RootFact(holds=False, evidence=(*password.evidence, *key.evidence))


def _reported_mfa(account: Account) -> RootFact:
    active = account.root_credentials.mfa_active
    return RootFact(active, (_of_root(account, "mfa_active"),))


def _reported_key(account: Account) -> RootFact:
    """Return whether root's row has an access key; an inactive key can be seen by the time of its last rotation."""
    columns = [key.columns for key in account.root_credentials.access_keys]
    active, rotated = [each.active for each in columns], [each.last_rotated for each in columns]
    return _any_reported(account, *active, *rotated)


def _reported_credentials(account: Account) -> RootFact:
    keys = (key.columns.active for key in account.root_credentials.access_keys)
    return _any_reported(account, "password_enabled", *keys)


def _any_reported(account: Account, *columns: str) -> RootFact:
    """Return whether at least one of the columns is true or a time; False only if all columns are known."""
    row = account.root_credentials
    found = proofs(*(partial(_if_set, account, column) for column in columns), lambda: row.additional_credentials_info)
    return RootFact(bool(found), found or tuple(_of_root(account, column) for column in columns))


def _if_set(account: Account, column: str) -> Evidence | None:
    value: bool | datetime | None = getattr(account.root_credentials, column)
    return _of_root(account, column) if value else None


def _of_root(account: Account, column: str) -> Evidence:
    return reported(account.root_credentials, column, "root_credentials")
