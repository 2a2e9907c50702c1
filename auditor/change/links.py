"""Applying the steps that connect resources: memberships, attached and inline policies, and exclusive lists."""

from typing import Any

from msgspec import Raw

from auditor.account.model import AttachedPolicy, InlinePolicy
from auditor.account.unknown import Listing, stored
from auditor.change.causes import Key
from auditor.change.draft import Draft
from auditor.change.entities import count_attachment, document
from auditor.change.records import Missing, edited
from auditor.change.steps import Exclusive, Link
from auditor.change.values import ACCOUNT_ID, Hidden, Text, Unknown

_UNKNOWN_ARN = "known after apply"


def link(draft: Draft, step: Link) -> None:
    """Apply a step that adds an item to a list or removes it."""
    name = draft.found_or_added(step.holder, step.address, adds=step.adds)
    if name is None:
        if isinstance(step.holder.name, Unknown):
            _doubt_all_holders(draft, step, step.holder.name)
        return
    key = (step.holder.listing, name)
    maybe = step.maybe if step.maybe is not None else draft.unsure.get(key)
    if maybe is not None:
        _maybe(draft, key, step, maybe)
    elif step.adds:
        _add(draft, key, step)
    else:
        _remove(draft, key, step)


def _add(draft: Draft, key: Key, step: Link) -> None:
    held = draft.listing_of(key, step.field)
    item, gap = _item(draft, step.field, step.item, step.address)
    other = draft.taken.get((key, step.field, _id(item)), step.address)
    if other != step.address:  # the order is unknown: Terraform does both at once, CloudFormation deletes last
        _maybe(draft, key, step, f"it adds what {other} removes in the same change, in an unknown order")
        return
    if step.field == "inline_policies":
        item = _inline(draft, item.name, step.document, f"{step.address}, {item.name}")
    kept = tuple(each for each in held.known_part if _id(each) != _id(item))
    draft.edit(key, **{step.field: Listing((*kept, item), gap or held.gap)})
    draft.added.add((key, step.field, _id(item)))
    if (gap is not None or key in draft.maybe) and step.field == "attached_policies":
        draft.doubtful_counts["attachment_count"] = gap or draft.gap(f"{key[1]} may not be created: {draft.maybe[key]}")
    if len(kept) == len(held.known_part) and step.field == "attached_policies":
        count_attachment(draft, item.arn, 1)
    _add_causes(draft, key, step, _shown(item), "gets")


def _maybe(draft: Draft, key: Key, step: Link, why: str) -> None:
    """Mark a list as unknown because an item may be added to it or removed from it."""
    kept = tuple(each for each in draft.listing_of(key, step.field).known_part if step.adds or _id(each) != step.item)
    draft.edit(key, **{step.field: Listing(kept, draft.listing_of(key, step.field).gap)})
    gap = draft.gap_of(step.address, why)
    draft.doubt_lists(key, (step.field,), gap, keep=True)
    group = draft.found("groups", step.item) if step.field == "group_names" else None
    if group is not None:
        draft.member_doubts[group] = gap


def _remove(draft: Draft, key: Key, step: Link) -> None:
    held = draft.listing_of(key, step.field)
    if isinstance(step.item, Unknown) and _resolved(draft, step.field, step.item) is None:
        gap = draft.gap(step.item.why)
        draft.doubt_lists(key, (step.field,), gap, keep=False)
        return
    item, _ = _item(draft, step.field, step.item, step.address)
    if {key, ("groups", item if step.field == "group_names" else "")} & draft.renaming:
        _maybe(draft, key, step, "it removes what the same change renames, and may not find it")
        return
    kept = tuple(each for each in held.known_part if _id(each) not in (_id(item), step.item))
    draft.taken[key, step.field, _id(item)] = step.address
    draft.edit(key, **{step.field: Listing(kept, held.gap)})
    if len(kept) < len(held.known_part) and step.field == "attached_policies":
        count_attachment(draft, item.arn, -1)
    _add_causes(draft, key, step, _shown(item), "loses")


