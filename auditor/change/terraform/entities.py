"""The resources of a Terraform plan that a snapshot lists, as steps."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from auditor.change.steps import AccountFact, Action, Credential, Entity, Exclusive, Link, Step
from auditor.change.terraform.lookup import Lookup
from auditor.change.terraform.resources import Resource
from auditor.change.values import Target, Text, Unknown

_POLICY_FLAGS = ("require_symbols", "require_numbers", "require_uppercase_characters", "require_lowercase_characters")
_LISTINGS: Mapping[str, tuple[str, str]] = {
    "aws_iam_user": ("users", "name"),
    "aws_iam_group": ("groups", "name"),
    "aws_iam_role": ("roles", "name"),
    "aws_iam_service_linked_role": ("roles", "name"),
    "aws_iam_policy": ("policies", "name"),
    "aws_iam_server_certificate": ("server_certificates", "name"),
    "aws_iam_openid_connect_provider": ("oidc_providers", "url"),
    "aws_iam_saml_provider": ("saml_providers", "name"),
    "aws_iam_virtual_mfa_device": ("virtual_mfa_devices", "virtual_mfa_device_name"),
    "aws_accessanalyzer_analyzer": ("access_analyzers", "analyzer_name"),
}
TYPES = frozenset({*_LISTINGS, "aws_iam_account_password_policy"})
"""The resource types that this module reads."""


def steps(of: Resource, action: Action, lookup: Lookup) -> Iterator[Step]:
    """Yield the steps of a resource that is created, updated, deleted or kept."""
    if of.type == "aws_iam_account_password_policy":
        if action is not Action.KEEP:
            value = None if action is Action.DELETE else _password_policy(of)
            yield AccountFact(address=of.address, field="password_policy", value=value)
        return
    listing, key = _LISTINGS[of.type]
    gone = action in (Action.DELETE, Action.KEEP)
    name = _previous_name(of, key) if gone else _name(of, key, lookup)
    fields = {} if gone else dict(_fields(of, listing, lookup))
    old = None if action is Action.CREATE else _previous_name(of, key)
    old_name = old if isinstance(old, str) else None
    yield Entity(address=of.address, action=action, listing=listing, name=name, old_name=old_name, fields=fields)
    owner = of.previous("user_name")
    if listing == "virtual_mfa_devices" and action is Action.DELETE and isinstance(owner, str) and owner:
        what = "an MFA device of the user is deleted"
        yield Credential(address=of.address, holder=Target("users", owner), columns={"mfa_active": None}, what=what)
    if of.type == "aws_iam_role" and not gone:
        yield from _of_role(
            of, Target("roles", name if isinstance(name, str) else Unknown(name.why, of.address)), lookup
        )


def _name(of: Resource, key: str, lookup: Lookup) -> Text:
    name = lookup.text(of, key)
    if name is None or isinstance(name, Unknown):
        return Unknown(f"{of.address}: its {key} is known only after apply", of.address)
    return _cut(name, key)


def _previous_name(of: Resource, key: str) -> Text:
    name = of.previous(key) if of.before is not None else (of.after or {}).get(key)
    return _cut(name, key) if isinstance(name, str) else Unknown(f"{of.address}: its {key} is not in the plan")


def _cut(name: str, key: str) -> str:
    """Return a name as IAM stores it: the name of an OIDC provider is its URL without the scheme."""
    return type(name)(name.removeprefix("https://").rstrip("/")) if key == "url" else name


def _fields(of: Resource, listing: str, lookup: Lookup) -> Iterator[tuple[str, Any]]:
    if listing not in ("oidc_providers", "saml_providers"):
        path = of.planned("path")
        yield "path", "/" if path is None else path
    if listing in ("users", "roles"):
        yield "permissions_boundary", lookup.text(of, "permissions_boundary")
    if listing in ("users", "roles", "server_certificates", "oidc_providers", "saml_providers"):
        yield "tags", lookup.tags(of)
    if of.type in _KINDS:
        yield from _KINDS[of.type](of, lookup)


def _role_fields(of: Resource, lookup: Lookup) -> Iterator[tuple[str, Any]]:
    yield "trust_policy", lookup.document(of, "assume_role_policy")


def _service_role_fields(of: Resource, _lookup: Lookup) -> Iterator[tuple[str, Any]]:
    yield "trust_policy", Unknown(f"{of.address}: AWS sets the trust policy of a service-linked role")
    yield "attached_policies", Unknown(f"{of.address}: AWS attaches the policies of a service-linked role")


def _policy_fields(of: Resource, lookup: Lookup) -> Iterator[tuple[str, Any]]:
    yield "document", lookup.document(of, "policy")
    description = of.planned("description")
    known = isinstance(description, str | Unknown | None)
    yield "description", description or None if known else Unknown(f"{of.address}: description is not a text")


def _oidc_fields(of: Resource, lookup: Lookup) -> Iterator[tuple[str, Any]]:
    clients = lookup.texts(of, "client_id_list")
    whole = not isinstance(clients, Unknown) and not any(isinstance(each, Unknown) for each in clients)
    yield "client_ids", clients if whole else Unknown(f"{of.address}: client_id_list is known only after apply")


def _analyzer_fields(of: Resource, _lookup: Lookup) -> Iterator[tuple[str, Any]]:
    kind = of.planned("type")
    yield "type", "ACCOUNT" if kind is None else kind


_KINDS: Mapping[str, Callable[[Resource, Lookup], Any]] = {
    "aws_iam_role": _role_fields,
    "aws_iam_service_linked_role": _service_role_fields,
    "aws_iam_policy": _policy_fields,
    "aws_iam_openid_connect_provider": _oidc_fields,
    "aws_accessanalyzer_analyzer": _analyzer_fields,
}


def _of_role(of: Resource, holder: Target, lookup: Lookup) -> Iterator[Step]:
    """Yield the steps of a role's inline_policy and managed_policy_arns; both remove what they do not list."""
    arns = lookup.texts(of, "managed_policy_arns")
    if _manages(of, "managed_policy_arns") and (arns or of.before is not None):
        yield Exclusive(
            address=of.address, field="attached_policies", holder=holder, items=arns, completes=True, early=True
        )
    blocks = of.planned("inline_policy")
    if isinstance(blocks, Unknown):
        yield Exclusive(
            address=of.address, field="inline_policies", holder=holder, items=blocks, completes=False, early=True
        )
        return
    if blocks and _manages(of, "inline_policy"):
        yield from _inline(of, holder, blocks, lookup)


