"""Sentences about an organization run that all formats and the command line share."""

from collections.abc import Iterable

from auditor.organization.records import AUDITABLE, State
from auditor.organization.report import OrganizationSummary

_LEFT_OUT = tuple(state for state in State if state not in AUDITABLE)
_TROUBLED = (
    State.PARTIAL,
    State.DENIED,
    State.TIMED_OUT,
    State.LOST,
    State.FAILED,
    State.UNFINISHED,
)
ORDERED_STATES = (State.AUDITED, *_TROUBLED, *_LEFT_OUT)
"""The states in the order in which `denominator` shows them."""


def denominator(summary: OrganizationSummary) -> str:
    """Return how many accounts were audited, and the states of the others, which add up to all accounts.

    As in "9,871 of 10,000 active accounts audited; 61 partial, 40 denied, 28 lost; 112 suspended, left out".
    """
    accounts = "account" if summary.active == 1 else "accounts"
    parts = [f"{summary.audited:,} of {summary.active:,} active {accounts} audited"]
    parts += [counted] if (counted := _counted(summary, _TROUBLED)) else []
    parts += [f"{counted}, left out"] if (counted := _counted(summary, _LEFT_OUT)) else []
    return "; ".join(parts)


def _counted(summary: OrganizationSummary, states: Iterable[State]) -> str:
    return ", ".join(f"{summary.states[state]:,} {state.text}" for state in states if summary.states.get(state))


def shortfall(summary: OrganizationSummary) -> str | None:
    """Return why the audit is incomplete; None if everything is known about every active account."""
    missing = summary.active - summary.audited
    if not summary.active:
        return "Nothing was audited: there is no active account to audit"
    if not summary.audited and not any(summary.counts.values()):
        return f"Nothing was audited: nothing is known about any of the {summary.active:,} active accounts"
    if missing:
        accounts = "account is" if missing == 1 else "accounts are"
        return f"Incomplete: {missing:,} active {accounts} not or not fully audited"
    return None
