"""The evaluator: decides what the users of one snapshot may do; it compiles each policy document once."""

import re
from functools import lru_cache
from typing import Any

from auditor.account.index import Index
from auditor.account.kinds import ResourceType
from auditor.account.model import Snapshot, User
from auditor.account.unknown import Record, UnknownFact, evaluate_quietly, gaps_of
from auditor.errors import UsageError, nearest
from auditor.policies.access.actions import (
    ALWAYS_ALLOWED,
    CHANGE_PASSWORD,
    GET_PASSWORD_POLICY,
    IAM_ACTIONS,
    TARGETS,
    Target,
)
from auditor.policies.access.alike import place_of
from auditor.policies.access.answer import Answer, Decision, PolicyKind
from auditor.policies.access.deciding import Question, decide
from auditor.policies.access.holdings import Holdings, HoldingsOf
from auditor.policies.access.overlooked import Overlooked, overlooked
from auditor.policies.access.principals import Principal, Request
from auditor.policies.access.resources import requested
from auditor.policies.access.sessions import Session
from auditor.policies.access.truth import Doubt, Truth
from auditor.policies.statements import Effect

_ACTION = re.compile(r"[A-Za-z0-9-]+:[A-Za-z0-9]+")
_ARN_PARTS = 6
_ROOT_DEVICE = "root-account-mfa-device"
_OTHER_NAME = "-phone"  # suffix for a device whose name is not the user's
_GRANTING = frozenset(PolicyKind) - {PolicyKind.BOUNDARY}
_ROOT_NAMES = ("root", "<root_account>")


class _Known(Record, frozen=True):
    """Hold what was computed for a user: its facts, its policies, and its requests by session.

    `unlisted` is the gap of its ARN, `place` its ARN without its name. Users with the same `kept_by` have the same
    policies and the same place, so they can share answers.
    """

    principal: Principal
    holdings: Holdings
    requests: dict[Session, Request]
    unlisted: str | None
    place: str | None
    kept_by: tuple[int, int, str | None]


class Access:
    """Decide what the users of a snapshot may do, by their identity policies and permissions boundaries."""

    def __init__(self, snapshot: Snapshot, index: Index | None = None) -> None:
        self._snapshot = snapshot
        self._index = index or Index(snapshot)
        self._holdings = HoldingsOf(snapshot, self._index)
        self._known: dict[str, _Known] = {}
        self._shared: dict[tuple[int, int, str | None, str, Session], Answer] = {}
        self.remembered: dict[tuple[str, str], Any] = {}
        """Results that several rules need, by question and user name, so that each is computed once."""
        self._switch = self._allow_users_to_change_password()

    def named(self, name: str) -> User | None:
        """Return the user with a name, or None for root, which is no IAM user.

        Raises UsageError if there is no such user, and UnknownFact if there may be one.
        """
        user: User | UnknownFact | None = evaluate_quietly(lambda: self._index.by_name(ResourceType.USER, name))
        if isinstance(user, User):
            return user
        if name in _ROOT_NAMES or name == self._snapshot.account.arn:
            return None
        if isinstance(user, UnknownFact):
            raise user
        names = (each.name for each in self._snapshot.users.known_part)
        raise UsageError(f"the account has no user {name!r}", nearest(name, names, "Names are those of IAM users."))

    def can(self, user: User, action: str, session: Session, resource: str | None = None) -> Answer:
        """Return whether a user may perform an action on a resource in a session.

        Without a resource, it is the user's own ARN, its own virtual MFA device or "*", depending on the action.
        Raises UsageError for an invalid action or ARN, and if the action needs a resource.
        """
        known = self._known.get(user.name) or self._facts_of(user)
        if resource is not None:
            return self._decided(known, action, session, resource)
        return self._of_own(known, action, session)

    def can_with_other_device(self, user: User, action: str, session: Session) -> Answer:
        """Return whether a user may perform an action on a virtual MFA device that is not named like the user.

        Raises UsageError for an action that does not act on virtual MFA devices.
        """
        if TARGETS.get(action_name(action)) is not Target.MFA_DEVICE:
            raise UsageError(f"{action} does not act on virtual MFA devices", "Name an action that does.")
        return self._of_own(self._known.get(user.name) or self._facts_of(user), action, session, _OTHER_NAME)

    def _of_own(self, known: _Known, action: str, session: Session, suffix: str = "") -> Answer:
        """Return the answer for the resource that is meant if none is named; `suffix` is added to its name.

        It is computed once for all users with the same policies and path, if no statement depends on their names.
        """
        name, target = known.principal.name, TARGETS.get(action_name(action), Target.NONE)
        if known.principal.arn is None and target is not Target.NONE:
            doubt = Doubt("the ARN of the user is not known", known.unlisted, "arn")
            return Answer(name, action, "*", session, Decision.UNDECIDED, doubts=(doubt,))
        key = (*known.kept_by, action + suffix, session)
        resource = own_resource(action, known.principal) + suffix
        shared = self._shared.get(key)
        if shared is not None:
            return Answer(name, action, resource, session, shared.decision, shared.statements, (), shared.remark)
        answer = self._decided(known, action, session, resource)
        if known.place and answer.decision is not Decision.UNDECIDED and known.holdings.alike(action.lower(), session):
            self._shared[key] = answer
        return answer

    def _decided(self, known: _Known, action: str, session: Session, resource: str | None) -> Answer:
        question = self._question(known, action, session, resource)
        if question.of.action in ALWAYS_ALLOWED:
            return question.answer(Decision.ALLOW, f"{action} needs no permission, and AWS lets no policy deny it")
        if question.of.mismatch is not None:
            return question.undecided((question.of.mismatch,))
        return decide(question, known.holdings)

    def overlooked(self, user: User, action: str, session: Session) -> tuple[Overlooked, ...]:
        """Return the statements that allow an action and never apply to what the user means by it."""
        known = self._known.get(user.name) or self._facts_of(user)
        of = self._question(known, action, session, None).of
        return tuple(overlooked(action, of, known.holdings, known.principal, known.requests[session]))

    def only_by_all_of_iam(self, user: User, answer: Answer) -> bool:
        """Return whether every statement that makes an answer ALLOW covers all actions of IAM."""
        broad = self.holdings(user).granting.broad
        if not broad:
            return False
        granting = [each for each in answer.statements if each.effect is Effect.ALLOW and each.kind in _GRANTING]
        return bool(granting) and all(id(each) in broad for each in granting)

    def holdings(self, user: User) -> Holdings:
        """Return the compiled documents that decide what a user may do, and what is unknown of them."""
        return (self._known.get(user.name) or self._facts_of(user)).holdings

    def _facts_of(self, user: User) -> _Known:
        principal = Principal(user, self._snapshot.account)
        requests = {session: Request(session, principal) for session in Session}
        holdings, place = self._holdings.of(user), place_of(principal)
        kept_by = (id(holdings.granting), id(holdings.boundary), place)
        known = _Known(principal, holdings, requests, gaps_of(user).get("arn"), place, kept_by)
        self._known[user.name] = known
        return known

    def _question(self, known: _Known, action: str, session: Session, resource: str | None) -> Question:
        name, principal = action_name(action), known.principal
        of = requested(name, own_resource(action, principal) if resource is None else checked(name, resource))
        switched: Truth = False
        if name == GET_PASSWORD_POLICY or (name == CHANGE_PASSWORD and of.text == principal.arn):
            switched = self._switch
        return Question(principal.name, action, of, session, known.requests[session], switched)

    def _allow_users_to_change_password(self) -> Truth:
        """Return whether the account password policy lets users change their own password; the default one does not."""
        account = self._snapshot.account
        known = evaluate_quietly(
            lambda: account.password_policy is not None and account.password_policy.allow_users_to_change_password
        )
        if isinstance(known, UnknownFact):
            reason = "whether the account's password policy lets users change their own password is not known"
            return Doubt(reason, known.gap_id, known.reason)
        return known


