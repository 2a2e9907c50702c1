"""Snapshot documents: written canonically, read strictly."""

import gzip
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from msgspec import Raw, structs

from auditor.account.checks import integrity
from auditor.account.model import (
    AccessAnalyzer,
    AwsManagedPolicy,
    InlinePolicy,
    PolicyVersion,
    Snapshot,
    VirtualMfaDevice,
)
from auditor.account.snapshot import digest, digest_of, dump, load
from auditor.account.unknown import gaps_of, with_gaps
from auditor.collectors import saved
from auditor.errors import SourceError
from auditor.testing import (
    ACCOUNT_ID,
    CAPTURED_AT,
    account,
    credentials,
    group,
    listing,
    oidc_provider,
    password_policy,
    policy,
    role,
    saml_provider,
    server_certificate,
    user,
)
from auditor.testing import DOCUMENT as DOCUMENT_OF_POLICY


def analyzer(name: str, region: str = "us-east-1", account_id: str = ACCOUNT_ID) -> AccessAnalyzer:
    arn = f"arn:aws:access-analyzer:{region}:{account_id}:analyzer/{name}"
    return AccessAnalyzer(name=name, arn=arn, type="ACCOUNT", status="ACTIVE")


SNAPSHOT = account(
    users=[user("alice", groups=["Admins"], inline=["p"]), user("bob", unknown=["credentials", "id", "group_names"])],
    groups=[group("Admins", unknown=["path"])],
    roles=[role("Deploy", unknown=["trust_policy"])],
    policies=[policy("Boundary", unknown=["id"])],
    server_certificates=[server_certificate("a", tags={"owner": "web"}), server_certificate("b", unknown=["tags"])],
    oidc_providers=[oidc_provider("x.example.com", unknown=["client_ids", "tags"])],
    saml_providers=[saml_provider("directory", valid_until=None)],
    analyzers=[analyzer("external")],
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
    assert digest_of(load(loose, "x")) == digest(dump(load(loose, "x"))) == digest(DOCUMENT)
    assert digest_of(load(DOCUMENT, "x")) == digest_of(SNAPSHOT) == digest(DOCUMENT)


def test_the_digest_does_not_depend_on_a_blank_anywhere_nor_on_the_time_zone() -> None:
    inline = listing([InlinePolicy("p", DOCUMENT_OF_POLICY)])
    document = dump(
        account(
            users=[user("alice", inline=["p"])],
            groups=[structs.replace(group("Admins"), inline_policies=inline)],
            roles=[role("R", inline_policies=inline)],
            policies=[policy("P")],
            aws_managed_policies=(AwsManagedPolicy("arn:aws:iam::aws:policy/A", "v1", Raw(b'{"Sid":"two words"}')),),
        )
    )
    for found in re.finditer(rb"[{,:]", document):
        loose = document[: found.end()] + b" " + document[found.end() :]
        if json.loads(loose) == json.loads(document):  # not within a text
            assert digest_of(load(loose, "x")) == digest(document), found.start()
    captured_at = json.loads(document)["captured_at"].encode()
    elsewhere = load(document.replace(captured_at, captured_at.replace(b"Z", b"+00:05")), "x")
    assert elsewhere.captured_at != load(document, "x").captured_at
    assert digest_of(elsewhere) == digest(dump(elsewhere))


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
    "another document": (b'{"format":"other"}', 'not a snapshot: its "format" is not'),
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
    "one of a release that knew fewer facts": (
        changed(lambda c: [c.pop(name) for name in ("region", "server_certificates", "access_analyzers")]),
        "missing required field `region`",
    ),
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


def twice(kind: str) -> Any:
    return lambda content: content[kind]["items"].append(content[kind]["items"][0])


CONTRADICTIONS = {
    "users that failed and are there": (failed("users"), "users is failed by"),
    "a report that failed and credentials that are there": (failed("credential-report"), "credential-report is failed"),
    "a password policy that failed and is there": (failed("password-policy"), "password-policy is failed by"),
    "certificates that failed and are there": (failed("server-certificates"), "server-certificates is failed by"),
    "OIDC providers that failed and are there": (failed("oidc-providers"), "oidc-providers is failed by"),
    "SAML providers that failed and are there": (failed("saml-providers"), "saml-providers is failed by"),
    "analyzers that failed and are there": (failed("access-analyzers"), "access-analyzers is failed by"),
    "an organization that failed and is there": (failed("organization"), "organization is failed by"),
    "descriptions that failed and are there": (failed("policy-descriptions"), "policy-descriptions is failed by"),
    "fewer certificates than counted": (
        put({"ServerCertificates": 3}, "account", "summary"),
        r"\$.server_certificates holds 1, and the account summary counts 3",
    ),
    "a certificate twice": (twice("server_certificates"), r"\$.server_certificates holds the name 'web' twice"),
    "an OIDC provider twice": (twice("oidc_providers"), r"\$.oidc_providers holds the name 'x.example.com' twice"),
    "a SAML provider twice": (twice("saml_providers"), r"\$.saml_providers holds the name 'directory' twice"),
    "an analyzer twice": (twice("access_analyzers"), r"\$.access_analyzers holds the name 'external' twice"),
    **{
        f"{kind} of another account": (
            put(arn, kind, "items", 0, "arn"),
            f"{kind} holds {arn}, which is not of account",
        )
        for kind, arn in (
            ("server_certificates", "arn:aws:iam::444455556666:server-certificate/web"),
            ("oidc_providers", "arn:aws:iam::444455556666:oidc-provider/x.example.com"),
            ("saml_providers", "arn:aws:iam::444455556666:saml-provider/directory"),
            ("access_analyzers", "arn:aws:access-analyzer:us-east-1:444455556666:analyzer/external"),
        )
    },
    "a device of another account": (
        put("arn:aws:iam::444455556666:mfa/alice", "virtual_mfa_devices", "items", 0, "serial_number"),
        "virtual_mfa_devices holds arn:aws:iam::444455556666:mfa/alice, which is not of account",
    ),
    "an analyzer of another Region": (put("eu-west-1", "region"), "which is not of the Region eu-west-1"),
    "no sources": (put([], "sources"), r"\$.sources does not list each source exactly once"),
    "a source twice": (
        lambda c: c["sources"].append(c["sources"][0]),
        r"\$.sources does not list each source exactly once",
    ),
    "fewer users than counted": (put({"Users": 3}, "account", "summary"), "holds 2, and the account summary counts 3"),
    "names that differ in case only": (put("ALICE", "users", "items", 1, "name"), "holds the name 'alice' twice"),
    "an ARN twice": (put("arn:aws:iam::111122223333:user/alice", "users", "items", 1, "arn"), "holds the arn"),
    "a user of another account": (
        put("arn:aws:iam::444455556666:user/alice", "users", "items", 0, "arn"),
        "which is not of account 111122223333",
    ),
    "a gap that is not told of": (put([], "gaps"), r"\$.gaps does not list each gap exactly once \(withheld\)"),
    "a time without zone": (put("2026-11-24T03:00:00", "captured_at"), r"captured_at"),
    "a hidden name": (put("withheld", "users", "items", 1, "gaps", "name"), "`name` has a value and a gap"),
    "a list that is null": (put(None, "users", "items", 1, "group_names"), "group_names"),
}
COUNTED = account(
    users=[user("alice"), user("bob", unknown=["id"])],
    groups=[group("Admins")],
    policies=[policy("Boundary")],
    server_certificates=[server_certificate("web")],
    oidc_providers=[oidc_provider("x.example.com")],
    saml_providers=[saml_provider("directory")],
    analyzers=[analyzer("external")],
    devices=[VirtualMfaDevice(f"arn:aws:iam::{ACCOUNT_ID}:mfa/alice", None, None)],
    password=password_policy(),
)


def test_names_of_certificates_providers_and_analyzers_may_differ_in_case_only() -> None:
    snapshot = account(
        server_certificates=[server_certificate("a"), server_certificate("A")],
        oidc_providers=[oidc_provider("x.example.com/a"), oidc_provider("x.example.com/A")],
        saml_providers=[saml_provider("a"), saml_provider("A")],
        analyzers=[analyzer("a"), analyzer("A")],
    )
    assert load(dump(snapshot), "copy") == snapshot


@pytest.mark.parametrize(("change", "message"), CONTRADICTIONS.values(), ids=list(CONTRADICTIONS))
def test_a_snapshot_that_contradicts_itself_is_refused(change: Any, message: str) -> None:
    content = json.loads(dump(COUNTED))
    change(content)
    with pytest.raises(SourceError, match=message):
        load(json.dumps(content).encode(), "edited.json")


def of(kind: str) -> Callable[[Any], dict[str, Any]]:
    """Return how an account holds a record of a kind."""
    return lambda record: {kind: [record]}


def inline_of(holder: Callable[..., Any]) -> Callable[[Any], dict[str, Any]]:
    """Return how an account holds an inline policy: in a user, group or role."""
    return lambda record: {f"{holder.__name__}s": [structs.replace(holder("x"), inline_policies=listing([record]))]}


INLINE = InlinePolicy("x", DOCUMENT_OF_POLICY)
HELD: dict[str, tuple[Any, Callable[[Any], dict[str, Any]]]] = {
    "user": (user("x"), of("users")),
    "credentials": (credentials(), lambda row: {"users": [structs.replace(user("x"), credentials=row)]}),
    "root's credentials": (credentials(), lambda row: {"root_credentials": row}),
    "group": (group("x"), of("groups")),
    "role": (role("x"), of("roles")),
    "policy": (policy("x"), of("policies")),
    "version of a policy": (
        PolicyVersion("v1", is_default=True, document=DOCUMENT_OF_POLICY),
        lambda version: {"policies": [structs.replace(policy("x"), versions=listing([version]))]},
    ),
    "inline policy of a user": (INLINE, inline_of(user)),
    "inline policy of a group": (INLINE, inline_of(group)),
    "inline policy of a role": (INLINE, inline_of(role)),
    "password policy": (password_policy(), lambda record: {"password": record}),
    "server certificate": (server_certificate("x"), of("server_certificates")),
    "OIDC provider": (oidc_provider("x"), of("oidc_providers")),
    "SAML provider": (saml_provider("x"), of("saml_providers")),
}
ACCOUNT_FACTS = ("root_credentials", "password_policy", "summary", "management_account_id")


def hiding() -> Iterator[Any]:
    for name, (record, held) in HELD.items():
        for field in type(record).__struct_fields__:
            if field not in type(record)._never_unknown:
                yield pytest.param(record, held, field, id=f"{field} of {name}")
    for field in ACCOUNT_FACTS:
        yield pytest.param(account().account, lambda record: {"unknown": [*gaps_of(record)]}, field, id=field)


@pytest.mark.parametrize(("record", "held", "field"), [*hiding()])
def test_a_record_with_any_one_field_unknown_survives_and_its_gap_is_told(record: Any, held: Any, field: str) -> None:
    facts = held(with_gaps(record, {field: "withheld"}))
    if "root_credentials" in facts:
        made = account()
        snapshot = structs.replace(made, account=structs.replace(made.account, **facts))
    else:
        snapshot = account(**facts)
    assert load(dump(snapshot), "copy") == snapshot
    with pytest.raises(SourceError, match=r"each gap exactly once \(withheld\)"):
        load(dump(structs.replace(snapshot, gaps=())), "copy")


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
    assert dump(saved.load_snapshot(str(path))) == DOCUMENT


@pytest.mark.parametrize(
    ("content", "message"),
    [(b"", "is empty"), (gzip.compress(DOCUMENT)[:-20], "is damaged"), (b"\x1f\x8bhello", "is damaged")],
)
def test_a_damaged_file_is_refused_with_its_name(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "monday.json.gz"
    path.write_bytes(content)
    with pytest.raises(SourceError, match=message) as raised:
        saved.load_snapshot(str(path))
    assert str(path) in raised.value.message


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="cannot be read: No such file"):
        saved.load_snapshot(str(tmp_path / "nowhere.json"))


def test_memberships_are_not_held_against_groups_that_could_not_be_read() -> None:
    ghostly = [user("alice", groups=["Ghost"])]
    assert [notice.code for notice in integrity(account(users=ghostly))] == ["unknown-group"]
    assert not list(integrity(account(users=ghostly, unknown=["groups"])))


def test_snapshots_hold_no_defaults() -> None:
    fields = [field for field in Snapshot.__struct_fields__ if field in Snapshot.__struct_defaults__]
    assert not fields
