"""The door for programs: `import auditor` reads, audits and writes, and costs nothing before it is used."""

import json
import pickle
import re
import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from aws_server import Front
from exports_folder import write as write_exports
from msgspec.structs import replace
from plans import created, plan

import auditor
from auditor.account.snapshot import dump
from auditor.account.unknown import UnknownFact
from auditor.judging.rule import ComplianceType
from auditor.report.report import dump_report
from auditor.selection.named import configured_rules
from auditor.testing import account, console_user, group, user

PAGES = [Path(__file__).parents[1] / "docs" / name for name in ("python.md", "baseline.md")]
NOW = datetime(2026, 11, 24, 3, tzinfo=UTC)
SNAPSHOT = account(users=[console_user("bob", mfa=False), user("eve", unknown=["credentials"])], groups=[group("A")])
LATER = replace(SNAPSHOT, captured_at=NOW + timedelta(days=2))
PLAN = json.dumps(plan(created("aws_iam_user.new", name="new", path="/")))
TEMPLATE = (
    "Parameters: {Team: {Type: String}}\nResources: {G: {Type: AWS::IAM::Group, Properties: {GroupName: !Ref Team}}}"
)


def examples() -> list[str]:
    texts = (page.read_text(encoding="utf-8") for page in PAGES)
    return [example for text in texts for example in re.findall(r"```python\n(.*?)```", text, re.DOTALL)]


@pytest.mark.parametrize("example", examples())
def test_the_examples_of_the_page_run(
    example: str, aws: Front, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "monday.json.gz").write_bytes(dump(SNAPSHOT))
    (tmp_path / "exports").mkdir()
    write_exports(tmp_path / "exports")
    (tmp_path / "infrastructure").mkdir()
    (tmp_path / "plan.json").write_text(PLAN, "utf-8")
    (tmp_path / "template.yaml").write_text(TEMPLATE, "utf-8")
    example = example.replace("111122223333", "123456789012").replace('profile="audit", ', "")
    exec(compile(example, str(PAGES), "exec"), {})
    assert aws is not None


def test_a_program_gets_what_the_command_line_shows(run: Any, tmp_path: Path) -> None:
    (tmp_path / "s.json").write_bytes(dump(SNAPSHOT))
    shown = run("scan", "--snapshot", tmp_path / "s.json", "--format", "json", "--as-of", "2026-11-24T03:00:00Z")
    report = auditor.audit(auditor.load_snapshot(tmp_path / "s.json"), as_of=NOW)
    assert report.to_json() + "\n" == shown.out


def test_rules_are_named_or_configured_and_parameters_given_by_name() -> None:
    report = auditor.audit(SNAPSHOT, ["ACCESS_KEYS_ROTATED"], {"access-keys-rotated": {"maxAccessKeyAge": 30}})
    assert [rule.parameters for rule in report.rules] == [{"maxAccessKeyAge": 30}]
    assert len(auditor.audit(SNAPSHOT, "core").rules) == 5
    again = auditor.audit(SNAPSHOT, configured_rules(["access-keys-rotated"]))
    assert [rule.config_rule_name for rule in again.rules] == ["access-keys-rotated"]


@pytest.mark.parametrize(
    ("rules", "parameters", "message"),
    [
        ("some", None, "there is no set of rules 'some'"),
        (["x-y-z"], None, "there is no rule 'x-y-z'"),
        ([], None, "no rule was given"),
        (
            ["iam-password-policy"],
            {"access-keys-rotated": {"maxAccessKeyAge": 1}},
            "access-keys-rotated has parameters",
        ),
        (["iam-password-policy"], {"iam-password-policy": {"MaxPasswordAge": 0}}, "MaxPasswordAge is 0, out of range"),
        (configured_rules("core") * 2, None, "two rules would report as"),
        (configured_rules("core"), {"iam-password-policy": {}}, "every rule is configured already"),
    ],
    ids=["set", "rule", "nothing", "unnamed", "range", "twice", "configured"],
)
def test_what_makes_no_sense_is_refused(rules: Any, parameters: Any, message: str) -> None:
    with pytest.raises(auditor.AuditError, match=re.escape(message)):
        auditor.audit(SNAPSHOT, rules, parameters)


