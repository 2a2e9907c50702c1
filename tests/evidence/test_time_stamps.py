"""Time stamps (RFC 3161): a reply is enclosed if it proves something, and verified without a network."""

import json
import sys
from collections.abc import Mapping
from datetime import timedelta
from io import BytesIO, TextIOWrapper
from pathlib import Path
from ssl import DER_cert_to_PEM_cert, PEM_cert_to_DER_cert
from typing import Any

import jsonschema
import pytest
from conftest import Run
from cryptography.x509.oid import ExtendedKeyUsageOID
from nights import BOB, at_night, night, people
from signing_keys import key_pair
from test_evidence import files_of, forged
from time_stamp_authority import STAMPED_AT, Authority

from auditor.account.snapshot import dump
from auditor.evidence.stored import reply_path
from auditor.report.report import dump_report

SCHEMAS = Path(__file__).parents[2] / "auditor/evidence"
OPENSSL = Path(__file__).parent / "openssl"
MAKE = ("evidence", "make", "r.json", "--snapshot", "s.json", "-o", "p.zip")
VERIFY = ("evidence", "verify", "p.zip")
TRUSTED = (*VERIFY, "--tsa-roots", "roots.pem")
AUTHORITY = Authority()
ODD = (
    180,
    661,
    679,
)  # the version of a certificate, and the types of two strings, for which libraries raise other errors
SERIAL = 183  # a certificate's serial number, which is then negative


@pytest.fixture
def stored(folder: Path) -> Path:
    """Return the working folder, with a report, its snapshot, and time stamps of both."""
    (folder / "r.json").write_bytes(dump_report(night(1, people(BOB))))
    (folder / "s.json").write_bytes(dump(at_night(1, people(BOB))))
    (folder / "roots.pem").write_bytes(AUTHORITY.roots)
    for name in ("r.json", "s.json"):
        (folder / f"{name}.tsr").write_bytes(AUTHORITY.reply((folder / name).read_bytes()))
    return folder


@pytest.fixture
def pack(stored: Path, run: Run) -> Path:
    """Return a pack with two time stamps."""
    result = run(*MAKE, "--timestamp", "r.json.tsr", "--timestamp", "s.json.tsr")
    assert (result.code, "1 snapshot, 2 time stamps" in result.err) == (0, True), result
    return stored / "p.zip"


def test_enclosed_time_stamps_are_in_the_index(pack: Path, run: Run) -> None:
    files = files_of(pack)
    index = json.loads(files["index.json"])
    jsonschema.validate(index, json.loads((SCHEMAS / "index.schema.json").read_text("utf-8")))
    report, snapshot = index["timestamps"]
    assert (report["file"], snapshot["file"]) == tuple(path for path in files if path[:4] in ("repo", "snap"))
    assert files[report["reply"]] == Path("r.json.tsr").read_bytes()
    said = {name: report[name] for name in ("time", "authority", "policy", "serial", "hash_algorithm")}
    assert said == {
        "time": "2026-12-01T12:00:00Z",
        "authority": "CN=Example Time Stamping,O=Example",
        "policy": "1.2.3.4.1",
        "serial": "0x400000000000000000",
        "hash_algorithm": "SHA-256",
    }
    page = files["index.html"].decode()
    assert "Time stamps (2)" in page
    assert "CN=Example Time Stamping,O=Example" in page
    before = pack.read_bytes()
    again = ("--timestamp", "s.json.tsr", "--timestamp", "r.json.tsr", "--timestamp", "r.json.tsr")
    assert run(*MAKE, *again).code == 0
    assert pack.read_bytes() == before


@pytest.mark.usefixtures("pack")
def test_time_stamps_are_verified_with_the_roots_that_are_trusted(run: Run) -> None:
    """The certificate of the authority is not valid any more: it has to be so at the time of the stamp."""
    result = run(*TRUSTED)
    assert result.code == 0, result
    assert (
        result.out.count("2026-12-01T12:00:00Z, CN=Example Time Stamping,O=Example; by an authority of roots.pem") == 2
    )
    as_json = json.loads(run(*TRUSTED, "--format", "json").out)
    jsonschema.validate(as_json, json.loads((SCHEMAS / "verification.schema.json").read_text("utf-8")))
    assert [each["trusted"] for each in as_json["timestamps"]] == [True, True]


@pytest.mark.usefixtures("pack")
def test_without_roots_nobody_says_that_the_authority_was_checked(run: Run) -> None:
    result = run(*VERIFY)
    assert result.code == 0, result
    assert result.out.count("not checked against an authority; --tsa-roots ROOTS.pem checks it") == 2
    as_json = json.loads(run(*VERIFY, "--format", "json").out)
    assert [each["trusted"] for each in as_json["timestamps"]] == [None, None]


