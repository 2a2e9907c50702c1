"""Change sets: turn the changes to each resource of a stack into the steps of a change.

A change set names the resources that it changes, and shows their properties before and after if AWS is asked for them.
For a value known only after execution, it does not show which resource the value comes from; the template does.
"""

from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from typing import Any

from msgspec import Struct, structs

from auditor.account.model import Snapshot
from auditor.change.cloudformation.change_set import NO_VALUES, ChangeSet, ResourceChange
from auditor.change.cloudformation.makers import EVERYTHING, unseen
from auditor.change.cloudformation.resources import READERS, Declared, steps
from auditor.change.steps import Action, Change, Credential, Doubt, Entity, Exclusive, Link, Opened, Step
from auditor.change.values import Target, Unknown, unknown_within
from auditor.errors import SourceError

_HOLDERS = frozenset({"users", "groups", "roles"})
_LISTS = ("group_names", "attached_policies", "inline_policies")
_UNCHANGED = frozenset({"Import", "SyncWithActual"})
"""The actions that do not modify the resource itself."""
_NO_PASSWORD = {"password_enabled": False} | dict.fromkeys(
    ("password_last_used", "password_last_changed", "password_next_rotation"), "N/A"
)


class Paired(Struct, frozen=True):
    """Hold the template of a change set: its file, and its resources of IAM by logical id."""

    file: str
    declared: Mapping[str, Declared]


def opened(path: str, change_set: ChangeSet, described: AbstractSet[str], template: Paired | None) -> Opened:
    """Return a function that returns the change that a change set makes to the given account.

    `described` has the ids of all change sets that are judged, so that nested ones are not reported as unseen. The
    function raises SourceError if the stack is in another account.
    """
    return lambda account: _change(path, change_set, described, template, account)


def _change(
    path: str, change_set: ChangeSet, described: AbstractSet[str], template: Paired | None, account: Snapshot
) -> Change:
    number = account.account.id
    if number not in (None, change_set.account_id):
        problem = f"belongs to a stack in account {change_set.account_id}, but the audited account is {number}"
        remedy = f"Use a snapshot of account {change_set.account_id}, or a change set of account {number}."
        raise SourceError(problem, remedy, subject=path)
    reading = _Reading(path, change_set, described, template, account.region)
    made = tuple(reading.steps())
    return Change(file=path, steps=made, notes=tuple(dict.fromkeys(reading.notes)))


class _Reading:
    """Turn the changes of resources into steps, and collect notes about what cannot be seen."""

    def __init__(
        self,
        path: str,
        change_set: ChangeSet,
        described: AbstractSet[str],
        template: Paired | None,
        audited_region: str | None,
    ) -> None:
        self._path = path
        self._change_set = change_set
        self._described = described
        self._template = template
        self._declared = template.declared if template is not None else {}
        self._audited_region = audited_region
        self.notes: list[str] = []

    def steps(self) -> Iterator[Step]:
        """Yield the steps of each change, and a KEEP step for each resource of the template that does not change."""
        for each in self._change_set.changes:
            for step in self._of(each):
                yield self._placed(step, each.logical_resource_id)
        changed = {each.logical_resource_id for each in self._change_set.changes}
        for name, of in self._declared.items():
            if name not in changed:
                yield from (self._placed(step, name) for step in _kept(of, None))

    def _placed(self, step: Step, logical_id: str) -> Step:
        if self._template is None or logical_id not in self._declared:
            return step
        return structs.replace(step, file=self._template.file, line=self._declared[logical_id].line)

    def _of(self, each: ResourceChange) -> Iterator[Step]:
        if each.resource_type not in READERS:
            yield from self._unseen(each)
        elif each.resource_type == "AWS::AccessAnalyzer::Analyzer" and self._is_elsewhere:
            self.notes.append(
                f"{each.logical_resource_id} is in {self._change_set.region}; "
                f"the analyzers of {self._audited_region} are audited"
            )
        elif each.action in _UNCHANGED:
            yield from _kept(self._after(each), each.physical_resource_id)
        elif each.action == "Dynamic":
            yield self._doubt(each, "what is done to it is known only when the change set is executed")
        else:
            if each.action == "Remove" or each.replacement == "True":
                yield from self._removed(each)
            if each.action == "Add" or each.replacement == "True":
                yield from _added(self._after(each))
            elif each.action == "Modify":
                yield from _modified(each, self._after(each), _declared(each, each.before))

    @property
    def _is_elsewhere(self) -> bool:
        return self._audited_region not in (None, self._change_set.region)

    def _doubt(self, each: ResourceChange, why: str) -> Doubt:
        self.notes.append(f"{self._path}: {each.logical_resource_id} ({each.resource_type}): {why}")
        return Doubt(address=each.logical_resource_id, why=why, listings=EVERYTHING, fields=_LISTS)

    def _unseen(self, each: ResourceChange) -> Iterator[Step]:
        missed = unseen(each.logical_resource_id, each.resource_type)
        if missed is None or each.action in _UNCHANGED or each.change_set_id in self._described:
            return
        what, listings = missed
        nested = f"; describe its change set too: {each.change_set_id}" if each.change_set_id else ""
        self.notes.append(f"{self._path}: {what} is unknown{nested}")
        yield Doubt(address=each.logical_resource_id, why=f"{what} is unknown", listings=listings, fields=())

    def _after(self, each: ResourceChange) -> Declared:
        written = self._declared.get(each.logical_resource_id)
        after = each.after
        if written is None or written.type != each.resource_type:
            if isinstance(after, Unknown) and each.action not in _UNCHANGED:
                self.notes.append(f"{self._path}: {NO_VALUES}; what it changes is undecided")
            return _declared(each, after)
        return _declared(
            each, written.properties if each.after_context is None else _with_references(after, written.properties)
        )

    def _removed(self, each: ResourceChange) -> Iterator[Step]:
        """Yield the steps for a resource that is removed or replaced; none if the account retains it."""
        policy = each.policy_action or ""
        if policy.endswith("Retain"):
            self.notes.append(f"{self._path}: {each.logical_resource_id} leaves the stack and stays in the account")
        elif not policy:
            yield self._doubt(each, "the change set does not show whether the account keeps it")
        else:
            yield from _removal_steps(each, _declared(each, each.before))


