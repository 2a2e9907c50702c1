"""Snapshots that contradict themselves are refused, and the message names the place and what contradicts what."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from auditor.account.model import AccessAnalyzer, AttachedPolicy, Verified, VirtualMfaDevice
from auditor.account.snapshot import dump, load
from auditor.errors import SourceError
from auditor.testing import (
    ACCOUNT_ID,
    CAPTURED_AT,
    REPORT_TIME,
    account,
    credentials,
    group,
    listing,
    oidc_provider,
    password_policy,
    policy,
    role,
    saml_provider,
    server_certificate,
    user,
)

OWN = f"arn:aws:iam::{ACCOUNT_ID}"
ANALYZER = f"arn:aws:access-analyzer:us-east-1:{ACCOUNT_ID}:analyzer/external"
OTHER = "444455556666"
WHOLE = dump(
    account(
        users=[
            user(
                "alice",
                path="/people/",
                attached_policies=listing([AttachedPolicy("Own", f"{OWN}:policy/Own")]),
                permissions_boundary=f"{OWN}:policy/limits/x/Limit",
                credentials=credentials(
                    password_enabled=True,
                    password_last_used="2026-11-20T00:00:00+00:00",
                    password_next_rotation="2027-01-20T00:00:00+00:00",
                ),
                verified=Verified(CAPTURED_AT, password_enabled=True, mfa_active=True),
            )
        ],
        groups=[group("Admins", attached=["AdministratorAccess"])],
        roles=[role("Deploy", last_used_at=CAPTURED_AT - timedelta(days=3))],
        policies=[
            policy("Own", attachment_count=1),
            policy("Limit", path="/limits/x/", permissions_boundary_usage_count=1),
            policy("Bound"),
        ],
        server_certificates=[server_certificate("web")],
        oidc_providers=[oidc_provider("x.example.com/path")],
        saml_providers=[saml_provider("directory")],
        devices=[
            VirtualMfaDevice(f"{OWN}:mfa/alice", f"{OWN}:user/people/alice", CAPTURED_AT),
            VirtualMfaDevice(f"{OWN}:mfa/root-account-mfa-device", f"{OWN}:root", None),
        ],
        analyzers=[AccessAnalyzer("external", ANALYZER, "ACCOUNT", "ACTIVE")],
        password=password_policy(),
        summary={"Users": 1, "Groups": 1, "Roles": 1, "Policies": 3, "ServerCertificates": 1, "Providers": 2},
    )
)
Change = Callable[[Any], object]


def put(value: Any, *path: Any) -> Change:
    def change(content: Any) -> None:
        for key in path[:-1]:
            content = content[key]
        content[path[-1]] = value

    return change


def item(value: Any, kind: str, *path: Any) -> Change:
    return put(value, kind, "items", 0, *path)


def source(name: str, **values: Any) -> Change:
    return lambda content: next(each for each in content["sources"] if each["name"] == name).update(values)


def without(name: str) -> Change:
    return lambda content: content["sources"].remove(next(each for each in content["sources"] if each["name"] == name))


def both(*changes: Change) -> Change:
    return lambda content: [change(content) for change in changes]


def edited(*changes: Change) -> bytes:
    content = json.loads(WHOLE)
    for change in changes:
        change(content)
    return json.dumps(content).encode()


def minutes_after(minutes: int) -> str:
    return f"{CAPTURED_AT + timedelta(minutes=minutes):%Y-%m-%dT%H:%M:%SZ}"


LISTS = {
    "users": "users",
    "groups": "groups",
    "roles": "roles",
    "policies": "policies",
    "virtual_mfa_devices": "virtual-mfa-devices",
    "server_certificates": "server-certificates",
    "oidc_providers": "oidc-providers",
    "saml_providers": "saml-providers",
    "access_analyzers": "access-analyzers",
}
RESOURCES = {
    "users": ("arn", "iam", "user/people/alice"),
    "groups": ("arn", "iam", "group/Admins"),
    "roles": ("arn", "iam", "role/Deploy"),
    "policies": ("arn", "iam", "policy/Own"),
    "virtual_mfa_devices": ("serial_number", "iam", "mfa/alice"),
    "server_certificates": ("arn", "iam", "server-certificate/web"),
    "oidc_providers": ("arn", "iam", "oidc-provider/x.example.com/path"),
    "saml_providers": ("arn", "iam", "saml-provider/directory"),
    "access_analyzers": ("arn", "access-analyzer", "analyzer/external"),
}


def arn_of(kind: str, number: str, *, partition: str = "aws", before: str = "") -> Change:
    field, service, resource = RESOURCES[kind]
    region = "us-east-1" if kind == "access_analyzers" else ""
    first, rest = resource.split("/", 1)
    return item(f"arn:{partition}:{service}:{region}:{number}:{first}/{before}{rest}", kind, field)


SOURCES = {
    **{
        f"{kind} without a gap of a source that was read in part": (
            source(name, status="partial"),
            rf"\$\.{kind} is complete, it has no gap, but {name} is partial",
        )
        for kind, name in LISTS.items()
    },
    **{
        f"{kind} with a gap of a source that was read completely": (
            put("withheld", kind, "gap"),
            rf"\$\.{kind} has a gap, but {name} is complete",
        )
        for kind, name in LISTS.items()
    },
    **{
        f"{kind} of a source that failed": (source(name, status="failed"), f"{name} is failed by")
        for kind, name in LISTS.items()
    },
    "root's row of a report that failed": (
        both(put(listing(()).known_part, "users", "items"), source("credential-report", status="failed")),
        "credential-report is failed by",
    ),
    "facts that were verified, and nobody asked": (
        without("login-profiles"),
        "verified facts of 'alice', but .* no login-profiles or mfa-devices",
    ),
    "facts that were verified by a source that failed": (
        source("mfa-devices", status="failed"),
        "verified facts of 'alice', but .* no login-profiles or mfa-devices",
    ),
    "facts that were verified before the credential report": (
        item("2026-11-23T00:00:00Z", "users", "verified", "read_at"),
        "verified at 2026-11-23T00:00:00Z, before the credential report of 2026-11-24T01:00:00Z",
    ),
}
COUNTS = {
    **{
        f"{kind} that their source counts otherwise": (
            source(name, items=7),
            rf"\$\.{kind} holds \d, and \$\.sources counts 7 items of {name}",
        )
        for kind, name in LISTS.items()
    },
    "more providers than counted": (put({"Providers": 1}, "account", "summary"), "hold 2, and the account summary"),
    "a policy that is attached and counts none": (
        item(0, "policies", "attachment_count"),
        r"\$\.policies holds 'Own' with an attachment_count of 0, but 1 have it attached",
    ),
    "a policy that is a permissions boundary and counts none": (
        item(f"{OWN}:policy/Own", "users", "permissions_boundary"),
        r"'Own' with a permissions_boundary_usage_count of 0, but 1 have it attached as permissions boundary",
    ),
    "a policy that counts a use as permissions boundary and is none": (
        item(2, "policies", "permissions_boundary_usage_count"),
        r"'Own' with a permissions_boundary_usage_count of 2, but 0 have it attached as permissions boundary",
    ),
}
NAMES = {
    **{
        f"{kind} of another account": (arn_of(kind, OTHER), f"{kind} holds .* which is not of account {ACCOUNT_ID}")
        for kind in RESOURCES
    },
    **{
        f"{kind} with the account in the path only": (
            arn_of(kind, OTHER, before=f":{ACCOUNT_ID}:/"),
            f"{kind} holds .* which is not of account {ACCOUNT_ID}",
        )
        for kind in RESOURCES
    },
    **{
        f"{kind} of another account, where the account is unknown": (
            both(put(None, "account", "id"), arn_of(kind, OTHER)),
            "which is not of account",
        )
        for kind in RESOURCES
    },
    **{
        f"{kind} of another partition": (
            arn_of(kind, ACCOUNT_ID, partition="aws-cn"),
            f"{kind} holds arn:aws-cn:.* which is not of the partition aws",
        )
        for kind in RESOURCES
    },
    **{
        f"{kind} of another path": (arn_of(kind, ACCOUNT_ID, before="x/"), f"{kind} holds .* the name or path")
        for kind in RESOURCES
        if kind != "virtual_mfa_devices"  # whose serial number is its only name
    },
    **{
        f"{kind} of another name": (item("another", kind, "name"), f"{kind} holds .* as the ARN of .*another")
        for kind in RESOURCES
        if kind != "virtual_mfa_devices"
    },
    "a role under the ARN of a user": (item(f"{OWN}:user/Deploy", "roles", "arn"), "roles holds .* the name or path"),
    "no ARN": (item("alice", "users", "arn"), "holds alice, which is not an ARN"),
    "the partition of the account": (put("aws-us-gov", "account", "partition"), "not of the partition aws-us-gov"),
    "an analyzer of another Region": (put("eu-west-1", "region"), "which is not of the Region eu-west-1"),
    "an analyzer with the Region in its name only": (
        item(f"arn:aws:access-analyzer:eu-west-1:{ACCOUNT_ID}:analyzer/:us-east-1:", "access_analyzers", "arn"),
        "which is not of the Region us-east-1",
    ),
    "an attached policy of another account": (
        item([{"name": "P", "arn": f"arn:aws:iam::{OTHER}:policy/P"}], "users", "attached_policies", "items"),
        r"\$\.users has a policy attached, .*, which is not of account",
    ),
    "an attached policy of another partition": (
        item([{"name": "P", "arn": "arn:aws-cn:iam::aws:policy/P"}], "groups", "attached_policies", "items"),
        r"\$\.groups has a policy attached, .*, which is not of the partition",
    ),
    "an attached policy of another name than its ARN": (
        item([{"name": "P", "arn": "arn:aws:iam::aws:policy/Q"}], "roles", "attached_policies", "items"),
        r"\$\.roles has a policy attached, .*, with the name 'P', which is not the one in its ARN",
    ),
    "a permissions boundary of another account": (
        item(f"arn:aws:iam::{OTHER}:policy/P", "users", "permissions_boundary"),
        r"\$\.users has the permissions boundary, .*, which is not of account",
    ),
    "a permissions boundary that is no policy": (
        item(f"{OWN}:role/P", "roles", "permissions_boundary"),
        "which is not the ARN of a policy",
    ),
    "a device of a user of another account": (
        item(f"arn:aws:iam::{OTHER}:user/alice", "virtual_mfa_devices", "user_arn"),
        "has a device of, .*, which is not of account",
    ),
    "a device of a user of another partition": (
        item(f"arn:aws-cn:iam::{ACCOUNT_ID}:root", "virtual_mfa_devices", "user_arn"),
        "has a device of, .*, which is not of the partition",
    ),
    "a device of a role": (
        item(f"{OWN}:role/Deploy", "virtual_mfa_devices", "user_arn"),
        "has a device of, .*, which is not the ARN of a user",
    ),
}
PAST = [
    *((kind, "created_at") for kind in ("users", "groups", "roles", "policies", "saml_providers")),
    ("policies", "updated_at"),
    ("server_certificates", "uploaded_at"),
    ("roles", "last_used_at"),
    ("virtual_mfa_devices", "enabled_at"),
]
COLUMNS = [
    "password_last_used",
    "password_last_changed",
    *(f"access_key_{number}_{what}" for number in (1, 2) for what in ("last_rotated", "last_used_date")),
    *(f"cert_{number}_last_rotated" for number in (1, 2)),
]
TIMES = {
    "a capture time long before everything": (
        put("2020-01-01T00:00:00Z", "captured_at"),
        r"\$\.captured_at is 2020-01-01T00:00:00Z, before \$\.report_generated_at",
    ),
    "a capture time long before the sources were read, without any older fact": (
        both(source("users", read_at="2026-12-24T03:00:00Z")),
        r"\$\.captured_at is .*, but users was read at 2026-12-24",
    ),
    "a capture time after the sources were read": (
        put("2027-11-24T03:00:00Z", "captured_at"),
        r"\$\.captured_at is 2027-.*, but .* was read at 2026-11-24",
    ),
    "a credential report of after the capture time": (
        put(minutes_after(16), "report_generated_at"),
        r"captured_at is .*, before \$\.report_generated_at",
    ),
    **{
        f"{field} of {kind} after the capture time": (
            item(minutes_after(16), kind, field),
            rf"captured_at is .*, before {field} in \$\.{kind}, {minutes_after(16)}",
        )
        for kind, field in PAST
    },
    **{
        f"{column} after the capture time": (
            item(minutes_after(16), "users", "credentials", column),
            rf"captured_at is .*, before {column} in \$\.users, {minutes_after(16)}",
        )
        for column in COLUMNS
    },
    "root's key used after the capture time": (
        put("2026-11-24T11:16:00+08:00", "account", "root_credentials", "access_key_1_last_used_date"),
        r"captured_at is .*, before access_key_1_last_used_date in \$\.account",
    ),
    "a key used after the credential report was made": (
        item(f"{REPORT_TIME + timedelta(minutes=16):%Y-%m-%dT%H:%M:%SZ}", "users", "credentials", COLUMNS[0]),
        r"\$\.report_generated_at is 2026-11-24T01:00:00Z, before password_last_used in \$\.users",
    ),
}
REFUSED = {**SOURCES, **COUNTS, **NAMES, **TIMES}


@pytest.mark.parametrize(("change", "message"), REFUSED.values(), ids=list(REFUSED))
def test_what_two_facts_contradict_is_refused(change: Change, message: str) -> None:
    with pytest.raises(SourceError, match=message) as raised:
        load(edited(change), "monday.json")
    assert raised.value.message.startswith("monday.json is not a readable snapshot: ")


READ = {
    "nothing edited": both(),
    "clocks that differ by a quarter of an hour": both(
        item(minutes_after(15), "users", "created_at"),
        put(minutes_after(15), "report_generated_at"),
        item(minutes_after(15), "users", "verified", "read_at"),
    ),
    "an unknown capture time": put(None, "captured_at"),
    "the time of no report": put(None, "report_generated_at"),
    "a certificate and a provider that expire later, or have expired": both(
        item("2031-01-01T00:00:00Z", "server_certificates", "expires_at"),
        item("2031-01-01T00:00:00Z", "saml_providers", "valid_until"),
    ),
    "a time that the report does not tell": item("no_information", "users", "credentials", "password_last_used"),
    "sources that were read for hours": source("users", read_at=minutes_after(600)),
    "a count of uses by what is not seen": item(7, "policies", "attachment_count"),
    "an unknown account": put(None, "account", "id"),
    "an unknown Region": put(None, "region"),
    "a policy of AWS in a path": item(
        [{"name": "P", "arn": "arn:aws:iam::aws:policy/service-role/P"}], "roles", "attached_policies", "items"
    ),
    "documents that name other accounts and partitions": item(
        {"Statement": {"Effect": "Allow", "Principal": {"AWS": f"arn:aws-cn:iam::{OTHER}:root"}}},
        "roles",
        "trust_policy",
    ),
    "tags that name another account": item({"of": f"arn:aws:iam::{OTHER}:root"}, "users", "tags"),
    "the organization's management account": put(OTHER, "account", "management_account_id"),
    "a serial number that is no ARN": item("GAHT12345678", "virtual_mfa_devices", "serial_number"),
}


@pytest.mark.parametrize("change", READ.values(), ids=list(READ))
def test_what_may_be_so_is_read(change: Change) -> None:
    assert load(edited(change), "monday.json")


@pytest.mark.parametrize(("minutes", "loads"), [(0, False), (30, True)], ids=["a short reading", "a long reading"])
def test_what_was_made_while_the_account_was_read_is_no_contradiction(minutes: int, loads: bool) -> None:
    later = CAPTURED_AT + timedelta(minutes=40)
    whole = account(users=[user("alice", created_at=later)])
    first, *others = whole.sources
    read = replace(first, read_at=CAPTURED_AT + timedelta(minutes=minutes))
    document = dump(replace(whole, sources=(read, *others)))
    if loads:
        assert load(document, "s.json").users.known_part[0].created_at == later
    else:
        with pytest.raises(SourceError, match="captured_at"):
            load(document, "s.json")
