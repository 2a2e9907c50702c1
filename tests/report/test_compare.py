"""Two reports compared: what each list holds, what proves that a finding is resolved, and what differs beside them."""

from datetime import date, timedelta
from typing import Any

import pytest
from five_rules import FIVE
from msgspec.structs import replace
from rule_parameters import configured
from two_reports import NOW, anew, moved, report_of

import auditor
from auditor.account.model import Snapshot
from auditor.account.sources import Source, SourceStatus
from auditor.errors import SourceError, UsageError
from auditor.judging.engine import RULE_ERROR
from auditor.judging.parameters import configure
from auditor.judging.registry import load_rules
from auditor.judging.rule import Severity
from auditor.judging.suppressions import Suppression
from auditor.report.changes import DifferenceKind, Outcome, Unproven
from auditor.report.comparison import LISTS, Comparison, about, counts
from auditor.report.configuration import ConfigurationSummary
from auditor.report.differences import sentence
from auditor.report.narrowing import narrowed
from auditor.report.report import Report, ReportWarning
from auditor.testing import CAPTURED_AT, account, console_user, credentials, group, listing, password_policy, user

MFA, MEMBER, HAS_USERS = (
    "mfa-enabled-for-iam-console-access",
    "iam-user-group-membership-check",
    "iam-group-has-users-check",
)
BOB = console_user("bob", mfa=False, groups=["A"])
EVE = console_user("eve", mfa=False, groups=["A"])
FIXED = console_user("bob", mfa=True, groups=["A"])
ASIDE = Suppression(rule=MFA, resource="bob", reason="r", owner="o", until=date(2027, 1, 1))


def people(*users: Any, **fields: Any) -> Snapshot:
    return account(users=list(users), **{"groups": [group("A")], "password": password_policy(), **fields})


def report(*users: Any, **fields: Any) -> Report:
    return report_of(people(*users, **fields), [configured(MFA)])


def cut(snapshot: Snapshot, *names: Source) -> Snapshot:
    """Return the snapshot with sources that were not read to their end."""
    sources = (replace(each, status=SourceStatus.PARTIAL) if each.name in names else each for each in snapshot.sources)
    return replace(snapshot, sources=tuple(sources))


def lists(comparison: Comparison) -> dict[str, list[str]]:
    """Return the names of the resources in each list that has any, but for unchanged ones."""
    return {
        name: [about(each).resource_name for each in getattr(comparison, name)]
        for name in LISTS
        if name != "unchanged" and getattr(comparison, name)
    }


SUPPRESSED = report_of(people(BOB), [configured(MFA)], suppressions=[ASIDE])
UNKNOWN_BOB = user("bob", groups=["A"], unknown=["credentials"])
NO_ID = user("bob", groups=["A"], credentials=BOB.credentials, unknown=["id"])


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        pytest.param(report(BOB), report(BOB), {}, id="the same"),
        pytest.param(report(FIXED), report(BOB), {"new": ["bob"]}, id="was in order"),
        pytest.param(report(UNKNOWN_BOB), report(BOB), {"new": ["bob"]}, id="was not known"),
        pytest.param(report(BOB), report(BOB, EVE), {"new": ["eve"], "appeared": ["eve"]}, id="made"),
        pytest.param(report(BOB), report(FIXED), {"resolved": ["bob"]}, id="in order"),
        pytest.param(report(BOB), report(), {"resolved": ["bob"], "vanished": ["bob"]}, id="gone"),
        pytest.param(report(BOB), report(UNKNOWN_BOB), {"not_seen": ["bob"]}, id="not known"),
        pytest.param(report(BOB), report(unknown=["users"]), {"not_seen": ["bob"]}, id="not listed"),
        pytest.param(
            report(BOB),
            report(anew(BOB)),
            {"new": ["bob"], "resolved": ["bob"], "appeared": ["bob"], "vanished": ["bob"]},
            id="made anew",
        ),
        pytest.param(
            report(BOB), report(anew(FIXED)), {"resolved": ["bob"], "appeared": ["bob"], "vanished": ["bob"]},
            id="made anew in order",
        ),
        pytest.param(report(BOB), report(moved(BOB)), {"new": ["bob"], "not_seen": ["bob"]}, id="moved"),
        pytest.param(report(BOB), report(moved(FIXED)), {"resolved": ["bob"]}, id="moved and in order"),
        pytest.param(report(BOB), report(NO_ID), {"new": ["bob"], "not_seen": ["bob"]}, id="id not known now"),
        pytest.param(report(NO_ID), report(BOB), {"new": ["bob"], "not_seen": ["bob"]}, id="id not known before"),
        pytest.param(report(NO_ID), report(NO_ID), {}, id="id never known"),
        pytest.param(SUPPRESSED, report(BOB), {"new": ["bob"], "reopened": ["bob"]}, id="suppressed before"),
        pytest.param(
            SUPPRESSED, report(anew(BOB)), {"new": ["bob"], "appeared": ["bob"], "vanished": ["bob"]},
            id="suppressed before, made anew",
        ),
        pytest.param(report(BOB), SUPPRESSED, {"suppressed": ["bob"]}, id="suppressed now"),
        pytest.param(SUPPRESSED, SUPPRESSED, {}, id="suppressed in both"),
    ],
)  # fmt: skip
def test_lists(old: Report, new: Report, expected: dict[str, list[str]]) -> None:
    assert lists(auditor.compare(old, new)) == expected


