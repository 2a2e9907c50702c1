"""Globs: matching a text against a pattern in which "*" stands for any text and "?" for one character."""

from auditor.policies.patterns import overlap


def is_wild(text: str) -> bool:
    """Return whether a text contains a wildcard."""
    return "*" in text or "?" in text


def is_everything(pattern: str) -> bool:
    """Return whether a pattern consists only of stars, at least one."""
    return bool(pattern) and not pattern.strip("*")


def fits(pattern: str, text: str) -> bool:
    """Return whether the whole text matches the pattern; case matters."""
    if "?" in pattern:
        return overlap(pattern, text, ignore_case=False)
    if "*" not in pattern:
        return pattern == text
    first, *others, last = pattern.split("*")
    end = len(text) - len(last)
    if not (text.startswith(first) and text.endswith(last)):
        return False
    at = len(first)
    for part in others:
        found = text.find(part, at, end)
        if found < 0:
            return False
        at = found + len(part)
    return at <= end
