"""The engine: what it makes of rules that misbehave, and of resources that are not all known."""

import sys
from collections.abc import Iterator
from typing import Any

import pytest
from msgspec.structs import replace

from auditor.account.kinds import ResourceType
from auditor.account.model import Notice, User
from auditor.account.unknown import Gap, Listing, UnknownFact, undecided, with_gaps
from auditor.judging.engine import RULE_ERROR, evaluate
from auditor.judging.finding import Subject
from auditor.judging.parameters import configure, configure_undecided
from auditor.judging.registry import load_rules
from auditor.judging.rule import ComplianceType, Context, Rule, Severity, Verdict, compliant, non_compliant
from auditor.testing import ACCOUNT_ID, CAPTURED_AT, NA, NC, REPORT_TIME, UNKNOWN, C, account, group, user


def rule(answer: Any, *types: ResourceType, notes: Any = None) -> Any:
    """Return a configured rule that answers by a function of the resource and the context."""
    made = Rule(
        id="test-rule",
        source_identifier="TEST_RULE",
        resource_types=types or (ResourceType.USER,),
        reads=frozenset(),
        severity=Severity.LOW,
        source_url="https://example.com",
        evaluate=answer,
        notes=notes,
    )
    return configure(made, {})


def verdicts(snapshot: Any, configured: Any) -> dict[str, ComplianceType]:
    return {found.resource_name: found.compliance_type for found in evaluate(snapshot, [configured]).findings}


def test_a_rule_that_swallows_an_unknown_is_overruled() -> None:
    def swallow(person: User, _: Context[Any]) -> Verdict:
        try:
            return non_compliant(person.path)
        except UnknownFact:
            return compliant("surely fine")

    found = verdicts(account(users=[user("alice", unknown=["path"]), user("bob")]), rule(swallow))
    assert found == {"alice": UNKNOWN, "bob": NC}


def test_a_rule_that_drops_an_unknown_unseen_is_overruled() -> None:
    def drop(person: User, _: Context[Any]) -> Verdict:
        return compliant("in a group" if hasattr(person, "path") and any(person.group_names) else "in none")

    snapshot = account(users=[user("alice", groups=["A"]), user("bob", groups=["A"], unknown=["group_names"])])
    assert verdicts(snapshot, rule(drop)) == {"alice": C, "bob": UNKNOWN}


def test_a_rule_that_fails_on_one_resource_judges_the_others() -> None:
    def fail(person: User, _: Context[Any]) -> Verdict:
        if person.name == "bob":
            raise ZeroDivisionError("by zero")
        return compliant("fine")

    evaluation = evaluate(account(users=[user("alice"), user("bob")]), [rule(fail)])
    assert [(found.resource_name, found.compliance_type) for found in evaluation.findings] == [
        ("alice", C),
        ("bob", UNKNOWN),
    ]
    assert evaluation.findings[1].annotation == "The rule failed: ZeroDivisionError: by zero"
    (notice,) = (about.notice for about in evaluation.notices)
    assert notice == Notice(RULE_ERROR, "bob", "The rule failed: ZeroDivisionError: by zero")


NO_VERDICTS: list[Any] = [
    None,
    True,
    C,
    replace(compliant("x"), compliance_type="COMPLIANT"),
    replace(compliant("x"), annotation=None),
    replace(compliant("x"), evidence=None),
    replace(compliant("x"), evidence=("path",)),
    replace(compliant("x"), note=5),
]


@pytest.mark.parametrize("answer", NO_VERDICTS)
def test_an_answer_that_is_no_verdict_is_a_failure(answer: Any) -> None:
    evaluation = evaluate(account(users=[user("alice")]), [rule(lambda *_: answer)])
    assert evaluation.findings[0].compliance_type is UNKNOWN
    assert (
        evaluation.findings[0].annotation
        == f"The rule failed: TypeError: evaluate returned {answer!r}, which is not a Verdict"
    )
    assert evaluation.notices[0].notice.code == RULE_ERROR


