"""Documents of every form: read right or refused with their name, whatever wrote them."""

import gzip
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from threading import Thread
from typing import Any

import exports_folder as folder_of
import pytest
from conftest import Run
from exports_folder import DETAILS, DEVICES, FILES, PASSWORD_POLICY, REPORT, SUMMARY
from html_reports import mixed
from msgspec import Raw

from auditor.account.snapshot import dump, load
from auditor.account.unknown import gaps_of
from auditor.collectors import saved
from auditor.collectors.cli_output import folder as exports
from auditor.errors import SourceError
from auditor.policies.decoding import UnreadableDocumentError, raw_document
from auditor.policies.statements import statements
from auditor.report.reading import load_report
from auditor.report.report import dump_report
from auditor.testing import account, console_user, group, password_policy, policy

SNAPSHOT = dump(
    account(
        users=[console_user("alice", mfa=True, groups=["Admins"], tags={"team": "blue"})],
        groups=[group("Admins")],
        policies=[policy("Boundary")],
        password=password_policy(),
    )
)
REPORT_JSON = dump_report(mixed())
STATEMENTS = b'"Statement":[]'


def collected(tmp_path: Path, content: bytes) -> bytes:
    """Return the canonical document of a snapshot that is read from a file of that content."""
    path = tmp_path / "monday.json"
    path.write_bytes(content)
    return dump(saved.load_snapshot(str(path)))


def twice(document: bytes, pair: bytes, other: bytes) -> bytes:
    """Write a pair of key and value again, with another value before it."""
    assert document.count(pair) >= 1
    return document.replace(pair, other + b"," + pair, 1)


TWICE_IN_SNAPSHOT = {
    "a fact": (b'"mfa_active":true', b'"mfa_active":false'),
    "a fact, spelt with an escape": (b'"mfa_active":true', rb'"mfa\u005factive":false'),
    "the list of users": (b'"users":{', b'"users":{"items":[],"gap":null}'),
    "a tag": (b'"team":"blue"', b'"team":"red"'),
    "a gap's id": (b'"id":"withheld"', b'"id":"withheld"'),
    "a key that is passed over": (b'"kind":"test"', b'"new":{"a":1,"a":2}'),
}


@pytest.mark.parametrize(
    "written", [lambda text: text, lambda text: text.replace(b",", b",\n ")], ids=["plain", "wide"]
)
@pytest.mark.parametrize(("pair", "other"), TWICE_IN_SNAPSHOT.values(), ids=list(TWICE_IN_SNAPSHOT))
def test_a_snapshot_with_a_key_twice_is_refused(pair: bytes, other: bytes, written: Callable[[bytes], bytes]) -> None:
    with pytest.raises(SourceError, match=r"monday.json is not a readable snapshot: the key '\w+' stands twice"):
        load(written(twice(SNAPSHOT, pair, other)), "monday.json")


TWICE_IN_REPORT = {
    "the verdict": (b'"compliance_type":"NON_COMPLIANT"', b'"compliance_type":"COMPLIANT"'),
    "the findings": (b'"findings":[', b'"findings":[]'),
    "a parameter": (b'"MinimumPasswordLength":14', b'"MinimumPasswordLength":8'),
    "a suppression": (b'"suppression":null', b'"suppression":{"until":1,"until":2}'),
    "a key that is passed over": (b'"warnings":[', b'"new":{"a":1,"a":2}'),
}


@pytest.mark.parametrize(("pair", "other"), TWICE_IN_REPORT.values(), ids=list(TWICE_IN_REPORT))
def test_a_stored_report_with_a_key_twice_is_refused(pair: bytes, other: bytes) -> None:
    with pytest.raises(SourceError, match=r"old.json is not a readable report: the key '\w+' stands twice"):
        load_report(twice(REPORT_JSON, pair, other), "old.json")


TWICE_IN_EXPORTS = {
    DETAILS: ('"GroupList": ["Admins"]', '"GroupList": []'),
    REPORT: ('"ReportFormat": "text/csv"', '"ReportFormat": "text/csv"'),
    PASSWORD_POLICY: ('"RequireSymbols": true', '"RequireSymbols": false'),
    SUMMARY: ('"Users": 4', '"Users": 5'),
    DEVICES: ('"VirtualMFADevices": [', '"VirtualMFADevices": []'),
    folder_of.CERTIFICATES: ('"ServerCertificateName": "web"', '"ServerCertificateName": "other"'),
    folder_of.CERTIFICATE_TAGS: ('"Key": "owner"', '"Key": "other"'),
    folder_of.OIDC_PROVIDERS: ('"OpenIDConnectProviderList": [', '"OpenIDConnectProviderList": []'),
    folder_of.OIDC_PROVIDER: ('"ClientIDList": ["sts"]', '"ClientIDList": []'),
    folder_of.SAML_PROVIDERS: ('"SAMLProviderList": [', '"SAMLProviderList": []'),
    folder_of.SAML_TAGS: ('"Key": "owner"', '"Key": "other"'),
    folder_of.ANALYZERS: ('"type": "ACCOUNT"', '"type": "ORGANIZATION"'),
    folder_of.ORGANIZATION: ('"MasterAccountId": "444455556666"', '"MasterAccountId": "x"'),
    folder_of.POLICY: ('"Description": "What for"', '"Description": ""'),
}