def test_a_snapshot_is_read_from_a_path_or_from_bytes(tmp_path: Path) -> None:
    document = dump(SNAPSHOT)
    (tmp_path / "s.json").write_bytes(document)
    for source in (tmp_path / "s.json", str(tmp_path / "s.json"), document):
        assert auditor.load_snapshot(source) == SNAPSHOT
    with pytest.raises(auditor.AuditError, match="the snapshot is empty"):
        auditor.load_snapshot(b"")


def test_a_report_is_written_and_read_again(tmp_path: Path) -> None:
    report = auditor.audit(SNAPSHOT, as_of=NOW)
    for suffix in ("json", "html", "csv", "jsonl"):
        auditor.write(report, tmp_path / f"r.{suffix}")
    assert auditor.load_report(tmp_path / "r.json").to_json() == report.to_json()
    assert auditor.load_report(dump_report(report)).to_json() == report.to_json()
    with pytest.raises(auditor.AuditError, match="unknown format"):
        auditor.write(report, tmp_path / "r.pdf")
    assert sorted(path.suffix for path in tmp_path.iterdir()) == [".csv", ".html", ".json", ".jsonl"]


def test_reports_are_compared_and_the_comparison_is_written(tmp_path: Path) -> None:
    old, new = auditor.audit(SNAPSHOT, "core", as_of=NOW), auditor.audit(SNAPSHOT, "aws-config", as_of=NOW)
    found: auditor.Comparison = auditor.compare(old, new)
    assert found.differences
    for suffix in ("json", "md", "html"):
        auditor.write(found, tmp_path / f"changes.{suffix}")
    assert (tmp_path / "changes.json").read_text() == found.to_json() + "\n"
    with pytest.raises(auditor.AuditError, match="unknown format"):
        auditor.write(found, tmp_path / "changes.csv")


def test_evidence_is_that_of_the_command_line(run: Any, tmp_path: Path) -> None:
    snapshot = replace(SNAPSHOT, account=replace(SNAPSHOT.account, alias="caf\u00e9 \u202e"))
    report = auditor.audit(snapshot, as_of=NOW)
    auditor.write(report, tmp_path / "r.json")
    (tmp_path / "s.json").write_bytes(dump(snapshot))
    options = ("--snapshot", tmp_path / "s.json", "--sample", "2", "--seed", "7", "-o", tmp_path / "c.zip")
    assert run("evidence", "make", tmp_path / "r.json", *options).code == 0
    stored = auditor.make_evidence([tmp_path / "r.json"], snapshots=[tmp_path / "s.json"], sample=2, seed=7)
    held: auditor.EvidencePack = auditor.make_evidence(report, snapshots=[snapshot], sample=2, seed=7)
    assert stored == held
    (account_of_pack,) = held.index.accounts
    assert [each.captured_at for each in account_of_pack.runs] == [snapshot.captured_at]
    written = auditor.write(held, tmp_path / "{account_id}.zip")
    assert written == tmp_path / "111122223333.zip"
    assert written.read_bytes() == (tmp_path / "c.zip").read_bytes()
    found: auditor.PackVerification = auditor.verify_evidence(written)
    assert (found.faults, [each.findings for each in found.reruns]) == ((), [len(report.findings)])
    assert auditor.verify_evidence(held.content) == found


def test_evidence_that_is_none_is_refused(tmp_path: Path) -> None:
    report = auditor.audit(SNAPSHOT, as_of=NOW)
    other = auditor.make_evidence([report], first=date(2026, 11, 1))
    changed = other.content.replace(b"INSUFFICIENT_DATA", b"insufficient_data", 1)
    assert auditor.verify_evidence(changed).faults
    assert auditor.make_evidence([report, auditor.audit(LATER, as_of=NOW)], last=NOW.date()).left_out == 1
    for given, message in (
        ({"reports": []}, "no report was given"),
        ({"reports": [b"{}"]}, "the report"),
        ({"reports": [report], "snapshots": [account()]}, "is of no report of the pack"),
        ({"reports": [report], "first": date(2027, 1, 1)}, "no report is of the days"),
        ({"reports": [report], "sample": 0}, "a sample of 0 findings cannot be drawn"),
        ({"reports": [report], "history": tmp_path / "none.db"}, "none.db"),
    ):
        with pytest.raises(auditor.AuditError, match=re.escape(message)):
            auditor.make_evidence(**given)
    with pytest.raises(auditor.AuditError, match="the pack is"):
        auditor.verify_evidence(b"PK")
    with pytest.raises(auditor.AuditError, match="unknown format"):
        auditor.write(other, tmp_path / "pack.tar")


