"""Suppressions: set aside what they match, change no verdict, and are told of when past, unused or too broad."""

import json
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from conftest import Run
from hypothesis import given, settings
from hypothesis import strategies as st
from test_knowledge import accounts, less_known

from auditor.engine import evaluate
from auditor.facts import with_gaps
from auditor.finding import Finding
from auditor.model import ResourceType, Snapshot
from auditor.parameters import configure
from auditor.registry import load_rules
from auditor.report import Gate, exit_code
from auditor.rule import ComplianceType
from auditor.scan import audited
from auditor.selection import CORE
from auditor.snapshot import dump
from auditor.suppressions import Limits, Suppression, complaint, suppressed
from auditor.testing import ACCOUNT_ID, account, console_user, group, password_policy, user

RULES = [configure(rule, {}) for rule in load_rules().values() if rule.id in CORE]
IDS = {each.config_rule_name: each.rule.id for each in RULES}
TODAY = date(2026, 11, 24)
NOW = datetime(2026, 11, 24, 23, 59, tzinfo=UTC)
MFA, MEMBERSHIP = "mfa-enabled-for-iam-console-access", "iam-user-group-membership-check"
SNAPSHOT = account(
    users=[
        console_user("alice", mfa=False, path="/eng/", tags={"team": "a", "break-glass": "yes"}),
        console_user("bob", mfa=False, path="/ops/", tags={"team": "b"}),
        console_user("Bob.x", mfa=False),
    ],
    groups=[group("A")],
    password=password_policy(),
)


def suppression(rule: str = MFA, until: date = TODAY + timedelta(days=30), **fields: Any) -> Suppression:
    resource = {} if {"path", "tag"} & set(fields) else {"resource": "alice"}
    return Suppression(**{"rule": rule, "reason": "r", "owner": "o", "until": until, **resource, **fields})


def marked(*suppressions: Suppression, snapshot: Snapshot = SNAPSHOT) -> tuple[list[Finding], list[str]]:
    """Give the suppressed findings, and the codes of the notices."""
    findings, told = suppressed(evaluate(snapshot, RULES).findings, suppressions, snapshot, IDS, Limits(), TODAY)
    return [finding for finding in findings if finding.suppression is not None], [notice.code for _, notice in told]


MATCHES: Mapping[str, tuple[dict[str, Any], set[str]]] = {
    "a name": ({"resource": "alice"}, {"alice"}),
    "a name in other case": ({"resource": "Alice"}, set()),
    "a part of a name": ({"resource": "ali"}, set()),
    "a pattern of names": ({"resource": "?ob*"}, {"bob", "Bob.x"}),
    "a pattern in which a point is a point": ({"resource": "Bob.?"}, {"Bob.x"}),
    "an ARN": ({"resource": f"arn:aws:iam::{ACCOUNT_ID}:user/eng/alice"}, {"alice"}),
    "a pattern of ARNs": ({"resource": "arn:aws:iam::*:user/ops/*"}, {"bob"}),
    "a path": ({"path": "/ops/"}, {"bob"}),
    "a pattern of paths": ({"path": "/*s/"}, {"bob"}),
    "the root path": ({"path": "/"}, {"Bob.x"}),
    "a path without its last slash": ({"path": "/ops"}, set()),
    "a tag": ({"tag": "team=b"}, {"bob"}),
    "the key of a tag": ({"tag": "break-glass"}, {"alice"}),
    "a tag with another value": ({"tag": "team=c"}, set()),
    "a tag in other case": ({"tag": "Team=b"}, set()),
    "everything": ({"resource": "*"}, {"alice", "bob", "Bob.x"}),
    "another rule": ({"rule": "iam-password-policy", "resource": "alice"}, set()),
    "the rule's source identifier is no name of it": ({"rule": "MFA_ENABLED_FOR_IAM_CONSOLE_ACCESS"}, set()),
}


@pytest.mark.parametrize(("fields", "names"), MATCHES.values(), ids=list(MATCHES))
def test_what_a_suppression_matches(fields: dict[str, Any], names: set[str]) -> None:
    found, _ = marked(suppression(**fields))
    assert {finding.resource_name for finding in found} == names
    assert {finding.config_rule_name for finding in found} <= {MFA}


