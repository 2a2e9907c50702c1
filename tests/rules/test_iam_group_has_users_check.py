"""Cases of iam-group-has-users-check."""

import pytest

from auditor.account.unknown import with_gaps
from auditor.testing import ACCOUNT_ID, NA, NC, UNKNOWN, WITHHELD, C, Case, account, group, user
from rules.iam_group_has_users_check import RULE

ADMINS = [group("Admins")]

CASES = [
    Case("one member", account(groups=ADMINS, users=[user("alice", groups=["Admins"])]), {"Admins": C}),
    Case(
        "several members",
        account(groups=ADMINS, users=[user("alice", groups=["Admins"]), user("bob", groups=["Admins"])]),
        {"Admins": C},
    ),
    Case("no member", account(groups=ADMINS, users=[user("alice")]), {"Admins": NC}),
    Case("no users at all, since root is no member", account(groups=ADMINS), {"Admins": NC}),
    Case(
        "policies of an empty group do not help",
        account(groups=[group("Admins", attached=["A", "B", "C"])], users=[user("alice")]),
        {"Admins": NC},
    ),
    Case(
        "a group without policies is judged by its members",
        account(groups=[group("Empty")], users=[user("alice", groups=["Empty"])]),
        {"Empty": C},
    ),
    Case(
        "a member without password and keys counts",
        account(groups=ADMINS, users=[user("alice", groups=["Admins"], unknown=["credentials"])]),
        {"Admins": C},
    ),
    Case(
        "groups and users are joined by name whatever their paths",
        account(groups=[group("Dev", path="/team/a/")], users=[user("alice", groups=["Dev"])]),
        {"Dev": C},
    ),
    Case(
        "one finding for each group",
        account(groups=[group("Admins"), group("Dev")], users=[user("alice", groups=["Admins"])]),
        {"Admins": C, "Dev": NC},
    ),
    Case(
        "a group that users name but that does not exist has no finding",
        account(groups=ADMINS, users=[user("alice", groups=["Admins", "Ghost"])]),
        {"Admins": C},
    ),
    Case(
        "a name that differs in case is another group",
        account(groups=ADMINS, users=[user("alice", groups=["admins"])]),
        {"Admins": NC},
    ),
    Case("no groups", account(users=[user("alice")]), {ACCOUNT_ID: NA}),
    Case("users unknown", account(groups=ADMINS, unknown=["users"]), {"Admins": UNKNOWN}),
    Case(
        "users known in part, one of them a member",
        account(groups=ADMINS, users=[user("alice", groups=["Admins"])], unknown=["users"]),
        {"Admins": C},
    ),
    Case(
        "the groups of one user unknown: only an empty group is in doubt",
        account(
            groups=[group("Admins"), group("Dev")],
            users=[user("alice", groups=["Admins"]), user("bob", unknown=["group_names"])],
        ),
        {"Admins": C, "Dev": UNKNOWN},
    ),
    Case("groups unknown", account(users=[user("alice")], unknown=["groups"]), {ACCOUNT_ID: UNKNOWN}),
    Case(
        "groups known in part",
        account(groups=ADMINS, users=[user("alice", groups=["Admins"])], unknown=["groups"]),
        {"Admins": C, ACCOUNT_ID: UNKNOWN},
    ),
    Case(
        "a group name with a comma",
        account(groups=[group("a,b")], users=[user("alice", groups=["a,b"])]),
        {"a,b": C},
    ),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_case(case: Case) -> None:
    case.check(RULE)


def test_a_group_whose_id_is_unknown_keeps_its_name_in_the_finding() -> None:
    unnamed = with_gaps(group("Admins"), {"id": WITHHELD})
    finding = Case("", account(groups=[unnamed], users=[user("a", groups=["Admins"])]), {"Admins": C}).check(RULE)
    assert [(each.resource_id, each.resource_name) for each in finding.findings] == [(None, "Admins")]


def test_the_evidence_names_a_member() -> None:
    evaluation = CASES[0].check(RULE)
    assert [(each.path, each.value) for each in evaluation.findings[0].evidence] == [("members", "alice")]
