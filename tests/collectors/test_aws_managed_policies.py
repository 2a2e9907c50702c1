"""Documents of AWS's own policies in exports: kept for those whom users have them, and unknown otherwise."""

import json
from pathlib import Path
from typing import Any

import exports_folder as folder_of
import pytest
from live_account import status
from permissions import ALLOW, EXPLICIT, UNDECIDED

from auditor import can, load_snapshot, read_exports
from auditor.account.model import Snapshot
from auditor.account.snapshot import dump
from auditor.account.sources import Source, SourceStatus
from auditor.account.unknown import gaps_of
from auditor.testing import account

SOURCE = Source.AWS_MANAGED_POLICIES
POWER, OTHER = "arn:aws:iam::aws:policy/PowerUserAccess", "arn:aws:iam::aws:policy/Other"
CHANGE = "iam:ChangePassword"


def of_aws(arn: str, effect: str = "Allow", **keys: Any) -> dict[str, Any]:
    """Return one of AWS's own policies, with a version before the default one."""
    document = {"Version": "2012-10-17", "Statement": {"Effect": effect, "Action": "*", "Resource": "*"}}
    before = {"VersionId": "v1", "IsDefaultVersion": False, "Document": {"Version": "2012-10-17", "Statement": []}}
    versions = [{"VersionId": "v2", "IsDefaultVersion": True, "Document": document}, before]
    name = arn.rpartition("/")[2]
    return {"PolicyName": name, "Arn": arn, "DefaultVersionId": "v2", "PolicyVersionList": versions, **keys}


def exported(folder: Path, *policies: dict[str, Any], holder: str = "user", boundary: bool = False) -> Snapshot:
    """Return the snapshot of an export in which alice has PowerUserAccess, and these policies of AWS are listed."""
    folder_of.write(folder)
    path = folder / folder_of.DETAILS
    details = json.loads(path.read_text())
    attached = [{"PolicyName": "PowerUserAccess", "PolicyArn": POWER}]
    alice = next(each for each in details["UserDetailList"] if each["UserName"] == "alice")
    if holder == "user":
        alice["AttachedManagedPolicies"] += attached
    else:
        group = next(each for each in details["GroupDetailList"] if each["GroupName"] in alice["GroupList"])
        group["AttachedManagedPolicies"] += attached
    if boundary:
        alice["PermissionsBoundary"] = {"PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": OTHER}
    details["Policies"] += policies
    path.write_text(json.dumps(details))
    return read_exports(folder)


def decision(snapshot: Snapshot) -> str:
    return can(snapshot, user="alice", action="s3:ListAllMyBuckets", session="mfa").decision


@pytest.mark.parametrize("holder", ["user", "group"])
def test_the_document_of_a_policy_of_aws_decides(tmp_path: Path, holder: str) -> None:
    snapshot = exported(tmp_path, of_aws(POWER), of_aws(OTHER), holder=holder)
    assert [(each.arn, each.version_id) for each in snapshot.aws_managed_policies] == [(POWER, "v2")]
    assert decision(snapshot) == ALLOW
    answer = can(snapshot, user="alice", action=CHANGE, session="mfa")
    assert "AWS-managed policy" in {each.kind for each in answer.statements}


def test_a_boundary_of_aws_decides_too(tmp_path: Path) -> None:
    snapshot = exported(tmp_path, of_aws(POWER), of_aws(OTHER, "Deny"), boundary=True)
    assert decision(snapshot) == EXPLICIT


UNREADABLE: dict[str, list[dict[str, Any]]] = {
    "not listed": [],
    "without versions": [of_aws(POWER, PolicyVersionList=[])],
    "another default version": [of_aws(POWER, DefaultVersionId="v1")],
    "no default version": [of_aws(POWER, DefaultVersionId="v3")],
    "two contents": [of_aws(POWER), of_aws(POWER, "Deny")],
    "no document": [of_aws(POWER, PolicyVersionList=[{"VersionId": "v2", "IsDefaultVersion": True, "Document": "x"}])],
}


@pytest.mark.parametrize("policies", UNREADABLE.values(), ids=list(UNREADABLE))
def test_what_cannot_be_read_is_unknown(tmp_path: Path, policies: list[dict[str, Any]]) -> None:
    snapshot = exported(tmp_path, *policies)
    assert [gaps_of(each).keys() for each in snapshot.aws_managed_policies] == [{"version_id", "document"}]
    answer = can(snapshot, user="alice", action="s3:ListAllMyBuckets", session="mfa")
    assert (answer.decision, "without --filter writes it" in answer.reason) == (UNDECIDED, True)
    assert status(snapshot, SOURCE) is SourceStatus.ABSENT


def test_of_two_policies_one_may_be_read(tmp_path: Path) -> None:
    snapshot = exported(tmp_path, of_aws(OTHER), boundary=True)
    assert status(snapshot, SOURCE) is SourceStatus.PARTIAL


def test_nothing_is_missing_where_nobody_has_a_policy_of_aws(tmp_path: Path) -> None:
    folder_of.write(tmp_path)
    assert status(read_exports(tmp_path), SOURCE) is SourceStatus.COMPLETE


def test_the_same_policy_on_two_pages_is_one(tmp_path: Path) -> None:
    assert decision(exported(tmp_path, of_aws(POWER), of_aws(POWER))) == ALLOW


def test_a_snapshot_keeps_the_documents(tmp_path: Path) -> None:
    snapshot = exported(tmp_path, of_aws(POWER))
    path = tmp_path / "s.json"
    path.write_bytes(dump(snapshot))
    assert load_snapshot(path) == snapshot
    assert decision(load_snapshot(path)) == ALLOW


def test_a_snapshot_without_them_is_read_as_before(tmp_path: Path) -> None:
    path = tmp_path / "s.json"
    path.write_bytes(dump(account()))
    assert b"aws_managed_policies" not in path.read_bytes()
    assert load_snapshot(path).aws_managed_policies == ()
