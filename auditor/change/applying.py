"""Applying: the snapshot of an account with planned changes made to it, and what is unknown about the result."""

from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any, TypeVar

from msgspec import structs

from auditor.account.model import Notice, PasswordPolicy, Snapshot
from auditor.account.sources import ACCOUNT_FACTS, Source, SourceRecord, SourceStatus
from auditor.account.unknown import Gap, Listing, gaps_of, stored
from auditor.change.causes import Causes, Key
from auditor.change.draft import KIND, Applied, Draft
from auditor.change.entities import entity, note_conflicts
from auditor.change.hiding import without_secrets_in
from auditor.change.links import exclusive, link
from auditor.change.records import Missing, edited, unknown_credentials
from auditor.change.steps import (
    AccountFact,
    Action,
    Change,
    Credential,
    Doubt,
    Entity,
    Exclusive,
    Link,
    ServiceCredentials,
    Step,
)
from auditor.change.values import Unknown
from auditor.judging.finding import Location

M = TypeVar("M", Gap, Notice)
_UNREAD = (SourceStatus.ABSENT, SourceStatus.NOT_REQUESTED, SourceStatus.FAILED)


def applied(base: Snapshot, changes: Sequence[Change]) -> Applied:
    """Return the account after the changes, which are applied in the given order."""
    draft = Draft(base)
    for change in changes:
        draft.renaming = frozenset(_renamed(change))
        draft.taken = {}
        draft.sources |= {
            step.address: Location(step.file, step.line, step.address) for step in change.steps if step.file is not None
        }
        for step in sorted(change.steps, key=lambda step: step.phase):
            _do(draft, step, step.file or change.file)
        note_conflicts(draft)
        for note in change.notes:
            draft.note(note)
    return _finished(draft, changes)


def _changes(change: Change) -> bool:
    """Return whether a change does more than keep resources as they are, or keeps them only because of a default."""
    return change.by_default or any(
        not (isinstance(step, Entity) and step.action is Action.KEEP) for step in change.steps
    )


def _renamed(change: Change) -> Iterator[Key]:
    """Yield the users and groups that a change renames, by their old names."""
    for step in change.steps:
        if isinstance(step, Entity) and step.action is Action.UPDATE and step.old_name not in (None, step.name):
            yield step.listing, str(step.old_name)


def _do(draft: Draft, step: Step, file: str) -> None:
    draft.at = Location(file, step.line, step.address)
    if isinstance(step, Entity):
        entity(draft, step, file)
    elif isinstance(step, Link):
        link(draft, step)
    elif isinstance(step, Exclusive):
        exclusive(draft, step)
    elif isinstance(step, Credential):
        _set_credentials(draft, step)
    elif isinstance(step, ServiceCredentials):
        _doubt_service_credentials(draft, step)
    elif isinstance(step, AccountFact):
        _set_fact(draft, step, file)
    elif isinstance(step, Doubt):
        _leave_in_doubt(draft, step)


def _set_credentials(draft: Draft, step: Credential) -> None:
    unknown = draft.gap(f"{step.address}: the user's remaining credentials are known only after deployment")
    name = draft.found_or_added(step.holder, step.address)
    names = [name] if name is not None else [*draft.lists["users"]] if isinstance(step.holder.name, Unknown) else []
    for each in names:
        user = draft.lists["users"][each]
        held = stored(user, "credentials") or unknown_credentials(gaps_of(user)["credentials"])
        sure = name is not None
        columns = {
            column: Missing(unknown) if value is None or not sure else value for column, value in step.columns.items()
        }
        draft.edit(("users", each), credentials=edited(held, columns), verified=None)
        if "password_enabled" in step.columns:
            draft.login_profiles.pop(each, None)
        draft.cause(("users", each), step.address, step.what, "credentials")


def _doubt_service_credentials(draft: Draft, step: ServiceCredentials) -> None:
    listed = draft.service_credentials
    if listed is None:
        return
    gap = draft.gap(f"{step.address}: which service-specific credentials there are is known only after deployment")
    name = draft.found_or_added(step.holder, step.address)
    draft.service_credentials = Listing(() if name is None else listed.known_part, listed.gap or gap)
    if name is not None:
        draft.forget(name)
        draft.cause(("users", name), step.address, "it changes a service-specific credential of the user")


def _set_fact(draft: Draft, step: AccountFact, file: str) -> None:
    gap = draft.gap(f"{step.address}: this is known only after the change is applied")
    value: Any = step.value
    if isinstance(value, Unknown):
        value = draft.missing(value)
    elif step.field == "password_policy" and value is not None:
        fields = {name: Missing(gap) if isinstance(each, Unknown) else each for name, each in value.items()}
        blank = PasswordPolicy(*[None] * len(PasswordPolicy.__struct_fields__))  # type: ignore[arg-type]  # all replaced
        value = edited(blank, fields)
    draft.account = edited(draft.account, {step.field: value})
    key = ("account", draft.account.name)
    draft.places[key] = Location(file, step.line, step.address)
    draft.cause(key, step.address, f"it sets the {step.field.replace('_', ' ')}")


def _leave_in_doubt(draft: Draft, step: Doubt) -> None:
    gap = draft.gap_of(step.address, step.why)
    for listing in step.listings:
        draft.listing_gaps[listing] = gap
        for name in [*draft.lists[listing]] if listing in ("users", "groups", "roles") else ():
            draft.doubt_lists((listing, name), step.fields, gap, keep=False)
    for holder in step.holders:
        found = draft.found_or_added(holder, step.address)
        names = [found] if found is not None else [*draft.lists[holder.listing]]
        for each in names if found is not None or isinstance(holder.name, Unknown) else ():
            draft.doubt_lists((holder.listing, each), step.fields, gap, keep=step.keep)
            if holder.listing == "groups":
                draft.member_doubts[each] = gap
        if found is None and holder.listing == "users" and "group_names" in step.fields:
            draft.member_doubts.update(dict.fromkeys(draft.lists["groups"], gap))
    for field in step.facts:
        draft.account = edited(draft.account, {field: Missing(gap)})


