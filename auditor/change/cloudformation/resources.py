"""The resources of a CloudFormation template, as steps.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_IAM.html
"""

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from msgspec import Struct

from auditor.change.steps import Action, Credential, Doubt, Entity, Link, Step
from auditor.change.values import UNREADABLE, Target, Text, Unknown

_GROUPS, _ATTACHED, _INLINE = "group_names", "attached_policies", "inline_policies"
_HOLDERS: Mapping[str, str] = {"Users": "users", "Groups": "groups", "Roles": "roles"}
_NEVER_SAID = ("password_last_used", "password_last_changed", "password_next_rotation")


class Declared(Struct, frozen=True):
    """Hold a resource of a template: its logical id, line and properties, which are Unknown if AWS creates them.

    `maybe` is the reason why it is unknown whether the resource is created, or None.
    """

    logical_id: str
    type: str
    line: int | None
    properties: Mapping[str, Any] | Unknown
    maybe: str | None = None

    def get(self, name: str) -> Any:
        """Return a property; None if it is left out."""
        if isinstance(self.properties, Unknown):
            return self.properties
        return self.properties.get(name)

    def text(self, name: str) -> Text | None:
        """Return a property that is a text; None if it is left out."""
        value = self.get(name)
        return value if isinstance(value, str | Unknown | None) else Unknown(f"{self.logical_id}: {name} is not a text")

    def named(self, name: str) -> Text:
        """Return a property with the name of another resource; Unknown if it is left out."""
        return self.text(name) or Unknown(f"{self.logical_id}: {name} is not there")

    def items(self, name: str) -> tuple[Any, ...] | Unknown:
        """Return a property that is a list; a single value becomes a list with one item."""
        value = self.get(name)
        if isinstance(value, Unknown):
            return value
        return tuple(value) if isinstance(value, list) else () if value is None else (value,)

    @property
    def own(self) -> Unknown:
        """Return the reference to the resource's own name or ARN, which is Unknown."""
        return Unknown(f"{self.logical_id}: its name is known only after the stack is deployed", self.logical_id)


Read = Callable[[Declared], Iterator[Step]]


def steps(of: Declared) -> Iterator[Step]:
    """Yield the steps of a resource; no steps for a type that no rule evaluates."""
    if of.type in READERS:
        yield from READERS[of.type](of)


def _entity(of: Declared, listing: str, name: Text | None, **fields: Any) -> Entity:
    return Entity(
        address=of.logical_id,
        line=of.line,
        maybe=of.maybe,
        action=Action.CREATE,
        listing=listing,
        name=name or of.own,
        fields=fields,
        may_exist=True,
    )


def _path(of: Declared) -> Any:
    path = of.text("Path")
    return "/" if path is None else path


def _tags(of: Declared) -> Any:
    tags = of.items("Tags")
    if isinstance(tags, Unknown):
        return tags
    if all(isinstance(each, Mapping) and isinstance(each.get("Key"), str) for each in tags):
        return {each["Key"]: each.get("Value") for each in tags}
    unknown = next((each for each in tags if isinstance(each, Unknown)), None)
    return unknown or Unknown(f"{of.logical_id}: the key of a tag is known only after the stack is deployed")


def _link(of: Declared, field: str, holder: Target, item: Text, *, document: Any = None, own: bool) -> Link:
    maybe = None if own else of.maybe
    return Link(
        address=of.logical_id, line=of.line, maybe=maybe, field=field, holder=holder, item=item, document=document
    )


def _links(of: Declared, name: str, field: str, holder: Target) -> Iterator[Step]:
    """Yield the links for a list of names or ARNs in a user, group or role."""
    items = of.items(name)
    if isinstance(items, Unknown):
        yield _perhaps(of, holder, field, items)
        return
    for each in items:
        item = _text(each, of, name)
        if isinstance(item, Unknown) and item.optional:
            yield _perhaps(of, holder, field, item)
        elif item != "":
            yield _link(of, field, holder, item, own=True)


def _perhaps(of: Declared, holder: Target, field: str, why: Unknown) -> Doubt:
    """Return a doubt that a list of a resource may have more items."""
    return Doubt(address=of.logical_id, line=of.line, why=why.why, holders=(holder,), fields=(field,), keep=True)


