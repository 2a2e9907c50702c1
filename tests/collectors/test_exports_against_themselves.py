"""Exports whose facts contradict each other, or whose times are not known: nothing green comes of them."""

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import exports_folder as folder_of
import pytest
from conftest import Run
from exports_folder import CERTIFICATES, DETAILS, DEVICES, POLICY, REPORT, SAML_PROVIDERS, SUMMARY
from rule_parameters import configured

import auditor
from auditor.account.snapshot import dump
from auditor.account.sources import Source, SourceStatus
from auditor.account.unknown import UnknownFact
from auditor.errors import SourceError
from auditor.judging.rule import ComplianceType
from auditor.report.audit import audit
from auditor.testing import NC, UNKNOWN, C

CAPTURED_AT = datetime(2026, 11, 24, 2, tzinfo=UTC)
HAS_USERS, MFA = "iam-group-has-users-check", "mfa-enabled-for-iam-console-access"
DESCRIPTION, EXPIRATION = "iam-policy-description", "iam-server-certificate-expiration-check"
ROOT_MFA, ADMIN = "root-account-mfa-enabled", "iam-policy-no-statements-with-admin-access"
IN_USE = "iam-policy-in-use"
ACCOUNT = folder_of.ACCOUNT
BOUNDARY = f"arn:aws:iam::{ACCOUNT}:policy/Boundary"


def read(tmp_path: Path, changes: Mapping[str, Any], captured_at: datetime | None = CAPTURED_AT) -> auditor.Snapshot:
    return auditor.read_exports(folder_of.write(tmp_path / "exports", changes), captured_at)


def verdicts(snapshot: auditor.Snapshot, rule: str) -> dict[str, ComplianceType]:
    findings = audit(snapshot, [configured(rule)], as_of=CAPTURED_AT).findings
    return {found.resource_name: found.compliance_type for found in findings}


def codes(snapshot: auditor.Snapshot) -> set[str]:
    return {gap.id for gap in snapshot.gaps}


def test_the_time_of_the_credential_report_is_not_the_capture_time(tmp_path: Path) -> None:
    expired = folder_of.certificate("web") | {"Expiration": "2026-11-24T01:30:00+00:00"}
    changes = {CERTIFICATES: {"ServerCertificateMetadataList": [expired]}}
    snapshot = read(tmp_path, changes, captured_at=None)
    assert (snapshot.captured_at, snapshot.report_generated_at) == (None, datetime(2026, 11, 24, 1, tzinfo=UTC))
    assert verdicts(snapshot, EXPIRATION) == {"web": UNKNOWN}
    assert verdicts(read(tmp_path, changes), EXPIRATION) == {"web": NC}


@pytest.mark.parametrize(
    ("kind", "change"),
    [
        ("UserDetailList", {"Arn": f"arn:aws-cn:iam::{ACCOUNT}:user/alice"}),
        ("RoleDetailList", {"Arn": f"arn:aws-us-gov:iam::{ACCOUNT}:role/Deploy"}),
        ("UserDetailList", {"PermissionsBoundary": {"PermissionsBoundaryArn": "arn:aws-cn:iam::aws:policy/Limits"}}),
        (
            "RoleDetailList",
            {"AttachedManagedPolicies": [{"PolicyName": "x", "PolicyArn": "arn:aws-cn:iam::aws:policy/x"}]},
        ),
    ],
    ids=["a user", "a role", "a boundary", "an attached policy of AWS"],
)
def test_files_of_two_partitions_are_refused(tmp_path: Path, kind: str, change: dict[str, Any]) -> None:
    details = folder_of.details()
    details[kind][0] |= change
    with pytest.raises(SourceError, match="mixes the data of partitions aws and aws-"):
        read(tmp_path, {DETAILS: details})


def test_an_attached_policy_of_another_account_is_refused(tmp_path: Path) -> None:
    details = folder_of.details()
    attached = {"PolicyName": "x", "PolicyArn": "arn:aws:iam::444455556666:policy/x"}
    details["GroupDetailList"][0]["AttachedManagedPolicies"] = [attached]
    with pytest.raises(SourceError, match=f"mixes the data of accounts {ACCOUNT} and 444455556666"):
        read(tmp_path, {DETAILS: details})