def _add_causes(draft: Draft, key: Key, step: Link, item: str, verb: str) -> None:
    what = {"group_names": "group", "instance_profile_names": "instance profile"}.get(step.field, "policy")
    draft.cause(key, step.address, f"{key[1]} {verb} the {what} {item}", step.field)
    if step.field == "group_names":
        text = f"{key[1]} joins it" if verb == "gets" else f"{key[1]} leaves it"
        draft.cause(("groups", item), step.address, text, "members")


def _item(draft: Draft, field: str, value: Text, address: str) -> tuple[Any, str | None]:
    """Return an item with the type of the list, and the gap of the list if the item cannot be identified."""
    if field == "attached_policies":
        return _attached(draft, value, address)
    found = _resolved(draft, field, value)
    if found is None and isinstance(value, Unknown):
        named, gap = f"({_UNKNOWN_ARN}, {address})", draft.gap(value.why)
    else:
        named, gap = found or (f"(sensitive, {address})" if isinstance(value, Hidden) else str(value)), None
    return (InlinePolicy(named, Raw(b"null")) if field == "inline_policies" else named), gap


def _resolved(draft: Draft, field: str, value: Text) -> str | None:
    """Return the display name of a group, or the ARN of a policy, in the draft; None if it is not there."""
    if field == "group_names":
        return draft.found("groups", value)
    if field == "attached_policies" and isinstance(value, Unknown):
        name = draft.found("policies", value)
        return None if name is None else _arn_of(draft, name, value.entity or name)
    return None


def _arn_of(draft: Draft, name: str, address: str) -> str:
    arn = stored(draft.lists["policies"][name], "arn")
    return str(arn) if arn is not None else address


def _attached(draft: Draft, value: Text, address: str) -> tuple[AttachedPolicy, str | None]:
    if isinstance(value, Unknown):
        arn = _resolved(draft, "attached_policies", value)
        if arn is None:
            return AttachedPolicy(f"({_UNKNOWN_ARN})", f"({_UNKNOWN_ARN})"), draft.gap(value.why)
        name = draft.found("policies", value) or arn
        return AttachedPolicy(name, arn), None
    arn = _own_arn(draft, str(value))
    if f":{ACCOUNT_ID}:policy/" in arn:
        draft.stand_ins[arn] = arn.partition(":policy")[2]
    if isinstance(value, Hidden):
        return AttachedPolicy("(sensitive)", "(sensitive)"), draft.gap("an attached policy is sensitive")
    return AttachedPolicy(arn.rpartition("/")[2], arn), draft.refused(arn, address)


def _own_arn(draft: Draft, arn: str) -> str:
    """Return the placeholder ARN of the planned policy that a literal ARN may name, else the ARN unchanged."""
    name = arn.rpartition("/")[2]
    record = draft.lists["policies"].get(name)
    _, mark, end = arn.partition(":policy")
    standing = next((address for address, known in draft.stand_ins.items() if known == end), None) if mark else None
    customers = not arn.startswith(tuple(f"arn:{partition}:iam::aws:" for partition in ("aws", "aws-cn", "aws-us-gov")))
    return standing if record is not None and standing is not None and customers else arn


def _inline(draft: Draft, name: str, text: Any, place: str) -> InlinePolicy:
    found = document(draft, text, place)
    if isinstance(found, Missing):
        return edited(InlinePolicy(name, Raw(b"null")), {"document": found})
    return InlinePolicy(name, found)


def _id(item: Any) -> str:
    """Return the name or ARN that identifies an item of a list."""
    found = item if isinstance(item, str) else item.arn if isinstance(item, AttachedPolicy) else item.name
    return str(found)


def _shown(item: Any) -> str:
    return item if isinstance(item, str) else str(item.name)


