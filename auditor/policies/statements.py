"""The statements of policy documents, read according to IAM's policy grammar.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
"""

from collections.abc import Mapping
from enum import StrEnum
from functools import lru_cache
from typing import Any, Literal

import msgspec
from msgspec import UNSET, Raw, Struct, UnsetType

from auditor.account.unknown import Record
from auditor.documents import FAULTS, check_keys, reason
from auditor.policies.decoding import UnreadableDocumentError
from auditor.policies.patterns import everything


class Effect(StrEnum):
    """List the effects of statements."""

    ALLOW = "Allow"
    DENY = "Deny"


class Statement(Record, frozen=True):
    """Hold a statement; a field is None if there is no such element, which is not the same as an empty element.

    Exactly one of `actions` and `not_actions` is set. In an identity-based policy, so is one of `resources` and
    `not_resources`; in a trust policy, one of `principals` and `not_principals`, which list names by kind ("AWS",
    "Service" ...). Conditions are as written.
    """

    sid: str | None
    effect: Effect
    actions: tuple[str, ...] | None
    not_actions: tuple[str, ...] | None
    resources: tuple[str, ...] | None
    not_resources: tuple[str, ...] | None
    principals: Mapping[str, tuple[str, ...]] | None
    not_principals: Mapping[str, tuple[str, ...]] | None
    conditions: Mapping[str, Mapping[str, Any]]


def statements(document: Raw) -> tuple[Statement, ...]:
    """Return the statements of an identity-based policy, which says what the identity may do to which resources.

    Raises UnreadableDocumentError for a document that IAM does not accept; then no statement of it is used.
    """
    return _statements(bytes(document), trust=False)


def trust_statements(document: Raw) -> tuple[Statement, ...]:
    """Return the statements of a role's trust policy, which says who may assume it; raise as `statements` does."""
    return _statements(bytes(document), trust=True)


def has_variables(document: Raw) -> bool:
    """Return whether ${...} is a variable in a document that `statements` can read: its Version must be 2012-10-17.

    In older documents it is text: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_version.html
    """
    return msgspec.json.decode(bytes(document), type=_Versioned).Version == _CURRENT_VERSION


@lru_cache(maxsize=8192)  # several rules read each document of an account
def _statements(document: bytes, *, trust: bool) -> tuple[Statement, ...]:
    try:
        written = msgspec.json.decode(document, type=_Document)
        check_keys(document)
    except FAULTS as error:
        raise UnreadableDocumentError(reason(error)) from error
    listed = written.Statement if isinstance(written.Statement, list) else [written.Statement]
    return tuple(_statement(f"statement {number}", each, trust=trust) for number, each in enumerate(listed, start=1))


_Strings = str | list[str]
_Scalar = str | bool | int | float
_Principals = Literal["*"] | dict[str, _Strings]


class _Statement(Struct, frozen=True, forbid_unknown_fields=True):
    """Decode a statement as it is written. Names of elements and values of Effect are case-sensitive."""

    Effect: Effect
    Sid: str | UnsetType = UNSET
    Action: _Strings | UnsetType = UNSET
    NotAction: _Strings | UnsetType = UNSET
    Resource: _Strings | UnsetType = UNSET
    NotResource: _Strings | UnsetType = UNSET
    Principal: _Principals | UnsetType = UNSET
    NotPrincipal: _Principals | UnsetType = UNSET
    Condition: dict[str, dict[str, _Scalar | list[_Scalar]]] | UnsetType = UNSET


_CURRENT_VERSION = "2012-10-17"


class _Versioned(Struct, frozen=True):
    """Decode the Version of a document; the default is the oldest."""

    Version: str = "2008-10-17"


class _Document(Struct, frozen=True, forbid_unknown_fields=True):
    """Decode a document as it is written."""

    Statement: _Statement | list[_Statement]
    Version: Literal["2012-10-17", "2008-10-17"] | UnsetType = UNSET
    Id: str | UnsetType = UNSET


def _statement(place: str, written: _Statement, *, trust: bool) -> Statement:
    _one_of(place, written, "Action", "NotAction")
    _one_of(place, written, *(("Principal", "NotPrincipal") if trust else ("Resource", "NotResource")))
    _none_of(place, written, *(("Resource", "NotResource") if trust else ("Principal", "NotPrincipal")))
    actions, not_actions = _strings(written.Action), _strings(written.NotAction)
    for action in (*(actions or ()), *(not_actions or ())):
        _check_action(place, action)
    return Statement(
        sid=written.Sid or None,
        effect=written.Effect,
        actions=actions,
        not_actions=not_actions,
        resources=_strings(written.Resource),
        not_resources=_strings(written.NotResource),
        principals=_principals(written.Principal),
        not_principals=_principals(written.NotPrincipal),
        conditions=written.Condition or {},
    )


def _check_action(place: str, action: str) -> None:
    """Raise UnreadableDocumentError for an action that IAM rejects (MalformedPolicyDocument): no colon, or several."""
    colons = action.count(":")
    if colons > 1:
        raise UnreadableDocumentError(f"{place}: the action {action[:64]!r} has more than one colon")
    if not colons and not (action and everything(action)):
        raise UnreadableDocumentError(f"{place}: the action {action[:64]!r} names no service")


def _one_of(place: str, written: _Statement, element: str, opposite: str) -> None:
    if (getattr(written, element) is UNSET) == (getattr(written, opposite) is UNSET):
        raise UnreadableDocumentError(f"{place} needs one of {element} and {opposite}")


def _none_of(place: str, written: _Statement, *elements: str) -> None:
    for element in elements:
        if getattr(written, element) is not UNSET:
            raise UnreadableDocumentError(f"{place} has {element}, which has no place in such a policy")


def _strings(written: _Strings | UnsetType) -> tuple[str, ...] | None:
    if written is UNSET:
        return None
    return (written,) if isinstance(written, str) else tuple(written)


def _principals(written: _Principals | UnsetType) -> Mapping[str, tuple[str, ...]] | None:
    if written is UNSET:
        return None
    if isinstance(written, str):
        return {"AWS": ("*",)}
    return {kind: _strings(names) or () for kind, names in written.items()}
