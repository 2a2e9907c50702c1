"""Likeness: whether two policy documents mean the same, even if they are written differently."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from msgspec import Raw

from auditor.account.model import Policy
from auditor.policies.entities import read_default
from auditor.policies.statements import Statement, statements

Meaning = frozenset[object]


def meaning(document: Raw) -> Meaning:
    """Return what a document means: equal for two documents that differ only in order, Sid, Version and repetition.

    The case of actions and condition keys does not matter; the case of resources and values does. Raises
    UnreadableDocumentError for a document that IAM does not accept.
    """
    return _meaning(bytes(document))


def default_meaning(policy: Policy) -> Meaning:
    """Return what a policy's default version means; raise UnknownFact as `default_statements` does."""
    return read_default(policy, meaning)


@lru_cache(maxsize=2048)  # each policy of an account is compared with all others
def _meaning(document: bytes) -> Meaning:
    return frozenset(map(_of_statement, statements(Raw(document))))


def _of_statement(statement: Statement) -> tuple[Any, ...]:
    return (
        statement.effect,
        _set(statement.actions, ignore_case=True),
        _set(statement.not_actions, ignore_case=True),
        _set(statement.resources),
        _set(statement.not_resources),
        frozenset(_conditions(statement.conditions)),
    )


def _set(texts: tuple[str, ...] | None, *, ignore_case: bool = False) -> frozenset[str] | None:
    """Return the distinct texts; None, for an element that is not there, stays None."""
    if texts is None:
        return None
    return frozenset(each.lower() for each in texts) if ignore_case else frozenset(texts)


def _conditions(written: Mapping[str, Mapping[str, Any]]) -> list[tuple[str, str, frozenset[str]]]:
    return [
        (operator, key.lower(), frozenset(map(_text, values if isinstance(values, list) else [values])))
        for operator, keys in written.items()
        for key, values in keys.items()
    ]


def _text(value: Any) -> str:
    """Return a value as text; a JSON boolean equals "true" or "false"."""
    return str(value).lower() if isinstance(value, bool) else str(value)
