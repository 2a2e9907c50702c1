"""What holds of any planned change: it is judged as the account that it leaves, and hiding values only leaves doubt."""

from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory

from generated_accounts import accounts
from generated_plans import Model, hidden, planned
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from judging_plans import Answers, answers, report_of_plan
from plans import Json, changed, plan

from auditor.account.model import Snapshot
from auditor.judging.finding import Effect, Finding
from auditor.judging.rule import ComplianceType
from auditor.report.audit import audit
from auditor.report.report import Report

SLOW = settings(
    deadline=None, max_examples=40, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
STRUCTURAL = {
    "iam-user-group-membership-check",
    "iam-group-has-users-check",
    "iam-user-no-policies-check",
    "iam-no-inline-policy-check",
    "iam-policy-blacklisted-check",
}
"""The rules that judge what a plan can settle of users and groups."""
UNDECIDED = "INSUFFICIENT_DATA"
Planned = tuple[Model, Json, Model]


def report(made: Json, over: Snapshot | None = None) -> Report:
    with TemporaryDirectory() as folder:
        return report_of_plan(Path(folder), made, over)


def structural(found: Answers) -> dict[tuple[str, str], str]:
    return {key: verdict for key, (verdict, _) in found.items() if key[0] in STRUCTURAL}


@SLOW
@given(over=accounts())
def test_a_plan_without_changes_changes_no_finding(over: Snapshot) -> None:
    same = changed("aws_iam_user.same", "no-op", before={"name": "same"}, after={"name": "same"})
    for made in (plan(), plan(same)):
        found = report(made, over)
        assert found.planned is not None
        assert {each.change for each in found.findings} <= {Effect.UNCHANGED}
        assert not sum(count for effect, count in found.planned.counts.items() if effect is not Effect.UNCHANGED)


@SLOW
@given(case=planned())
def test_a_change_is_judged_as_the_account_that_it_leaves(case: Planned) -> None:
    before, made, after = case
    expected = structural(answers(audit(after.built(), "all")))
    found = structural(answers(report(made, before.built())))
    assert {key: found[key] for key in expected} == expected


@SLOW
@given(case=planned())
def test_alone_no_verdict_is_given_that_the_account_refutes(case: Planned) -> None:
    _, made, after = case
    right = structural(answers(audit(after.built(), "all")))
    for key, verdict in structural(answers(report(made))).items():
        assert verdict in (UNDECIDED, right.get(key, verdict)), key


@SLOW
@given(data=st.data(), case=planned())
def test_hiding_values_turns_verdicts_only_into_undecided_ones(data: st.DataObject, case: Planned) -> None:
    before, made, _ = case
    less = data.draw(hidden(made))
    for over in (before.built(), None):
        known = structural(answers(report(made, over)))
        for key, verdict in structural(answers(report(less, over))).items():
            assert verdict in (UNDECIDED, known.get(key, verdict)), key


def sins(findings: tuple[Finding, ...]) -> Counter[str]:
    return Counter(each.fingerprint for each in findings if each.compliance_type is ComplianceType.NON_COMPLIANT)


@SLOW
@given(data=st.data(), case=planned())
def test_every_finding_of_before_and_after_is_counted_once(data: st.DataObject, case: Planned) -> None:
    before, made, _ = case
    over = before.built()
    found = report(data.draw(hidden(made)), over)
    assert found.planned is not None
    effects = Counter(each.change for each in found.findings if each.compliance_type is ComplianceType.NON_COMPLIANT)
    assert effects[None] == effects[Effect.RESOLVED] == 0
    assert sum(effects.values()) == sum(sins(found.findings).values())
    unchanged = tuple(each for each in found.findings if each.change is Effect.UNCHANGED)
    left = sins(unchanged) + sins(found.planned.resolved) + sins(found.planned.lost)
    assert left == sins(audit(over, "all").findings)
