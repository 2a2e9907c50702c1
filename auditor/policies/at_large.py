"""A summary of what a policy document allows: everything, whole services or single actions, and what it denies."""

from collections.abc import Iterable, Iterator, Sequence

from auditor.account.unknown import Record
from auditor.policies.patterns import every_action, everything
from auditor.policies.statements import Effect, Statement

_SERVICES_NAMED = 8  # in a summary
_PATTERNS_NAMED = 4
_DENIALS_NAMED = 2
_KEYS_NAMED = 3


class ServiceActions(Record, frozen=True):
    """Hold the actions of one service that a document allows, as written; `whole`: a pattern covers all of them."""

    service: str
    actions: tuple[str, ...]
    whole: bool


class AtLarge(Record, frozen=True):
    """Summarize what a document allows. Only `administrator` takes resources and conditions into account.

    `administrator`: one statement allows every action on every resource without a condition, and no statement denies.
    `every_action`: a statement allows every action. `all_but` are the actions that NotAction excludes from what is
    allowed. `wildcards` are the allowed patterns of actions that contain a wildcard. `denies` counts the statements
    that deny, `deny_keys` are the condition keys that denials depend on.
    """

    summary: str
    administrator: bool
    every_action: bool
    all_but: tuple[str, ...]
    services: tuple[ServiceActions, ...]
    wildcards: tuple[str, ...]
    denies: int
    deny_keys: tuple[str, ...]


def at_large(statements: Sequence[Statement]) -> AtLarge:
    """Return a summary of what the statements of one document allow."""
    allows = [each for each in statements if each.effect is Effect.ALLOW]
    denies = [each for each in statements if each.effect is Effect.DENY]
    patterns = _distinct(pattern for each in allows for pattern in each.actions or ())
    administrator = not denies and any(map(_is_administration, allows))
    every = any(map(every_action, patterns))
    all_but = _distinct(pattern for each in allows for pattern in each.not_actions or ())
    services = tuple(_services(pattern for pattern in patterns if not every_action(pattern)))
    return AtLarge(
        summary="; ".join((_allowed(services, all_but, every=every, administrator=administrator), *_denied(denies))),
        administrator=administrator,
        every_action=every,
        all_but=all_but,
        services=services,
        wildcards=tuple(pattern for pattern in patterns if "*" in pattern or "?" in pattern),
        denies=len(denies),
        deny_keys=_distinct(key for each in denies for key in condition_keys(each)),
    )


def condition_keys(statement: Statement) -> tuple[str, ...]:
    """Return the condition keys of a statement, each once."""
    return _distinct(key for keys in statement.conditions.values() for key in keys)


def _is_administration(statement: Statement) -> bool:
    every = any(map(every_action, statement.actions or ()))
    return every and any(map(everything, statement.resources or ())) and not statement.conditions


def _services(patterns: Iterable[str]) -> Iterator[ServiceActions]:
    by_service: dict[str, list[str]] = {}
    for pattern in patterns:
        by_service.setdefault(pattern.partition(":")[0].lower(), []).append(pattern)
    for service, actions in sorted(by_service.items()):
        whole = any(everything(action.partition(":")[2]) for action in actions)
        yield ServiceActions(service, tuple(actions), whole)


def _distinct(texts: Iterable[str]) -> tuple[str, ...]:
    """Return the distinct texts, ignoring case, each as it is first written."""
    found: dict[str, str] = {}
    for text in texts:
        found.setdefault(text.lower(), text)
    return tuple(found.values())


def _allowed(services: Sequence[ServiceActions], all_but: Sequence[str], *, every: bool, administrator: bool) -> str:
    if administrator:
        return "allows every action on every resource (administrator)"
    parts = [_of_service(each) for each in services[:_SERVICES_NAMED]]
    if more := services[_SERVICES_NAMED:]:
        parts.append(f"actions of {len(more):,} more {'service' if len(more) == 1 else 'services'}")
    wide = ["every action, limited by resources, conditions or denials"] if every else []
    wide += [f"every action but {_named(all_but)}"] if all_but else []
    if wide and parts:
        return f"allows {'; '.join(wide)}; also {', '.join(parts)}"
    return f"allows {'; '.join(wide) or ', '.join(parts) or 'nothing'}"


def _denied(denies: Sequence[Statement]) -> Iterator[str]:
    for statement in denies[:_DENIALS_NAMED]:
        keys = condition_keys(statement)
        on = f", depending on {', '.join(keys[:_KEYS_NAMED])}" if keys else ""
        yield f"denies {_actions(statement)}{on}"
    if more := len(denies[_DENIALS_NAMED:]):
        yield f"denies in {more:,} more {'statement' if more == 1 else 'statements'}"


def _actions(statement: Statement) -> str:
    if statement.actions is None:
        count = len(statement.not_actions or ())
        return f"every action but {count:,}" if count > 1 else f"every action but {_named(statement.not_actions or ())}"
    if any(map(every_action, statement.actions)):
        return "every action"
    return _named(statement.actions)


def _named(patterns: Sequence[str]) -> str:
    more = len(patterns[_PATTERNS_NAMED:])
    return f"{', '.join(patterns[:_PATTERNS_NAMED])}{f' and {more:,} more' if more else ''}"


def _of_service(found: ServiceActions) -> str:
    if found.whole:
        return f"all of {found.service}"
    count = len(found.actions)
    return found.actions[0] if count == 1 else f"{count:,} actions of {found.service}"
