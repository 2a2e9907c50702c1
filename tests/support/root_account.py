"""Accounts with given facts of root in the account summary and in root's row of the credential report."""

from typing import Any

from auditor.account.credentials import Credentials
from auditor.account.model import Snapshot
from auditor.judging.rule import ComplianceType
from auditor.testing import ACCOUNT_ID, Case, account, credentials

ROOT = f"arn:aws:iam::{ACCOUNT_ID}:root"
ROOT_DEVICE = f"arn:aws:iam::{ACCOUNT_ID}:mfa/root-account-mfa-device"
ROTATED = "2020-01-01T00:00:00Z"


def summary(*, mfa: int = 0, keys: int = 0, password: int = 1) -> dict[str, int]:
    """Return the counts of root in GetAccountSummary."""
    return {"AccountMFAEnabled": mfa, "AccountAccessKeysPresent": keys, "AccountPasswordPresent": password}


def row(*, mfa: Any = False, password: Any = True, **columns: Any) -> Credentials:
    """Return root's row of the credential report."""
    return credentials(**{"mfa_active": mfa, "password_enabled": password, **columns})


def root_account(counted: dict[str, int] | None, reported: Credentials | None, **fields: Any) -> Snapshot:
    """Return an account with this summary and this row of root; None means that it was not read."""
    known: dict[str, Any] = {"summary": counted, "root_credentials": reported}
    unknown = [*fields.pop("unknown", ()), *(name for name, value in known.items() if value is None)]
    return account(**{name: value for name, value in known.items() if value is not None}, unknown=unknown, **fields)


def judged(
    name: str,
    expected: ComplianceType,
    counted: dict[str, int] | None,
    reported: Credentials | None,
    **fields: Any,
) -> Case:
    """Return the case of an account that `root_account` describes."""
    snapshot = root_account(counted, reported, **fields)
    return Case(name, snapshot, {snapshot.account.name: expected})
