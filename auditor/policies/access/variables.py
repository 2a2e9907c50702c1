"""Policy variables in resources and condition values: ${aws:username}, ${key, 'default'}, the escapes ${*} ${?} ${$}.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html
"""

import re

from auditor.account.unknown import Record
from auditor.policies.access.globs import is_wild
from auditor.policies.access.principals import Request
from auditor.policies.access.sessions import KeyType, is_personal
from auditor.policies.access.truth import Doubt

_VARIABLE = re.compile(r"\$\{([^}]*)(\}|$)")
_WITH_DEFAULT = re.compile(r"\s*([^,']+?)\s*,\s*'([^']*)'\s*")
_LITERAL = {"*": "\0", "?": "\0", "$": "$"}  # an escaped wildcard is text; "\0" because no name contains it
_TEXT = frozenset({KeyType.STRING, KeyType.ARN})


class Variable(Record, frozen=True):
    """Hold a policy variable: its key in lower case, and the default text if the key is absent, or None.

    `misplaced` means that AWS allows no variable at this place.
    """

    key: str
    default: str | None
    misplaced: bool = False


_COLONS = 5  # of an ARN, before its resource
_UNFINISHED = Variable("", None)

Template = tuple[str | Variable, ...]
"""A text in pieces; the variables among them get their values from a request."""


def template(text: str, *, variables: bool) -> Template:
    """Return a text in pieces; `variables` is False for documents without Version 2012-10-17, where ${ is text."""
    if not variables or "${" not in text:
        return (text,)
    pieces: list[str | Variable] = []
    at = 0
    for found in _VARIABLE.finditer(text):
        pieces += [text[at : found.start()], _piece(found[1]) if found[2] else _UNFINISHED]
        at = found.end()
    return (*pieces, text[at:])


def resource_template(text: str, *, variables: bool) -> Template:
    """Return the template of a resource; AWS allows no variables before the fifth colon of an ARN.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html#policy-vars-resourceelement
    """
    pieces: list[str | Variable] = []
    colons = 0
    for piece in template(text, variables=variables):
        if isinstance(piece, str):
            colons += piece.count(":")
            pieces.append(piece)
        else:
            pieces.append(piece if colons >= _COLONS else Variable(piece.key, None, misplaced=True))
    return tuple(pieces)


def _piece(content: str) -> str | Variable:
    if content in _LITERAL:
        return _LITERAL[content]
    with_default = _WITH_DEFAULT.fullmatch(content)
    if with_default:
        return Variable(with_default[1].lower(), with_default[2])
    return Variable(content.strip().lower(), None)


def is_filled_in(pieces: Template) -> bool:
    """Return whether a text depends on who makes the request."""
    return any(isinstance(piece, Variable) and is_personal(piece.key) for piece in pieces)


def text_of(pieces: Template, request: Request) -> tuple[str, Doubt | None]:
    """Return a text with the values of its variables; for an unknown value, "*" and a doubt."""
    if len(pieces) == 1 and isinstance(pieces[0], str):
        return pieces[0], None
    parts: list[str] = []
    doubt: Doubt | None = None
    for piece in pieces:
        value = piece if isinstance(piece, str) else _value(piece, request)
        if isinstance(value, Doubt):
            doubt, value = value, "*"
        parts.append(value)
    return "".join(parts), doubt


def _value(variable: Variable, request: Request) -> str | Doubt:
    if variable.misplaced:
        return Doubt(f"AWS allows the policy variable ${{{variable.key}}} after the fifth colon of an ARN alone")
    key = request.key(variable.key)
    known = key.value if key.type in _TEXT else None
    value = variable.default if key.present is False else known
    if value is None or is_wild(value):
        return Doubt(f"the value of the policy variable ${{{variable.key}}} is not known")
    return value
