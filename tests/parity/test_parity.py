"""AWS Config's results beside ours: each cause of a disagreement, by answers in the shapes of AWS's API."""

import json
import re
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any, NamedTuple

import jsonschema
import pytest
from config_results import (
    BEFORE,
    GROUP,
    POLICY,
    REGION,
    USER,
    aggregate,
    causes,
    details,
    pack,
    recorder,
    recording,
    result,
    rule,
    rules,
    selected,
    statuses,
    write,
)
from conftest import Run
from msgspec.structs import replace

import auditor
from auditor.account.model import Snapshot
from auditor.account.snapshot import dump
from auditor.testing import (
    ACCOUNT_ID,
    CAPTURED_AT,
    CREATED_AT,
    account,
    allow,
    console_user,
    credentials,
    document,
    group,
    oidc_provider,
    password_policy,
    policy,
    server_certificate,
    user,
)

NO_POLICIES, MFA, GROUPS = (
    "IAM_USER_NO_POLICIES_CHECK",
    "MFA_ENABLED_FOR_IAM_CONSOLE_ACCESS",
    "IAM_USER_GROUP_MEMBERSHIP_CHECK",
)
C, NC, NA = "COMPLIANT", "NON_COMPLIANT", "NOT_APPLICABLE"
ACCOUNT = "AWS::::Account"


def at(**before: float) -> str:
    """Return a time so long before the snapshot, as the AWS CLI prints it."""
    return (CAPTURED_AT - timedelta(**before)).isoformat()


BOB, EVE, DAN = console_user("bob", mfa=False, groups=["A"]), console_user("eve", mfa=True, groups=["A"]), user("dan")
PEOPLE = account(users=[BOB, EVE, DAN], groups=[group("A"), group("B")], password=password_policy(), region=REGION)


class Compared(NamedTuple):
    """Hold the exit code, the parity report in JSON, and what standard error says."""

    code: int
    report: dict[str, Any]
    err: str


def compared(
    run: Run, folder: Path, files: Mapping[str, object], snapshot: Snapshot = PEOPLE, *more: object
) -> Compared:
    stored = folder / "s.json"
    stored.write_bytes(dump(snapshot))
    write(folder / "config", files)
    done = run("parity", "--config-results", folder / "config", "--snapshot", stored, "--format", "json", *more)
    return Compared(done.code, json.loads(done.out) if done.out else {}, done.err)


def all_of(name: str, compliance_type: str, **more: Any) -> list[dict[str, Any]]:
    return [result(name, each.id, compliance_type, **more) for each in (BOB, EVE, DAN)]


def answers(described: dict[str, Any], *results: dict[str, Any], **more: object) -> dict[str, object]:
    """Return the files of one rule: its description and its results."""
    return {
        "config-rules.json": rules(described),
        f"details-{described['ConfigRuleName']}.json": details(*results),
        **more,
    }


def test_what_agrees_is_counted_and_passes(run: Run, tmp_path: Path) -> None:
    found = compared(run, tmp_path, answers(rule("no-policies", NO_POLICIES), *all_of("no-policies", C)))
    assert (found.code, found.report["summary"]["agree"], found.report["disagreements"]) == (0, 3, [])
    assert "Exit code 0: compared, complete: 0 disagreements, each explained" in found.err


