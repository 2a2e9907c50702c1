"""Documents made to exhaust: what they ask for is refused before it is done, in bounded memory."""

import gzip
import json
import resource
import subprocess
import sys
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import Any

import exports_folder as folder_of
import pytest
from exports_folder import DETAILS, REPORT, SUMMARY
from html_reports import mixed
from msgspec import Raw
from msgspec.structs import replace

from auditor.account.checks import MAX_GROUPS, MAX_IDENTIFIER, MAX_MESSAGE
from auditor.account.model import User
from auditor.account.snapshot import dump, load
from auditor.account.unknown import Gap, gaps_of
from auditor.collectors import saved
from auditor.collectors.cli_output import folder as exports
from auditor.documents import MAX_DEPTH, MAX_SIZE, MAX_STRING, check_keys, check_strings
from auditor.errors import SourceError
from auditor.judging.rule import MAX_ANNOTATION
from auditor.policies.decoding import UnreadableDocumentError, raw_document
from auditor.report.audit import audit
from auditor.report.reading import load_report
from auditor.report.report import dump_report
from auditor.testing import account, group, policy, user

MIB = 2**20
SNAPSHOT = dump(account(users=[user("alice", groups=["A"])], groups=[group("A")], policies=[policy("Boundary")]))
REPORT_JSON = dump_report(mixed())


@contextmanager
def at_most(mebibytes: int) -> Iterator[None]:
    """Check that a block never has more memory than that in Python's objects."""
    tracemalloc.start()
    try:
        yield
        assert tracemalloc.get_traced_memory()[1] <= mebibytes * MIB
    finally:
        tracemalloc.stop()


def packed(*parts: bytes) -> bytes:
    return b"".join(map(gzip.compress, parts))


def test_a_packed_bomb_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    (tmp_path / "bomb.json.gz").write_bytes(gzip.compress(bytes(16 * MIB)) * 64)  # a gibibyte
    with at_most(150), pytest.raises(SourceError, match=r"bomb.json.gz unpacks to more than 250 times its size"):
        saved.load_snapshot(str(tmp_path / "bomb.json.gz"))


def test_what_packs_well_and_is_small_is_no_bomb(tmp_path: Path) -> None:
    path = tmp_path / "blank.json.gz"
    path.write_bytes(packed(b" " * 60 * MIB, SNAPSHOT))
    assert len(saved.read(str(path), "x")[0]) == 60 * MIB + len(SNAPSHOT)


def limited(*arguments: str, stdin: str = "/dev/null") -> subprocess.CompletedProcess[str]:
    """Run the command line in a process that may have three times as much memory as is read at most."""

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_AS, (3 * MAX_SIZE, 3 * MAX_SIZE))

    command = [sys.executable, "-m", "auditor", *arguments]
    with Path(stdin).open("rb") as stream:
        return subprocess.run(command, preexec_fn=limit, stdin=stream, capture_output=True, check=False, text=True)


@pytest.mark.parametrize(("path", "place"), [("/dev/zero", "/dev/zero"), ("-", "standard input")])
def test_a_stream_without_end_is_read_no_further_than_the_limit(path: str, place: str) -> None:
    done = limited("scan", "--snapshot", path, stdin="/dev/zero")
    assert done.returncode == 3
    assert done.stderr.startswith(f"iam-audit: {place} is larger than 512 MiB, the most that is read\n")