@pytest.mark.parametrize("now", [[], [FIXED]], ids=["gone", "in order"])
@pytest.mark.parametrize("source", [Source.USERS, Source.CREDENTIAL_REPORT])
def test_nothing_is_resolved_while_a_source_of_its_rule_is_incomplete(source: Source, now: list[Any]) -> None:
    incomplete = report_of(cut(people(*now), source), [configured(MFA)])
    (lost,) = auditor.compare(report(BOB), incomplete).not_seen
    assert (lost.reason, lost.sources) == (Unproven.SOURCE_INCOMPLETE, (source,))
    assert lost.explanation == f"what the rule reads was not read completely ({source})"


def test_a_source_that_the_rule_does_not_read_may_be_incomplete() -> None:
    elsewhere = report_of(cut(people(FIXED), Source.ROLES, Source.PASSWORD_POLICY), [configured(MFA)])
    assert lists(auditor.compare(report(BOB), elsewhere)) == {"resolved": ["bob"]}


def test_of_a_rule_that_is_not_installed_every_source_must_be_complete() -> None:
    def foreign(report: Report) -> Report:
        rules = tuple(replace(each, source_identifier="NOBODY_HAS_IT") for each in report.rules)
        return replace(report, rules=rules)

    whole, less = people(FIXED), cut(people(FIXED), Source.ROLES)
    for snapshot, expected in ((whole, {"resolved": ["bob"]}), (less, {"not_seen": ["bob"]})):
        new = foreign(report_of(snapshot, [configured(MFA)]))
        assert lists(auditor.compare(foreign(report(BOB)), new)) == expected


def test_a_list_of_which_the_engine_says_that_it_is_cut_proves_nothing_whatever_its_source_says() -> None:
    counted = people(summary={"Users": 1})
    new = report_of(replace(counted, users=listing([EVE], counted.gaps[0].id)), [configured(MFA)])
    assert new.rules[0].coverage.unseen == 0
    assert lists(auditor.compare(report(BOB, EVE), new)) == {"not_seen": ["bob"]}


@pytest.mark.parametrize("unseen", [1, None])
def test_resources_that_a_rule_did_not_see_may_be_the_lost_one(unseen: int | None) -> None:
    new = report(EVE)
    (rule,) = new.rules
    less = replace(rule, coverage=replace(rule.coverage, resources=unseen and 2, unseen=unseen))
    assert lists(auditor.compare(report(BOB, EVE), replace(new, rules=(less,)))) == {"not_seen": ["bob"]}


@pytest.mark.parametrize(
    ("rules", "reason"),
    [([configured(MEMBER)], Unproven.RULE_NOT_RUN), ([configured(MFA)], None)],
    ids=["another rule", "the rule"],
)
def test_a_rule_that_did_not_run_resolves_nothing(rules: Any, reason: Unproven | None) -> None:
    found = auditor.compare(report(BOB), report_of(people(FIXED), rules))
    assert [each.reason for each in found.not_seen] == ([] if reason is None else [reason])


def test_another_rule_under_the_same_name_knows_nothing() -> None:
    other = replace(configured(MEMBER), config_rule_name=MFA)
    new = report_of(people(console_user("bob", mfa=False)), [other])
    found = auditor.compare(report(BOB), new)
    assert lists(found) == {"new": ["bob"], "not_seen": ["bob"]}
    assert [sentence(each) for each in found.differences][:1] == [
        f"Source identifier of {MFA}: MFA_ENABLED_FOR_IAM_CONSOLE_ACCESS before, IAM_USER_GROUP_MEMBERSHIP_CHECK now"
    ]


def test_a_type_that_a_pack_leaves_out_now_is_not_gone() -> None:
    inline = configured("iam-no-inline-policy-check")
    rule = inline.rule
    users_only = replace(
        inline, rule=replace(rule, resource_types=rule.resource_types[:1]), left_out=rule.resource_types[1:]
    )
    guilty = people(groups=[replace(group("A"), inline_policies=user("x", inline=["p"]).inline_policies)])
    found = auditor.compare(report_of(guilty, [inline]), report_of(people(groups=[group("A")]), [users_only]))
    assert [each.reason for each in found.not_seen] == [Unproven.TYPE_LEFT_OUT]
    assert [sentence(each) for each in found.differences] == [
        'Resource types left out of iam-no-inline-policy-check: none before, ["AWS::IAM::Group","AWS::IAM::Role"] now'
    ]


