"""An authority that time-stamps digests as RFC 3161 has it, and that can be told to do it wrong."""

from collections.abc import Mapping
from datetime import UTC, datetime
from hashlib import new
from typing import Any

from asn1crypto import cms, tsp
from asn1crypto import x509 as asn1
from asn1crypto.core import ParsableOctetString, SequenceOf
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

STAMPED_AT = datetime(2026, 12, 1, 12, tzinfo=UTC)
FROM, UNTIL = datetime(2026, 11, 30, tzinfo=UTC), datetime(2026, 12, 3, tzinfo=UTC)
"""When certificates are valid: at the time of the stamp, and not when the tests run."""
_STAMPING = (ExtendedKeyUsageOID.TIME_STAMPING,)


def _name(common: str) -> x509.Name:
    parts = ((NameOID.ORGANIZATION_NAME, "Example"), (NameOID.COMMON_NAME, common))
    return x509.Name([x509.NameAttribute(oid, value) for oid, value in parts])


class _Refusal(SequenceOf):  # type: ignore[misc]  # asn1crypto has no types
    """A reply without a time stamp."""

    _child_spec = tsp.PKIStatusInfo


class Authority:
    """Hold the keys and certificates of an authority and its root."""

    def __init__(self, *, until: datetime = UNTIL, uses: tuple[x509.ObjectIdentifier, ...] = _STAMPING) -> None:
        self._root_key, self._key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
        self._root = self._certified("Example Root", self._root_key, UNTIL, x509.BasicConstraints(True, None))
        used = x509.ExtendedKeyUsage(uses) if uses else x509.BasicConstraints(False, None)
        signer = self._certified("Example Time Stamping", self._key, until, used)
        self._certificate = asn1.Certificate.load(signer.public_bytes(Encoding.DER))

    def _certified(
        self, name: str, key: ec.EllipticCurvePrivateKey, until: datetime, extension: x509.ExtensionType
    ) -> x509.Certificate:
        builder = x509.CertificateBuilder().subject_name(_name(name)).issuer_name(_name("Example Root"))
        builder = builder.public_key(key.public_key()).serial_number(len(name))
        builder = builder.not_valid_before(FROM).not_valid_after(until).add_extension(extension, critical=True)
        return builder.sign(self._root_key, hashes.SHA256())

    @property
    def roots(self) -> bytes:
        """Return the root certificate in PEM."""
        return self._root.public_bytes(Encoding.PEM)

    def reply(
        self,
        content: bytes,
        *,
        algorithm: str = "sha256",
        signed_with: str = "sha256",
        status: str = "granted",
        certified: bool = True,
        at: datetime = STAMPED_AT,
        claimed: Mapping[str, Any] | None = None,
    ) -> bytes:
        """Return the reply to a request for the content's digest, made `at`; `claimed` replaces what was signed."""
        if status == "rejection":
            refused: bytes = _Refusal([{"status": status, "status_string": ["no such policy"]}]).dump()
            return refused
        imprint = {"hash_algorithm": {"algorithm": algorithm}, "hashed_message": new(algorithm, content).digest()}
        said = {"version": "v1", "policy": "1.2.3.4.1", "message_imprint": imprint, "serial_number": 2**70}
        info, shown = (tsp.TSTInfo({**said, "gen_time": at, **each}).dump() for each in ({}, claimed or {}))
        signed = cms.SignedData(
            {
                "version": "v3",
                "digest_algorithms": [{"algorithm": signed_with}],
                "encap_content_info": {"content_type": "tst_info", "content": ParsableOctetString(shown)},
                "certificates": [self._certificate] if certified else [],
                "signer_infos": [self._signature(info, signed_with)],
            }
        )
        token = {"content_type": "signed_data", "content": signed}
        reply: bytes = tsp.TimeStampResp({"status": {"status": status}, "time_stamp_token": token}).dump()
        return reply

    def _signature(self, info: bytes, algorithm: str) -> dict[str, Any]:
        digest = new(algorithm, info).digest()
        attributes = cms.CMSAttributes(
            [{"type": "content_type", "values": ["tst_info"]}, {"type": "message_digest", "values": [digest]}]
        )
        by = self._certificate
        return {
            "version": "v1",
            "sid": cms.IssuerAndSerialNumber({"issuer": by.issuer, "serial_number": by.serial_number}),
            "digest_algorithm": {"algorithm": algorithm},
            "signed_attrs": attributes,
            "signature_algorithm": {"algorithm": f"{algorithm}_ecdsa"},
            "signature": self._key.sign(attributes.dump(), ec.ECDSA(getattr(hashes, algorithm.upper())())),
        }
