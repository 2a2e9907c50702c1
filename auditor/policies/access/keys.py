"""Denials without MFA: which statements stop a user's long-term access keys, and which affect only the console."""

from collections.abc import Iterator

from auditor.account.unknown import Record
from auditor.policies.access.answer import DecidingStatement
from auditor.policies.access.documents import CompiledStatement
from auditor.policies.access.holdings import Holding, Holdings
from auditor.policies.access.sessions import Session
from auditor.policies.access.truth import Doubt, Truth, all_of, any_of, negated
from auditor.policies.patterns import covers, every_action, overlap
from auditor.policies.statements import Effect


class KeyGuards(Record, frozen=True):
    """Hold the statements that deny until MFA is used: those that stop access keys, and those that do not.

    Each denies something that another statement allows.
    """

    stopping: tuple[DecidingStatement, ...]
    console_only: tuple[DecidingStatement, ...]


Numbered = tuple[DecidingStatement, CompiledStatement]


def key_guards(holdings: Holdings) -> KeyGuards:
    """Return the statements of a user's policies and permissions boundary that deny until MFA is used.

    Raises UnknownFact if none certainly stops access keys, and a policy is unknown or a statement in doubt.
    """
    key, known = id(holdings.boundary), holdings.granting.remembered
    found: KeyGuards | None = known.get(key)
    if found is None:
        found = known[key] = _key_guards(holdings)
    return found


def _key_guards(holdings: Holdings) -> KeyGuards:
    parts = [holdings.granting, *([holdings.boundary] if holdings.boundary else [])]
    denies = _statements(parts, Effect.DENY)
    weighed = [(named, each, _stops(each, Session.ACCESS_KEY, holdings)) for named, each in denies]
    stopping = tuple(named for named, _, truth in weighed if truth is True)
    doubts = [doubt for part in parts for doubt in part.doubts]
    doubts += [truth for _, _, truth in weighed if isinstance(truth, Doubt)]
    if doubts and not stopping:
        raise min(doubts, key=lambda each: each.gap_id is None).unknown
    others = ((named, each) for named, each, truth in weighed if truth is False)
    return KeyGuards(stopping, tuple(named for named, each in others if _stops(each, Session.NO_MFA, holdings) is True))


def _statements(parts: list[Holding], effect: Effect) -> Iterator[Numbered]:
    for part in parts:
        for held in part.held:
            pairs = zip(held.named, held.document.statements, strict=True)
            yield from ((named, each) for named, each in pairs if each.effect is effect)


def _stops(deny: CompiledStatement, session: Session, holdings: Holdings) -> Truth:
    """Return whether a statement denies, in this session but not with MFA, something that is allowed with MFA."""
    in_force = all_of((deny.in_session[session], negated(deny.in_session[Session.MFA])))
    if in_force is False:
        return False
    allows = _statements([holdings.granting], Effect.ALLOW)
    hits = any_of(_hits(deny, allow, holdings) for _, allow in allows)
    everywhere: Truth = deny.everywhere or Doubt(
        f"statement {deny.number} denies to some users or on some resources only"
    )
    return all_of((in_force, hits, everywhere))


def _hits(deny: CompiledStatement, allow: CompiledStatement, holdings: Holdings) -> Truth:
    """Return whether a statement denies an action that another statement and the permissions boundary allow."""
    bounding = [each for _, each in _statements([holdings.boundary], Effect.ALLOW)] if holdings.boundary else None
    return all_of(
        (
            allow.in_session[Session.MFA],
            bounding is None or any(_meet(allow, each) for each in bounding),
            _meet(allow, deny),
        )
    )


def _meet(one: CompiledStatement, other: CompiledStatement) -> bool:
    """Return whether some action is covered by both statements."""
    if one.all_actions_but and other.all_actions_but:
        return not any(map(every_action, (*one.actions, *other.actions)))
    if one.all_actions_but:
        return _meet(other, one)
    if other.all_actions_but:
        return any(not any(_spares(spared, pattern) for spared in other.actions) for pattern in one.actions)
    return any(overlap(pattern, each) for pattern in one.actions for each in other.actions)


def _spares(spared: str, pattern: str) -> bool:
    return every_action(spared) or covers(spared, pattern)
