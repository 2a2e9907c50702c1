"""Suppressions: set aside what they match, change no verdict, and are told of when past, unused or too broad."""

import csv
import json
import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from conftest import Run
from generated_accounts import accounts, less_known
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from rule_parameters import configured

from auditor.account.kinds import ResourceType
from auditor.account.model import Snapshot
from auditor.account.snapshot import dump
from auditor.account.unknown import gaps_of, with_gaps
from auditor.judging.engine import evaluate
from auditor.judging.finding import Finding
from auditor.judging.parameters import configure
from auditor.judging.registry import load_rules
from auditor.judging.rule import ComplianceType
from auditor.judging.suppressions import Limits, Suppression, complaint, missing_type, suppressed
from auditor.report.audit import audit
from auditor.report.gate import Gate, exit_code
from auditor.selection.named import configured_rules
from auditor.selection.sets import CORE
from auditor.testing import (
    ACCOUNT_ID,
    account,
    console_user,
    group,
    listing,
    oidc_provider,
    password_policy,
    role,
    user,
)

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
    """Return the suppressed findings, and the codes of the notices."""
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
    "a pattern of ARNs that begins anyhow": ({"resource": "*:user/ops/*"}, {"bob"}),
    "a pattern of names is none of ARNs": ({"resource": "a*"}, {"alice"}),
    "a word of every user's ARN": ({"resource": "*user*"}, set()),
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
    alice, *others = SNAPSHOT.users.known_part
    partly = account(users=[with_gaps(alice, {"tags": "withheld"}), *others])
    assert marked(suppression(tag="team=a"), snapshot=partly)[0] == []
    assert [found.resource_name for found in marked(suppression(tag="team=b"), snapshot=partly)[0]] == ["bob"]


OF_ACCOUNTS = {
    "this account": ({"account": ACCOUNT_ID}, None, True),
    "a pattern of numbers": ({"account": "1111*"}, None, True),
    "another account": ({"account": "123456789012"}, None, False),
    "its unit": ({"ou": "Root/Sandbox*"}, "Root/Sandbox/One", True),
    "another unit": ({"ou": "Root/Sandbox*"}, "Root/Production", False),
    "a unit that is not known": ({"ou": "*"}, None, False),
    "its unit, another account": ({"ou": "Root*", "account": "123456789012"}, "Root", False),
}


@pytest.mark.parametrize(("fields", "ou", "counts"), OF_ACCOUNTS.values(), ids=list(OF_ACCOUNTS))
def test_a_suppression_of_other_accounts_counts_for_nothing(
    fields: dict[str, Any], ou: str | None, counts: bool
) -> None:
    findings = evaluate(SNAPSHOT, RULES).findings
    of_nobody = suppression(resource="nobody", **fields)
    given = [suppression(resource="bob", **fields), of_nobody]
    found, notices = suppressed(findings, given, SNAPSHOT, IDS, Limits(), TODAY, ou=ou)
    assert any(finding.suppression for finding in found) is counts
    assert [notice.code for _, notice in notices] == (["suppression-unused"] if counts else [])


def test_an_account_that_is_not_known_is_not_meant() -> None:
    assert not suppression(resource="bob", account="*").is_for(None, None)


def test_a_pattern_does_not_hide_that_a_list_was_not_read() -> None:
    unread = account(users=SNAPSHOT.users.known_part, unknown=["users"])
    found, _ = marked(suppression(resource="*"), snapshot=unread)
    assert ResourceType.ACCOUNT not in {finding.resource_type for finding in found}
    found, _ = marked(suppression(resource=ACCOUNT_ID), snapshot=unread)
    assert {finding.resource_type for finding in found} == {ResourceType.ACCOUNT}


def test_a_user_who_is_called_as_an_account_of_unknown_number_does_not_hide_that_a_list_was_not_read() -> None:
    nameless = account(users=[console_user("account", mfa=False)], unknown=["users"])
    nameless = replace(nameless, account=replace(nameless.account, id=None))
    found, _ = marked(suppression(resource="account"), snapshot=nameless)
    assert [finding.resource_type for finding in found] == [ResourceType.USER]


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


def test_a_suppression_of_what_is_in_order_is_told_not_to_be_needed() -> None:
    safe = account(users=[console_user("alice", mfa=True), console_user("bob", mfa=False)])
    assert marked(suppression(resource="alice"), snapshot=safe)[1] == ["suppression-unused"]
    assert marked(suppression(resource="*"), snapshot=safe)[1] == []
    assert marked(suppression(resource="a*"), snapshot=account(users=[user("a", unknown=["credentials"])]))[1] == []