def test_a_rule_that_ends_the_program_is_a_failure() -> None:
    evaluation = evaluate(account(users=[user("alice")]), [rule(lambda *_: sys.exit(0))])
    assert evaluation.findings[0].compliance_type is UNKNOWN
    assert evaluation.notices[0].notice.code == RULE_ERROR


@pytest.mark.parametrize("notes", [lambda _: sys.exit(0), lambda _: [5]], ids=["the program's end", "no text"])
def test_notes_that_are_none_are_a_failure(notes: Any) -> None:
    evaluation = evaluate(account(users=[user("alice")]), [rule(lambda *_: compliant("fine"), notes=notes)])
    assert [found.compliance_type for found in evaluation.findings] == [C]
    assert [about.notice.code for about in evaluation.notices] == [RULE_ERROR]


def test_notes_that_fail_are_a_failure_and_verdicts_stay() -> None:
    def notes(_: Context[Any]) -> Iterator[str]:
        raise ZeroDivisionError("by zero")

    evaluation = evaluate(account(users=[user("alice")]), [rule(lambda *_: compliant("fine"), notes=notes)])
    assert [found.compliance_type for found in evaluation.findings] == [C]
    (notice,) = (about.notice for about in evaluation.notices)
    assert notice == Notice(RULE_ERROR, None, "The rule's notes failed: ZeroDivisionError: by zero")


def test_what_a_rule_cannot_decide_is_said_in_its_words() -> None:
    def doubt(*_: Any) -> Verdict:
        raise undecided("N/A in mfa_active")

    (finding,) = evaluate(account(users=[user("alice")]), [rule(doubt)]).findings
    assert (finding.compliance_type, finding.annotation) == (UNKNOWN, "Undecided: N/A in mfa_active")


def test_an_unknown_fact_names_the_action_to_grant() -> None:
    snapshot = account(users=[user("alice", unknown=["path"])])
    (finding,) = evaluate(snapshot, [rule(lambda person, _: compliant(person.path))]).findings
    assert finding.annotation == "The case withholds it; grant iam:Test"
    assert [(each.path, each.source) for each in finding.evidence] == [("path", "test")]


def test_a_rule_over_two_types_with_unknown_lists_says_so_once() -> None:
    configured = rule(lambda *_: compliant("fine"), ResourceType.USER, ResourceType.GROUP)
    found = verdicts(account(users=[user("alice")], groups=[group("A")], unknown=["users", "groups"]), configured)
    assert found == {"alice": C, "A": C, ACCOUNT_ID: UNKNOWN}


def test_every_reason_why_resources_were_not_seen_is_told() -> None:
    configured = rule(lambda *_: compliant("fine"), ResourceType.USER, ResourceType.GROUP)
    gaps = tuple(Gap(name, name, "X", None, f"No {name}") for name in ("users", "groups"))
    unread = replace(account(gaps=gaps), users=Listing((), "users"), groups=Listing((), "groups"))
    (finding,) = evaluate(unread, [configured]).findings
    kinds = "AWS::IAM::User, AWS::IAM::Group"
    assert finding.annotation == f"Not every resource was seen ({kinds}): No users; No groups"


def test_a_gap_that_is_not_told_of_goes_by_its_id() -> None:
    ghostly = account(users=[with_gaps(user("alice"), {"path": "ghost"})])
    (finding,) = evaluate(ghostly, [rule(lambda person, _: compliant(person.path))]).findings
    assert (finding.annotation, finding.evidence[0].source) == ("Unknown: ghost", "ghost")


def test_a_finding_on_a_partial_record_keeps_its_arn_and_its_fingerprint() -> None:
    snapshot = account(users=[user("alice", unknown=["path"])])
    (finding,) = evaluate(snapshot, [rule(lambda *_: compliant("fine"))]).findings
    assert finding.resource_arn == f"arn:aws:iam::{ACCOUNT_ID}:user/alice"
    subject = Subject(ACCOUNT_ID, None, "test-rule", ResourceType.USER)
    assert finding.fingerprint == subject.fingerprint(f"arn:aws:iam::{ACCOUNT_ID}:user/alice")


