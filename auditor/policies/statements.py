"""IAM policy documents: one reader for the forms in which AWS hands them out; they stay raw JSON until read.

The API sends a document percent-encoded (RFC 3986, so "+" is a plus sign), boto3 and the AWS CLI decode it, and some
tools wrap it in a list: https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetAccountAuthorizationDetails.html
What a document says goes by https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
"""

import re
from binascii import a2b_qp
from collections.abc import Mapping, Sequence
from enum import StrEnum
from functools import lru_cache
from typing import Any, Literal, cast
from urllib.parse import unquote

import msgspec
from msgspec import UNSET, Raw, Struct, UnsetType

from auditor.account.unknown import Record
from auditor.documents import FAULTS, MAX_STRING, check_depth, check_keys, may_be_deep, reason


class UnreadableDocumentError(Exception):
    """Tell that a policy document is not a JSON object in any form that AWS uses."""


def raw_document(value: object) -> Raw:
    """Give the document of a policy as raw JSON text of one object.

    Raises UnreadableDocumentError for anything that is not a JSON object, and for one in which a key stands twice or
    that is longer or deeper than any of AWS's.
    """
    document = _parsed(value) if isinstance(value, str) else value
    if isinstance(document, list) and len(document) == 1:
        document = document[0]
    try:
        text = msgspec.json.encode(document)
        _check_object(document, text)
        return Raw(_short(text))
    except FAULTS as error:
        raise _unreadable(error) from error


def read_document(document: Raw) -> dict[str, Any]:
    """Give what a raw document says, for those who judge it.

    Raises UnreadableDocumentError as `raw_document` does: a snapshot may come from anywhere.
    """
    text = bytes(document)
    try:
        value = _decoded(text)
        _check_object(value, text)
    except FAULTS as error:
        raise _unreadable(error) from error
    return cast("dict[str, Any]", value)


def _parsed(text: str) -> object:
    try:
        plain = text if text.lstrip().startswith(("{", "[")) else _unquoted(text)
        return _decoded(plain.encode())
    except FAULTS as error:
        raise _unreadable(error) from error


def _decoded(text: bytes) -> object:
    value = msgspec.json.decode(_short(text))
    if msgspec.json.encode(value) != msgspec.json.format(text, indent=-1):  # else no key stands twice in it
        check_keys(text)
    return value


def _check_object(value: object, text: bytes) -> None:
    if not isinstance(value, dict):
        raise UnreadableDocumentError("the policy document is not a JSON object")
    if may_be_deep(text):
        check_depth(value)


def _short(text: bytes) -> bytes:
    if len(text) > MAX_STRING:
        raise UnreadableDocumentError(f"the policy document is longer than {MAX_STRING:,} bytes")
    return text


def _unreadable(error: Exception) -> UnreadableDocumentError:
    return UnreadableDocumentError(f"the policy document cannot be read: {reason(error)}")


def _unquoted(text: str) -> str:
    """Undo percent-encoding.

    With "=" for "%" it is quoted-printable, which is decoded in C thirty times as fast as urllib does it. That holds
    where each "%" begins an escape, so that three characters become one; anything else is urllib's.
    """
    if text.isascii() and not any(character in text for character in "=\r\n"):
        decoded = a2b_qp(text.replace("%", "="))
        if len(decoded) == len(text) - 2 * text.count("%"):
            return decoded.decode()
    return unquote(text, errors="strict")


class Effect(StrEnum):
    """Name what a statement does."""

    ALLOW = "Allow"
    DENY = "Deny"


class Statement(Record, frozen=True):
    """Hold a statement; None where it has no such element, which differs from an element that lists nothing.

    One of `actions` and `not_actions` is there; so is, in a policy of an identity, one of `resources` and
    `not_resources`, and in a trust policy one of `principals` and `not_principals`, which list names by kind ("AWS",
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
    """Give the statements of a policy of an identity, which says what the identity may do to which resources.

    Raises UnreadableDocumentError for a document that IAM cannot hold; then none of its statements counts.
    """
    return _statements(bytes(document), trust=False)


def trust_statements(document: Raw) -> tuple[Statement, ...]:
    """Give the statements of a role's trust policy, which says who may assume it; raise as `statements` does."""
    return _statements(bytes(document), trust=True)


@lru_cache(maxsize=8192)  # several rules read each document of an account
def _statements(document: bytes, *, trust: bool) -> tuple[Statement, ...]:
    try:
        written = msgspec.convert(_decoded_strictly(document), _Document)
    except msgspec.ValidationError as error:
        raise UnreadableDocumentError(str(error)) from error
    listed = written.Statement if isinstance(written.Statement, list) else [written.Statement]
    return tuple(_statement(f"statement {number}", each, trust=trust) for number, each in enumerate(listed, start=1))