def test_snapshots_rules_and_reports_survive_pickle() -> None:
    rules = configured_rules("all")
    report = auditor.audit(SNAPSHOT, rules, as_of=NOW)
    assert pickle.loads(pickle.dumps(SNAPSHOT)) == SNAPSHOT
    assert pickle.loads(pickle.dumps(rules)) == rules
    assert pickle.loads(pickle.dumps(report)) == report
    eve = pickle.loads(pickle.dumps(SNAPSHOT)).users.known_part[1]
    with pytest.raises(UnknownFact):
        _ = eve.credentials


def worst_verdict(snapshot: auditor.Snapshot) -> tuple[ComplianceType, auditor.Report]:
    report = auditor.audit(snapshot, as_of=NOW)
    return report.summary.compliance_type, report


def test_accounts_are_audited_in_other_processes() -> None:
    with ProcessPoolExecutor(1) as pool:
        ((verdict, report),) = pool.map(worst_verdict, [SNAPSHOT])
    assert (verdict, report) == worst_verdict(SNAPSHOT)


def test_errors_survive_pickle() -> None:
    with pytest.raises(auditor.AuditError) as raised:
        auditor.load_snapshot("nowhere.json")
    again = pickle.loads(pickle.dumps(raised.value))
    assert (type(again), again.message, again.hint) == (type(raised.value), raised.value.message, raised.value.hint)


def imported_by(code: str) -> set[str]:
    script = f"{code}\nimport sys, json; print(json.dumps(sorted(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True, text=True)
    return set(msgspec.json.decode(done.stdout))


HEAVY = {"boto3", "botocore", "click", "rich", "jinja2", "jmespath", "moto", "yaml"}


def test_importing_costs_nothing_before_it_is_used() -> None:
    assert {name for name in imported_by("import auditor") if name.startswith("auditor")} == {"auditor"}
    assert not imported_by("from auditor import audit, load_snapshot, load_report, write") & HEAVY


def test_the_door_offers_what_it_says() -> None:
    assert set(auditor.__all__) <= set(dir(auditor))
    for name in auditor.__all__:
        assert getattr(auditor, name) is not None
    with pytest.raises(AttributeError, match="nothing_like_it"):
        _ = auditor.nothing_like_it


def test_a_program_judges_a_planned_change_as_the_command_line_does(run: Any, tmp_path: Path) -> None:
    (tmp_path / "s.json").write_bytes(dump(SNAPSHOT))
    (tmp_path / "plan.json").write_text(PLAN, "utf-8")
    (tmp_path / "template.yaml").write_text(TEMPLATE, "utf-8")
    named = ("--terraform-plan", tmp_path / "plan.json", "--cloudformation", tmp_path / "template.yaml")
    given = ("--stack-parameter", "Team=ops", "--format", "json", "--as-of", "2026-11-24T03:00:00Z")
    changes = [
        auditor.read_terraform_plan(tmp_path / "plan.json"),
        auditor.read_cloudformation_template(tmp_path / "template.yaml", parameters={"Team": "ops"}),
    ]
    over = auditor.audit_change(changes, auditor.load_snapshot(tmp_path / "s.json"), as_of=NOW)
    assert over.to_json() + "\n" == run("scan", *named, *given, "--snapshot", tmp_path / "s.json").out
    alone = auditor.audit_change(changes[0], rules=["iam-user-group-membership-check"], as_of=NOW)
    (finding,) = alone.findings
    assert (finding.resource_name, finding.compliance_type, finding.change) == ("new", "NON_COMPLIANT", "introduced")


def test_a_parameter_that_a_template_does_not_have_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "template.yaml").write_text(TEMPLATE, "utf-8")
    with pytest.raises(auditor.AuditError, match="has no parameter 'Tema'"):
        auditor.read_cloudformation_template(tmp_path / "template.yaml", parameters={"Tema": "ops"})
