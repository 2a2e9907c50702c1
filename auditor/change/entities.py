"""Applying the steps that create, update and delete resources to a draft."""

from collections.abc import Mapping
from typing import Any

from msgspec import Raw

from auditor.account.model import AccessAnalyzer, VirtualMfaDevice
from auditor.account.unknown import Listing, gaps_of, stored
from auditor.change.causes import Key
from auditor.change.documents import as_json, understood
from auditor.change.draft import Draft
from auditor.change.records import LISTS, NAMED_BY_ARN, TYPES, Missing, edited, new, version
from auditor.change.steps import Action, Entity
from auditor.change.values import Hidden, Target, Unknown, unknown_within
from auditor.judging.finding import Location

_HOLDERS = ("users", "groups", "roles")
_FAILS = "AWS refuses that, and applying the change will fail"
_NEW_USER = "the credentials of a new user are known only after deployment"


def entity(draft: Draft, step: Entity, file: str) -> None:
    """Apply a step that creates, updates, deletes or keeps a resource."""
    if step.action is Action.CREATE:
        _create(draft, step, file)
        return
    name = _name_in_draft(draft, step)
    if name is not None:
        draft.by_address.setdefault(step.address, (step.listing, name))
        draft.places.setdefault((step.listing, name), Location(file, step.line, step.address))
    if step.action is Action.DELETE:
        _delete(draft, step, name)
    elif step.action is Action.UPDATE:
        _update(draft, step, name, file)


def _name_in_draft(draft: Draft, step: Entity) -> str | None:
    """Return the name of a resource in the draft; MFA devices are found by the end of their serial number."""
    name = step.old_name if step.old_name is not None else step.name
    found = draft.found(step.listing, name)
    if found is not None or step.listing != "virtual_mfa_devices" or isinstance(name, Unknown):
        return found
    return next((each for each in draft.lists[step.listing] if each.rpartition("/")[2] == name), None)


def _create(draft: Draft, step: Entity, file: str) -> None:
    held = draft.found(step.listing, step.name) if step.may_exist and isinstance(step.name, str) else None
    if held is not None and (step.listing, held) not in draft.created:
        _adopt(draft, step, held, file)
        return
    made = _recorded(draft, step) if step.listing in TYPES else _plain(draft, step, _name_of_new(draft, step))
    if made is None:
        return
    name, record = made
    key = (step.listing, name)
    other = draft.taken.get((key, "", ""), step.address)
    if other != step.address:
        draft.note(
            f"{step.address} creates what {other} deletes; applying the change will fail unless the deletion is first"
        )
    draft.put(step.listing, name, record)
    draft.counts[step.listing] += 1
    draft.created.add(key)
    draft.by_address[step.address] = key
    draft.places[key] = Location(file, step.line, step.address)
    draft.cause(key, step.address, "it is created")
    if step.maybe is not None:
        draft.maybe[key] = step.maybe


def _recorded(draft: Draft, step: Entity) -> tuple[str, Any]:
    """Return the name and record of a new resource whose record type has a partial form."""
    name = _name_of_new(draft, step)
    gap = draft.gap(f"{step.address}: this is known only after the change is applied")
    values = _values(draft, step, gap)
    if step.listing == "users":
        values["credentials"] = Missing(draft.gap(f"{step.address}: {_NEW_USER}"))
    record = new(step.listing, {**values, "name": name, "arn": _arn(draft, step, name, gap)}, gap)
    _doubt_boundaries(draft, record, gap)
    return name, record


def _adopt(draft: Draft, step: Entity, name: str, file: str) -> None:
    """Update an existing resource; what an earlier version of the template gave it is unknown."""
    key = (step.listing, name)
    draft.by_address[step.address] = key
    draft.places[key] = Location(file, step.line, step.address)
    if step.maybe is None:
        _update(draft, step, name, file)
    elif step.listing in TYPES:
        draft.unsure[key] = step.maybe
        _doubt_fields(draft, key, step, step.maybe)
    if step.listing in _HOLDERS:
        gap = draft.gap(f"{step.address}: what an earlier version of the template added to {name} is unknown")
        draft.doubt_lists(key, ("group_names", "inline_policies", "attached_policies"), gap, keep=False)
    draft.note(f"{step.address} has the name of an existing resource; it is judged as an update of that resource", name)


