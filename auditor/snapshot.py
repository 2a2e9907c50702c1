"""Snapshots as documents: write them, read them strictly, and name oddities that no single resource shows."""

from collections.abc import Iterator
from hashlib import sha256

import msgspec
from msgspec import Struct

from auditor.errors import SourceError
from auditor.model import Notice, Snapshot

FORMAT = "iam-audit-snapshot"
SCHEMA_VERSION = "1.0"

_MAJOR = SCHEMA_VERSION.split(".", maxsplit=1)[0]
_LISTS = ("users", "groups", "roles", "policies")


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
    _check_unique(snapshot, place)
    return snapshot


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


def _check_unique(snapshot: Snapshot, place: str) -> None:
    for kind in _LISTS:
        names = [record.name for record in getattr(snapshot, kind).known]
        if len(set(names)) != len(names):
            twice = next(name for name in names if names.count(name) > 1)
            raise SourceError(
                f"{place} is not a readable snapshot: $.{kind} holds {twice!r} twice",
                "Collect the account again.",
            )


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
