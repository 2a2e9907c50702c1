"""Snapshots as JSON documents: writing them, and reading them strictly."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from hashlib import sha256
from itertools import chain, islice
from weakref import finalize

import msgspec
from msgspec import Raw, Struct

from auditor import documents
from auditor.account.checks import contradictions
from auditor.account.model import Snapshot
from auditor.account.unknown import gaps_of, stored_in
from auditor.errors import SourceError

FORMAT = "iam-audit-snapshot"
SCHEMA_VERSION = "1.0"

_SHOWN = 5  # contradictions in one message
_DIGESTS: dict[int, str] = {}
"""The digests of snapshots in memory that were read from their canonical document, by id: it is not written again."""
_MAJOR = SCHEMA_VERSION.split(".", maxsplit=1)[0]


class _Header(Struct):
    format: str = ""
    schema_version: str = ""


def dump(snapshot: Snapshot) -> bytes:
    """Return the canonical JSON document of a snapshot, without insignificant whitespace, also in policy documents."""
    return msgspec.json.format(msgspec.json.encode(snapshot), indent=-1)


def digest(document: bytes) -> str:
    """Return the SHA-256 of a canonical document, in hexadecimal."""
    return sha256(document).hexdigest()


def digest_of(snapshot: Snapshot) -> str:
    """Return the digest of the canonical document of a snapshot."""
    known = _DIGESTS.get(id(snapshot))
    return digest(dump(snapshot)) if known is None else known


def load(document: bytes, place: str) -> Snapshot:
    """Return the snapshot in a JSON document; `place` names the document in messages.

    Raises SourceError unless it is a complete snapshot of this schema's major version.
    """
    try:
        documents.check_strings(document)
        snapshot = msgspec.json.decode(document, type=Snapshot)
        written = msgspec.json.encode(snapshot)
        if not _is_plain(document, written):
            documents.check_keys(document)
        policies = list(map(bytes, _policies(snapshot)))
        _check_policies(policies)
    except documents.FAULTS as error:
        raise _unreadable(document, place, error) from error
    _check_version(snapshot.format, snapshot.schema_version, place)
    in_utc = _in_utc(snapshot, place)
    check(in_utc, f"{place} is not a readable snapshot", "Collect the account again.")
    if written == document and _times(in_utc) == _times(snapshot) and all(map(_is_compact, policies)):
        _DIGESTS[id(in_utc)] = digest(document)
        finalize(in_utc, _DIGESTS.pop, id(in_utc))
    return in_utc


def check(snapshot: Snapshot, problem: str, remedy: str) -> None:
    """Raise SourceError, with the problem and the first contradictions, for a snapshot that contradicts itself."""
    if complaints := tuple(islice(contradictions(snapshot), _SHOWN + 1)):
        more = " ..." if len(complaints) > _SHOWN else ""
        raise SourceError(f"{problem}: {'; '.join(complaints[:_SHOWN])}{more}", remedy)


def _is_plain(document: bytes, written: bytes) -> bool:
    """Return whether writing the snapshot gives the document again, apart from whitespace: then it repeats no key.

    This takes a tenth of the time of checking every key. It proves nothing about policy documents, which are copied as
    they are; auditor.policies.decoding checks them when they are read.
    """
    return written == document or msgspec.json.format(written, indent=-1) == msgspec.json.format(document, indent=-1)


def _check_policies(texts: Iterable[bytes]) -> None:
    """Raise ValueError for a policy document that is not an object, or that could not be written again."""
    for text in texts:
        if not text.startswith(b"{"):
            raise ValueError("a policy document is not a JSON object")
        text.decode()
        if documents.may_be_deep(text):
            documents.check_depth(msgspec.json.decode(text))


def _policies(snapshot: Snapshot) -> Iterator[Raw]:
    """Yield the raw JSON of each known policy document."""
    inline = [
        _in_lists(listed.known_part, "inline_policies") for listed in (snapshot.users, snapshot.groups, snapshot.roles)
    ]
    yield from _known([*chain.from_iterable(inline)], "document")
    yield from _known(snapshot.roles.known_part, "trust_policy")
    yield from _known(_in_lists(snapshot.policies.known_part, "versions"), "document")
    yield from _known(snapshot.aws_managed_policies, "document")


def _in_lists(records: Sequence[Struct], field: str) -> list[Struct]:
    """Return the known entries of the lists in a field of records."""
    return [each for listed in stored_in(records, field) for each in listed.known_part]


def _known(records: Sequence[Struct], field: str) -> Iterator[Raw]:
    for record, document in zip(records, stored_in(records, field), strict=True):
        if field not in gaps_of(record):
            yield document


def _is_compact(text: bytes) -> bool:
    """Return whether a policy document is without insignificant whitespace."""
    return len(text.split(None, 1)) == 1 or msgspec.json.format(text, indent=-1) == text


def _in_utc(snapshot: Snapshot, place: str) -> Snapshot:
    """Return the snapshot with its own times and those of its sources in UTC."""
    try:
        return msgspec.structs.replace(
            snapshot,
            captured_at=_utc(snapshot.captured_at),
            report_generated_at=_utc(snapshot.report_generated_at),
            sources=tuple(msgspec.structs.replace(each, read_at=_utc(each.read_at)) for each in snapshot.sources),
        )
    except OverflowError as error:
        raise SourceError(f"{place} has a time that is out of range", "Collect the account again.") from error


def _times(snapshot: Snapshot) -> bytes:
    """Return the times that are shown in UTC, as they are written."""
    read = [source.read_at for source in snapshot.sources]
    return msgspec.json.encode([snapshot.captured_at, snapshot.report_generated_at, *read])


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
            f'{place} is not a snapshot: its "format" is not "{FORMAT}"',
            "Snapshots are written by `iam-audit snapshot -o FILE`; a folder of AWS CLI output is read with --exports, "
            "and `iam-audit report FILE` shows a report.",
        )
    if version.split(".", maxsplit=1)[0] != _MAJOR:
        raise SourceError(
            f"{place} has schema version {version!r}; this iam-audit reads {_MAJOR}.x",
            "Use the release of iam-audit that wrote it, or collect the account again.",
        )
