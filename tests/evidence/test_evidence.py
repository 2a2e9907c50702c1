"""Evidence packs: the same input gives the same bytes, and whatever is changed in a pack is found and named."""

import gzip
import json
import zipfile
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping
from datetime import date, timedelta
from hashlib import sha256
from io import BytesIO
from pathlib import Path

import jsonschema
import msgspec
import pytest
from conftest import Result, Run
from generated_accounts import accounts
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from nights import BOB, EVE, FIXED, MFA, added, at_night, night, people
from rule_parameters import configured
from signing_keys import key_pair
from two_reports import NOW, RULES, exceptions, partly_read

from auditor.account.model import Snapshot
from auditor.account.snapshot import dump
from auditor.evidence.archive import packed
from auditor.evidence.index import Index
from auditor.evidence.making import sums
from auditor.evidence.rerunning import judged_again
from auditor.evidence.signing import signed
from auditor.judging.rule import Severity
from auditor.judging.suppressions import Suppression
from auditor.report.audit import audit
from auditor.report.reading import load_report
from auditor.report.report import Report, dump_report
from auditor.selection.packs.summary import PackSummary

ROOT = Path(__file__).parents[2]
GLASS = Suppression(rule=MFA, resource="eve", reason="break glass", owner="ops", ticket="T-1", until=date(2027, 1, 1))
NIGHTS = {0: people(BOB, EVE), 1: people(BOB, EVE), 3: people(FIXED, EVE), 4: people(BOB)}
REPORTS = {
    day: night(day, seen, RULES if day else None, suppressions=[GLASS] if day else []) for day, seen in NIGHTS.items()
}
FILES = [f"{day}.json" for day in NIGHTS]
OPTIONS = ("--snapshot", "s3.json", "--sample", 2, "--seed", 7)
LAST = "reports/111122223333-20261128T030000Z-"

Files = dict[str, bytes]


@pytest.fixture
def stored(folder: Path) -> Path:
    """Return the working folder with the reports and snapshots of four nights."""
    for day, seen in NIGHTS.items():
        (folder / f"{day}.json").write_bytes(dump_report(REPORTS[day]))
        (folder / f"s{day}.json").write_bytes(dump(at_night(day, seen)))
    return folder


@pytest.fixture
def pack(stored: Path, run: Run) -> Path:
    """Return a pack of the four nights, with the snapshot of the third."""
    result = run("evidence", "make", *FILES, *OPTIONS, "-o", "pack.zip")
    assert result.code == 0, result
    return stored / "pack.zip"


def files_of(pack: Path) -> Files:
    with zipfile.ZipFile(pack) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def index_of(pack: Path) -> dict[str, object]:
    found: dict[str, object] = json.loads(files_of(pack)["index.json"])
    return found


def forged(pack: Path, files: Mapping[str, bytes]) -> None:
    """Write a pack of changed files with checksums that fit, as somebody would who knows how."""
    others = {path: content for path, content in files.items() if path != "SHA256SUMS"}
    pack.write_bytes(packed({"SHA256SUMS": sums(others), **others}))


def faults(result: Result) -> list[str]:
    return [line for line in result.out.splitlines() if line.startswith("Fault in ")]


def test_the_same_input_gives_the_same_bytes(pack: Path, run: Run) -> None:
    Path("s3.json.gz").write_bytes(gzip.compress(Path("s3.json").read_bytes()))
    again = ("--snapshot", "s3.json.gz", "--sample", 2, "--seed", 7)
    assert run("evidence", "make", *reversed(FILES), FILES[0], *again, "-o", "again.zip").code == 0
    assert Path("again.zip").read_bytes() == pack.read_bytes()


