"""Baselines: what they know, what they forgive, which entries forgive nothing, and what the gate makes of it."""

import json
from typing import Any

import pytest
from five_rules import FIVE
from msgspec.structs import replace
from rule_parameters import configured
from two_reports import anew, moved, report_of

from auditor.account.model import Snapshot
from auditor.errors import SourceError, UsageError
from auditor.judging.rule import ComplianceType, Severity
from auditor.report import baseline_text
from auditor.report.baseline import Baseline, baseline_of, forgiven, load_baseline
from auditor.report.changes import BaselineSummary, Outcome, Unproven
from auditor.report.gate import Gate, exit_code
from auditor.report.narrowing import narrowed
from auditor.report.reading import load_report
from auditor.report.report import Report, dump_report
from auditor.testing import account, console_user, group, password_policy, user

MFA = "mfa-enabled-for-iam-console-access"
BOB, EVE = (console_user(name, mfa=False, groups=["A"]) for name in ("bob", "eve"))
ON_NEW = Gate(fail_on_noncompliant=True, allow_incomplete=False, on_new=True)


def people(*users: Any, **fields: Any) -> Snapshot:
    return account(users=list(users), **{"groups": [group("A")], "password": password_policy(), **fields})


def report(*users: Any, **fields: Any) -> Report:
    return report_of(people(*users, **fields), [configured(MFA)])


def summary_of(report: Report) -> BaselineSummary:
    assert report.baseline is not None
    return report.baseline


def test_a_baseline_knows_what_is_open() -> None:
    baseline = baseline_of(report_of(people(BOB, user("carol", groups=["A"], unknown=["credentials"])), FIVE))
    assert [(each.config_rule_name, each.resource_name) for each in baseline.findings] == [(MFA, "bob")]
    assert [rule.config_rule_name for rule in baseline.rules] == [each.config_rule_name for each in FIVE]


def test_a_baseline_reads_back_from_its_document_and_from_the_report() -> None:
    baseline = baseline_of(report(BOB))
    assert load_baseline(baseline.to_json().encode(), "b.json") == baseline
    assert load_baseline(dump_report(report(BOB)), "r.json") == baseline


REFUSED = "--fail-on new: {} NON_COMPLIANT, not known from the baseline"
NOTHING_DECIDED = "nothing was decided: no finding is COMPLIANT or NON_COMPLIANT, and some facts are unknown"
UNDECIDED_BOB = user("bob", unknown=["credentials"])
PASSED = "audited, complete; {} not count"
ONE, TWO = "1 finding known from the baseline does", "2 findings known from the baseline do"


@pytest.mark.parametrize(
    ("known", "now", "code", "reason"),
    [
        pytest.param([BOB], [BOB], 0, PASSED.format(ONE), id="same"),
        pytest.param([BOB, EVE], [BOB, EVE], 0, PASSED.format(TWO), id="both"),
        pytest.param([BOB], [BOB, EVE], 1, f"{REFUSED.format('1 finding is')}; {ONE} not count", id="another"),
        pytest.param([], [BOB, EVE], 1, REFUSED.format("2 findings are"), id="nothing known"),
        pytest.param([BOB], [anew(BOB)], 1, REFUSED.format("1 finding is"), id="made anew"),
        pytest.param([BOB], [moved(BOB)], 1, REFUSED.format("1 finding is"), id="moved"),
        pytest.param([UNDECIDED_BOB], [BOB], 1, REFUSED.format("1 finding is"), id="was undecided"),
        pytest.param([BOB], [UNDECIDED_BOB], 4, NOTHING_DECIDED, id="undecided"),
        pytest.param([BOB], [EVE, UNDECIDED_BOB], 1, REFUSED.format("1 finding is"), id="undecided and new"),
    ],
)
def test_the_gate_passes_only_what_is_known(known: Any, now: Any, code: int, reason: str) -> None:
    checked = forgiven(report(*now), baseline_of(report(*known)), "b.json")
    assert exit_code(checked, ON_NEW) == (code, reason)


def test_without_on_new_the_gate_names_its_own_option() -> None:
    checked = forgiven(report(BOB, EVE), baseline_of(report(BOB)), "b.json")
    code, reason = exit_code(checked, Gate(fail_on_noncompliant=True, allow_incomplete=False))
    assert (code, reason.partition(":")[0]) == (1, "--fail-on noncompliant")