def test_a_packed_file_is_unpacked_no_further_than_the_limit(tmp_path: Path) -> None:
    path = tmp_path / "noisy.json.gz"
    part = gzip.compress(Random(0).randbytes(MIB // 16) + bytes(12 * MIB))  # packs to a 190th
    path.write_bytes(part * (MAX_SIZE // (12 * MIB) + 1))
    done = limited("scan", "--snapshot", str(path))
    assert done.returncode == 3
    assert done.stderr.startswith(f"iam-audit: {path} is larger than 512 MiB")


def test_a_folder_is_read_only_if_its_files_together_are_within_the_limit(tmp_path: Path) -> None:
    for size, name in ((MAX_SIZE // 2, "account-authorization-details-1.json"), (MAX_SIZE // 2 + 1, SUMMARY)):
        with (tmp_path / name).open("wb") as stream:
            stream.truncate(size)
    with at_most(1), pytest.raises(SourceError, match=f"{tmp_path} is larger than 512 MiB"):
        exports.collect(tmp_path, None)


def deep(levels: int, inner: bytes = b"") -> bytes:
    return b"[" * levels + inner + b"]" * levels


STATEMENTS = b'"Statement":[]'
DEEP_PLACES: dict[str, Callable[[bytes], bytes]] = {
    "the whole document": lambda nest: nest,
    "an object in an object in ...": lambda nest: nest.replace(b"[", b'{"a":').replace(b"]", b"}"),
    "a policy document": lambda nest: SNAPSHOT.replace(STATEMENTS, b'"Statement":' + nest, 1),
    "what is passed over": lambda nest: SNAPSHOT.replace(b"{", b'{"new":' + nest + b",", 1),
    "a name": lambda nest: SNAPSHOT.replace(b'"alice"', nest),
}


@pytest.mark.parametrize("levels", [10_000, 100_000])
@pytest.mark.parametrize("place", DEEP_PLACES.values(), ids=list(DEEP_PLACES))
def test_deep_nesting_in_a_snapshot_is_refused(place: Callable[[bytes], bytes], levels: int) -> None:
    with pytest.raises(SourceError, match=r"nested too deeply|Expected|nested deeper"):
        load(place(deep(levels, b"1")), "deep.json")


DEEP_IN_REPORT = {
    "the value of evidence": (b'"value":true', b'"value":'),
    "a parameter": (b'"MinimumPasswordLength":14', b'"MinimumPasswordLength":'),
    "a suppression": (b'"suppression":null', b'"suppression":{"until":'),
    "what is passed over": (b'"warnings":[', b'"new":'),
}


@pytest.mark.parametrize("levels", [MAX_DEPTH + 1, 10_000, 100_000])
@pytest.mark.parametrize(("old", "new"), DEEP_IN_REPORT.values(), ids=list(DEEP_IN_REPORT))
def test_deep_nesting_in_a_stored_report_is_refused_or_passed_over(old: bytes, new: bytes, levels: int) -> None:
    assert old in REPORT_JSON
    ending = b"}" if b"{" in new else b"," + old if b"new" in new else b""
    document = REPORT_JSON.replace(old, new + deep(levels) + ending, 1)
    if b"new" in new and levels < 500:
        assert dump_report(load_report(document, "deep.json")) == REPORT_JSON
        return
    with pytest.raises(SourceError, match=r"nested too deeply|nested deeper"):
        load_report(document, "deep.json")


@pytest.mark.parametrize("name", folder_of.FILES)
@pytest.mark.parametrize("levels", [10_000, 100_000])
def test_deep_nesting_in_an_export_is_refused(tmp_path: Path, name: str, levels: int) -> None:
    whole = (folder_of.write(tmp_path / "whole") / name).read_bytes()
    for damaged in (deep(levels), whole.replace(b"{", b'{"New": ' + deep(levels) + b",", 1)):
        with pytest.raises(SourceError, match=rf"{name} cannot be read: (it is nested too deeply|Expected)"):
            exports.collect(folder_of.write(tmp_path / "exports", {name: damaged}), None)


def nested_policy(levels: int) -> dict[str, Any]:
    return {"Statement": json.loads(deep(levels - 1))}


@pytest.mark.parametrize(("levels", "unknown"), [(MAX_DEPTH, 0), (MAX_DEPTH + 1, 1), (500, 1)])
def test_a_policy_deeper_than_any_of_aws_is_unknown_in_exports(tmp_path: Path, levels: int, unknown: int) -> None:
    details = folder_of.details()
    details["RoleDetailList"][0]["AssumeRolePolicyDocument"] = nested_policy(levels)
    snapshot = exports.collect(folder_of.write(tmp_path / "exports", {DETAILS: details}), None)
    assert len(gaps_of(snapshot.roles.known_part[0])) == unknown
    assert dump(load(dump(snapshot), "saved")) == dump(snapshot)


@pytest.mark.parametrize("levels", [MAX_DEPTH + 1, 500, 900])
def test_a_policy_deeper_than_any_of_aws_is_refused_in_a_snapshot(levels: int) -> None:
    document = json.dumps(nested_policy(levels)).encode()
    with pytest.raises(SourceError, match="nested deeper than 100 levels"):
        load(dump(account(policies=[policy("deep", document=Raw(document))])), "deep.json")


def test_a_policy_as_deep_as_may_be_is_written_as_it_was_read() -> None:
    document = json.dumps(nested_policy(MAX_DEPTH)).encode()
    whole = dump(account(policies=[policy("deep", document=Raw(document))]))
    assert dump(load(whole, "deep.json")) == whole


LONG = b"a" * 64 * MIB
LONG_PLACES = {
    "a name": (b'"name":"alice"', b'"name":"%b"'),
    "a group's name": (b'"group_names":{"items":["A"]', b'"group_names":{"items":["%b"]'),
    "a tag": (b'"tags":{}', b'"tags":{"team":"%b"}'),
    "a policy document": (STATEMENTS, b'"Statement":"%b"'),
    "what is passed over": (b'"kind":"test"', b'"kind":"test","new":"%b"'),
    "a key": (b'"kind":"test"', b'"kind":"test","%b":1'),
}


@pytest.mark.parametrize(("old", "new"), LONG_PLACES.values(), ids=list(LONG_PLACES))
def test_an_endless_string_is_refused_before_it_is_decoded(old: bytes, new: bytes) -> None:
    assert old in SNAPSHOT
    document = SNAPSHOT.replace(old, new % LONG, 1)
    with at_most(1), pytest.raises(SourceError, match="more than 1,048,576 bytes between two quotes"):
        load(document, "long.json")


def test_an_endless_string_in_a_stored_report_is_refused() -> None:
    document = REPORT_JSON.replace(b'"value":true', b'"value":"' + LONG + b'"', 1)
    with at_most(1), pytest.raises(SourceError, match="more than 1,048,576 bytes between two quotes"):
        load_report(document, "long.json")


def test_a_policy_longer_than_any_of_aws_is_unknown() -> None:
    most = MAX_STRING - len('{"Sid":[""]}')
    raw = raw_document({"Sid": ["a" * most]})
    assert raw_document(bytes(raw).decode()) == raw
    for form in ({"Sid": ["a" * most + "a"]}, '{"Sid":["' + "a" * most + 'a"]}'):
        with pytest.raises(UnreadableDocumentError, match="longer than 1,048,576 bytes"):
            raw_document(form)


@pytest.mark.parametrize("letter", [rb"\"", rb"\\", b"a", "é".encode()])
@pytest.mark.parametrize("before", range(0, MAX_STRING, MAX_STRING // 5))
def test_strings_are_bounded_wherever_they_begin_and_whatever_is_in_them(letter: bytes, before: int) -> None:
    start, string = b"[" + b'"",' * (before // 3) + b'"', letter * (MAX_STRING // len(letter))
    check_strings(start + string + b'"]')
    with pytest.raises(ValueError, match="between two quotes"):
        check_strings(start + string + b'a"]')


@pytest.mark.parametrize("name", [DETAILS, SUMMARY])
def test_a_long_string_in_an_export_is_refused(tmp_path: Path, name: str) -> None:
    whole = (folder_of.write(tmp_path / "whole") / name).read_bytes()
    damaged = whole.replace(b"{", b'{"New": "' + b"a" * (MAX_STRING + 1) + b'",', 1)
    with pytest.raises(SourceError, match=rf"{name} cannot be read: it has more than 1,048,576 bytes"):
        exports.collect(folder_of.write(tmp_path / "exports", {name: damaged}), None)


def test_a_credential_report_may_be_long(tmp_path: Path) -> None:
    header, *_, alice, _ = folder_of.GOLDEN_REPORT.splitlines()
    text = "\n".join([header, *(alice.replace("alice", f"user-{number}") for number in range(5_000))])
    changes: dict[str, Any] = {REPORT: folder_of.credential_report(text), DETAILS: None, SUMMARY: None}
    assert len(changes[REPORT]["Content"]) > MAX_STRING
    assert len(exports.collect(folder_of.write(tmp_path / "exports", changes), None).users.known_part) == 5_000


def test_an_endless_cell_is_refused(tmp_path: Path) -> None:
    (tmp_path / "credential-report.csv").write_bytes(b"user,arn,user_creation_time\n" + LONG)
    with pytest.raises(SourceError, match=r"line 2 cannot be read: field larger than field limit"):
        exports.collect(tmp_path, None)


OF_LENGTH: dict[str, Callable[[int], User]] = {
    "name": lambda length: user("a" * length, id="AIDA", unknown=["arn"]),
    "id": lambda length: user("alice", id="a" * length),
    "arn": lambda length: user("alice", path=f"/{'a' * (length - len(user('alice').arn) - 1)}/"),
}


@pytest.mark.parametrize("field", OF_LENGTH)
def test_identifiers_longer_than_any_of_iam_are_refused(field: str) -> None:
    for length, accepted in ((MAX_IDENTIFIER, True), (MAX_IDENTIFIER + 1, False)):
        alice = OF_LENGTH[field](length)
        document = dump(account(users=[alice]))
        if accepted:
            assert dump(load(document, "x")) == document
        else:
            with pytest.raises(SourceError, match=f"an? {field} of 2,049 characters"):
                load(document, "x")


def test_more_groups_of_one_user_than_iam_allows_are_refused() -> None:
    most = [f"g{number}" for number in range(MAX_GROUPS)]
    load(dump(account(users=[user("alice", groups=most)])), "x")
    with pytest.raises(SourceError, match="a user in 1,001 groups"):
        load(dump(account(users=[user("alice", groups=[*most, "g"])])), "x")


def test_more_words_about_a_gap_than_are_written_are_refused() -> None:
    loud = Gap("withheld", "test", "AccessDenied", None, "a" * MAX_MESSAGE)
    load(dump(account(gaps=(loud,))), "x")
    with pytest.raises(SourceError, match="a gap of more than 10,000 characters"):
        load(dump(account(gaps=(replace(loud, iam_action="b"),))), "x")


@pytest.mark.parametrize(("field", "most"), [("annotation", MAX_ANNOTATION), ("resource_name", MAX_IDENTIFIER)])
def test_findings_longer_than_any_that_is_written_are_refused(field: str, most: int) -> None:
    report = mixed()
    for length, accepted in ((most, True), (most + 1, False)):
        finding = replace(report.findings[0], **{field: "a" * length})
        document = dump_report(replace(report, findings=(finding,)))
        if accepted:
            assert dump_report(load_report(document, "x")) == document
        else:
            with pytest.raises(SourceError, match="a longer name or annotation"):
                load_report(document, "x")


def test_a_key_that_stands_twice_among_many_is_found_without_counting_each() -> None:
    """The last of 100,000 keys stands twice: counting them one by one would take minutes."""
    names = [f"u{number}" for number in range(100_000)]
    keys = ",".join(f'"{name}":1' for name in [*names, names[-1]])
    with pytest.raises(ValueError, match=f"the key '{names[-1]}' stands twice"):
        check_keys(f"{{{keys}}}")


def test_what_a_gap_says_does_not_multiply_with_those_who_refer_to_it() -> None:
    unknown = ["credentials", "group_names", "attached_policies", "inline_policies"]
    few = account(users=[user(f"user-{number}", unknown=unknown) for number in range(300)])
    document = dump(replace(few, gaps=tuple(replace(gap, message="m" * 9_000) for gap in few.gaps)))
    report = audit(load(document, "small.json"), "aws-config")
    assert len(report.to_json()) < 30 * len(document)