def _doubt_fields(draft: Draft, key: Key, step: Entity, why: str) -> None:
    """Mark the fields that a step sets as unknown, because the step may not happen."""
    gap = draft.gap_of(step.address, why)
    fields = ["versions" if field == "document" else field for field in step.fields]
    draft.edit(key, **{field: Listing((), gap) if field in LISTS else Missing(gap) for field in fields})
    draft.cause(key, step.address, "it may be updated")


def _name_of_new(draft: Draft, step: Entity) -> str:
    """Return the name of a new resource; if it is unknown, sensitive or used already, return the address."""
    if isinstance(step.name, Unknown):
        return step.address
    taken = draft.found(step.listing, step.name) is not None
    if taken:
        draft.note(f"{step.address} creates a resource whose name is taken; applying the change will fail", None)
    if taken or isinstance(step.name, Hidden):
        draft.show_as((step.listing, str(step.name)), step.address)
        return step.address
    return str(step.name)


def _arn(draft: Draft, step: Entity, name: str, gap: str) -> str | Missing:
    """Return the ARN of a new resource; the unknown ARN of a policy gets a placeholder."""
    path = step.fields.get("path", "/")
    shown = name if name == step.name else None
    arn = draft.arn(step.listing, path, shown)
    if arn is not None:
        return arn
    if step.listing in NAMED_BY_ARN:
        return f"{step.address} (its ARN is known after apply)"
    if step.listing == "policies":
        end = f"{path}{step.name}" if isinstance(path, str) and isinstance(step.name, str) else None
        draft.stand_ins[step.address] = end
    return Missing(gap)


def _values(draft: Draft, step: Entity, gap: str) -> dict[str, Any]:
    """Return the fields of a step with the types that records have."""
    values: dict[str, Any] = {}
    for field, value in step.fields.items():
        if field == "document":
            text = document(draft, value, step.address)
            values["versions"] = Listing((version("v1", text, is_default=True),), None)
        elif field in LISTS:
            values[field] = _listing(value, step.address, gap)
        elif field == "trust_policy":
            values[field] = document(draft, value, f"{step.address}: trust policy")
        elif isinstance(value, Unknown):
            values[field] = draft.missing(value)
        elif field == "permissions_boundary" and isinstance(value, str) and not isinstance(value, Hidden):
            gap_of_refused = draft.refused(value, step.address)
            values[field] = value if gap_of_refused is None else Missing(gap_of_refused)
        else:
            values[field] = _plain_value(value, step.address)
    return values


def _listing(value: Any, address: str, gap: str) -> Listing[Any]:
    if isinstance(value, Unknown):
        return Listing((), gap)
    return Listing(tuple(_plain_value(each, address) for each in value), None)


def _plain_value(value: Any, address: str) -> Any:
    if isinstance(value, Hidden):
        return f"(sensitive, {address})"
    if isinstance(value, Mapping):
        shown = "(sensitive)"
        return {key: shown if isinstance(each, Hidden | Unknown) else each for key, each in value.items()}
    return value


def document(draft: Draft, value: Any, place: str) -> Raw | Missing:
    """Return a policy document as raw JSON; the draft keeps the known parts of one that is partly known."""
    if isinstance(value, Unknown):
        return draft.missing(value)
    if unknown_within(value) is None:
        return as_json(value)
    gap = draft.gap(f"{place}: parts of the policy document are known only after deployment")
    draft.partly[gap] = understood(value)
    return Missing(gap)


def _plain(draft: Draft, step: Entity, name: str) -> tuple[str, Any] | None:
    """Return the name and record of a resource whose record type has no partial form; None if too much is unknown."""
    path = step.fields.get("path", "/")
    arn = draft.arn(step.listing, path, step.name)
    if step.listing == "virtual_mfa_devices":
        serial = arn or step.address
        return serial, VirtualMfaDevice(serial, None, None)
    kind = step.fields.get("type")
    if not isinstance(kind, str) or step.fields.get("elsewhere"):
        why = f"{step.address}: the type or Region of the analyzer is not known"
        draft.listing_gaps["access_analyzers"] = draft.gap(why)
        return None
    return name, AccessAnalyzer(name, arn or step.address, str(kind), "ACTIVE")