def test_known_findings_below_the_least_severity_are_counted_once() -> None:
    checked = forgiven(report(BOB, EVE), baseline_of(report(BOB)), "b.json")
    code, reason = exit_code(checked, replace(ON_NEW, min_severity=Severity.HIGH))
    assert (code, reason) == (
        0,
        "audited, complete; 2 NON_COMPLIANT findings below --min-severity HIGH do not count",
    )


def test_what_is_known_stays_in_every_count() -> None:
    plain = report(BOB, EVE)
    checked = forgiven(plain, baseline_of(report(BOB)), "b.json")
    assert (checked.summary, checked.rules) == (plain.summary, plain.rules)
    assert [(each.resource_name, each.known) for each in checked.findings] == [("bob", True), ("eve", False)]


@pytest.mark.parametrize(
    ("now", "stale", "idle"),
    [
        (report(), [Outcome.RESOLVED], []),
        (report(console_user("bob", mfa=True)), [Outcome.RESOLVED], []),
        (report(unknown=["users"]), [], [(Outcome.NOT_SEEN, Unproven.SOURCE_INCOMPLETE)]),
        (report(user("bob", unknown=["credentials"])), [], [(Outcome.NOT_SEEN, Unproven.UNDECIDED)]),
        (report_of(people(BOB), [configured("iam-password-policy")]), [], [(Outcome.NOT_SEEN, Unproven.RULE_NOT_RUN)]),
    ],
    ids=["gone", "in order", "not listed", "undecided", "not run"],
)
def test_entries_that_forgive_nothing_are_named(now: Report, stale: list[Any], idle: list[Any]) -> None:
    found = summary_of(forgiven(now, baseline_of(report(BOB)), "b.json"))
    assert [each.outcome for each in found.stale] == stale
    assert [(each.outcome, each.reason) for each in found.idle] == idle


def test_the_text_names_ten_entries_and_counts_the_others() -> None:
    many = [console_user(f"user-{number:02}", mfa=False) for number in range(12)]
    found = summary_of(forgiven(report(BOB), baseline_of(report(BOB, *many)), "b.json"))
    told = list(baseline_text.baseline_warnings(found, {MFA: "shown name"}))
    assert told[0] == "baseline b.json: shown name on user-00 is resolved; write the baseline again"
    assert told[-1] == "baseline b.json: 2 more entries are resolved (the JSON report names them all)"
    assert len(told) == 11
    assert baseline_text.line(found) == "Baseline b.json: 1 of 13 known findings still there, 12 resolved"


def test_a_baseline_of_another_account_is_refused() -> None:
    baseline = baseline_of(report(BOB))
    other = replace(baseline, account=replace(baseline.account, id="444455556666"))
    with pytest.raises(
        UsageError, match=r"the baseline b.json is of account 444455556666 .* this report is of account 1"
    ):
        forgiven(report(BOB), other, "b.json")


def test_a_narrowed_report_makes_no_baseline() -> None:
    with pytest.raises(SourceError, match=r"r.json lists 1 of 2 findings, because it was narrowed"):
        baseline_of(narrowed(report(BOB, EVE), [], ["bob"]), "r.json")


GONE = report(EVE)
FIXED = report(console_user("bob", mfa=True, groups=["A"]))
OTHER_RULE = report_of(people(BOB), [replace(configured("iam-password-policy"), config_rule_name=MFA)])


@pytest.mark.parametrize(
    ("now", "kept"),
    [
        pytest.param(report(unknown=["users"]), ["bob"], id="not listed"),
        pytest.param(report(UNDECIDED_BOB), ["bob"], id="undecided"),
        pytest.param(report_of(people(BOB), [configured("iam-password-policy")]), ["bob"], id="not run"),
        pytest.param(report(BOB), ["bob"], id="still there"),
        pytest.param(GONE, ["eve"], id="gone"),
        pytest.param(FIXED, [], id="in order"),
        pytest.param(report(anew(BOB)), ["bob"], id="made anew"),
        pytest.param(OTHER_RULE, [], id="another rule of the name"),
    ],
)
def test_a_new_baseline_keeps_what_was_not_seen(now: Report, kept: list[str]) -> None:
    baseline = baseline_of(now, "r.json", baseline_of(report(BOB)))
    assert [each.resource_name for each in baseline.findings] == kept
    assert load_baseline(baseline.to_json().encode(), "b.json") == baseline


