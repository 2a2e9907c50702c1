"""The report: counts, order, exit codes, warnings, and its JSON contract."""

import io
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from five_rules import FIVE
from msgspec.structs import replace

from auditor.account.model import Notice, Snapshot
from auditor.account.snapshot import digest, dump
from auditor.errors import AuditError, SourceError
from auditor.judging.engine import RULE_ERROR, Evaluation, RuleNotice, evaluate
from auditor.judging.rule import ComplianceType, Evidence, Severity
from auditor.report.build import build
from auditor.report.gate import Gate, exit_code
from auditor.report.narrowing import narrowed
from auditor.report.reading import load_report
from auditor.report.report import Report, dump_report
from auditor.testing import account, console_user, group, password_policy, user
from auditor.writers import html as html_reporter
from auditor.writers import json as json_reporter

RULES = FIVE
NOW = datetime(2026, 11, 24, 4, tzinfo=UTC)
SCHEMA = json.loads((Path(__file__).parents[2] / "auditor/report/report.schema.json").read_text())
CLEAN = account(users=[user("alice", groups=["A"])], groups=[group("A")], password=password_policy())
SINFUL = account(
    users=[console_user("bob", mfa=False), user("alice", groups=["A"], unknown=["credentials"])],
    groups=[group("B"), group("A")],
    password=password_policy(),
)


def report_of(snapshot: Snapshot, *notices: RuleNotice) -> Report:
    evaluation = evaluate(snapshot, RULES)
    told = Evaluation(evaluation.findings, (*evaluation.notices, *notices))
    return build(snapshot, RULES, told, sha256=digest(dump(snapshot)), evaluated_at=NOW)


def contract(report: Report) -> Any:
    return json.loads(dump_report(report))


@pytest.mark.parametrize("snapshot", [CLEAN, SINFUL, account(), account(unknown=["users", "groups"])])
def test_the_json_report_obeys_its_schema(snapshot: Snapshot) -> None:
    jsonschema.Draft202012Validator(SCHEMA).validate(contract(report_of(snapshot)))


def test_the_json_report_is_the_same_for_the_same_input() -> None:
    assert dump_report(report_of(SINFUL)) == dump_report(report_of(SINFUL))


def test_a_stored_report_reads_back_to_the_same_report() -> None:
    document = dump_report(report_of(SINFUL))
    assert dump_report(load_report(document, "x")) == document


@pytest.mark.parametrize("document", [b"{}", b"", b"[" * 100_000, b'{"format":"iam-audit-report","version":2}'])
def test_what_is_no_report_is_refused(document: bytes) -> None:
    with pytest.raises(SourceError, match=r"old.json is not a readable report"):
        load_report(document, "old.json")


@pytest.mark.parametrize(
    ("kind", "hint"),
    [("iam-audit-snapshot", "makes a report of a snapshot"), ("iam-audit-baseline", "Reports are written by")],
)
def test_another_document_of_ours_is_called_by_its_kind(kind: str, hint: str) -> None:
    with pytest.raises(SourceError, match=f'old.json is not a report: its "format" is "{kind}"') as raised:
        load_report(b'{"format": "%s"}' % kind.encode(), "old.json")
    assert hint in raised.value.hint


def test_findings_are_ordered_by_rule_and_name() -> None:
    keys = [(found["config_rule_name"], found["resource_name"]) for found in contract(report_of(SINFUL))["findings"]]
    assert keys == sorted(keys)


def test_every_format_of_a_time_is_utc_with_z() -> None:
    report = contract(report_of(CLEAN))
    assert report["evaluated_at"] == "2026-11-24T04:00:00Z"
    assert report["snapshot"]["captured_at"] == "2026-11-24T03:00:00Z"


def test_counts_add_up_to_the_findings() -> None:
    report = contract(report_of(SINFUL))
    assert sum(report["summary"]["counts"].values()) == len(report["findings"])
    for rule in report["rules"]:
        mine = [found for found in report["findings"] if found["config_rule_name"] == rule["config_rule_name"]]
        assert sum(rule["counts"].values()) == len(mine)