def _text(value: Any, of: Declared, name: str) -> Text:
    why = f"{of.logical_id}: an item of {name} is not a text"
    return value if isinstance(value, str | Unknown) else Unknown(why, optional=True)


def _inline(of: Declared, holder: Target) -> Iterator[Step]:
    policies = of.items("Policies")
    if isinstance(policies, Unknown):
        yield _perhaps(of, holder, _INLINE, policies)
        return
    for each in policies:
        if isinstance(each, Mapping):
            name = _text(each.get("PolicyName", Unknown(f"{of.logical_id}: a policy has no name")), of, "PolicyName")
            text = document(each.get("PolicyDocument"), of.logical_id)
            yield _link(of, _INLINE, holder, name, document=text, own=True)
        elif isinstance(each, Unknown) and not each.optional:
            yield _link(of, _INLINE, holder, each, document=each, own=True)
        else:
            why = Unknown(f"{of.logical_id}: a policy is known only after the stack is deployed")
            yield _perhaps(of, holder, _INLINE, each if isinstance(each, Unknown) else why)


def document(value: Any, place: str) -> Any:
    """Return a policy document, which can be written as a mapping or as JSON text."""
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            value = None
    return value if isinstance(value, Mapping | Unknown) else Unknown(f"{place} has {UNREADABLE}")


def _user(of: Declared) -> Iterator[Step]:
    holder = Target("users", of.own)
    boundary = of.text("PermissionsBoundary")
    yield _entity(of, "users", of.text("UserName"), path=_path(of), permissions_boundary=boundary, tags=_tags(of))
    yield from _links(of, "Groups", _GROUPS, holder)
    yield from _links(of, "ManagedPolicyArns", _ATTACHED, holder)
    yield from _inline(of, holder)
    if of.get("LoginProfile") is not None:
        has = None if isinstance(of.get("LoginProfile"), Unknown) or of.maybe is not None else True
        columns = {"password_enabled": has, **dict.fromkeys(_NEVER_SAID)}
        what = "the user has a console password"
        yield Credential(address=of.logical_id, line=of.line, holder=holder, columns=columns, what=what)


def _group(of: Declared) -> Iterator[Step]:
    holder = Target("groups", of.own)
    yield _entity(of, "groups", of.text("GroupName"), path=_path(of))
    yield from _links(of, "ManagedPolicyArns", _ATTACHED, holder)
    yield from _inline(of, holder)


def _role(of: Declared) -> Iterator[Step]:
    holder = Target("roles", of.own)
    trust = document(of.get("AssumeRolePolicyDocument"), f"{of.logical_id}: AssumeRolePolicyDocument")
    yield _entity(
        of,
        "roles",
        of.text("RoleName"),
        path=_path(of),
        trust_policy=trust,
        permissions_boundary=of.text("PermissionsBoundary"),
        tags=_tags(of),
    )
    yield from _links(of, "ManagedPolicyArns", _ATTACHED, holder)
    yield from _inline(of, holder)


def _service_linked_role(of: Declared) -> Iterator[Step]:
    why = Unknown(f"{of.logical_id}: AWS sets what a service-linked role holds")
    yield _entity(of, "roles", None, path=why, trust_policy=why, attached_policies=why)


def _managed_policy(of: Declared) -> Iterator[Step]:
    text = document(of.get("PolicyDocument"), f"{of.logical_id}: PolicyDocument")
    fields = {"path": _path(of), "document": text, "description": of.text("Description") or None}
    yield _entity(of, "policies", of.text("ManagedPolicyName"), **fields)
    yield from _holder_links(of, _ATTACHED, of.own, None)


def _inline_policy(of: Declared) -> Iterator[Step]:
    text = document(of.get("PolicyDocument"), f"{of.logical_id}: PolicyDocument")
    yield from _holder_links(of, _INLINE, of.named("PolicyName"), text)


def _holder_links(of: Declared, field: str, item: Text, text: Any) -> Iterator[Step]:
    """Yield the links of a policy to the users, groups and roles that it names."""
    for name, listing in _HOLDERS.items():
        holders = of.items(name)
        if isinstance(holders, Unknown):
            target = Target(listing, holders)
            yield _perhaps(of, target, field, holders)
            continue
        for each in filter(None, holders):
            yield _link(of, field, Target(listing, _text(each, of, name)), item, document=text, own=False)


