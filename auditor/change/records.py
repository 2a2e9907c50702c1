"""Records of a planned change: new resources, resources known only by name, and records with changed fields."""

from collections.abc import Mapping
from typing import Any, TypeVar

from msgspec import Raw, Struct

from auditor.account.credentials import Credentials
from auditor.account.model import (
    Group,
    OidcProvider,
    Policy,
    PolicyVersion,
    Role,
    SamlProvider,
    ServerCertificate,
    User,
)
from auditor.account.unknown import Listing, Partial, gaps_of, stored, with_gaps

R = TypeVar("R", bound=Struct)

TYPES: Mapping[str, type[Struct]] = {
    "users": User,
    "groups": Group,
    "roles": Role,
    "policies": Policy,
    "server_certificates": ServerCertificate,
    "oidc_providers": OidcProvider,
    "saml_providers": SamlProvider,
}
"""The record types by the list of the snapshot; each has a partial form."""
LISTS = frozenset(
    {"group_names", "inline_policies", "attached_policies", "instance_profile_names", "versions", "client_ids"}
)
"""The fields of type Listing."""
DOCUMENTS = frozenset({"trust_policy", "document"})
"""The fields that are raw JSON."""
NAMED_BY_ARN = frozenset({"oidc_providers", "saml_providers"})
"""The lists whose records always have an ARN."""
_NOTHING: Listing[Any] = Listing((), None)
_NULL = Raw(b"null")
_DEFAULTS: Mapping[str, Any] = {
    **dict.fromkeys(LISTS - {"versions"}, _NOTHING),
    "path": "/",
    "permissions_boundary": None,
    "tags": {},
    "verified": None,
    "last_used_at": None,
    "description": None,
    "default_version_id": "v1",
    "attachment_count": 0,
    "permissions_boundary_usage_count": 0,
    "valid_until": None,
}
"""The values of a new resource that the change does not set; other fields are unknown until it is applied."""


class Missing(Struct, frozen=True):
    """Mark a field as unknown; `gap` is the id of the gap."""

    gap: str


def whole_type(record: Struct) -> type[Struct]:
    """Return the complete record type that a partial one is derived from."""
    kind = type(record)
    if not isinstance(record, Partial):
        return kind
    return next(each for each in kind.__mro__[1:] if issubclass(each, Struct) and not issubclass(each, Partial))


def edited(record: R, values: Mapping[str, Any]) -> R:
    """Return the record with these fields changed; fields with a Missing value become unknown."""
    fields = [field for field in type(record).__struct_fields__ if field != "gaps"]
    kept = {field: stored(record, field) for field in fields}
    gaps = {field: gap for field, gap in gaps_of(record).items() if field not in values}
    made: R = _made(whole_type(record), {**kept, **values}, gaps)
    return made


def new(listing: str, values: Mapping[str, Any], gap: str) -> Any:
    """Return a new record; fields that have neither a given value nor a default get the gap."""
    kind = TYPES[listing]
    known = {field: _DEFAULTS.get(field, Missing(gap)) for field in kind.__struct_fields__}
    if listing == "policies":
        known["versions"] = Listing((), gap)
    return _made(kind, {**known, **values}, {})


def touched(listing: str, name: str, gap: str) -> Any:
    """Return the record of a resource that is known only by its name."""
    kind = TYPES[listing]
    blank: dict[str, Any] = {field: Missing(gap) for field in kind.__struct_fields__}
    known = {"arn": f"{name} (its ARN is not known)"} if listing in NAMED_BY_ARN else {}
    return _made(kind, {**blank, **known, "name": name}, {})


def unknown_credentials(gap: str) -> Credentials:
    """Return credentials whose fields are all unknown."""
    blank: dict[str, Any] = dict.fromkeys(Credentials.__struct_fields__, Missing(gap))
    made: Credentials = _made(Credentials, blank, {})
    return made


def version(identifier: str, document: Raw | Missing, *, is_default: bool) -> PolicyVersion:
    """Return a version of a managed policy."""
    made: PolicyVersion = _made(PolicyVersion, {"id": identifier, "is_default": is_default, "document": document}, {})
    return made


def _made(kind: type[Any], values: Mapping[str, Any], gaps: Mapping[str, str]) -> Any:
    """Return a record with these values, a partial one if some are Missing."""
    missing = {field: value.gap for field, value in values.items() if isinstance(value, Missing)}
    lists: dict[str, Any] = {field: Listing((), gap) for field, gap in missing.items() if field in LISTS}
    empty = {field: _NULL if field in DOCUMENTS else None for field in missing}
    unknown = {**gaps, **{field: gap for field, gap in missing.items() if field not in LISTS}}
    return with_gaps(kind(**{**values, **empty, **lists}), unknown)


__all__ = [
    "LISTS",
    "NAMED_BY_ARN",
    "TYPES",
    "Missing",
    "edited",
    "new",
    "touched",
    "unknown_credentials",
    "version",
    "whole_type",
]