def test_the_verdict_of_a_rule_is_its_worst() -> None:
    verdicts = {rule.config_rule_name: rule.compliance_type for rule in report_of(SINFUL).rules}
    assert verdicts == {
        "iam-group-has-users-check": ComplianceType.NON_COMPLIANT,
        "iam-password-policy": ComplianceType.COMPLIANT,
        "iam-user-group-membership-check": ComplianceType.NON_COMPLIANT,
        "iam-user-no-policies-check": ComplianceType.COMPLIANT,
        "mfa-enabled-for-iam-console-access": ComplianceType.NON_COMPLIANT,
    }


def test_rules_tell_their_effective_parameters_and_controls() -> None:
    rule = next(rule for rule in report_of(CLEAN).rules if rule.source_identifier == "IAM_PASSWORD_POLICY")
    assert rule.parameters["MinimumPasswordLength"] == 14
    assert rule.controls["FSBP"] == ("IAM.7",)


def test_a_warning_is_told_once() -> None:
    notice = RuleNotice("iam-password-policy", Notice("parameter", None, "odd"))
    assert [warning.message for warning in report_of(CLEAN, notice, notice).warnings] == ["odd"]


def counted(report: Report, failed: int, unknown: int, *, crashed: bool) -> Report:
    from auditor.report.report import ReportWarning, Summary

    counts = dict.fromkeys(ComplianceType, 0) | {
        ComplianceType.NON_COMPLIANT: failed,
        ComplianceType.INSUFFICIENT_DATA: unknown,
    }
    warnings = (ReportWarning(RULE_ERROR, "rule", None, "boom"),) if crashed else ()
    return replace(report, summary=Summary(ComplianceType.COMPLIANT, counts, 0), warnings=warnings)


@pytest.mark.parametrize("crashed", [False, True])
@pytest.mark.parametrize("failed", [0, 2])
@pytest.mark.parametrize("unknown", [0, 3])
@pytest.mark.parametrize("fail_on", [False, True])
@pytest.mark.parametrize("allow", [False, True])
def test_exit_codes_follow_their_precedence(
    crashed: bool, failed: int, unknown: int, fail_on: bool, allow: bool
) -> None:
    code, reason = exit_code(counted(report_of(CLEAN), failed, unknown, crashed=crashed), Gate(fail_on, allow))
    expected = 3 if crashed else 1 if failed and fail_on else 4 if unknown and not allow else 0
    assert code == expected
    assert reason


def test_narrowing_changes_what_is_shown_and_never_what_is_counted() -> None:
    report = report_of(SINFUL)
    shown = narrowed(report, [Severity.LOW], [])
    assert {finding.config_rule_name for finding in shown.findings} == {"iam-user-no-policies-check"}
    assert (shown.summary, shown.rules) == (report.summary, report.rules)


@pytest.mark.parametrize("pattern", ["bob", "b?b", "AIDA626F62", "arn:aws:iam::*:user/bob"])
def test_resources_are_narrowed_by_name_id_and_arn(pattern: str) -> None:
    shown = narrowed(report_of(SINFUL), [], [pattern])
    assert {finding.resource_name for finding in shown.findings} == {"bob"}


@pytest.mark.parametrize("write", [json_reporter.write, html_reporter.write])
def test_evidence_that_is_not_json_is_told_of(write: Any) -> None:
    report = report_of(CLEAN)
    odd = replace(report.findings[0], evidence=(Evidence("path", object(), "source"),))
    with pytest.raises(AuditError, match="a rule gave evidence that is not JSON"):
        write(replace(report, findings=(odd,)), io.BytesIO())


FAIL_ON, LENIENT = Gate(fail_on_noncompliant=True, allow_incomplete=False), Gate(False, True)
STRICT, BOTH = Gate(False, False), Gate(True, True)
REASONS = [
    (2, 3, BOTH, (1, "--fail-on noncompliant: 2 findings are NON_COMPLIANT")),
    (1, 0, FAIL_ON, (1, "--fail-on noncompliant: 1 finding is NON_COMPLIANT")),
    (1, 1, STRICT, (4, "incomplete: 1 finding has INSUFFICIENT_DATA")),
    (0, 1234, FAIL_ON, (4, "incomplete: 1,234 findings have INSUFFICIENT_DATA")),
    (1, 1, LENIENT, (0, "audited, incomplete as allowed")),
    (1, 0, LENIENT, (0, "audited, complete")),
]


