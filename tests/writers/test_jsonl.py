"""JSON Lines: a line on the report, then each finding on a line that stands by itself."""

import io
import json
from pathlib import Path
from typing import Any

import pytest
from conftest import Run
from html_reports import MFA, many, mixed, report_of, varied
from msgspec.structs import replace
from test_csv import HOSTILE, poisoned

from auditor.account.snapshot import dump
from auditor.errors import AuditError
from auditor.judging.rule import Evidence
from auditor.report.build import with_frameworks
from auditor.report.narrowing import narrowed
from auditor.report.reading import load_report
from auditor.report.report import Report, dump_report
from auditor.testing import account, console_user
from auditor.writers import jsonl


def document(report: Report) -> bytes:
    stream = io.BytesIO()
    jsonl.write(report, stream)
    return stream.getvalue()


def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return an object of JSON in which no name stands twice."""
    assert len({name for name, _ in pairs}) == len(pairs)
    return dict(pairs)


def lines(report: Report) -> list[dict[str, Any]]:
    return [json.loads(line, object_pairs_hook=once) for line in document(report).removesuffix(b"\n").split(b"\n")]


def test_the_lines_hold_what_the_json_report_holds() -> None:
    report = with_frameworks(mixed(varied), ["CIS-AWS-3.0"])
    contract = json.loads(dump_report(report))
    head, *found = lines(report)
    whole = {name: value for name, value in contract.items() if name != "findings"}
    assert head == {"record": "report", **whole}
    assert [{name: line[name] for name in contract["findings"][0]} for line in found] == contract["findings"]


def test_a_finding_tells_by_itself_of_what_account_time_and_rule_it_is() -> None:
    line = next(line for line in lines(with_frameworks(mixed(), ["FSBP"]))[1:] if line["config_rule_name"] == MFA)
    assert line["record"] == "finding"
    assert line["account"] == {"id": "111122223333", "alias": None, "partition": "aws"}
    assert (line["captured_at"], line["evaluated_at"]) == ("2026-11-24T03:00:00Z", "2026-11-24T03:00:00Z")
    assert (line["report_generated_at"], line["report_age_s"]) == ("2026-11-24T01:00:00Z", 7200)
    assert (line["severity"], line["source_identifier"]) == ("MEDIUM", "MFA_ENABLED_FOR_IAM_CONSOLE_ACCESS")
    assert line["controls"] == {"FSBP": ["IAM.5"]}


def test_without_a_framework_no_controls_are_repeated() -> None:
    assert [line["controls"] for line in lines(mixed())[1:]] == [{}] * len(mixed().findings)


@pytest.mark.parametrize("text", [text for text, _ in HOSTILE.values()], ids=list(HOSTILE))
def test_hostile_words_are_kept_and_break_no_line(text: str) -> None:
    report = poisoned(text)
    head, *found = lines(report)
    kept = text.replace("\ud800", r"\ud800")
    gap = dict.fromkeys(("error_code", "iam_action", "message"), kept)
    assert head["account"]["id"] == kept
    assert len(found) == len(report.findings)
    for line in found:
        assert line["resource_name"] == line["annotation"] == line["account"]["id"] == kept
        assert line["evidence"] == [{"path": kept, "value": {kept: kept}, "source": kept, "gap": gap}]


def test_the_same_report_gives_the_same_bytes_also_when_it_was_stored() -> None:
    report = with_frameworks(mixed(varied), ["FSBP"])
    assert document(report) == document(report) == document(load_report(dump_report(report), "r.json"))


def test_25_000_findings_are_25_000_lines() -> None:
    report = many(8334)
    assert [line["fingerprint"] for line in lines(report)[1:]] == [each.fingerprint for each in report.findings]


def test_a_report_without_findings_is_one_line() -> None:
    (head,) = lines(narrowed(mixed(), [], ["nobody"]))
    assert head["summary"] == json.loads(dump_report(mixed()))["summary"]


def test_a_finding_of_a_rule_that_the_report_lacks_is_shown() -> None:
    report = replace(report_of(account(users=[console_user("bob", mfa=False)]), MFA), rules=())
    (line,) = lines(report)[1:]
    assert (line["config_rule_name"], line["severity"], line["controls"]) == (MFA, "MEDIUM", {})


def test_evidence_that_is_not_json_is_told_of() -> None:
    report = mixed()
    odd = replace(report.findings[0], evidence=(Evidence("path", object(), "source"),))
    with pytest.raises(AuditError, match="a rule gave evidence that is not JSON"):
        document(replace(report, findings=(odd,)))


def test_json_lines_go_to_a_file_or_to_standard_output(run: Run, tmp_path: Path) -> None:
    saved = tmp_path / "snapshot.json"
    saved.write_bytes(dump(account(users=[console_user("bob", mfa=False)])))
    arguments = ["scan", "--snapshot", saved, "--rule", MFA, "-q", "--as-of", "2026-11-24"]
    assert run(*arguments, "-o", tmp_path / "r.jsonl").code == 0
    assert run(*arguments, "--format", "jsonl").out.encode() == (tmp_path / "r.jsonl").read_bytes()
