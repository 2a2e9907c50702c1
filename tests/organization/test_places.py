"""Places: every active account is counted in each unit above it, and what is not known is never zero."""

from collections.abc import Mapping, Sequence

import pytest
from organizations import BEGAN_AT, Size, grown, judged, manifest

from auditor.judging.rule import ComplianceType, Severity
from auditor.organization.places import Place, places, unfolded
from auditor.organization.records import AUDITABLE, Account, Receipt, RuleCounts, State
from auditor.organization.summing import summed_up

COUNTS = dict(zip(ComplianceType, (2, 0, 3, 0), strict=True))
UNDECIDED = dict(zip(ComplianceType, (0, 4, 3, 0), strict=True))


def tree_of(accounts: Mapping[str, tuple[str, State, Mapping[ComplianceType, int]]]) -> Sequence[Place]:
    """Return the places of accounts, given with their unit, state and the counts of one rule."""
    listed = [
        Account(id=number, ou=ou, state=None if state in AUDITABLE else state)
        for number, (ou, state, _) in accounts.items()
    ]

    def receipt_of(number: str) -> Receipt:
        _, state, counts = accounts[number]
        bare = Receipt(key=number, account_id=number, state=state, began_at=BEGAN_AT, ended_at=BEGAN_AT)
        return judged(bare, [RuleCounts("a", "A", Severity.HIGH, dict(counts))]) if counts else bare

    return places(summed_up(manifest(listed), receipt_of, lambda _key: ()))


def test_what_is_below_adds_up() -> None:
    tree = places(grown(Size(accounts=200, units=40, causes=0)))
    for at, place in enumerate(tree):
        inside = tree[at + 1 : at + 1 + place.inside]
        below = [each for each in inside if each.depth == place.depth + 1]
        assert sum(each.active for each in below) <= place.active
        assert all(str(each.ou).startswith(f"{place.ou}/") for each in inside)
        assert below == sorted(below, key=lambda each: tuple(-count for count in each.severities))


def test_an_account_that_nobody_saw_is_not_known_for_any_rule() -> None:
    tree = tree_of(
        {
            "1": ("Root/A", State.AUDITED, COUNTS),
            "2": ("Root/A", State.PARTIAL, UNDECIDED),
            "3": ("Root/B", State.DENIED, {}),
            "4": ("Root/B", State.SUSPENDED, {}),
        }
    )
    counted = {place.ou: (place.active, place.audited, place.failing, place.unknown) for place in tree}
    assert counted == {
        "Root": (3, 1, (1,), (2,)),
        "Root/A": (2, 1, (1,), (1,)),
        "Root/B": (1, 0, (0,), (1,)),
    }


@pytest.mark.parametrize(
    ("units", "expected"),
    [
        (("", ""), [None]),
        (("Root", "Root"), ["Root"]),
        (("Root", ""), [None, "", "Root"]),
        (("Root/A", "Other/A"), [None, "Other", "Other/A", "Root", "Root/A"]),
        (("Root//A", "Root"), ["Root", "Root/", "Root//A"]),
    ],
)
def test_the_top_holds_all_accounts(units: tuple[str, str], expected: list[str | None]) -> None:
    tree = tree_of({str(number): (unit, State.AUDITED, COUNTS) for number, unit in enumerate(units)})
    assert [place.ou for place in tree] == expected
    assert tree[0].active == 2


def test_the_tree_is_unfolded_as_far_as_there_is_room() -> None:
    tree = places(grown(Size(accounts=300, units=60, causes=0)))
    upper, depth = unfolded(tree, 10)
    assert {place.depth for place in upper} == {0, 1}
    assert depth == 1
    assert unfolded(tree, 1_000)[0] == list(tree)
    assert len(unfolded(tree, 3)[0]) == 3