def _declared(each: ResourceChange, properties: Mapping[str, Any] | Unknown) -> Declared:
    return Declared(each.logical_resource_id, each.resource_type, None, properties)


def _kept(of: Declared, physical_id: str | None) -> Iterator[Step]:
    """Yield a KEEP step with the name of a resource that does not change."""
    for step in steps(of):
        name = _name(physical_id) if physical_id else getattr(step, "name", None)
        if isinstance(step, Entity) and isinstance(name, str):
            yield structs.replace(step, action=Action.KEEP, name=name, fields={})


def _added(of: Declared) -> Iterator[Step]:
    for step in steps(of):
        yield structs.replace(step, may_exist=False) if isinstance(step, Entity) else step


def _removal_steps(each: ResourceChange, of: Declared) -> Iterator[Step]:
    """Yield the steps that undo what a resource contributed, when it is deleted."""
    yield from _without_device(each, of)
    for step in steps(of):
        if isinstance(step, Entity):
            name = _name(each.physical_resource_id) or Unknown(f"{step.address}: its name is not in the change set")
            yield structs.replace(step, action=Action.DELETE, name=name, old_name=None, fields={}, may_exist=False)
        elif isinstance(step, Credential) and not _is_own(step.holder, of):
            yield structs.replace(
                step, columns=dict.fromkeys(step.columns), what="an access key of the user is deleted"
            )
        elif not isinstance(step, Credential):
            yield from _taken(step, each, of)


def _without_device(each: ResourceChange, of: Declared) -> Iterator[Step]:
    """Yield steps that make MFA unknown for the users of an MFA device that is deleted or moved to other users."""
    if each.resource_type != "AWS::IAM::VirtualMFADevice":
        return
    users = of.items("Users")
    for name in (users,) if isinstance(users, Unknown) else users:
        owner = name if isinstance(name, str | Unknown) else Unknown(f"{of.logical_id}: an item of Users is not a text")
        what = "an MFA device of the user is deleted"
        yield Credential(address=of.logical_id, holder=Target("users", owner), columns={"mfa_active": None}, what=what)


def _taken(step: Step, each: ResourceChange, of: Declared) -> Iterator[Step]:
    """Yield the opposite of a step that connects resources."""
    if isinstance(step, Link):
        yield structs.replace(_named(step, each), adds=False)
    elif isinstance(step, Doubt):
        for holder in step.holders:
            target = _target(holder, each)
            for field in step.fields:
                why = Unknown(f"{of.logical_id}: what an earlier version of the stack added is unknown")
                yield Exclusive(
                    address=step.address, field=field, holder=target, items=why, completes=False, early=True
                )


