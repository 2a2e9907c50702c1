"""Snapshots as documents: write them, read them strictly, and name oddities that no single resource shows."""

from collections.abc import Iterator, Sequence
from datetime import UTC
from hashlib import sha256
from typing import Any

import msgspec
from msgspec import Struct

from auditor.errors import SourceError
from auditor.facts import at_rest, gaps_of
from auditor.model import BULK, Notice, Snapshot, Source, SourceStatus, User

FORMAT = "iam-audit-snapshot"
SCHEMA_VERSION = "1.0"

_MAJOR = SCHEMA_VERSION.split(".", maxsplit=1)[0]
LISTS = ("users", "groups", "roles", "policies")
OTHER_LISTS = ("virtual_mfa_devices", "server_certificates", "oidc_providers", "saml_providers", "access_analyzers")
COLLECTED = BULK - {Source.IDENTITY, Source.ACCOUNT_ALIAS}
"""The sources that every snapshot tells of; exports have no identity and no alias."""
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
        snapshot = msgspec.json.decode(document, type=Snapshot)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise _unreadable(document, place, error) from error
    _check_version(snapshot.format, snapshot.schema_version, place)
    for complaint in _contradictions(snapshot):
        raise SourceError(f"{place} is not a readable snapshot: {complaint}", "Collect the account again.")
    return _in_utc(snapshot, place)


def _in_utc(snapshot: Snapshot, place: str) -> Snapshot:
    """Give the snapshot with its own two times in UTC, as they are shown."""
    times = {"captured_at": snapshot.captured_at, "report_generated_at": snapshot.report_generated_at}
    try:
        known = {name: time.astimezone(UTC) for name, time in times.items() if time is not None}
    except OverflowError as error:
        raise SourceError(f"{place} has a time that is out of range", "Collect the account again.") from error
    return msgspec.structs.replace(snapshot, **known)


def _unreadable(document: bytes, place: str, error: Exception) -> SourceError:
    try:
        header = msgspec.json.decode(document, type=_Header)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        header = None
    if header is not None:
        _check_version(header.format, header.schema_version, place)
    reason = "it is nested too deeply" if isinstance(error, RecursionError) else str(error)
    return SourceError(
        f"{place} is not a readable snapshot: {reason}",
        "Make it again with `iam-audit snapshot -o FILE`; a folder of AWS CLI output is read with --exports.",
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


def _contradictions(snapshot: Snapshot) -> Iterator[str]:
    """Say in what a document contradicts itself; a collector's never does, an edited or forged one may."""
    for kind in LISTS:
        yield from _doubles(kind, getattr(snapshot, kind).known)
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


def _doubles(kind: str, records: Sequence[Any]) -> Iterator[str]:
    """IAM's names are unique ignoring case: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html."""
    for field, values in (
        ("name", [record.name.casefold() for record in records]),
        ("arn", [arn for record in records if (arn := at_rest(record, "arn")) is not None]),
        ("id", [unique for record in records if (unique := at_rest(record, "id")) is not None]),
    ):
        if len(set(values)) != len(values):
            twice = next(value for value in values if values.count(value) > 1)
            yield f"$.{kind} holds the {field} {twice!r} twice"


def _is_known(snapshot: Snapshot, source: Source) -> bool:
    """Say whether a snapshot holds facts that only this source could have told."""
    account_facts = {Source.PASSWORD_POLICY: "password_policy", Source.ACCOUNT_SUMMARY: "summary"}
    if source in account_facts:
        return account_facts[source] not in gaps_of(snapshot.account)
    if source is Source.CREDENTIAL_REPORT:
        return any("credentials" not in gaps_of(user) for user in snapshot.users.known)
    field = source.replace("-", "_")
    return field in (*LISTS, *OTHER_LISTS) and getattr(snapshot, field).gap is None


def _strangers(snapshot: Snapshot) -> Iterator[str]:
    account = snapshot.account.id
    if account is None:
        return
    for kind in LISTS:
        for record in getattr(snapshot, kind).known:
            arn = at_rest(record, "arn")
            if arn is not None and f"::{account}:" not in arn:
                yield f"$.{kind} holds {arn}, which is not of account {account}"


def _miscounts(snapshot: Snapshot) -> Iterator[str]:
    summary = at_rest(snapshot.account, "summary") or {}
    for kind in LISTS:
        listing = getattr(snapshot, kind)
        counted = summary.get(kind.capitalize())
        if listing.gap is None and counted is not None and counted != len(listing.known):
            yield f"$.{kind} holds {len(listing.known):,}, and the account summary counts {counted:,}"


def gap_ids(snapshot: Snapshot) -> set[str]:
    """Give the ids of the gaps that the lists and records of a snapshot refer to."""
    found: set[str | None] = set(gaps_of(snapshot.account).values())
    for kind in (*LISTS, *OTHER_LISTS):
        found.add(getattr(snapshot, kind).gap)
    for user in snapshot.users.known:
        found |= {user.group_names.gap, user.inline_policies.gap, user.attached_policies.gap}
        if type(user) is not User:
            found |= set(gaps_of(user).values())
    return {gap for gap in found if gap is not None}


def integrity(snapshot: Snapshot) -> Iterator[Notice]:
    """Give what does not fit together: memberships in groups that do not exist, or that differ only in case.

    IAM names are unique ignoring case and keep their spelling, so both mean a damaged or mixed collection:
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
    """
    if snapshot.groups.gap is not None:
        return
    names = {group.name for group in snapshot.groups.known}
    spelling = {name.casefold(): name for name in names}
    for user in snapshot.users.known:
        for name in user.group_names.known:
            if name in names:
                continue
            other = spelling.get(name.casefold())
            yield Notice(
                "unknown-group",
                user.name,
                f"is listed in the group {name!r}, which does not exist"
                + (f"; {other!r} differs only in case" if other else ""),
            )
