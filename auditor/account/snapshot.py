"""Snapshots as documents: write them, read them strictly, and name oddities that no single resource shows."""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from functools import cache
from hashlib import sha256
from typing import Any, get_args, get_origin, get_type_hints

import msgspec
from msgspec import Raw, Struct

from auditor import documents
from auditor.account.model import Notice, Snapshot
from auditor.account.sources import BULK, Source, SourceStatus
from auditor.account.unknown import Listing, Partial, Record, gaps_of, stored
from auditor.errors import SourceError

FORMAT = "iam-audit-snapshot"
SCHEMA_VERSION = "1.0"

_MAJOR = SCHEMA_VERSION.split(".", maxsplit=1)[0]
LISTS = ("users", "groups", "roles", "policies")
NAMED_LISTS = ("server_certificates", "oidc_providers", "saml_providers", "access_analyzers")
OTHER_LISTS = ("virtual_mfa_devices", *NAMED_LISTS)
SUMMARY_KEYS = {
    "users": "Users",
    "groups": "Groups",
    "roles": "Roles",
    "policies": "Policies",
    "server_certificates": "ServerCertificates",
}
"""The lists that the account summary counts, with its names of their lengths."""
COLLECTED = BULK - {Source.IDENTITY, Source.ACCOUNT_ALIAS}
"""The sources that every snapshot tells of; exports have no identity and no alias."""
MAX_IDENTIFIER = 2_048  # characters; the longest of IAM's, an ARN
MAX_GROUPS = 1_000  # of one user; IAM's limit is 10, and cannot be raised
MAX_MESSAGE = 10_000  # characters; what is said of a gap goes into a finding for each resource
_ACCOUNT_FACTS = {
    Source.PASSWORD_POLICY: "password_policy",
    Source.ACCOUNT_SUMMARY: "summary",
    Source.ORGANIZATION: "management_account_id",
}
_UNREAD = (SourceStatus.FAILED, SourceStatus.ABSENT, SourceStatus.NOT_REQUESTED)


class _Header(Struct):
    format: str = ""
    schema_version: str = ""


def dump(snapshot: Snapshot) -> bytes:
    """Give the canonical JSON document of a snapshot: policy documents too are without insignificant blanks."""
    return msgspec.json.format(msgspec.json.encode(snapshot), indent=-1)


def digest(document: bytes) -> str:
    """Give the SHA-256 of a canonical document, in hexadecimal."""
    return sha256(document).hexdigest()


def load(document: bytes, place: str) -> Snapshot:
    """Give the snapshot that a JSON document holds; `place` names the document in messages.

    Raises SourceError for anything that is not a whole snapshot of this schema's major version.
    """
    try:
        documents.check_strings(document)
        snapshot = msgspec.json.decode(document, type=Snapshot)
        if not _is_plain(document, snapshot):
            documents.check_keys(document)
        _check_policies(snapshot)
    except documents.FAULTS as error:
        raise _unreadable(document, place, error) from error
    _check_version(snapshot.format, snapshot.schema_version, place)
    for complaint in contradictions(snapshot):
        raise SourceError(f"{place} is not a readable snapshot: {complaint}", "Collect the account again.")
    return _in_utc(snapshot, place)


def _is_plain(document: bytes, snapshot: Snapshot) -> bool:
    """Say whether a snapshot would be written as the document was, but for blanks: then no key stands twice in it.

    This takes a tenth of the time of looking at every key. It proves nothing of policy documents, which are copied as
    they are; who reads one asks policy.read_document.
    """
    written = msgspec.json.encode(snapshot)
    return written == document or msgspec.json.format(written, indent=-1) == msgspec.json.format(document, indent=-1)


def _check_policies(snapshot: Snapshot) -> None:
    """Raise ValueError for policy documents that are no objects, or on which the writing of a snapshot could fail."""
    for text in map(bytes, _policies(snapshot)):
        if not text.startswith(b"{"):
            raise ValueError("a policy document is not a JSON object")
        text.decode()
        if documents.may_be_deep(text):
            documents.check_depth(msgspec.json.decode(text))


def _policies(snapshot: Snapshot) -> Iterator[Raw]:
    """Give the policy documents that were learned, raw."""
    for kind in ("users", "groups", "roles"):
        for record in getattr(snapshot, kind).known_part:
            if record.inline_policies.known_part:
                yield from _learned(record.inline_policies.known_part, "document")
    yield from _learned(snapshot.roles.known_part, "trust_policy")
    for policy in snapshot.policies.known_part:
        yield from _learned(policy.versions.known_part, "document")


