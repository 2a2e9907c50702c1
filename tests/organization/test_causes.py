"""Counting causes: exact, whatever is shared, and without holding what only one account has."""

import tracemalloc
from collections import defaultdict
from contextlib import closing

from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.judging.rule import Severity
from auditor.organization.causes import FIRST, Causes
from auditor.organization.records import Cause

SEVERITIES = {"a": Severity.LOW, "b": Severity.HIGH}
CAUSES = st.builds(
    Cause, st.sampled_from("ab"), st.just("AWS::IAM::User"), st.sampled_from("xyz"), st.sampled_from([None, "5e", "5f"])
)


@settings(max_examples=30)
@given(st.lists(st.lists(CAUSES, max_size=6), max_size=30))
def test_counts_are_those_of_a_plain_count(of_accounts: list[list[Cause]]) -> None:
    expected = defaultdict(list)
    with closing(Causes()) as causes:
        for number, found in enumerate(of_accounts):
            causes.add(f"{number:012}", found)
            for cause in set(found):
                expected[cause].append(f"{number:012}")
        common = causes.common(SEVERITIES)
    counted = {
        Cause(each.config_rule_name, each.resource_type, each.resource_name, each.digest): (each.accounts, each.first)
        for each in common
    }
    shared = {cause: accounts for cause, accounts in expected.items() if len(accounts) > 1}
    assert counted == {cause: (len(accounts), tuple(accounts[:FIRST])) for cause, accounts in shared.items()}
    assert [each.accounts for each in common] == sorted((each.accounts for each in common), reverse=True)
    assert all(each.severity is SEVERITIES[each.config_rule_name] for each in common)


def test_causes_of_single_accounts_are_not_held() -> None:
    shared = Cause("a", "AWS::IAM::User", "template", None)
    with closing(Causes()) as causes:
        tracemalloc.start()
        for number in range(200):
            causes.add(
                f"{number}", [shared, *(Cause("b", "AWS::IAM::User", f"{number}-{at}", None) for at in range(250))]
            )
        (found,) = causes.common(SEVERITIES)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert (found.accounts, len(found.first)) == (200, FIRST)
    assert peak < 3_000_000  # bytes; 50,000 causes in a dictionary take 16 MB