def test_no_resources_of_either_type_is_not_applicable_once() -> None:
    configured = rule(lambda *_: compliant("fine"), ResourceType.USER, ResourceType.GROUP)
    assert verdicts(account(), configured) == {ACCOUNT_ID: NA}


def test_a_rule_of_which_nobody_knows_what_it_asks_judges_nothing() -> None:
    rule = load_rules()["iam-group-has-users-check"]
    configured = configure_undecided(rule, {}, (), "the pack does not say", config_rule_name="groups")
    found = evaluate(account(groups=[group("Admins"), group("Empty")]), [configured]).findings
    annotation = "Undecided: the pack does not say"
    assert [(each.resource_name, each.compliance_type, each.annotation) for each in found] == [
        ("Admins", UNKNOWN, annotation),
        ("Empty", UNKNOWN, annotation),
    ]
    (nothing,) = evaluate(account(), [configured]).findings
    assert (nothing.resource_type, nothing.compliance_type) == (ResourceType.ACCOUNT, UNKNOWN)


def test_a_note_of_a_verdict_becomes_a_notice() -> None:
    noted = rule(lambda *_: Verdict(C, "fine", note="odd"))
    (about,) = evaluate(account(users=[user("alice")]), [noted]).notices
    assert (about.config_rule_name, about.notice) == ("test-rule", Notice("note", "alice", "odd"))


def test_notes_that_rest_on_unknown_facts_change_no_verdict() -> None:
    def notes(context: Context[Any]) -> Iterator[str]:
        yield "before"
        yield str(len(context.snapshot.groups))

    evaluation = evaluate(
        account(users=[user("alice")], unknown=["groups"]), [rule(lambda *_: compliant("fine"), notes=notes)]
    )
    assert [found.compliance_type for found in evaluation.findings] == [C]
    assert [about.notice.message for about in evaluation.notices] == ["before"]


def test_the_context_tells_the_times_that_are_known() -> None:
    def times(_: User, context: Context[Any]) -> Verdict:
        return compliant(f"{context.now == CAPTURED_AT} {context.report_generated_at == REPORT_TIME}")

    (finding,) = evaluate(account(users=[user("alice")]), [rule(times)]).findings
    assert finding.annotation == "True True"


@pytest.mark.parametrize("time", ["now", "report_generated_at"])
def test_an_age_against_an_unknown_time_is_undecided(time: str) -> None:
    ask = rule(lambda _, context: compliant(str(getattr(context, time))))
    snapshot = account(users=[user("alice")], captured_at=None, report_generated_at=None)
    assert verdicts(snapshot, ask) == {"alice": UNKNOWN}


def test_a_fingerprint_is_stable_when_a_user_is_made_again() -> None:
    def one(unique_id: str) -> str:
        snapshot = account(users=[user("alice", id=unique_id)])
        return evaluate(snapshot, [rule(lambda *_: compliant("fine"))]).findings[0].fingerprint

    assert one("AIDA1") == one("AIDA2")


def test_fingerprints_are_those_of_earlier_releases() -> None:
    of_users = Subject(ACCOUNT_ID, None, "iam-user-no-policies-check", "AWS::IAM::User")
    assert of_users.fingerprint(f"arn:aws:iam::{ACCOUNT_ID}:user/alice") == "4be7efae59e30893c62b0943e0870bff"
    in_a_region = Subject(ACCOUNT_ID, "eu-west-1", "iam-external-access-analyzer-enabled", "AWS::::Account")
    assert in_a_region.fingerprint(f"arn:aws:iam::{ACCOUNT_ID}:root") == "1e664a2ce20103a22f00c0c5345b9d53"