def _modified(each: ResourceChange, after: Declared, before: Declared) -> Iterator[Step]:
    """Yield the steps of an update: the differences between the properties before and after."""
    yield from _without_device(each, before)
    made = [_named(step, each) for step in steps(after)]
    was = [_named(step, each) for step in steps(before)]
    links = {_key(step) for step in made}
    for step in was:
        if isinstance(step, Doubt) or (isinstance(step, Link) and _key(step) not in links):
            yield from _taken(step, each, before)
    for step in made:
        if isinstance(step, Entity):
            yield _updated(step, each, next((old.fields for old in was if isinstance(old, Entity)), {}))
            if each.replacement != "False" and step.listing in _HOLDERS:
                yield from _perhaps_replaced(step, each)
        elif isinstance(step, Credential) and step.holder.name != _name(each.physical_resource_id):
            yield structs.replace(step, columns=dict.fromkeys(step.columns))
        elif not isinstance(step, Credential) and (step not in was or _has_unknown(step)):
            yield step
    yield from _password(each, after, before)


def _updated(step: Entity, each: ResourceChange, before: Mapping[str, Any]) -> Entity:
    """Return the update of a resource, without fields that the stack does not change."""
    name = _name(each.physical_resource_id)
    fields = {
        key: value
        for key, value in step.fields.items()
        if key not in before or before[key] != value or unknown_within(value) is not None
    }
    known = name if name is not None else step.name
    return structs.replace(step, action=Action.UPDATE, name=known, old_name=name, fields=fields, may_exist=False)


def _perhaps_replaced(step: Entity, each: ResourceChange) -> Iterator[Step]:
    why = Unknown(f"{step.address}: whether it is replaced is known only when the change set is executed")
    holder = Target(step.listing, _name(each.physical_resource_id) or step.name)
    for field in _LISTS:
        yield Exclusive(address=step.address, field=field, holder=holder, items=why, completes=False, early=True)


def _password(each: ResourceChange, after: Declared, before: Declared) -> Iterator[Step]:
    """Yield the effect of an update on the console password of a user."""
    name = _name(each.physical_resource_id)
    if each.resource_type != "AWS::IAM::User" or name is None:
        return
    now, was = after.get("LoginProfile"), before.get("LoginProfile")
    unknown = isinstance(now, Unknown) or isinstance(before.properties, Unknown)
    if not unknown and (now is None) == (was is None):
        return
    columns: dict[str, Any] = {**dict.fromkeys(_NO_PASSWORD), "password_enabled": True}
    columns = dict.fromkeys(_NO_PASSWORD) if unknown else dict(_NO_PASSWORD) if now is None else columns
    what = "the user has no console password" if now is None else "the user has a console password"
    holder = Target("users", name)
    yield Credential(address=each.logical_resource_id, holder=holder, columns=columns, what=what)


def _key(step: Step) -> object:
    return (step.field, step.holder, step.item) if isinstance(step, Link) else None


def _has_unknown(step: Step) -> bool:
    return not isinstance(step, Link) or any(
        unknown_within(each) is not None for each in (step.document, step.item, step.holder.name)
    )


def _named(step: Step, each: ResourceChange) -> Step:
    """Return a step with references to the resource replaced by its name in the account."""
    if isinstance(step, Link):
        return structs.replace(step, holder=_target(step.holder, each), item=_of_account(step.item, each, step.field))
    if isinstance(step, Doubt):
        return structs.replace(step, holders=tuple(_target(holder, each) for holder in step.holders))
    return structs.replace(step, holder=_target(step.holder, each)) if isinstance(step, Credential) else step


def _target(holder: Target, each: ResourceChange) -> Target:
    return structs.replace(holder, name=_of_account(holder.name, each, ""))


def _of_account(value: Any, each: ResourceChange, field: str) -> Any:
    if not isinstance(value, Unknown) or value.entity != each.logical_resource_id or not each.physical_resource_id:
        return value
    return each.physical_resource_id if field == "attached_policies" else _name(each.physical_resource_id)


def _is_own(holder: Target, of: Declared) -> bool:
    return isinstance(holder.name, Unknown) and holder.name.entity == of.logical_id


def _name(physical_id: str | None) -> str | None:
    """Return the name in a physical id, which can be an ARN; an MFA device is named by its whole ARN."""
    if not physical_id or not physical_id.startswith("arn:"):
        return physical_id or None
    kind, _, name = physical_id.split(":", 5)[-1].partition("/")
    return physical_id if kind == "mfa" else name if kind == "oidc-provider" else name.rpartition("/")[2]


def _with_references(after: Any, written: Any) -> Any:
    """Return the values of a change set, with references from the template for values known only after execution.

    `written` is the same part of the template.
    """
    if isinstance(after, Unknown):
        return written if isinstance(written, Unknown) and written.entity is not None else after
    if isinstance(after, Mapping) and isinstance(written, Mapping):
        return {key: _with_references(each, written.get(key)) for key, each in after.items()}
    if isinstance(after, list) and isinstance(written, list) and len(after) == len(written):
        return [_with_references(*pair) for pair in zip(after, written, strict=True)]
    return after