def _manages(of: Resource, name: str) -> bool:
    """Return whether a role manages a list of policies; if the argument is left out, the plan repeats the old value."""
    given = of.expressions is None or name in of.expressions
    return given or of.planned(name) != of.previous(name)


def _inline(of: Resource, holder: Target, blocks: Any, lookup: Lookup) -> Iterator[Step]:
    named = [block for block in blocks if isinstance(block, Mapping) and block.get("name") != ""]
    names = tuple(
        name
        if isinstance(name := block.get("name"), str)
        else Unknown(f"{of.address}: a name is known only after apply")
        for block in named
    )
    for block, name in zip(named, names, strict=True):
        text = block.get("policy")
        document = text if isinstance(text, Unknown) else lookup.parsed(text, f"{of.address}: policy")
        yield Link(address=of.address, field="inline_policies", holder=holder, item=name, document=document)
    if not any(isinstance(name, Unknown) for name in names):
        yield Exclusive(
            address=of.address, field="inline_policies", holder=holder, items=names, completes=False, early=True
        )


def _password_policy(of: Resource) -> dict[str, Any]:
    """Return the fields of a password policy; an argument that is left out resets its field to the default."""
    age, reuse = of.planned("max_password_age"), of.planned("password_reuse_prevention")
    length, change = of.planned("minimum_password_length"), of.planned("allow_users_to_change_password")
    return {
        "minimum_password_length": 6 if length is None else length,
        **{name: False if of.planned(name) is None else of.planned(name) for name in _POLICY_FLAGS},
        "allow_users_to_change_password": True if change is None else change,
        "expire_passwords": age if isinstance(age, Unknown) else bool(age),
        "max_password_age": age or None,
        "password_reuse_prevention": reuse or None,
        "hard_expiry": of.planned("hard_expiry"),
    }