@pytest.mark.parametrize(("failed", "unknown", "gate", "expected"), REASONS)
def test_the_reason_of_an_exit_code(failed: int, unknown: int, gate: Gate, expected: tuple[int, str]) -> None:
    assert exit_code(counted(report_of(CLEAN), failed, unknown, crashed=False), gate) == expected


MIXED = account(users=[console_user("bob", mfa=False), user("carol", attached=["Read"])], groups=[])
"""Fails MEDIUM rules and a LOW one."""
BELOW = "NON_COMPLIANT finding below --min-severity"


@pytest.mark.parametrize(
    ("least", "expected"),
    [
        (Severity.LOW, (1, "--fail-on noncompliant: 5 findings are NON_COMPLIANT")),
        (
            Severity.MEDIUM,
            (1, f"--fail-on noncompliant: 4 findings are NON_COMPLIANT; 1 {BELOW} MEDIUM does not count"),
        ),
        (
            Severity.HIGH,
            (0, "audited, complete; 5 NON_COMPLIANT findings below --min-severity HIGH do not count"),
        ),
    ],
)
def test_findings_below_the_least_severity_pass_the_gate_and_are_told(
    least: Severity, expected: tuple[int, str]
) -> None:
    assert exit_code(report_of(MIXED), Gate(True, False, least)) == expected


def test_what_is_undecided_below_the_least_severity_passes_too() -> None:
    carol = user("carol", groups=["A"], unknown=["credentials"])
    report = report_of(account(users=[carol], groups=[group("A")], password=password_policy()))
    assert exit_code(report, Gate(False, False))[0] == 4
    code, reason = exit_code(report, Gate(False, False, Severity.HIGH))
    assert (code, "1 INSUFFICIENT_DATA finding below --min-severity HIGH does not count" in reason) == (0, True)


def test_a_report_of_before_findings_had_a_severity_is_read_with_those_of_its_rules() -> None:
    report = report_of(SINFUL)
    old = json.loads(dump_report(report))
    del old["summary"]["by_severity"]
    for finding in old["findings"]:
        del finding["severity"]
    assert dump_report(load_report(json.dumps(old).encode(), "old.json")) == dump_report(report)


@pytest.mark.parametrize("place", ["a finding", "the counts"])
def test_a_stored_severity_that_is_not_the_rules_is_refused(place: str) -> None:
    stored = json.loads(dump_report(report_of(SINFUL)))
    if place == "a finding":
        stored["findings"][0]["severity"] = "CRITICAL"
    else:
        stored["summary"]["by_severity"]["LOW"]["NON_COMPLIANT"] += 1
    with pytest.raises(SourceError, match="severity"):
        load_report(json.dumps(stored).encode(), "old.json")


def test_only_a_rule_that_failed_ends_with_3() -> None:
    from auditor.report.report import ReportWarning

    gate = Gate(fail_on_noncompliant=False, allow_incomplete=False)
    crashed = counted(report_of(CLEAN), 0, 0, crashed=True)
    assert exit_code(crashed, gate) == (3, "a rule failed; its verdicts are missing")
    others = (ReportWarning("parameter", "a-rule", None, "x"), ReportWarning(RULE_ERROR, None, None, "x"))
    assert exit_code(replace(crashed, warnings=others), gate)[0] == 0


def test_the_head_names_the_tool_the_account_and_the_rule_of_a_warning() -> None:
    aliased = replace(CLEAN, account=replace(CLEAN.account, alias="prod"))
    report = report_of(aliased, RuleNotice("iam-password-policy", Notice("parameter", "bob", "odd")))
    assert (report.tool.name, report.account.alias) == ("iam-audit", "prod")
    assert [(each.code, each.config_rule_name, each.resource_name) for each in report.warnings] == [
        ("parameter", "iam-password-policy", "bob")
    ]


def test_suppressed_findings_are_counted_apart_and_a_rule_left_without_others_does_not_apply() -> None:
    evaluation = evaluate(CLEAN, RULES)
    aside = tuple(
        replace(each, suppression={"reason": "x"}) if each.config_rule_name == "iam-password-policy" else each
        for each in evaluation.findings
    )
    report = build(CLEAN, RULES, Evaluation(aside, ()), sha256="", evaluated_at=NOW)
    assert (report.summary.suppressed, sum(report.summary.counts.values())) == (1, len(aside) - 1)
    password = next(rule for rule in report.rules if rule.config_rule_name == "iam-password-policy")
    assert (password.compliance_type, sum(password.counts.values())) == (ComplianceType.NOT_APPLICABLE, 0)