def _update(draft: Draft, step: Entity, name: str | None, file: str) -> None:
    if step.listing not in TYPES:
        return
    if name is None:
        old = step.old_name if step.old_name is not None else step.name
        name = draft.found_or_added(Target(step.listing, old), step.address)
        if name is None:
            return
        draft.by_address.setdefault(step.address, (step.listing, name))
        draft.places.setdefault((step.listing, name), Location(file, step.line, step.address))
    gap = draft.gap(f"{step.address}: this is known only after the change is applied")
    values = _values(draft, step, gap)
    if "versions" in values:
        values.update(_next_version(draft, (step.listing, name), values.pop("versions")))
    _doubt_boundaries(draft, draft.lists[step.listing][name], gap)
    draft.edit((step.listing, name), **values)
    _doubt_boundaries(draft, draft.lists[step.listing][name], gap)
    draft.cause((step.listing, name), step.address, "it is updated")
    if isinstance(step.name, Unknown) or (step.name != step.old_name and step.old_name is not None):
        _rename(draft, step, name, gap)


def _doubt_boundaries(draft: Draft, record: Any, gap: str) -> None:
    """Mark as unknown how many permissions boundaries use a policy, if a record has or may have a boundary."""
    if "permissions_boundary" not in record.__struct_fields__:
        return
    if "permissions_boundary" in gaps_of(record) or stored(record, "permissions_boundary") is not None:
        draft.doubtful_counts["permissions_boundary_usage_count"] = gap


def _next_version(draft: Draft, key: Key, fresh: Listing[Any]) -> dict[str, Any]:
    """Return the versions of a policy with a new default; its id is unknown, because AWS numbers it."""
    (made,) = fresh.known_part
    held = draft.listing_of(key, "versions")
    others = [edited(each, {"is_default": False}) for each in held.known_part]
    planned = edited(made, {"id": "planned"})
    return {"versions": Listing((*others, planned), held.gap), "default_version_id": "planned"}


def _rename(draft: Draft, step: Entity, old: str, gap: str) -> None:
    """Rename a resource; a renamed group keeps its members."""
    record = draft.lists[step.listing].pop(old)
    name = _name_of_new(draft, step)
    arn = _arn(draft, step, name, gap)
    draft.put(step.listing, name, edited(record, {"name": name, "arn": arn}))
    key = (step.listing, name)
    draft.by_address[step.address] = key
    draft.places[key] = draft.places[step.listing, old]
    draft.renamed[key] = draft.renamed.pop((step.listing, old), old)
    draft.causes[key] = draft.causes.pop((step.listing, old), {})
    if step.listing == "groups":
        if old in draft.member_doubts:
            draft.member_doubts[name] = draft.member_doubts.pop(old)
        for user in [*draft.lists["users"]]:
            held = draft.listing_of(("users", user), "group_names")
            if old in held.known_part:
                names = tuple(name if each == old else each for each in held.known_part)
                draft.edit(("users", user), group_names=Listing(names, held.gap))


def _delete(draft: Draft, step: Entity, name: str | None) -> None:
    if name is None:
        draft.deleted.add((step.listing, str(step.name)))
        if not draft.alone and not isinstance(step.name, Unknown):
            draft.note(f"{step.address} deletes a resource that the account does not have", None)
        return
    record = draft.lists[step.listing].pop(name)
    draft.counts[step.listing] -= 1
    key = (step.listing, name)
    draft.deleted.add(key)
    draft.taken[key, "", ""] = step.address
    draft.cause(key, step.address, "it is deleted")
    _disconnect(draft, step, name, record)


