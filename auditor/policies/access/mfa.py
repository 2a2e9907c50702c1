"""Denials without MFA: the statements of a policy that deny until MFA is used, and which of them cover an action."""

from collections.abc import Sequence

from auditor.account.model import Policy
from auditor.account.unknown import Record
from auditor.policies.access.actions import TARGETS, Target
from auditor.policies.access.documents import CompiledStatement, compiled
from auditor.policies.access.globs import is_everything
from auditor.policies.access.sessions import Session
from auditor.policies.access.truth import Doubt, Truth, all_of, negated
from auditor.policies.access.variables import Template
from auditor.policies.entities import read_default
from auditor.policies.patterns import covers, overlap
from auditor.policies.statements import Effect

_USERS = "arn:*:iam::*:user/*"


class Denial(Record, frozen=True):
    """Hold a statement that denies until MFA is used, its number from 1, and which of the given actions it covers."""

    number: int
    sid: str | None
    covered: tuple[str, ...]

    @property
    def text(self) -> str:
        """Return the statement as text for annotations."""
        return f"Statement {self.number}{f' ({self.sid})' if self.sid else ''}"


def denials_without_mfa(policy: Policy, actions: Sequence[str]) -> tuple[Denial, ...]:
    """Return the statements of a policy's default version that deny at the console without MFA but not with MFA.

    If some of them cover one of the actions, only these are returned. Raises UnknownFact as `default_statements` does,
    and if none does, but a statement in doubt may cover one.
    """
    document = read_default(policy, compiled)
    guards = [(each, _is_guard(each)) for each in document.statements if each.effect is Effect.DENY]
    certain = [_denial(each, actions) for each, truth in guards if truth is True]
    covering = tuple(each for each in certain if each.covered)
    doubts = [truth for each, truth in guards if isinstance(truth, Doubt) and _may_cover(each, actions)]
    if doubts and not covering:
        raise doubts[0].unknown
    return covering or tuple(certain)


def _is_guard(statement: CompiledStatement) -> Truth:
    personal: Truth = Doubt("a condition depends on the user") if statement.conditions.personal else True
    with_mfa = statement.in_session[Session.MFA]
    listed: Truth = True if statement.actions and statement.resources else Doubt("it lists no action or no resource")
    return all_of((statement.in_session[Session.NO_MFA], negated(with_mfa), personal, listed))


def _denial(statement: CompiledStatement, actions: Sequence[str]) -> Denial:
    covered = tuple(action for action in actions if _covers(statement, action.lower()) is True)
    return Denial(statement.number, statement.sid, covered)


def _may_cover(statement: CompiledStatement, actions: Sequence[str]) -> bool:
    return any(_covers(statement, action.lower()) is not False for action in actions)


def _covers(statement: CompiledStatement, action: str) -> Truth:
    return all_of((statement.covers_action(action), _covers_target(statement, TARGETS[action])))


def _covers_target(statement: CompiledStatement, target: Target) -> Truth:
    """Return whether the resources of a statement include what an action acts on: "*", or the ARN of some user."""
    if not statement.resources:
        return Doubt(f"statement {statement.number} lists no resource")
    reaches = is_everything if target is Target.NONE else _spares_all if statement.all_resources_but else _hits_some
    return any(reaches(_widened(each)) for each in statement.resources) is not statement.all_resources_but


def _hits_some(pattern: str) -> bool:
    parts, users = pattern.split(":", _USERS.count(":")), _USERS.split(":")
    return is_everything(pattern) or (len(parts) == len(users) and all(map(overlap, parts, users)))


def _spares_all(pattern: str) -> bool:
    return covers(pattern, _USERS, ignore_case=False)


def _widened(pieces: Template) -> str:
    """Return a pattern with a star for each variable."""
    return "".join(piece if isinstance(piece, str) else "*" for piece in pieces)