UNTRUSTED = {
    "another authority of the same name": (Authority(), AUTHORITY, {}),
    "a certificate that had expired": (Authority(until=STAMPED_AT - timedelta(days=1)), None, {}),
    "a certificate for every use": (Authority(uses=()), None, {}),
    "a certificate for code": (Authority(uses=(ExtendedKeyUsageOID.CODE_SIGNING,)), None, {}),
    "another time than was signed": (AUTHORITY, None, {"claimed": {"gen_time": STAMPED_AT + timedelta(hours=1)}}),
}


@pytest.mark.parametrize(("authority", "trusted", "wrong"), UNTRUSTED.values(), ids=UNTRUSTED)
def test_a_time_stamp_that_proves_nothing_is_found(
    stored: Path, run: Run, authority: Authority, trusted: Authority | None, wrong: Mapping[str, Any]
) -> None:
    (stored / "roots.pem").write_bytes((trusted or authority).roots)
    (stored / "r.json.tsr").write_bytes(authority.reply((stored / "r.json").read_bytes(), **wrong))
    assert run(*MAKE, "--timestamp", "r.json.tsr").code == 0
    result = run(*TRUSTED)
    assert (result.code, ".tsr: is not by an authority of roots.pem: " in result.out) == (1, True), result


GOOD = AUTHORITY.reply(b"something else")
USELESS = {
    "of another file": (GOOD, "is on no report or snapshot of the pack"),
    "cut": (GOOD[:-20], "is no reply of a time stamp authority, or was changed"),
    "with more behind it": (GOOD + b"\n", "is no reply of a time stamp authority, or was changed"),
    "empty": (b"", "is no reply of a time stamp authority, or was changed"),
    "text": (b"<html>502 Bad Gateway</html>", "is no reply of a time stamp authority, or was changed"),
    "refused": (AUTHORITY.reply(b"", status="rejection"), "grants no time stamp (rejection): no such policy"),
    "granted with changes": (AUTHORITY.reply(b"", status="granted_with_mods"), "grants no time stamp (granted with"),
    "by SHA-1": (AUTHORITY.reply(b"", algorithm="sha1"), "uses the hash algorithm SHA-1, and only SHA-256"),
    "by MD5": (AUTHORITY.reply(b"", algorithm="md5"), "uses the hash algorithm MD5, and only SHA-256"),
    "signed by SHA-1": (AUTHORITY.reply(b"", signed_with="sha1"), "uses the hash algorithm SHA-1, and only SHA-256"),
    "without certificate": (AUTHORITY.reply(b"", certified=False), "does not hold the certificate of the authority"),
}


def test_a_time_stamp_from_before_the_account_was_captured_is_found(stored: Path, run: Run) -> None:
    """Have a report of 25 November at 03:00 time-stamped earlier, as only a report with a wrong time can be."""
    verify = ("evidence", "verify", "r.json", "--timestamp", "r.json.tsr")
    report = (stored / "r.json").read_bytes()
    for hour, minute, code in ((2, 54, 1), (2, 56, 0)):  # clocks may be five minutes apart
        at = STAMPED_AT.replace(month=11, day=25, hour=hour, minute=minute)
        (stored / "r.json.tsr").write_bytes(AUTHORITY.reply(report, at=at))
        result = run(*verify)
        assert (result.code, "r.json.tsr: is from before the time" in result.out) == (code, code == 1), result
        result = run(*MAKE, "--timestamp", "r.json.tsr")
        assert (result.code, "r.json.tsr is from before the time" in result.err) == (3 * code, code == 1), result


@pytest.mark.parametrize(("reply", "text"), USELESS.values(), ids=USELESS)
def test_a_reply_that_proves_nothing_is_refused_when_it_is_stored(
    stored: Path, run: Run, reply: bytes, text: str
) -> None:
    (stored / "bad.tsr").write_bytes(reply)
    result = run(*MAKE, "--timestamp", "r.json.tsr", "--timestamp", "bad.tsr")
    assert (result.code, f"bad.tsr {text}" in result.err) == (3, True), result
    assert not (stored / "p.zip").exists()


def test_no_damaged_reply_ends_in_a_traceback_or_counts(folder: Path, run: Run) -> None:
    """Change bytes of a reply; two versions and the name of the signature's algorithm are the parts not signed."""
    content = (OPENSSL / "stamped.txt.tsr").read_bytes()
    unsigned = {34, 647, *range(901, 909)}
    arguments = ("evidence", "verify", OPENSSL / "stamped.txt", "--tsa-roots", OPENSSL / "root.pem", "--timestamp")
    places = [(place, 0x41) for place in {*range(0, len(content), 6), *ODD} - unsigned]
    for place, flipped in (*places, (SERIAL, 0x80)):
        (folder / "bad.tsr").write_bytes(content[:place] + bytes([content[place] ^ flipped]) + content[place + 1 :])
        result = run(*arguments, "bad.tsr", "-q")
        named = "bad.tsr" in result.out if result.code == 1 else result.err.startswith("iam-audit: bad.tsr ")
        assert (named, "Warning" in result.err) == (True, False), (place, result)