def _decoded_strictly(document: bytes) -> dict[str, Any]:
    """Give the JSON object of a document; decoders silently take the last of two equal keys, and this refuses both."""
    import json  # 3 ms, and only rules that read documents need it

    try:
        decoded = json.loads(document.decode(), object_pairs_hook=_once)
    except ValueError as error:
        raise UnreadableDocumentError(f"it is not JSON as IAM has it: {error}") from error
    except RecursionError as error:
        raise UnreadableDocumentError("it is nested too deeply") from error
    if not isinstance(decoded, dict):
        raise UnreadableDocumentError("it is not a JSON object")
    return decoded


def _once(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key stands twice in one object")
    return found


_Strings = str | list[str]
_Scalar = str | bool | int | float
_Principals = Literal["*"] | dict[str, _Strings]


class _Statement(Struct, frozen=True, forbid_unknown_fields=True):
    """A statement as it is written. Names of elements and values of Effect are case-sensitive."""

    Effect: Effect
    Sid: str | UnsetType = UNSET
    Action: _Strings | UnsetType = UNSET
    NotAction: _Strings | UnsetType = UNSET
    Resource: _Strings | UnsetType = UNSET
    NotResource: _Strings | UnsetType = UNSET
    Principal: _Principals | UnsetType = UNSET
    NotPrincipal: _Principals | UnsetType = UNSET
    Condition: dict[str, dict[str, _Scalar | list[_Scalar]]] | UnsetType = UNSET


class _Document(Struct, frozen=True, forbid_unknown_fields=True):
    """A document as it is written."""

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
    """Raise UnreadableDocumentError for what IAM refuses as MalformedPolicyDocument: no colon, or several."""
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


def everything(pattern: str) -> bool:
    """Say whether a pattern consists of stars, so that it matches whatever there is."""
    return not pattern.strip("*")


def every_action(pattern: str) -> bool:
    """Say whether a pattern of actions matches those of all services: "*", or "*:*", which reads differently only."""
    return pattern.strip("*") in ("", ":")


@lru_cache(maxsize=1024)  # an account's policies say the same words again and again
def overlap(one: str, other: str, *, ignore_case: bool = True) -> bool:
    """Say whether something matches both patterns, in which "*" stands for any text and "?" for one character.

    Actions ignore case, resources do not.
    """
    if ignore_case:
        one, other = one.lower(), other.lower()
    seen, todo = set(), [(0, 0)]
    while todo:
        state = i, j = todo.pop()
        if state in seen:
            continue
        seen.add(state)
        left, right = one[i : i + 1], other[j : j + 1]
        if not left and not right:
            return True
        if left == "*":
            todo += [(i + 1, j), (i, j + 1)] if right not in ("", "*") else [(i + 1, j)]
        if right == "*":
            todo += [(i, j + 1), (i + 1, j)] if left not in ("", "*") else [(i, j + 1)]
        elif left and right and left != "*" and (left == right or "?" in (left, right)):
            todo.append((i + 1, j + 1))
    return False


def covers(wide: str, narrow: str, *, ignore_case: bool = True) -> bool:
    """Say whether a pattern matches all that another one matches.

    Sure when it says so. It may fail to see it where a "?" of `wide` has to be found in a "*" of `narrow` and what
    stands beside it: "??*" matches all that "*ab" does.
    """
    if ignore_case:
        wide, narrow = wide.lower(), narrow.lower()
    wide, narrow = _questions_first(wide), _questions_first(narrow)
    i, j, star, resume = 0, 0, -1, 0  # the last "*" of `wide`, and where in `narrow` it ends for now
    while j < len(narrow):
        if i < len(wide) and wide[i] == "*":
            star, resume, i = i, j, i + 1
        elif i < len(wide) and narrow[j] != "*" and wide[i] in ("?", narrow[j]):
            i, j = i + 1, j + 1
        elif star >= 0:
            resume += 1
            i, j = star + 1, resume
        else:
            return False
    return everything(wide[i:])


def _questions_first(pattern: str) -> str:
    """Give an equal pattern in which every run of wildcards is some "?" and then at most one "*"."""
    return re.sub(r"[*?]+", lambda run: "?" * run[0].count("?") + "*" * ("*" in run[0]), pattern)


def without_variables(resource: str) -> str:
    """Give the pattern of a resource with "*" for each policy variable, whatever the Version of its document.

    The escapes ${*}, ${?} and ${$} stand for the character itself; here it is replaced by one that no ARN has.
    """
    return re.sub(r"\$\{([^}]*)\}", lambda found: "\0" if found[1] in ("*", "?", "$") else "*", resource)
