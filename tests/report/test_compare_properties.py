"""What holds of any two reports of an account: nothing is lost, and nothing is resolved that was not proven."""

from collections import Counter
from collections.abc import Iterable

from generated_accounts import accounts
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from two_reports import Key, Pair, key, open_keys, pairs_of_reports, partly_read, remade, report_of, sinners

from auditor import compare
from auditor.judging.finding import Finding
from auditor.judging.rule import ComplianceType
from auditor.report.baseline import baseline_of, forgiven, load_baseline
from auditor.report.comparison import LISTS
from auditor.report.reading import load_report
from auditor.report.report import dump_report

SLOW = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])


def keys(findings: Iterable[Finding]) -> Counter[Key]:
    return Counter(map(key, findings))


@SLOW
@given(pair=pairs_of_reports())
def test_a_report_does_not_differ_from_itself(pair: Pair) -> None:
    for report in pair:
        same = compare(report, report)
        assert same.is_empty
        assert {name for name in LISTS if getattr(same, name)} <= {"unchanged"}
        assert set(keys(same.unchanged)) == open_keys(report)


@SLOW
@given(pair=pairs_of_reports())
def test_no_finding_is_lost_or_counted_twice(pair: Pair) -> None:
    old, new = pair
    found = compare(old, new)
    assert keys([*found.new, *found.unchanged]) == Counter(open_keys(new))
    gone = [*found.resolved, *found.unchanged, *found.suppressed, *(each.finding for each in found.not_seen)]
    fingerprints = Counter(each.fingerprint for each in gone)
    assert fingerprints == Counter(fingerprint for fingerprint, _ in open_keys(old))
    assert set(keys(found.reopened)) <= set(keys(found.new))
    for changes in (found.changed, found.worse):
        assert {key(each.new) for each in changes} <= set(keys(found.unchanged))


@SLOW
@given(pair=pairs_of_reports())
def test_what_was_not_known_to_be_non_compliant_is_new(pair: Pair) -> None:
    old, new = pair
    assert set(keys(compare(old, new).new)) >= open_keys(new) - open_keys(old)
    if not compare(old, new).differences:
        assert set(keys(compare(old, new).new)) == open_keys(new) - open_keys(old)


@SLOW
@given(data=st.data())
def test_what_is_still_so_is_never_resolved_however_little_was_read(data: st.DataObject) -> None:
    before = data.draw(accounts())
    truth = data.draw(remade(data.draw(st.one_of(st.just(before), accounts()))))
    seen = data.draw(partly_read(truth))
    guilty = sinners(truth)
    resolved = compare(report_of(before), report_of(seen)).resolved
    assert not {(each.config_rule_name, each.resource_type, each.resource_id) for each in resolved} & guilty
    assert keys(resolved) <= keys(compare(report_of(before), report_of(truth)).resolved)


@SLOW
@given(data=st.data())
def test_what_exists_never_vanished_and_what_existed_never_appeared(data: st.DataObject) -> None:
    first = data.draw(accounts())
    second = data.draw(remade(data.draw(st.one_of(st.just(first), accounts()))))
    less = [data.draw(partly_read(each)) for each in (first, second)]
    found = compare(*map(report_of, less))
    ids = [{each.id for each in snapshot.users.known_part} for snapshot in (first, second)]
    assert not {each.resource_id for each in found.appeared if each.resource_type == "AWS::IAM::User"} & ids[0]
    assert not {each.resource_id for each in found.vanished if each.resource_type == "AWS::IAM::User"} & ids[1]


@SLOW
@given(pair=pairs_of_reports())
def test_a_baseline_forgives_nothing_but_the_same_non_compliant_finding(pair: Pair) -> None:
    old, new = pair
    baseline = load_baseline(baseline_of(old).to_json().encode(), "b.json")
    report = forgiven(new, baseline, "b.json")
    known = {key(each) for each in report.findings if each.known}
    assert known <= open_keys(old) & open_keys(new)
    assert all(each.compliance_type is ComplianceType.NON_COMPLIANT for each in report.findings if each.known)
    summary = report.baseline
    assert summary is not None
    assert summary.known == len(known)
    assert summary.entries == len(open_keys(old)) == summary.known + len(summary.stale) + len(summary.idle)
    assert report.summary == new.summary
    document = dump_report(report)
    assert dump_report(load_report(document, "r.json")) == document


@SLOW
@given(pair=pairs_of_reports())
def test_the_baseline_and_the_diff_agree(pair: Pair) -> None:
    old, new = pair
    found, report = compare(old, new), forgiven(new, baseline_of(old), "b.json")
    assert {key(each) for each in report.findings if each.known} == set(keys(found.unchanged))
    assert report.baseline is not None
    assert Counter(each.entry.fingerprint for each in report.baseline.stale) == Counter(
        each.fingerprint for each in found.resolved
    )
