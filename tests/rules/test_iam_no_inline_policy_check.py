"""Cases of iam-no-inline-policy-check."""

import pytest
from msgspec.structs import replace

from auditor.account.model import InlinePolicy
from auditor.account.unknown import with_gaps
from auditor.testing import (
    ACCOUNT_ID,
    DOCUMENT,
    NA,
    NC,
    UNKNOWN,
    WITHHELD,
    C,
    Case,
    account,
    document,
    group,
    listing,
    role,
    user,
)
from rules.iam_no_inline_policy_check import RULE

P = InlinePolicy("p", DOCUMENT)
UNREADABLE = with_gaps(P, {"document": WITHHELD})
DENY = InlinePolicy("deny", document({"Effect": "Deny", "Action": "*", "Resource": "*"}))

CASES = [
    Case("a user without", account(users=[user("alice")]), {"alice": C}),
    Case("a user with one", account(users=[user("alice", inline=["p"])]), {"alice": NC}),
    Case("a managed policy does not count", account(users=[user("alice", attached=["ReadOnlyAccess"])]), {"alice": C}),
    Case("a group without", account(groups=[group("Dev")]), {"Dev": C}),
    Case("a group with one", account(groups=[replace(group("Dev"), inline_policies=listing([P]))]), {"Dev": NC}),
    Case("a role without", account(roles=[role("R")]), {"R": C}),
    Case("a role with one", account(roles=[role("R", inline_policies=listing([P]))]), {"R": NC}),
    Case(
        "roles of AWS services are judged, and no path excuses a role",
        account(
            roles=[
                role("Linked", path="/aws-service-role/x.amazonaws.com/"),
                role("Service", path="/service-role/", inline_policies=listing([P])),
            ]
        ),
        {"Linked": C, "Service": NC},
    ),
    Case("a policy that only denies", account(roles=[role("R", inline_policies=listing([DENY]))]), {"R": NC}),
    Case(
        "a policy whose document cannot be read",
        account(roles=[role("R", inline_policies=listing([UNREADABLE]))]),
        {"R": NC},
    ),
    Case(
        "policies of a group are not the user's",
        account(users=[user("alice", groups=["Dev"])], groups=[replace(group("Dev"), inline_policies=listing([P]))]),
        {"alice": C, "Dev": NC},
    ),
    Case(
        "policies known in part, one seen",
        account(roles=[role("R", inline_policies=listing([P], WITHHELD))]),
        {"R": NC},
    ),
    Case("policies unknown", account(roles=[role("R", unknown=["inline_policies"])]), {"R": UNKNOWN}),
    Case("no identities", account(), {ACCOUNT_ID: NA}),
    Case("roles unknown", account(users=[user("alice")], unknown=["roles"]), {"alice": C, ACCOUNT_ID: UNKNOWN}),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_case(case: Case) -> None:
    case.check(RULE)


def test_the_finding_names_every_policy_and_its_source() -> None:
    snapshot = account(groups=[replace(group("Dev"), inline_policies=listing([P, DENY]))])
    (finding,) = Case("", snapshot, {"Dev": NC}).check(RULE).findings
    assert finding.annotation == "Inline policies: p, deny"
    assert [(each.value, each.source) for each in finding.evidence] == [(["p", "deny"], "groups")]