CASES: dict[str, tuple[dict[str, object], list[tuple[str, str]], Snapshot, int]] = {
    "real: changes trigger the rule, and nothing has changed since": (
        answers(rule("p", NO_POLICIES), *all_of("p", C)[1:], result("p", BOB.id, NC, at=at(days=300))),
        [("bob", "real")],
        PEOPLE,
        1,
    ),
    "real: the same credential report": (
        answers(rule("m", MFA), *[result("m", each.id, C) for each in (BOB, EVE, DAN)]),
        [("bob", "real")],
        PEOPLE,
        1,
    ),
    "real: a resource that AWS Config has no verdict on, unlike others": (
        answers(rule("p", NO_POLICIES), *all_of("p", C)[1:]),
        [("bob", "real")],
        PEOPLE,
        1,
    ),
    "real: a periodic rule at the same time": (
        answers(
            rule("w", "IAM_PASSWORD_POLICY", given={"MinimumPasswordLength": "14"}),
            result("w", ACCOUNT_ID, NC, kind=ACCOUNT),
        ),
        [(ACCOUNT_ID, "real")],
        PEOPLE,
        1,
    ),
    "time: a periodic rule a day before": (
        answers(
            rule("w", "IAM_PASSWORD_POLICY", given={"MinimumPasswordLength": "14"}),
            result("w", ACCOUNT_ID, NC, kind=ACCOUNT, at=at(hours=20)),
        ),
        [(ACCOUNT_ID, "time")],
        PEOPLE,
        0,
    ),
    "time: the AWS CLI's version 1 prints seconds": (
        answers(
            rule("w", "IAM_PASSWORD_POLICY", given={"MinimumPasswordLength": "14"}),
            result("w", ACCOUNT_ID, NC, kind=ACCOUNT, at=(CAPTURED_AT - timedelta(hours=20)).timestamp()),
        ),
        [(ACCOUNT_ID, "time")],
        PEOPLE,
        0,
    ),
    "time: a user made after the evaluation": (
        answers(rule("p", NO_POLICIES), *all_of("p", C, at=at(hours=3))[1:]),
        [("bob", "time")],
        account(users=[replace(BOB, created_at=CAPTURED_AT - timedelta(hours=2)), EVE, DAN], groups=[group("A")]),
        0,
    ),
    "time: a user made after the snapshot": (
        answers(rule("p", NO_POLICIES), *all_of("p", C), result("p", "AIDANEW", NC, at=at(hours=-2))),
        [("AIDANEW", "time")],
        PEOPLE,
        0,
    ),
    "time: a user who may be deleted since the snapshot": (
        answers(rule("p", NO_POLICIES), *all_of("p", C, at=at(hours=-5))[1:]),
        [("bob", "time")],
        PEOPLE,
        0,
    ),
    "time: credentials a day before": (
        answers(rule("m", MFA), *[result("m", each.id, C, at=at(hours=26)) for each in (BOB, EVE, DAN)]),
        [("bob", "time")],
        PEOPLE,
        0,
    ),
    "another credential report": (
        answers(rule("m", MFA), *all_of("m", C)),
        [("bob", "credential_report")],
        replace(PEOPLE, report_generated_at=CAPTURED_AT - timedelta(minutes=10)),
        0,
    ),
    "deleted but still listed": (
        answers(rule("p", NO_POLICIES), *all_of("p", C), result("p", "AIDAGONE", NC)),
        [("AIDAGONE", "deleted")],
        PEOPLE,
        0,
    ),
    "not recorded: an empty answer, and the recorder is off": (
        {
            "config-rules.json": rules(rule("p", NO_POLICIES)),
            "details-p.json": details(),
            "r.json": recording(on=False),
        },
        [("bob", "not_recorded"), ("eve", "not_recorded"), ("dan", "not_recorded")],
        PEOPLE,
        0,
    ),
    "not recorded: the rule never ran": (
        {
            "config-rules.json": rules(rule("p", NO_POLICIES)),
            "status.json": statuses(
                {
                    "ConfigRuleName": "p",
                    "FirstEvaluationStarted": True,
                    "LastFailedEvaluationTime": BEFORE,
                    "LastErrorCode": "AccessDenied",
                }
            ),
        },
        [("bob", "not_recorded"), ("eve", "not_recorded"), ("dan", "not_recorded")],
        PEOPLE,
        0,
    ),
    "not recorded: the recorder is off, so the verdict is old": (
        answers(
            rule("p", NO_POLICIES), *all_of("p", C)[1:], result("p", BOB.id, NC), **{"r.json": recording(on=False)}
        ),
        [("bob", "not_recorded")],
        PEOPLE,
        0,
    ),
    "not recorded: the rule fails now": (
        answers(
            rule("p", NO_POLICIES),
            *all_of("p", C)[1:],
            result("p", BOB.id, NC),
            **{
                "status.json": statuses(
                    {
                        "ConfigRuleName": "p",
                        "LastSuccessfulEvaluationTime": at(days=3),
                        "LastFailedEvaluationTime": at(days=1),
                        "LastErrorMessage": "no role",
                    }
                )
            },
        ),
        [("bob", "not_recorded")],
        PEOPLE,
        0,
    ),
    "not recorded: global types are left out": (
        answers(
            rule("p", NO_POLICIES),
            *all_of("p", C)[1:],
            **{"r.json": recorder(allSupported=True, includeGlobalResourceTypes=False)},
        ),
        [("bob", "not_recorded")],
        PEOPLE,
        0,
    ),
    "another Region: it agrees in one and not in the other": (
        {
            "us/rules.json": rules(rule("p", NO_POLICIES)),
            "us/details.json": details(*all_of("p", C)),
            "eu/rules.json": rules(rule("p", NO_POLICIES, region="eu-west-1")),
            "eu/details.json": details(*all_of("p", C)[1:], result("p", BOB.id, NC)),
        },
        [("bob", "region")],
        PEOPLE,
        0,
    ),
    "another Region: the snapshot is about one alone": (
        answers(
            rule("x", "IAM_EXTERNAL_ACCESS_ANALYZER_ENABLED", region="eu-west-1"),
            result("x", ACCOUNT_ID, C, kind=ACCOUNT),
        ),
        [(ACCOUNT_ID, "region")],
        PEOPLE,
        0,
    ),
    "Scope: that of a service": (
        answers(rule("p", NO_POLICIES, Scope={"ServicePrincipals": ["ssm.amazonaws.com"]}), *all_of("p", C)[1:]),
        [("bob", "parameters")],
        PEOPLE,
        0,
    ),
    "Scope: one user, on whom there is no verdict": (
        answers(
            rule("p", NO_POLICIES, Scope={"ComplianceResourceTypes": [USER], "ComplianceResourceId": BOB.id}),
            result("p", EVE.id, C),
        ),
        [("bob", "real"), ("dan", "parameters")],
        PEOPLE,
        1,
    ),
    "Scope: a tag": (
        answers(rule("p", NO_POLICIES, Scope={"TagKey": "team", "TagValue": "ops"}), *all_of("p", C)[1:]),
        [("bob", "parameters")],
        PEOPLE,
        0,
    ),
    "Scope: other types": (
        answers(rule("i", "IAM_NO_INLINE_POLICY_CHECK", Scope={"ComplianceResourceTypes": [USER]}), *all_of("i", C)),
        [("A", "parameters"), ("B", "parameters")],
        PEOPLE,
        0,
    ),
    "a decision: users without a password": (
        answers(rule("m", MFA), result("m", BOB.id, NC), result("m", EVE.id, C), result("m", DAN.id, NA)),
        [("dan", "decision")],
        PEOPLE,
        0,
    ),
    "a decision: one of several groups": (
        answers(rule("g", GROUPS, given={"groupNames": "A,B"}), *all_of("g", NC)),
        [("bob", "decision"), ("eve", "decision")],
        PEOPLE,
        0,
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_each_disagreement_has_one_cause(case: Any, run: Run, tmp_path: Path) -> None:
    files, expected, snapshot, code = case
    found = compared(run, tmp_path, files, snapshot)
    assert (causes(found.report), found.code) == (expected, code), found.err


def test_a_decision_is_named_with_the_page_of_its_rule(run: Run, tmp_path: Path) -> None:
    found = compared(run, tmp_path, CASES["a decision: users without a password"][0])
    (each,) = found.report["disagreements"]
    assert (each["decision"], each["page"]) == (
        "no-console-password",
        "docs/rules.md#mfa-enabled-for-iam-console-access",
    )


ADMIN = "IAM_POLICY_NO_STATEMENTS_WITH_ADMIN_ACCESS"
NEVER_USED = credentials(password_enabled=True, password_last_changed=CREATED_AT.isoformat())
OLD = (CAPTURED_AT - timedelta(days=90, hours=2, seconds=-1)).isoformat()
DECIDED: dict[str, tuple[Snapshot, dict[str, Any], str, str, str, str]] = {
    "never-used": (
        account(users=[user("u", credentials=NEVER_USED)]),
        {"maxCredentialUsageAge": "90"},
        "IAM_USER_UNUSED_CREDENTIALS_CHECK",
        USER,
        user("u").id,
        C,
    ),
    "the-limit-passes": (
        account(users=[user("u", credentials=credentials(access_key_1_active=True, access_key_1_last_rotated=OLD))]),
        {"maxAccessKeyAge": "90"},
        "ACCESS_KEYS_ROTATED",
        USER,
        user("u").id,
        NC,
    ),
    "password-policy-defaults": (
        account(password=password_policy(8)),
        {},
        "IAM_PASSWORD_POLICY",
        ACCOUNT,
        ACCOUNT_ID,
        C,
    ),
    "password-policy-given-only": (
        account(password=password_policy(upper=False)),
        {"MinimumPasswordLength": "14"},
        "IAM_PASSWORD_POLICY",
        ACCOUNT,
        ACCOUNT_ID,
        NC,
    ),
    "administration-by-the-letter": (
        account(policies=[policy("p", document=document(allow(None, "*", NotAction="iam:*")))]),
        {},
        ADMIN,
        POLICY,
        policy("p").id,
        NC,
    ),
    "conditions-excuse-nothing": (
        account(
            policies=[
                policy("p", document=document(allow("*", "*", Condition={"Bool": {"aws:SecureTransport": "true"}})))
            ]
        ),
        {},
        ADMIN,
        POLICY,
        policy("p").id,
        C,
    ),
    "keys-of-one-region": (
        account(
            policies=[policy("p", document=document(allow("kms:Decrypt", f"arn:aws:kms:eu-west-1:{ACCOUNT_ID}:key/*")))]
        ),
        {"blockedActionsPatterns": "kms:Decrypt"},
        "IAM_CUSTOMER_POLICY_BLOCKED_KMS_ACTIONS",
        POLICY,
        policy("p").id,
        NC,
    ),
}


@pytest.mark.parametrize("name", DECIDED)
def test_a_decision_explains_whom_it_is_about(name: str, run: Run, tmp_path: Path) -> None:
    snapshot, given, identifier, kind, resource_id, theirs = DECIDED[name]
    files = answers(rule("r", identifier, given=given), result("r", resource_id, theirs, kind=kind))
    found = compared(run, tmp_path, files, snapshot)
    assert [each["decision"] for each in found.report["disagreements"]] == [name], found.report


def test_a_decision_explains_nobody_else(run: Run, tmp_path: Path) -> None:
    plain = account(policies=[policy("p", document=document(allow("s3:GetObject")))])
    files = answers(rule("r", ADMIN), result("r", policy("p").id, NC, kind=POLICY))
    found = compared(run, tmp_path, files, plain)
    assert (causes(found.report), found.code) == ([("p", "real")], 1)


def test_our_own_parameters_are_the_cause_where_they_differ(run: Run, tmp_path: Path) -> None:
    key = credentials(
        access_key_1_active=True, access_key_1_last_rotated=(CAPTURED_AT - timedelta(days=60)).isoformat()
    )
    snapshot = account(users=[user("u", credentials=key)])
    files = answers(
        rule("keys", "ACCESS_KEYS_ROTATED", given={"maxAccessKeyAge": "90"}), result("keys", user("u").id, C)
    )
    assert compared(run, tmp_path, files, snapshot).report["summary"]["agree"] == 1
    options = ("--rule", "access-keys-rotated", "--parameter", "access-keys-rotated.maxAccessKeyAge=30")
    found = compared(run, tmp_path, files, snapshot, *options)
    assert (found.code, causes(found.report), found.report["settings"]) == (0, [("u", "parameters")], "own")
    same = compared(run, tmp_path, files, snapshot, "--rule", "access-keys-rotated")
    assert same.report["summary"]["agree"] == 1
    beside = compared(run, tmp_path, files, snapshot, "--rules", "core", "--rule", "ACCESS_KEYS_ROTATED")
    assert beside.code == 2


def test_what_one_side_has_not_asked_is_listed_and_no_disagreement(run: Run, tmp_path: Path) -> None:
    files = answers(rule("p", NO_POLICIES), *all_of("p", C))
    found = compared(
        run, tmp_path, files, PEOPLE, "--rule", "iam-group-has-users-check", "--rule", "iam-user-no-policies-check"
    )
    assert (found.report["only_here"], found.code) == (["iam-group-has-users-check"], 0)
    other = compared(run, tmp_path, files, PEOPLE, "--rule", "iam-group-has-users-check")
    assert [each["not_compared"] for each in other.report["rules"]] == ["not_selected"]
    assert (other.code, "nothing was compared" in other.err) == (4, True)


FORMS = {
    "aggregator": {"a.json": aggregate(*all_of("p", C)[1:], result("p", BOB.id, NC))},
    "conformance pack": {"c.json": pack(*all_of("p", C)[1:], result("p", BOB.id, NC))},
    "packed": {"d.json": details(*all_of("p", C)[1:], result("p", BOB.id, NC))},
}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_of_answer_is_read(form: str, run: Run, tmp_path: Path) -> None:
    found = compared(run, tmp_path, {"rules.json": rules(rule("p", NO_POLICIES)), **FORMS[form]})
    assert (causes(found.report), found.report["summary"]["agree"]) == ([("bob", "real")], 2)


@pytest.mark.parametrize("form", ["aggregator", "conformance pack"])
def test_a_form_without_not_applicable_proves_no_absence(form: str, run: Run, tmp_path: Path) -> None:
    make = {"aggregator": aggregate, "conformance pack": pack}[form]
    files: dict[str, object] = {"rules.json": rules(rule("p", NO_POLICIES)), "a.json": make(*all_of("p", C)[1:])}
    found = compared(run, tmp_path, files)
    assert ([each["reason"] for each in found.report["incomparable"]], found.code) == (["form"], 4)
    assert compared(run, tmp_path, files, PEOPLE, "--allow-incomplete").code == 0


def test_an_aggregator_tells_of_a_member_by_the_rules_of_another_account(run: Run, tmp_path: Path) -> None:
    files = {
        "rules.json": rules(rule("p", NO_POLICIES, account="999999999999")),
        "a.json": aggregate(*all_of("p", C)),
        "b.json": aggregate(result("p", "AIDAELSE", NC), account="444455556666"),
    }
    found = compared(run, tmp_path, files)
    assert (found.code, found.report["summary"]["agree"], found.report["other_accounts"]) == (0, 3, 1)


def test_another_account_is_refused(run: Run, tmp_path: Path) -> None:
    files = answers(rule("p", NO_POLICIES, account="999999999999"), *all_of("p", C))
    found = compared(run, tmp_path, files)
    assert (found.code, f"of account 999999999999, but the snapshot is of account {ACCOUNT_ID}" in found.err) == (
        2,
        True,
    )


LONG = "a-rule-whose-name-is-longer-than-the-64-characters-that-the-call-for-its-results-takes"


def test_a_query_stands_in_for_names_that_are_too_long(run: Run, tmp_path: Path) -> None:
    found = {"Results": [selected(LONG, BOB.id, NC), *(selected(LONG, each.id, C) for each in (EVE, DAN))]}
    found_by_query = compared(run, tmp_path, {"rules.json": rules(rule(LONG, NO_POLICIES)), "query.json": found})
    assert found_by_query.report["summary"]["agree"] == 2
    assert [each["reason"] for each in found_by_query.report["incomparable"]] == ["no_time"]


def test_pages_in_files_belong_together_and_a_missing_one_is_told(run: Run, tmp_path: Path) -> None:
    described = {"rules.json": rules(rule("p", NO_POLICIES))}
    first, second = details(*all_of("p", C)[:2], token="more"), details(all_of("p", C)[2])
    (tmp_path / "whole").mkdir()
    whole = compared(run, tmp_path / "whole", {**described, "p-1.json": first, "p-2.json": second})
    assert (whole.code, whole.report["summary"]["agree"]) == (0, 3)
    cut = compared(run, tmp_path, {**described, "p-1.json": first})
    assert ([each["reason"] for each in cut.report["incomparable"]], cut.code) == (["pages_missing"], 4)


@pytest.mark.parametrize("order", [(C, NC), (NC, C)])
def test_two_verdicts_of_one_time_are_not_compared_whatever_their_order(
    order: tuple[str, str], run: Run, tmp_path: Path
) -> None:
    told = [result("p", BOB.id, each) for each in order]
    found = compared(run, tmp_path, answers(rule("p", NO_POLICIES), *told, *all_of("p", C)[1:]))
    assert [(each["reason"], each["config"]) for each in found.report["incomparable"]] == [("contradiction", None)]
    assert (found.code, found.report["summary"]["agree"], found.report["disagreements"]) == (4, 2, [])


def test_the_later_of_two_verdicts_counts(run: Run, tmp_path: Path) -> None:
    told = [result("p", BOB.id, C), result("p", BOB.id, NC, at=at(days=2))]
    found = compared(run, tmp_path, answers(rule("p", NO_POLICIES), *told, *all_of("p", C)[1:]))
    assert (found.code, found.report["summary"]["agree"]) == (0, 3)


def test_a_missing_page_is_incomplete_though_all_that_is_listed_agrees(run: Run, tmp_path: Path) -> None:
    files = {"rules.json": rules(rule("p", NO_POLICIES)), "p.json": details(*all_of("p", C), token="more")}
    found = compared(run, tmp_path, files, PEOPLE, "-o", tmp_path / "p.html")
    (only,) = found.report["rules"]
    assert (found.code, found.report["summary"]["agree"], only["partial"]) == (4, 3, "pages_missing")
    shown = run("parity", "--config-results", tmp_path / "config", "--snapshot", tmp_path / "s.json")
    for text in (shown.out, (tmp_path / "p.html").read_text("utf-8").replace("&#39;", "'")):
        assert "Incomplete: 1 rule has an incomplete answer" in text
        assert "Incomplete: AWS Config's answer has further pages (NextToken), which are missing" in text
    assert "Exit code 4: incomplete: 1 rule has an incomplete answer" in shown.err


def test_a_missing_page_of_rules_is_incomplete(run: Run, tmp_path: Path) -> None:
    first = {**rules(rule("p", NO_POLICIES)), "NextToken": "more"}
    found = compared(run, tmp_path, {"rules-1.json": first, "p.json": details(*all_of("p", C))})
    assert (found.code, found.report["rules_cut"], found.report["summary"]["agree"]) == (4, True, 3)
    assert "incomplete: a page of AWS Config's rules is missing" in found.err
    shown = run("parity", "--config-results", tmp_path / "config", "--snapshot", tmp_path / "s.json")
    assert "AWS Config has more rules (NextToken): write them again" in shown.out
    own = ("--rule", "iam-group-has-users-check", "--rule", "iam-user-no-policies-check")
    shown = run("parity", "--config-results", tmp_path / "config", "--snapshot", tmp_path / "s.json", *own)
    assert "Not among the rules of AWS Config that were read: iam-group-has-users-check" in shown.out
    whole = compared(run, tmp_path, {"rules-2.json": rules(rule("q", GROUPS))})
    assert (whole.report["rules_cut"], len(whole.report["rules"])) == (False, 2)


@pytest.mark.parametrize(
    "ran", [{}, {"status.json": statuses({"ConfigRuleName": "p", "LastSuccessfulEvaluationTime": BEFORE})}]
)
def test_an_empty_answer_that_nothing_explains_is_not_compared(
    ran: dict[str, object], run: Run, tmp_path: Path
) -> None:
    files = {"config-rules.json": rules(rule("p", NO_POLICIES)), "details-p.json": details(), **ran}
    found = compared(run, tmp_path, files)
    assert {each["reason"] for each in found.report["incomparable"]} == {"no_results"}
    assert (found.code, found.report["disagreements"]) == (4, [])
    assert "Exit code 4: nothing was compared" in found.err


def test_an_empty_answer_of_a_periodic_rule_is_explained_by_a_recorder(run: Run, tmp_path: Path) -> None:
    leaves_out = recorder(allSupported=True, includeGlobalResourceTypes=False)
    files = {"config-rules.json": rules(rule("m", MFA)), "details-m.json": details(), "r.json": leaves_out}
    found = compared(run, tmp_path, files)
    assert ({cause for _, cause in causes(found.report)}, found.code) == ({"not_recorded"}, 0)


def test_a_compliance_type_that_is_not_known_is_named(run: Run, tmp_path: Path) -> None:
    odd = [{**result("p", each.id, C), "ComplianceType": "MAYBE"} for each in (BOB, EVE, DAN)]
    text = "AWS Config's answer has a compliance type that cannot be compared: 'MAYBE'"
    described = {"rules.json": rules(rule("p", NO_POLICIES))}
    none = compared(run, tmp_path, {**described, "p.json": {"EvaluationResults": odd}})
    assert [(each["explanation"], none.code) for each in none.report["rules"]] == [(text, 4)]
    some = compared(run, tmp_path, {**described, "p.json": {"EvaluationResults": [odd[0], *all_of("p", C)[1:]]}})
    assert [(each["reason"], some.code) for each in some.report["incomparable"]] == [("compliance_type", 4)]


def _real(found: Compared) -> list[str]:
    return [name for name, cause in causes(found.report) if cause == "real"]


def test_a_missing_page_of_rules_of_one_region_is_incomplete_whatever_others_are(run: Run, tmp_path: Path) -> None:
    files: dict[str, object] = {
        "rules-us.json": {**rules(rule("p", NO_POLICIES)), "NextToken": "more"},
        "rules-eu.json": rules(rule("q", GROUPS, region="eu-west-1")),
        "p.json": details(*all_of("p", C)),
    }
    assert compared(run, tmp_path, files).report["rules_cut"] is True
    ended = compared(run, tmp_path, {**files, "rules-us-2.json": rules(rule("r", GROUPS))})
    assert ended.report["rules_cut"] is False


def test_the_last_page_of_one_filter_does_not_end_the_listing_of_another(run: Run, tmp_path: Path) -> None:
    files: dict[str, object] = {
        "rules.json": rules(rule("p", NO_POLICIES)),
        "p-compliant.json": details(*all_of("p", C)[:1], token="more"),
        "p-non-compliant.json": details(result("p", "AIDAGONE", NC)),
    }
    found = compared(run, tmp_path, files)
    assert {each["reason"] for each in found.report["incomparable"]} == {"pages_missing"}
    assert (_real(found), found.code) == ([], 4)


def test_a_rule_that_is_being_deleted_is_left_out_and_one_whose_results_are_is_not(run: Run, tmp_path: Path) -> None:
    described = (
        rule("p", NO_POLICIES),
        rule("q", GROUPS, ConfigRuleState="DELETING"),
        rule("r", GROUPS, given={"groupNames": "A"}, ConfigRuleState="DELETING_RESULTS"),
    )
    files = {"rules.json": rules(*described), "p.json": details(*all_of("p", C)), "q.json": details(*all_of("q", NC))}
    found = compared(run, tmp_path, files)
    assert found.report["undescribed"] == []
    assert {each["config_rule_name"]: each["not_compared"] for each in found.report["rules"]} == {
        "p": None,
        "r": "no_results",
    }


def test_the_last_page_of_another_rule_ends_no_listing(run: Run, tmp_path: Path) -> None:
    files: dict[str, object] = {
        "rules.json": rules(rule("p", NO_POLICIES), rule("q", GROUPS)),
        "details-p.json": details(*all_of("p", C)[:2], token="more"),
        "details-q.json": details(),
    }
    found = compared(run, tmp_path, files)
    of_p = [each["reason"] for each in found.report["incomparable"] if each["config_rule_name"] == "p"]
    assert (of_p, _real(found), found.code) == (["pages_missing"], [], 4)
    ended = compared(run, tmp_path, {**files, "details-p-2.json": details()})
    assert _real(ended) == ["dan"]


NOT_COMPARED: dict[str, tuple[dict[str, object], str]] = {
    "internal": ({"rules.json": rules(rule("p", NO_POLICIES, RuleEvaluationVisibility="INTERNAL"))}, "internal"),
    "no results": ({"rules.json": rules(rule("p", NO_POLICIES))}, "no_results"),
    "the AWS CLI failed": (
        {
            "rules.json": rules(rule("p", NO_POLICIES)),
            "details-p.json": "An error occurred (ThrottlingException): slow",
        },
        "no_results",
    ),
    "an unknown rule": ({"rules.json": rules(rule("n", "IAM_NEW_RULE"))}, "unknown_rule"),
    "unknown parameters": (
        answers(rule("p", NO_POLICIES, given={"newParameter": "1"}), *all_of("p", C)),
        "parameters",
    ),
    "parameters that are no JSON": (answers(rule("p", NO_POLICIES, given="{broken"), *all_of("p", C)), "parameters"),
}


@pytest.mark.parametrize("case", NOT_COMPARED.values(), ids=NOT_COMPARED)
def test_a_rule_that_cannot_be_compared_says_why(case: Any, run: Run, tmp_path: Path) -> None:
    files, reason = case
    found = compared(run, tmp_path, files)
    assert [each["not_compared"] for each in found.report["rules"]] == [reason]
    assert found.code == 4


def test_what_we_do_not_know_is_no_disagreement(run: Run, tmp_path: Path) -> None:
    unknown = account(users=[user("dan", unknown=["credentials"])])
    found = compared(run, tmp_path, answers(rule("m", MFA), result("m", DAN.id, NC)), unknown)
    assert ([each["reason"] for each in found.report["incomparable"]], found.code) == (["undecided"], 4)


def test_a_user_without_a_unique_id_is_not_taken_for_one_that_is_not_listed(run: Run, tmp_path: Path) -> None:
    nameless = account(users=[user("dan", unknown=["id"]), EVE], unknown=["users"])
    files = answers(rule("p", NO_POLICIES), result("p", DAN.id, C), result("p", EVE.id, C))
    found = compared(run, tmp_path, files, nameless)
    assert {each["reason"] for each in found.report["incomparable"]} == {"list_incomplete"}
    assert found.report["disagreements"] == []


def test_details_in_a_folder_of_their_own_belong_to_the_rules_above(run: Run, tmp_path: Path) -> None:
    described = rules(rule("p", NO_POLICIES), rule("q", GROUPS), rule("r", "IAM_USER_MFA_ENABLED"))
    files = {
        "rules.json": described,
        "details/p.json": details(*all_of("p", C)),
        "details/q-results.json": details(),
        "details/r-results.json": "",
    }
    found = compared(run, tmp_path, files)
    assert {each["config_rule_name"]: each["not_compared"] for each in found.report["rules"]} == {
        "p": None,
        "q": None,
        "r": "no_results",
    }


def test_a_list_that_is_cut_proves_no_deletion(run: Run, tmp_path: Path) -> None:
    cut = account(users=[BOB, EVE, DAN], groups=[group("A")], unknown=["users"])
    found = compared(run, tmp_path, answers(rule("p", NO_POLICIES), *all_of("p", C), result("p", "AIDAGONE", NC)), cut)
    assert ([each["reason"] for each in found.report["incomparable"]], found.code) == (["list_incomplete"], 4)


def test_an_answer_that_was_filtered_proves_no_absence(run: Run, tmp_path: Path) -> None:
    for name, told in (("B", NC), ("A", C)):  # of A and B, B has no users
        files = answers(rule("h", "IAM_GROUP_HAS_USERS_CHECK"), result("h", group(name).id, told, kind=GROUP))
        found = compared(run, tmp_path, files)
        assert ([each["reason"] for each in found.report["incomparable"]], found.code) == (["filtered"], 4)


def test_one_rule_in_two_regions_is_counted_once(run: Run, tmp_path: Path) -> None:
    files: dict[str, object] = {
        f"{region}/{name}.json": content
        for region in (REGION, "eu-west-1")
        for name, content in (
            ("rules", rules(rule("p", NO_POLICIES, region=region))),
            ("details", details(*all_of("p", C)[1:], result("p", BOB.id, NC))),
        )
    }
    found = compared(run, tmp_path, files)
    assert (causes(found.report), found.report["summary"]["agree"]) == ([("bob", "real")], 2)
    assert [each["region"] for each in found.report["rules"][0]["config_rules"]] == ["eu-west-1", REGION]


def test_rules_of_one_identifier_are_joined_by_what_their_parameters_mean(run: Run, tmp_path: Path) -> None:
    name = "IAM_PASSWORD_POLICY"
    described = [
        rule("a", name, given={"MinimumPasswordLength": "14"}),
        rule("b", name, given={"MinimumPasswordLength": " 14 "}),
        rule("c", name, given={"MinimumPasswordLength": "30"}),
    ]
    files: dict[str, object] = {
        "rules.json": rules(*described),
        "d.json": details(
            *(result(each, ACCOUNT_ID, told, kind=ACCOUNT) for each, told in (("a", C), ("b", C), ("c", NC)))
        ),
    }
    found = compared(run, tmp_path, files)
    assert [[each["config_rule_name"] for each in of["config_rules"]] for of in found.report["rules"]] == [
        ["a", "b"],
        ["c"],
    ]
    assert (found.code, found.report["summary"]["agree"]) == (0, 2)


def test_the_order_of_a_list_means_nothing(run: Run, tmp_path: Path) -> None:
    described = (rule("a", GROUPS, given={"groupNames": "A,B"}), rule("b", GROUPS, given={"groupNames": "B, A"}))
    files = {"rules.json": rules(*described), "d.json": details(*all_of("a", C)[:2], *all_of("b", C)[:2])}
    (only,) = compared(run, tmp_path, files).report["rules"]
    assert [each["config_rule_name"] for each in only["config_rules"]] == ["a", "b"]


@pytest.mark.parametrize(("kind", "resource_id"), [(ACCOUNT, ACCOUNT_ID), (POLICY, "ANPAEXAMPLE")])
def test_a_policy_in_use_is_found_on_the_account_and_on_the_policy(
    kind: str, resource_id: str, run: Run, tmp_path: Path
) -> None:
    given = {"policyARN": "arn:aws:iam::aws:policy/AWSSupportAccess"}
    files = answers(rule("u", "IAM_POLICY_IN_USE", given=given), result("u", resource_id, NC, kind=kind))
    found = compared(run, tmp_path, files)
    assert (found.code, found.report["summary"]["agree"]) == (0, 1)


@pytest.mark.parametrize("by", ["arn", "name"])
def test_providers_and_certificates_are_found_by_arn_and_by_name(by: str, run: Run, tmp_path: Path) -> None:
    provider, certificate = (
        oidc_provider("idp.example.com", tags={"a": "b"}),
        server_certificate("site", tags={"a": "b"}),
    )
    snapshot = account(oidc_providers=[provider], server_certificates=[certificate])
    kinds = ("AWS::IAM::OIDCProvider", "AWS::IAM::ServerCertificate")
    files: dict[str, object] = {
        "rules.json": rules(rule("o", "IAM_OIDC_PROVIDER_TAGGED"), rule("s", "IAM_SERVER_CERTIFICATE_TAGGED")),
        "d.json": details(
            *(
                result(name, getattr(each, by), C, kind=kind)
                for name, each, kind in zip("os", (provider, certificate), kinds, strict=True)
            )
        ),
    }
    found = compared(run, tmp_path, files, snapshot)
    assert (found.code, found.report["summary"]["agree"]) == (0, 2), found.report


def test_ids_of_an_unknown_form_prove_nothing(run: Run, tmp_path: Path) -> None:
    snapshot = account(oidc_providers=[oidc_provider("idp.example.com", tags={"a": "b"})])
    kind = "AWS::IAM::OIDCProvider"
    files = answers(rule("o", "IAM_OIDC_PROVIDER_TAGGED"), result("o", "res-0a1b2c", C, kind=kind))
    found = compared(run, tmp_path, files, snapshot)
    assert ([each["reason"] for each in found.report["incomparable"]], found.code) == (["unknown_id"] * 2, 4)
    known = result("o", snapshot.oidc_providers.known_part[0].arn, C, kind=kind)
    files = answers(rule("o", "IAM_OIDC_PROVIDER_TAGGED"), result("o", "res-0a1b2c", C, kind=kind), known)
    assert causes(compared(run, tmp_path, files, snapshot).report) == [("res-0a1b2c", "deleted")]


def test_a_result_on_another_account_is_not_one_on_ours(run: Run, tmp_path: Path) -> None:
    given = {"policyARN": "arn:aws:iam::aws:policy/AWSSupportAccess"}
    files = answers(rule("u", "IAM_POLICY_IN_USE", given=given), result("u", "999999999999", NC, kind=ACCOUNT))
    assert compared(run, tmp_path, files).report["summary"]["agree"] == 0


def test_files_of_something_else_are_named_and_passed_over(run: Run, tmp_path: Path) -> None:
    files = answers(
        rule("p", NO_POLICIES),
        *all_of("p", C),
        **{"users.json": {"Users": []}, "list.json": [1], "q.json": {"Results": [{}]}},
    )
    found = compared(run, tmp_path, files)
    assert found.code == 0
    assert re.search(r"no answers of AWS Config: \S+list.json and 1 more", found.err)


BAD: dict[str, tuple[dict[str, object], int, str]] = {
    "no rules": ({"d.json": details(result("p", BOB.id, C))}, 3, "holds no answer of describe-config-rules"),
    "cut": ({"rules.json": '{"ConfigRules": [{"ConfigRuleName": "p"'}, 3, "rules.json cannot be read"),
    "a wrong type": ({"rules.json": {"ConfigRules": [{"ConfigRuleName": 1}]}}, 3, "$.ConfigRules[0]"),
    "an error": ({"rules.json": "An error occurred (AccessDeniedException): no"}, 3, "the AWS CLI said"),
    "a time that cannot be": (
        answers(
            rule("p", NO_POLICIES),
            *all_of("p", C),
            **{"x.json": {"EvaluationResults": [result("p", BOB.id, C, at=1e300)]}},
        ),
        3,
        "a time that cannot be: 1e+300",
    ),
    "accounts in one folder": (
        {
            "rules.json": rules(rule("p", NO_POLICIES), rule("p", NO_POLICIES, account="999999999999")),
            "d.json": details(*all_of("p", C)),
        },
        3,
        "are of accounts 111122223333 and 999999999999, and some of their results name none",
    ),
    "Regions of a rule about one Region in one folder": (
        {
            "rules.json": rules(
                rule("x", "IAM_EXTERNAL_ACCESS_ANALYZER_ENABLED"),
                rule("x", "IAM_EXTERNAL_ACCESS_ANALYZER_ENABLED", region="eu-west-1"),
            ),
            "d.json": details(result("x", ACCOUNT_ID, C, kind=ACCOUNT)),
        },
        3,
        "x is about one Region, is deployed in several, and its results name none",
    ),
    "Regions in one folder": (
        {
            "rules.json": rules(
                rule("w", "IAM_PASSWORD_POLICY", given={"MinimumPasswordLength": "8"}),
                rule("w", "IAM_PASSWORD_POLICY", given={"MinimumPasswordLength": "9"}, region="eu-west-1"),
            ),
            "d.json": details(result("w", ACCOUNT_ID, C, kind=ACCOUNT)),
        },
        3,
        "a folder of its own",
    ),
}


@pytest.mark.parametrize("case", BAD.values(), ids=BAD)
def test_bad_input_is_one_error_that_names_place_and_remedy(case: Any, run: Run, tmp_path: Path) -> None:
    files, code, message = case
    found = compared(run, tmp_path, files)
    assert (found.code, found.report) == (code, {})
    assert message in found.err
    assert "Traceback" not in found.err


def test_options_that_make_no_sense_are_refused(run: Run, folder: Path) -> None:
    for arguments, message in (
        ((), "AWS Config's results are missing"),
        (("--live", "--config-results", "x"), "exclude each other"),
        (("--config-results", ""), "--config-results is empty"),
        (("--live", "--demo"), "exclude each other"),
    ):
        done = run("parity", "--snapshot", "s.json", *arguments)
        assert (done.code, message in done.err) == (2, True), done.err
    missing = run("parity", "--snapshot", "s.json", "--config-results", folder / "none")
    assert (missing.code, "is not a folder" in missing.err) == (3, True)


def test_the_report_is_as_its_schema_says_and_a_program_gets_the_same(run: Run, tmp_path: Path) -> None:
    files, _, snapshot, _ = CASES["a decision: users without a password"]
    found = compared(run, tmp_path, files, snapshot)
    schema = json.loads((Path(auditor.__file__).parent / "parity/parity.schema.json").read_text("utf-8"))
    jsonschema.Draft202012Validator(schema).validate(found.report)
    parity = auditor.compare_with_config(snapshot, auditor.read_config_results(tmp_path / "config"))
    assert json.loads(parity.to_json()) == found.report
    assert isinstance(parity, auditor.Parity)


def test_a_thousand_resources_are_compared_in_one_pass(run: Run, tmp_path: Path) -> None:
    people = [user(f"u{number:04}", groups=["A"]) for number in range(1_000)]
    names = {"p": NO_POLICIES, "g": GROUPS, "i": "IAM_NO_INLINE_POLICY_CHECK"}
    told = {f"details-{name}.json": details(*(result(name, each.id, C) for each in people)) for name in names}
    files: dict[str, object] = {"rules.json": rules(*(rule(*each) for each in names.items())), **told}
    found = compared(run, tmp_path, files, account(users=people, groups=[]))
    assert (found.code, found.report["summary"]["agree"]) == (0, 3_000)


def test_the_example_for_programs_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = (Path(__file__).parents[2] / "docs/parity.md").read_text("utf-8")
    (example,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "today.json.gz").write_bytes(dump(PEOPLE))
    write(tmp_path / "config", answers(rule("p", NO_POLICIES), *all_of("p", C)))
    exec(compile(example, "docs/parity.md", "exec"), {})
    assert "AWS Config and iam-audit on" in (tmp_path / "parity.html").read_text("utf-8")