@pytest.mark.parametrize(
    ("resource", "found"), [(ACCOUNT_ID, True), (f"arn:aws:iam::{ACCOUNT_ID}:root", True), ("*", False), ("1*", False)]
)
def test_the_account_is_meant_by_its_number_or_arn_only(resource: str, found: bool) -> None:
    weak = account(password=password_policy(8))
    set_aside, told = suppressed(
        evaluate(weak, RULES).findings,
        [suppression(rule="iam-password-policy", resource=resource)],
        *(weak, IDS, Limits(), TODAY),
    )
    assert any(finding.suppression for finding in set_aside) is found
    assert [("write its number" in notice.message) for _, notice in told] == ([] if found else [True])


def test_what_has_no_path_is_not_at_the_root() -> None:
    provider = oidc_provider("token.example/id/1", arn=f"arn:aws:iam::{ACCOUNT_ID}:oidc-provider/token.example/id/2")
    rules = [configured("iam-oidc-provider-tagged")]
    ids = {each.config_rule_name: each.rule.id for each in rules}
    tagged = suppression(rule="iam-oidc-provider-tagged", path="/*")
    here = account(oidc_providers=[provider])
    found, _ = suppressed(evaluate(here, rules).findings, [tagged], here, ids, Limits(), TODAY)
    assert [finding.suppression for finding in found] == [None]


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


def test_the_last_of_days_is_no_fault() -> None:
    assert complaint(suppression(until=date.max), Limits(), date.max) is None


def test_suppressed_findings_keep_their_verdict_and_do_not_trip_the_gate() -> None:
    everything = [suppression(rule=each.rule.id, resource="*") for each in RULES]
    before = audit(SNAPSHOT, RULES, as_of=NOW)
    after = audit(SNAPSHOT, RULES, as_of=NOW, suppressions=everything)
    assert exit_code(before, Gate(fail_on_noncompliant=True, allow_incomplete=False))[0] == 1
    assert exit_code(after, Gate(fail_on_noncompliant=True, allow_incomplete=False))[0] == 0
    assert [each.compliance_type for each in after.findings] == [each.compliance_type for each in before.findings]
    assert after.summary.suppressed == len(before.findings) - 1  # the account is suppressed by its number only
    assert after.summary.counts[ComplianceType.NON_COMPLIANT] == 0
    assert [each.coverage for each in after.rules] == [each.coverage for each in before.rules]


def test_a_suppression_by_name_holds_though_the_verdict_be_unknown_and_is_told_with_the_exit_code() -> None:
    unknown = account(users=[user("alice", unknown=["credentials"]), user("bob")])
    rules = [each for each in RULES if each.rule.id == MFA]
    strict = Gate(fail_on_noncompliant=True, allow_incomplete=False)
    assert exit_code(audit(unknown, rules, as_of=NOW), strict)[0] == 4
    after = audit(unknown, rules, as_of=NOW, suppressions=[suppression()])
    kinds = [each.compliance_type for each in after.findings]
    assert kinds == [ComplianceType.INSUFFICIENT_DATA, ComplianceType.COMPLIANT]
    assert exit_code(after, strict) == (0, "audited, incomplete as suppressed; 1 suppressed finding does not count")


@pytest.mark.parametrize(
    ("unknown", "reason"),
    [
        ([], "--fail-on noncompliant: 1 finding is NON_COMPLIANT; 2 suppressed findings do not count"),
        (["credentials"], "incomplete: 1 finding has INSUFFICIENT_DATA; 2 suppressed findings do not count"),
    ],
)
def test_what_is_not_suppressed_trips_the_gate_and_the_rest_is_told(unknown: list[str], reason: str) -> None:
    people = [console_user(name, mfa=False) for name in ("alice", "alan")]
    snapshot = account(users=[*people, console_user("bob", mfa=False, unknown=unknown)])
    rules = [each for each in RULES if each.rule.id == MFA]
    after = audit(snapshot, rules, as_of=NOW, suppressions=[suppression(resource="al*")])
    assert exit_code(after, Gate(fail_on_noncompliant=True, allow_incomplete=False))[1] == reason


