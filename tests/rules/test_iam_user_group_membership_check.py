"""Cases of iam-user-group-membership-check."""

from collections.abc import Sequence
from typing import Any

import pytest

from auditor.errors import UsageError
from auditor.judging.parameters import configure
from auditor.judging.rule import ComplianceType
from auditor.testing import ACCOUNT_ID, NA, NC, UNKNOWN, WITHHELD, C, Case, account, group, listing, user
from rules.iam_user_group_membership_check import RULE

GROUPS = [group("Admins"), group("Dev"), group("Ops"), group("Empty"), group("a,b")]


def alice(
    name: str,
    groups: Sequence[str],
    expected: ComplianceType,
    wanted: str | None = None,
    warning: str | None = None,
    **fields: Any,
) -> Case:
    """Return the case of one user in `groups`, with `wanted` for groupNames."""
    parameters = {} if wanted is None else {"groupNames": wanted}
    snapshot = account(groups=GROUPS, users=[user("alice", groups=groups, **fields)])
    return Case(name, snapshot, {"alice": expected}, parameters, warning=warning)


CASES = [
    alice("in a group", ["Dev"], C),
    alice("in no group", [], NC),
    alice("in no group, with a policy of its own", [], NC, attached=["ReadOnlyAccess"]),
    alice("in a group without policies", ["Empty"], C),
    alice("blank groupNames, in a group", ["Dev"], C, ""),
    alice("blank groupNames, in no group", [], NC, ""),
    alice("in the wanted group", ["Admins"], C, "Admins"),
    alice("in another group than the wanted", ["Dev"], NC, "Admins"),
    alice("in no group, one wanted", [], NC, "Admins"),
    alice("in one of the wanted groups", ["Dev"], C, "Admins,Dev"),
    alice("in all of the wanted groups", ["Admins", "Dev"], C, "Admins,Dev"),
    alice("in none of the wanted groups", ["Ops"], NC, "Admins,Dev"),
    alice("spaces around names do not count", ["Dev"], C, " Admins , Dev "),
    alice("an empty item is dropped", ["Admins"], C, "Admins,"),
    alice("a wanted name differs in case", ["Admins"], NC, "admins", "differs only in case from the group 'Admins'"),
    alice("a wanted group does not exist", ["Admins"], NC, "Ghost", "there is no group 'Ghost'"),
    alice("a group with a comma cannot be wanted", ["a,b"], NC, "a,b", "there is no group 'a'"),
    alice("a group with a comma is a group", ["a,b"], C),
    alice("an ARN is no name", ["Admins"], NC, "arn:aws:iam::111122223333:group/Admins", "looks like an ARN"),
    alice("groups unknown", [], UNKNOWN, unknown=["group_names"]),
    alice("groups known in part, the wanted one seen", [], C, "Dev", group_names=listing(["Dev"], WITHHELD)),
    alice("groups known in part, the wanted one not seen", [], UNKNOWN, "Ops", group_names=listing(["Dev"], WITHHELD)),
    Case("no users, since root is never judged", account(groups=GROUPS), {ACCOUNT_ID: NA}),
    Case("users unknown", account(unknown=["users"]), {ACCOUNT_ID: UNKNOWN}),
    Case(
        "the list of groups is unknown: an ARN is told nevertheless",
        account(users=[user("alice", groups=["Dev"])], unknown=["groups"]),
        {"alice": NC},
        {"groupNames": f"Ghost, arn:aws:iam::{ACCOUNT_ID}:group/Dev"},
        warning="looks like an ARN",
    ),
    Case(
        "the list of groups is unknown: users are judged, and nothing is said of a name that may not exist",
        account(users=[user("alice", groups=["Dev"])], unknown=["groups"]),
        {"alice": NC},
        {"groupNames": "Ghost"},
    ),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_case(case: Case) -> None:
    case.check(RULE)


def test_a_list_that_names_nothing_is_refused() -> None:
    with pytest.raises(UsageError, match="names nothing"):
        configure(RULE, {"groupNames": ","})


def test_a_warning_about_a_parameter_is_told_once_for_many_users() -> None:
    snapshot = account(groups=GROUPS, users=[user(f"user{number}", groups=["Dev"]) for number in range(5)])
    evaluation = Case(
        "", snapshot, {f"user{number}": NC for number in range(5)}, {"groupNames": "Ghost"}, warning="Ghost"
    ).check(RULE)
    assert len(evaluation.notices) == 1
