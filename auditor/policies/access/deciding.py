"""Deciding: an explicit deny wins, then what is unknown, then an allow that the boundary allows too.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
"""

from collections.abc import Iterable, Sequence

from auditor.account.unknown import Record
from auditor.policies.access.actions import WITHOUT_PERMISSION
from auditor.policies.access.answer import Answer, DecidingStatement, Decision, Origin, PolicyKind
from auditor.policies.access.documents import Candidate
from auditor.policies.access.holdings import Holding, Holdings, Sourced
from auditor.policies.access.principals import Request
from auditor.policies.access.resources import Asked
from auditor.policies.access.sessions import Session
from auditor.policies.access.truth import Doubt, Truth, all_of, any_of
from auditor.policies.statements import Effect

_SWITCH = DecidingStatement(
    policy="AllowUsersToChangePassword",
    policy_arn=None,
    kind=PolicyKind.PASSWORD_POLICY,
    group=None,
    number=None,
    sid=None,
    effect=Effect.ALLOW,
)
_WITH_BOUNDARY = Doubt(
    "the account's password policy lets users change their password, the permissions boundary does not, "
    "and AWS does not document which of the two wins"
)


class _Weighed(Record, frozen=True):
    """Hold a statement that applies, or might, and where it comes from."""

    sourced: Sourced
    truth: Truth


class Question(Record, frozen=True):
    """Hold one question, ready to be decided; `switched` says whether the account's password policy allows it."""

    user: str
    action: str
    of: Asked
    session: Session
    request: Request
    switched: Truth

    def answer(self, decision: Decision, remark: str = "") -> Answer:
        """Return an answer that names no statements."""
        return Answer(self.user, self.action, self.of.text, self.session, decision, remark=remark)

    def undecided(self, doubts: Iterable[Doubt], might: Sequence[_Weighed] = ()) -> Answer:
        """Return the answer that the question is not decided, with the statements that might decide it."""
        statements = _deciding(might)
        return Answer(self.user, self.action, self.of.text, self.session, Decision.UNDECIDED, statements, tuple(doubts))


def decide(question: Question, holdings: Holdings) -> Answer:
    """Return the answer to a question, for what its user holds."""
    granting, boundary = holdings.granting, holdings.boundary
    denies = _weighed(question, granting, Effect.DENY) + _weighed(question, boundary, Effect.DENY)
    certain = [each for each in denies if each.truth is True]
    if certain:
        return _answer(question, Decision.EXPLICIT_DENY, certain)
    doubts = (*granting.doubts, *(boundary.doubts if boundary else ()))
    if doubts:
        return question.undecided(doubts, denies)
    if question.of.action == WITHOUT_PERMISSION:
        return _unless_denied(
            question, denies, question.answer(Decision.ALLOW, f"{question.action} needs no permission")
        )
    return _weigh_allows(question, holdings, denies)


def _weigh_allows(question: Question, holdings: Holdings, denies: Sequence[_Weighed]) -> Answer:
    allows, bounding = (_weighed(question, each, Effect.ALLOW) for each in (holdings.granting, holdings.boundary))
    granted = any_of(each.truth for each in allows)
    bounded: Truth = holdings.boundary is None or any_of(each.truth for each in bounding)
    switched = all_of((question.switched, bounded is True or _WITH_BOUNDARY))
    allowed = any_of((all_of((granted, bounded)), switched))
    if allowed is False:
        remark = "The permissions boundary does not allow it" if granted is True else ""
        return question.answer(Decision.IMPLICIT_DENY, remark)
    if isinstance(allowed, Doubt):
        return question.undecided((allowed,), [each for each in (*allows, *bounding) if each.truth is not True])
    certain = [each for each in (*allows, *bounding) if each.truth is True]
    switch = (_SWITCH,) if switched is True else ()
    return _unless_denied(question, denies, _answer(question, Decision.ALLOW, certain, switch))


def _unless_denied(question: Question, denies: Sequence[_Weighed], allow: Answer) -> Answer:
    """Return the answer that allows, unless a statement might deny."""
    doubts = [each.truth for each in denies if isinstance(each.truth, Doubt)]
    return question.undecided(doubts, denies) if doubts else allow


def _weighed(question: Question, holding: Holding | None, effect: Effect) -> list[_Weighed]:
    """Return the statements of an effect that apply, or might."""
    if holding is None:
        return []
    relevant = holding.relevant(question.of.action, question.session)
    found: list[_Weighed] = []
    for sourced in relevant.denies if effect is Effect.DENY else relevant.allows:
        candidate = sourced[1]
        truth = all_of((candidate.statement.applies(question.of, question.request), candidate.truth))
        if truth is not False:
            found.append(_Weighed(sourced, truth))
    return found


def _answer(
    question: Question, decision: Decision, weighed: Sequence[_Weighed], more: tuple[DecidingStatement, ...] = ()
) -> Answer:
    statements = (*_deciding(weighed), *more)
    return Answer(question.user, question.action, question.of.text, question.session, decision, statements)


def _deciding(weighed: Sequence[_Weighed]) -> tuple[DecidingStatement, ...]:
    found = {_statement(*each.sourced) for each in weighed}
    return tuple(sorted(found, key=_order)) if len(found) > 1 else tuple(found)


def _order(each: DecidingStatement) -> tuple[str, ...]:
    return each.group or "", each.kind, each.policy, f"{each.number:>6}"


def _statement(origin: Origin, candidate: Candidate) -> DecidingStatement:
    statement = candidate.statement
    return DecidingStatement(
        policy=origin.policy,
        policy_arn=origin.policy_arn,
        kind=origin.kind,
        group=origin.group,
        number=statement.number,
        sid=statement.sid,
        effect=statement.effect,
    )
