"""The index answers who is in a group, who holds a policy and what has a name, and keeps what is not known."""

import pytest

from auditor.account.index import Index
from auditor.account.kinds import ResourceType
from auditor.account.unknown import UnknownFact
from auditor.testing import WITHHELD, account, group, listing, policy, role, user

PARTLY = user("bob", group_names=listing(["Dev"], WITHHELD), attached_policies=listing((), WITHHELD))
ADMIN = "arn:aws:iam::aws:policy/Admin"


def test_members_are_those_whose_lists_have_the_group() -> None:
    index = Index(account(users=[user("alice", groups=["Dev", "Ops"]), user("bob", groups=["Dev"])]))
    assert list(index.members("Dev")) == ["alice", "bob"]
    assert not index.members("Nobody")


@pytest.mark.parametrize("unknown", [{"users": [user("alice"), PARTLY]}, {"unknown": ["users"]}])
def test_members_are_partial_while_somebody_may_be_one(unknown: dict[str, list[object]]) -> None:
    members = Index(account(**unknown)).members("Ops")  # type: ignore[arg-type]  # as a test writes it
    with pytest.raises(UnknownFact):
        bool(members)


def test_who_is_known_to_be_a_member_leaves_no_doubt() -> None:
    members = Index(account(users=[user("alice"), PARTLY])).members("Dev")
    assert list(members) == ["bob"]


def test_holders_are_found_by_kind() -> None:
    index = Index(account(users=[user("alice", attached=["Admin"])], groups=[group("G", attached=["Admin"])]))
    assert [each.name for each in index.holders(ResourceType.USER, ADMIN)] == ["alice"]
    assert [each.name for each in index.holders(ResourceType.GROUP, ADMIN)] == ["G"]
    assert not index.holders(ResourceType.ROLE, ADMIN)


def test_holders_are_partial_while_somebody_may_be_one() -> None:
    holders = Index(account(users=[user("alice", attached=["Admin"]), PARTLY])).holders(ResourceType.USER, ADMIN)
    assert [each.name for each in holders.known_part] == ["alice"]
    with pytest.raises(UnknownFact):
        len(holders)


def test_a_resource_is_found_by_name_and_by_arn() -> None:
    deploy, boundary = role("Deploy"), policy("Boundary")
    index = Index(account(roles=[deploy], policies=[boundary]))
    assert index.by_name(ResourceType.ROLE, "Deploy") is deploy
    assert index.by_arn(boundary.arn) is boundary
    assert index.by_name(ResourceType.ROLE, "deploy") is None
    assert index.by_arn("arn:aws:iam::111122223333:role/Nobody") is None


def test_what_is_not_among_the_known_ones_may_exist() -> None:
    index = Index(account(roles=[role("Deploy")], unknown=["roles"]))
    assert index.by_name(ResourceType.ROLE, "Deploy") is not None
    with pytest.raises(UnknownFact):
        index.by_name(ResourceType.ROLE, "Other")
    with pytest.raises(UnknownFact):
        index.by_arn("arn:aws:iam::111122223333:role/Other")
