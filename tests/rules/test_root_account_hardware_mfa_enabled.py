"""Cases of root-account-hardware-mfa-enabled."""

from typing import Any

import pytest
from root_account import ROOT, ROOT_DEVICE, judged, row, summary

from auditor.account.credentials import ReportMarker
from auditor.account.model import VirtualMfaDevice
from auditor.judging.rule import ComplianceType
from auditor.testing import ACCOUNT_ID, CAPTURED_AT, NA, NC, UNKNOWN, C, Case
from rules.root_account_hardware_mfa_enabled import RULE

ARN = f"arn:aws:iam::{ACCOUNT_ID}:"


def device(serial: str, user_arn: str | None) -> VirtualMfaDevice:
    return VirtualMfaDevice(serial, user_arn, CAPTURED_AT if user_arn else None)


def enabled(serial: str) -> VirtualMfaDevice:
    """Return a device that is enabled for somebody, and the list does not say for whom."""
    return VirtualMfaDevice(serial, None, CAPTURED_AT)


def with_mfa(name: str, expected: ComplianceType, *devices: VirtualMfaDevice, **fields: Any) -> Case:
    """Return the case of root with a password and MFA, and of an account with these virtual devices."""
    return judged(name, expected, summary(mfa=1), row(mfa=True), devices=devices, **fields)


OTHERS = [
    device(f"{ARN}mfa/root-ops", f"{ARN}user/root-ops"),
    device(f"{ARN}mfa/my-root-account-mfa-device", f"{ARN}user/ops/root"),
    device(f"{ARN}mfa/root-account-mfa-device-2", f"{ARN}user/root"),
    device(f"{ARN}mfa/team/root-account-mfa-device", None),
    device("arn:aws:iam::999999999999:mfa/root-account-mfa-device", "arn:aws:iam::999999999999:root"),
    device(f"{ARN}mfa/root-account-mfa-device\n", f"{ARN}root\n"),
]

CASES = [
    with_mfa("MFA and no virtual device", C),
    with_mfa(
        "a virtual device by its user, be it next to a hardware key",
        NC,
        device(f"{ARN}mfa/phone", ROOT),
    ),
    with_mfa("MFA and a virtual device by its serial number", NC, device(ROOT_DEVICE, ROOT)),
    with_mfa("a virtual device by its serial number alone", NC, device(ROOT_DEVICE, None)),
    with_mfa(
        "root's serial number on a user's device: the user decides",
        C,
        device(ROOT_DEVICE, f"{ARN}user/alice"),
    ),
    with_mfa(
        "root's serial number on a device of another account's root",
        C,
        device(ROOT_DEVICE, "arn:aws:iam::999999999999:root"),
    ),
    with_mfa("root's serial number on a device of nobody", C, device(ROOT_DEVICE, None), *OTHERS),
    with_mfa(
        "a serial number alone, in a list without users that was cut",
        UNKNOWN,
        device(ROOT_DEVICE, None),
        unknown=["virtual_mfa_devices"],
    ),
    with_mfa("a list without users, enabled", NC, enabled(ROOT_DEVICE), enabled(f"{ARN}mfa/alice")),
    with_mfa("a list without users, and without root's serial number", C, enabled(f"{ARN}mfa/alice")),
    with_mfa("an enabled device whose user is not known beside others", UNKNOWN, enabled(f"{ARN}mfa/phone"), *OTHERS),
    with_mfa(
        "an enabled device whose user is not known beside root's",
        NC,
        enabled(f"{ARN}mfa/phone"),
        device(f"{ARN}mfa/key", ROOT),
    ),
    with_mfa("the last of many devices", NC, *OTHERS, device(ROOT_DEVICE, ROOT)),
    with_mfa("users and devices with names like root's", C, *OTHERS),
    with_mfa("a list of devices that was cut before root's", UNKNOWN, *OTHERS, unknown=["virtual_mfa_devices"]),
    with_mfa(
        "a list of devices that was cut behind root's", NC, device(ROOT_DEVICE, ROOT), unknown=["virtual_mfa_devices"]
    ),
    with_mfa("an account of unknown number", NC, device(ROOT_DEVICE, None), id=None),
    with_mfa("an account of unknown number, names like root's", C, *OTHERS[:4], id=None),
    judged("no MFA, by both sources", NC, summary(), row()),
    judged("no MFA, by the summary alone", NC, summary(), None),
    judged("no MFA, by the report alone", NC, None, row()),
    judged("no MFA, and the devices unknown", NC, summary(), row(), unknown=["virtual_mfa_devices"]),
    judged("MFA, by the summary alone", C, summary(mfa=1), None),
    judged("MFA, by the report alone", C, None, row(mfa=True)),
    judged(
        "MFA unknown, and a virtual device",
        NC,
        {"AccountPasswordPresent": 1},
        None,
        devices=[device(ROOT_DEVICE, ROOT)],
    ),
    judged("MFA unknown, and no virtual device", UNKNOWN, {"AccountPasswordPresent": 1}, None),
    judged(
        "a FIDO key, which no list of virtual devices holds, beside a user's virtual device",
        C,
        summary(mfa=1),
        row(mfa=True),
        devices=[device(f"{ARN}mfa/alice", f"{ARN}user/alice")],
    ),
    judged("no credentials", NA, summary(password=0), row(password=False)),
    judged("no credentials, and a virtual device", NA, summary(password=0), None, devices=[device(ROOT_DEVICE, ROOT)]),
    judged("credentials unknown, and a virtual device", UNKNOWN, None, None, devices=[device(ROOT_DEVICE, ROOT)]),
    judged(
        "an old report tells nothing of root's password",
        UNKNOWN,
        None,
        row(password=ReportMarker.NOT_SUPPORTED, mfa=True),
    ),
    judged("aws-cn", NA, summary(), None, partition="aws-cn"),
    judged("aws-us-gov", NA, summary(), row(), partition="aws-us-gov"),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_case(case: Case) -> None:
    case.check(RULE)


def test_contradicting_sources_leave_it_undecided() -> None:
    judged("", UNKNOWN, summary(mfa=1), row()).check(RULE)


def test_contradicting_sources_do_not_hide_a_virtual_device() -> None:
    judged("", NC, summary(mfa=1), row(), devices=[device(ROOT_DEVICE, ROOT)]).check(RULE)


def test_the_finding_names_the_device_and_the_report() -> None:
    (finding,) = with_mfa("", NC, device(ROOT_DEVICE, ROOT)).check(RULE).findings
    assert finding.annotation == (f"Root has the virtual device {ROOT_DEVICE}")
    assert [fact.path for fact in finding.evidence] == [
        "summary.AccountPasswordPresent",
        "root_credentials.password_enabled",
        "virtual_mfa_devices",
    ]


def test_the_finding_names_both_faults() -> None:
    case = judged("", NC, summary(), None, devices=[device(f"{ARN}mfa/phone", ROOT)])
    (finding,) = case.check(RULE).findings
    assert finding.annotation == f"Root has no MFA, the virtual device {ARN}mfa/phone"