def _finished(draft: Draft, changes: Sequence[Change]) -> Applied:
    doubtful = {field: Missing(gap) for field, gap in draft.doubtful_counts.items()}
    if doubtful:
        draft.lists["policies"] = {name: edited(each, doubtful) for name, each in draft.lists["policies"].items()}
    perhaps = {key: draft.gap(f"{key[1]} may not be created: {why}") for key, why in draft.maybe.items()}
    lists: dict[str, Any] = {
        listing: Listing(tuple(records.values()), draft.listing_gaps[listing])
        for listing, records in draft.lists.items()
    }
    secrets = frozenset().union(*(change.secrets for change in changes))
    snapshot = _without_secrets(_snapshot(draft, lists), secrets) if secrets else _snapshot(draft, lists)
    causes = {key: tuple(known.values()) for key, known in draft.causes.items()}
    return Applied(
        snapshot=snapshot,
        alone=draft.alone,
        new_groups=frozenset(name for listing, name in draft.created if listing == "groups"),
        member_doubts=draft.member_doubts,
        stand_ins=draft.stand_ins,
        causes=Causes(snapshot, causes, draft.places),
        partly=draft.partly,
        maybe=draft.maybe,
        perhaps=perhaps,
        deleted=frozenset(draft.deleted),
        renamed=draft.renamed,
        created=frozenset(key for key in draft.created - draft.deleted if key[1] in draft.lists[key[0]]),
        secrets=secrets,
        files=tuple(change.file for change in changes),
        touches_iam=any(map(_changes, changes)),
    )


def _without_secrets(snapshot: Snapshot, secrets: AbstractSet[str]) -> Snapshot:
    """Return a snapshot in which no message of a gap or warning shows a sensitive text."""

    def masked(each: M) -> M:
        return structs.replace(each, message=without_secrets_in(each.message, secrets))

    return structs.replace(
        snapshot, gaps=tuple(map(masked, snapshot.gaps)), notices=tuple(map(masked, snapshot.notices))
    )


def _snapshot(draft: Draft, lists: Mapping[str, Listing[Any]]) -> Snapshot:
    base, account = draft.base, _counted(draft, lists)
    return structs.replace(
        base,
        account=account,
        gaps=(*base.gaps, *draft.gaps.values()),
        notices=(*base.notices, *dict.fromkeys(draft.notices)),
        sources=tuple(_source(each, draft, lists, account) for each in base.sources),
        login_profiles=tuple(draft.login_profiles.values()),
        service_credentials=draft.service_credentials,
        **lists,
    )


def _counted(draft: Draft, lists: Mapping[str, Listing[Any]]) -> Any:
    """Return the account with the counts of its summary updated by the change."""
    summary = stored(draft.account, "summary")
    if summary is None:
        return draft.account
    counts = dict(summary)
    for listing, by in draft.counts.items():
        key = KIND[listing].counted_as
        if key in counts:
            counts[key] = max(counts[key] + by, 0)
        if listing in ("oidc_providers", "saml_providers") and "Providers" in counts:
            counts["Providers"] = max(counts["Providers"] + by, 0)
    _check_complete(lists, counts)
    return edited(draft.account, {"summary": counts})


def _check_complete(lists: Mapping[str, Listing[Any]], counts: dict[str, int]) -> None:
    """Set the count of each complete list to the number of its items, because the lists are what rules evaluate."""
    for listing, held in lists.items():
        key = KIND[listing].counted_as
        if key in counts and held.gap is None:
            counts[key] = len(held.known_part)


def _source(source: SourceRecord, draft: Draft, lists: Mapping[str, Listing[Any]], account: Any) -> SourceRecord:
    """Return the record of a source, with its status as it is after the change."""
    listing = next((name for name, kind in KIND.items() if kind.source is source.name), None)
    if listing is not None:
        return _source_of_list(source, lists[listing], changed=bool(draft.counts[listing]) or draft.alone)
    if source.name is Source.SERVICE_CREDENTIALS and source.status is SourceStatus.COMPLETE:
        whole = draft.service_credentials is None or draft.service_credentials.gap is None
        return source if whole else structs.replace(source, status=SourceStatus.PARTIAL)
    fact = ACCOUNT_FACTS.get(source.name)
    if source.name is Source.CREDENTIAL_REPORT and source.status in _UNREAD:
        any_known = any("credentials" not in gaps_of(user) for user in lists["users"].known_part)
        return structs.replace(source, status=SourceStatus.PARTIAL) if any_known else source
    if fact is None or fact in gaps_of(account):
        lost = fact is not None and source.status is SourceStatus.COMPLETE
        return structs.replace(source, status=SourceStatus.PARTIAL) if lost else source
    if source.status in (SourceStatus.COMPLETE, SourceStatus.PARTIAL):
        return source
    return structs.replace(source, status=SourceStatus.PARTIAL)


def _source_of_list(source: SourceRecord, held: Listing[Any], *, changed: bool) -> SourceRecord:
    if held.gap is None:
        return structs.replace(source, items=len(held.known_part)) if changed else source
    partial = bool(held.known_part) or source.status not in _UNREAD
    status = SourceStatus.PARTIAL if partial else source.status
    return structs.replace(source, status=status, items=min(source.items, len(held.known_part)))
