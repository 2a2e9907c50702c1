"""Cases of iam-password-policy-allows-user-change."""

import pytest
from msgspec.structs import replace

from auditor.account.unknown import with_gaps
from auditor.testing import ACCOUNT_ID, NC, UNKNOWN, WITHHELD, C, Case, account, password_policy
from rules.iam_password_policy_allows_user_change import RULE

FIELD = "allow_users_to_change_password"

CASES = [
    Case("on", account(password=password_policy()), {ACCOUNT_ID: C}),
    Case("off", account(password=replace(password_policy(), allow_users_to_change_password=False)), {ACCOUNT_ID: NC}),
    Case("the default password policy", account(), {ACCOUNT_ID: NC}),
    Case("the password policy is not known", account(unknown=["password_policy"]), {ACCOUNT_ID: UNKNOWN}),
    Case(
        "the setting is not known",
        account(password=with_gaps(password_policy(), {FIELD: WITHHELD})),
        {ACCOUNT_ID: UNKNOWN},
    ),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_case(case: Case) -> None:
    case.check(RULE)
