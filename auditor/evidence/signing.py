"""Signatures of packs: an in-toto statement on the archive in a DSSE envelope, signed with an Ed25519 key.

https://github.com/in-toto/attestation/blob/main/spec/v1/statement.md
https://github.com/secure-systems-lab/dsse/blob/master/envelope.md
"""

from datetime import date
from hashlib import sha256
from typing import Any, Literal

import msgspec
from msgspec import Struct, to_builtins

from auditor import documents
from auditor.errors import SourceError, UsageError
from auditor.evidence.index import Index

try:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key
    from securesystemslib import dsse
    from securesystemslib.exceptions import Error, VerificationError
    from securesystemslib.signer import CryptoSigner, SSlibKey
except ImportError as error:
    raise UsageError(
        "signatures need the extra `sign`", 'Install it: `pip install "securesystemslib[crypto]"`.'
    ) from error

SUFFIX = ".dsse.json"
"""What follows the name of a pack in that of its signature."""
PAYLOAD_TYPE = "application/vnd.in-toto+json"
_KEYS = "Make a pair with `openssl genpkey -algorithm ed25519 -out key.pem` and `openssl pkey -in key.pem -pubout`."


class Predicate(Struct, frozen=True, kw_only=True):
    """Hold what a signature says of a pack: its period (days in UTC), its accounts, and how many runs it has."""

    version: Literal[1] = 1
    first: date
    last: date
    accounts: tuple[str, ...]
    runs: int
    days_without_run: int


class Subject(Struct, frozen=True):
    """Name the archive that is signed, and its digests."""

    name: str
    digest: dict[str, str]


class Statement(Struct, frozen=True, kw_only=True):
    """Hold the signed statement; the fields are those of in-toto's Statement v1."""

    type_: Literal["https://in-toto.io/Statement/v1"] = msgspec.field(
        name="_type", default="https://in-toto.io/Statement/v1"
    )
    subject: tuple[Subject, ...]
    predicate_type: Literal["urn:iam-audit:evidence:v1"] = msgspec.field(
        name="predicateType", default="urn:iam-audit:evidence:v1"
    )
    predicate: Predicate


class _Signature(Struct, frozen=True):
    keyid: str
    sig: str


class _Envelope(Struct, frozen=True, rename="camel"):
    payload: str
    payload_type: str
    signatures: tuple[_Signature, ...]


def signed(archive: bytes, name: str, index: Index, key: bytes, place: str) -> bytes:
    """Return the signature of a pack as JSON; `key` is a private key in PEM (PKCS #8), which `place` names.

    The same pack, name and key give the same bytes. Raises SourceError for what is no such key.
    """
    try:
        private: Any = load_pem_private_key(key, None)
    except (ValueError, TypeError) as error:
        raise SourceError(f"is no unencrypted private key in PEM: {error}", _KEYS, subject=place) from error
    if not isinstance(private, Ed25519PrivateKey):
        raise SourceError("is no Ed25519 key", _KEYS, subject=place)
    statement = Statement(
        subject=(Subject(name, {"sha256": sha256(archive).hexdigest()}),), predicate=predicate_of(index)
    )
    envelope = dsse.Envelope(msgspec.json.encode(statement), PAYLOAD_TYPE, {})
    envelope.sign(CryptoSigner(private))
    return msgspec.json.encode(envelope.to_dict()) + b"\n"


def predicate_of(index: Index) -> Predicate:
    """Return what a signature says of a pack with this index."""
    return Predicate(
        first=index.first,
        last=index.last,
        accounts=tuple(each.account for each in index.accounts),
        runs=sum(len(each.runs) for each in index.accounts),
        days_without_run=sum(gap.days for each in index.accounts for gap in each.gaps),
    )


def complaint(archive: bytes, signature: bytes, place: str, key: bytes, key_place: str) -> str | None:
    """Return why a signature is not one of this archive by this key, None if it is.

    `key` is a public key in PEM. Raises SourceError for what is no such key, or no envelope at all.
    """
    public, envelope = _public_key(key, key_place), _envelope(signature, place)
    try:
        envelope.verify([public], 1)
    except VerificationError:
        return "is not by this key, or was changed"
    try:
        statement = msgspec.json.decode(envelope.payload, type=Statement)
    except documents.FAULTS as error:
        return f"says something else than that a pack is signed: {documents.reason(error)}"
    digest = sha256(archive).hexdigest()
    if envelope.payload_type != PAYLOAD_TYPE or all(each.digest.get("sha256") != digest for each in statement.subject):
        return "is of another archive"
    return None


def _public_key(key: bytes, place: str) -> SSlibKey:
    try:
        public: Any = load_pem_public_key(key)
    except (ValueError, TypeError) as error:
        raise SourceError(f"is no public key in PEM: {error}", _KEYS, subject=place) from error
    if not isinstance(public, Ed25519PublicKey):
        raise SourceError("is no Ed25519 key", _KEYS, subject=place)
    return SSlibKey.from_crypto(public)


def _envelope(content: bytes, place: str) -> dsse.Envelope:
    try:
        documents.check_strings(content)
        read = msgspec.json.decode(content, type=_Envelope)
        return dsse.Envelope.from_dict(to_builtins(read))
    except (*documents.FAULTS, Error, KeyError) as error:
        hint = "Get the signature again; `iam-audit evidence make --sign` writes it beside the pack."
        raise SourceError(f"is no signature (DSSE envelope): {error}", hint, subject=place) from error