def test_what_is_kept_is_forgiven_when_it_is_seen_again_and_a_user_made_anew_is_not() -> None:
    kept = baseline_of(report(unknown=["users"]), "r.json", baseline_of(report(BOB)))
    assert exit_code(forgiven(report(BOB), kept, "b.json"), ON_NEW)[0] == 0
    assert exit_code(forgiven(report(anew(BOB)), kept, "b.json"), ON_NEW)[0] == 1


def test_a_baseline_of_another_account_is_not_kept() -> None:
    other = baseline_of(report(BOB))
    other = replace(other, account=replace(other.account, id="444455556666"))
    with pytest.raises(UsageError, match="the earlier baseline is of account 444455556666"):
        baseline_of(report(BOB), "r.json", other)


def changed(**fields: Any) -> bytes:
    return json.dumps({**json.loads(baseline_of(report(BOB)).to_json()), **fields}).encode()


ENTRY: Any = json.loads(baseline_of(report(BOB)).to_json())["findings"][0]


@pytest.mark.parametrize(
    ("document", "message"),
    [
        (changed(version=2), "b.json is not a readable baseline: Invalid enum value 2"),
        (changed(findings=[ENTRY, ENTRY]), f"the fingerprint {ENTRY['fingerprint']} is listed twice"),
        (changed(rules=[]), f"a finding is of {MFA}, which the baseline has no rule of"),
        (changed(findings=[{**ENTRY, "resource_type": "x"}]), r"Invalid enum value 'x' - at `\$.findings\[0\]"),
        (changed()[:-9], "b.json is not a readable baseline"),
        (changed().replace(b'"version"', b'"version": 1, "version"'), "the key 'version' stands twice"),
        (changed(format="iam-audit-snapshot"), 'b.json is not a report: its "format" is "iam-audit-snapshot"'),
    ],
    ids=["version", "twice", "no rule", "type", "cut", "key twice", "snapshot"],
)
def test_what_is_no_baseline_is_refused(document: bytes, message: str) -> None:
    with pytest.raises(SourceError, match=message):
        load_baseline(document, "b.json")


def with_known(report: Report, **fields: Any) -> bytes:
    findings = tuple(replace(each, **fields) if each.resource_name == "bob" else each for each in report.findings)
    return dump_report(replace(report, findings=findings))


CHECKED = forgiven(report(BOB, console_user("carol", mfa=True)), baseline_of(report(BOB)), "b.json")


@pytest.mark.parametrize(
    "document",
    [
        with_known(report(BOB), known=True),
        with_known(CHECKED, known=False),
        dump_report(replace(CHECKED, findings=tuple(replace(each, known=True) for each in CHECKED.findings))),
    ],
    ids=["no baseline", "fewer", "compliant"],
)
def test_a_stored_report_that_forgives_what_its_baseline_does_not_is_refused(document: bytes) -> None:
    with pytest.raises(SourceError, match="baseline"):
        load_report(document, "r.json")


def test_a_report_of_before_there_were_baselines_reads() -> None:
    document = json.loads(dump_report(report(BOB)))
    del document["baseline"]
    for finding in document["findings"]:
        del finding["known"]
    read = load_report(json.dumps(document).encode(), "old.json")
    assert dump_report(read) == dump_report(report(BOB))


def test_the_rules_of_a_baseline_are_held_against_those_that_run() -> None:
    baseline: Baseline = baseline_of(report_of(people(BOB), [configured("iam-password-policy"), configured(MFA)]))
    found = summary_of(forgiven(report(BOB), baseline, "b.json"))
    assert [(each.subject, each.new) for each in found.differences] == [("iam-password-policy", None)]
    assert found.known == 1


def test_nothing_but_non_compliant_is_ever_known() -> None:
    kinds = {each.compliance_type for each in CHECKED.findings if each.known}
    assert kinds == {ComplianceType.NON_COMPLIANT}
