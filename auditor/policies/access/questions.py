"""The public function for programs that checks what a user may do."""

from auditor.account.model import Snapshot
from auditor.account.unknown import UnknownFact, evaluate_quietly
from auditor.errors import UsageError
from auditor.policies.access.answer import Answer, Decision
from auditor.policies.access.evaluator import Access, action_name, root_answer
from auditor.policies.access.sessions import Session
from auditor.policies.access.truth import Doubt

_latest: list[tuple[Snapshot, Access]] = []
"""The snapshot of the latest question, so that many questions about it compile its documents once."""


def can(snapshot: Snapshot, *, user: str, action: str, resource: str | None = None, session: Session | str) -> Answer:
    """Return whether a user may perform an action, with the reason and the statements that decide.

    `session` is "no-mfa" or "mfa" for a sign-in at the console without or with MFA, "access-key" for a long-term access
    key. The default of `resource` is the user's own ARN if the action acts on users, the ARN of its own virtual MFA
    device if it acts on these, and "*" if it acts on no resource. `user` may be "root".

    The answer's `decision` is "allow", "explicit_deny", "implicit_deny" or, if too much is unknown,
    "undecided". It only takes identity policies, permissions boundary and account password policy into account.

    Raises UsageError for a user who does not exist, for an invalid session, action or ARN, and if the action needs
    a resource.
    """
    chosen = _session(session)
    access = _access(snapshot)
    found = evaluate_quietly(lambda: access.named(user))
    if isinstance(found, UnknownFact):
        doubt = Doubt(f"the list of users is not complete, and {user} is not in it", found.gap_id)
        action_name(action)
        return Answer(user, action, resource or "*", chosen, Decision.UNDECIDED, doubts=(doubt,))
    if found is None:
        return root_answer(snapshot, action, chosen, resource)
    return access.can(found, action, chosen, resource)


def _session(session: Session | str) -> Session:
    try:
        return Session(session)
    except ValueError:
        names = ", ".join(Session)
        raise UsageError(f"{session!r} is not a session", f"Choose one of {names}.") from None


def _access(snapshot: Snapshot) -> Access:
    for known, access in _latest:
        if known is snapshot:
            return access
    access = Access(snapshot)
    _latest[:] = [(snapshot, access)]
    return access
