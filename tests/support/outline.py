"""What a screen reader shows of a page in HTML to somebody who skips through it: its landmarks and its headings."""

import re
from collections import Counter
from itertools import pairwise


def shared_names(page: str) -> list[str]:
    """Return the names that several landmarks of a page have, so that nobody can tell one from the other."""
    tags = re.findall(r'<(?:section|nav)\b[^>]*>|<\w+[^>]* role="(?:region|search)"[^>]*>', page)
    names = Counter(name for tag in tags for name in re.findall(r'aria-label(?:ledby)?="([^"]+)"', tag))
    return [name for name, count in names.items() if count > 1]


def skipped_levels(page: str) -> list[tuple[int, int]]:
    """Return the pairs of headings, one after the other, of which the second is more than one level deeper."""
    levels = [int(level) for level in re.findall(r"<h([1-6])\b", page)]
    return [(before, after) for before, after in pairwise(levels) if after > before + 1]
