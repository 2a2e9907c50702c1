"""Exports as people have them: what the AWS CLI said instead of data, noise, null, near names, other encodings."""

import gzip
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import exports_folder as folder_of
import pytest
from conftest import Run
from exports_folder import DETAILS, PASSWORD_POLICY, REPORT, SUMMARY
from rule_parameters import configured

import auditor
from auditor.account.unknown import stored
from auditor.errors import SourceError
from auditor.judging.rule import ComplianceType
from auditor.report.audit import audit
from auditor.testing import NC, UNKNOWN, C

CAPTURED_AT = datetime(2026, 11, 24, 2, tzinfo=UTC)
PASSWORD, ORGANIZATION = "iam-password-policy", "organization.json"
NONE = "The Password Policy with domain name 111122223333 cannot be found."
NAMED = f"An error occurred (NoSuchEntity) when calling the GetAccountPasswordPolicy operation: {NONE}"
WRAPPED = f"""aws : \r
At line:1 char:1\r
+ aws iam get-account-password-policy > account-password-policy.json 2> ...\r
+ ~~~~~~~\r
    + CategoryInfo          : NotSpecified: (:String) [], RemoteException\r
    + FullyQualifiedErrorId : NativeCommandError\r
 \r
An error occurred (NoSuchEnt\r
ity) when calling the GetAccountPasswordPolicy \r
operation: {NONE}\r
"""
TABLE = f"""\
---------------------------------
|             error             |
+---------+---------------------+
|  Code   |  NoSuchEntity       |
|  Message|  {NONE}  |
+---------+---------------------+
"""
FORMS = {
    "version 1": f"\n{NAMED}\n",
    "legacy": f"\naws: [ERROR]: {NAMED}\n",
    "json": json.dumps({"Code": "NoSuchEntity", "Message": NONE, "message": NONE}, indent=4),
    "json within Error": json.dumps({"Error": {"Code": "NoSuchEntity", "Message": NONE}}),
    "yaml": f"Code: NoSuchEntity\nMessage: {NONE}\nmessage: {NONE}\n",
    "text": f"NoSuchEntity\t{NONE}\t{NONE}\n",
    "table": TABLE,
    "PowerShell's": WRAPPED,
}


def read(tmp_path: Path, changes: dict[str, Any], captured_at: datetime | None = CAPTURED_AT) -> auditor.Snapshot:
    return auditor.read_exports(folder_of.write(tmp_path / "exports", changes), captured_at)


def verdicts(snapshot: auditor.Snapshot, rule: str) -> set[ComplianceType]:
    return {each.compliance_type for each in audit(snapshot, [configured(rule)], as_of=CAPTURED_AT).findings}


def notices(snapshot: auditor.Snapshot) -> dict[str | None, str]:
    return {notice.resource_name: notice.message for notice in snapshot.notices if notice.code == "exports-file"}


def gaps(snapshot: auditor.Snapshot) -> dict[str, tuple[str, str]]:
    return {gap.source: (gap.error_code, gap.message) for gap in snapshot.gaps}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("form", FORMS.values(), ids=list(FORMS))
def test_an_error_of_the_aws_cli_is_read_in_each_of_its_formats(tmp_path: Path, form: str, encoding: str) -> None:
    snapshot = read(tmp_path, {PASSWORD_POLICY: form.encode(encoding)})
    assert verdicts(snapshot, PASSWORD) == {NC}
    assert stored(snapshot.account, "password_policy") is None
    assert notices(snapshot) == {}


@pytest.mark.parametrize("form", FORMS.values(), ids=list(FORMS))
def test_standard_error_may_be_in_a_file_beside_the_empty_one(tmp_path: Path, form: str) -> None:
    snapshot = read(tmp_path, {PASSWORD_POLICY: "", "account-password-policy.err": form})
    assert verdicts(snapshot, PASSWORD) == {NC}


