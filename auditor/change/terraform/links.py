"""The resources of a Terraform plan that connect other resources, as steps.

Measured with Terraform: membership and attachment resources only add items when they are created. When they are
updated, they remove the items that were listed before and no longer are.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from msgspec import structs

from auditor.change.steps import Action, Credential, Doubt, Exclusive, Link, ServiceCredentials, Step
from auditor.change.terraform.lookup import Lookup
from auditor.change.terraform.resources import Resource
from auditor.change.values import Target, Text, Unknown

Read = Callable[[Resource, Action, Lookup], Iterator[Step]]
_HOLDERS: Mapping[str, str] = {"user": "users", "group": "groups", "role": "roles"}
_KEY_COLUMNS = tuple(
    f"access_key_{number}_{column}"
    for number in (1, 2)
    for column in ("active", "last_rotated", "last_used_date", "last_used_region", "last_used_service")
)
_CERTIFICATE_COLUMNS = ("cert_1_active", "cert_1_last_rotated", "cert_2_active", "cert_2_last_rotated")
_PASSWORD_TIMES = ("password_last_used", "password_last_changed", "password_next_rotation")


def steps(of: Resource, action: Action, lookup: Lookup) -> Iterator[Step]:
    """Yield the steps of a resource that connects others or manages a user's credentials."""
    if action is not Action.KEEP:
        yield from READERS[of.type](of, action, lookup)


def _previous(of: Resource, name: str) -> Text:
    value = of.previous(name)
    return value if isinstance(value, str) and value else Unknown(f"{of.address}: {name} is not in the plan")


def _listed(value: Any) -> list[Any]:
    return [each for each in value if each not in (None, "")] if isinstance(value, list | tuple) else []


def _one_to_many(
    of: Resource, action: Action, lookup: Lookup, one: str, many: str, link: Callable[[Text, Text], Link]
) -> Iterator[Step]:
    """Yield the links between the resource in `one` and each one listed in `many`; `link` builds one from two names."""
    before = [] if action is Action.CREATE else _listed(of.previous(many))
    if action is Action.DELETE:
        yield from (_undone(link(_previous(of, one), each)) for each in before)
        return
    after = _required(of, many, lookup) if of.type == "aws_iam_group_membership" else lookup.texts(of, many)
    which = lookup.named(of, one)
    if isinstance(after, Unknown):
        yield from _unknown_links(of, which, before, after, link)
        return
    yield from (_undone(link(which, each)) for each in before if each not in after)
    yield from (link(which, each) for each in after)


def _required(of: Resource, name: str, lookup: Lookup) -> tuple[Text, ...] | Unknown:
    """Return the texts of a list that every complete plan contains."""
    return lookup.texts(of, name) if name in (of.after or {}) else Unknown(f"{of.address}: {name} is not in the plan")


def _undone(step: Link) -> Link:
    return structs.replace(step, adds=False)


def _unknown_links(
    of: Resource, which: Text, before: list[Any], after: Unknown, link: Callable[[Text, Text], Link]
) -> Iterator[Step]:
    """Yield the steps for links that are known only after apply: old ones may be removed, new ones may be added."""
    yield link(which, after)
    holders = tuple(link(which, each).holder for each in before)
    if holders:
        fields = (link(which, after).field,)
        yield Doubt(address=of.address, why=after.why, holders=holders, fields=fields)


def _user_group_membership(of: Resource, action: Action, lookup: Lookup) -> Iterator[Step]:
    def link(user: Text, group: Text) -> Link:
        return Link(address=of.address, field="group_names", holder=Target("users", user), item=group)

    if action is not Action.DELETE and isinstance(unknown := _required(of, "groups", lookup), Unknown):
        target = Target("users", lookup.named(of, "user"))
        adds = action is Action.CREATE
        yield Doubt(address=of.address, why=unknown.why, holders=(target,), fields=("group_names",), keep=adds)
        return
    yield from _one_to_many(of, action, lookup, "user", "groups", link)


def _group_membership(of: Resource, action: Action, lookup: Lookup) -> Iterator[Step]:
    def link(group: Text, user: Text) -> Link:
        return Link(address=of.address, field="group_names", holder=Target("users", user), item=group)

    yield from _one_to_many(of, action, lookup, "group", "users", link)


def _attachment(kind: str) -> Read:
    def read(of: Resource, action: Action, lookup: Lookup) -> Iterator[Step]:
        if action in (Action.DELETE, Action.UPDATE):
            holder = Target(_HOLDERS[kind], _previous(of, kind))
            yield _attached(of, holder, _previous(of, "policy_arn"), adds=False)
        if action is not Action.DELETE:
            holder = Target(_HOLDERS[kind], lookup.named(of, kind))
            yield _attached(of, holder, lookup.named(of, "policy_arn"), adds=True)

    return read


def _attached(of: Resource, holder: Target, arn: Text, *, adds: bool) -> Link:
    return Link(address=of.address, field="attached_policies", holder=holder, item=arn, adds=adds)