@pytest.mark.parametrize("resource", ["user/root", "user/<root_account>", "role/root", "root/x"])
def test_a_row_of_root_with_another_arn_is_not_believed(tmp_path: Path, resource: str) -> None:
    text = folder_of.GOLDEN_REPORT.replace(f"arn:aws:iam::{ACCOUNT}:root", f"arn:aws:iam::{ACCOUNT}:{resource}")
    snapshot = read(tmp_path, {REPORT: folder_of.credential_report(text), SUMMARY: None})
    assert verdicts(snapshot, ROOT_MFA) == {ACCOUNT: UNKNOWN}
    assert "credential-report:OtherRoot" in codes(snapshot)


@pytest.mark.parametrize("with_summary", [True, False], ids=["with summary", "without"])
def test_a_user_made_again_in_another_spelling_is_unknown(tmp_path: Path, *, with_summary: bool) -> None:
    details = folder_of.details()
    details["UserDetailList"][0] = folder_of.user("Alice", groups=["Admins"])
    snapshot = read(tmp_path, {DETAILS: details} | ({} if with_summary else {SUMMARY: None}))
    assert verdicts(snapshot, MFA) == {"Alice": UNKNOWN, "ci": C, "=cmd()": NC, "a,b": NC}
    assert codes(snapshot) - {"account-summary:NotProvided"} == {"credential-report:OtherUser"}


@pytest.mark.parametrize(
    "keys",
    [{"PolicyId": "ANPAEARLIER"}, {"CreateDate": "2024-01-01T00:00:00+00:00"}],
    ids=["another id", "another creation"],
)
def test_a_description_of_a_policy_made_before_is_not_believed(tmp_path: Path, keys: dict[str, str]) -> None:
    described = folder_of.single_entities()[POLICY]["Policy"]
    snapshot = read(tmp_path, {POLICY: {"Policy": described | keys}})
    assert verdicts(snapshot, DESCRIPTION) == {"Boundary": UNKNOWN}
    assert "policy-descriptions:OtherPolicy" in codes(snapshot)


def test_a_description_that_names_the_listed_policy_in_full_is_believed(tmp_path: Path) -> None:
    listed = folder_of.policy("Boundary")
    listed.pop("PolicyVersionList")
    assert verdicts(read(tmp_path, {POLICY: {"Policy": listed | {"Description": "x"}}}), DESCRIPTION) == {"Boundary": C}


@pytest.mark.parametrize("account", ["444455556666", "aws"])
def test_a_description_of_another_accounts_policy_is_not_believed(tmp_path: Path, account: str) -> None:
    described = {"Arn": f"arn:aws:iam::{account}:policy/Boundary", "Description": "x"}
    assert verdicts(read(tmp_path, {POLICY: {"Policy": described}}), DESCRIPTION) == {"Boundary": UNKNOWN}


UNLISTED = f"arn:aws:iam::{ACCOUNT}:policy/unlisted"
ATTACHED = {"AttachedManagedPolicies": [{"PolicyName": "unlisted", "PolicyArn": UNLISTED}]}
AS_BOUNDARY = {"PermissionsBoundary": {"PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": UNLISTED}}


@pytest.mark.parametrize(
    ("kind", "change"),
    [
        ("UserDetailList", ATTACHED),
        ("GroupDetailList", ATTACHED),
        ("RoleDetailList", ATTACHED),
        ("UserDetailList", AS_BOUNDARY),
        ("RoleDetailList", AS_BOUNDARY),
    ],
    ids=["of a user", "of a group", "of a role", "a user's boundary", "a role's boundary"],
)
@pytest.mark.parametrize("summary", [folder_of.summary(), None], ids=["with summary", "without"])
def test_a_policy_that_somebody_has_and_no_list_holds_leaves_policies_undecided(
    tmp_path: Path, kind: str, change: dict[str, Any], summary: object
) -> None:
    details = folder_of.details()
    details[kind][0] |= change
    snapshot = read(tmp_path, {DETAILS: details, SUMMARY: summary})
    assert verdicts(snapshot, ADMIN) == {"Boundary": C, ACCOUNT: UNKNOWN}
    assert snapshot.policies.gap == "policies:UnseenPolicies"
    assert {source.name: source.status for source in snapshot.sources}[Source.POLICIES] is SourceStatus.PARTIAL


