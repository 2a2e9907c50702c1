"""Cases of iam-policy-description."""

import pytest

from auditor.testing import ACCOUNT_ID, NA, NC, UNKNOWN, C, Case, account, policy
from rules.iam_policy_description import RULE

CASES = [
    Case("a description", account(policies=[policy("P", description="Lets the team deploy")]), {"P": C}),
    Case("a description of one character", account(policies=[policy("P", description="-")]), {"P": C}),
    Case("no description", account(policies=[policy("P", description=None)]), {"P": NC}),
    Case("an empty description", account(policies=[policy("P", description="")]), {"P": NC}),
    Case("a description of blanks", account(policies=[policy("P", description=" \t")]), {"P": NC}),
    Case("a policy that is attached to nobody", account(policies=[policy("P", description=None)]), {"P": NC}),
    Case(
        "a description that nobody asked for", account(policies=[policy("P", unknown=["description"])]), {"P": UNKNOWN}
    ),
    Case(
        "one known, one unknown",
        account(policies=[policy("P", description=""), policy("Q", unknown=["description"])]),
        {"P": NC, "Q": UNKNOWN},
    ),
    Case("no policies, since AWS's own are not judged", account(), {ACCOUNT_ID: NA}),
    Case("policies unknown", account(policies=[policy("P")], unknown=["policies"]), {"P": C, ACCOUNT_ID: UNKNOWN}),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_case(case: Case) -> None:
    case.check(RULE)
