"""Stored reports whose controls contradict their rules, or whose coverage contradicts their findings, are refused."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from five_rules import FIVE
from msgspec.structs import replace

from auditor.account.snapshot import digest, dump
from auditor.errors import SourceError
from auditor.judging.engine import Evaluation, evaluate
from auditor.judging.rule import Severity
from auditor.report.build import build, with_frameworks
from auditor.report.narrowing import narrowed
from auditor.report.reading import load_report
from auditor.report.report import Report, dump_report
from auditor.testing import account, console_user, group, password_policy, user

NOW = datetime(2026, 11, 24, 4, tzinfo=UTC)
MIXED = account(
    users=[console_user("bob", mfa=False), user("alice", groups=["A"], unknown=["credentials"])],
    groups=[group("B"), group("A")],
    password=password_policy(),
)
MFA = "mfa-enabled-for-iam-console-access"
Change = Callable[[Any], object]


def report_of(snapshot: Any = MIXED, *, suppressed: str | None = None) -> Report:
    """Return a report with all frameworks; every finding of a rule may be suppressed."""
    found = tuple(
        replace(each, suppression={"reason": "x"}) if each.config_rule_name == suppressed else each
        for each in evaluate(snapshot, FIVE).findings
    )
    made = build(snapshot, FIVE, Evaluation(found, ()), sha256=digest(dump(snapshot)), evaluated_at=NOW)
    return with_frameworks(made, ["FSBP", "CIS-AWS-3.0"])


def of_mfa(content: Any) -> Any:
    return next(each for each in content["rules"] if each["config_rule_name"] == MFA)


def control(content: Any, number: str = "IAM.5") -> Any:
    framework = next(each for each in content["frameworks"] if each["name"] == "FSBP")
    return next(each for each in framework["controls"] if each["id"] == number)


def without_control(content: Any) -> None:
    framework = next(each for each in content["frameworks"] if each["name"] == "FSBP")
    framework["controls"].remove(control(content))


def twice(content: Any) -> None:
    framework = next(each for each in content["frameworks"] if each["name"] == "FSBP")
    framework["controls"].append(control(content))


CONTROLS: dict[str, tuple[Change, str]] = {
    "a control left out": (without_control, f"control IAM.5 of FSBP does not list the rule {MFA}"),
    "a control twice": (twice, "a control of FSBP is listed twice"),
    "a framework twice": (lambda c: c["frameworks"].append(c["frameworks"][0]), "a framework is listed twice"),
    "a control without its rule": (
        lambda c: control(c).update(rules=[], complete=False, compliance_type="INSUFFICIENT_DATA"),
        f"control IAM.5 of FSBP does not list the rule {MFA}",
    ),
    "a rule without its control": (
        lambda c: of_mfa(c)["controls"].pop("FSBP"),
        f"control IAM.5 of FSBP lists the rule {MFA}",
    ),
}


@pytest.mark.parametrize(("change", "message"), CONTROLS.values(), ids=list(CONTROLS))
def test_a_stored_report_whose_controls_and_rules_do_not_name_each_other_is_refused(
    change: Change, message: str
) -> None:
    content = json.loads(dump_report(report_of()))
    change(content)
    with pytest.raises(SourceError, match=message):
        load_report(json.dumps(content).encode(), "old.json")


def test_a_control_that_is_better_than_suppressed_findings_is_refused() -> None:
    report = report_of(suppressed=MFA)
    content = json.loads(dump_report(report))
    assert dump_report(load_report(dump_report(report), "old.json")) == dump_report(report)
    assert control(content)["compliance_type"] == "NON_COMPLIANT"
    control(content)["compliance_type"] = "COMPLIANT"
    with pytest.raises(SourceError, match=r"IAM\.5 of FSBP is better than the suppressed findings of its rules"):
        load_report(json.dumps(content).encode(), "old.json")


def test_a_complete_control_of_a_rule_that_leaves_out_resources_is_refused() -> None:
    content = json.loads(dump_report(report_of()))
    of_mfa(content)["left_out"] = ["AWS::IAM::User"]
    with pytest.raises(SourceError, match="is complete, and one of its rules leaves out resources"):
        load_report(json.dumps(content).encode(), "old.json")


@pytest.mark.parametrize("part", ["resources", "seen", "unseen", "judged", "not_applicable", "undecided"])
@pytest.mark.parametrize("more", [1, -1, 5])
@pytest.mark.parametrize("narrow", [False, True])
def test_a_stored_report_whose_coverage_contradicts_its_findings_is_refused(part: str, more: int, narrow: bool) -> None:
    report = narrowed(report_of(), [Severity.LOW], []) if narrow else report_of()
    content = json.loads(dump_report(report))
    of_mfa(content)["coverage"][part] += more
    with pytest.raises(SourceError, match=f"the coverage of the rule {MFA} does not agree with its findings"):
        load_report(json.dumps(content).encode(), "old.json")


def test_undecided_resources_that_are_told_as_judged_are_refused() -> None:
    content = json.loads(dump_report(report_of()))
    coverage = of_mfa(content)["coverage"]
    coverage["judged"], coverage["undecided"] = coverage["judged"] + 1, coverage["undecided"] - 1
    with pytest.raises(SourceError, match="the coverage of the rule"):
        load_report(json.dumps(content).encode(), "old.json")


@pytest.mark.parametrize("unknown", [[], ["users"], ["groups", "users"], ["password_policy"]])
@pytest.mark.parametrize("suppressed", [None, MFA, "iam-password-policy"])
def test_reports_as_they_are_written_are_read(unknown: list[str], suppressed: str | None) -> None:
    snapshot = account(users=() if "users" in unknown else [user("alice")], groups=[group("A")], unknown=unknown)
    for each in (report_of(snapshot, suppressed=suppressed), report_of(account(), suppressed=suppressed)):
        for written in map(dump_report, (each, narrowed(each, [Severity.LOW], []))):
            assert dump_report(load_report(written, "x")) == written


BELONGING: dict[str, tuple[Change, str]] = {
    "another account": (lambda c: c["account"].update(id="999999999999"), "is not of account 999999999999"),
    "another partition": (lambda c: c["account"].update(partition="aws-cn"), "in partition aws-cn"),
    "a source twice": (
        lambda c: c["snapshot"]["sources"].append(c["snapshot"]["sources"][0]),
        "a source is listed twice",
    ),
    "another source identifier": (
        lambda c: of_mfa(c).update(source_identifier="IAM_USER_MFA_ENABLED"),
        "FSBP",
    ),
    "another word on a control": (lambda c: control(c).update(title="Nothing"), "FSBP is not what the rules"),
}


@pytest.mark.parametrize(("change", "message"), BELONGING.values(), ids=list(BELONGING))
def test_a_stored_report_whose_parts_do_not_belong_together_is_refused(change: Change, message: str) -> None:
    content = json.loads(dump_report(report_of()))
    change(content)
    with pytest.raises(SourceError, match=message):
        load_report(json.dumps(content).encode(), "old.json")
