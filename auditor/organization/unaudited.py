"""Accounts that were not or not fully audited, grouped by what happened to them and what to do about it."""

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from auditor.organization.records import AUDITABLE, Failure, State
from auditor.organization.report import AccountResult, OrganizationReport

_STATES = list(State)
_NUMBER = re.compile("[0-9]{12}")
PLACEHOLDER = "ACCOUNT_ID"
"""Replaces the account's number in messages, so that accounts with the same problem share one message."""


class Unaudited(NamedTuple):
    """Hold what happened to a group of accounts: the error code, the message, the actions to grant, what to do."""

    state: State
    code: str | None
    message: str
    actions: tuple[str, ...]
    remedy: str
    accounts: Sequence[AccountResult]


Happened = tuple[str | None, str, tuple[str, ...], str]
"""An error code, a message, the actions to grant, and what to do."""


def unaudited(report: OrganizationReport) -> Sequence[Unaudited]:
    """Return why accounts were not fully audited, sorted by state, then by the number of accounts, most first.

    A partial account is in one group for each source that it lacks; other accounts are in one group.
    """
    groups: dict[tuple[State, Happened], list[AccountResult]] = {}
    for account in report.accounts:
        if account.state in AUDITABLE and account.state is not State.AUDITED:
            for what in dict.fromkeys(happened(account)):
                groups.setdefault((account.state, what), []).append(account)
    found = [Unaudited(state, *what, accounts) for (state, what), accounts in groups.items()]
    return sorted(found, key=lambda each: (_STATES.index(each.state), -len(each.accounts), each.code or ""))


def happened(account: AccountResult) -> Iterator[Happened]:
    """Yield what happened to an account: its error, or else each source that was not read completely."""
    if account.state is State.AUDITED:
        return
    if account.error is not None:
        yield _failure(account, account.error)
    elif account.lacking:
        for source in account.lacking:
            detail = source.detail or f"{source.status.value.replace('_', ' ')}"
            yield None, f"{source.name}: {_shared(detail, account)}", source.iam_actions, ""
    else:
        yield None, _MESSAGES.get(account.state, ""), (), ""


_MESSAGES = {
    State.PARTIAL: "Some findings have INSUFFICIENT_DATA, though every source was read: see the account's own report",
    State.UNFINISHED: "The run ended before this account was read; resume it",
}


def error_of(account: AccountResult) -> str:
    """Return the error codes of an account, with the message in place of a code that is missing."""
    texts = (message if code is None else code for code, message, _, _ in happened(account))
    return "; ".join(texts).replace(PLACEHOLDER, account.id or PLACEHOLDER)


def _failure(account: AccountResult, error: Failure) -> Happened:
    actions = () if error.action is None else (error.action,)
    return error.code, _shared(error.message, account), actions, _shared(error.remedy, account)


def _shared(text: str, account: AccountResult) -> str:
    """Return the text without the account's number; other ids, such as file names, could be part of any word."""
    return text.replace(account.id, PLACEHOLDER) if account.id and _NUMBER.fullmatch(account.id) else text
