"""Time stamps of an authority: its replies are read, matched to files, and checked against its root certificates.

https://www.rfc-editor.org/rfc/rfc3161
"""

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from hashlib import new, sha256
from ssl import PROTOCOL_TLS_CLIENT, SSLContext, SSLError
from typing import NamedTuple
from warnings import catch_warnings

from msgspec import structs

from auditor.errors import SourceError, UsageError
from auditor.evidence.authorities import CheckedTimeStamp, Roots
from auditor.evidence.index import Enclosed, TimeStamp
from auditor.evidence.making import Contents
from auditor.evidence.stored import reply_path

try:
    from asn1crypto import cms, tsp
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import Encoding
    from rfc3161_client import TimeStampResponse, VerificationError, VerifierBuilder, decode_timestamp_response
except ImportError as error:
    raise UsageError(
        "time stamps need the extra `sign`", "Install it: `pip install asn1crypto rfc3161-client`."
    ) from error

_HASHES = {
    "2.16.840.1.101.3.4.2.1": "SHA-256",
    "2.16.840.1.101.3.4.2.2": "SHA-384",
    "2.16.840.1.101.3.4.2.3": "SHA-512",
}
TOO_EARLY = "is from before the time at which the account was captured, as its report says"
_CLOCKS_APART = timedelta(minutes=5)
"""How far the clock of a live scan may be wrong: AWS refuses requests that are further from its own time.
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-troubleshooting.html"""
_ASK = "Ask the authority again: `openssl ts -query -data FILE -sha256 -cert -out FILE.tsq` writes the request."
_WEAK = {"1.2.840.113549.2.5": "MD5", "1.3.14.3.2.26": "SHA-1"}
_FAULTS = (ValueError, KeyError, TypeError, x509.InvalidVersion)
"""What the libraries raise for replies and certificates that are damaged."""
_REASON = re.compile('(?:Verify error: |reason: ")([^"]+)"')
"""What OpenSSL says in the error of the library; the last is the cause."""
_STATES = ("granted", "granted with changes", "rejection", "waiting", "revocation warning", "revocation notification")


class Reply(NamedTuple):
    """Hold the reply of an authority: what it says, the digest that it is on, and the name of who signed it."""

    response: TimeStampResponse
    hash_algorithm: str
    authority: str

    def is_on(self, content: bytes) -> bool:
        """Return whether the digest that is time-stamped is that of this content."""
        return self.response.tst_info.message_imprint.message == _digest(content, self.hash_algorithm)

    def time_stamp(self, file: str, path: str) -> TimeStamp:
        """Return the time stamp as it is shown: `file` is what it is on, `path` the file of the reply."""
        said = self.response.tst_info
        return TimeStamp(
            reply=path,
            file=file,
            time=said.gen_time,
            authority=self.authority,
            policy=said.policy.dotted_string,
            serial=f"{said.serial_number:#x}",
            hash_algorithm=self.hash_algorithm,
        )


def _digest(content: bytes, algorithm: str) -> bytes:
    return new(algorithm.replace("-", ""), content).digest()


def roots_of(pem: bytes, place: str) -> Roots:
    """Return the certificates of trusted authorities; raise SourceError, naming `place`, where there are none."""
    try:
        certificates = x509.load_pem_x509_certificates(pem)
        encoded = b"".join(each.public_bytes(Encoding.DER) for each in certificates)
        # OpenSSL refuses more than cryptography does, and rfc3161-client panics where OpenSSL refuses.
        SSLContext(PROTOCOL_TLS_CLIENT).load_verify_locations(cadata=encoded)
    except (ValueError, SSLError) as error:
        hint = "Give the root certificate that the authority publishes, in PEM."
        raise SourceError("holds no certificates in PEM", hint, subject=place) from error
    return Roots(pem, place)


def reply_of(content: bytes, place: str) -> Reply:
    """Return the reply of an authority, read whole; raise SourceError for one that proves nothing, naming `place`."""
    try:
        with catch_warnings(action="ignore"):  # of certificates that a later release of cryptography refuses
            response = _decoded(content)
            if response.status != 0:
                raise _refused(response, place)
            return Reply(response, _hash_algorithm(response, place), _authority(response, place))
    except _FAULTS as error:
        raise SourceError("is no reply of a time stamp authority, or was changed", _ASK, subject=place) from error


def _decoded(content: bytes) -> TimeStampResponse:
    """Return the reply in a file; raise one of _FAULTS for any other content.

    OpenSSL, and so many an authority, writes several certificates in any order, where DER demands a sorted one, and
    rfc3161-client refuses that. No signature covers this order, so it may be mended.
    """
    try:
        return decode_timestamp_response(content)
    except ValueError as error:
        if "InvalidSetOrdering" not in str(error):
            raise
        reply = tsp.TimeStampResp.load(content, strict=True)
        signed = reply["time_stamp_token"]["content"]
        signed["certificates"] = cms.CertificateSet(sorted(signed["certificates"], key=lambda each: each.dump()))
        return decode_timestamp_response(reply.dump())