def test_a_damaged_certificate_that_nothing_needs_gives_no_warning(folder: Path, run: Run) -> None:
    content = (OPENSSL / "unordered.tsr").read_bytes()
    arguments = ("evidence", "verify", OPENSSL / "stamped.txt", "--tsa-roots", OPENSSL / "root.pem", "--timestamp")
    for place in range(0, len(content), 12):
        (folder / "bad.tsr").write_bytes(content[:place] + bytes([content[place] ^ 0x41]) + content[place + 1 :])
        result = run(*arguments, "bad.tsr", "-q")
        assert (result.code in (0, 1, 3), "Warning" in result.err) == (True, False), (place, result)


def test_what_is_changed_of_enclosed_time_stamps_is_named(pack: Path, run: Run) -> None:
    files = files_of(pack)
    (first, second) = (path for path in files if path.startswith("timestamps/"))
    another = "timestamps/" + "0" * 64 + ".tsr"
    changes = {
        f"{another}: has a name that is not of its content": {
            **{path: content for path, content in files.items() if path != first},
            another: files[first],
        },
        f"{first}: is no reply of a time stamp authority": {**files, first: b"x"},
        f"{reply_path(GOOD)}: is on no report or snapshot of the pack": {**files, reply_path(GOOD): GOOD},
        "index.json: `timestamps` is not what the reports and snapshots say": {
            **files,
            "index.json": files["index.json"].replace(b"2026-12-01T12", b"2026-12-02T12", 1),
        },
        "index.json: `files` is not what": {path: content for path, content in files.items() if path != second},
    }
    for fault, changed in changes.items():
        forged(pack, changed)
        result = run(*VERIFY)
        assert (result.code, f"Fault in {fault}" in result.out) == (1, True), (fault, result)


def test_a_time_stamp_beside_a_pack_is_on_it_or_on_its_signature(
    stored: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    key_pair(stored, "ours")
    assert run(*MAKE, "--sign", "ours.pem").code == 0
    for name in ("p.zip", "p.zip.dsse.json"):
        (stored / f"{name}.tsr").write_bytes(AUTHORITY.reply((stored / name).read_bytes(), algorithm="sha512"))
    both = ("--timestamp", "p.zip.tsr", "--timestamp", "p.zip.dsse.json.tsr")
    result = run(*TRUSTED, "--key", "ours.pub.pem", *both)
    assert result.code == 0, result
    for name in ("p.zip", "p.zip.dsse.json"):
        assert f"Time stamp on {name}: 2026-12-01T12:00:00Z, CN=Example Time Stamping" in result.out
    monkeypatch.setattr(sys, "stdin", TextIOWrapper(BytesIO((stored / "p.zip.dsse.json").read_bytes())))
    piped = ("--key", "ours.pub.pem", "--signature", "-", "--timestamp", "p.zip.dsse.json.tsr")
    assert run(*TRUSTED, *piped).code == 0
    result = run(*TRUSTED, *both)
    fault = "Fault in p.zip.dsse.json.tsr: is not on p.zip; one on its signature needs --key"
    assert (result.code, fault in result.out) == (1, True), result


@pytest.mark.usefixtures("stored")
def test_roots_without_a_time_stamp_to_check_do_not_pass(run: Run) -> None:
    assert run(*MAKE).code == 0
    result = run(*TRUSTED)
    assert (result.code, "p.zip: has no time stamp that --tsa-roots could check" in result.out) == (1, True), result


@pytest.mark.usefixtures("pack")
def test_what_holds_no_roots_is_refused(run: Run) -> None:
    result = run(*VERIFY, "--tsa-roots", "s.json")
    assert (result.code, "s.json holds no certificates in PEM" in result.err) == (3, True), result
    ours = PEM_cert_to_DER_cert(AUTHORITY.roots.decode())
    Path("damaged.pem").write_text(DER_cert_to_PEM_cert(ours.replace(b"Root", b"Ro\xfft")), "ascii")
    result = run(*VERIFY, "--tsa-roots", "damaged.pem")
    assert (result.code, "damaged.pem holds no certificates in PEM" in result.err) == (3, True), result
    assert run(*VERIFY, "--tsa-roots", "").code == 2


@pytest.mark.parametrize("reply", ["stamped.txt.tsr", "unordered.tsr"])
def test_what_openssl_made_is_verified(run: Run, reply: str) -> None:
    arguments = ("--timestamp", OPENSSL / reply, "--tsa-roots", OPENSSL / "root.pem")
    result = run("evidence", "verify", OPENSSL / "stamped.txt", *arguments)
    assert (result.code, "CN=Example authority,O=Example; by an authority of root.pem" in result.out) == (0, True), (
        result
    )
