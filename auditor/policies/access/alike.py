"""Alike: whether a statement treats all users of one path alike, so that one answer can be reused for all of them."""

from auditor.policies.access.globs import is_everything, is_wild
from auditor.policies.access.principals import Principal
from auditor.policies.access.resources import parts_of
from auditor.policies.access.variables import Template, Variable

_OWN_NAME = Variable("aws:username", None)
_SERVICE, _RESOURCE = 2, 5
_NAMED = frozenset({"user/", "user/*/", "mfa/"})
"""What may precede a user's own name in the resource of an ARN; no name contains a slash."""
_ANY = frozenset({"*", "user/*", "mfa/*"})


def treats_alike(template: Template) -> bool:
    """Return whether a resource matches, for all users of a path or for none, the user itself or its own device.

    False also where this cannot be seen from the pattern; then it may depend on the user's name.
    """
    if len(template) == 1:
        return is_everything(str(template[0])) or _is_plain(template[0], _ANY)
    return (
        len(template) == len((_NAMED, _OWN_NAME, ""))
        and template[1:] == (_OWN_NAME, "")
        and _is_plain(template[0], _NAMED)
    )


def _is_plain(text: object, resources: frozenset[str]) -> bool:
    parts = parts_of(str(text))
    if len(parts) <= _RESOURCE or parts[0] != "arn" or is_wild(parts[_SERVICE]):
        return False
    return parts[_SERVICE].lower() != "iam" or parts[_RESOURCE] in resources


def place_of(principal: Principal) -> str | None:
    """Return the ARN of a user without its name; None if the name is not valid or not the one in the ARN."""
    place, _, name = (principal.arn or "").rpartition("/")
    return place if name == principal.name and not is_wild(name) else None