def _disconnect(draft: Draft, step: Entity, name: str, record: Any) -> None:
    """Remove a deleted resource from the resources that were connected with it."""
    _doubt_boundaries(draft, record, draft.gap(f"{step.address}: the permissions boundary that it removes is unknown"))
    if step.listing == "virtual_mfa_devices":
        _doubt_mfa(draft, step, record.user_arn)
    if step.listing == "users":
        draft.forget(name)
        for group in stored(record, "group_names").known_part:
            draft.cause(("groups", group), step.address, f"the user {name} is deleted", "members")
    if step.listing == "groups":
        _remove_from_members(draft, name, step.address)
    if step.listing == "policies" and stored(record, "arn") is not None:
        _remove_from_holders(draft, stored(record, "arn"), step.address)
    if step.listing in _HOLDERS:
        for attached in stored(record, "attached_policies").known_part:
            count_attachment(draft, attached.arn, -1)


def _doubt_mfa(draft: Draft, step: Entity, user_arn: str | None) -> None:
    """Mark MFA of the owner of a deleted device as unknown, because the snapshot does not list all devices."""
    missing = Missing(draft.gap(f"{step.address}: whether another MFA device is left is not known"))
    if user_arn is not None and user_arn.endswith(":root"):
        _doubt_mfa_of_root(draft, missing)
        draft.cause(("account", draft.account.name), step.address, "an MFA device of root is deleted")
    for name, user in draft.lists["users"].items():
        held = stored(user, "credentials")
        if user_arn is not None and stored(user, "arn") == user_arn and held is not None:
            draft.lists["users"][name] = edited(user, {"credentials": edited(held, {"mfa_active": missing})})
            draft.cause(("users", name), step.address, f"an MFA device of {name} is deleted", "credentials")


def _doubt_mfa_of_root(draft: Draft, missing: Missing) -> None:
    summary, root = stored(draft.account, "summary"), stored(draft.account, "root_credentials")
    if summary is not None:
        counts = {key: count for key, count in summary.items() if key != "AccountMFAEnabled"}
        draft.account = edited(draft.account, {"summary": counts})
    if root is not None:
        draft.account = edited(draft.account, {"root_credentials": edited(root, {"mfa_active": missing})})


def _remove_from_members(draft: Draft, group: str, address: str) -> None:
    """Remove a deleted group from its members; AWS does not delete a group with members, so the change will fail.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteGroup.html
    """
    for name in [*draft.lists["users"]]:
        key, held = ("users", name), draft.listing_of(("users", name), "group_names")
        if group in held.known_part:
            kept = tuple(each for each in held.known_part if each != group)
            draft.edit(key, group_names=Listing(kept, held.gap))
            draft.conflicts.append(
                (key, None, f"{address} deletes the group {group}, which {name} is still in; {_FAILS}")
            )
            draft.cause(key, address, f"{group} is deleted", "group_names")


def _remove_from_holders(draft: Draft, arn: str, address: str) -> None:
    """Remove a deleted policy from its holders; AWS does not delete an attached policy, so the change will fail.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeletePolicy.html
    """
    for listing in _HOLDERS:
        for name in [*draft.lists[listing]]:
            key, held = (listing, name), draft.listing_of((listing, name), "attached_policies")
            kept = tuple(each for each in held.known_part if each.arn != arn)
            if len(kept) == len(held.known_part):
                continue
            why = f"{address} deletes {arn}, which {name} still has; {_FAILS}"
            gap = draft.gap(why)
            draft.edit(key, attached_policies=Listing(kept, gap))
            draft.conflicts.append((key, gap, why))
            draft.cause(key, address, f"{arn} is deleted", "attached_policies")


def note_conflicts(draft: Draft) -> None:
    """Record a warning for each deleted group or policy that still has members or holders after the whole change."""
    for (listing, name), gap, why in draft.conflicts:
        record = draft.lists[listing].get(name)
        if record is not None and gap in (None, stored(record, "attached_policies").gap):
            draft.note(why)
    draft.conflicts.clear()


def count_attachment(draft: Draft, arn: str, by: int) -> None:
    """Add `by` to the attachment count of a customer managed policy, if that is known."""
    name = arn.rpartition("/")[2] if arn.startswith("arn:") else draft.by_address.get(arn, ("", ""))[1]
    record = draft.lists["policies"].get(name)
    if record is None or stored(record, "attachment_count") is None:
        return
    if stored(record, "arn") in (arn, None):
        draft.edit(("policies", name), attachment_count=max(stored(record, "attachment_count") + by, 0))