def _policy_attachment(of: Resource, action: Action, lookup: Lookup) -> Iterator[Step]:
    for kind, listing in _HOLDERS.items():

        def link(arn: Text, holder: Text, listing: str = listing) -> Link:
            return _attached(of, Target(listing, holder), arn, adds=True)

        yield from _one_to_many(of, action, lookup, "policy_arn", f"{kind}s", link)


def _inline(kind: str) -> Read:
    def read(of: Resource, action: Action, lookup: Lookup) -> Iterator[Step]:
        field = "inline_policies"
        if action in (Action.DELETE, Action.UPDATE):
            holder = Target(_HOLDERS[kind], _previous(of, kind))
            yield Link(address=of.address, field=field, holder=holder, item=_previous(of, "name"), adds=False)
        if action is not Action.DELETE:
            holder = Target(_HOLDERS[kind], lookup.named(of, kind))
            name, document = lookup.named(of, "name"), lookup.document(of, "policy")
            yield Link(address=of.address, field=field, holder=holder, item=name, document=document)

    return read


def _exclusive(kind: str, field: str, listed: str, *, completes: bool) -> Read:
    def read(of: Resource, action: Action, lookup: Lookup) -> Iterator[Step]:
        if action is not Action.DELETE:  # deleting it removes nothing from the account
            holder = Target(_HOLDERS[kind], lookup.named(of, f"{kind}_name"))
            items = _required(of, listed, lookup)
            yield Exclusive(address=of.address, field=field, holder=holder, items=items, completes=completes)

    return read


def _instance_profile(of: Resource, action: Action, lookup: Lookup) -> Iterator[Step]:
    field = "instance_profile_names"
    if action is not Action.CREATE and isinstance(of.previous("role"), str):
        holder = Target("roles", _previous(of, "role"))
        yield Link(address=of.address, field=field, holder=holder, item=_previous(of, "name"), adds=False)
    role = None if action is Action.DELETE else lookup.text(of, "role")
    if role is not None:
        name = lookup.named(of, "name")
        yield Link(address=of.address, field=field, holder=Target("roles", role), item=name)


def _whose(of: Resource, action: Action, lookup: Lookup) -> Target:
    return Target("users", _previous(of, "user") if action is Action.DELETE else lookup.named(of, "user"))


def _login_profile(of: Resource, action: Action, lookup: Lookup) -> Iterator[Step]:
    has = action is not Action.DELETE
    columns = {"password_enabled": has, **dict.fromkeys(_PASSWORD_TIMES, None if has else "N/A")}
    what = f"the user has {'a' if has else 'no'} console password"
    yield Credential(address=of.address, holder=_whose(of, action, lookup), columns=columns, what=what)


def _access_key(of: Resource, action: Action, lookup: Lookup) -> Iterator[Step]:
    status = of.planned("status")
    columns: dict[str, Any] = dict.fromkeys(_KEY_COLUMNS)
    if action is Action.CREATE and status in (None, "Active"):
        columns["access_key_1_active"] = True
    what = f"an access key of the user is {action}d"
    yield Credential(address=of.address, holder=_whose(of, action, lookup), columns=columns, what=what)


def _signing_certificate(of: Resource, action: Action, lookup: Lookup) -> Iterator[Step]:
    whose = Target("users", lookup.named(of, "user_name") if of.after is not None else _previous(of, "user_name"))
    columns: dict[str, Any] = dict.fromkeys(_CERTIFICATE_COLUMNS)
    yield Credential(address=of.address, holder=whose, columns=columns, what=f"a signing certificate is {action}d")


def _service_credential(of: Resource, action: Action, lookup: Lookup) -> Iterator[Step]:
    holder = Target("users", _previous(of, "user_name") if action is Action.DELETE else lookup.named(of, "user_name"))
    yield ServiceCredentials(address=of.address, holder=holder)


def _nothing(_of: Resource, _action: Action, _lookup: Lookup) -> Iterator[Step]:
    """Yield no steps: no rule evaluates what the resource manages."""
    yield from ()


READERS: Mapping[str, Read] = {
    "aws_iam_user_group_membership": _user_group_membership,
    "aws_iam_group_membership": _group_membership,
    "aws_iam_policy_attachment": _policy_attachment,
    "aws_iam_instance_profile": _instance_profile,
    "aws_iam_user_login_profile": _login_profile,
    "aws_iam_access_key": _access_key,
    "aws_iam_signing_certificate": _signing_certificate,
    "aws_iam_service_specific_credential": _service_credential,
    "aws_iam_user_ssh_key": _nothing,
    "aws_iam_account_alias": _nothing,
    "aws_iam_security_token_service_preferences": _nothing,
    "aws_accessanalyzer_archive_rule": _nothing,
    **{f"aws_iam_{kind}_policy_attachment": _attachment(kind) for kind in _HOLDERS},
    **{f"aws_iam_{kind}_policy": _inline(kind) for kind in _HOLDERS},
    **{
        f"aws_iam_{kind}_policies_exclusive": _exclusive(kind, "inline_policies", "policy_names", completes=False)
        for kind in _HOLDERS
    },
    **{
        f"aws_iam_{kind}_policy_attachments_exclusive": _exclusive(
            kind, "attached_policies", "policy_arns", completes=True
        )
        for kind in _HOLDERS
    },
}
"""The function that reads each type of resource."""