@pytest.mark.parametrize("name", FILES)
def test_an_export_with_a_key_twice_is_refused(tmp_path: Path, name: str) -> None:
    pair, other = TWICE_IN_EXPORTS[name]
    text = (folder_of.write(tmp_path / "whole") / name).read_bytes()
    damaged = twice(text, pair.encode(), other.encode())
    with pytest.raises(SourceError, match=r"cannot be read: the key '\w+' stands twice") as raised:
        exports.collect(folder_of.write(tmp_path / "exports", {name: damaged}), None)
    assert name in raised.value.message


GOOD_POLICY = '{"Statement":[{"Effect":"Deny","Action":"*","Resource":"*","Condition":{"Bool":{"x":true}}}]}'
DOUBTFUL_POLICIES = {
    "a key twice": GOOD_POLICY.replace('"Effect":', '"Effect":"Allow","Effect":'),
    "a key of a condition twice": GOOD_POLICY.replace('"x":', '"x":false,"x":'),
    "a key twice, once with an escape": GOOD_POLICY.replace('"Action":', r'"\u0041ction":"a:b","Action":'),
    "too deep": GOOD_POLICY.replace("true", "[" * 100 + "]" * 100),
    "too deep for decoders": GOOD_POLICY.replace("true", "[" * 100_000),
    "a number that is none": GOOD_POLICY.replace("true", "NaN"),
    "a number out of range": GOOD_POLICY.replace("true", "1e400"),
    "half a character": GOOD_POLICY.replace("true", r'"\ud800"'),
    "two documents": GOOD_POLICY * 2,
}


def test_the_policy_that_doubts_are_added_to_is_read() -> None:
    assert len(statements(raw_document(GOOD_POLICY))) == len(statements(Raw(GOOD_POLICY.encode()))) == 1


@pytest.mark.parametrize("text", DOUBTFUL_POLICIES.values(), ids=list(DOUBTFUL_POLICIES))
def test_a_doubtful_policy_is_not_read(text: str) -> None:
    for form in (text, f"[{text}]"):
        with pytest.raises(UnreadableDocumentError):
            raw_document(form)
    with pytest.raises(UnreadableDocumentError):
        statements(Raw(text.encode()))


@pytest.mark.parametrize("text", DOUBTFUL_POLICIES.values(), ids=list(DOUBTFUL_POLICIES))
def test_a_doubtful_policy_in_exports_is_unknown_and_the_rest_is_judged(tmp_path: Path, text: str) -> None:
    details = folder_of.details()
    encoded = "".join(f"%{byte:02X}" for byte in text.encode())
    details["UserDetailList"][0]["UserPolicyList"] = [{"PolicyName": "odd", "PolicyDocument": encoded}]
    snapshot = exports.collect(folder_of.write(tmp_path / "exports", {DETAILS: details}), None)
    alice = next(person for person in snapshot.users.known_part if person.name == "alice")
    assert set(gaps_of(alice.inline_policies.known_part[0])) == {"document"}
    assert snapshot.users.gap is None


@pytest.mark.parametrize("text", [b"7", b"null", b"[]", b'"text"', b"", b'{"Statement":[],"Id":"\xff"}'])
def test_a_raw_document_that_is_no_object_is_not_read(text: bytes) -> None:
    with pytest.raises(UnreadableDocumentError):
        statements(Raw(text))


def test_half_a_character_from_a_decoder_that_takes_it_is_not_read() -> None:
    with pytest.raises(UnreadableDocumentError):
        raw_document({"Statement": "\ud800"})


