"""Filters of accounts: what they mean, and that they mean something."""

import pytest

from auditor.errors import UsageError
from auditor.organization.choosing import chosen, needs_tags
from auditor.organization.records import Account, State

ACCOUNTS = (
    Account(id="111111111111", name="payments", ou="Root/Production/Payments", tags={"stage": "prod", "owner": "ann"}),
    Account(id="111111112222", name="shop", ou="Root/Production", tags={"stage": "prod"}),
    Account(id="222222222222", name="sandbox-1", ou="Root/Sandbox"),
    Account(id="333333333333", name="old", ou="Root/Production", state=State.SUSPENDED, detail="SUSPENDED"),
    Account(name="acme.json.gz", source="stored/acme.json.gz"),
)

MEANT = {
    "a number": ("111111111111", "payments"),
    "the beginning of numbers": ("1111*", "payments shop"),
    "a name": ("shop", "shop"),
    "a pattern of names": ("sandbox-?", "sandbox-1"),
    "a name only": ("name:payments", "payments"),
    "a number only": ("id:2*", "sandbox-1"),
    "a unit and those below": ("ou:Root/Production", "payments shop"),
    "a unit with slashes": ("ou:/Root/Production/Payments/", "payments"),
    "a pattern of units": ("ou:Root/Prod*", "payments shop"),
    "a tag": ("tag:stage=prod", "payments shop"),
    "any value of a tag": ("tag:owner", "payments"),
    "a pattern of a tag": ("tag:owner=a*", "payments"),
    "a file": ("acme*", "acme.json.gz"),
}


def left(*include: str, exclude: tuple[str, ...] = ()) -> str:
    found = chosen(ACCOUNTS, include, exclude)
    assert [account.key for account in found] == [account.key for account in ACCOUNTS]
    return " ".join(account.name for account in found if account.state is None)


@pytest.mark.parametrize(("text", "names"), MEANT.values(), ids=MEANT)
def test_a_filter_includes(text: str, names: str) -> None:
    assert left(text) == names


@pytest.mark.parametrize(("text", "names"), MEANT.values(), ids=MEANT)
def test_a_filter_excludes(text: str, names: str) -> None:
    active = [account.name for account in ACCOUNTS if account.state is None]
    assert left(exclude=(text,)).split() == [name for name in active if name not in names.split()]


def test_accounts_are_included_by_any_filter_and_excluded_by_any() -> None:
    assert left("payments", "shop", "sandbox-1", exclude=("tag:owner", "2*")) == "shop"
    assert left() == "payments shop sandbox-1 acme.json.gz"


def test_what_is_left_out_stays_with_the_reason() -> None:
    found = {account.name: (account.state, account.detail) for account in chosen(ACCOUNTS, ["1*"], ["shop"])}
    assert found == {
        "payments": (None, None),
        "shop": (State.NOT_ASKED, "--exclude shop"),
        "sandbox-1": (State.NOT_ASKED, "no --include matches it"),
        "old": (State.SUSPENDED, "SUSPENDED"),
        "acme.json.gz": (State.NOT_ASKED, "no --include matches it"),
    }


WRONG = {
    "a typo in a name": ("paymnets", "--include 'paymnets' matches none of the 5 accounts", "Did you mean payments?"),
    "a typo in a number": ("222222222223", "matches none", "Did you mean 222222222222?"),
    "a typo in a unit": ("ou:Root/Producton", "matches none", "Did you mean Root/Production"),
    "a unit without its root": ("ou:Payments", "matches none", "Did you mean Root/Production/Payments?"),
    "a unit of none": ("ou:Zzz*", "matches none", "Paths begin at the root"),
    "a tag's other value": ("tag:stage=prd", "matches none", "Did you mean stage=prod?"),
    "case": ("Shop", "matches none", "Did you mean shop?"),
    "nothing": ("", "--include '' is empty", "A filter is a number"),
    "no unit": ("ou:/", "is empty", "A filter is a number"),
}


@pytest.mark.parametrize(("text", "message", "hint"), WRONG.values(), ids=WRONG)
def test_a_filter_that_means_nothing_is_an_error(text: str, message: str, hint: str) -> None:
    with pytest.raises(UsageError) as raised:
        chosen(ACCOUNTS, [text], [])
    assert message in raised.value.message
    assert hint in raised.value.hint


def test_filters_that_leave_nothing_are_an_error() -> None:
    with pytest.raises(UsageError, match="leave none of 5 accounts"):
        chosen(ACCOUNTS, ["old"], [])
    with pytest.raises(UsageError, match="leave none of 5 accounts"):
        chosen(ACCOUNTS, ["shop"], ["1*"])


def test_only_filters_by_tag_need_tags() -> None:
    assert needs_tags(["1*", "tag:stage"])
    assert not needs_tags(["1*", "ou:Root/tag:*"])
