"""Checks of a whole snapshot: contradictions within it, and oddities that no single resource shows."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from auditor.account.arns import strange_arns
from auditor.account.kinds import Kind, kind_listed_by, listed_kinds
from auditor.account.model import Notice, Snapshot
from auditor.account.references import gap_ids
from auditor.account.sources import ACCOUNT_FACTS, BULK, NOTHING_READ, Source, SourceRecord, SourceStatus
from auditor.account.tallies import miscounted, misread, misused
from auditor.account.times import impossible_times
from auditor.account.unknown import Listing, gaps_of, stored, stored_in

_LATER = {Source.AWS_MANAGED_POLICIES, Source.PASSWORD_RESETS, Source.SERVICE_CREDENTIALS}
COLLECTED = BULK - {Source.IDENTITY, Source.ACCOUNT_ALIAS} - _LATER
"""The sources that every snapshot lists; exports have no identity and no alias, older snapshots have fewer sources."""
MAX_IDENTIFIER = 2_048  # characters; the longest of IAM's, an ARN
MAX_GROUPS = 1_000  # of one user; IAM's limit is 10, and cannot be raised
MAX_MESSAGE = 10_000  # characters; a gap's message is repeated in a finding for each resource

_OF_EACH: Mapping[Source, tuple[Callable[[Snapshot], Sequence[Any]], str]] = {
    Source.POLICY_DESCRIPTIONS: (lambda snapshot: snapshot.policies.known_part, "description"),
    Source.AWS_MANAGED_POLICIES: (lambda snapshot: snapshot.aws_managed_policies, "document"),
    Source.PASSWORD_RESETS: (lambda snapshot: snapshot.login_profiles, "password_reset_required"),
}
"""The sources that provide one field of each record: the records, and the name of the field."""


def contradictions(snapshot: Snapshot) -> Iterator[str]:
    """Yield a message for each contradiction in a snapshot and each value that IAM cannot have, as in forged data."""
    unfit = [*_unfit(snapshot), *_excesses(snapshot)]
    if unfit:  # the messages below would repeat such names
        yield from unfit
        return
    sources = {source.name: source for source in snapshot.sources}
    if len(sources) != len(snapshot.sources) or not set(sources) >= COLLECTED:
        yield "$.sources does not list each source exactly once"
        return
    for name, source in sources.items():
        if source.status in NOTHING_READ and _is_known(snapshot, name):
            yield f"{name} is {source.status} by $.sources, but its facts are there"
    yield from misread(snapshot, sources)
    yield from _credentials_misread(snapshot, sources.get(Source.SERVICE_CREDENTIALS))
    lists = {listing: kind.resources(snapshot) for kind, listing, _ in listed_kinds()}
    yield from (f"$.policies holds {each.name!r} with {each.problem}" for each in misused(lists))
    yield from strange_arns(snapshot)
    yield from impossible_times(snapshot)
    yield from miscounted(snapshot, sources)
    table = {gap.id for gap in snapshot.gaps}
    missing = sorted(gap_ids(snapshot) - table)
    if missing or len(table) != len(snapshot.gaps):
        yield f"$.gaps does not list each gap exactly once ({', '.join(missing) or 'one is listed twice'})"


def _unfit(snapshot: Snapshot) -> Iterator[str]:
    for kind, listing, _ in listed_kinds():
        yield from _repeated_or_too_long(kind, listing, kind.resources(snapshot).known_part)


def _repeated_or_too_long(kind: Kind, listing: str, records: Sequence[Any]) -> Iterator[str]:
    """Yield a message for names that occur twice, or that are too long for IAM."""
    for field in kind.unique:
        values = [value for value in stored_in(records, getattr(kind, field)) if value is not None]
        longest = max(map(len, values), default=0)
        if longest > MAX_IDENTIFIER:
            yield f"$.{listing} holds an {field} of {longest:,} characters"
        compared = [value.casefold() for value in values] if field == "name" and kind.case_insensitive else values
        if len(set(compared)) != len(compared):
            twice, _ = Counter(compared).most_common(1)[0]
            yield f"$.{listing} holds the {field} {twice!r} twice"


def _excesses(snapshot: Snapshot) -> Iterator[str]:
    """Yield a message for what would make a report huge: each group may become a warning, gaps are in many findings."""
    joined = stored_in(snapshot.users.known_part, "group_names")
    if (most := max((len(each.known_part) for each in joined), default=0)) > MAX_GROUPS:
        yield f"$.users holds a user in {most:,} groups"
    for gap in snapshot.gaps:
        if len(gap.message) + len(gap.iam_action or "") > MAX_MESSAGE:
            yield f"$.gaps holds a gap of more than {MAX_MESSAGE:,} characters"


def _is_known(snapshot: Snapshot, source: Source) -> bool:
    """Return whether a snapshot contains facts that can only come from this source."""
    if source in ACCOUNT_FACTS:
        return ACCOUNT_FACTS[source] not in gaps_of(snapshot.account)
    if source is Source.CREDENTIAL_REPORT:
        root = "root_credentials" not in gaps_of(snapshot.account)
        return root or any("credentials" not in gaps_of(user) for user in snapshot.users.known_part)
    if source is Source.SERVICE_CREDENTIALS:
        return bool(snapshot.service_credentials is not None and snapshot.service_credentials.known_part)
    if source in _OF_EACH:
        found, field = _OF_EACH[source]
        return any(field not in gaps_of(record) for record in found(snapshot))
    kind = kind_listed_by(source)
    if kind is None:
        return False
    records = kind.resources(snapshot)
    return records.gap is None or any(map(_has_whole_list, records.known_part))


def _credentials_misread(snapshot: Snapshot, source: SourceRecord | None) -> Iterator[str]:
    """Yield a message if the list of service-specific credentials and its source differ on whether it is complete."""
    listed = snapshot.service_credentials
    complete = source is not None and source.status is SourceStatus.COMPLETE
    if listed is not None and (listed.gap is None) is not complete:
        yield "$.service_credentials and $.sources differ on whether the list is complete"


def _has_whole_list(record: Any) -> bool:
    """Return whether a list within a record, such as a user's groups, is complete: only one source can provide it."""
    lists = (stored(record, field) for field in record.__struct_fields__)
    return any(isinstance(each, Listing) and each.gap is None for each in lists)


def integrity(snapshot: Snapshot) -> Iterator[Notice]:
    """Yield a notice for each membership in a group that does not exist, or whose name differs only in case.

    IAM names are unique ignoring case and keep their spelling, so both mean that the data is damaged or mixed:
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
    """
    if snapshot.groups.gap is not None:
        return
    names = {group.name for group in snapshot.groups.known_part}
    spelling = {name.casefold(): name for name in names}
    for user in snapshot.users.known_part:
        for name in user.group_names.known_part:
            if name in names:
                continue
            other = spelling.get(name.casefold())
            yield Notice(
                "unknown-group",
                user.name,
                f"is listed in the group {name!r}, which does not exist"
                + (f"; {other!r} differs only in case" if other else ""),
            )