def test_policies_of_aws_and_listed_ones_put_nothing_in_doubt(tmp_path: Path) -> None:
    details = folder_of.details()
    arns = [f"arn:aws:iam::{owner}" for owner in ("aws:policy/job-function/Billing", f"{ACCOUNT}:policy/Boundary")]
    attached = [{"PolicyName": arn.rpartition("/")[2], "PolicyArn": arn} for arn in arns]
    details["UserDetailList"][0] |= {"AttachedManagedPolicies": attached}
    details["RoleDetailList"][0] |= {"PermissionsBoundary": {"PermissionsBoundaryArn": arns[0]}}
    details["Policies"][0] |= {"AttachmentCount": 1}
    snapshot = read(tmp_path, {DETAILS: details})
    assert codes(snapshot) == {"aws-managed-policies:NotProvided"}  # the document of Billing
    assert (snapshot.users.gap, snapshot.policies.gap) == (None, None)


@pytest.mark.parametrize(
    ("change", "unknown"),
    [
        ({"AttachedManagedPolicies": [{"PolicyName": "Boundary", "PolicyArn": BOUNDARY}]}, "attachment_count"),
        ({"PermissionsBoundary": {"PermissionsBoundaryArn": BOUNDARY}}, "permissions_boundary_usage_count"),
    ],
    ids=["attached", "boundary"],
)
def test_a_policy_that_is_used_more_than_it_counts_has_unknown_counts(
    tmp_path: Path, change: dict[str, Any], unknown: str
) -> None:
    details = folder_of.details()
    details["UserDetailList"][0] |= change
    details["Policies"][0] |= {"AttachmentCount": 0, "PermissionsBoundaryUsageCount": 0}
    snapshot = read(tmp_path, {DETAILS: details})
    (policy,) = snapshot.policies
    with pytest.raises(UnknownFact):
        getattr(policy, unknown)
    file = tmp_path / "snapshot.json"
    file.write_bytes(dump(snapshot))
    assert auditor.load_snapshot(file) == snapshot


def test_a_policy_that_is_used_more_than_it_counts_is_not_known_to_be_in_use(run: Run, tmp_path: Path) -> None:
    details = folder_of.details()
    details["GroupDetailList"][0] |= {"AttachedManagedPolicies": [{"PolicyName": "Boundary", "PolicyArn": BOUNDARY}]}
    details["Policies"][0] |= {"AttachmentCount": 0}
    exports = folder_of.write(tmp_path / "exports", {DETAILS: details})
    rule = ["--rule", IN_USE, "--parameter", f"{IN_USE}.policyARN={BOUNDARY}"]
    assert run("scan", "--exports", exports, *rule).code == 4
    assert run("snapshot", "--exports", exports, "-o", tmp_path / "s.json").code == 0
    assert run("scan", "--snapshot", tmp_path / "s.json", *rule).code == 4


def test_an_arn_of_another_name_is_not_believed_and_what_is_saved_can_be_read_again(run: Run, tmp_path: Path) -> None:
    details = folder_of.details()
    details["RoleDetailList"][0]["RoleName"] = "Another"
    exports = folder_of.write(tmp_path / "exports", {DETAILS: details})
    assert run("snapshot", "--exports", exports, "-o", tmp_path / "s.json").code == 4
    snapshot = auditor.load_snapshot(tmp_path / "s.json")
    (role,) = snapshot.roles.known_part
    assert snapshot.roles.gap == "roles:OtherName"
    with pytest.raises(UnknownFact):
        role.arn  # noqa: B018 - reading it is what raises
    assert role.name == "Another"


def test_a_group_that_a_user_joined_and_no_list_holds_leaves_groups_undecided(tmp_path: Path) -> None:
    details = folder_of.details()
    details["UserDetailList"][0]["GroupList"].append("Ghosts")
    snapshot = read(tmp_path, {DETAILS: details})
    assert verdicts(snapshot, HAS_USERS) == {"Admins": C, "Empty": NC, ACCOUNT: UNKNOWN}
    assert snapshot.groups.gap == "groups:UnseenGroups"


