"""Patterns of actions and resources, in which "*" stands for any text and "?" for one character."""

import re
from functools import lru_cache


def everything(pattern: str) -> bool:
    """Return whether a pattern consists of stars only, so that it matches everything."""
    return not pattern.strip("*")


def every_action(pattern: str) -> bool:
    """Return whether a pattern of actions matches those of all services: "*", or "*:*", which means the same."""
    return pattern.strip("*") in ("", ":")


@lru_cache(maxsize=1024)  # an account's policies repeat the same patterns
def overlap(one: str, other: str, *, ignore_case: bool = True) -> bool:
    """Return whether something matches both patterns, in which "*" stands for any text and "?" for one character.

    Actions ignore case, resources do not.
    """
    if ignore_case:
        one, other = one.lower(), other.lower()
    seen, todo = set(), [(0, 0)]
    while todo:
        state = i, j = todo.pop()
        if state in seen:
            continue
        seen.add(state)
        left, right = one[i : i + 1], other[j : j + 1]
        if not left and not right:
            return True
        if left == "*":
            todo += [(i + 1, j), (i, j + 1)] if right not in ("", "*") else [(i + 1, j)]
        if right == "*":
            todo += [(i, j + 1), (i + 1, j)] if left not in ("", "*") else [(i, j + 1)]
        elif left and right and left != "*" and (left == right or "?" in (left, right)):
            todo.append((i + 1, j + 1))
    return False


def covers(wide: str, narrow: str, *, ignore_case: bool = True) -> bool:
    """Return whether a pattern matches everything that another one matches.

    True is certain. False may be wrong where a "?" of `wide` would have to match in a "*" of `narrow` and what stands
    beside it: "??*" matches everything that "*ab" does.
    """
    if ignore_case:
        wide, narrow = wide.lower(), narrow.lower()
    wide, narrow = _questions_first(wide), _questions_first(narrow)
    i, j, star, resume = 0, 0, -1, 0  # the last "*" of `wide`, and where in `narrow` it ends for now
    while j < len(narrow):
        if i < len(wide) and wide[i] == "*":
            star, resume, i = i, j, i + 1
        elif i < len(wide) and narrow[j] != "*" and wide[i] in ("?", narrow[j]):
            i, j = i + 1, j + 1
        elif star >= 0:
            resume += 1
            i, j = star + 1, resume
        else:
            return False
    return everything(wide[i:])


def _questions_first(pattern: str) -> str:
    """Return an equal pattern in which every run of wildcards is some "?" and then at most one "*"."""
    return re.sub(r"[*?]+", lambda run: "?" * run[0].count("?") + "*" * ("*" in run[0]), pattern)


def without_variables(resource: str) -> str:
    """Return the pattern of a resource with "*" for each policy variable, whatever the Version of its document.

    The escapes ${*}, ${?} and ${$} stand for the character itself; here it is replaced by one that no ARN has.
    """
    return re.sub(r"\$\{([^}]*)\}", lambda found: "\0" if found[1] in ("*", "?", "$") else "*", resource)
