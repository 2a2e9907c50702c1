"""Signed reports: each file of -o gets a signature, both or neither is written, and keys never show in a message."""

import json
from base64 import b64decode
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from conftest import Run
from msgspec.structs import replace
from signing_keys import key_pair

from auditor.account.builders import account, console_user, password_policy
from auditor.account.snapshot import dump
from auditor.evidence.signing import private_key, signed_report
from auditor.report.reading import load_report
from auditor.report.report import dump_report

SCHEMAS = Path(__file__).parents[2] / "auditor/evidence"
SCAN = ("scan", "--snapshot", "s.json", "--rule", "iam-user-mfa-enabled", "-q", "--as-of", "2026-11-24T04:00:00Z")
VERIFY = ("evidence", "verify", "r.json", "--key", "ours.pub.pem")


@pytest.fixture
def keys(folder: Path) -> Path:
    """Return the working folder, with the keys of two parties in it."""
    key_pair(folder, "ours")
    key_pair(folder, "theirs")
    return folder


@pytest.fixture
def signed(keys: Path, run: Run) -> Path:
    """Return the working folder, with a signed report in two formats."""
    assert run(*SCAN, "-o", "r.json", "-o", "r.html", "--sign", "ours.pem").code == 0
    return keys


def statement_of(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(b64decode(json.loads(path.read_bytes())["payload"]))
    return found


def test_each_file_gets_a_statement_of_what_the_report_says(signed: Path, run: Run) -> None:
    report = json.loads((signed / "r.json").read_bytes())
    for name in ("r.json", "r.html"):
        statement = statement_of(signed / f"{name}.dsse.json")
        jsonschema.validate(statement, json.loads((SCHEMAS / "report-statement.schema.json").read_text("utf-8")))
        digest = sha256((signed / name).read_bytes()).hexdigest()
        assert statement["subject"] == [{"name": name, "digest": {"sha256": digest}}]
        predicate = statement["predicate"]
        assert predicate["account"] == report["account"]["id"]
        assert predicate["counts"] == report["summary"]["counts"]
        assert predicate["snapshot_sha256"] == report["snapshot"]["sha256"]
        assert run("evidence", "verify", name, "--key", "ours.pub.pem").code == 0
    before = (signed / "r.json.dsse.json").read_bytes()
    assert run(*SCAN, "-o", "r.json", "--sign", "ours.pem").code == 0
    assert (signed / "r.json.dsse.json").read_bytes() == before


@pytest.mark.usefixtures("signed")
def test_a_stored_report_is_signed_in_other_formats(run: Run) -> None:
    assert run("report", "r.json", "-o", "again.csv", "--sign", "ours.pem").code == 0
    result = run("evidence", "verify", "again.csv", "--key", "ours.pub.pem")
    assert (result.code, "Signature: by this key" in result.out) == (0, True), result
    assert "Neither an evidence pack nor a JSON report: nothing in it was read" in result.out


@pytest.mark.usefixtures("signed")
def test_a_report_is_judged_again_from_its_snapshot(run: Run) -> None:
    result = run(*VERIFY, "--snapshot", "s.json")
    assert (result.code, "Judged again from snapshots: 1 finding of 1 report" in result.out) == (0, True), result
    as_json = run(*VERIFY, "--snapshot", "s.json", "--format", "json")
    found = json.loads(as_json.out)
    jsonschema.validate(found, json.loads((SCHEMAS / "verification.schema.json").read_text("utf-8")))
    assert (found["kind"], found["signed"], found["reruns"][0]["findings"]) == ("report", True, 1)
    without = run(*VERIFY)
    assert "Not judged again, because its snapshot was not given: 1 report" in without.out


def of_another_snapshot(folder: Path) -> None:
    people = account(users=[console_user("eve", mfa=False)], password=password_policy())
    (folder / "s.json").write_bytes(dump(people))


def with_another_verdict(folder: Path) -> None:
    """Sign a report that says something else than the rules, as somebody does who has the key."""
    content = (folder / "r.json").read_bytes().replace(b"NON_COMPLIANT", b"@").replace(b"COMPLIANT", b"NON_COMPLIANT")
    changed = content.replace(b"@", b"COMPLIANT")
    signer = private_key((folder / "ours.pem").read_bytes(), "ours.pem")
    (folder / "r.json").write_bytes(changed)
    (folder / "r.json.dsse.json").write_bytes(signed_report(signer, load_report(changed, "r"), changed, "r.json"))


def with_another_predicate(folder: Path) -> None:
    content = (folder / "r.json").read_bytes()
    report = load_report(content, "r")
    lie = replace(report, summary=replace(report.summary, suppressed=1))
    signer = private_key((folder / "ours.pem").read_bytes(), "ours.pem")
    (folder / "r.json.dsse.json").write_bytes(signed_report(signer, lie, content, "r.json"))


def with_another_time(folder: Path) -> None:
    report = load_report((folder / "r.json").read_bytes(), "r")
    later = replace(report, evaluated_at=report.evaluated_at.replace(hour=5))
    (folder / "r.json").write_bytes(dump_report(later))


def under_the_signature_of_another(folder: Path) -> None:
    (folder / "ours.pub.pem").write_bytes((folder / "theirs.pub.pem").read_bytes())


FORGED = {
    "a value of the report": (with_another_time, "the signature is of another file"),
    "what the signature says": (with_another_predicate, "says something else of the file than the file itself does"),
    "a verdict, by who has the key": (with_another_verdict, "NON_COMPLIANT by the rules"),
    "the snapshot": (of_another_snapshot, "was not made of the snapshot s.json, but of another one"),
    "the key": (under_the_signature_of_another, "the signature is not by this key, or was changed"),
}


@pytest.mark.parametrize(("forge", "fault"), FORGED.values(), ids=FORGED)
def test_what_was_changed_of_a_signed_report_is_named(
    signed: Path, run: Run, forge: Callable[[Path], None], fault: str
) -> None:
    forge(signed)
    result = run(*VERIFY, "--snapshot", "s.json")
    assert (result.code, fault in result.out) == (1, True), result


def test_a_report_and_its_signature_are_both_written_or_neither(keys: Path, run: Run) -> None:
    (keys / "r.json.dsse.json").mkdir()
    result = run(*SCAN, "-o", "r.json", "--sign", "ours.pem")
    assert (result.code, "r.json.dsse.json cannot be written: it is a folder" in result.err) == (3, True), result
    assert not (keys / "r.json").exists()


def test_a_link_to_an_earlier_signature_stays(signed: Path, run: Run) -> None:
    (signed / "r.json.dsse.json").rename(signed / "kept.dsse.json")
    (signed / "r.json.dsse.json").symlink_to("kept.dsse.json")
    assert run(*SCAN, "-o", "r.json", "--sign", "theirs.pem").code == 0
    assert (signed / "r.json.dsse.json").is_symlink()
    assert run("evidence", "verify", "r.json", "--key", "theirs.pub.pem").code == 0


@pytest.mark.usefixtures("keys")
def test_a_key_is_refused_before_aws_is_called(run: Run) -> None:
    result = run("scan", "--profile", "none", "-o", "r.json", "--sign", "s.json")
    assert (result.code, "s.json holds no unencrypted private key in PEM" in result.err) == (3, True), result


@pytest.mark.usefixtures("signed")
def test_signatures_among_reports_are_passed_over(run: Run) -> None:
    files = ("r.json", "r.json.dsse.json")
    assert run("evidence", "make", *files, "-o", "p.zip").code == 0
    assert run("history", "add", "--history", "h.db", *files).code == 0
    assert run("history", "verify", "--history", "h.db", *files).code == 0


def test_keys_are_read_from_the_environment(keys: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OURS", (keys / "ours.pem").read_text("utf-8"))
    monkeypatch.setenv("PUBLIC", (keys / "ours.pub.pem").read_text("utf-8"))
    assert run(*SCAN, "-o", "r.json", "--sign", "env:OURS").code == 0
    assert run("evidence", "verify", "r.json", "--key", "env:PUBLIC").code == 0
    assert run("evidence", "make", "r.json", "--sign", "env:OURS", "-o", "p.zip").code == 0
    assert run("evidence", "verify", "p.zip", "--key", "env:PUBLIC").code == 0
    (keys / "env:OURS").write_bytes((keys / "theirs.pem").read_bytes())
    assert run("report", "r.json", "-o", "r.csv", "--sign", "./env:OURS").code == 0
    assert run("evidence", "verify", "r.csv", "--key", "theirs.pub.pem").code == 0


LETTERS = "k" * 43  # as 32 bytes in Base64
NO_KEYS = {
    "no such variable": ("env:NONE", 2, "--sign: the environment variable NONE is not set"),
    "an empty variable": ("env:EMPTY", 2, "--sign: the environment variable EMPTY is empty"),
    "no name": ("env:", 2, "--sign: what follows env: is no name of an environment variable"),
    "the key where its name is expected": ("env:{key}", 2, "--sign is given a key itself"),
    "a key of letters alone": (f"env:{LETTERS}", 2, "--sign: what follows env: is no name of an environment variable"),
    "the key on one line": ("env:{line}", 2, "--sign: what follows env: is no name of an environment variable"),
    "the key where a file is expected": ("{key}", 2, "--sign is given a key itself"),
    "the key on one line where a file is expected": ("{line}", 2, "--sign names no file that can be read"),
    "the key on one line after a sign $": ("${line}", 2, "--sign names no file that can be read"),
    "a variable with something else": ("env:LINE", 3, "the environment variable LINE holds no unencrypted private key"),
    "nothing": ("", 2, "--sign is empty"),
}


@pytest.mark.parametrize(("value", "code", "text"), NO_KEYS.values(), ids=NO_KEYS)
def test_what_is_no_key_is_refused_and_never_shown(
    keys: Path, run: Run, monkeypatch: pytest.MonkeyPatch, value: str, code: int, text: str
) -> None:
    key = (keys / "ours.pem").read_text("utf-8")
    line = key.splitlines()[1]
    monkeypatch.setenv("EMPTY", " \n")
    monkeypatch.setenv("LINE", line)
    result = run(*SCAN, "-o", "r.json", "--sign", value.format(key=key, line=line))
    assert (result.code, text in result.err) == (code, True), result
    assert not any(each in result.err + result.out for each in (line, LETTERS))
    assert not (keys / "r.json").exists()


REFUSED = {
    "no file to sign": ((*SCAN, "--sign", "ours.pem"), "--sign signs files, and none is written"),
    "standard output": ((*SCAN, "-o", "-", "--sign", "ours.pem"), "-o - has an unknown format"),
    "a signature over a report": (
        (*SCAN, "-o", "x.json", "-o", "x.json.dsse.json", "--sign", "ours.pem"),
        "-o names one file twice",
    ),
    "a signature over a report, once the names are filled in": (
        (*SCAN, "-o", "x-{account_id}.json", "-o", "x-111122223333.json.dsse.json", "--sign", "ours.pem"),
        "-o x-111122223333.json.dsse.json would be a report and the signature of another",
    ),
    "two files from standard input": (
        (*VERIFY[:2], "r.json", "--key", "-", "--signature", "-"),
        "--key and --signature cannot all be standard input",
    ),
    "an empty name": ((*VERIFY, "--timestamp", ""), "--timestamp is empty"),
    "a report of which nothing is checked": (("evidence", "verify", "r.json"), "nothing of it would be checked"),
    "a snapshot for a page": ((*VERIFY[:2], "r.html", "--snapshot", "s.json"), "--snapshot is for a JSON report"),
}


@pytest.mark.parametrize(("arguments", "text"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_signed_or_checked_is_refused(
    signed: Path, run: Run, arguments: tuple[str, ...], text: str
) -> None:
    result = run(*arguments)
    assert (result.code, text in result.err) == (2, True), result
    assert not [*signed.glob("x*")]


@pytest.mark.usefixtures("signed")
def test_a_file_that_is_no_evidence_is_refused(run: Run) -> None:
    result = run("evidence", "verify", "ours.pem")
    assert (result.code, "ours.pem is no evidence pack and no JSON report" in result.err) == (3, True), result
