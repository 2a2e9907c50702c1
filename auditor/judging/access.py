"""Access as evidence: the policy statements that decide a question, in the form that findings contain."""

from functools import lru_cache
from typing import Any

import msgspec

from auditor.account.sources import Source
from auditor.judging.rule import Evidence
from auditor.policies.access.answer import Answer, DecidingStatement, PolicyKind


def decided_by(answer: Answer) -> Evidence:
    """Return the statements that decide a question as evidence; without statements if none allows the action."""
    kinds = {each.kind for each in answer.statements}
    if kinds == {PolicyKind.PASSWORD_POLICY}:
        return Evidence("password_policy.allow_users_to_change_password", value=True, source=Source.PASSWORD_POLICY)
    value = {
        "action": answer.action,
        "session": answer.session,
        "decision": answer.decision,
        "statements": _plain(answer.statements),
    }
    return Evidence("policies", value, Source.POLICIES)


@lru_cache(maxsize=4096)  # many users have the same policies
def _plain(statements: tuple[DecidingStatement, ...]) -> Any:
    return msgspec.to_builtins(statements)
