"""Permissions: the IAM actions that reading some sources needs, and no others."""

from collections.abc import Iterable
from typing import Any

from auditor.account.sources import ACTIONS, POLICIES_OF_USERS, Source

_ALWAYS = frozenset({Source.ACCOUNT_ALIAS, Source.ACCOUNT_SUMMARY})
_HOLDERS = frozenset({Source.USERS, Source.GROUPS})
_BEFORE = {
    Source.POLICY_DESCRIPTIONS: frozenset({Source.POLICIES}),
    Source.AWS_MANAGED_POLICIES: _HOLDERS,
    Source.PASSWORD_RESETS: POLICIES_OF_USERS | {Source.PASSWORD_POLICY, Source.CREDENTIAL_REPORT},
}
"""The sources that must be read before, to know for which entities a source needs calls."""


def needed(sources: frozenset[Source]) -> frozenset[Source]:
    """Return all sources that are read for these: themselves, those that they depend on, and those always read."""
    return sources.union(_ALWAYS, *(_BEFORE.get(source, ()) for source in sources))


def permissions_policy(sources: frozenset[Source], more: Iterable[str] = ()) -> dict[str, Any]:
    """Return the IAM policy that allows exactly what `collect` calls for these sources, and `more` actions."""
    actions = sorted({*more, *(action for source in needed(sources) for action in ACTIONS[source])})
    statement = {"Sid": "IamAudit", "Effect": "Allow", "Action": actions, "Resource": "*"}
    return {"Version": "2012-10-17", "Statement": [statement]}
