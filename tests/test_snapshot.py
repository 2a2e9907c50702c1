"""Snapshot documents: written canonically, read strictly."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from auditor.collectors import saved
from auditor.errors import SourceError
from auditor.facts import with_gaps
from auditor.model import Snapshot
from auditor.snapshot import digest, dump, integrity, load
from auditor.testing import CAPTURED_AT, account, group, password_policy, policy, role, user

SNAPSHOT = account(
    users=[user("alice", groups=["Admins"], inline=["p"]), user("bob", unknown=["credentials", "id", "group_names"])],
    groups=[group("Admins", unknown=["path"])],
    roles=[role("Deploy", unknown=["trust_policy"])],
    policies=[policy("Boundary", unknown=["id"])],
    password=password_policy(),
    unknown=["summary", "virtual_mfa_devices"],
)
DOCUMENT = dump(SNAPSHOT)


def changed(change: Any) -> bytes:
    content = json.loads(DOCUMENT)
    change(content)
    return json.dumps(content).encode()


def test_reading_gives_back_what_was_written() -> None:
    assert load(DOCUMENT, "x") == SNAPSHOT
    assert load(DOCUMENT, "x") != account()
    assert dump(load(DOCUMENT, "x")) == DOCUMENT


def test_unknown_fields_are_null_and_name_their_gap() -> None:
    bob = json.loads(DOCUMENT)["users"]["items"][1]
    assert (bob["record"], bob["id"], bob["gaps"]["id"]) == ("partial_user", None, "withheld")
    assert bob["group_names"] == {"items": [], "gap": "withheld"}


def test_the_digest_does_not_depend_on_how_the_file_was_written() -> None:
    loose = json.dumps(json.loads(DOCUMENT), indent=4).encode()
    assert digest(dump(load(loose, "x"))) == digest(DOCUMENT)


def drop(*path: Any) -> Any:
    def change(content: Any) -> None:
        for key in path[:-1]:
            content = content[key]
        del content[path[-1]]

    return change


def put(value: Any, *path: Any) -> Any:
    def change(content: Any) -> None:
        for key in path[:-1]:
            content = content[key]
        content[path[-1]] = value

    return change


BROKEN = {
    "truncated": (DOCUMENT[:500], "truncated"),
    "not JSON": (b"hello", "malformed"),
    "another document": (b'{"format":"other"}', 'not a snapshot: "format" is not'),
    "a list": (b"[]", "Expected `object`"),
    "a newer major version": (changed(put("2.0", "schema_version")), "schema version '2.0'; this iam-audit reads 1.x"),
    "a newer major version of another shape": (
        b'{"format":"iam-audit-snapshot","schema_version":"2.0","users":7}',
        "schema version '2.0'",
    ),
    "a wrong type": (changed(put(7, "users", "items", 0, "name")), r"\$.users.items\[0\].name"),
    "a missing field": (
        changed(drop("users", "items", 0, "path")),
        r"missing required field `path` - at `\$.users.items\[0\]`",
    ),
    "a flag that is no flag": (
        changed(put("maybe", "users", "items", 0, "credentials", "mfa_active")),
        r"credentials.mfa_active",
    ),
    "a null in a whole record": (changed(put(None, "users", "items", 0, "path")), r"\$.users.items\[0\].path"),
    "a null without a gap": (changed(drop("users", "items", 1, "gaps", "id")), r"`id` is null and has no gap"),
    "a gap with a value": (changed(put("x", "users", "items", 1, "id")), r"`id` has a value and a gap"),
    "a user twice": (
        changed(lambda c: c["users"]["items"].append(c["users"]["items"][0])),
        r"\$.users holds the name 'alice' twice",
    ),
    "nested too deeply": (b'{"format":"iam-audit-snapshot","x":' + b"[" * 100_000, "nested too deeply"),
}


@pytest.mark.parametrize(("document", "message"), BROKEN.values(), ids=list(BROKEN))
def test_what_is_no_snapshot_is_refused_with_its_place(document: bytes, message: str) -> None:
    with pytest.raises(SourceError, match=message) as raised:
        load(document, "monday.json")
    assert raised.value.message.startswith("monday.json ")
    assert raised.value.hint


def failed(source: str) -> Any:
    def change(content: Any) -> None:
        next(each for each in content["sources"] if each["name"] == source)["status"] = "failed"

    return change


CONTRADICTIONS = {
    "users that failed and are there": (failed("users"), "users is failed by"),
    "a report that failed and credentials that are there": (failed("credential-report"), "credential-report is failed"),
    "a password policy that failed and is there": (failed("password-policy"), "password-policy is failed by"),
    "no sources": (put([], "sources"), r"\$.sources does not tell of each source once"),
    "a source twice": (lambda c: c["sources"].append(c["sources"][0]), r"\$.sources does not tell of each source once"),
    "fewer users than counted": (put({"Users": 3}, "account", "summary"), "holds 2, and the account summary counts 3"),
    "names that differ in case only": (put("ALICE", "users", "items", 1, "name"), "holds the name 'alice' twice"),
    "an ARN twice": (put("arn:aws:iam::111122223333:user/alice", "users", "items", 1, "arn"), "holds the arn"),
    "a user of another account": (
        put("arn:aws:iam::444455556666:user/alice", "users", "items", 0, "arn"),
        "which is not of account 111122223333",
    ),
    "a gap that is not told of": (put([], "gaps"), r"\$.gaps does not tell of each gap once \(withheld\)"),
    "a time without zone": (put("2026-11-24T03:00:00", "captured_at"), r"captured_at"),
    "a hidden name": (put("withheld", "users", "items", 1, "gaps", "name"), "`name` has a value and a gap"),
    "a list that is null": (put(None, "users", "items", 1, "group_names"), "group_names"),
}
COUNTED = account(
    users=[user("alice"), user("bob", unknown=["id"])], groups=[group("Admins")], password=password_policy()
)


@pytest.mark.parametrize(("change", "message"), CONTRADICTIONS.values(), ids=list(CONTRADICTIONS))
def test_a_snapshot_that_contradicts_itself_is_refused(change: Any, message: str) -> None:
    content = json.loads(dump(COUNTED))
    change(content)
    with pytest.raises(SourceError, match=message):
        load(json.dumps(content).encode(), "edited.json")


@pytest.mark.parametrize("made", [user, role, policy, group])
def test_a_record_with_any_one_field_unknown_survives(made: Any) -> None:
    for field in type(made("x")).__struct_fields__:
        if field != "name":
            record = with_gaps(made("x"), {field: "withheld"})
            lists: dict[str, Any] = {{"policy": "policies"}.get(made.__name__, f"{made.__name__}s"): [record]}
            snapshot = account(**lists)
            assert load(dump(snapshot), "copy") == snapshot, field


def test_times_are_shown_in_utc() -> None:
    zoned = json.loads(dump(COUNTED))
    zoned["captured_at"] = "2026-11-23T22:00:00-05:00"
    assert load(json.dumps(zoned).encode(), "x").captured_at == CAPTURED_AT
    assert b'"captured_at":"2026-11-24T03:00:00Z"' in dump(load(json.dumps(zoned).encode(), "x"))


def test_a_newer_minor_version_is_read() -> None:
    newer = changed(put("1.9", "schema_version"))
    assert load(newer, "x").schema_version == "1.9"


@pytest.mark.parametrize("packed", [DOCUMENT, gzip.compress(DOCUMENT)], ids=["plain", "gzipped"])
def test_files_are_read_plain_and_gzipped(tmp_path: Path, packed: bytes) -> None:
    path = tmp_path / "snapshot"
    path.write_bytes(packed)
    assert dump(saved.collect(str(path))) == DOCUMENT


@pytest.mark.parametrize(
    ("content", "message"),
    [(b"", "is empty"), (gzip.compress(DOCUMENT)[:-20], "is damaged"), (b"\x1f\x8bhello", "is damaged")],
)
def test_a_damaged_file_is_refused_with_its_name(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "monday.json.gz"
    path.write_bytes(content)
    with pytest.raises(SourceError, match=message) as raised:
        saved.collect(str(path))
    assert str(path) in raised.value.message


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="cannot be read: No such file"):
        saved.collect(str(tmp_path / "nowhere.json"))


def test_memberships_are_not_held_against_groups_that_could_not_be_read() -> None:
    ghostly = [user("alice", groups=["Ghost"])]
    assert [notice.code for notice in integrity(account(users=ghostly))] == ["unknown-group"]
    assert not list(integrity(account(users=ghostly, unknown=["groups"])))


def test_snapshots_hold_no_defaults() -> None:
    fields = [field for field in Snapshot.__struct_fields__ if field in Snapshot.__struct_defaults__]
    assert not fields