IN_SNAPSHOT = {
    "not a number": (b'"kind":"test"', b'"kind":NaN', "malformed"),
    "infinity": (b'"pages":1', b'"pages":Infinity', "malformed"),
    "out of range": (b'"pages":1', b'"pages":1e400', "out of range"),
    "a fraction for a count": (b'"pages":1', b'"pages":1.0', "Expected `int`, got `float`"),
    "five thousand digits": (b'"pages":1', b'"pages":' + b"1" * 5_000, "out of range"),
    "digits for a flag": (b'"require_symbols":true', b'"require_symbols":1', "Expected `bool`"),
    "text for a flag": (b'"mfa_active":true', b'"mfa_active":"true"', "mfa_active"),
    "a raw NUL": (b"alice", b"al\0ice", "malformed"),
    "half a character": (b"alice", rb"al\ud800ice", "malformed|truncated"),
    "half a character, raw": (b"alice", b"al\xed\xa0\x80ice", "(?i)utf-8"),
    "Latin-1": (b"alice", b"al\xefce", "(?i)utf-8"),
    "Latin-1 in a policy document": (STATEMENTS, b'"Statement":"\xff"', "(?i)utf-8"),
    "Latin-1 in what is passed over": (b'"kind":"test"', b'"kind":"test","new":"\xff"', "(?i)utf-8"),
    "no object for a policy document": (b'{"Version":"2012-10-17","Statement":[]}', b"[]", "is not a JSON object"),
    "null for a policy document": (b'{"Version":"2012-10-17","Statement":[]}', b"null", "is not a JSON object"),
}


@pytest.mark.parametrize(("old", "new", "message"), IN_SNAPSHOT.values(), ids=list(IN_SNAPSHOT))
def test_values_that_are_none_are_refused(old: bytes, new: bytes, message: str) -> None:
    assert old in SNAPSHOT
    with pytest.raises(SourceError, match=message):
        load(SNAPSHOT.replace(old, new, 1), "monday.json")


@pytest.mark.parametrize("time", ["0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59"])
@pytest.mark.parametrize("field", ["captured_at", "report_generated_at", "read_at"])
def test_times_that_are_out_of_range_in_utc_are_refused(field: str, time: str) -> None:
    odd = re.sub(rf'"{field}":"[^"]*"', f'"{field}":"{time}"', SNAPSHOT.decode())
    with pytest.raises(SourceError, match="a time that is out of range"):
        load(odd.encode(), "monday.json")


@pytest.mark.parametrize("field", ["CreateDate", "GeneratedTime", "EnableDate"])
def test_times_of_exports_that_are_out_of_range_are_refused(tmp_path: Path, field: str) -> None:
    changes: dict[str, Any] = {
        DETAILS: folder_of.details(),
        REPORT: folder_of.credential_report(),
        DEVICES: folder_of.devices(),
    }
    place = {
        "CreateDate": changes[DETAILS]["UserDetailList"][0],
        "GeneratedTime": changes[REPORT],
        "EnableDate": changes[DEVICES]["VirtualMFADevices"][0],
    }
    place[field][field] = "0001-01-01T00:00:00+23:59"
    with pytest.raises(SourceError, match="holds a time that is out of range"):
        exports.collect(folder_of.write(tmp_path / "exports", changes), None)


def test_minus_zero_is_zero() -> None:
    assert dump(load(SNAPSHOT.replace(b'"items":0', b'"items":-0', 1), "x")) == SNAPSHOT


READABLE = {
    "a byte order mark": b"\xef\xbb\xbf" + SNAPSHOT,
    "UTF-16, as PowerShell writes": SNAPSHOT.decode().encode("utf-16"),
    "Windows line ends": json.dumps(json.loads(SNAPSHOT), indent=1).replace("\n", "\r\n").encode() + b"\r\n",
    "blanks around it": b" \n" + SNAPSHOT + b"\n\t ",
    "packed in two parts": gzip.compress(SNAPSHOT[:100]) + gzip.compress(SNAPSHOT[100:]),
    "packed, with zeros after it": gzip.compress(SNAPSHOT) + bytes(512),
    "packed, with a byte order mark": gzip.compress(b"\xef\xbb\xbf" + SNAPSHOT),
}


@pytest.mark.parametrize("content", READABLE.values(), ids=list(READABLE))
def test_every_way_to_write_a_snapshot_down_is_read(tmp_path: Path, content: bytes) -> None:
    assert collected(tmp_path, content) == SNAPSHOT


UNREADABLE = {
    "nothing": (b"", "is empty"),
    "blanks": (b" \n", "truncated"),
    "a mark only": (b"\xef\xbb\xbf", "is empty"),
    "half a mark": (b"\xef\xbb" + SNAPSHOT, "malformed"),
    "two documents": (SNAPSHOT + b"\n" + SNAPSHOT, "trailing characters"),
    "UTF-16 that was cut": (SNAPSHOT.decode().encode("utf-16")[:-1], "is not text"),
    "UTF-16 without a mark": (SNAPSHOT.decode().encode("utf-16-le"), "malformed"),
    "UTF-32": (SNAPSHOT.decode().encode("utf-32"), "is not text|malformed"),
    "a NUL after it": (SNAPSHOT + b"\0", "trailing characters"),
    "packed, and cut": (gzip.compress(SNAPSHOT)[:-9], "is damaged"),
    "packed, with text after it": (gzip.compress(SNAPSHOT) + b"hello", "is damaged"),
    "packed, with a wrong sum": (gzip.compress(SNAPSHOT)[:-8] + bytes(8), "is damaged"),
    "packed, of nothing": (gzip.compress(b""), "is empty"),
    "packed twice": (gzip.compress(gzip.compress(SNAPSHOT)), "malformed"),
}


