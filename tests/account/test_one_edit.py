"""No edit of one field of a snapshot that makes two of its facts contradict each other leaves a passing gate."""

import json
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import HealthCheck, assume, event, given, settings
from hypothesis import strategies as st

from auditor.account.kinds import listed_kinds
from auditor.account.model import AccessAnalyzer, AttachedPolicy, Snapshot, Verified, VirtualMfaDevice
from auditor.account.snapshot import dump
from auditor.console.cli import main
from auditor.testing import (
    ACCOUNT_ID,
    CAPTURED_AT,
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
SOURCES = {listing: source for _, listing, source in listed_kinds()}
RESOURCES = {listing: kind for kind, listing, _ in listed_kinds()}
names = st.lists(st.text("abcXYZ019+=,.@_-", min_size=1, max_size=12), unique_by=str.casefold, min_size=1, max_size=3)
paths = st.sampled_from(["/", "/people/", "/a/b/"])


@st.composite
def accounts(draw: st.DrawFn) -> Snapshot:
    """Build an account that has something of each kind, used as its policies say."""
    policies = draw(names)
    attached = listing([AttachedPolicy(name, f"{OWN}:policy/{name}") for name in policies])
    verified = draw(st.none() | st.just(Verified(CAPTURED_AT, password_enabled=True, mfa_active=True)))
    used = draw(st.sampled_from(["N/A", "no_information", "2026-11-20T00:00:00Z"]))
    bounded = draw(st.booleans())
    people = [
        user(
            name,
            path=draw(paths),
            attached_policies=attached,
            permissions_boundary=f"{OWN}:policy/{policies[0]}" if bounded else None,
            verified=verified,
            credentials=credentials(password_enabled=True, mfa_active=True, password_last_used=used),
        )
        for name in draw(names)
    ]
    bounds = [len(people) if bounded and name == policies[0] else 0 for name in policies]
    return account(
        users=people,
        groups=[group(name, path=draw(paths)) for name in draw(names)],
        roles=[role(name, path=draw(paths), last_used_at=CAPTURED_AT) for name in draw(names)],
        policies=[
            policy(name, attachment_count=len(people), permissions_boundary_usage_count=count)
            for name, count in zip(policies, bounds, strict=True)
        ],
        devices=[VirtualMfaDevice(f"{OWN}:mfa/{each.name}", each.arn, CAPTURED_AT) for each in people],
        server_certificates=[server_certificate(name, path=draw(paths)) for name in draw(names)],
        oidc_providers=[oidc_provider(f"{name}.example.com") for name in draw(names)],
        saml_providers=[saml_provider(name) for name in draw(names)],
        analyzers=[
            AccessAnalyzer(name, f"arn:aws:access-analyzer:us-east-1:{ACCOUNT_ID}:analyzer/{name}", "ACCOUNT", "ACTIVE")
            for name in draw(names)
        ],
        password=password_policy(),
    )


later = st.integers(16, 10**6).map(lambda minutes: f"{CAPTURED_AT + timedelta(minutes=minutes):%Y-%m-%dT%H:%M:%SZ}")
earlier = st.integers(16, 10**6).map(lambda minutes: f"{CAPTURED_AT - timedelta(minutes=minutes):%Y-%m-%dT%H:%M:%SZ}")
Edit = Callable[[st.DataObject, Any], Any]


def edit_of_a_gap(data: st.DataObject, content: Any) -> Any:
    content[data.draw(st.sampled_from(list(SOURCES)))]["gap"] = "withheld"


def edit_of_a_status(data: st.DataObject, content: Any) -> Any:
    source = data.draw(st.sampled_from([each for each in content["sources"] if each["name"] in SOURCES.values()]))
    source["status"] = data.draw(st.sampled_from(["partial", "failed", "absent", "not_requested"]))


def edit_of_items(data: st.DataObject, content: Any) -> Any:
    source = data.draw(st.sampled_from([each for each in content["sources"] if each["name"] in SOURCES.values()]))
    source["items"] = data.draw(st.integers(0, 9))


def edit_of_an_arn(data: st.DataObject, content: Any) -> Any:
    """Change one field of an ARN, or what stands for its path and name."""
    kind = RESOURCES[data.draw(st.sampled_from(list(RESOURCES)))]
    record = data.draw(st.sampled_from(content[kind.listing]["items"]))
    fields = record[kind.arn].split(":", 5)
    number = data.draw(st.sampled_from([1, 2, 4, 5] if kind.name != kind.arn else [1, 2, 4]))
    before = fields[number]
    fields[number] = {1: "aws-cn", 2: "sts", 4: "444455556666", 5: f"{before}x"}[number]
    record[kind.arn] = ":".join(fields)


def edit_of_a_name(data: st.DataObject, content: Any) -> Any:
    kinds = {name: kind for name, kind in RESOURCES.items() if kind.name != kind.arn}
    record = data.draw(st.sampled_from(content[data.draw(st.sampled_from(list(kinds)))]["items"]))
    field = data.draw(st.sampled_from([field for field in ("name", "path") if field in record]))
    record[field] = f"{record[field]}x" if field == "name" else f"{record[field]}x/"


def edit_of_the_account(data: st.DataObject, content: Any) -> Any:
    field, value = data.draw(st.sampled_from([("id", "444455556666"), ("partition", "aws-us-gov")]))
    content["account"][field] = value


def edit_of_a_count(data: st.DataObject, content: Any) -> Any:
    record = data.draw(st.sampled_from(content["policies"]["items"]))
    used = record["permissions_boundary_usage_count"]
    if data.draw(st.booleans()):
        record["attachment_count"] -= data.draw(st.integers(1, record["attachment_count"]))
    else:
        record["permissions_boundary_usage_count"] = used - 1 if used else 1


def edit_of_a_time(data: st.DataObject, content: Any) -> Any:
    listing, field = data.draw(
        st.sampled_from(
            [
                ("users", "created_at"),
                ("policies", "updated_at"),
                ("roles", "last_used_at"),
                ("server_certificates", "uploaded_at"),
                ("virtual_mfa_devices", "enabled_at"),
            ]
        )
    )
    data.draw(st.sampled_from(content[listing]["items"]))[field] = data.draw(later)


def edit_of_the_capture_time(data: st.DataObject, content: Any) -> Any:
    content["captured_at"] = data.draw(earlier | st.just("2027-06-01T00:00:00Z"))


def edit_of_the_report(data: st.DataObject, content: Any) -> Any:
    row = data.draw(st.sampled_from(content["users"]["items"]))["credentials"]
    columns = [name for name in row if name.endswith(("_last_used", "_date", "_rotated", "_changed"))]
    row[data.draw(st.sampled_from(columns))] = data.draw(later)


def edit_of_what_was_verified(data: st.DataObject, content: Any) -> Any:
    person = data.draw(st.sampled_from(content["users"]["items"]))
    if person["verified"] is None:
        person["verified"] = {"read_at": content["captured_at"], "password_enabled": True, "mfa_active": True}
        return
    moment = datetime.fromisoformat(content["report_generated_at"]) - timedelta(minutes=data.draw(st.integers(16, 999)))
    person["verified"]["read_at"] = f"{moment:%Y-%m-%dT%H:%M:%SZ}"


def edits() -> Iterator[Edit]:
    for name, value in globals().items():
        if name.startswith("edit_of"):
            yield value


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data(), snapshot=accounts(), edit=st.sampled_from([*edits()]))
def test_no_edit_of_one_field_that_makes_two_facts_contradict_passes_the_gate(
    data: st.DataObject, snapshot: Snapshot, edit: Edit
) -> None:
    document = dump(snapshot)
    content = json.loads(document)
    edit(data, content)
    assume(content != json.loads(document))
    event(edit.__name__)
    assert scan(document) == 0
    assert scan(json.dumps(content).encode()) == 3


def scan(document: bytes) -> int:
    options = ["-q", "--format", "json", "--allow-incomplete", "--rule", "iam-password-policy"]
    with TemporaryDirectory() as folder:
        place = Path(folder, "snapshot.json")
        place.write_bytes(document)
        return main(["scan", "--snapshot", str(place), *options])