def test_findings_of_one_name_are_ordered_by_arn() -> None:
    evaluation = evaluate(CLEAN, RULES)
    first = evaluation.findings[0]
    three = (replace(first, resource_arn="b"), replace(first, resource_arn=None), replace(first, resource_arn="a"))
    report = build(CLEAN, RULES, Evaluation(three, ()), sha256="", evaluated_at=NOW)
    assert [finding.resource_arn for finding in report.findings] == [None, "a", "b"]


def test_a_stored_report_whose_numbers_are_cut_is_refused_with_the_remedy() -> None:
    document = contract(report_of(CLEAN))
    for wrong in ({}, {**document["summary"]["counts"], "COMPLIANT": -1}):
        document["summary"]["counts"] = wrong
        with pytest.raises(SourceError) as raised:
            load_report(json.dumps(document).encode(), "old.json")
        assert raised.value.message == (
            "old.json is not a readable report: a summary does not count each compliance type"
        )
        assert (
            raised.value.hint == "Reports are written by `iam-audit scan -o FILE.json`; this release reads version 1."
        )


def test_evidence_that_is_not_json_is_told_of_with_the_remedy() -> None:
    report = report_of(CLEAN)
    odd = replace(report.findings[0], evidence=(Evidence("path", object(), "source"),))
    with pytest.raises(AuditError) as raised:
        dump_report(replace(report, findings=(odd,)))
    assert "type object is unsupported" in raised.value.message
    assert raised.value.hint == "Fix the plug-in that returned it."


def greener(document: Any) -> None:
    document["summary"]["compliance_type"] = "COMPLIANT"


def moved(document: Any) -> None:
    for counts in (document["summary"]["counts"], document["rules"][0]["counts"]):
        counts["COMPLIANT"] += counts.pop("NON_COMPLIANT")
        counts["NON_COMPLIANT"] = 0
    document["rules"][0]["compliance_type"] = "COMPLIANT"


def whitewashed(document: Any) -> None:
    for finding in document["findings"]:
        finding["compliance_type"] = "COMPLIANT"


def renamed(document: Any) -> None:
    document["findings"][0]["config_rule_name"] = "another-rule"


def shortened(document: Any) -> None:
    del document["findings"][0]
    whitewash = {"COMPLIANT": sum(document["summary"]["counts"].values()), "NON_COMPLIANT": 0, "INSUFFICIENT_DATA": 0}
    document["summary"]["counts"] |= whitewash
    document["summary"]["compliance_type"] = "COMPLIANT"


def doubled(document: Any) -> None:
    document["rules"].insert(0, document["rules"][0])


@pytest.mark.parametrize("forge", [greener, moved, whitewashed, renamed, shortened, doubled])
def test_a_stored_report_that_its_findings_contradict_is_refused(forge: Any) -> None:
    document = contract(report_of(SINFUL))
    forge(document)
    with pytest.raises(SourceError, match=r"old\.json is not a readable report: a "):
        load_report(json.dumps(document).encode(), "old.json")


def test_a_stored_report_that_was_narrowed_is_read() -> None:
    shown = narrowed(report_of(SINFUL), [Severity.LOW], [])
    assert load_report(dump_report(shown), "x") == shown


def test_a_report_with_suppressed_findings_is_held_to_its_findings_too() -> None:
    evaluation = evaluate(SINFUL, RULES)
    aside = (replace(evaluation.findings[0], suppression={"reason": "x"}), *evaluation.findings[1:])
    whole = build(SINFUL, RULES, Evaluation(aside, ()), sha256="", evaluated_at=NOW)
    load_report(dump_report(whole), "old.json")
    for forge in (forgotten, whitewashed):
        document = contract(whole)
        forge(document)
        with pytest.raises(SourceError, match="not agree with the"):
            load_report(json.dumps(document).encode(), "old.json")


def forgotten(document: Any) -> None:
    (rule,) = (each for each in document["rules"] if each["suppressed"])
    rule["suppressed"] = 0
