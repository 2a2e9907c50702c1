"""Cases of iam-no-shared-users."""

from collections.abc import Mapping
from typing import Any

import pytest

from auditor.judging.rule import ComplianceType
from auditor.testing import ACCOUNT_ID, NA, NC, UNKNOWN, C, Case, account, console_user, credentials, user
from rules.iam_no_shared_users import RULE


def named(name: str, expected: ComplianceType, **parameters: Any) -> Case:
    """Return the case of a console user of a name."""
    return Case(f"{name} {parameters}", account(users=[console_user(name, mfa=True)]), {name: expected}, parameters)


def tagged(name: str, expected: ComplianceType, tags: Mapping[str, str], **parameters: Any) -> Case:
    """Return the case of a console user with tags."""
    person = console_user("alice", mfa=True, tags=dict(tags))
    return Case(name, account(users=[person]), {"alice": expected}, parameters)


def used(
    name: str, expected: ComplianceType, first: str, second: str, *, active: bool = True, **parameters: Any
) -> Case:
    """Return the case of a console user whose keys were last used in these Regions; `active` is of the second key."""
    row = credentials(
        password_enabled=True,
        access_key_1_active=True,
        access_key_1_last_used_region=first,
        access_key_2_active=active,
        access_key_2_last_used_region=second,
    )
    return Case(name, account(users=[user("alice", credentials=row)]), {"alice": expected}, parameters)


UNTAGGED = console_user("alice", mfa=True, unknown=["tags"])
CASES = [
    named("alice", C),
    named("shared", NC),
    named("Dev-Team", NC),
    named("admin01", NC),
    named("test_user2", NC),
    named("alice-admin", C),
    named("developer", C),
    named("123", C),
    named("shared", C, genericNames="false"),
    named("alice", NC, genericWords="alice, bob"),
    named("alice", C, userNamePattern="[a-z]+"),
    named("alice1", NC, userNamePattern="[a-z]+"),
    named("alice", UNKNOWN, userNamePattern="["),
    named("shared", NC, userNamePattern="["),
    tagged("one owner", C, {"Owner": "alice@example.com"}),
    tagged("two owners", NC, {"Owner": "alice@example.com, bob@example.com"}),
    tagged("two owners between blanks", NC, {"owner": "alice@example.com bob@example.com"}),
    tagged("two owners without addresses", NC, {"Email": "alice; bob"}),
    tagged("an owner of two words", C, {"Owner": "Alice Example"}),
    tagged("two owners, not asked", C, {"Owner": "alice, bob"}, severalOwners="false"),
    tagged("two values of another tag", C, {"Team": "blue, green"}),
    tagged("no owner, not asked", C, {}),
    tagged("no owner", NC, {}, ownerTag="true"),
    tagged("an empty owner", NC, {"Owner": " "}, ownerTag="true"),
    tagged("an owner", C, {"EMAIL": "alice@example.com"}, ownerTag="true"),
    tagged("an owner under another key", C, {"Contact": "alice"}, ownerTag="true", ownerTagKeys="contact"),
    used("two Regions, not asked", C, "eu-west-1", "us-east-1"),
    used("two Regions", NC, "eu-west-1", "us-east-1", severalRegions="true"),
    used("two Regions, and one key is inactive", C, "eu-west-1", "us-east-1", active=False, severalRegions="true"),
    used("one Region", C, "eu-west-1", "eu-west-1", severalRegions="true"),
    used("one key", C, "eu-west-1", "N/A", severalRegions="true"),
    Case("tags unknown", account(users=[UNTAGGED]), {"alice": UNKNOWN}),
    Case("no console password", account(users=[user("shared")]), {"shared": NA}),
    Case("credentials unknown", account(users=[user("shared", unknown=["credentials"])]), {"shared": UNKNOWN}),
    Case("no users", account(), {ACCOUNT_ID: NA}),
    Case("users unknown", account(unknown=["users"]), {ACCOUNT_ID: UNKNOWN}),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_case(case: Case) -> None:
    case.check(RULE)


def test_the_finding_names_every_sign() -> None:
    (finding,) = named("shared", NC, ownerTag="true").check(RULE).findings
    assert finding.annotation == "The user may be shared: the name is a general one, no tag Owner or Email"
