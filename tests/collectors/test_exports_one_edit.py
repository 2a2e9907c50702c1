"""No edit of one field of an export that makes two of its facts contradict each other leaves a passing gate."""

from collections.abc import Callable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import exports_folder as folder_of
from exports_folder import (
    ACCOUNT,
    ANALYZERS,
    CERTIFICATES,
    CREATED_AT,
    DETAILS,
    DEVICES,
    OIDC_PROVIDER,
    OIDC_PROVIDERS,
    POLICY,
    REPORT,
    SAML_PROVIDERS,
    SUMMARY,
)
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st
from rule_parameters import AWS_RULES, REQUIRED

from auditor.console.cli import main

IN_USE = "iam-policy-in-use"
PEOPLE = ("alice", "bob")
OWN = f"arn:aws:iam::{ACCOUNT}"
HEADER, *_ = folder_of.GOLDEN_REPORT.splitlines()
BEFORE, SINCE, MADE = "2026-11-01T09:30:00Z", "2026-11-25T09:30:00Z", CREATED_AT.replace("+00:00", "Z")
Folder = dict[str, Any]
Edit = Callable[[st.DataObject, Folder], None]


def row(user: str, resource: str) -> dict[str, str]:
    """Return a row of the credential report: a password that is in use, MFA, and no keys."""
    known = {
        "user": user,
        "arn": f"{OWN}:{resource}",
        "user_creation_time": MADE,
        "password_enabled": "true",
        "password_last_used": BEFORE,
        "password_last_changed": MADE,
        "mfa_active": "true",
    }
    flags = {name: "false" for name in HEADER.split(",") if name.endswith("_active")}
    return dict.fromkeys(HEADER.split(","), "N/A") | flags | known


def green() -> Folder:
    """Return the files of an account in which nothing is wrong and everything is known; the report's rows as data."""
    attached = [{"PolicyName": "Boundary", "PolicyArn": f"{OWN}:policy/Boundary"}]
    return {
        DETAILS: {
            "UserDetailList": [folder_of.user(name, groups=["Admins"]) for name in PEOPLE],
            "GroupDetailList": [folder_of.group("Admins") | {"AttachedManagedPolicies": attached}],
            "RoleDetailList": [folder_of.role("Deploy")],
            "Policies": [folder_of.policy("Boundary") | {"AttachmentCount": 1}],
        },
        SUMMARY: {
            "SummaryMap": {
                "Users": 2,
                "Groups": 1,
                "Roles": 1,
                "Policies": 1,
                "ServerCertificates": 1,
                "Providers": 2,
                "AccountMFAEnabled": 1,
                "AccountAccessKeysPresent": 0,
            }
        },
        REPORT: [row("<root_account>", "root"), *(row(name, f"user/{name}") for name in PEOPLE)],
        DEVICES: {
            "VirtualMFADevices": [
                {"SerialNumber": f"{OWN}:mfa/{name}", "User": {"Arn": f"{OWN}:user/{name}"}, "EnableDate": CREATED_AT}
                for name in PEOPLE
            ]
        },
        **folder_of.single_entities(),
    }


def one(data: st.DataObject, values: Mapping[str, Any]) -> tuple[str, Any]:
    drawn: tuple[str, Any] = data.draw(st.sampled_from([(name, values[name]) for name in sorted(values)]))
    return drawn


def entity(data: st.DataObject, folder: Folder) -> dict[str, Any]:
    """Draw a record of any list that has ARNs."""
    certificates, providers = CERTIFICATES, OIDC_PROVIDERS
    lists = {
        **folder[DETAILS],
        certificates: folder[certificates]["ServerCertificateMetadataList"],
        providers: folder[providers]["OpenIDConnectProviderList"],
        SAML_PROVIDERS: folder[SAML_PROVIDERS]["SAMLProviderList"],
        ANALYZERS: folder[ANALYZERS]["analyzers"],
    }
    drawn: dict[str, Any] = data.draw(st.sampled_from(one(data, lists)[1]))
    return drawn


def an_arn_of_another_account_or_partition(data: st.DataObject, folder: Folder) -> None:
    record = entity(data, folder)
    key = "arn" if "arn" in record else "Arn"
    fields = record[key].split(":", 5)
    number = data.draw(st.sampled_from([1, 4]))
    fields[number] = {1: "aws-cn", 4: "444455556666"}[number]
    record[key] = ":".join(fields)


def a_name_that_is_not_the_one_in_the_arn(data: st.DataObject, folder: Folder) -> None:
    kinds = {"UserDetailList": "UserName", "GroupDetailList": "GroupName", "RoleDetailList": "RoleName"}
    listing, field = one(data, kinds | {"Policies": "PolicyName"})
    data.draw(st.sampled_from(folder[DETAILS][listing]))[field] += "x"


def a_certificate_of_another_name(data: st.DataObject, folder: Folder) -> None:
    folder[CERTIFICATES]["ServerCertificateMetadataList"][0]["ServerCertificateName"] += data.draw(
        st.sampled_from("xy")
    )


def a_group_that_is_not_listed(data: st.DataObject, folder: Folder) -> None:
    data.draw(st.sampled_from(folder[DETAILS]["UserDetailList"]))["GroupList"].append("Ghosts")


def an_attached_policy_that_is_not_listed(data: st.DataObject, folder: Folder) -> None:
    account = data.draw(st.sampled_from([ACCOUNT, "444455556666"]))
    ghost = {"PolicyName": "Ghost", "PolicyArn": f"arn:aws:iam::{account}:policy/Ghost"}
    listing = data.draw(st.sampled_from(["GroupDetailList", "RoleDetailList"]))
    folder[DETAILS][listing][0]["AttachedManagedPolicies"].append(ghost)