def test_another_region_proves_nothing() -> None:
    analyzers = [configured("iam-external-access-analyzer-enabled")]
    here, there = people(region="eu-central-1"), people(region="eu-west-1")
    found = auditor.compare(report_of(here, analyzers), report_of(there, analyzers))
    assert [each.reason for each in found.not_seen] == [Unproven.OTHER_REGION]
    assert len(found.new) == 1


def test_other_evidence_and_a_higher_severity_are_changes_of_what_is_unchanged() -> None:
    keys = configured("access-keys-rotated")
    severe = replace(keys, rule=replace(keys.rule, severity=Severity.HIGH))
    old, new = (
        report_of(
            people(
                user(
                    "bob",
                    groups=["A"],
                    credentials=credentials(
                        access_key_1_active=True, access_key_1_last_rotated=f"{year}-01-01T00:00:00Z"
                    ),
                )
            ),
            [rule],
        )
        for year, rule in ((2024, keys), (2023, severe))
    )
    found = auditor.compare(old, new)
    assert lists(found) == {"worse": ["bob"], "changed": ["bob"]}
    assert counts(found)["unchanged"] == 1
    assert lists(auditor.compare(new, old)) == {"changed": ["bob"]}
    assert [each.kind for each in found.differences] == [DifferenceKind.SEVERITY]


def test_what_differs_beside_the_findings_is_named() -> None:
    password = load_rules()["iam-password-policy"]
    lax, strict = (configure(password, {"MinimumPasswordLength": length}) for length in ("8", "16"))
    old = report_of(people(BOB), [lax, configured(MFA)])
    new = report_of(cut(people(BOB, captured_at=CAPTURED_AT - timedelta(days=1)), Source.ROLES), [strict])
    old = replace(old, tool=replace(old.tool, version="0.0.9"))
    new = replace(new, configuration=ConfigurationSummary("iam-audit.toml", ("x",), 0, "noncompliant", None, None))
    assert [sentence(each) for each in auditor.compare(old, new).differences] == [
        "The old report is the newer one: it was captured 2026-11-24T03:00:00Z, the new one 2026-11-23T03:00:00Z",
        f"Version of iam-audit: 0.0.9 before, {auditor.__version__} now",
        "Parameter iam-password-policy.MinimumPasswordLength: 8 before, 16 now",
        f"Rule {MFA} is only in the old report",
        'Configuration, excluded: none before, ["x"] now',
        "Configuration, fail_on: none before, noncompliant now",
        "Configuration, file: none before, iam-audit.toml now",
        "Source roles: complete before, partial now",
    ]


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        (
            {"id": "444455556666"},
            "old report is of account 111122223333 in partition aws, but the new report is of account 4",
        ),
        ({"partition": "aws-cn"}, "but the new report is of account 111122223333 in partition aws-cn"),
        ({"id": None}, "but the new report is of account unknown in partition aws"),
    ],
    ids=["number", "partition", "unknown"],
)
def test_two_accounts_are_not_compared(fields: dict[str, Any], message: str) -> None:
    other = report(BOB)
    with pytest.raises(UsageError, match=message):
        auditor.compare(other, replace(other, account=replace(other.account, **fields)))


def test_a_report_that_was_narrowed_is_not_compared() -> None:
    whole = report(BOB, EVE)
    some = narrowed(whole, [], ["bob"])
    with pytest.raises(SourceError, match="the new report lists 1 of 2 findings, because it was narrowed"):
        auditor.compare(whole, some)
    with pytest.raises(SourceError, match="the old report lists 1 of 2 findings"):
        auditor.compare(some, whole)


def test_a_report_with_two_findings_of_one_fingerprint_is_not_compared() -> None:
    whole = report(BOB, EVE)
    twice = replace(whole, findings=(whole.findings[0], whole.findings[0]))
    with pytest.raises(SourceError, match="the old report has two findings with one fingerprint"):
        auditor.compare(twice, whole)


def test_rules_that_failed_on_either_side_are_named() -> None:
    failed = replace(report(BOB), warnings=(ReportWarning(RULE_ERROR, MFA, None, "boom"),))
    assert auditor.compare(failed, report(BOB)).failed_rules == (MFA,)
    assert auditor.compare(report(BOB), failed).failed_rules == (MFA,)


def test_the_sides_are_named_with_their_counts() -> None:
    found = auditor.compare(report_of(people(BOB), FIVE), report_of(people(BOB, UNKNOWN_BOB_2), FIVE))
    assert (found.old_report.non_compliant, found.new_report.non_compliant) == (1, 1)
    assert (found.old_report.undecided, found.new_report.undecided) == (0, 1)
    assert found.new_report.evaluated_at == NOW


UNKNOWN_BOB_2 = user("carol", groups=["A"], unknown=["credentials"])


def test_outcomes_are_those_of_the_lists() -> None:
    assert {each.value for each in Outcome} <= set(LISTS)
