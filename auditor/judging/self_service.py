"""Self-service: whether users may change their own password and manage their own MFA device, for several rules."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from itertools import islice
from typing import Any

from auditor.account.model import User
from auditor.judging.access import decided_by
from auditor.judging.rule import Context, Verdict, compliant, non_compliant, not_applicable, proofs
from auditor.policies.access.answer import Answer, Decision, PolicyKind
from auditor.policies.access.sessions import Session
from auditor.policies.statements import Effect

CHANGE_PASSWORD, READ_PASSWORD_POLICY = "iam:ChangePassword", "iam:GetAccountPasswordPolicy"
_CREATE = "iam:CreateVirtualMFADevice"
_NEEDED = (
    _CREATE,
    "iam:EnableMFADevice",
    "iam:ListMFADevices",
    "iam:ResyncMFADevice",
    "iam:ListVirtualMFADevices",
)
_DEACTIVATE = "iam:DeactivateMFADevice"
_MOST_NOTED = 3  # statements in a note


def password_change(user: User, context: Context[Any]) -> Verdict:
    """Judge whether a user with a console password may change it: with MFA, or without if there is no MFA device."""
    return _once(user, context, _password_change)


def mfa_management(user: User, context: Context[Any]) -> Verdict:
    """Judge whether a user with a console password may, by policies of a group, manage an MFA device without MFA."""
    return _once(user, context, _mfa_management)


def _once(user: User, context: Context[Any], judge: Callable[[User, Context[Any]], Verdict]) -> Verdict:
    """Return a verdict that several rules need, computed once; if it raises UnknownFact, it does so for each rule."""
    key, known = (judge.__name__, user.name), context.access.remembered
    found: Verdict | None = known.get(key)
    if found is None:
        found = known[key] = judge(user, context)
    return found


def _password_change(user: User, context: Context[Any]) -> Verdict:
    if not user.credentials.password_enabled:
        return not_applicable("The user has no console password")
    allowing = proofs(partial(_with_mfa, user, context), partial(_without_mfa, user, context))
    if allowing:
        return compliant(
            f"The user may change their own password. {allowing[0].reason}",
            decided_by(allowing[0]),
            note=_unread(user, context, allowing[0].session),
        )
    answer = context.access.can(user, CHANGE_PASSWORD, Session.MFA)
    return non_compliant(
        f"The user may not change their own password. {answer.reason}",
        decided_by(answer),
        note=never_applying(user, context, [answer]),
    )


def _with_mfa(user: User, context: Context[Any]) -> Answer | None:
    answer = context.access.can(user, CHANGE_PASSWORD, Session.MFA)
    return answer if answer.allows else None


def _without_mfa(user: User, context: Context[Any]) -> Answer | None:
    answer = context.access.can(user, CHANGE_PASSWORD, Session.NO_MFA)
    return answer if answer.allows and not user.credentials.mfa_active else None


def _unread(user: User, context: Context[Any], session: Session) -> str | None:
    answer = context.access.can(user, READ_PASSWORD_POLICY, session)
    if answer.decision in (Decision.ALLOW, Decision.UNDECIDED):
        return None
    refusal = f"may not do {READ_PASSWORD_POLICY}, so the console cannot show the rules for passwords"
    return "; ".join(filter(None, [refusal, never_applying(user, context, [answer])]))


def _mfa_management(user: User, context: Context[Any]) -> Verdict:
    if not user.credentials.password_enabled:
        return not_applicable("The user has no console password")
    answers = [context.access.can(user, action, Session.NO_MFA) for action in _NEEDED]
    lacking = proofs(*(partial(_unless_allowed, answer) for answer in answers))
    if lacking:
        first, names = lacking[0], ", ".join(each.action for each in lacking)
        return non_compliant(
            f"Without MFA the user may not do {names}. {first.reason}",
            *map(decided_by, lacking),
            note=never_applying(user, context, lacking),
        )
    own = [each for each in answers if not _through_group(each)]
    if own:
        names = ", ".join(each.action for each in own)
        return non_compliant(f"The user may do {names} by policies of its own, not of a group", *map(decided_by, own))
    note = "; ".join(_notes(user, context, answers))
    return compliant(
        "The user may register and manage their own MFA device", *map(decided_by, answers), note=note or None
    )


def never_applying(user: User, context: Context[Any], answers: Iterable[Answer]) -> str | None:
    """Return a note of the statements that name the actions of answers and never allow them; None if there is none."""
    found: dict[str, dict[str, dict[str, None]]] = {}  # by statement and reason, the actions in their order
    for answer in answers:
        for each in context.access.overlooked(user, answer.action, answer.session):
            found.setdefault(each.statement.text, {}).setdefault(each.reason, {})[each.action] = None
    notes = [f"{text} {_never(reasons)}" for text, reasons in islice(found.items(), _MOST_NOTED)]
    more = len(found) - len(notes)
    notes += [f"{more:,} more {'statement' if more == 1 else 'statements'} likewise"] if more else []
    return "; ".join(notes) or None


def _never(reasons: Mapping[str, Iterable[str]]) -> str:
    return ", and ".join(f"never allows {', '.join(actions)}: {reason}" for reason, actions in reasons.items())


def _unless_allowed(answer: Answer) -> Answer | None:
    return None if answer.allows else answer


def _through_group(answer: Answer) -> bool:
    granting = (each for each in answer.statements if each.kind is not PolicyKind.BOUNDARY)
    return any(each.group is not None and each.effect is Effect.ALLOW for each in granting)


def _notes(user: User, context: Context[Any], answers: Sequence[Answer]) -> Iterator[str]:
    if context.access.can_with_other_device(user, _CREATE, Session.NO_MFA).decision is not Decision.ALLOW:
        yield "may create a device named like the user only, and the console asks for a free name"
    if context.access.can(user, _DEACTIVATE, Session.NO_MFA).decision is Decision.ALLOW:
        yield f"may do {_DEACTIVATE} without MFA, so whoever has the password could remove the device"
    broad = [answer.action for answer in answers if context.access.only_by_all_of_iam(user, answer)]
    if broad:
        yield f"may do {', '.join(broad)} only through iam:* or AdministratorAccess, which allow far more"