@lru_cache(maxsize=1024)
def action_name(action: str) -> str:
    """Return an action's name in lower case; raise UsageError unless it is the name of one action."""
    if not _ACTION.fullmatch(action):
        raise UsageError(f"{action!r} is not an action", "Name one action, such as iam:ChangePassword.")
    return action.lower()


def checked(action: str, resource: str) -> str:
    """Return the resource of a question, "*" for actions without one; raise UsageError if it is not an ARN."""
    if resource != "*" and (not resource.startswith("arn:") or resource.count(":") < _ARN_PARTS - 1):
        raise UsageError(f"{resource!r} is not an ARN", "Give the full ARN; use * for actions that have no resource.")
    return "*" if TARGETS.get(action) is Target.NONE else resource


def own_resource(action: str, principal: Principal) -> str:
    """Return the resource that is meant if none is named; raise UsageError if the action needs a named one."""
    target = TARGETS.get(action.lower())
    if target is Target.NONE:
        return "*"
    own = principal.device_arn if target is Target.MFA_DEVICE else principal.arn
    if target is None or own is None:
        hint = f"Name it by its ARN: iam-audit can {principal.name} {action} ARN"
        raise UsageError("needs a resource", f"{hint}{_guess(action)}", subject=action)
    return own


def _guess(action: str) -> str:
    """Return what to add to a hint about an action that is spelt almost like one of IAM that needs no resource."""
    from difflib import get_close_matches  # imported late: for mistakes only

    close = get_close_matches(action, IAM_ACTIONS, n=1, cutoff=0.9)
    return f". Or did you mean {close[0]}?" if close and TARGETS.get(action.lower()) is None else ""


def root_answer(snapshot: Snapshot, action: str, session: Session, resource: str | None) -> Answer:
    """Return the answer for root, which no identity policy limits."""
    action_name(action)
    arn = snapshot.account.arn or "*"
    device = f"{arn.removesuffix('root')}mfa/{_ROOT_DEVICE}" if snapshot.account.arn else "*"
    own = {Target.USER: arn, Target.MFA_DEVICE: device}.get(TARGETS.get(action.lower(), Target.NONE), "*")
    remark = "Root is limited by no identity policy and no permissions boundary; only an SCP can limit it"
    return Answer("root", action, resource or own, session, Decision.ALLOW, remark=remark)