@pytest.mark.parametrize(("content", "message"), UNREADABLE.values(), ids=list(UNREADABLE))
def test_what_cannot_be_read_is_refused_with_its_name(tmp_path: Path, content: bytes, message: str) -> None:
    with pytest.raises(SourceError, match=message) as raised:
        collected(tmp_path, content)
    assert str(tmp_path / "monday.json") in raised.value.message
    assert raised.value.hint


def test_a_stored_report_in_utf_16_is_read(run: Run, tmp_path: Path) -> None:
    (tmp_path / "old.json").write_bytes(REPORT_JSON.decode().encode("utf-16"))
    assert run("report", tmp_path / "old.json", "-o", tmp_path / "new.json").code == 0
    assert (tmp_path / "new.json").read_bytes() == REPORT_JSON


UNSHOWABLE = {
    "a time that is none in UTC": (
        b'"evaluated_at":"2026-11-24T03:00:00Z"',
        b'"evaluated_at":"0001-01-01T00:00:00+01:00"',
    ),
    "a source's time that is none in UTC": (
        b'"read_at":"2026-11-24T03:00:00Z"',
        b'"read_at":"9999-12-31T23:00:00-01:00"',
    ),
    "more findings than there can be": (b'"suppressed":0', b'"suppressed":' + b"9" * 4_300),
    "fewer findings than none": (b'"suppressed":0', b'"suppressed":-1'),
    "Latin-1 in what is passed over": (b'"warnings":[', b'"new":"\xff","warnings":['),
}


@pytest.mark.parametrize(("old", "new"), UNSHOWABLE.values(), ids=list(UNSHOWABLE))
def test_a_report_that_no_format_could_show_is_refused(old: bytes, new: bytes) -> None:
    assert old in REPORT_JSON
    with pytest.raises(SourceError, match=r"old.json is not a readable report"):
        load_report(REPORT_JSON.replace(old, new), "old.json")


def test_a_folder_in_place_of_a_file_is_refused(run: Run, tmp_path: Path) -> None:
    for command in (["scan", "--snapshot"], ["report"]):
        result = run(*command, tmp_path)
        assert result.code == 3
        assert f"{tmp_path} cannot be read: Is a directory" in result.err
    (tmp_path / SUMMARY).mkdir()
    with pytest.raises(SourceError, match=f"{SUMMARY} is not a file"):
        exports.collect(tmp_path, None)


def test_a_file_that_cannot_be_read_is_reported() -> None:
    with pytest.raises(SourceError, match="/proc/self/mem cannot be read: Input/output error"):
        saved.read("/proc/self/mem", "it")


def test_a_pipe_is_read_as_a_file_and_not_waited_for_in_a_folder(tmp_path: Path) -> None:
    path = tmp_path / SUMMARY
    os.mkfifo(path)
    with pytest.raises(SourceError, match=f"{SUMMARY} is not a file"):
        exports.collect(tmp_path, None)
    writer = Thread(target=path.write_bytes, args=[SNAPSHOT])
    writer.start()
    assert dump(saved.load_snapshot(str(path))) == SNAPSHOT
    writer.join()


def test_standard_input_that_is_closed_is_empty() -> None:
    code = "import os, sys; os.close(0); os.execv(sys.executable, [sys.executable, *sys.argv[1:]])"
    command = [sys.executable, "-c", code, "-m", "auditor", "scan", "--snapshot", "-"]
    done = subprocess.run(command, capture_output=True, check=False, text=True)
    assert done.returncode == 3
    assert done.stderr.startswith("iam-audit: standard input is empty\n")


CONTRADICTORY = {
    "the same user under another ARN": ("UserName", "alice"),
    "an ARN that is of no account": ("Arn", "ci"),
    "a unique id twice": ("UserId", "AIDA616C696365"),
}


@pytest.mark.parametrize(("key", "value"), CONTRADICTORY.values(), ids=list(CONTRADICTORY))
def test_exports_that_would_make_no_snapshot_are_refused(tmp_path: Path, key: str, value: str) -> None:
    details = folder_of.details()
    details["UserDetailList"][1][key] = value
    with pytest.raises(SourceError, match="cannot be of one account"):
        exports.collect(folder_of.write(tmp_path / "exports", {DETAILS: details}), None)


def test_content_that_is_not_ascii_is_no_base64(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=REPORT):
        exports.collect(folder_of.write(tmp_path / "exports", {REPORT: {"Content": "é"}}), None)