def test_a_tag_that_is_not_known_is_not_there() -> None:
    alice = with_gaps(SNAPSHOT.users.known[0], {"tags": "withheld"})
    assert marked(suppression(tag="team=a"), snapshot=account(users=[alice]))[0] == []


def test_a_pattern_does_not_hide_that_a_list_was_not_read() -> None:
    unread = account(users=SNAPSHOT.users.known, unknown=["users"])
    found, _ = marked(suppression(resource="*"), snapshot=unread)
    assert ResourceType.ACCOUNT not in {finding.resource_type for finding in found}
    found, _ = marked(suppression(resource=ACCOUNT_ID), snapshot=unread)
    assert {finding.resource_type for finding in found} == {ResourceType.ACCOUNT}


@pytest.mark.parametrize(("days", "counts"), [(1, True), (0, True), (-1, False)])
def test_a_suppression_counts_until_the_end_of_its_last_day(days: int, counts: bool) -> None:
    found, codes = marked(suppression(until=TODAY + timedelta(days=days)))
    assert bool(found) is counts
    assert codes == (["suppression-ending"] if counts else ["suppression-expired"])


@pytest.mark.parametrize(("days", "told"), [(14, True), (15, False)])
def test_a_suppression_that_ends_soon_is_told_of(days: int, told: bool) -> None:
    assert marked(suppression(until=TODAY + timedelta(days=days)))[1] == (["suppression-ending"] if told else [])


def test_an_unused_suppression_is_told_of_unless_its_rule_does_not_run() -> None:
    assert marked(suppression(resource="nobody"))[1] == ["suppression-unused"]
    findings = evaluate(SNAPSHOT, RULES[:1]).findings
    ids = {RULES[0].config_rule_name: RULES[0].rule.id}
    assert suppressed(findings, [suppression(resource="nobody")], SNAPSHOT, ids, Limits(), TODAY)[1] == ()


@pytest.mark.parametrize(("limit", "told"), [(3, False), (2, True)])
def test_a_suppression_that_matches_more_than_allowed_is_told_to_be_broad(limit: int, told: bool) -> None:
    findings, limits = evaluate(SNAPSHOT, RULES).findings, Limits(max_findings=limit)
    _, notices = suppressed(findings, [suppression(resource="*")], SNAPSHOT, IDS, limits, TODAY)
    assert [notice.code for _, notice in notices] == (["suppression-broad"] if told else [])


def test_the_first_of_two_that_match_is_the_one_that_is_told() -> None:
    found, codes = marked(suppression(reason="first"), suppression(resource="ali*", reason="second"))
    assert [finding.suppression["reason"] for finding in found if finding.suppression] == ["first"]
    assert codes == []  # neither is unused


WRONG = {
    "no resource": ({"resource": None}, "give one of"),
    "two kinds": ({"path": "/", "resource": "x"}, "give one of"),
    "a blank reason": ({"reason": " "}, "`reason` is blank"),
    "a blank owner": ({"owner": ""}, "`owner` is blank"),
    "too far ahead": ({"until": TODAY + timedelta(days=366)}, "more than 365 days ahead (at most 2027-11-24)"),
}


@pytest.mark.parametrize(("fields", "words"), WRONG.values(), ids=list(WRONG))
def test_a_wrong_suppression_is_complained_about(fields: dict[str, Any], words: str) -> None:
    assert words in str(complaint(suppression(**fields), Limits(), TODAY))


def test_a_year_ahead_is_allowed_and_more_where_it_is_configured() -> None:
    assert complaint(suppression(until=TODAY + timedelta(days=365)), Limits(), TODAY) is None
    assert complaint(suppression(until=TODAY + timedelta(days=700)), Limits(max_days=700), TODAY) is None