ALL = [configured(rule_id) for rule_id in load_rules()]
ALL_IDS = {each.config_rule_name: each.rule.id for each in ALL}
PATHS, TAGS = ["/", "/eng/", "/eng/ops/"], [{}, {"team": "a"}, {"team": "b", "break-glass": ""}]
resources = st.sampled_from(
    [*("*", "alice", "a*", "?ob", "nobody", "Admins", "?", "R", "p*"), ACCOUNT_ID, f"arn:aws:iam::{ACCOUNT_ID}:root"]
    + [f"arn:aws:iam::{ACCOUNT_ID}:{rest}" for rest in ("*", "user/*", "user/eng/*", "user/alice", "role/?")]
)
places = st.one_of(
    st.builds(lambda value: {"resource": value}, resources),
    st.builds(lambda value: {"path": value}, st.sampled_from([*PATHS, "/*", "*", "/e*", "/eng"])),
    st.builds(
        lambda value: {"tag": value}, st.sampled_from(["team", "team=a", "break-glass", "break-glass=", "=", "x"])
    ),
)
any_suppressions = st.lists(
    st.builds(
        lambda rule, place, days: suppression(rule=rule, until=TODAY + timedelta(days=days), **place),
        st.sampled_from([*ALL_IDS, "another-rule"]),
        places,
        st.integers(-2, 300),
    ),
    min_size=1,
    max_size=8,
)


@st.composite
def placed(draw: st.DrawFn, snapshot: Snapshot) -> Snapshot:
    """Return the account with paths and tags."""

    def moved(holder: Any, kind: str) -> Any:
        path, tags = draw(st.sampled_from(PATHS)), draw(st.sampled_from(TAGS))
        return replace(holder, path=path, arn=f"arn:aws:iam::{ACCOUNT_ID}:{kind}{path}{holder.name}", tags=tags)

    users = listing([moved(each, "user") for each in snapshot.users.known_part])
    return replace(snapshot, users=users, roles=listing([moved(each, "role") for each in snapshot.roles.known_part]))


def meant(each: Suppression, finding: Finding, whole: Snapshot, less: Snapshot) -> bool:
    """Return whether a suppression is about a finding: told from the whole account, and from what is known of it."""
    if each.until < TODAY or each.rule != finding.config_rule_name:
        return False
    names = [finding.resource_name, *([finding.resource_arn] if finding.resource_arn else [])]
    if finding.resource_type is ResourceType.ACCOUNT:
        return each.resource in names
    if each.resource is not None:
        return any(like(name, each.resource) for name in (names if ":" in each.resource else names[:1]))
    kind = {ResourceType.USER: "users", ResourceType.ROLE: "roles"}.get(finding.resource_type)
    if kind is None:
        return each.path is not None and finding.resource_arn is not None and like("/", each.path)
    (real,) = (holder for holder in getattr(whole, kind).known_part if holder.name == finding.resource_name)
    if each.path is not None:
        return finding.resource_arn is not None and like(real.path, each.path)
    known = [
        holder
        for holder in getattr(less, kind).known_part
        if holder.name == real.name and "tags" not in gaps_of(holder)
    ]
    key, equals, value = (each.tag or "").partition("=")
    return bool(known) and real.tags.get(key) in ({value} if equals else {*real.tags.values()})


def like(text: str, pattern: str) -> bool:
    return re.fullmatch(re.escape(pattern).replace(r"\*", ".*").replace(r"\?", "."), text) is not None


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data(), first=any_suppressions, more=any_suppressions)
def test_adding_suppressions_changes_no_verdict_and_hides_nothing_that_they_are_not_about(
    data: st.DataObject, first: list[Suppression], more: list[Suppression]
) -> None:
    whole = data.draw(placed(data.draw(accounts())))
    less = data.draw(less_known(whole))
    findings = evaluate(less, ALL).findings
    fewer, _ = suppressed(findings, first, less, ALL_IDS, Limits(), TODAY)
    after, _ = suppressed(findings, [*first, *more], less, ALL_IDS, Limits(), TODAY)
    for plain, before, now in zip(findings, fewer, after, strict=True):
        assert replace(now, suppression=None) == plain
        assert (now.suppression is not None) is any(meant(each, plain, whole, less) for each in [*first, *more])
        if before.suppression is not None:
            assert now == before


@pytest.fixture
def scan(tmp_path: Path) -> list[object]:
    """Return the command that scans an account in which one finding is suppressed."""
    (tmp_path / "s.json").write_bytes(dump(account(users=[user("alice")], password=password_policy())))
    (tmp_path / "c.toml").write_text(
        f'[[suppressions]]\nrule = "{MEMBERSHIP}"\nresource = "alice"\nreason = "leaves"\nowner = "ops"\n'
        f"ticket = 'T-1'\nuntil = 2026-12-31\n"
    )
    options = ["--rule", MEMBERSHIP, "--fail-on", "noncompliant"]
    return ["scan", "--snapshot", tmp_path / "s.json", "--config", tmp_path / "c.toml", *options]


TOLD = {"resource": "alice", "reason": "leaves", "owner": "ops", "ticket": "T-1", "until": "2026-12-31"}


