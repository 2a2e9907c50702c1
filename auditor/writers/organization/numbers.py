"""Short forms of numbers for the front page and the table."""


def compact(count: int) -> str:
    """Return a count in few characters, rounded down; the front page's script does the same."""
    thousand, million = 1_000, 1_000_000
    if count < 10 * thousand:
        return f"{count:,}"
    return f"{count // thousand}k" if count < million else f"{count // (million // 10) / 10:.1f}M"


def share(part: int, whole: int) -> str:
    """Return a share in per cent; a share above zero is never shown as 0."""
    per_cent = 100 * part / whole if whole else 0
    return "<1" if 0 < per_cent < 1 else f"{per_cent:.0f}"
