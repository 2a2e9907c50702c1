"""Holdings: the policy documents that decide what a user may do (own, groups', boundary), and which are unknown."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property, partial
from typing import Any

from msgspec import Raw

from auditor.account.index import Index
from auditor.account.kinds import ResourceType
from auditor.account.model import Group, InlinePolicy, Policy, Snapshot, User
from auditor.account.sources import Source
from auditor.account.unknown import Gap, Listing, Record, UnknownFact, evaluate_quietly, gaps_of, stored
from auditor.policies.access.answer import DecidingStatement, Origin, PolicyKind
from auditor.policies.access.documents import Candidate, CompiledDocument, CompiledStatement, compiled
from auditor.policies.access.sessions import Session
from auditor.policies.access.truth import Doubt, Truth
from auditor.policies.decoding import UnreadableDocumentError
from auditor.policies.entities import read_default
from auditor.policies.statements import Effect

_NOT_IN_SNAPSHOT = "it is not in the snapshot"
_AWS = ":iam::aws:"  # in the ARNs of AWS-managed policies


def is_aws_managed(arn: str) -> bool:
    """Return whether an ARN is that of an AWS-managed policy."""
    return _AWS in arn


class Held(Record, frozen=True):
    """Hold a document, with each of its statements in the form that answers contain."""

    document: CompiledDocument
    named: tuple[DecidingStatement, ...]


class Weighed(Record, frozen=True):
    """Hold a statement that applies, or might apply, in the form that answers contain."""

    statement: DecidingStatement
    truth: Truth


class Sourced(Record, frozen=True):
    """Hold a statement that may apply, depending on resource and principal, in both forms."""

    statement: DecidingStatement
    candidate: Candidate


class Side(Record, frozen=True):
    """Hold the statements of one effect: those that apply to every resource and principal, and the others."""

    everywhere: tuple[Weighed, ...]
    others: tuple[Sourced, ...]


def _held(origin: Origin, document: CompiledDocument) -> Held:
    return Held(document, tuple(_named(origin, statement) for statement in document.statements))


def _named(origin: Origin, statement: CompiledStatement) -> DecidingStatement:
    return DecidingStatement(
        policy=origin.policy,
        policy_arn=origin.policy_arn,
        kind=origin.kind,
        group=origin.group,
        number=statement.number,
        sid=statement.sid,
        effect=statement.effect,
    )


def _side(sourced: Sequence[Sourced], effect: Effect) -> Side:
    of_effect = [each for each in sourced if each.statement.effect is effect]
    everywhere = (each for each in of_effect if each.candidate.statement.everywhere)
    return Side(
        tuple(Weighed(each.statement, each.candidate.truth) for each in everywhere),
        tuple(each for each in of_effect if not each.candidate.statement.everywhere),
    )


class Relevant(Record, frozen=True):
    """Hold the statements that may apply to an action in a session, by their effect."""

    denies: Side
    allows: Side

    @property
    def alike(self) -> bool:
        """Return whether all these statements treat users of one path alike."""
        return all(each.candidate.statement.alike for each in (*self.denies.others, *self.allows.others))


class Holding:
    """Hold documents that may grant access, and a doubt for each one that is unknown."""

    def __init__(self, held: tuple[Held, ...], doubts: tuple[Doubt, ...]) -> None:
        self.held = held
        self.doubts = doubts
        self._relevant: dict[tuple[str, Session], Relevant] = {}
        self.remembered: dict[int, Any] = {}
        """Results for these documents under a permissions boundary, by the boundary's id in memory."""

    @cached_property
    def broad(self) -> frozenset[int]:
        """Return the ids in memory of the statements that cover every action of IAM."""
        pairs = (pair for each in self.held for pair in zip(each.named, each.document.statements, strict=True))
        return frozenset(id(named) for named, statement in pairs if statement.covers_iam)

    def relevant(self, action: str, session: Session) -> Relevant:
        """Return the statements that may apply to an action, named in lower case, in a session."""
        found = self._relevant.get((action, session))
        if found is None:
            sourced = [
                Sourced(each.named[one.statement.number - 1], one)
                for each in self.held
                for one in each.document.candidates(action, session)
            ]
            sourced.sort(key=lambda each: each.statement.order)
            found = Relevant(_side(sourced, Effect.DENY), _side(sourced, Effect.ALLOW))
            self._relevant[action, session] = found
        return found


class Holdings(Record, frozen=True):
    """Hold the documents that grant a user access, and its permissions boundary or None."""

    granting: Holding
    boundary: Holding | None

    def alike(self, action: str, session: Session) -> bool:
        """Return whether the statements that cover an action, named in lower case, treat users of one path alike."""
        parts = (self.granting, *((self.boundary,) if self.boundary else ()))
        return all(part.relevant(action, session).alike for part in parts)


