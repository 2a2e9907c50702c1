"""Patterns of actions and resources: which have something in common, and which cover others."""

import re
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.policies.patterns import covers, every_action, everything, overlap, without_variables


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("kms:Decrypt", "KMS:decrypt", True),
        ("kms:Decrypt", "kms:Encrypt", False),
        ("kms:*", "kms:Decrypt", True),
        ("*", "kms:Decrypt", True),
        ("kms:De*", "kms:*pt", True),
        ("kms:De*", "kms:En*", False),
        ("kms:*Key", "kms:List*", True),
        ("kms:???????", "kms:Decrypt", True),
        ("kms:??????", "kms:Decrypt", False),
        ("s3:[a-z]*", "s3:a", False),
        ("s3:[a-z]*", "s3:[A-Z]x", True),
    ],
)
def test_patterns_overlap_if_an_action_matches_both(one: str, other: str, expected: bool) -> None:
    assert overlap(one, other) is overlap(other, one) is expected


def test_resources_do_not_ignore_case() -> None:
    assert overlap("arn:aws:s3:::Bucket*", "arn:aws:s3:::Bucket1", ignore_case=False)
    assert not overlap("arn:aws:s3:::Bucket*", "arn:aws:s3:::bucket1", ignore_case=False)
    assert not covers("A*", "ab", ignore_case=False)


PATTERNS = st.text("ab*?", max_size=4)
TEXTS = ["".join(letters) for length in range(9) for letters in product("ab", repeat=length)]
"""Whatever two patterns of four characters have in common, one of these texts shows it."""
TEXTS_WITH_ANOTHER_LETTER = ["".join(letters) for length in range(6) for letters in product("abz", repeat=length)]


def matched(pattern: str, texts: list[str]) -> set[str]:
    expression = re.compile("".join({"*": ".*", "?": "."}.get(letter, re.escape(letter)) for letter in pattern))
    return {text for text in texts if expression.fullmatch(text)}


@settings(deadline=None)
@given(PATTERNS, PATTERNS)
def test_overlap_agrees_with_trying_every_text(one: str, other: str) -> None:
    assert overlap(one, other) is bool(matched(one, TEXTS) & matched(other, TEXTS))


@settings(deadline=None)
@given(PATTERNS, PATTERNS)
def test_covers_is_right_whenever_it_says_so(wide: str, narrow: str) -> None:
    contained = matched(narrow, TEXTS_WITH_ANOTHER_LETTER) <= matched(wide, TEXTS_WITH_ANOTHER_LETTER)
    if covers(wide, narrow):
        assert contained
    if "?" not in wide:
        assert covers(wide, narrow) is contained


@pytest.mark.parametrize(
    ("wide", "narrow", "expected"),
    [
        ("kms:*", "KMS:Decrypt", True),
        ("kms:*", "kms:Re*", True),
        ("kms:Re*", "kms:*", False),
        ("*", "*", True),
        ("*:*", "kms:*", True),
        ("kms:*?", "kms:?*", True),
        ("kms:?*", "kms:*", False),
        ("a*b*c", "aXbYbZc", True),
        ("kms:Decrypt", "kms:Decrypt*", False),
    ],
)
def test_a_pattern_covers_another_if_it_matches_all_that_does(wide: str, narrow: str, expected: bool) -> None:
    assert covers(wide, narrow) is expected


def test_hostile_patterns_do_no_harm() -> None:
    stars = "*a" * 300
    assert not overlap(stars + "b", "a" * 600 + "c")
    assert not covers(stars + "b", "a" * 600 + "c")


@pytest.mark.parametrize(
    ("resource", "pattern"),
    [
        ("arn:aws:s3:::home/${aws:username}/*", "arn:aws:s3:::home/*/*"),
        ("${aws:PrincipalTag/team, 'none'}", "*"),
        ("a${*}b${?}c${$}", "a\0b\0c\0"),
        ("a$b{c}", "a$b{c}"),
        ("${open", "${open"),
    ],
)
def test_variables_of_resources_become_wildcards(resource: str, pattern: str) -> None:
    assert without_variables(resource) == pattern


def test_what_means_everything() -> None:
    patterns = ["*", "**", "*:*", "**:**", "s3:*", "*:Get*", "?", "*?"]
    assert [every_action(pattern) for pattern in patterns] == [True] * 4 + [False] * 4
    assert [everything(pattern) for pattern in patterns] == [True] * 2 + [False] * 6
