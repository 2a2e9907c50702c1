"""`iam-audit scan` of plans that delete virtual MFA devices: who had one may have no MFA afterwards."""

from pathlib import Path

import pytest
from judging_plans import answers, report_of_plan
from plans import Json, deleted, plan

from auditor.account.model import VirtualMfaDevice
from auditor.testing import ACCOUNT_ID, account, console_user, credentials

MFA, UNDECIDED = "iam-user-mfa-enabled", ("INSUFFICIENT_DATA", "undetermined")
ARN = f"arn:aws:iam::{ACCOUNT_ID}:mfa/ann"
NAMED: Json = {"virtual_mfa_device_name": "ann", "path": "/", "arn": ARN}
CASES = {
    "by its name": (f"arn:aws:iam::{ACCOUNT_ID}:user/ann", NAMED),
    "by its owner": (None, {**NAMED, "virtual_mfa_device_name": "other", "user_name": "ann"}),
}


@pytest.mark.parametrize(("owner", "before"), CASES.values(), ids=CASES)
def test_a_user_whose_device_is_deleted_may_have_no_mfa(tmp_path: Path, owner: str | None, before: Json) -> None:
    today = account(users=[console_user("ann", mfa=True)], devices=[VirtualMfaDevice(ARN, owner, None)])
    report = report_of_plan(tmp_path, plan(deleted("aws_iam_virtual_mfa_device.d", **before)), today)
    assert answers(report)[MFA, "ann"] == UNDECIDED


def test_a_device_of_root_that_is_deleted_leaves_its_mfa_in_doubt(tmp_path: Path) -> None:
    device = VirtualMfaDevice(ARN, f"arn:aws:iam::{ACCOUNT_ID}:root", None)
    root = credentials(password_enabled=True, mfa_active=True)
    today = account(devices=[device], root_credentials=root, summary={"AccountMFAEnabled": 1})
    report = report_of_plan(tmp_path, plan(deleted("aws_iam_virtual_mfa_device.d", **NAMED)), today)
    found = {each.config_rule_name: each.compliance_type for each in report.findings}
    assert found["root-account-mfa-enabled"] == "INSUFFICIENT_DATA"