@pytest.mark.parametrize("form", FORMS.values(), ids=list(FORMS))
def test_a_denied_call_is_read_in_each_format_and_says_what_to_grant(tmp_path: Path, form: str) -> None:
    denial = "User: arn:x is not authorized to perform: iam:GetAccountPasswordPolicy because"
    text = (
        form.replace("NoSuchEnt\r\nity", "AccessDenied").replace("NoSuchEntity", "AccessDenied").replace(NONE, denial)
    )
    snapshot = read(tmp_path, {PASSWORD_POLICY: text})
    assert verdicts(snapshot, PASSWORD) == {UNKNOWN}
    assert [gap.iam_action for gap in snapshot.gaps] == ["iam:GetAccountPasswordPolicy"]


@pytest.mark.parametrize("form", [FORMS["json"], FORMS["yaml"], FORMS["text"], FORMS["table"]])
def test_an_error_that_names_no_call_proves_only_what_its_message_is_about(tmp_path: Path, form: str) -> None:
    text = form.replace(NONE, "Login Profile for User x cannot be found.")
    snapshot = read(tmp_path, {PASSWORD_POLICY: text})
    assert verdicts(snapshot, PASSWORD) == {UNKNOWN}
    assert "may be of another call" in notices(snapshot)[PASSWORD_POLICY]


FAILURES = {
    "no credentials, version 1": 'Unable to locate credentials. You can configure them by "aws configure".',
    "no credentials": 'aws: [ERROR]: An error occurred (NoCredentials): Unable to locate credentials. Run "aws login".',
    "no Region": "aws: [ERROR]: An error occurred (NoRegion): You must specify a region.",
    "no profile": "aws: [ERROR]: The config profile (nope) could not be found",
    "no endpoint": '\naws: [ERROR]: Could not connect to the endpoint URL: "http://127.0.0.1:1/"\n',
    "not installed": "bash: aws: command not found",
    "YAML": "SummaryMap:\n  Users: 4\n",
    "text output": "SUMMARYMAP\t4\t2\n",
    "nothing but PowerShell's lines": "aws : \r\nAt line:1 char:1\r\n+ aws iam get-account-summary",
}


@pytest.mark.parametrize("text", FAILURES.values(), ids=list(FAILURES))
def test_a_command_that_failed_leaves_its_file_unknown_and_is_quoted(tmp_path: Path, text: str) -> None:
    snapshot = read(tmp_path, {SUMMARY: text})
    code, message = gaps(snapshot)["account-summary"]
    assert code in {"NoData", "NoCredentials", "NoRegion"}
    assert f"{SUMMARY} holds no data" in message
    assert notices(snapshot)[SUMMARY] == message
    assert verdicts(snapshot, PASSWORD) == {C}


def test_what_is_quoted_holds_no_secret(tmp_path: Path) -> None:
    snapshot = read(tmp_path, {SUMMARY: "failed with aws_secret_access_key=wJalrXUtnFEMI/K7MDENG and more"})
    assert "wJalr" not in str(gaps(snapshot))


def test_an_answer_that_broke_off_with_an_error_is_no_answer(tmp_path: Path) -> None:
    text = '{\n "SummaryMap": {"Users": 4,\naws: [ERROR]: \'charmap\' codec cannot encode character\n'
    assert "'charmap' codec" in gaps(read(tmp_path, {SUMMARY: text}))["account-summary"][1].replace('"', "'")


WARNING = "/usr/lib/urllib3/connectionpool.py:1064: InsecureRequestWarning: Unverified request\n  warnings.warn("


@pytest.mark.parametrize("text", [f"{WARNING}\n{{}}", f"{{}}\n{WARNING}\n", f"{WARNING}\n{{}}\n{WARNING}"])
def test_noise_around_one_document_is_passed_over_and_named(tmp_path: Path, text: str) -> None:
    snapshot = read(tmp_path, {SUMMARY: text.replace("{}", json.dumps(folder_of.summary(), indent=1))})
    assert snapshot.account.summary["Users"] == 4
    assert "InsecureRequestWarning" in notices(snapshot)[SUMMARY]