def test_the_index_says_what_ran_and_what_did_not(pack: Path) -> None:
    files, index = files_of(pack), json.loads(files_of(pack)["index.json"])
    jsonschema.validate(index, json.loads((ROOT / "auditor/evidence/index.schema.json").read_text("utf-8")))
    (ledger,) = index["accounts"]
    assert [each["captured_at"][:10] for each in ledger["runs"]] == [f"2026-11-{day}" for day in (24, 25, 27, 28)]
    assert ledger["gaps"] == [{"first": "2026-11-26", "last": "2026-11-26", "days": 1}]
    assert [each["snapshot"] is not None for each in ledger["runs"]] == [False, False, True, False]
    assert len({each["rules_sha256"] for each in ledger["runs"]}) == 2  # the first night had one rule
    for day, each in zip(NIGHTS, ledger["runs"], strict=True):
        assert files[each["report"]] == Path(f"{day}.json").read_bytes()
        assert each["report_sha256"] == sha256(files[each["report"]]).hexdigest()
    (exception,) = index["suppressions"]
    assert exception["suppression"]["reason"] == "break glass"
    assert (exception["first_run"][:10], exception["last_run"][:10], exception["runs"]) == (
        "2026-11-25",
        "2026-11-27",
        2,
    )
    assert len(index["sample"]["findings"]) == 2
    assert index["sample"]["population"] > 2
    page = files["index.html"].decode()
    assert "Days without a run: 2026-11-26" in page
    assert "break glass" in page


def test_an_untouched_pack_agrees(pack: Path, run: Run) -> None:
    result = run("evidence", "verify", pack)
    assert (result.code, faults(result)) == (0, []), result
    assert f"Judged again from snapshots: {len(REPORTS[3].findings)} findings of 1 report\n" in result.out
    assert "Not judged again, because the snapshot is not enclosed: 3 reports\n" in result.out
    as_json = run("evidence", "verify", pack, "--format", "json")
    schema = ROOT / "auditor/evidence/verification.schema.json"
    jsonschema.validate(json.loads(as_json.out), json.loads(schema.read_text("utf-8")))


