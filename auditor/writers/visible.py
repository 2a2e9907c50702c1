"""Making text from the account safe to show: characters that control terminals or deceive readers are spelt out."""

from collections.abc import Iterator
from unicodedata import category

MOST_MARKS = 4
"""Combining marks allowed on one character; more, which no language needs, would cover the lines around it."""

# Invisible characters for which str.isprintable() is true: Unicode's Default_Ignorable_Code_Point (fillers,
# variation selectors, which can carry hidden texts), and the blank pattern of Braille.
# https://www.unicode.org/Public/UCD/latest/ucd/DerivedCoreProperties.txt
_UNSEEN = frozenset(
    "\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u2800\u3164\uffa0"
    + "".join(map(chr, (*range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0))))
)


def visible(text: str) -> str:
    r"""Return the text with invisible and control characters spelt out, as in \u202e."""
    if is_plain(text):
        return text
    return "".join(spelt(character) if hidden else character for character, hidden in marked_hidden(text))


def is_plain(text: str) -> bool:
    """Return whether nothing in the text needs to be spelt out; this fast check is true for most texts."""
    return text.isascii() and text.isprintable()


def marked_hidden(text: str) -> Iterator[tuple[str, bool]]:
    """Yield each character, and whether it must be spelt out.

    These are control, bidirectional, invisible and unassigned characters, surrogates, and too many combining marks.
    """
    marks = 0
    for character in text:
        marks = marks + 1 if category(character).startswith("M") else 0
        seen = character.isprintable() and character not in _UNSEEN
        yield character, not seen or marks > MOST_MARKS


def spelt(character: str) -> str:
    r"""Return the escape of a character: \x1b, \u202e or \u{e0041}."""
    code = f"{ord(character):x}"
    if len(code) <= len("ff"):
        return f"\\x{code.zfill(2)}"
    return f"\\u{code.zfill(4)}" if len(code) <= len("ffff") else f"\\u{{{code}}}"