def _policy_of(listing: str, name: str) -> Read:
    def read(of: Declared) -> Iterator[Step]:
        text = document(of.get("PolicyDocument"), f"{of.logical_id}: PolicyDocument")
        yield _link(of, _INLINE, Target(listing, of.named(name)), of.named("PolicyName"), document=text, own=False)

    return read


def _addition(of: Declared) -> Iterator[Step]:
    users = of.items("Users")
    if isinstance(users, Unknown):
        holder, item = Target("users", users), of.named("GroupName")
        yield _link(of, _GROUPS, holder, item, own=False)
        return
    for each in filter(None, users):
        yield _link(of, _GROUPS, Target("users", _text(each, of, "Users")), of.named("GroupName"), own=False)


def _instance_profile(of: Declared) -> Iterator[Step]:
    roles, name = of.items("Roles"), of.text("InstanceProfileName") or of.own
    for each in () if isinstance(roles, Unknown) else filter(None, roles):
        yield _link(of, "instance_profile_names", Target("roles", _text(each, of, "Roles")), name, own=False)


def _access_key(of: Declared) -> Iterator[Step]:
    active = of.text("Status") in (None, "Active") and of.maybe is None
    columns: dict[str, Any] = {"access_key_1_active": True if active else None}
    columns |= dict.fromkeys(("access_key_1_last_rotated", "access_key_1_last_used_date", "access_key_2_active"))
    holder = Target("users", of.named("UserName"))
    yield Credential(address=of.logical_id, line=of.line, holder=holder, columns=columns, what="it gets an access key")


def _mfa_device(of: Declared) -> Iterator[Step]:
    yield _entity(of, "virtual_mfa_devices", of.text("VirtualMfaDeviceName"), path=_path(of))


def _certificate(of: Declared) -> Iterator[Step]:
    yield _entity(of, "server_certificates", of.text("ServerCertificateName"), path=_path(of), tags=_tags(of))


def _oidc(of: Declared) -> Iterator[Step]:
    url, clients = of.text("Url"), of.items("ClientIdList")
    name = url.removeprefix("https://").rstrip("/") if isinstance(url, str) else url
    known = not isinstance(clients, Unknown) and all(isinstance(each, str) for each in clients)
    ids = clients if known else Unknown(f"{of.logical_id}: ClientIdList is known only after the stack is deployed")
    yield _entity(of, "oidc_providers", name, client_ids=ids, tags=_tags(of))


def _saml(of: Declared) -> Iterator[Step]:
    yield _entity(of, "saml_providers", of.text("Name"), tags=_tags(of))


def _analyzer(of: Declared) -> Iterator[Step]:
    kind = of.named("Type")
    kind = Unknown(of.maybe) if of.maybe is not None else kind
    yield _entity(of, "access_analyzers", of.text("AnalyzerName"), type=kind)


READERS: Mapping[str, Read] = {
    "AWS::IAM::User": _user,
    "AWS::IAM::Group": _group,
    "AWS::IAM::Role": _role,
    "AWS::IAM::ServiceLinkedRole": _service_linked_role,
    "AWS::IAM::ManagedPolicy": _managed_policy,
    "AWS::IAM::Policy": _inline_policy,
    "AWS::IAM::UserPolicy": _policy_of("users", "UserName"),
    "AWS::IAM::GroupPolicy": _policy_of("groups", "GroupName"),
    "AWS::IAM::RolePolicy": _policy_of("roles", "RoleName"),
    "AWS::IAM::UserToGroupAddition": _addition,
    "AWS::IAM::InstanceProfile": _instance_profile,
    "AWS::IAM::AccessKey": _access_key,
    "AWS::IAM::VirtualMFADevice": _mfa_device,
    "AWS::IAM::ServerCertificate": _certificate,
    "AWS::IAM::OIDCProvider": _oidc,
    "AWS::IAM::SAMLProvider": _saml,
    "AWS::AccessAnalyzer::Analyzer": _analyzer,
}
"""The function that reads each type of resource. AWS::IAM::Policy is an inline policy here; AWS Config uses
this name for managed policies."""