def test_every_format_shows_what_is_suppressed_and_why(run: Run, scan: list[object], tmp_path: Path) -> None:
    files = [tmp_path / f"r.{suffix}" for suffix in ("json", "jsonl", "csv", "html")]
    written = [word for file in files for word in ("-o", file)]
    result = run(*scan, "--as-of", "2026-11-24", "--framework", "cis 1.4", *written)
    assert result.code == 0
    assert "The user is in no group (suppressed)" in result.out
    assert "1 suppressed, counted apart" in result.out
    assert "audited, complete; 1 suppressed finding does not count" in result.err
    report, (_, line), (row, *_), page = (
        json.loads(files[0].read_text()),
        map(json.loads, files[1].read_text().splitlines()),
        csv.DictReader(files[2].read_text("utf-8-sig").splitlines()),
        files[3].read_text(),
    )
    for finding in (report["findings"][0], line):
        assert (finding["compliance_type"], finding["suppression"]) == ("NON_COMPLIANT", TOLD)
    assert (row["compliance_type"], row["suppressed"]) == ("NON_COMPLIANT", "yes")
    assert json.loads(row["suppression"]) == TOLD
    assert "1 suppressed" in page
    (control,) = (each for each in report["frameworks"][0]["controls"] if each["id"] == "1.15")
    assert (control["compliance_type"], control["set_aside"]) == ("NON_COMPLIANT", True)
    asked = run(*scan, "--as-of", "2026-11-24", "--query", "findings[].suppression.owner")
    assert json.loads(asked.out) == ["ops"]


def test_a_suppression_that_has_ended_and_counts_by_as_of_is_told(run: Run, scan: list[object], tmp_path: Path) -> None:
    past = (tmp_path / "c.toml").read_text().replace("2026-12-31", "2020-12-31")
    (tmp_path / "c.toml").write_text(past)
    result = run(*scan, "--as-of", "2020-12-31")
    assert result.code == 0
    told = "on resource 'alice' (owner ops, until 2020-12-31) has ended; by --as-of it counts"
    assert told in result.err
    assert "by --as-of" not in run(*scan, "--as-of", "2021-01-01").err


@pytest.mark.parametrize(
    ("time", "counts"),
    [
        ("2026-12-31T23:59:59Z", True),
        ("2027-01-01T00:00:00Z", False),
        ("2027-01-01T01:59:59+02:00", True),
        ("2026-12-31T19:00:00-05:00", False),
    ],
)
def test_the_last_day_ends_at_midnight_in_utc_by_the_time_of_the_run(
    run: Run, scan: list[object], time: str, counts: bool
) -> None:
    result = run(*scan, "--as-of", time)
    assert result.code == (0 if counts else 1)
    assert ("has ended and no longer counts" in result.err) is not counts


@pytest.mark.parametrize(("resource_type", "hidden"), [("AWS::IAM::Role", ["role"]), ("AWS::IAM::User", ["user"])])
def test_a_suppression_of_a_type_leaves_others_of_the_same_name(resource_type: str, hidden: list[str]) -> None:
    snapshot = account(
        users=[user("deploy", inline=["p"])],
        roles=[role("deploy", inline_policies=user("x", inline=["p"]).inline_policies)],
    )
    (rule,) = configured_rules(["iam-no-inline-policy-check"])
    aside = Suppression(
        rule=rule.rule.id, resource="deploy", type=ResourceType(resource_type), reason="r", owner="o", until=TODAY
    )
    report = audit(snapshot, [rule], as_of=NOW, suppressions=[aside])
    found = [finding.resource_type for finding in report.findings if finding.suppression]
    assert [each.rpartition(":")[2].lower() for each in found] == hidden


@pytest.mark.parametrize(
    ("resource", "of_type", "fine"),
    [
        ("*:*", None, False),
        ("arn:*", None, False),
        ("*:*/[cw]*", None, False),
        ("arn:aws:iam::111122223333:*/alice", None, False),
        ("arn:aws:iam::111122223333:user/*", None, True),
        ("arn:*:iam::*:role/team/*", None, True),
        ("arn:aws:iam::111122223333:root", None, True),
        ("*:*", ResourceType.USER, True),
        ("alice", None, False),
        ("alice", ResourceType.USER, True),
    ],
)
def test_a_pattern_of_arns_names_one_kind_or_a_type(resource: str, of_type: ResourceType | None, fine: bool) -> None:
    several = [ResourceType.USER, ResourceType.GROUP, ResourceType.ROLE]
    asked = suppression(resource=resource, type=of_type)
    assert (missing_type(asked, several) is None) is fine
    assert missing_type(asked, [ResourceType.USER]) is None
