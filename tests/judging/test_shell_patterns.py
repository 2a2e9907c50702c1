"""Shell patterns by the hundred match what fnmatchcase says of each, whichever states are kept."""

from fnmatch import fnmatchcase

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.judging.shell_patterns import ShellPatterns

LETTERS = st.sampled_from("aabbA[[]]!!--**?^\\\n.é")
patterns = st.lists(st.text(LETTERS, max_size=9), max_size=6)
texts = st.lists(st.text(LETTERS, max_size=9), max_size=6)


@given(patterns, texts, st.sampled_from([None, 1, 2, 3]))
def test_each_pattern_matches_as_by_itself(given: list[str], asked: list[str], max_states: int | None) -> None:
    found = ShellPatterns(dict(enumerate(given)), max_states)
    for text in [*asked, *given]:
        assert found.matching(text) == [number for number, each in enumerate(given) if fnmatchcase(text, each)], text


@pytest.mark.parametrize(
    ("pattern", "text", "matches"),
    [
        ("", "", True),
        ("*", "", True),
        ("?", "", False),
        ("a**b", "axb", True),
        ("[!]", "[!]", True),
        ("[!]]", "a", True),
        ("[]a]", "]", True),
        ("[z-a]", "b", False),
        ("[a]", "a", True),
        ("[a-c]*", "bob", True),
        ("[ab", "[ab", True),
        ("a\n*", "a\nb", True),
        ("A*", "ab", False),
    ],
)
def test_what_a_pattern_matches(pattern: str, text: str, matches: bool) -> None:
    assert ShellPatterns({7: pattern}).matching(text) == ([7] if matches else [])