def test_suppressed_findings_keep_their_verdict_and_do_not_trip_the_gate() -> None:
    everything = [suppression(rule=each.rule.id, resource="*") for each in RULES]
    before = audited(SNAPSHOT, RULES, NOW)
    after = audited(SNAPSHOT, RULES, NOW, suppressions=everything)
    assert exit_code(before, Gate(fail_on_noncompliant=True, allow_incomplete=False))[0] == 1
    assert exit_code(after, Gate(fail_on_noncompliant=True, allow_incomplete=False))[0] == 0
    assert [each.compliance_type for each in after.findings] == [each.compliance_type for each in before.findings]
    assert after.summary.suppressed == len(before.findings) - 1  # the account is suppressed by its number only
    assert after.summary.counts[ComplianceType.NON_COMPLIANT] == 0
    assert [each.coverage for each in after.rules] == [each.coverage for each in before.rules]


patterns = st.sampled_from(["*", "alice", "a*", "?ob", "nobody", "[", "Admins", ACCOUNT_ID, "arn:*", ""])
places = st.one_of(
    st.builds(lambda value: {"resource": value}, patterns),
    st.builds(lambda value: {"path": value}, st.sampled_from(["/", "/*", "*", "/x/"])),
    st.builds(lambda value: {"tag": value}, st.sampled_from(["team", "team=a", "=", "x=y"])),
)
any_suppressions = st.lists(
    st.builds(
        lambda rule, place, days: suppression(rule=rule, until=TODAY + timedelta(days=days), **place),
        st.sampled_from([*IDS, "another-rule"]),
        places,
        st.integers(-2, 300),
    ),
    max_size=4,
)


@settings(max_examples=200, deadline=None)
@given(data=st.data(), first=any_suppressions, more=any_suppressions)
def test_adding_suppressions_changes_no_verdict_and_hides_nothing_that_they_do_not_match(
    data: st.DataObject, first: list[Suppression], more: list[Suppression]
) -> None:
    snapshot = data.draw(less_known(data.draw(accounts())))
    findings = evaluate(snapshot, RULES).findings
    fewer, _ = suppressed(findings, first, snapshot, IDS, Limits(), TODAY)
    after, _ = suppressed(findings, [*first, *more], snapshot, IDS, Limits(), TODAY)
    alone = [suppressed(findings, [each], snapshot, IDS, Limits(), TODAY)[0] for each in more]
    assert [each.compliance_type for each in after] == [each.compliance_type for each in findings]
    for number, (before, now) in enumerate(zip(fewer, after, strict=True)):
        matched = any(each[number].suppression is not None for each in alone)
        assert (now.suppression is not None) is (before.suppression is not None or matched)
        if before.suppression is not None:
            assert now == before


def test_every_format_shows_what_is_suppressed_and_why(run: Run, tmp_path: Path) -> None:
    (tmp_path / "s.json").write_bytes(dump(account(users=[user("alice")], password=password_policy())))
    (tmp_path / "c.toml").write_text(
        f'[[suppressions]]\nrule = "{MEMBERSHIP}"\nresource = "alice"\nreason = "leaves"\nowner = "ops"\n'
        f"ticket = 'T-1'\nuntil = 2026-12-31\n"
    )
    options = ["--as-of", "2026-11-24", "--rule", MEMBERSHIP, "--fail-on", "noncompliant"]
    scan = ["scan", "--snapshot", tmp_path / "s.json", "--config", tmp_path / "c.toml", *options]
    result = run(*scan, "-o", tmp_path / "r.json", "-o", tmp_path / "r.html")
    assert result.code == 0
    assert "The user is in no group (suppressed)" in result.out
    assert "1 suppressed, counted apart" in result.out
    finding = json.loads((tmp_path / "r.json").read_text())["findings"][0]
    assert finding["compliance_type"] == "NON_COMPLIANT"
    assert finding["suppression"] == {
        "resource": "alice",
        "reason": "leaves",
        "owner": "ops",
        "ticket": "T-1",
        "until": "2026-12-31",
    }
    assert "1 suppressed" in (tmp_path / "r.html").read_text()
    late = run(*(word if word != "2026-11-24" else "2027-01-01" for word in scan))
    assert late.code == 1
    assert "has ended and no longer counts" in late.err