def _learned(records: Sequence[Struct], field: str) -> Iterator[Raw]:
    return (stored(record, field) for record in records if field not in gaps_of(record))


def _in_utc(snapshot: Snapshot, place: str) -> Snapshot:
    """Give the snapshot with the times in UTC that are shown of it."""
    try:
        return msgspec.structs.replace(
            snapshot,
            captured_at=_utc(snapshot.captured_at),
            report_generated_at=_utc(snapshot.report_generated_at),
            sources=tuple(msgspec.structs.replace(each, read_at=_utc(each.read_at)) for each in snapshot.sources),
        )
    except OverflowError as error:
        raise SourceError(f"{place} has a time that is out of range", "Collect the account again.") from error


def _utc(time: datetime | None) -> datetime | None:
    return None if time is None else time.astimezone(UTC)


def _unreadable(document: bytes, place: str, error: Exception) -> SourceError:
    try:
        header = msgspec.json.decode(document, type=_Header)
    except documents.FAULTS:
        header = None
    if header is not None:
        _check_version(header.format, header.schema_version, place)
    return SourceError(
        f"{place} is not a readable snapshot: {documents.reason(error)}",
        "Make it again with `iam-audit snapshot -o FILE`, also if an older release wrote it, which knew fewer facts; "
        "a folder of AWS CLI output is read with --exports.",
    )


def _check_version(document_format: str, version: str, place: str) -> None:
    if document_format != FORMAT:
        raise SourceError(
            f'{place} is not a snapshot: "format" is not "{FORMAT}"',
            "Snapshots are written by `iam-audit snapshot -o FILE`; a folder of AWS CLI output is read with --exports.",
        )
    if version.split(".", maxsplit=1)[0] != _MAJOR:
        raise SourceError(
            f"{place} has schema version {version!r}; this iam-audit reads {_MAJOR}.x",
            "Use the release of iam-audit that wrote it, or collect the account again.",
        )


def contradictions(snapshot: Snapshot) -> Iterator[str]:
    """Say in what a snapshot contradicts itself or holds what IAM has not: one of edited or forged data may."""
    for kind in (*LISTS, *NAMED_LISTS):
        yield from _misnamed(kind, getattr(snapshot, kind).known_part)
    yield from _excesses(snapshot)
    sources = {source.name: source for source in snapshot.sources}
    if len(sources) != len(snapshot.sources) or not set(sources) >= COLLECTED:
        yield "$.sources does not tell of each source once"
        return
    for name, source in sources.items():
        if source.status in _UNREAD and _is_known(snapshot, name):
            yield f"{name} is {source.status} by $.sources, but its facts are there"
    yield from _miscounts(snapshot)
    yield from _strangers(snapshot)
    table = {gap.id for gap in snapshot.gaps}
    missing = sorted(gap_ids(snapshot) - table)
    if missing or len(table) != len(snapshot.gaps):
        yield f"$.gaps does not tell of each gap once ({', '.join(missing) or 'one is there twice'})"


def _misnamed(kind: str, records: Sequence[Any]) -> Iterator[str]:
    """Find names that stand twice, or that are too long to be IAM's.

    Those of users, groups, roles and policies are unique ignoring case; of no others AWS promises that:
    https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateUser.html
    """
    fields = records[0].__struct_fields__ if records else ()
    unique = {"name": [record.name.casefold() if kind in LISTS else record.name for record in records]}
    for field in ("arn", "id"):
        if field in fields:
            unique[field] = [value for record in records if (value := stored(record, field)) is not None]
    for field, values in unique.items():
        longest = max(map(len, values), default=0)
        if longest > MAX_IDENTIFIER:
            yield f"$.{kind} holds an {field} of {longest:,} characters"
        if len(set(values)) != len(values):
            twice, _ = Counter(values).most_common(1)[0]
            yield f"$.{kind} holds the {field} {twice!r} twice"


def _excesses(snapshot: Snapshot) -> Iterator[str]:
    """Find what would multiply in a report: groups become a warning each, and gaps are told of in many findings."""
    for user in snapshot.users.known_part:
        if len(user.group_names.known_part) > MAX_GROUPS:
            yield f"$.users holds a user in {len(user.group_names.known_part):,} groups"
    for gap in snapshot.gaps:
        if len(gap.message) + len(gap.iam_action or "") > MAX_MESSAGE:
            yield f"$.gaps holds a gap of more than {MAX_MESSAGE:,} characters"


