"""Compiled policy documents: statements whose actions, resources and conditions are prepared for comparison."""

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache

from msgspec import Raw

from auditor.account.unknown import Record
from auditor.policies.access.alike import treats_alike
from auditor.policies.access.conditions import Conditions
from auditor.policies.access.conditions import compiled as compiled_conditions
from auditor.policies.access.globs import fits, is_everything, is_wild
from auditor.policies.access.principals import Request
from auditor.policies.access.resources import Requested, matches
from auditor.policies.access.sessions import Session
from auditor.policies.access.truth import Doubt, Truth, all_of, any_of, negated
from auditor.policies.access.variables import Template, resource_template, text_of
from auditor.policies.patterns import every_action
from auditor.policies.statements import Effect, Statement, has_variables, statements

_ALL_OF_IAM = "iam:*"


class CompiledStatement(Record, frozen=True):
    """Hold a statement and its number from 1; `actions` in lower case, or those of NotAction; likewise `resources`."""

    number: int
    sid: str | None
    effect: Effect
    actions: tuple[str, ...]
    all_actions_but: bool
    services: frozenset[str] | None
    """The services that `actions` name; None if there is a wildcard, or no action."""
    resources: tuple[Template, ...]
    all_resources_but: bool
    conditions: Conditions
    everywhere: bool
    """Whether it applies to every resource and principal alike."""
    alike: bool
    """Whether it applies to all users of a path or to none (to the user or its own device), whatever their names."""
    in_session: Mapping[Session, Truth]
    """Whether the conditions that do not depend on the principal are met, by session."""

    @property
    def covers_iam(self) -> bool:
        """Return whether the statement covers every action of IAM."""
        if self.all_actions_but:
            return not any(fits(pattern.partition(":")[0], "iam") for pattern in self.actions)
        return any(pattern == _ALL_OF_IAM or every_action(pattern) for pattern in self.actions)

    def covers_action(self, action: str) -> Truth:
        """Return whether the statement covers an action, named in lower case."""
        if self.services is not None and action.partition(":")[0] not in self.services:
            return self.all_actions_but
        if not self.actions:
            return Doubt(f"statement {self.number} lists no action")
        return any(fits(pattern, action) for pattern in self.actions) is not self.all_actions_but

    def applies(self, of: Requested, request: Request) -> Truth:
        """Return whether the statement applies to a resource and a principal; the caller checks session and action."""
        key = (id(self), of.key)
        found = request.remembered.get(key)
        if found is None:
            found = request.remembered[key] = self._covers_resource(of, request)
        return all_of((found, self.conditions.hold_for_one(request))) if self.conditions.personal else found

    def _covers_resource(self, of: Requested, request: Request) -> Truth:
        if not self.resources:
            return Doubt(f"statement {self.number} lists no resource")
        found = any_of(self._matches(pattern, of, request) for pattern in self.resources)
        return negated(found) if self.all_resources_but else found

    def _matches(self, pattern: Template, of: Requested, request: Request) -> Truth:
        text, doubt = text_of(pattern, request)
        granting = self.effect is Effect.ALLOW and not self.all_resources_but
        found = matches(text, of, granting=granting)
        return found if doubt is None or found is False else doubt


class Candidate(Record, frozen=True):
    """Hold a statement that covers, or may cover, an action in a session, and which of the two."""

    statement: CompiledStatement
    truth: Truth


def _possible(weighed: Iterable[tuple[CompiledStatement, Truth]]) -> tuple[Candidate, ...]:
    return tuple(Candidate(statement, truth) for statement, truth in weighed if truth is not False)


class CompiledDocument:
    """Hold the statements of a document, and look up those that may apply to an action in a session."""

    def __init__(self, compiled: Sequence[CompiledStatement]) -> None:
        self.statements = tuple(compiled)
        self._about: dict[str, tuple[Candidate, ...]] = {}
        self._candidates: dict[tuple[str, Session], tuple[Candidate, ...]] = {}

    def candidates(self, action: str, session: Session) -> tuple[Candidate, ...]:
        """Return the statements that may apply to an action, named in lower case, in a session."""
        found = self._candidates.get((action, session))
        if found is None:
            about = self._about.get(action)
            if about is None:
                about = self._about[action] = _possible((each, each.covers_action(action)) for each in self.statements)
            found = _possible(
                (each.statement, all_of((each.truth, each.statement.in_session[session]))) for each in about
            )
            self._candidates[action, session] = found
        return found


_REQUESTS = {session: Request(session) for session in Session}


def compiled(document: Raw) -> CompiledDocument:
    """Return a compiled document; raise UnreadableDocumentError for one that IAM would not accept."""
    return _compiled(bytes(document))


@lru_cache(maxsize=8192)  # policies may be identical, and several rules read each
def _compiled(text: bytes) -> CompiledDocument:
    document = Raw(text)
    variables = has_variables(document)
    found = enumerate(statements(document), start=1)
    return CompiledDocument([_statement(number, each, variables=variables) for number, each in found])


def _statement(number: int, statement: Statement, *, variables: bool) -> CompiledStatement:
    conditions = compiled_conditions(statement.conditions, variables=variables)
    actions = statement.not_actions if statement.actions is None else statement.actions
    resources = statement.not_resources if statement.resources is None else statement.resources
    every = any(is_everything(each) for each in statement.resources or ())
    templates = tuple(resource_template(each, variables=variables) for each in resources or ())
    names = tuple(each.lower() for each in actions or ())
    return CompiledStatement(
        number=number,
        sid=statement.sid,
        effect=statement.effect,
        actions=names,
        all_actions_but=statement.actions is None,
        services=_services(names),
        resources=templates,
        all_resources_but=statement.resources is None,
        conditions=conditions,
        everywhere=every and not conditions.personal,
        alike=not conditions.personal and all(map(treats_alike, templates)),
        in_session={session: conditions.hold_for_all(request) for session, request in _REQUESTS.items()},
    )


def _services(actions: Sequence[str]) -> frozenset[str] | None:
    found = frozenset(each.partition(":")[0] for each in actions)
    return None if not found or any(map(is_wild, found)) else found
