"""Cases of iam-user-no-unexpiring-service-credentials."""

from datetime import timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from auditor.model import ServiceCredential
from auditor.testing import (
    ACCOUNT_ID,
    CAPTURED_AT,
    CREATED_AT,
    NA,
    NC,
    UNKNOWN,
    WITHHELD,
    C,
    Case,
    account,
    listing,
    user,
)
from rules.iam_user_no_unexpiring_service_credentials import RULE

KEY = ServiceCredential("ACCA1", "alice", "bedrock.amazonaws.com", "Active", CREATED_AT, None)
INACTIVE = replace(KEY, id="ACCA2", status="Inactive")
EXPIRED = replace(KEY, id="ACCA3", status="Expired", expires_at=CREATED_AT + timedelta(days=1000))


def lasting(days: float, **fields: Any) -> ServiceCredential:
    return replace(KEY, expires_at=CREATED_AT + timedelta(days=days), **fields)


def of(name: str, expected: Any, *held: ServiceCredential, gap: str | None = None, **parameters: object) -> Case:
    """Return the case of alice in an account whose list holds these credentials."""
    known = account(users=[user("alice")], service_credentials=listing(held, gap))
    return Case(name, known, {"alice": expected}, parameters)


CASES = [
    of("none", C),
    of("inactive and expired ones", C, INACTIVE, EXPIRED),
    of("an active one without expiration", NC, KEY),
    of("the same, made just now", NC, replace(KEY, created_at=CAPTURED_AT)),
    of("an active one beside others", NC, INACTIVE, KEY),
    of("an active one that expires on the last day allowed", C, lasting(90)),
    of("an active one that expires a second later", NC, lasting(90 + 1 / 86_400)),
    of("a longer limit", C, lasting(365), maxDays="365"),
    of("a shorter limit", NC, lasting(90), maxDays="30"),
    of("somebody else's", C, replace(KEY, user_name="bob")),
    of("a status that nobody knows", UNKNOWN, replace(KEY, status="Suspended")),
    of("a status that nobody knows beside an active one", NC, replace(KEY, status="Suspended"), replace(KEY, id="B")),
    of("the list not read to its end", UNKNOWN, lasting(30), gap=WITHHELD),
    of("the list not read to its end, and enough is known", NC, KEY, gap=WITHHELD),
    Case("the list not read", account(users=[user("alice")]), {"alice": UNKNOWN}),
    Case("no users", account(service_credentials=listing()), {ACCOUNT_ID: NA}),
    Case("users unknown", account(unknown=["users"], service_credentials=listing()), {ACCOUNT_ID: UNKNOWN}),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_case(case: Case) -> None:
    case.check(RULE)


def test_the_finding_names_service_and_age() -> None:
    (finding,) = of("", NC, KEY, lasting(91, id="ACCA9")).check(RULE).findings
    assert finding.annotation == (
        "An active credential for bedrock.amazonaws.com made on 2025-01-01 (692 days ago) never expires, and 1 more"
    )
    assert [each.value["id"] for each in finding.evidence] == ["ACCA1", "ACCA9"]


def test_without_the_capture_time_the_age_is_the_date_alone() -> None:
    known = account(users=[user("alice")], service_credentials=listing([lasting(91)]), captured_at=None)
    (finding,) = Case("", known, {"alice": NC}).check(RULE).findings
    assert finding.annotation == (
        "An active credential for bedrock.amazonaws.com made on 2025-01-01 expires 91 days after it was made"
    )


def test_what_was_not_read_says_which_command_shows_it() -> None:
    (finding,) = Case("", account(users=[user("alice")]), {"alice": UNKNOWN}).check(RULE).findings
    assert "aws iam list-service-specific-credentials --all-users" in finding.annotation
