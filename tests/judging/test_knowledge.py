"""Knowledge is monotone: hiding a fact turns a verdict into INSUFFICIENT_DATA, and into nothing else."""

from contextlib import suppress
from typing import Any

import pytest
from generated_accounts import accounts, accountwide, less_known, parameters, verdicts
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rule_parameters import RULES

from auditor.account.kinds import ResourceType
from auditor.account.model import User
from auditor.account.unknown import UnknownFact, stored, with_gaps, witnessed
from auditor.judging.parameters import configure
from auditor.judging.rule import Evidence
from auditor.testing import (
    UNKNOWN,
    WITHHELD,
    listing,
    role,
    user,
)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_hiding_facts_turns_verdicts_only_into_insufficient_data(data: st.DataObject) -> None:
    whole = data.draw(accounts())
    given_parameters = data.draw(parameters)
    rules = [configure(rule, given_parameters[rule.id]) for rule in RULES.values()]
    before, after = verdicts(whole, rules), verdicts(data.draw(less_known(whole)), rules)
    for key, verdict in before.items():
        if key in after:
            assert after[key] in (verdict, UNKNOWN), key
        else:
            assert UNKNOWN in accountwide(after, key[0]), f"{key} vanished without a word"
    for key in after.keys() - before.keys():
        assert key[1] is ResourceType.ACCOUNT
        assert after[key] is UNKNOWN


def test_reading_an_unknown_field_raises_whatever_is_done_with_it() -> None:
    alice = user("alice", unknown=["id"])
    with pytest.raises(UnknownFact) as raised:
        alice.id  # noqa: B018 - the reading itself is what raises
    assert (raised.value.gap_id, raised.value.reason) == (WITHHELD, "id")
    assert alice.name == "alice"


def test_a_whole_record_is_of_the_plain_type() -> None:
    assert type(user("alice")) is User
    assert with_gaps(user("alice"), {}) == user("alice")


def test_a_partial_record_stays_comparable_and_gains_gaps() -> None:
    once = user("alice", unknown=["id"])
    twice = with_gaps(once, {"path": WITHHELD})
    assert type(twice) is type(once)
    assert twice == user("alice", unknown=["id", "path"])


@pytest.mark.parametrize(
    "conclude",
    [
        pytest.param(len, id="length"),
        pytest.param(bool, id="truth"),
        pytest.param(lambda items: items == ("a",), id="equality"),
        pytest.param(lambda items: items != ("a",), id="inequality"),
        pytest.param(lambda items: "a" in items, id="membership, even of a known item"),
        pytest.param(lambda items: items[0], id="indexing"),
        pytest.param(all, id="all, when no known item refutes"),
        pytest.param(list, id="going through to the end"),
    ],
)
def test_a_partial_list_allows_no_conclusion(conclude: Any) -> None:
    with pytest.raises(UnknownFact):
        conclude(listing(["a"], WITHHELD))


def test_a_partial_list_gives_what_is_known() -> None:
    assert any(name == "a" for name in listing(["a"], WITHHELD))
    assert not all(name == "b" for name in listing(["a"], WITHHELD))


def test_a_complete_list_is_a_list() -> None:
    complete = listing(["a", "b"])
    assert (len(complete), bool(complete), complete[0], "b" in complete, list(complete)) == (
        2,
        True,
        "a",
        True,
        ["a", "b"],
    )
    assert complete == ("a", "b")
    assert complete != ("a",)
    assert not listing()


def test_a_witness_sees_what_somebody_caught() -> None:
    with witnessed() as raised:
        with suppress(UnknownFact):
            len(listing([], WITHHELD))
        assert [unknown.gap_id for unknown in raised] == [WITHHELD]


def test_two_complete_lists_are_compared_item_by_item() -> None:
    assert listing(["a"]) == listing(["a"])
    assert listing(["a"]) != listing(["b"])


@pytest.mark.parametrize("read", [len, lambda items: next(iter(items))], ids=["length", "items"])
def test_an_unknown_list_says_that_its_items_are_unknown(read: Any) -> None:
    with pytest.raises(UnknownFact) as raised:
        read(listing([], WITHHELD))
    assert (raised.value.gap_id, raised.value.reason) == (WITHHELD, "items")


def test_an_unknown_document_rests_as_null() -> None:
    assert bytes(stored(role("Deploy", unknown=["trust_policy"]), "trust_policy")) == b"null"


def test_a_record_without_partial_form_cannot_lose_facts() -> None:
    with pytest.raises(TypeError, match="Evidence has no partial form"):
        with_gaps(Evidence("path", None, "source"), {"value": WITHHELD})