def test_data_beside_an_error_are_not_believed(tmp_path: Path) -> None:
    denied = "An error occurred (AccessDenied) when calling the GetAccountSummary operation: no"
    for text in (f"{denied}\n{json.dumps(folder_of.summary())}", f"{json.dumps(folder_of.summary())}\n{denied}"):
        assert gaps(read(tmp_path, {SUMMARY: text}))["account-summary"][0] == "AccessDenied"


def test_two_documents_in_one_file_are_refused(tmp_path: Path) -> None:
    text = json.dumps(folder_of.summary())
    with pytest.raises(SourceError, match=f"{SUMMARY} cannot be read"):
        read(tmp_path, {SUMMARY: f"{text}\n{text}"})


def test_null_is_read_as_absent_and_one_item_as_its_list(tmp_path: Path) -> None:
    details = folder_of.details()
    details["UserDetailList"][0] |= {"UserPolicyList": None, "PermissionsBoundary": None, "GroupList": "Admins"}
    details["Policies"][0] |= {"PermissionsBoundaryUsageCount": None}
    details["RoleDetailList"] = details["RoleDetailList"][0]
    policy = folder_of.password_policy(MinimumPasswordLength=None)
    snapshot = read(tmp_path, {DETAILS: details, PASSWORD_POLICY: policy})
    assert list(snapshot.users.known_part[2].group_names) == ["Admins"]
    assert [role.name for role in snapshot.roles] == ["Deploy"]
    assert {gap.error_code for gap in snapshot.gaps} == {
        "MissingKey:PermissionsBoundaryUsageCount",
        "MissingKey:minimum_password_length",
    }
    assert verdicts(snapshot, PASSWORD) == {UNKNOWN}


def test_a_list_that_is_null_is_unknown_and_never_empty(tmp_path: Path) -> None:
    details = folder_of.details()
    details["UserDetailList"][2] |= {"GroupList": None, "AttachedManagedPolicies": None}
    snapshot = read(tmp_path, {DETAILS: details})
    for rule in ("iam-user-group-membership-check", "iam-user-no-policies-check"):
        findings = audit(snapshot, [configured(rule)], as_of=CAPTURED_AT).findings
        doubtful = next(each for each in findings if each.resource_name == "=cmd()")
        assert doubtful.compliance_type in (UNKNOWN, NC)
        assert doubtful.compliance_type is not C


def test_a_date_that_cannot_be_read_is_unknown_and_said_to_be(tmp_path: Path) -> None:
    details = folder_of.details()
    details["UserDetailList"][0] |= {"CreateDate": "/Date(1700000000000)/"}
    messages = [gap.message for gap in read(tmp_path, {DETAILS: details}).gaps]
    assert any("have no readable CreateDate" in message for message in messages)


NEAR = {
    "credential_report.csv": "credential-report.csv",
    "Credential-Report.CSV": "credential-report.csv",
    "account-summary.json.txt": "account-summary.json",
    "account-summary (1).json": "account-summary.json",
    "virtual_mfa_devices.json": "virtual-mfa-devices*.json",
    "account-sumary.json": "account-summary.json",
}


@pytest.mark.parametrize(("name", "meant"), NEAR.items())
def test_a_file_of_a_near_name_is_told(tmp_path: Path, run: Run, name: str, meant: str) -> None:
    exports = folder_of.write(tmp_path / "exports", {name: "x", "notes.txt": "y"})
    result = run("scan", "--exports", exports)
    assert f"{name}: is not read; if it is the AWS CLI's output, name it {meant}" in result.err
    assert "notes.txt" not in result.err