def _doubt_all_holders(draft: Draft, step: Link, unknown: Unknown) -> None:
    """Mark a list of all holders as unknown, because it is unknown whose list the step changes."""
    gap = draft.gap(f"{step.address}: whose {step.field.replace('_', ' ')} it changes is known only after deployment")
    if step.field == "group_names":
        group = draft.found("groups", step.item)
        unnamed = isinstance(step.item, Unknown) and group is None
        draft.member_doubts.update(dict.fromkeys(draft.lists["groups"] if unnamed else [group or ""], gap))
    for name in [*draft.lists[step.holder.listing]]:
        draft.doubt_lists((step.holder.listing, name), (step.field,), gap, keep=step.adds)
    draft.note(
        f"{step.address} changes the {step.field.replace('_', ' ')} of an unknown user, group or role: {unknown.why}"
    )


def exclusive(draft: Draft, step: Exclusive) -> None:
    """Apply a step that removes all items from a list except those that it names."""
    name = draft.found_or_added(step.holder, step.address)
    if name is None:
        if isinstance(step.holder.name, Unknown):
            _doubt_all_holders(
                draft,
                Link(address=step.address, field=step.field, holder=step.holder, item=step.holder.name, adds=False),
                step.holder.name,
            )
        return
    key = (step.holder.listing, name)
    if isinstance(step.items, Unknown):
        draft.doubt_lists(key, (step.field,), draft.gap(step.items.why), keep=False)
        return
    if step.completes:
        _complete(draft, key, step, step.items)
    else:
        _keep_only(draft, key, step, step.items)


def _complete(draft: Draft, key: Key, step: Exclusive, items: tuple[Text, ...]) -> None:
    """Set a list to exactly these items."""
    before = draft.listing_of(key, step.field).known_part
    made = [_item(draft, step.field, each, step.address) for each in items]
    gap = next((gap for _, gap in made if gap is not None), None)
    draft.edit(key, **{step.field: Listing(tuple(item for item, _ in made), gap)})
    now = {_id(item) for item, _ in made}
    _contest(draft, key, step, [each for each in before if _id(each) not in now])
    for arn in now - set(map(_id, before)):
        count_attachment(draft, arn, 1)
    for lost in (each for each in before if _id(each) not in now):
        count_attachment(draft, _id(lost), -1)
        draft.cause(key, step.address, f"{key[1]} loses the policy {_shown(lost)}, which it does not list", step.field)
    for item, _ in made:
        draft.cause(key, step.address, f"{key[1]} has the policy {_shown(item)}", step.field)


def _contest(draft: Draft, key: Key, step: Exclusive, lost: list[Any]) -> None:
    """Mark a list as unknown if the same change adds an item that this step excludes, because the order is unknown."""
    if any((key, step.field, _id(each)) in draft.added for each in lost):
        why = f"{step.address} removes what another resource of the change adds, in an unknown order"
        draft.doubt_lists(key, (step.field,), draft.gap(why), keep=True)
        draft.note(why)


def _keep_only(draft: Draft, key: Key, step: Exclusive, items: tuple[Text, ...]) -> None:
    """Remove all items from a list that the step does not name; named items that are missing are not added."""
    held = draft.listing_of(key, step.field)
    named = {str(each) for each in items if not isinstance(each, Unknown)}
    unknown = next((each for each in items if isinstance(each, Unknown)), None)
    if unknown is not None and held.known_part:
        kept = tuple(each for each in held.known_part if _id(each) in named)
        draft.edit(key, **{step.field: Listing(kept, draft.gap(unknown.why))})
        return
    kept = tuple(each for each in held.known_part if _id(each) in named)
    gap = held.gap if named else None  # without items the list is empty, even if it was not read completely
    draft.edit(key, **{step.field: Listing(kept, gap)})
    _contest(draft, key, step, [each for each in held.known_part if each not in kept])
    for lost in (each for each in held.known_part if each not in kept):
        draft.cause(key, step.address, f"{key[1]} loses the policy {_shown(lost)}, which it does not list", step.field)
