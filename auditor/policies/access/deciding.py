"""Deciding: an explicit deny wins, then anything unknown, then an allow that the permissions boundary allows as well.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
"""

from collections.abc import Iterable, Sequence

from auditor.account.unknown import Record
from auditor.policies.access.answer import Answer, DecidingStatement, Decision, PolicyKind
from auditor.policies.access.holdings import Holding, Holdings, Weighed
from auditor.policies.access.principals import Request
from auditor.policies.access.resources import Requested
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


class Question(Record, frozen=True):
    """Hold one question with everything needed to decide it; `switched`: the account password policy allows it."""

    user: str
    action: str
    of: Requested
    session: Session
    request: Request
    switched: Truth

    def answer(self, decision: Decision, remark: str = "") -> Answer:
        """Return an answer that names no statements."""
        return Answer(self.user, self.action, self.of.text, self.session, decision, remark=remark)

    def undecided(self, doubts: Iterable[Doubt], might: Sequence[Weighed] = ()) -> Answer:
        """Return the answer UNDECIDED, with the statements that might decide."""
        statements = tuple(each.statement for each in might)
        return Answer(self.user, self.action, self.of.text, self.session, Decision.UNDECIDED, statements, tuple(doubts))


def decide(question: Question, holdings: Holdings) -> Answer:
    """Return the answer to a question, given the policies of its user."""
    granting, boundary = holdings.granting, holdings.boundary
    denies = (*_weighed(question, granting, Effect.DENY), *_weighed(question, boundary, Effect.DENY))
    certain = [each for each in denies if each.truth is True]
    if certain:
        return _answer(question, Decision.EXPLICIT_DENY, certain)
    doubts = (*granting.doubts, *(boundary.doubts if boundary else ()))
    if doubts:
        return question.undecided(doubts, denies)
    return _weigh_allows(question, holdings, denies)


def _weigh_allows(question: Question, holdings: Holdings, denies: Sequence[Weighed]) -> Answer:
    allows = _weighed(question, holdings.granting, Effect.ALLOW)
    bounding = _weighed(question, holdings.boundary, Effect.ALLOW)
    granted = _any_of(allows)
    bounded: Truth = holdings.boundary is None or _any_of(bounding)
    switched = all_of((question.switched, bounded is True or _WITH_BOUNDARY))
    allowed = True if granted is True and bounded is True else any_of((all_of((granted, bounded)), switched))
    if allowed is False:
        remark = "The permissions boundary does not allow it" if granted is True else ""
        return question.answer(Decision.IMPLICIT_DENY, remark)
    if isinstance(allowed, Doubt):
        return question.undecided((allowed,), [each for each in (*allows, *bounding) if each.truth is not True])
    certain = [each for each in (*allows, *bounding) if each.truth is True]
    switch = (_SWITCH,) if switched is True else ()
    return _unless_denied(question, denies, _answer(question, Decision.ALLOW, certain, switch))


def _any_of(weighed: Sequence[Weighed]) -> Truth:
    for each in weighed:
        if each.truth is True:
            return True
    return weighed[0].truth if weighed else False


def _unless_denied(question: Question, denies: Sequence[Weighed], allow: Answer) -> Answer:
    """Return the answer that allows, or UNDECIDED if a statement might deny."""
    if not denies:
        return allow
    doubts = [each.truth for each in denies if isinstance(each.truth, Doubt)]
    return question.undecided(doubts, denies) if doubts else allow


def _weighed(question: Question, holding: Holding | None, effect: Effect) -> Sequence[Weighed]:
    """Return the statements with this effect that apply, or might apply."""
    if holding is None:
        return ()
    relevant = holding.relevant(question.of.action, question.session)
    side = relevant.denies if effect is Effect.DENY else relevant.allows
    if not side.others:
        return side.everywhere
    found = list(side.everywhere)
    for sourced in side.others:
        candidate = sourced.candidate
        truth = candidate.statement.applies(question.of, question.request)
        if truth is not False:
            sure = truth is True and candidate.truth is True
            found.append(Weighed(sourced.statement, sure or all_of((truth, candidate.truth))))
    return found


def _answer(
    question: Question, decision: Decision, weighed: Sequence[Weighed], more: tuple[DecidingStatement, ...] = ()
) -> Answer:
    statements = (*(each.statement for each in weighed), *more)
    return Answer(question.user, question.action, question.of.text, question.session, decision, statements)