def _is_known(snapshot: Snapshot, source: Source) -> bool:
    """Say whether a snapshot holds facts that only this source could have told."""
    if source in _ACCOUNT_FACTS:
        return _ACCOUNT_FACTS[source] not in gaps_of(snapshot.account)
    if source is Source.CREDENTIAL_REPORT:
        return any("credentials" not in gaps_of(user) for user in snapshot.users.known_part)
    if source is Source.POLICY_DESCRIPTIONS:
        return any("description" not in gaps_of(policy) for policy in snapshot.policies.known_part)
    field = source.replace("-", "_")
    return field in (*LISTS, *OTHER_LISTS) and getattr(snapshot, field).gap is None


def _strangers(snapshot: Snapshot) -> Iterator[str]:
    """Find what is of another account than the snapshot, or of another Region."""
    account, region = snapshot.account.id, snapshot.region
    for kind in (*LISTS, *NAMED_LISTS):
        for record in getattr(snapshot, kind).known_part:
            arn = stored(record, "arn")
            if account is not None and arn is not None and f":{account}:" not in arn:
                yield f"$.{kind} holds {arn}, which is not of account {account}"
    for device in snapshot.virtual_mfa_devices.known_part:
        serial = device.serial_number
        if account is not None and serial.startswith("arn:") and f":{account}:" not in serial:
            yield f"$.virtual_mfa_devices holds {serial}, which is not of account {account}"
    for analyzer in snapshot.access_analyzers.known_part:
        if region is not None and f":{region}:" not in analyzer.arn:
            yield f"$.access_analyzers holds {analyzer.arn}, which is not of the Region {region}"


def _miscounts(snapshot: Snapshot) -> Iterator[str]:
    summary = stored(snapshot.account, "summary") or {}
    for kind, key in SUMMARY_KEYS.items():
        listing = getattr(snapshot, kind)
        counted = summary.get(key)
        if listing.gap is None and counted is not None and counted != len(listing.known_part):
            yield f"$.{kind} holds {len(listing.known_part):,}, and the account summary counts {counted:,}"


def gap_ids(snapshot: Snapshot) -> set[str]:
    """Give the ids of the gaps that the lists and records of a snapshot refer to."""
    found: set[str | None] = set()
    _gather([snapshot], found)
    return {gap_id for gap_id in found if gap_id is not None}


def _gather(values: Sequence[object], found: set[str | None]) -> None:
    """Gather the gaps that records among the values refer to, and the records in them; field by field, for speed."""
    by_type: dict[type, list[Any]] = {}
    for value in values:
        by_type.setdefault(type(value), []).append(value)
    for kind, records in by_type.items():
        if not _may_refer(kind):
            continue
        if issubclass(kind, Partial):
            found.update(gap_id for record in records for gap_id in gaps_of(record).values())
        for field, deeper in _holders(kind):
            held = [stored(record, field) for record in records]
            listings = [value for value in held if isinstance(value, Listing)]
            found.update({listing.gap for listing in listings})
            if deeper:
                _gather([item for listing in listings for item in listing.known_part], found)
                _gather([value for value in held if not isinstance(value, Listing)], found)


@cache
def _may_refer(value_type: type) -> bool:
    """Say whether values of a type may refer to gaps; most records cannot, and there are many."""
    return issubclass(value_type, Record) and (issubclass(value_type, Partial) or bool(_holders(value_type)))


@cache
def _holders(record_type: type[Struct]) -> tuple[tuple[str, bool], ...]:
    """Give the fields of a record type whose values may refer to gaps, and whether what is in these values may."""
    hints = get_type_hints(record_type)
    held = ((field, hints[field]) for field in record_type.__struct_fields__ if _holds(hints[field]))
    return tuple((field, get_origin(hint) is not Listing or any(map(_holds, get_args(hint)))) for field, hint in held)


def _holds(hint: Any) -> bool:
    """Say whether a type is, or may be, a Listing or a record that may refer to gaps."""
    own = get_origin(hint) or hint
    return own is Listing or (isinstance(own, type) and _may_refer(own)) or any(map(_holds, get_args(hint)))


def integrity(snapshot: Snapshot) -> Iterator[Notice]:
    """Give what does not fit together: memberships in groups that do not exist, or that differ only in case.

    IAM names are unique ignoring case and keep their spelling, so both mean a damaged or mixed collection:
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