@pytest.mark.parametrize("details", [None, folder_of.details()], ids=["report alone", "with details"])
def test_a_user_listed_twice_in_contradiction_is_unknown_and_does_not_vanish(tmp_path: Path, details: object) -> None:
    mfa = "mfa-enabled-for-iam-console-access"
    row = next(line for line in folder_of.GOLDEN_REPORT.splitlines() if line.startswith("alice,"))
    for other in (row.replace("true", "false", 1), row.replace("alice,", "Alice,", 1)):
        text = "\n".join([*folder_of.GOLDEN_REPORT.splitlines(), other])
        snapshot = read(tmp_path, {REPORT: folder_of.credential_report(text), DETAILS: details})
        findings = audit(snapshot, [configured(mfa)], as_of=CAPTURED_AT).findings
        (alice,) = (each for each in findings if each.resource_name == "alice")
        assert alice.compliance_type is UNKNOWN
        assert "twice, in contradictory ways" in alice.annotation


DOWNLOAD = "status_reports_2026-11-24T01-00-00+00-00.csv"


def test_the_consoles_own_download_is_read_and_its_time_asked_for(tmp_path: Path) -> None:
    files = {REPORT: None, DOWNLOAD: folder_of.GOLDEN_REPORT}
    assert "--captured-at" in notices(read(tmp_path, files, None))[DOWNLOAD]
    snapshot = read(tmp_path, files)
    assert notices(snapshot) == {}
    assert snapshot.report_generated_at == CAPTURED_AT
    assert verdicts(snapshot, "root-account-mfa-enabled") == {C}


def test_of_several_downloads_none_is_read(tmp_path: Path) -> None:
    other = DOWNLOAD.replace("24T", "25T")
    snapshot = read(tmp_path, {REPORT: None, DOWNLOAD: folder_of.GOLDEN_REPORT, other: folder_of.GOLDEN_REPORT})
    assert set(notices(snapshot)) == {DOWNLOAD, other}
    assert verdicts(snapshot, "root-account-mfa-enabled") == {UNKNOWN}


def test_a_download_beside_a_named_report_is_not_read_and_that_is_said(tmp_path: Path) -> None:
    assert "because credential-report.json is there" in notices(read(tmp_path, {DOWNLOAD: "x"}))[DOWNLOAD]


def test_the_answer_of_generate_credential_report_is_told_from_the_report(tmp_path: Path) -> None:
    snapshot = read(tmp_path, {REPORT: {"State": "COMPLETE", "Description": "No report exists"}})
    assert "not that of get-credential-report" in notices(snapshot)[REPORT]
    assert verdicts(snapshot, "root-account-mfa-enabled") == {UNKNOWN}


def test_other_encodings_and_packed_files_are_told_with_the_remedy(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="is not text in UTF-8") as raised:
        read(tmp_path, {SUMMARY: '{"SummaryMap": {}, "é": 1}'.encode("cp1252")})
    assert "AWS_CLI_OUTPUT_ENCODING=UTF-8" in raised.value.hint
    with pytest.raises(SourceError, match="is packed with gzip") as raised:
        read(tmp_path, {SUMMARY: gzip.compress(b"{}")})
    assert "gunzip" in raised.value.hint


def test_a_capture_time_before_the_data_counts_as_unknown(tmp_path: Path) -> None:
    snapshot = read(tmp_path, {}, datetime(2020, 1, 1, tzinfo=UTC))
    assert snapshot.captured_at is None
    assert (
        "2020-01-01T00:00:00Z cannot be the time at which the files were written" in notices(snapshot)["--captured-at"]
    )
    assert verdicts(snapshot, "iam-server-certificate-expiration-check") == {UNKNOWN}


def test_a_report_that_is_older_than_what_it_tells_has_no_known_time(tmp_path: Path) -> None:
    report = folder_of.credential_report() | {"GeneratedTime": "2015-01-01T00:00:00Z"}
    snapshot = read(tmp_path, {REPORT: report})
    assert snapshot.report_generated_at is None
    assert "GeneratedTime is 2015-01-01T00:00:00Z" in notices(snapshot)[REPORT]
    assert UNKNOWN in verdicts(snapshot, "access-keys-rotated")