def _refused(response: TimeStampResponse, place: str) -> SourceError:
    state = _STATES[response.status] if response.status < len(_STATES) else str(response.status)
    said = f": {'; '.join(response.status_string)}" if response.status_string else ""
    return SourceError(f"grants no time stamp ({state}){said}", _ASK, subject=place)


def _hash_algorithm(response: TimeStampResponse, place: str) -> str:
    """Return the hash algorithm of the digest that is time-stamped; no weak one may be in the signature either."""
    used = response.tst_info.message_imprint.hash_algorithm
    for each in (used, *response.signed_data.digest_algorithms):
        if each.dotted_string not in _HASHES:
            known = ", ".join(_HASHES.values())
            name = _WEAK.get(each.dotted_string, f"of the OID {each.dotted_string}")
            problem = f"uses the hash algorithm {name}, and only {known} are accepted"
            raise SourceError(problem, _ASK, subject=place)
    return _HASHES[used.dotted_string]


def _authority(response: TimeStampResponse, place: str) -> str:
    """Return the name of the authority that signed, by its certificate: a request with -cert asks for it."""
    signers = {(each.issuer, each.serial_number) for each in response.signed_data.signer_infos}
    for each in sorted(response.signed_data.certificates):
        certificate = x509.load_der_x509_certificate(each)
        if len(signers) == 1 and (certificate.issuer, certificate.serial_number) in signers:
            return certificate.subject.rfc4514_string()
    raise SourceError("does not hold the certificate of the authority that signed it", _ASK, subject=place)


def with_time_stamps(found: Contents, replies: Mapping[str, bytes]) -> Contents:
    """Return what a pack holds with the replies of authorities, which are given by the places that messages name.

    Raises SourceError for one that proves nothing, that is on nothing in the pack, or that is earlier than what it is
    on says of itself.
    """
    stamps, enclosed = {}, {}
    runs = [run for account in found.index.accounts for run in account.runs]
    captured = {file: run.captured_at for run in runs for file in (run.report, run.snapshot) if file is not None}
    for place, content in replies.items():
        reply = reply_of(content, place)
        file = _matching(reply, found.documents)
        if file is None:
            hint = "Give the reply on a report of the period or on an enclosed snapshot, as the file is in the pack."
            raise SourceError("is on no report or snapshot of the pack", hint, subject=place)
        path = reply_path(content)
        stamps[path], enclosed[path] = reply.time_stamp(file, path), content
        if is_too_early(stamps[path].time, captured[file]):
            hint = "Check the clocks of where the report was made, and its --captured-at."
            raise SourceError(TOO_EARLY, hint, subject=place)
    files = tuple(Enclosed(path, sha256(enclosed[path]).hexdigest(), len(enclosed[path])) for path in sorted(enclosed))
    timestamps = tuple(sorted(stamps.values(), key=lambda each: (each.file, each.time, each.reply)))
    index = structs.replace(found.index, timestamps=timestamps, files=(*found.index.files, *files))
    return Contents(index, {**found.documents, **dict(sorted(enclosed.items()))})


def checked(
    content: bytes, place: str, files: Mapping[str, bytes], roots: Roots | None
) -> tuple[CheckedTimeStamp | None, str | None]:
    """Return the time stamp that a reply is on one of the files, None if it is on none, and what is wrong with it.

    With `roots`, the signature, the chain of certificates at the time of the stamp, and their use for time stamps are
    checked. Raises SourceError for what is no such reply.
    """
    reply = reply_of(content, place)
    file = _matching(reply, files)
    if file is None:
        return None, f"is not on {' or '.join(sorted(files))}"
    problem = None if roots is None else _complaint(reply, files[file], roots)
    stamp = structs.asdict(reply.time_stamp(file, place))
    return CheckedTimeStamp(**stamp, trusted=None if roots is None else problem is None), problem


def is_too_early(time: datetime, captured_at: datetime | None) -> bool:
    """Return whether a time stamp is from before the account was captured, which its report then says wrongly."""
    return captured_at is not None and time < captured_at - _CLOCKS_APART


def _matching(reply: Reply, files: Mapping[str, bytes]) -> str | None:
    return next((path for path in sorted(files) if reply.is_on(files[path])), None)


def _complaint(reply: Reply, content: bytes, roots: Roots) -> str | None:
    verifier = VerifierBuilder(roots=x509.load_pem_x509_certificates(roots.pem)).build()
    try:
        with catch_warnings(action="ignore"):
            verifier.verify(reply.response, _digest(content, reply.hash_algorithm))
    except (VerificationError, *_FAULTS) as error:
        reasons = _REASON.findall(str(error)) or [str(error)]
        return f"is not by an authority of {roots.place}: {reasons[-1]}"
    return None