def test_a_device_of_a_user_that_no_list_holds_leaves_users_undecided(tmp_path: Path) -> None:
    devices = folder_of.devices()
    devices["VirtualMFADevices"][0]["User"]["Arn"] = f"arn:aws:iam::{ACCOUNT}:user/ghost"
    snapshot = read(tmp_path, {DEVICES: devices})
    assert snapshot.users.gap == "users:UnseenUsers"
    assert verdicts(snapshot, HAS_USERS) == {"Admins": C, "Empty": UNKNOWN}
    assert verdicts(snapshot, MFA)[ACCOUNT] is UNKNOWN


def test_a_device_of_root_puts_nothing_in_doubt(tmp_path: Path) -> None:
    devices = folder_of.devices()
    devices["VirtualMFADevices"][0]["User"]["Arn"] = f"arn:aws:iam::{ACCOUNT}:root"
    assert codes(read(tmp_path, {DEVICES: devices})) == set()


def counting(**counts: int) -> dict[str, Any]:
    return {"SummaryMap": folder_of.summary()["SummaryMap"] | counts}


@pytest.mark.parametrize("key", [{}, {"NextToken": "more"}], ids=["whole", "stopped early"])
def test_of_more_users_than_aws_counts_none_proves_that_a_group_has_users(tmp_path: Path, key: dict[str, str]) -> None:
    snapshot = read(tmp_path, {SUMMARY: counting(Users=3), DETAILS: folder_of.details() | key})
    assert verdicts(snapshot, HAS_USERS) == {"Admins": UNKNOWN, "Empty": UNKNOWN}
    assert snapshot.users.gap == "users:Overcounted"


@pytest.mark.parametrize(("counted", "verdict"), [(1, C), (0, UNKNOWN)])
def test_of_more_roles_than_aws_counts_none_proves_that_a_policy_is_in_use(
    tmp_path: Path, counted: int, verdict: ComplianceType
) -> None:
    arn = "arn:aws:iam::aws:policy/AWSSupportAccess"
    details = folder_of.details()
    trust = {"Statement": [{"Effect": "Allow", "Principal": {"AWS": ACCOUNT}, "Action": "sts:AssumeRole"}]}
    attached = [{"PolicyName": "AWSSupportAccess", "PolicyArn": arn}]
    details["RoleDetailList"][0] |= {"AssumeRolePolicyDocument": trust, "AttachedManagedPolicies": attached}
    snapshot = read(tmp_path, {DETAILS: details, SUMMARY: counting(Roles=counted)})
    assert verdicts(snapshot, IN_USE) == {ACCOUNT: verdict}


@pytest.mark.parametrize(
    ("counted", "code"), [(1, "Overcounted"), (2, None), (3, "CountMismatch")], ids=["too few", "as many", "too many"]
)
def test_identity_providers_are_counted_together(tmp_path: Path, counted: int, code: str | None) -> None:
    snapshot = read(tmp_path, {SUMMARY: counting(Providers=counted)})
    expected = {source: code and f"{source}:{code}" for source in (Source.OIDC_PROVIDERS, Source.SAML_PROVIDERS)}
    assert snapshot.oidc_providers.gap == expected[Source.OIDC_PROVIDERS]
    assert snapshot.saml_providers.gap == expected[Source.SAML_PROVIDERS]


@pytest.mark.parametrize(("counted", "gap"), [(0, "oidc-providers:Overcounted"), (1, None), (2, None)])
def test_providers_of_one_kind_are_in_doubt_only_where_they_are_more_than_all(
    tmp_path: Path, counted: int, gap: str | None
) -> None:
    assert read(tmp_path, {SUMMARY: counting(Providers=counted), SAML_PROVIDERS: None}).oidc_providers.gap == gap


@pytest.mark.parametrize("policies", [[folder_of.policy("Boundary")], []], ids=["a list", "an empty list"])
def test_a_description_of_a_policy_that_no_list_holds_leaves_policies_undecided(
    tmp_path: Path, policies: list[dict[str, Any]]
) -> None:
    changes = {
        DETAILS: folder_of.details() | {"Policies": policies},
        SUMMARY: counting(Policies=len(policies)),
        "policy-unlisted.json": {"Policy": {"Arn": UNLISTED, "Description": "x"}},
        POLICY: None if not policies else folder_of.single_entities()[POLICY],
    }
    assert verdicts(read(tmp_path, changes), ADMIN)[ACCOUNT] is UNKNOWN