def a_boundary_that_is_not_listed(data: st.DataObject, folder: Folder) -> None:
    listing = data.draw(st.sampled_from(["UserDetailList", "RoleDetailList"]))
    folder[DETAILS][listing][0]["PermissionsBoundary"] = {"PermissionsBoundaryArn": f"{OWN}:policy/Ghost"}


def another_count(data: st.DataObject, folder: Folder) -> None:
    counted = ["Users", "Groups", "Roles", "Policies", "ServerCertificates", "Providers"]
    name, change = data.draw(st.sampled_from(counted)), data.draw(st.sampled_from([-1, 1]))
    folder[SUMMARY]["SummaryMap"][name] += change


def another_word_on_root(data: st.DataObject, folder: Folder) -> None:
    name, other = one(data, {"AccountMFAEnabled": 0, "AccountAccessKeysPresent": 1})
    folder[SUMMARY]["SummaryMap"][name] = other


def another_row(data: st.DataObject, folder: Folder) -> None:
    """Change what says of whom a row of the credential report is."""
    changed = data.draw(st.sampled_from(folder[REPORT][1:]))
    field = data.draw(st.sampled_from(["user", "arn", "user_creation_time"]))
    changed[field] = SINCE if field == "user_creation_time" else f"{changed[field]}x"


def a_root_of_another_account(data: st.DataObject, folder: Folder) -> None:
    place = data.draw(st.sampled_from(["arn:aws:iam::444455556666:root", f"{OWN}:user/root"]))
    folder[REPORT][0]["arn"] = place


def a_row_later_than_the_report(data: st.DataObject, folder: Folder) -> None:
    columns = [name for name in HEADER.split(",") if name.endswith(("last_used", "changed", "rotated", "used_date"))]
    data.draw(st.sampled_from(folder[REPORT]))[data.draw(st.sampled_from(columns))] = SINCE


def a_user_without_a_row(data: st.DataObject, folder: Folder) -> None:
    folder[REPORT].pop(data.draw(st.integers(0, 2)))


def a_device_of_nobody(data: st.DataObject, folder: Folder) -> None:
    owner = data.draw(st.sampled_from([f"{OWN}:user/ghost", "arn:aws:iam::444455556666:user/alice"]))
    data.draw(st.sampled_from(folder[DEVICES]["VirtualMFADevices"]))["User"]["Arn"] = owner


def something_later_than_the_capture_time(data: st.DataObject, folder: Folder) -> None:
    places = {
        "user": (folder[DETAILS]["UserDetailList"][0], "CreateDate"),
        "group": (folder[DETAILS]["GroupDetailList"][0], "CreateDate"),
        "role": (folder[DETAILS]["RoleDetailList"][0]["RoleLastUsed"], "LastUsedDate"),
        "policy": (folder[DETAILS]["Policies"][0], "UpdateDate"),
        "certificate": (folder[CERTIFICATES]["ServerCertificateMetadataList"][0], "UploadDate"),
        "device": (folder[DEVICES]["VirtualMFADevices"][0], "EnableDate"),
    }
    _, (record, field) = one(data, places)
    record[field] = SINCE


def a_policy_that_counts_too_few(data: st.DataObject, folder: Folder) -> None:
    folder[DETAILS]["Policies"][0]["AttachmentCount"] = data.draw(st.just(0))


def a_description_of_another_policy(data: st.DataObject, folder: Folder) -> None:
    changes = {"PolicyId": "ANPAEARLIER", "CreateDate": "2024-01-01T00:00:00+00:00", "Arn": f"{OWN}:policy/Ghost"}
    field, other = one(data, changes)
    folder[POLICY]["Policy"][field] = other


def a_provider_of_another_address(data: st.DataObject, folder: Folder) -> None:
    folder[OIDC_PROVIDER]["Url"] = data.draw(st.sampled_from(["id.example.com/y", "other.example.com"]))


EDITS: list[Edit] = [
    value
    for name, value in list(globals().items())
    if getattr(value, "__module__", "") == __name__ and name.startswith(("a_", "an_", "another_", "something_"))
]


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data(), edit=st.sampled_from(EDITS))
def test_no_edit_of_one_field_that_makes_two_facts_contradict_passes_the_gate(data: st.DataObject, edit: Edit) -> None:
    folder = green()
    edit(data, folder)
    event(edit.__name__)
    assert scan(folder) != 0


def test_without_an_edit_the_gate_passes() -> None:
    assert scan(green()) == 0


def scan(folder: Folder) -> int:
    """Return how a scan of the folder by all rules ends that need no value, and by the one that reads usage counts."""
    text = "\n".join([HEADER, *(",".join(each.values()) for each in folder.pop(REPORT))])
    usage = [f"{IN_USE}.policyARN={OWN}:policy/Boundary", f"{IN_USE}.policyUsageType=ANY"]
    rules = [f"--rule={rule}" for rule in AWS_RULES if rule == IN_USE or rule not in REQUIRED]
    options = ["--captured-at=2026-11-24T02:00:00Z", "--region=eu-central-1", "--fail-on=noncompliant", "--no-config"]
    with TemporaryDirectory() as place:
        written = folder_of.write(Path(place, "exports"), {**folder, REPORT: folder_of.credential_report(text)})
        return main(["scan", "-q", "--exports", str(written), *rules, *options, *(f"--parameter={u}" for u in usage)])
