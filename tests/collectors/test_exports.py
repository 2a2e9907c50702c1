"""Exports: what a folder of AWS CLI output proves, and what it does not."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import exports_folder as folder_of
import five_rules
import pytest
from exports_folder import DETAILS, DEVICES, PASSWORD_POLICY, REPORT, SUMMARY
from rule_parameters import configured

from auditor.account.model import Snapshot
from auditor.account.snapshot import dump, load
from auditor.account.sources import Source, SourceStatus
from auditor.account.unknown import gaps_of, stored
from auditor.collectors.cli_output.folder import collect
from auditor.errors import SourceError
from auditor.judging.registry import load_rules
from auditor.judging.rule import ComplianceType
from auditor.report.audit import audit
from auditor.report.report import Report
from auditor.testing import NA, NC, UNKNOWN, C

RULES = load_rules()
DENIED = "An error occurred (AccessDenied) when calling the {} operation: User: arn:x is not authorized to perform: y"


def collected(tmp_path: Path, **changes: Any) -> Snapshot:
    names = {"details": DETAILS, "report": REPORT, "password": PASSWORD_POLICY, "summary": SUMMARY, "devices": DEVICES}
    return collect(folder_of.write(tmp_path / "exports", {names[key]: value for key, value in changes.items()}), None)


def report_of(snapshot: Snapshot) -> Report:
    return audit(snapshot, [configured(name) for name in RULES], as_of=datetime(2026, 11, 24, tzinfo=UTC))


def verdicts(snapshot: Snapshot) -> dict[tuple[str, str], ComplianceType]:
    return {
        (found.config_rule_name, found.resource_name): found.compliance_type for found in report_of(snapshot).findings
    }


def verdicts_of_five(snapshot: Snapshot) -> dict[tuple[str, str], ComplianceType]:
    return {key: verdict for key, verdict in verdicts(snapshot).items() if key[0] in five_rules.IDS}


def annotations(snapshot: Snapshot, rule: str) -> dict[str, str]:
    return {
        found.resource_name: found.annotation
        for found in report_of(snapshot).findings
        if found.config_rule_name == rule
    }


def gap_codes(snapshot: Snapshot) -> set[str]:
    return {gap.id for gap in snapshot.gaps}


MEMBERSHIP, MFA = "iam-user-group-membership-check", "mfa-enabled-for-iam-console-access"
NO_POLICIES, PASSWORD, HAS_USERS = "iam-user-no-policies-check", "iam-password-policy", "iam-group-has-users-check"


def test_a_complete_folder_is_judged_completely(tmp_path: Path) -> None:
    assert verdicts_of_five(collected(tmp_path)) == {
        (HAS_USERS, "Admins"): C,
        (HAS_USERS, "Empty"): NC,
        (MEMBERSHIP, "=cmd()"): NC,
        (MEMBERSHIP, "a,b"): NC,
        (MEMBERSHIP, "alice"): C,
        (MEMBERSHIP, "ci"): C,
        (NO_POLICIES, "=cmd()"): NC,
        (NO_POLICIES, "a,b"): C,
        (NO_POLICIES, "alice"): C,
        (NO_POLICIES, "ci"): C,
        (PASSWORD, "111122223333"): C,
        (MFA, "=cmd()"): NC,
        (MFA, "a,b"): NC,
        (MFA, "alice"): C,
        (MFA, "ci"): C,
    }


def test_every_source_of_a_complete_folder_is_complete(tmp_path: Path) -> None:
    snapshot = collected(tmp_path)
    assert {source.status for source in snapshot.sources} == {SourceStatus.COMPLETE}
    assert snapshot.gaps == ()
    assert (snapshot.account.id, snapshot.account.partition) == ("111122223333", "aws")
    assert (snapshot.captured_at, snapshot.report_generated_at) == (None, datetime(2026, 11, 24, 1, tzinfo=UTC))


def test_the_snapshot_of_a_folder_survives_writing_and_reading(tmp_path: Path) -> None:
    document = dump(collected(tmp_path))
    assert dump(load(document, "copy")) == document


@pytest.mark.parametrize("name", folder_of.FILES)
@pytest.mark.parametrize("content", [None, "", DENIED.format("Anything")], ids=["missing", "empty", "denied"])
def test_without_a_file_verdicts_turn_only_into_insufficient_data(
    tmp_path: Path, name: str, content: str | None
) -> None:
    whole = verdicts(collect(folder_of.write(tmp_path / "whole"), None))
    less = verdicts(collect(folder_of.write(tmp_path / "less", {name: content}), None))
    assert {key: less.get(key, UNKNOWN) for key in whole} == {
        key: verdict if less.get(key) is verdict else UNKNOWN for key, verdict in whole.items()
    }


@pytest.mark.parametrize(
    ("name", "rules"),
    [(DETAILS, {HAS_USERS, MEMBERSHIP, NO_POLICIES}), (REPORT, {MFA}), (PASSWORD_POLICY, {PASSWORD})],
)
def test_without_its_file_a_rule_finds_nothing_compliant(tmp_path: Path, name: str, rules: set[str]) -> None:
    found = report_of(collect(folder_of.write(tmp_path / "less", {name: None}), None)).findings
    mine = [finding for finding in found if finding.config_rule_name in rules]
    assert {finding.compliance_type for finding in mine} == {UNKNOWN}
    assert all(f"{Path(name).stem}" in finding.annotation for finding in mine)


def test_a_denied_call_names_the_action_to_grant(tmp_path: Path) -> None:
    snapshot = collected(tmp_path, password=DENIED.format("GetAccountPasswordPolicy"))
    told = annotations(snapshot, PASSWORD)["111122223333"]
    assert told == "Password policy could not be read (AccessDenied); grant iam:GetAccountPasswordPolicy"


def test_no_such_entity_means_that_the_account_is_on_the_default_policy(tmp_path: Path) -> None:
    text = "\nAn error occurred (NoSuchEntity) when calling the GetAccountPasswordPolicy operation: not found"
    snapshot = collected(tmp_path, password=text)
    assert verdicts(snapshot)[PASSWORD, "111122223333"] is NC
    assert stored(snapshot.account, "password_policy") is None


def test_a_password_policy_that_lacks_a_property_is_unknown_in_it(tmp_path: Path) -> None:
    cut = folder_of.password_policy()
    del cut["PasswordPolicy"]["RequireSymbols"]
    snapshot = collected(tmp_path, password=cut)
    assert verdicts(snapshot)[PASSWORD, "111122223333"] is UNKNOWN
    assert "require_symbols" in annotations(snapshot, PASSWORD)["111122223333"]


def test_a_report_alone_is_judged_as_far_as_it_reaches(tmp_path: Path) -> None:
    rest = dict.fromkeys(("details", "password", "summary", "devices"))
    found = verdicts_of_five(collected(tmp_path, **rest))
    assert {name: verdict for (rule, name), verdict in found.items() if rule == MFA} == {
        "=cmd()": NC,
        "a,b": NC,
        "alice": C,
        "ci": C,
        "111122223333": UNKNOWN,
    }
    assert {verdict for (rule, _), verdict in found.items() if rule != MFA} == {UNKNOWN}


def test_users_of_the_report_alone_have_no_ids(tmp_path: Path) -> None:
    snapshot = collected(tmp_path, details=None)
    ci = next(user for user in snapshot.users.known_part if user.name == "ci")
    assert (stored(ci, "id"), ci.arn, ci.path) == (None, "arn:aws:iam::111122223333:user/bots/ci", "/bots/")


def test_a_bare_csv_has_no_time_of_its_own(tmp_path: Path) -> None:
    changes = {REPORT: None, "credential-report.csv": folder_of.GOLDEN_REPORT}
    snapshot = collect(folder_of.write(tmp_path / "exports", changes), None)
    assert (snapshot.captured_at, snapshot.report_generated_at) == (None, None)
    assert verdicts(snapshot)[MFA, "alice"] is C


def test_the_time_of_a_bare_csv_is_told_by_the_user(tmp_path: Path) -> None:
    changes = {REPORT: None, "credential-report.csv": folder_of.GOLDEN_REPORT}
    told = datetime(2026, 11, 25, tzinfo=UTC)
    snapshot = collect(folder_of.write(tmp_path / "exports", changes), told)
    assert (snapshot.captured_at, snapshot.report_generated_at) == (told, told)


def test_users_created_since_the_report_are_unknown(tmp_path: Path) -> None:
    details = folder_of.details()
    details["UserDetailList"].append(folder_of.user("new"))
    found = collected(tmp_path, details=details, summary=None)
    assert verdicts(found)[MFA, "new"] is UNKNOWN
    assert "created since" in annotations(found, MFA)["new"]


def test_users_deleted_since_the_report_are_told_of_and_not_judged(tmp_path: Path) -> None:
    details = folder_of.details()
    details["UserDetailList"].pop(0)
    summary = folder_of.summary()
    summary["SummaryMap"]["Users"] = 3
    report = report_of(collected(tmp_path, details=details, summary=summary, devices={"VirtualMFADevices": []}))
    assert "alice" not in {finding.resource_name for finding in report.findings}
    assert [warning.resource_name for warning in report.warnings if warning.code == "deleted-user"] == ["alice"]


@pytest.mark.parametrize(
    "change",
    [{"CreateDate": "2026-11-24T00:30:00+00:00"}, {"Path": "/x/", "Arn": "arn:aws:iam::111122223333:user/x/alice"}],
)
def test_a_user_made_again_is_not_judged_by_the_row_of_the_earlier_one(tmp_path: Path, change: dict[str, str]) -> None:
    details = folder_of.details()
    details["UserDetailList"][0] |= change
    assert verdicts(collected(tmp_path, details=details))[MFA, "alice"] is UNKNOWN


def test_a_user_listed_in_contradiction_is_unknown(tmp_path: Path) -> None:
    alice = folder_of.GOLDEN_REPORT.splitlines()[4]
    text = f"{folder_of.GOLDEN_REPORT}\n{alice.replace(',true,false,', ',false,false,', 1)}"
    assert verdicts(collected(tmp_path, report=folder_of.credential_report(text)))[MFA, "alice"] is UNKNOWN


def test_counts_that_the_summary_contradicts_are_not_believed(tmp_path: Path) -> None:
    summary = folder_of.summary()
    summary["SummaryMap"]["Users"] = 5
    snapshot = collected(tmp_path, summary=summary)
    assert verdicts(snapshot)[NO_POLICIES, "111122223333"] is UNKNOWN
    assert verdicts(snapshot)[HAS_USERS, "Empty"] is UNKNOWN
    assert next(each for each in snapshot.sources if each.name is Source.USERS).status is SourceStatus.PARTIAL


def test_an_empty_list_is_believed_only_if_something_confirms_it(tmp_path: Path) -> None:
    details = folder_of.details() | {"GroupDetailList": []}
    for user in details["UserDetailList"]:
        user["GroupList"] = []
    summary = folder_of.summary()
    summary["SummaryMap"]["Groups"] = 0
    confirmed = collect(folder_of.write(tmp_path / "a", {DETAILS: details, SUMMARY: summary}), None)
    unconfirmed = collect(folder_of.write(tmp_path / "b", {DETAILS: details, SUMMARY: None}), None)
    assert verdicts(confirmed)[HAS_USERS, "111122223333"] is NA
    assert verdicts(unconfirmed)[HAS_USERS, "111122223333"] is UNKNOWN


def test_no_users_are_believed_if_the_report_has_none(tmp_path: Path) -> None:
    details = folder_of.details() | {"UserDetailList": []}
    header = folder_of.credential_report("\n".join(folder_of.GOLDEN_REPORT.splitlines()[:2]))
    snapshot = collected(tmp_path, details=details, summary=None, report=header, devices=None)
    assert verdicts(snapshot)[MFA, "111122223333"] is NA


HEADER, *ROWS = folder_of.GOLDEN_REPORT.splitlines()
CONTRADICTED = [row for alice in ROWS[3:4] for row in (alice, alice.replace(",true,false,", ",false,false,", 1))]


@pytest.mark.parametrize("lines", [[HEADER], [HEADER, ROWS[0], *CONTRADICTED]], ids=["header only", "contradicted"])
def test_a_damaged_report_does_not_confirm_that_there_are_no_users(tmp_path: Path, lines: list[str]) -> None:
    details = folder_of.details() | {"UserDetailList": []}
    damaged = folder_of.credential_report("\n".join(lines))
    found = verdicts(collected(tmp_path, details=details, summary=None, report=damaged))
    assert found[MFA, "111122223333"] is UNKNOWN
    assert found[HAS_USERS, "Admins"] is UNKNOWN


def test_users_of_the_report_that_the_list_lacks_are_not_taken_for_deleted_without_proof(tmp_path: Path) -> None:
    details = folder_of.details()
    details["UserDetailList"] = details["UserDetailList"][:1]
    found = verdicts(collected(tmp_path, details=details, summary=None))
    assert found[MEMBERSHIP, "111122223333"] is UNKNOWN
    assert found[MEMBERSHIP, "ci"] is UNKNOWN
    assert found[MFA, "=cmd()"] is NC


def test_a_user_whose_creation_is_not_told_may_be_another(tmp_path: Path) -> None:
    text = folder_of.GOLDEN_REPORT.replace("user/alice,2025-01-01T00:00:00Z", "user/alice,sometime")
    assert verdicts(collected(tmp_path, report=folder_of.credential_report(text)))[MFA, "alice"] is UNKNOWN


def test_the_error_of_another_call_proves_nothing(tmp_path: Path) -> None:
    text = "An error occurred (NoSuchEntity) when calling the GetLoginProfile operation: not found"
    snapshot = collected(tmp_path, password=text)
    assert verdicts(snapshot)[PASSWORD, "111122223333"] is UNKNOWN
    assert "another call, GetLoginProfile" in annotations(snapshot, PASSWORD)["111122223333"]


def test_two_users_whose_names_differ_only_in_case_are_refused(tmp_path: Path) -> None:
    details = folder_of.details()
    details["UserDetailList"].append(folder_of.user("ALICE", path="/other/"))
    with pytest.raises(SourceError, match="twice, with different content"):
        collected(tmp_path, details=details)


def test_a_record_that_lacks_a_key_survives_saving(tmp_path: Path) -> None:
    details = folder_of.details()
    for detail in (*details["RoleDetailList"], *details["Policies"], *details["GroupDetailList"]):
        del detail["CreateDate"]
    snapshot = collected(tmp_path, details=details)
    assert load(dump(snapshot), "copy") == snapshot


def test_several_pages_make_one_account(tmp_path: Path) -> None:
    whole = folder_of.details()
    first = {key: whole[key][:1] for key in whole}
    second = {key: whole[key][1:] for key in whole}
    changes = {
        DETAILS: None,
        "account-authorization-details-1.json": first,
        "account-authorization-details-2.json": second,
    }
    assert verdicts(collect(folder_of.write(tmp_path / "exports", changes), None)) == verdicts(collected(tmp_path))


@pytest.mark.parametrize("key", [{"NextToken": "more"}, {"Marker": "more"}, {"IsTruncated": True}])
def test_pages_that_stop_early_are_believed_only_if_the_summary_counts_as_many(
    tmp_path: Path, key: dict[str, Any]
) -> None:
    stopped = folder_of.details() | key
    counted = collect(folder_of.write(tmp_path / "a", {DETAILS: stopped}), None)
    uncounted = collect(folder_of.write(tmp_path / "b", {DETAILS: stopped, SUMMARY: None}), None)
    assert counted.users.gap is None
    assert uncounted.users.gap == "users:Truncated"
    assert verdicts(uncounted)[HAS_USERS, "Admins"] is C
    assert verdicts(uncounted)[HAS_USERS, "Empty"] is UNKNOWN


def test_devices_that_stop_early_are_not_all(tmp_path: Path) -> None:
    snapshot = collected(tmp_path, devices=folder_of.devices() | {"NextToken": "more"})
    assert snapshot.virtual_mfa_devices.gap == "virtual-mfa-devices:Truncated"


def test_one_denied_page_among_others_makes_the_lists_partial(tmp_path: Path) -> None:
    changes = {"account-authorization-details-2.json": DENIED.format("GetAccountAuthorizationDetails")}
    snapshot = collect(folder_of.write(tmp_path / "exports", changes), None)
    assert snapshot.users.gap == "users:AccessDenied"
    assert len(snapshot.users.known_part) == 4


def test_a_time_that_is_told_is_that_of_the_capture_and_not_of_the_report(tmp_path: Path) -> None:
    told = datetime(2026, 11, 24, 2, tzinfo=UTC)
    snapshot = collect(folder_of.write(tmp_path / "exports"), told)
    assert (snapshot.captured_at, snapshot.report_generated_at) == (told, datetime(2026, 11, 24, 1, tzinfo=UTC))


@pytest.mark.parametrize(("seconds", "verdict"), [("01:00", C), ("01:01", UNKNOWN)])
def test_times_of_creation_may_differ_by_a_minute(tmp_path: Path, seconds: str, verdict: ComplianceType) -> None:
    details = folder_of.details()
    details["UserDetailList"][0]["CreateDate"] = f"2025-01-01T00:{seconds}+00:00"
    assert verdicts(collected(tmp_path, details=details))[MFA, "alice"] is verdict


def test_policies_of_aws_are_not_taken_for_the_customers(tmp_path: Path) -> None:
    assert [policy.name for policy in collected(tmp_path).policies.known_part] == ["Boundary"]


def test_a_key_that_aws_always_sends_is_unknown_when_it_is_missing(tmp_path: Path) -> None:
    details = folder_of.details()
    del details["UserDetailList"][0]["AttachedManagedPolicies"]
    snapshot = collected(tmp_path, details=details)
    assert verdicts(snapshot)[NO_POLICIES, "alice"] is UNKNOWN
    assert "AttachedManagedPolicies" in annotations(snapshot, NO_POLICIES)["alice"]


def test_documents_are_read_decoded_and_percent_encoded(tmp_path: Path) -> None:
    snapshot = collected(tmp_path)
    user = next(user for user in snapshot.users.known_part if user.name == "=cmd()")
    assert json.loads(bytes(user.inline_policies.known_part[0].document)) == {"Statement": [], "Id": "a+b"}


def test_a_document_that_cannot_be_read_is_unknown_and_the_policy_is_not(tmp_path: Path) -> None:
    details = folder_of.details()
    details["UserDetailList"][0]["UserPolicyList"] = [{"PolicyName": "broken", "PolicyDocument": "%7B"}]
    snapshot = collected(tmp_path, details=details)
    alice = next(user for user in snapshot.users.known_part if user.name == "alice")
    assert set(gaps_of(alice.inline_policies.known_part[0])) == {"document"}
    assert verdicts(snapshot)[NO_POLICIES, "alice"] is NC


@pytest.mark.parametrize("encoding", ["utf-16", "utf-8-sig"])
def test_files_of_powershell_are_read(tmp_path: Path, encoding: str) -> None:
    changes = {PASSWORD_POLICY: json.dumps(folder_of.password_policy()).encode(encoding)}
    assert verdicts(collect(folder_of.write(tmp_path / "exports", changes), None))[PASSWORD, "111122223333"] is C


def test_groups_that_users_joined_and_the_list_lacks_are_named(tmp_path: Path) -> None:
    details = folder_of.details()
    details["UserDetailList"][0]["GroupList"] = ["Admins", "Ghost", "empty"]
    reason = annotations(collected(tmp_path, details=details), HAS_USERS)["111122223333"]
    assert "The list of groups lacks Ghost and 1 more, which the data of users name" in reason
