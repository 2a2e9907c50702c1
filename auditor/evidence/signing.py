"""Signatures of packs and reports: an in-toto statement on a file in a DSSE envelope, signed with an Ed25519 key.

https://github.com/secure-systems-lab/dsse/blob/master/envelope.md
"""

from hashlib import sha256
from typing import Any

import msgspec
from msgspec import Struct, to_builtins

from auditor import documents
from auditor.errors import SourceError, UsageError
from auditor.evidence.index import Index
from auditor.evidence.statement import (
    Predicate,
    ReportPredicate,
    ReportStatement,
    Statement,
    Subject,
    predicate_of,
    report_predicate_of,
)
from auditor.report.report import Report

try:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key
    from securesystemslib import dsse
    from securesystemslib.exceptions import Error, VerificationError
    from securesystemslib.signer import CryptoSigner, SSlibKey
except ImportError as error:
    raise UsageError(
        "signatures need the extra `sign`", 'Install it: `pip install "securesystemslib[crypto]"`.'
    ) from error

__all__ = ["PAYLOAD_TYPE", "complaint", "private_key", "signed", "signed_report"]

PAYLOAD_TYPE = "application/vnd.in-toto+json"
_KEYS = "Make a pair with `openssl genpkey -algorithm ed25519 -out key.pem` and `openssl pkey -in key.pem -pubout`."


class _Signature(Struct, frozen=True):
    keyid: str
    sig: str


class _Envelope(Struct, frozen=True, rename="camel"):
    payload: str
    payload_type: str
    signatures: tuple[_Signature, ...]


def private_key(key: bytes, place: str) -> CryptoSigner:
    """Return what signs with a private key in PEM (PKCS #8), which `place` names; raise SourceError for no such key."""
    try:
        private: Any = load_pem_private_key(key, None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise SourceError("holds no unencrypted private key in PEM", _KEYS, subject=place) from error
    if not isinstance(private, Ed25519PrivateKey):
        raise SourceError("holds no Ed25519 key", _KEYS, subject=place)
    return CryptoSigner(private)


def signed(archive: bytes, name: str, index: Index, key: bytes, place: str) -> bytes:
    """Return the signature of a pack as JSON; `key` is a private key in PEM (PKCS #8), which `place` names.

    The same pack, name and key give the same bytes. Raises SourceError for what is no such key.
    """
    subject = _subject(archive, name)
    return _sealed(Statement(subject=(subject,), predicate=predicate_of(index)), private_key(key, place))


def signed_report(signer: CryptoSigner, report: Report, content: bytes, name: str) -> bytes:
    """Return the signature of a report as JSON; `content` is the report in the format of the file `name`.

    The same file, name and key give the same bytes.
    """
    subject = _subject(content, name)
    return _sealed(ReportStatement(subject=(subject,), predicate=report_predicate_of(report)), signer)


def _subject(content: bytes, name: str) -> Subject:
    return Subject(name, {"sha256": sha256(content).hexdigest()})


def _sealed(statement: Statement | ReportStatement, signer: CryptoSigner) -> bytes:
    envelope = dsse.Envelope(msgspec.json.encode(statement), PAYLOAD_TYPE, {})
    envelope.sign(signer)
    return msgspec.json.encode(envelope.to_dict()) + b"\n"


def complaint(
    content: bytes,
    signature: bytes,
    place: str,
    key: bytes,
    key_place: str,
    said: Predicate | ReportPredicate | None = None,
) -> str | None:
    """Return why a signature is not one of this file by this key, None if it is.

    `key` is a public key in PEM. What the signature says of a pack or a report is held against `said`, which is what
    the content itself says, None where it was not read. Raises SourceError for what is no such key, or no envelope.
    """
    public, envelope = _public_key(key, key_place), _envelope(signature, place)
    try:
        envelope.verify([public], 1)
    except VerificationError:
        return "is not by this key, or was changed"
    try:
        statement = msgspec.json.decode(envelope.payload, type=Statement | ReportStatement)
    except documents.FAULTS as error:
        return f"says something else than that a pack or a report is signed: {documents.reason(error)}"
    digest = sha256(content).hexdigest()
    if envelope.payload_type != PAYLOAD_TYPE or all(each.digest.get("sha256") != digest for each in statement.subject):
        return "is of another file"
    if said is not None and statement.predicate != said:
        return "says something else of the file than the file itself does"
    return None


def _public_key(key: bytes, place: str) -> SSlibKey:
    try:
        public: Any = load_pem_public_key(key)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise SourceError("holds no public key in PEM", _KEYS, subject=place) from error
    if not isinstance(public, Ed25519PublicKey):
        raise SourceError("holds no Ed25519 key", _KEYS, subject=place)
    return SSlibKey.from_crypto(public)


def _envelope(content: bytes, place: str) -> dsse.Envelope:
    try:
        documents.check_strings(content)
        read = msgspec.json.decode(content, type=_Envelope)
        return dsse.Envelope.from_dict(to_builtins(read))
    except (*documents.FAULTS, Error, KeyError) as error:
        hint = "Get the signature again; --sign writes it beside what it signs, as NAME.dsse.json."
        raise SourceError(f"is no signature (DSSE envelope): {error}", hint, subject=place) from error