def test_any_changed_byte_is_found(pack: Path, run: Run) -> None:
    """Change one byte in each region of the archive: headers, contents and the directory at the end."""
    content = pack.read_bytes()
    directory = content.index(b"PK\x01\x02")
    for place in {*range(0, len(content), len(content) // 60), *range(directory, len(content), 37), 10, 11, 26, 30}:
        pack.write_bytes(content[:place] + bytes([content[place] ^ 0x20]) + content[place + 1 :])
        assert run("evidence", "verify", pack, "-q").code in (1, 3), place
    for changed in (content + b"\0", b"\0" + content, content[:-1]):
        pack.write_bytes(changed)
        assert run("evidence", "verify", pack, "-q").code in (1, 3)


@pytest.mark.parametrize(
    ("before", "after", "fault"),
    [
        pytest.param(b"", b"0", "has another checksum than in SHA256SUMS", id="another digest"),
        pytest.param(b"  index.html", b"  index.htm", "index.html: is not listed in SHA256SUMS", id="another name"),
        pytest.param(b"\n", b"\n\n", "SHA256SUMS", id="another line"),
    ],
)
def test_checksums_that_say_something_else_are_named(
    pack: Path, run: Run, before: bytes, after: bytes, fault: str
) -> None:
    files = files_of(pack)
    pack.write_bytes(packed({**files, "SHA256SUMS": files["SHA256SUMS"].replace(before, after, 1)}))
    result = run("evidence", "verify", pack)
    assert (result.code, any(fault in line for line in faults(result))) == (1, True), result


def with_report(files: Files, report: Report) -> Files:
    """Return the files with another last report, under the name and with the index that fit it."""
    (path,) = (each for each in files if each.startswith(LAST))
    content = dump_report(report)
    old, new = (sha256(each).hexdigest() for each in (files[path], content))
    renamed = {each.replace(path, f"{LAST}{new[:12]}.json"): value for each, value in files.items()}
    renamed[f"{LAST}{new[:12]}.json"] = content
    text = files["index.json"].decode().replace(path, f"{LAST}{new[:12]}.json").replace(old, new)
    return {**renamed, "index.json": text.encode()}


def of_another_release(files: Files) -> Files:
    """Return the files with a page of one's own, and an index by a release whose pages nobody knows."""
    index = files["index.json"].replace(b'"version":"', b'"version":"9.', 1)
    return {**files, "index.json": index, "index.html": b"<h1>Everything is COMPLIANT</h1>"}


def altered(name: str, before: bytes, after: bytes) -> Callable[[Files], Files]:
    return lambda files: {**files, name: files[name].replace(before, after, 1)}


CASES = {
    "a gap is hidden": (altered("index.json", b'"days":1', b'"days":0'), "index.json: `accounts` is not"),
    "a suppression has another reason": (
        altered("index.json", b"break glass", b"break grass"),
        "index.json: `suppressions` is not",
    ),
    "another finding is sampled": (altered("index.json", b'"seed":7', b'"seed":8'), "index.json: `sample` is not"),
    "the page says something else": (altered("index.html", b"break glass", b"fixed"), "index.html: does not show"),
    "the page is by an unknown release": (of_another_release, "index.html: does not show"),
    "the index says more": (altered("index.json", b"{", b'{"opinion":"fine",'), "index.json: says more than"),
    "a key stands twice": (altered("index.json", b"{", b'{"version":1,'), "index.json: cannot be read"),
    "a report is gone": (
        lambda files: {path: content for path, content in files.items() if not path.startswith(LAST)},
        "index.json: `accounts` is not",
    ),
    "every report is gone": (
        lambda files: {path: content for path, content in files.items() if not path.startswith("reports/")},
        "reports: none can be read",
    ),
    "the page is gone": (
        lambda files: {path: content for path, content in files.items() if path != "index.html"},
        "index.html: is missing",
    ),
    "a report is another one": (
        lambda files: with_report(files, night(4, people(FIXED), RULES)),
        "index.json: `accounts` is not",
    ),
    "a file is added": (lambda files: {**files, "readme.txt": b"hello"}, "readme.txt: is no file of a pack"),
    "a name leads out of the folder": (lambda files: {**files, "../x": b""}, "../x: is no file of a pack"),
}


@pytest.mark.parametrize(("forge", "fault"), CASES.values(), ids=CASES)
def test_what_is_forged_with_fitting_checksums_is_named(
    pack: Path, run: Run, forge: Callable[[Files], Files], fault: str
) -> None:
    forged(pack, forge(files_of(pack)))
    result = run("evidence", "verify", pack)
    assert result.code == 1
    assert any(line.startswith(f"Fault in {fault}") for line in faults(result)), result


def test_a_verdict_that_the_snapshot_contradicts_is_found(stored: Path, run: Run) -> None:
    honest = REPORTS[3]
    account = at_night(3, people(FIXED, replace(EVE, name="eve")))
    (stored / "lie.json").write_bytes(
        dump_report(replace(night(3, people(FIXED), RULES), snapshot=honest.snapshot))  # eve is not in it
    )
    assert dump(account) == Path("s3.json").read_bytes()
    assert run("evidence", "make", "lie.json", "--snapshot", "s3.json", "-o", "lie.zip").code == 0
    result = run("evidence", "verify", "lie.zip")
    assert result.code == 1
    assert f"judged again, {MFA} on eve: NON_COMPLIANT is not in the report" in result.out


def test_settings_of_a_report_are_those_of_the_second_judgement(stored: Path, run: Run) -> None:
    seen = at_night(0, people(BOB, EVE, report_generated_at=night(0, people(BOB)).evaluated_at - timedelta(days=3)))
    (stored / "old.snapshot.json").write_bytes(dump(seen))
    scan = ("scan", "--snapshot", "old.snapshot.json", "--rules", "all", "--max-report-age", "4", "--as-of")
    given = ("--parameter", "access-keys-rotated.maxAccessKeyAge=30", "-o", "old.json", "-q")
    assert run(*scan, "2026-11-24T04:00:00Z", *given).code in (0, 4)
    assert run("evidence", "make", "old.json", "--snapshot", "old.snapshot.json", "-o", "old.zip").code == 0
    result = run("evidence", "verify", "old.zip")
    assert result.code == 0, result


PACK = """
Parameters:
  Unknown: {Type: String}
Resources:
  Narrow:
    Type: AWS::Config::ConfigRule
    Properties:
      ConfigRuleName: narrow
      Scope: {ComplianceResourceTypes: [AWS::IAM::User]}
      Source: {Owner: AWS, SourceIdentifier: IAM_NO_INLINE_POLICY_CHECK}
  Undecided:
    Type: AWS::Config::ConfigRule
    Properties:
      ConfigRuleName: undecided
      InputParameters: {maxAccessKeyAge: !Ref Unknown}
      Source: {Owner: AWS, SourceIdentifier: ACCESS_KEYS_ROTATED}
  Doubted:
    Type: AWS::Config::ConfigRule
    Properties:
      ConfigRuleName: doubted
      InputParameters: {RequireSymbols: "True", MinimumPasswordLength: "10"}
      Source: {Owner: AWS, SourceIdentifier: IAM_PASSWORD_POLICY}
"""


def test_the_rules_of_a_conformance_pack_judge_again_what_it_had_them_judge(stored: Path, run: Run) -> None:
    (stored / "pack.yaml").write_text(PACK, "utf-8")
    assert run("scan", "--snapshot", "s0.json", "--conformance-pack", "pack.yaml", "-o", "r.json", "-q").code == 4
    assert run("evidence", "make", "r.json", "--snapshot", "s0.json", "-o", "r.zip").code == 0
    result = run("evidence", "verify", "r.zip")
    assert result.code == 0, result
    assert ": undecided: what its conformance pack asks was not known" in result.out


def test_a_report_that_says_something_else_of_its_sources_is_found(stored: Path, run: Run) -> None:
    header = REPORTS[3].snapshot
    lie = replace(REPORTS[3], snapshot=replace(header, report_generated_at=header.captured_at))
    (stored / "lie.json").write_bytes(dump_report(lie))
    assert run("evidence", "make", "lie.json", "--snapshot", "s3.json", "-o", "lie.zip").code == 0
    result = run("evidence", "verify", "lie.zip")
    assert (result.code, "judged again, `snapshot` is not what the snapshot says" in result.out) == (1, True), result


def test_verdicts_that_no_rule_here_can_check_do_not_pass(stored: Path, run: Run) -> None:
    honest = night(3, NIGHTS[3])
    unknown = [replace(each, source_identifier="ELSEWHERE") for each in honest.rules]
    header = replace(honest.snapshot, report_generated_at=honest.snapshot.captured_at)
    (stored / "lie.json").write_bytes(dump_report(replace(honest, rules=tuple(unknown), snapshot=header)))
    result = run("evidence", "verify", "lie.json", "--snapshot", "s3.json")
    assert result.code == 1
    assert "judged again, `snapshot` is not what the snapshot says" in result.out
    assert "cannot be judged again, because none of its rules is installed here" in result.out
    assert f"Not judged again in lie.json: {MFA}: the rule is not installed here" in result.out


def test_a_control_that_a_rule_does_not_support_is_found(stored: Path, run: Run) -> None:
    honest = night(3, NIGHTS[3])
    (rule,) = honest.rules
    lie = replace(honest, rules=(replace(rule, controls={**rule.controls, "CIS-AWS-4.0.1": ("1.1",)}),))
    (stored / "lie.json").write_bytes(dump_report(lie))
    result = run("evidence", "verify", "lie.json", "--snapshot", "s3.json")
    assert (result.code, f"{MFA}: its `controls` is not that of the rule" in result.out) == (1, True), result


def test_a_note_that_a_rule_was_undecided_excuses_no_verdict(stored: Path, run: Run) -> None:
    note = f"{MFA} is undecided: its parameters are not known"
    noted = PackSummary("pack.yaml", (MFA,), (), 0, 0, (note,))
    lie = replace(night(3, people(FIXED)), snapshot=REPORTS[3].snapshot, packs=(noted,))
    (stored / "lie.json").write_bytes(dump_report(lie))
    result = run("evidence", "verify", "lie.json", "--snapshot", "s3.json")
    assert (result.code, f"{MFA} on eve: NON_COMPLIANT is not in the report" in result.out) == (1, True), result


@settings(max_examples=10)
@given(accounts(), exceptions, st.sampled_from([None, timedelta(hours=4), timedelta(0)]), st.data())
def test_the_rules_say_the_same_again_whatever_is_known(
    seen: Snapshot, suppressed: list[Suppression], oldest: timedelta | None, data: st.DataObject
) -> None:
    snapshot = data.draw(st.one_of(st.just(seen), partly_read(seen)))
    report = audit(snapshot, suppressions=suppressed, as_of=NOW, max_report_age=oldest)
    again = judged_again(load_report(dump_report(report), "the report"), snapshot)
    assert (again.differences, again.not_judged) == ([], [])
    assert again.findings == len(report.findings)


def test_a_severity_of_the_configuration_is_that_of_the_second_judgement(stored: Path, run: Run) -> None:
    rule = configured(MFA)
    milder = replace(rule, rule=replace(rule.rule, severity=Severity.LOW))
    (stored / "mild.json").write_bytes(dump_report(night(3, NIGHTS[3], [milder])))
    assert run("evidence", "make", "mild.json", "--snapshot", "s3.json", "-o", "mild.zip").code == 0
    assert run("evidence", "verify", "mild.zip").code == 0


def test_a_history_names_runs_whose_report_is_missing(stored: Path, run: Run) -> None:
    added(stored / "h.db", *REPORTS.values())
    result = run("evidence", "make", "0.json", "3.json", "--history", "h.db", "-o", "part.zip")
    assert "no report of 1 run that the history has" in result.err
    (ledger,) = json.loads(files_of(stored / "part.zip")["index.json"])["accounts"]
    assert [each["captured_at"][:10] for each in ledger["not_enclosed"]] == ["2026-11-25"]
    assert run("evidence", "verify", "part.zip").code == 0


def test_a_period_leaves_out_other_days_and_shows_its_own_gaps(stored: Path, run: Run) -> None:
    period = ("--from", "2026-11-25", "--to", "2026-11-30")
    result = run("evidence", "make", *FILES, *period, "-o", "pack.zip")
    assert "1 report of other days left out" in result.err
    (ledger,) = json.loads(files_of(stored / "pack.zip")["index.json"])["accounts"]
    assert [(each["first"], each["days"]) for each in ledger["gaps"]] == [("2026-11-26", 1), ("2026-11-29", 2)]
    assert run("evidence", "verify", "pack.zip").code == 0


def test_an_archive_made_to_harm_is_not_unpacked(pack: Path, run: Run) -> None:
    stream = BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("index.json", b" " * 50_000_000)
        archive.writestr("SHA256SUMS", b"")
    pack.write_bytes(stream.getvalue())
    result = run("evidence", "verify", pack)
    assert result.code == 1
    assert "Fault in index.json: is compressed or encrypted, which nothing in a pack is" in result.out


def test_a_file_that_is_there_twice_is_named(pack: Path, run: Run) -> None:
    with pytest.warns(UserWarning, match="Duplicate"), zipfile.ZipFile(pack, "a") as archive:
        archive.writestr("index.json", b"{}")
    assert "Fault in index.json: is in the archive twice" in run("evidence", "verify", pack).out


REFUSED = {
    "a report and nothing to check it with": (
        ("verify", "0.json"),
        2,
        "0.json is a report, and nothing of it would be checked",
    ),
    "no such file": (("verify", "none.zip"), 3, "none.zip cannot be read"),
    "a sample without a seed": (("make", "0.json", "--sample", "2", "-o", "p.zip"), 2, "--sample needs --seed"),
    "a period without a report": (
        ("make", "0.json", "--to", "2026-01-01", "-o", "p.zip"),
        3,
        "no report is of the days",
    ),
    "a period that ends before it begins": (
        ("make", "0.json", "--from", "2026-11-25", "--to", "2026-11-24", "-o", "p.zip"),
        2,
        "the last day (--to) is before the first (--from)",
    ),
    "a snapshot of no report": (("make", "0.json", "--snapshot", "s3.json", "-o", "p.zip"), 3, "is of no report"),
    "a snapshot for a report": (("make", "s3.json", "-o", "p.zip"), 3, "s3.json is not a report"),
    "another suffix": (("make", "0.json", "-o", "p.tar"), 2, "End the name in .zip"),
}


@pytest.mark.parametrize(("arguments", "code", "text"), REFUSED.values(), ids=REFUSED)
def test_what_makes_no_pack_is_refused(
    stored: Path, run: Run, arguments: tuple[str, ...], code: int, text: str
) -> None:
    result = run("evidence", *arguments)
    assert (result.code, text in result.err) == (code, True), result
    assert not (stored / "p.zip").exists()


def test_a_report_of_a_part_is_no_evidence(stored: Path, run: Run) -> None:
    narrowed = run("report", "3.json", "--resource", "bob", "--format", "json", "-q")
    (stored / "part.json").write_text(narrowed.out, "utf-8")
    result = run("evidence", "make", "part.json", "-o", "p.zip")
    assert (result.code, "part.json lists a part of its findings only" in result.err) == (3, True), result


@pytest.fixture
def signature(stored: Path, run: Run) -> Path:
    """Return the signature of a pack, with the keys of two parties beside it."""
    key_pair(stored, "ours")
    key_pair(stored, "theirs")
    assert run("evidence", "make", *FILES, *OPTIONS, "--sign", "ours.pem", "-o", "pack.zip").code == 0
    return stored / "pack.zip.dsse.json"


def test_a_signature_is_an_in_toto_statement_on_the_archive(signature: Path, run: Run) -> None:
    envelope = json.loads(signature.read_bytes())
    statement = json.loads(b64decode(envelope["payload"]))
    schema = ROOT / "auditor/evidence/statement.schema.json"
    jsonschema.validate(statement, json.loads(schema.read_text("utf-8")))
    digest = sha256(Path("pack.zip").read_bytes()).hexdigest()
    assert statement["subject"] == [{"name": "pack.zip", "digest": {"sha256": digest}}]
    assert (statement["predicate"]["runs"], statement["predicate"]["days_without_run"]) == (4, 1)
    result = run("evidence", "verify", "pack.zip", "--key", "ours.pub.pem")
    assert (result.code, "Signature: by this key" in result.out) == (0, True), result
    before = signature.read_bytes()
    assert run("evidence", "make", *FILES, *OPTIONS, "--sign", "ours.pem", "-o", "pack.zip").code == 0
    assert signature.read_bytes() == before


def test_a_pack_that_was_forged_throughout_is_found_by_its_signature(signature: Path, run: Run) -> None:
    """Make another pack that agrees with itself, under the signature of the first."""
    assert run("evidence", "make", "0.json", "-o", "pack.zip").code == 0
    assert run("evidence", "verify", "pack.zip").code == 0
    result = run("evidence", "verify", "pack.zip", "--key", "ours.pub.pem", "--signature", signature)
    assert (result.code, "the signature is of another file" in result.out) == (1, True), result


def test_a_signature_that_says_something_else_of_the_pack_is_found(signature: Path, run: Run) -> None:
    """Sign another period than the pack has, as somebody does who has the key."""
    pack = Path("pack.zip")
    index = replace(msgspec.json.decode(files_of(pack)["index.json"], type=Index), first=date(2020, 1, 1))
    signature.write_bytes(signed(pack.read_bytes(), "pack.zip", index, Path("ours.pem").read_bytes(), "ours.pem"))
    result = run("evidence", "verify", "pack.zip", "--key", "ours.pub.pem")
    assert (result.code, "the signature says something else of the file" in result.out) == (1, True), result


def test_a_signature_by_somebody_else_or_changed_is_found(signature: Path, run: Run) -> None:
    result = run("evidence", "verify", "pack.zip", "--key", "theirs.pub.pem")
    assert (result.code, "the signature is not by this key, or was changed" in result.out) == (1, True), result
    envelope = json.loads(signature.read_bytes())
    statement = b64decode(envelope["payload"]).replace(b'"runs":4', b'"runs":5')
    signature.write_text(json.dumps({**envelope, "payload": b64encode(statement).decode()}), "utf-8")
    assert run("evidence", "verify", "pack.zip", "--key", "ours.pub.pem").code == 1


def test_what_is_no_key_or_signature_is_refused(signature: Path, run: Run) -> None:
    result = run("evidence", "make", "0.json", "--sign", "0.json", "-o", "p.zip")
    assert (result.code, "0.json holds no unencrypted private key in PEM" in result.err) == (3, True), result
    assert not Path("p.zip").exists()
    result = run("evidence", "verify", "pack.zip", "--key", "ours.pem")
    assert (result.code, "ours.pem holds no public key in PEM" in result.err) == (3, True), result
    signature.write_bytes(b'{"payload":"x","payloadType":"y","signatures":[{"keyid":"k","sig":"?"}]}')
    result = run("evidence", "verify", "pack.zip", "--key", "ours.pub.pem")
    assert (result.code, "pack.zip.dsse.json is no signature" in result.err) == (3, True), result
    result = run("evidence", "verify", "-", "--key", "ours.pub.pem")
    assert (result.code, "--key needs --signature" in result.err) == (2, True), result
    result = run("evidence", "verify", "pack.zip", "--signature", "s")
    assert (result.code, "--signature needs --key" in result.err) == (2, True), result
