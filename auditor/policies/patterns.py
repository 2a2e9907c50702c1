"""Patterns of actions and resources, in which "*" stands for any text and "?" for one character."""

import re
from functools import lru_cache


def everything(pattern: str) -> bool:
    """Return whether a pattern consists of stars only, so that it matches everything."""
    return not pattern.strip("*")


def every_action(pattern: str) -> bool:
    """Return whether a pattern of actions matches every action of every service: "*", or the equivalent "*:*"."""
    return pattern.strip("*") in ("", ":")


@lru_cache(maxsize=1024)  # an account's policies repeat the same patterns
def overlap(one: str, other: str, *, ignore_case: bool = True) -> bool:
    """Return whether something matches both patterns, in which "*" stands for any text and "?" for one character.

    Actions ignore case, resources do not.
    """
    if ignore_case:
        one, other = one.lower(), other.lower()
    # The bits of a number are the places in `one` that can be reached, so that one operation advances all of them.
    one, other = _stars_last(one), _stars_last(other)
    every, places = (1 << len(one)) - 1, {sign: _places(one, sign) for sign in {*other, "*", "?"}}
    stars = places["*"]
    reached = 1
    for sign in other:
        reached |= (reached & stars) << 1
        if sign == "*":
            reached = (every << 1 | 1) & -(reached & -reached)  # all places from the first one on
        else:
            passed = every & ~stars if sign == "?" else places[sign] | places["?"]
            reached = (reached & passed) << 1 | reached & stars
    return bool((reached | (reached & stars) << 1) >> len(one) & 1)


def _places(pattern: str, sign: str) -> int:
    """Return the places of a character in a pattern, one bit for each place."""
    return sum(1 << place for place, each in enumerate(pattern) if each == sign)


def covers(wide: str, narrow: str, *, ignore_case: bool = True) -> bool:
    """Return whether a pattern matches everything that another pattern matches.

    True is certain. False may be wrong if a "?" of `wide` would have to match a part of a "*" of `narrow`:
    "??*" matches everything that "*ab" does, but the result is False.
    """
    if ignore_case:
        wide, narrow = wide.lower(), narrow.lower()
    wide, narrow = _stars_last(wide), _stars_last(narrow)
    first, *others = (_text(part) for part in wide.split("*"))
    if not others:
        return first.fullmatch(narrow) is not None
    found = first.match(narrow)
    for part in others[:-1]:  # as early as possible, so that as much as possible is left for the others
        found = found and part.search(narrow, found.end())
    if found is None:
        return False
    start = len(narrow) - len(wide.rpartition("*")[2])
    return start >= found.end() and others[-1].match(narrow, start) is not None


def _text(pattern: str) -> re.Pattern[str]:
    """Return a regular expression for a pattern without stars; its "?" does not match a star of another pattern."""
    return re.compile(re.escape(pattern).replace(r"\?", "[^*]"), re.DOTALL)


def _stars_last(pattern: str) -> str:
    """Return an equivalent pattern in which every run of wildcards is some "?" and then at most one "*"."""
    return re.sub(r"[*?]+", lambda run: "?" * run[0].count("?") + "*" * ("*" in run[0]), pattern)


def without_variables(resource: str) -> str:
    """Return the pattern of a resource with "*" for each policy variable, whatever the Version of its document.

    The escapes ${*}, ${?} and ${$} mean the character itself; it is replaced by one that no ARN contains.
    """
    return re.sub(r"\$\{([^}]*)\}", lambda found: "\0" if found[1] in ("*", "?", "$") else "*", resource)