class HoldingsOf:
    """Find the documents of users; users with the same policies share one object."""

    def __init__(self, snapshot: Snapshot, index: Index) -> None:
        self._index = index
        self._gaps: Mapping[str, Gap] = {gap.id: gap for gap in snapshot.gaps}
        self._policies: Mapping[str, Policy] = {
            policy.arn: policy for policy in snapshot.policies.known_part if "arn" not in gaps_of(policy)
        }
        self._unlisted = snapshot.policies.gap
        self._aws_managed = snapshot.aws_managed_policies
        self._unread = index.unread(Source.AWS_MANAGED_POLICIES)
        self._managed: dict[str, CompiledDocument | Doubt] = {}
        self._groups: dict[str, Holding] = {}
        self._boundaries: dict[str, Holding] = {}
        self._shared: dict[Any, Holding] = {}

    def of(self, user: User) -> Holdings:
        """Return the documents that decide what a user may do."""
        return Holdings(self._granting(user), self._boundary(user))

    def _granting(self, user: User) -> Holding:
        own = user.inline_policies
        if own.known_part or own.gap is not None:
            return self._joined(user)
        groups, attached = user.group_names, user.attached_policies
        key = (groups.known_part, groups.gap, attached.known_part, attached.gap)
        if key not in self._shared:
            self._shared[key] = self._joined(user)
        return self._shared[key]

    def _joined(self, user: User) -> Holding:
        parts = [self._own(user, None), *map(self._group, user.group_names.known_part)]
        doubts = [doubt for part in parts for doubt in part.doubts]
        doubts += self._missing(user.group_names, "which groups the user is in is not known")
        return Holding(tuple(held for part in parts for held in part.held), tuple(doubts))

    def _own(self, holder: User | Group, group: str | None) -> Holding:
        """Return the policies that a user or group has itself."""
        held: list[Held] = []
        doubts: list[Doubt] = []
        for origin, found in (*self._inline(holder.inline_policies, group), *self._attached(holder, group)):
            if isinstance(found, Doubt):
                doubts.append(found)
            else:
                held.append(_held(origin, found))
        doubts += self._missing(holder.inline_policies, f"not all inline policies of {holder.name} are known")
        doubts += self._missing(holder.attached_policies, f"not all policies attached to {holder.name} are known")
        return Holding(tuple(held), tuple(doubts))

    def _inline(
        self, policies: Listing[InlinePolicy], group: str | None
    ) -> Iterator[tuple[Origin, CompiledDocument | Doubt]]:
        for policy in policies.known_part:
            origin = Origin(policy.name, None, PolicyKind.INLINE, group)
            yield origin, self._read(partial(self._inline_document, policy), origin.text)

    def _inline_document(self, policy: InlinePolicy) -> CompiledDocument:
        return compiled(policy.document)

    def _attached(self, holder: User | Group, group: str | None) -> Iterator[tuple[Origin, CompiledDocument | Doubt]]:
        for policy in holder.attached_policies.known_part:
            kind = PolicyKind.AWS_MANAGED if is_aws_managed(policy.arn) else PolicyKind.CUSTOMER_MANAGED
            yield Origin(policy.name, policy.arn, kind, group), self._of_managed(policy.arn)

    def _of_managed(self, arn: str) -> CompiledDocument | Doubt:
        if arn not in self._managed:
            self._managed[arn] = self._read(lambda: self._default_document(arn), f"the policy {arn}")
        return self._managed[arn]

    def _default_document(self, arn: str) -> CompiledDocument:
        if is_aws_managed(arn):
            return compiled(self._document_of_aws(arn))
        if arn not in self._policies:
            raise UnknownFact(self._unlisted, _NOT_IN_SNAPSHOT)
        policy = self._policies[arn]
        return read_default(policy, compiled)

    def _document_of_aws(self, arn: str) -> Raw:
        found = [policy for policy in self._aws_managed if policy.arn == arn]
        if len(found) != 1:
            raise UnknownFact(self._unread, f"{_NOT_IN_SNAPSHOT}; an export of all authorization details holds it")
        return found[0].document

    def _group(self, name: str) -> Holding:
        if name not in self._groups:
            group = evaluate_quietly(lambda: self._index.by_name(ResourceType.GROUP, name))
            if isinstance(group, UnknownFact):
                doubt = self._doubt(f"the group {name} is not known", group.gap_id, group.reason)
                self._groups[name] = Holding((), (doubt,))
            elif group is None:
                self._groups[name] = Holding((), (Doubt(f"the user is in the group {name}, which is not listed"),))
            else:
                self._groups[name] = self._own(group, name)
        return self._groups[name]

    def _boundary(self, user: User) -> Holding | None:
        if "permissions_boundary" in gaps_of(user):
            what, field = "whether the user has a permissions boundary is not known", "permissions_boundary"
            return Holding((), (self._doubt(what, gaps_of(user)[field], field),))
        arn: str | None = stored(user, "permissions_boundary")
        if arn is None:
            return None
        if arn not in self._boundaries:
            origin = Origin(arn.rpartition("/")[2], arn, PolicyKind.BOUNDARY, None)
            found = self._of_managed(arn)
            self._boundaries[arn] = (
                Holding((), (found,)) if isinstance(found, Doubt) else Holding((_held(origin, found),), ())
            )
        return self._boundaries[arn]

    def _read(self, read: Callable[[], CompiledDocument], name: str) -> CompiledDocument | Doubt:
        try:
            found = evaluate_quietly(read)
        except UnreadableDocumentError as error:
            return Doubt(f"the document of {name} cannot be read: {error}")
        if isinstance(found, UnknownFact):
            return self._doubt(f"the document of {name} is not known", found.gap_id, found.reason)
        return found

    def _missing(self, listing: Listing[Any], what: str) -> Iterator[Doubt]:
        if listing.gap is not None:
            yield self._doubt(what, listing.gap, "items")

    def _doubt(self, what: str, gap_id: str | None, reason: str) -> Doubt:
        """Return a doubt with the message of its gap, or else the reason.

        It makes no UnknownFact, which would be recorded as raised by the rule that is evaluated first.
        """
        gap = self._gaps.get(gap_id or "")
        if gap is None:
            return Doubt(f"{what}: {reason}", gap_id)
        grant = f" (grant {gap.iam_action})" if gap.iam_action else ""
        return Doubt(f"{what}: {gap.message}{grant}", gap.id, reason)
